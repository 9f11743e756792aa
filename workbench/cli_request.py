"""The command line's grammar, and how its flags become an `ExportSpec`.

Rules: a wrong word is a RequestError (exit 2, JSON under ``--json``) like any other wrong request; flags win
over ``--spec``, except that ``--mask`` adds to the masks of the file: a mask must never vanish by accident.

>>> mask("0.1,0.1 0.4,0.1 0.4,0.5;style=blur;reason=bystander")["style"]
'blur'
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from workbench import cli_case, cli_lab, cli_place, cli_remote
from workbench.core.errors import RequestError
from workbench.core.spec import FRAME_FORMATS, ExportSpec

TIMES = """\
times (BEGIN, END, TIME):
  2026-03-01T10:00:00+01:00    ISO 8601 with its zone
  20260301T100000[.ffffff]     the VMS's form, UTC
  +12.5                        seconds from the source's first frame
"""
MASKS = """\
masks: --mask "x,y x,y x,y[;OPTION…]", repeatable; corners from 0,0 (top left) to 1,1 of the shown picture
  ;begin=TIME ;end=TIME        cover only this stretch
  ;style=fill|pixelate|blur    fill (default) cannot be undone, the others may be recoverable
  ;inverted                    cover everything outside the polygon
  ;reason=TEXT                 why, for the record; the last option, it may hold any character
  --mask adds to the masks of --spec; every other flag replaces what --spec says
  a mask that moves is said in JSON, among the masks of --spec or of a batch:
    {"keys": [{"at": TIME, "points": [[x, y], ...], "pts": PTS}, ...], "style": ..., "reason": ...}
    corner by corner, one key becomes the next in a straight line; "pts", the frame it was drawn on, may be left out
"""
SPEC_KEYS = (
    "source", "begin", "end", "archive", "format", "video_quality", "audio_quality", "rate_divisor",
    "size_limit", "stamp_format", "crop", "text_color", "comment", "snapshot_area", "comment_area",
    "stamp_area", "layout", "cut", "burn", "text_zone", "audio", "gaps",
)  # fmt: skip
"""Every field of a spec that a flag replaces; the parser stores each under this name."""
MOST_DIGITS = 19
MOST_SPEC = 256 * 1024 * 1024
"""Characters of a --spec file: room for a million corners, an end to what never ends."""


class Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are ours and whose flags may stand between positional words."""

    _inside = False

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and leaving."""
        raise RequestError("", message, f"See {self.prog} --help.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but positional words that may be left out can stand behind flags too."""
        if self._inside or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


