"""The `workbench` command: the library's verbs for scripts and servers.

    workbench export ARCHIVE SOURCE BEGIN END --format mp4 --out DIR [--json]

Rules: the result goes to stdout and everything else to stderr; with ``--json`` stdout holds exactly one JSON
document, for errors too; a progress bar is drawn only where stderr is a terminal. Exit codes are those of the
error family: 0 done, 1 findings, 2 bad request, 3 source, 4 nothing recorded, 5 failed, 130 cancelled. Grammar in
`cli_request` and `cli_case`, printing in `cli_show` and `cli_evidence_show`; the verbs of evidence are in
`cli_evidence`, that which opens the page in `cli_lab`; what does the work is imported when a verb needs it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workbench import __version__, cli_evidence, cli_lab, cli_place, cli_remote, cli_remote_show
from workbench import cli_show as show
from workbench.cli_answer import Answer, Document
from workbench.cli_request import build_parser, spec_from
from workbench.core.errors import Cancelled, NameTaken, RequestError, WorkbenchError, WorkError
from workbench.core.geometry import Area
from workbench.core.spec import Mask, area_from_json
from workbench.core.timebase import compact, parse_time, shown

if TYPE_CHECKING:
    from workbench.archives.base import Frame


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    flags = words[: words.index("--")] if "--" in words else words
    as_json, stdout = "--json" in flags, sys.stdout
    try:
        with _interruptible():
            args = build_parser().parse_args(words)
            # a library that prints must not spoil the one document
            with contextlib.redirect_stdout(sys.stderr):
                answer = _verb(args)(args)
                text = _dumped(answer.document) if as_json else "\n".join(answer.lines)
    except WorkbenchError as exc:
        return _failed(exc, as_json, stdout)
    except KeyboardInterrupt:
        return _failed(Cancelled("interrupted"), as_json, stdout)
    except OSError as exc:
        where = f"{exc.filename}: " if exc.filename else ""
        return _failed(WorkError(f"{where}{exc.strerror or exc}", _debug_hint()), as_json, stdout)
    except Exception as exc:  # noqa: BLE001 - a bug must not spoil the one document
        what = f"internal error: {type(exc).__name__}: {exc}"
        return _failed(WorkError(what, _debug_hint()), as_json, stdout)
    finally:
        cli_place.close_all()
    return _written(stdout, text, answer.code)


def _verb(args: argparse.Namespace) -> Callable[[argparse.Namespace], Answer]:
    if args.version:
        return _version
    if args.verb is None:
        raise RequestError("", "no verb was given", f"Known: {', '.join(VERBS)}. See workbench --help.")
    return VERBS[args.verb]


def _version(_: argparse.Namespace) -> Answer:
    return Answer({"version": __version__}, iter([f"workbench {__version__}"]))


def _sources(args: argparse.Namespace) -> Answer:
    document = {"sources": [source.to_json() for source in cli_place.opened(args).sources()]}
    return Answer(document, show.sources(document))


def _coverage(args: argparse.Namespace) -> Answer:
    begin = None if args.begin is None else parse_time(args.begin, "begin")
    end = None if args.end is None else parse_time(args.end, "end")
    asked = None if begin is None and end is None else (begin, end)
    document = cli_place.opened(args).coverage(args.source, asked).to_json()
    return Answer(document, show.coverage(document))


def _plan(args: argparse.Namespace) -> Answer:
    spec = spec_from(args)
    from workbench.export import plan_export

    document = plan_export(spec, cli_place.opened(args)).to_json()
    return Answer(document, show.plan(document, args.all))


def _export(args: argparse.Namespace) -> Answer:
    spec = spec_from(args)
    from workbench.export import plan_export, run_export

    if (args.out is None) == (args.case is None):
        raise RequestError("--out", "name a folder with --out, or a case with --case", "One of the two, not both.")
    archive, bar = cli_place.opened(args), show.Bar(sys.stderr)
    if args.case is not None:
        return cli_evidence.export_into(args, spec, archive, bar)
    _note_inside(args)
    try:
        plan = plan_export(spec, archive)
        document = run_export(plan, archive, args.out, on_progress=bar).to_json()
    finally:
        bar.clear()
    return Answer(document, chain(show.export(document), cli_remote_show.remote(document.get("remote"))))


def _frame(args: argparse.Namespace) -> Answer:
    path: Path = args.out
    suffix = path.suffix.lower()
    if suffix not in (".png", ".jpg", ".jpeg"):
        raise RequestError("--out", f"{path.name!r} is no picture's name", "End it in .png, .jpg or .jpeg.")
    at, (masks, crop) = parse_time(args.at, "time"), _picture(args)
    _free(path)
    _note_inside(args)
    frame = cli_place.opened(args).frame(args.source, at, masks=masks, crop=crop)
    document = save(frame, path, frame.png() if suffix == ".png" else frame.jpeg())
    return Answer(document, show.picture(document))


def _thumbnails(args: argparse.Namespace) -> Answer:
    begin, end = parse_time(args.begin, "begin"), parse_time(args.end, "end")
    if args.n < 1:
        raise RequestError("-n", f"{args.n} pictures cannot be made", "Ask for one or more.")
    masks, crop = _picture(args)
    _note_inside(args)
    frames = cli_place.opened(args).thumbnails(args.source, begin, end, args.n, masks=masks, crop=crop)
    named = {_thumbnail_name(args.source, frame): frame for frame in frames}
    for name in named:
        _free(args.out / name)
    pictures = [save(frame, args.out / name, frame.jpeg()) for name, frame in named.items()]
    document = {"thumbnails": pictures}
    return Answer(document, show.thumbnails(document))


def _demo(args: argparse.Namespace) -> Answer:
    from workbench import demo

    document: Document = demo.run(args.out, _tell if args.json else _say)
    return Answer(document, iter(()))


VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "sources": _sources,
    "coverage": _coverage,
    "plan": _plan,
    "export": _export,
    "frame": _frame,
    "thumbnails": _thumbnails,
    "demo": _demo,
    **cli_evidence.VERBS,
    **cli_remote.VERBS,
    **cli_lab.VERBS,
}


def _picture(args: argparse.Namespace) -> tuple[tuple[Mask, ...], Area | None]:
    masks = tuple(Mask.from_json(mask) for mask in args.masks or ())
    return masks, None if args.crop is None else area_from_json(args.crop, "crop")


def _thumbnail_name(source: str, frame: Frame) -> str:
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", source)
    return f"{name}[{compact(frame.instant) if frame.dated else shown(frame.instant, False)}].jpg"


def _free(path: Path) -> None:
    if os.path.lexists(path):
        raise NameTaken(f"{path} exists already", "Nothing is overwritten; choose another name.")


def save(frame: Frame, path: Path, data: bytes) -> Document:
    """Write a picture under its final name only when it is complete on disk; never over another file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _publish(part, path)
    finally:
        part.unlink(missing_ok=True)
    return {
        "path": str(path),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "instant": shown(frame.instant, frame.dated),
        "file": frame.file,
        "pts": frame.pts,
        "time_base": str(frame.time_base),
    }


