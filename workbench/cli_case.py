"""Grammar of the evidence verbs: case, snapshot, annotate, comment, clock, key, report, seal, verify, challenge.

Each function adds one verb to the parser of `cli_request`; what the verbs do is in `cli_evidence`. Every verb that
writes into a case takes ``--who``, the name its custody entry carries; without it, the case's examiner.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench import cli_place
from workbench.core.errors import RequestError

Maker = Callable[..., argparse.ArgumentParser]
"""`cli_request._verb`: (subparsers, name, text, epilog) → the verb's parser, with ``--json``."""

IDENTITY = {
    "title": "a title for the matter",
    "role": "the examiner's role",
    "organisation": "the examiner's organisation",
    "requester": "who asked for the examination",
    "authority": "legal basis of the request",
    "purpose": "what it is for",
    "question": "what it is to answer",
    "scope": "what is examined",
    "not-examined": "what is left out",
    "reviewer": "second person who reviews",
    "deviations": "deviations from procedure",
}
PASSWORD = "WORKBENCH_KEY_PASSWORD"
SIGNING = f"""\
--sign takes a PKCS#12 file (.p12, .pfx) or a PEM file with key and certificate; its password comes from
{PASSWORD} or is asked for. `workbench key` makes a self-signed one. --tsa asks an RFC 3161 authority for
a time stamp; --tsa-ca names the file with its CA's certificate, in the same order.
"""


def add_verbs(verbs: Any, maker: Maker) -> None:
    """Add every evidence verb to the command's subparsers."""
    _case(verbs, maker)
    _snapshot(verbs, maker)
    _annotate(verbs, maker)
    _comment(verbs, maker)
    _clock(verbs, maker)
    _key(verbs, maker)
    _report(verbs, maker)
    _seal(verbs, maker)
    _verify(verbs, maker)
    _challenge(verbs, maker)


def mark(kind: str) -> Callable[[str], dict[str, Any]]:
    """Reader of one mark: ``x,y,x,y[;#rrggbb]`` for arrow and box, ``x,y;words`` for text."""

    def read(text: str) -> dict[str, Any]:
        place, _, more = text.partition(";")
        numbers = _numbers(place, 2 if kind == "text" else 4, f"--{kind}")
        if kind == "text":
            return {"kind": "text", "at": numbers, "text": more}
        made: dict[str, Any] = {"kind": kind, "from": numbers[:2], "to": numbers[2:]}
        return {**made, "color": more} if more else made

    return read