def build_parser() -> Parser:
    """The whole grammar of the `workbench` command."""
    parser = Parser(
        prog="workbench",
        description="Exact, provable exports from recordings.",
        epilog="exit codes: 0 done, 1 findings that failed, 2 bad request, 3 source missing or unreadable, "
        "4 nothing recorded there, 5 failed while working, 130 cancelled",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON document on stdout")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    _archive_verb(verbs, "sources", "list the cameras of an archive")
    coverage = _archive_verb(verbs, "coverage", "what is recorded of a camera, and what is missing", "SOURCE")
    _times(coverage, optional=True)
    for verb, text in (("plan", "say how an export would be made, and why"), ("export", "make an export")):
        export = _archive_verb(verbs, verb, text, "[SOURCE]")
        _times(export, optional=True)
        _export_flags(export)
        if verb == "export":
            _out(export, "DIR", "folder for the finished files", required=False)
            export.add_argument("--case", type=Path, metavar="CASE", help="put it into this case, on record")
            export.add_argument("--exhibit", default="", metavar="REF", help="with --case: its exhibit reference")
            export.add_argument("--who", metavar="NAME", help="with --case: who does it")
        else:
            export.add_argument("--all", action="store_true", help="list the exact fields too")
    frame = _archive_verb(verbs, "frame", "one exact frame as a picture", "SOURCE")
    frame.add_argument("at", metavar="TIME", help="the frame shown at this time")
    _out(frame, "FILE", "a name ending in .png, .jpg or .jpeg that does not exist yet")
    _picture_flags(frame)
    thumbnails = _archive_verb(verbs, "thumbnails", "small pictures spread over a range", "SOURCE")
    _times(thumbnails, optional=False)
    thumbnails.add_argument("-n", type=int, default=12, metavar="N", help="how many (default 12)")
    _out(thumbnails, "DIR", "folder for the pictures")
    _picture_flags(thumbnails)
    cli_case.add_verbs(verbs, _verb)
    cli_remote.add_verbs(verbs, _verb)
    cli_lab.add_verbs(verbs, _verb)
    demo = _verb(verbs, "demo", "show the whole way on the recordings that come along")
    demo.add_argument("--out", type=Path, metavar="DIR", help="folder for what it makes")
    return parser


def spec_from(args: argparse.Namespace) -> ExportSpec:
    """The spec that ``--spec`` and the flags make together."""
    data = {} if args.spec is None else _read_spec(args.spec)
    flags = {key: getattr(args, key) for key in SPEC_KEYS if getattr(args, key) is not None}
    if flags.get("format", data.get("format")) in FRAME_FORMATS and args.begin is not None:
        flags.setdefault("end", args.begin)
    masks = data.get("masks") or []
    if args.masks and isinstance(masks, list):
        flags["masks"] = [*masks, *args.masks]
    return ExportSpec.from_json({**data, **flags})


def mask(text: str) -> dict[str, Any]:
    """A mask in JSON from ``x,y x,y x,y[;OPTION…]`` (see `MASKS`)."""
    corners, *options = text.split(";")
    made: dict[str, Any] = {"points": [_numbers(corner, 2, "--mask") for corner in corners.split()]}
    for i, option in enumerate(options):
        key, sign, value = option.strip().partition("=")
        if key == "reason" and sign:
            made["reason"] = ";".join([value, *options[i + 1 :]])
            break
        if key in ("begin", "end", "style") and sign:
            made[key] = value.strip()
        elif key == "inverted" and not sign:
            made["inverted"] = True
        elif option.strip():
            advice = "Known: begin=TIME, end=TIME, style=fill|pixelate|blur, inverted, reason=TEXT."
            raise RequestError("--mask", f"{option.strip()!r} is no option of a mask", advice)
    return made


def whole_bytes(text: str) -> int:
    """A count of bytes; ``1e6`` and ``1000000.0`` are as good as ``1000000``."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    sane = value.is_finite() and value >= 0 and value.adjusted() < MOST_DIGITS
    if not sane or value != value.to_integral_value():
        raise RequestError("--maxfilesize", f"{text!r} is not a whole number of bytes", "Write 1000000.")
    return int(value)


def corners(text: str) -> list[list[float]]:
    """An area in JSON from ``x0,y0,x1,y1``."""
    x0, y0, x1, y1 = _numbers(text, 4, "area")
    return [[x0, y0], [x1, y1]]


def _numbers(text: str, count: int, field: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        form = ",".join(("x", "y") if count == 2 else ("x0", "y0", "x1", "y1"))
        raise RequestError(field, f"{text!r} is not {form}", "Coordinates run from 0 to 1, origin top left.")
    return numbers


def _layout(text: str) -> str:
    return {"0": "portrait", "1": "landscape"}.get(text, text)


def _divisor(text: str) -> int:
    if text not in ("0", "1", "2", "3"):
        raise RequestError("--freq", f"{text!r} is none of 0, 1, 2, 3", "0 keeps all frames, 3 one of eight.")
    return int(2 ** int(text))


def _read_spec(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(MOST_SPEC + 1)
        if len(text) > MOST_SPEC:
            raise RequestError("--spec", f"{path} has more than {MOST_SPEC} characters")
        data = json.loads(text, object_pairs_hook=_once)
    except OSError as exc:
        raise RequestError("--spec", f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise RequestError("--spec", f"{path} is not JSON: {exc}") from exc
    if not isinstance(data, dict):
        raise RequestError("--spec", f"{path} is not a JSON object")
    return data


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _verb(verbs: Any, name: str, text: str, epilog: str = "") -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--json", action="store_true", help="print exactly one JSON document on stdout")
    return made


def _archive_verb(verbs: Any, name: str, text: str, source: str = "") -> argparse.ArgumentParser:
    masked = name in ("plan", "export", "frame", "thumbnails")
    epilog = (TIMES if source else "") + ("\n" + MASKS if masked else "") + "\n" + cli_place.URLS
    made = _verb(verbs, name, text, epilog)
    cli_place.add(made, derives=name in ("plan", "export"))
    if source:
        optional = {"nargs": "?"} if source.startswith("[") else {}
        made.add_argument("source", metavar="SOURCE", help="id of a camera, see `sources`", **optional)  # type: ignore[arg-type]
    return made


def _times(parser: argparse.ArgumentParser, *, optional: bool) -> None:
    for name, text in (("begin", "first instant wanted"), ("end", "first instant no longer wanted")):
        parser.add_argument(name, metavar=name.upper(), nargs="?" if optional else None, help=text)


def _out(parser: argparse.ArgumentParser, metavar: str, text: str, *, required: bool = True) -> None:
    parser.add_argument("--out", type=Path, required=required, metavar=metavar, help=text)


def _picture_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--crop", type=corners, metavar="x0,y0,x1,y1", help="part of the shown picture to keep")
    add("--mask", dest="masks", type=mask, action="append", metavar="POLYGON", help="what must not be seen")


def _export_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--spec", type=Path, metavar="FILE.json", help="a request as JSON; flags win over it")
    add("--format", choices=("mp4", "mkv", "avi", "jpg", "pdf", "exe"), help="needed here or in --spec")
    add("--storage", dest="archive", metavar="NAME", help="which archive of the camera, where it has several")
    add("--vc", dest="video_quality", type=int, metavar="0-6", help="0 best, copies where it can; 6 smallest")
    add("--ac", dest="audio_quality", type=int, metavar="0-6", help="the same for sound")
    add("--freq", dest="rate_divisor", type=_divisor, metavar="0-3", help="every frame, 2nd, 4th or 8th")
    add("--maxfilesize", dest="size_limit", type=whole_bytes, metavar="BYTES", help="most bytes of a file")
    _picture_flags(parser)
    add("--comment", help="text that goes with the pictures")
    add("--tsformat", dest="stamp_format", metavar="TEMPLATE", help="time stamp: '%%Y-%%b-%%d %%H:%%M:%%S'")
    add("--zone", dest="text_zone", metavar="ZONE", help="zone of the time stamp, such as Europe/Berlin")
    add("--color", dest="text_color", metavar="#RRGGBB", help="colour of comment and stamp")
    add("--burn", action=argparse.BooleanOptionalAction, default=None, help="draw text into the picture")
    add("--cut", choices=("exact", "keyframe"), help="exact (default), or copy from the key frame before")
    add("--gaps", choices=("keep", "collapse"), help="keep wall-clock spacing (default), or join")
    add("--audio", choices=("keep", "drop"), help="keep (default) or drop sound")
    add("--layout", type=_layout, metavar="portrait|landscape", help="pdf: the page's orientation")
    places = (("snapshotplace", "snapshot_area"), ("commentplace", "comment_area"), ("tsplace", "stamp_area"))
    for flag, key in places:
        add(f"--{flag}", dest=key, type=corners, metavar="x0,y0,x1,y1", help="pdf: where it goes on the page")
