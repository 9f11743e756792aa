"""What the evidence verbs print for people, from the documents that ``--json`` prints."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any, TextIO

from workbench.cli_show import plain, table
from workbench.core.timebase import shown

Document = dict[str, Any]
WIDEST = 100
"""Characters of a free text in a table."""


def case(document: Document) -> Iterator[str]:
    """What a case holds."""
    identity = document["identity"]
    yield f"case {plain(identity['number'])}: {plain(identity['title'] or 'no title')}"
    yield f"examiner {plain(identity['examiner'])}, created {document['created']}"
    yield f"log: {document['length']} entries, head {document['head']}"
    rows = [(s["id"], s["exhibit"], _held(s), _clock(document, s["id"])) for s in document["sources"]]
    if rows:
        yield from table(("SOURCE", "EXHIBIT", "RECORDINGS", "CLOCK"), rows)
    for kind, head in (("exports", "EXPORT"), ("snapshots", "SNAPSHOT")):
        if document[kind]:
            held = [(one["id"], one["exhibit"], one["source"]) for one in document[kind]]
            yield from table((head, "EXHIBIT", "SOURCE"), held)
    for one in document["comments"]:
        about = f" on {plain(one['on'])}" if one["on"] else ""
        yield f"{one['id']}{about}, {plain(one['author'])}: {_short(one['text'])}"
    for one in document["reports"]:
        yield f"{one['id']}: version {one['version']}, {'final' if one['final'] else 'draft'}, {one['file']['path']}"
    for one in document["packages"]:
        yield f"{one['id']}: {plain(one['name'])}, seal {one['seal']}"


def _held(source: Document) -> str:
    """How many recordings of a source were hashed; those of a VMS lie there."""
    return str(len(source["recordings"])) if source["recordings"] else f"at {source['archive']}: not hashed"


def _clock(document: Document, source: str) -> str:
    checks = sum(1 for check in document["clock_checks"] if check["source"] == source)
    return f"{checks} check{'s' if checks > 1 else ''}" if checks else "NOT CHECKED"


def log(document: Document) -> Iterator[str]:
    """The custody log, an entry a line."""
    rows = [(e["n"], e["at"], e["who"], e["what"], e["hash"][:16]) for e in document["entries"]]
    yield from table(("N", "UTC", "WHO", "WHAT", "HASH"), rows)


def source(document: Document) -> Iterator[str]:
    """A source that was put on record."""
    yield f"{plain(document['id'])} is exhibit {plain(document['exhibit'])}"
    if not document["recordings"]:
        yield f"  its recordings lie at {plain(document['archive'])}: none of them was hashed"
    for recording in document["recordings"]:
        yield f"  {plain(recording['file'])}  {recording['size']} bytes  sha-256 {recording['sha256']}"


def snapshot(document: Document) -> Iterator[str]:
    """A snapshot that was taken."""
    dated = document["dated"]
    corrected = document["corrected_us"]
    yield from picture(document)
    yield f"  frame      pts {document['pts']} × {document['time_base']} of {plain(document['file'])}"
    yield f"  device     {shown(document['device_us'], dated)}"
    known = "clock not checked"
    if corrected is not None:
        known = f"{shown(corrected, dated)} ± {document['plus_minus']:g} s"
    yield f"  corrected  {known}"
    yield f"  decoded    sha-256 {document['frame_sha256']} ({document['pixel_format']})"


def picture(document: Document) -> Iterator[str]:
    """A picture of the case."""
    yield f"{document['id']}  {plain(document['picture']['path'])}  sha-256 {document['picture']['sha256']}"


def comment(document: Document) -> Iterator[str]:
    """A comment that was written."""
    yield f"{document['id']}, {document['at']}, {plain(document['author'])}: {_short(document['text'])}"


def clock(document: Document) -> Iterator[str]:
    """A clock check that was put on record."""
    yield f"{document['id']}: {plain(document['source'])}: offset {document['offset_us'] / 1e6:+.6f} s"
    yield f"  ± {document['uncertainty']:g} s, against {plain(document['reference'])}"


def key(document: Document) -> Iterator[str]:
    """A key that was made."""
    yield f"{plain(document['path'])}: self-signed key of {plain(document['name'])}"
    yield f"  fingerprint {document['fingerprint']}"
    yield "  anyone can make a key in any name: give the fingerprint to those who will verify, by another way"


def report(document: Document) -> Iterator[str]:
    """A report that was built."""
    yield plain(document["path"])
    yield f"  {document['id']}, version {document['version']}, {'FINAL' if document['final'] else 'DRAFT'}"
    yield f"  sha-256  {document['file']['sha256']}"
    kind = " with a self-signed key" if document["self_signed"] else ""
    yield f"  seal     signed{kind}: {document['signer']}" if document["signer"] else "  seal     not signed"


def package(document: Document) -> Iterator[str]:
    """A package that was sealed."""
    yield plain(document["path"])
    yield f"  seal       {document['seal']}"
    kind = " (self-signed)" if document["self_signed"] else ""
    yield f"  signed by  {document['signer'] + kind if document['signer'] else 'nobody'}"
    yield f"  custody    {document['log_length']} entries, head {document['log_head']}"
    yield "  keep the seal apart from the package: with it, nothing in there can be exchanged unnoticed"


def findings(document: Document, every: bool = False) -> Iterator[str]:
    """What a verification found: a line a check, then all that failed or was not checked."""
    by_check: dict[str, list[Document]] = {}
    for one in document["findings"]:
        by_check.setdefault(one["check"], []).append(one)
    rows = [
        (check, *(sum(f["verdict"] == verdict for f in found) for verdict in ("ok", "failed", "not checked")))
        for check, found in by_check.items()
    ]
    yield from table(("CHECK", "OK", "FAILED", "NOT CHECKED"), rows)
    for verdict in ("ok", "not checked", "failed") if every else ("not checked", "failed"):
        yield from (_finding(f) for f in document["findings"] if f["verdict"] == verdict)
    counts = document["counts"]
    yield f"{counts['ok']} ok, {counts['failed']} failed, {counts['not checked']} not checked"


def _finding(found: Document) -> str:
    where = " ".join(plain(found[key]) for key in ("file", "place") if found[key])
    facts = "; ".join(f"{key} {plain(found[key])}" for key in ("expected", "found") if found[key])
    words = ": ".join(part for part in (found["verdict"], found["check"], where, facts) if part)
    return f"{words} ({plain(found['note'])})" if found["note"] else words


def challenge(document: Document) -> Iterator[str]:
    """Which tampered twins were caught, and by which finding."""
    untouched = document["untouched"]
    if untouched["verify"] or untouched["alone"]:
        by = "; ".join(
            f"{who}: {untouched[key]}" for key, who in (("verify", "verify"), ("alone", "verify.py")) if untouched[key]
        )
        yield f"the package does not hold as it is ({by}); `workbench verify` says why, and nothing was tampered with"
        return
    rows = [(t["name"], t["verify"] or "MISSED", t["alone"] or "MISSED") for t in document["tampers"]]
    yield from table(("TAMPER", "CAUGHT BY verify", "CAUGHT BY verify.py"), rows)
    yield f"{document['caught']} of {len(document['tampers'])} caught by both"


def _short(text: str) -> str:
    line = plain(text[: WIDEST + 1])
    return line if len(text) <= WIDEST else f"{line[:WIDEST]}…"


class Line:
    """One line on a terminal that says what is being done; silent anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._on, self._drawn_at, self._width = stream, stream.isatty(), 0.0, 0

    def __call__(self, text: str, fraction: float) -> None:
        """Draw it anew, ten times a second at most; nothing is left behind at the end."""
        now = time.monotonic()
        if not self._on or (now - self._drawn_at < 0.1 and fraction < 1):
            return
        self._drawn_at = now
        line = "" if fraction >= 1 else f"{fraction:4.0%}  {plain(text)}"[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r" + line.ljust(self._width) + ("" if line else "\r"))
        self._stream.flush()
        self._width = len(line)
