"""What the command line prints for people: tables and sentences from the documents that ``--json`` prints.

Rules: every function takes the JSON document and yields lines; nothing is computed here that is not in the
document; control characters in text that came from files are escaped, so that no file name drives a terminal.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from workbench.core.result import Progress

Document = dict[str, Any]


def plain(value: Any) -> str:
    """Text that is safe on a terminal: control and direction characters become visible escapes."""
    text = "-" if value is None else str(value)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Aligned columns under their heads; numbers to the right."""
    body = [[plain(cell) for cell in row] for row in rows]
    right = [bool(body) and all(row[i].lstrip("-").isdigit() for row in body) for i in range(len(head))]
    widths = [max(len(line[i]) for line in [list(head), *body]) for i in range(len(head))]
    for line in [list(head), *body]:
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
        yield "  ".join(cells).rstrip()


def sources(document: Document) -> Iterator[str]:
    """The cameras of an archive."""
    if not document["sources"]:
        yield "no recordings"
        return
    rows = [
        (s["id"], s["name"], len(s["files"]) or "-", s["first"], s["last"], s["dated_by"], _zone(s))
        for s in document["sources"]
    ]
    yield from table(("SOURCE", "NAME", "FILES", "FIRST FRAME", "LAST FRAME", "DATED BY", "ZONE"), rows)
    for source in document["sources"]:
        yield from (f"{plain(source['id'])}: {plain(note)}" for note in source["notes"])


def coverage(document: Document) -> Iterator[str]:
    """What is recorded and what is missing."""
    yield f"{plain(document['source'])}  {document['begin']} … {document['end']}"
    rows = [(i["begin"], i["end"], i["file"]) for i in document["intervals"]]
    yield from table(("RECORDED FROM", "TO", "FILE"), rows)
    yield from _gaps(document["gaps"])
    for overlap in document["overlaps"]:
        files = " and ".join(plain(file) for file in overlap["files"])
        yield f"overlap: {overlap['begin']} … {overlap['end']}: {files} (says: {plain(overlap['witness'])})"
    yield from (f"note: {plain(note)}" for note in document["notes"])


def plan(document: Document, every_field: bool = False) -> Iterator[str]:
    """How an export would be made, and why."""
    yield f"{plain(document['spec']['source'])}  {document['begin']} … {document['end']}"
    if document["segments"]:
        yield from _segments(document)
    else:
        yield "segments: not known; the API does not tell what a VMS copies and what it codes anew"
    yield f"sound: {plain(document['audio'])}"
    fields = [f for f in document["fields"] if every_field or f["how"] != "exact"]
    if fields:
        yield from table(("FIELD", "HOW", "NOTE"), [(f["field"], f["how"], f["note"]) for f in fields])
    else:
        yield "every field of the request is met exactly"
    yield from _gaps(document["gaps"])
    yield from _warnings(document)


def _segments(document: Document) -> Iterator[str]:
    rows = [
        (s["part"] + 1, s["mode"], s["frames"], s["begin"], s["last"], s["file"], s["reason"])
        for s in document["segments"]
    ]
    yield from table(("PART", "MODE", "FRAMES", "FIRST FRAME", "LAST FRAME", "FILE", "WHY"), rows)
    frames = document["frames"]
    yield f"frames: {frames['copy']} copied, {frames['encode']} re-encoded"
    if frames["extra"]:
        yield f"{frames['extra']} frames outside the range come along (cut=keyframe)"
    yield f"video: {plain(', '.join(document['codecs']))}"


def export(document: Document) -> Iterator[str]:
    """What was delivered, as measured."""
    for file in document["files"]:
        yield plain(file["path"])
        yield f"  sha-256   {file['sha256']}"
        yield f"  size      {file['size']} bytes"
        yield f"  frames    {file['frames_shown']} shown, {file['frames_contained']} contained"
        yield f"  time      {plain(file['first'])} … {plain(file['last'])}"
    for file in document["sidecars"]:
        yield f"{plain(file['path'])}  ({plain(file['kind'])}, sha-256 {file['sha256']})"
    yield "ledger: " + ", ".join(f"{count} {fate}" for fate, count in document["ledger"].items())
    yield from _gaps(document["gaps"])
    yield from _warnings(document)


def picture(document: Document) -> Iterator[str]:
    """One picture that was written."""
    yield plain(document["path"])
    yield f"  sha-256   {document['sha256']}"
    of = plain(document["file"]) if document["file"] else "the VMS's own time stamps"
    key = f"pts {document['pts']} × {document['time_base']} of {of}"
    yield f"  frame     {document['instant']}  ({key})"


def thumbnails(document: Document) -> Iterator[str]:
    """The pictures that were written."""
    rows = [(t["instant"], t["path"], t["sha256"]) for t in document["thumbnails"]]
    yield from table(("TIME", "PICTURE", "SHA-256"), rows)


def _zone(source: Document) -> str:
    return plain(source["zone"]) + (" (assumed)" if source["zone_assumed"] else "")


def _gaps(gaps: list[Document]) -> Iterator[str]:
    for gap in gaps:
        yield f"gap: {gap['begin']} … {gap['end']}  {gap['seconds']:.3f} s (says: {plain(gap['witness'])})"


def _warnings(document: Document) -> Iterator[str]:
    return (f"warning: {plain(warning)}" for warning in document["warnings"])


class Bar:
    """A progress bar on a terminal; silent anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._on = stream.isatty()
        self._drawn_at = 0.0
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Draw it anew, ten times a second at most."""
        now = time.monotonic()
        if not self._on or (now - self._drawn_at < 0.1 and progress.stage != "done"):
            return
        self._drawn_at = now
        done = min(1.0, max(0.0, progress.fraction))
        left = "" if progress.seconds_left is None else f"  {_clock(progress.seconds_left)} left"
        text = f"[{'#' * int(done * 24):<24}] {done:4.0%}  {progress.frames} frames{left}  {progress.stage}"
        self._draw(text[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Leave an empty line."""
        if self._width:
            self._draw("")
            self._stream.write("\r")
            self._stream.flush()

    def _draw(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