def _numbers(text: str, count: int, field: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise RequestError(field, f"{text!r} is not {count} numbers", "Coordinates run from 0 to 1, origin top left.")
    return numbers


def _folder(parser: argparse.ArgumentParser, *, who: bool = True) -> None:
    parser.add_argument("case", type=Path, metavar="CASE", help="folder of the case")
    if who:
        parser.add_argument("--who", metavar="NAME", help="who does it; else the case's examiner")


def _case(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "case", "make a case, look at it, and add footage to it")
    parts = parser.add_subparsers(dest="case_verb", metavar="new|show|log|check|source|amend", required=True)
    new = maker(parts, "new", "make a case: a folder with a custody log")
    new.add_argument("case", type=Path, metavar="CASE", help="a folder that does not exist yet")
    new.add_argument("--number", required=True, help="case number")
    new.add_argument("--examiner", required=True, metavar="NAME", help="who examines")
    amend = maker(parts, "amend", "state something about the case anew; what was stated stays in the log")
    _folder(amend)
    amend.add_argument("--number", help="case number")
    amend.add_argument("--examiner", metavar="NAME", help="who examines")
    for name, text in IDENTITY.items():
        new.add_argument(f"--{name}", metavar="TEXT", help=text)
        amend.add_argument(f"--{name}", metavar="TEXT", help=text)
    _folder(maker(parts, "show", "what the case holds"), who=False)
    _folder(maker(parts, "log", "the custody log, an entry a line"), who=False)
    _folder(maker(parts, "check", "is the log whole, and every file as it says? exit code 1 if not"), who=False)
    source = maker(parts, "source", "hash and describe a camera's recordings, and put them on record")
    _folder(source)
    cli_place.add(source)
    source.add_argument("source", metavar="SOURCE", help="id of a camera, see `sources`")
    source.add_argument("--exhibit", default="", metavar="REF", help="exhibit reference")


def _snapshot(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "snapshot", "put one exact frame into a case, as lossless PNG")
    _folder(parser)
    cli_place.add(parser)
    parser.add_argument("source", metavar="SOURCE", help="id of a camera")
    parser.add_argument("at", metavar="TIME", help="the frame shown at this time")
    parser.add_argument("--export", default="", metavar="ID", help="export whose masks and crop are applied, e.g. E1")
    parser.add_argument("--caption", default="", metavar="TEXT", help="what it shows")
    parser.add_argument("--unmasked", default="", metavar="REASON", help="leave masks and crop out, for this reason")
    parser.add_argument("--context", action="store_true", help="the export's masks, but the whole frame")


def _annotate(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "annotate", "draw marks on a copy of a snapshot")
    _folder(parser)
    parser.add_argument("snapshot", metavar="SNAPSHOT", help="id of the snapshot, e.g. S1")
    for kind in ("arrow", "box"):
        parser.add_argument(f"--{kind}", dest="marks", type=mark(kind), action="append", metavar="x,y,x,y[;#rrggbb]")
    parser.add_argument("--text", dest="marks", type=mark("text"), action="append", metavar="x,y;WORDS")


def _comment(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "comment", "write a comment; comments are corrected by new ones, never changed")
    _folder(parser)
    parser.add_argument("text", metavar="TEXT", help="the comment; - reads it from standard input")
    parser.add_argument("--on", default="", metavar="ID", help="snapshot, export or source it is about")
    parser.add_argument("--replaces", default="", metavar="ID", help="comment that it corrects, e.g. C1")


def _clock(verbs: Any, maker: Maker) -> None:
    text = "the offset is reference − device: what must be added to the recorder's time to get true time\n"
    parser = maker(verbs, "clock", "put a clock check of a recorder on record", text)
    _folder(parser)
    parser.add_argument("source", metavar="SOURCE", help="id of a camera of the case")
    parser.add_argument("--device", required=True, metavar="TIME", help="what the recorder's clock showed, with zone")
    parser.add_argument("--reference", required=True, metavar="TIME", help="what the reference showed, with zone")
    parser.add_argument("--what", required=True, metavar="TEXT", help="what the reference was: GPS, NTP server, …")
    parser.add_argument("--uncertainty", required=True, type=_seconds, metavar="SECONDS", help="± of the comparison")
    parser.add_argument("--by", default="", metavar="NAME", help="who compared")
    parser.add_argument("--photo", type=Path, metavar="FILE", help="photograph of both clocks")
    parser.add_argument("--note", default="", metavar="TEXT", help="anything else")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise RequestError("--uncertainty", f"{text!r} is not a number of seconds", "Write 0.5.")
    return value


def _key(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "key", "make a self-signed key, kept in a PKCS#12 file", SIGNING)
    parser.add_argument("file", type=Path, metavar="FILE.p12", help="a name that does not exist yet")
    parser.add_argument("--name", required=True, help="whose key it is; the certificate says that it is self-signed")


def _signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sign", type=Path, metavar="KEY", help="key and certificate (PKCS#12 or PEM)")
    parser.add_argument("--tsa", action="append", default=[], metavar="URL", help="time-stamp authority; repeatable")
    parser.add_argument(
        "--tsa-ca", action="append", default=[], type=Path, metavar="FILE", help="CA certificate of each --tsa"
    )


def _report(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "report", "build the PDF report of a case (PDF/A-3b)", SIGNING)
    _folder(parser)
    parser.add_argument("--final", action="store_true", help="no DRAFT across the pages; the case must check out")
    parser.add_argument("--paper", choices=("A4", "Letter"), default="A4")
    parser.add_argument("--landscape", action="store_true", help="pages across")
    parser.add_argument("--per-page", type=int, choices=(1, 2, 4), default=1, help="snapshots a page (default 1)")
    _signing(parser)


def _seal(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "seal", "seal a case into a package that anyone can check", SIGNING)
    _folder(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the package")
    parser.add_argument("--zip", action="store_true", help="one zip file in place of a folder")
    _signing(parser)


def _verify(verbs: Any, maker: Maker) -> None:
    text = "exit codes: 0 nothing failed, 1 something failed or nothing could be checked\n"
    parser = maker(verbs, "verify", "check a package, and with the recordings at hand its claims", text)
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="folder or zip")
    parser.add_argument(
        "--sources", type=Path, metavar="DIR", help="folder of the recordings: claims are performed again"
    )
    parser.add_argument("--signer", default="", metavar="FINGERPRINT", help="SHA-256 of the certificate you expect")
    parser.add_argument("--seal", default="", metavar="SHA256", help="SHA-256 of tagmanifest-sha256.txt you were told")
    parser.add_argument("--case", type=Path, metavar="CASE", help="put the outcome into this case's log")
    parser.add_argument("--all", action="store_true", help="list what is ok too")


def _challenge(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "challenge", "tamper with copies of a package in every known way, and see what is caught")
    parser.add_argument("package", type=Path, metavar="PACKAGE", help="folder or zip; it is only read")