def _publish(part: Path, path: Path) -> None:
    try:
        os.link(part, path)  # unlike rename, it fails where the name is taken
    except FileExistsError as exc:
        raise NameTaken(f"{path} exists already", "Nothing is overwritten; choose another name.") from exc
    except OSError:
        _free(path)  # a file system without hard links
        part.rename(path)


def _note_inside(args: argparse.Namespace) -> None:
    if cli_place.is_remote(args):
        return
    out, folder = args.out.resolve(), args.archive_place.resolve()
    if out == folder or folder in out.parents:
        _tell(f"note: {args.out} lies inside the archive; what is written there will be taken for footage")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the work as Ctrl-C does: child and part files go first."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    changed: list[int] = []
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, interrupt)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _failed(error: WorkbenchError, as_json: bool, stdout: TextIO) -> int:
    if os.environ.get("WORKBENCH_DEBUG"):
        traceback.print_exc()
    if as_json:
        return _written(stdout, _dumped({"error": error.to_json()}), error.exit_code)
    _tell(f"workbench: {show.plain(error.message)}")
    if error.advice:
        _tell(f"  {show.plain(error.advice)}")
    return error.exit_code


def _debug_hint() -> str:
    return "Set WORKBENCH_DEBUG=1 to see where."


def _dumped(document: Document) -> str:
    # pure ASCII: whatever a file is called, the document is valid in every locale
    return json.dumps(document, indent=2)


def _tell(line: str) -> None:
    _written(sys.stderr, line, 0)


def _say(line: str) -> None:
    _written(sys.stdout, line, 0)


def _written(stream: TextIO, text: str, code: int) -> int:
    """Print `text`; quiet where the reader has gone, exit code 5 where it cannot be written."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        stream.write(text + "\n" if text else "")
        stream.flush()
    except BrokenPipeError:
        _hush(stream)
    except OSError as exc:
        _hush(stream)
        if stream is not sys.stderr:
            _tell(f"workbench: the result cannot be printed: {exc.strerror or exc}")
        return code or WorkError.exit_code
    return code


def _hush(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that closing it at the end is quiet too."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())
