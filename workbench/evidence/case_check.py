"""Is a case still what its log says: the log line by line, and every file that it speaks of.

Names of the checks are those of docs/package-format.md. A last line that was never finished (a process died while
writing it) is *not checked*, since nothing was ever said by it; so are files of which the log does not speak.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workbench.core.errors import SourceError, WorkbenchError
from workbench.evidence import custody, filing
from workbench.evidence.book import SESSION, SESSION_PART, Book
from workbench.evidence.custody import Entry, Lines, read_lines, set_back
from workbench.evidence.custody_log import LOCK
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.hashing import open_plain
from workbench.evidence.locking import locked
from workbench.evidence.nouns import FileRecord
from workbench.evidence.state import Fold, files_of

_LOCK_WAIT = 5.0
_WHY_THERE = "still being written, left behind by a process that died, or put there by somebody"


def check(book: Book) -> Findings:
    """All findings on a case, read anew from the disk; SourceError where there is no log to read."""
    found = _read(book.folder)
    files = list(files_of(found.entries))
    return Findings(
        (
            *_log(found, book.entries),
            *_told(found.entries),
            *(_file(book.folder, entry, file) for entry, file in files),
            *_others(book.folder, {file.path for _, file in files}),
        )
    )


def _read(folder: Path) -> Lines:
    """The log; where its last line is unfinished, once more when nobody is writing."""
    found = read_lines(_bytes(folder))
    if found.torn:
        try:
            with locked(folder / LOCK, _LOCK_WAIT):
                found = read_lines(_bytes(folder))
        except WorkbenchError:
            return found  # a case on a medium that cannot be written to: nobody is writing
    return found


def _bytes(folder: Path) -> bytes:
    with open_plain(folder / custody.NAME) as file:
        return file.read()


def _log(found: Lines, known: tuple[Entry, ...]) -> Iterator[Finding]:
    """What holds of the log itself; `known` is what this process read of it before."""
    faults = list(found.findings)
    if found.torn and not found.torn.endswith(b"\n"):
        note = "A process died while writing it; the next entry sets it aside."
        faults = [replace(fault, verdict=Verdict.NOT_CHECKED, note=note) for fault in faults]
    if not found.entries and not faults:
        faults = [_finding("custody-form", Verdict.FAILED, place="line 1", expected="an entry", found="nothing")]
    if list(known) != found.entries[: len(known)]:
        note = "Lines that were read when this case was opened are gone or changed."
        faults.append(_finding("custody-chain", Verdict.FAILED, note=note))
    for name, words in (("custody-form", "{} entries"), ("custody-chain", "{} entries, one bound to the next")):
        if not any(fault.check == name and fault.verdict is Verdict.FAILED for fault in faults):
            yield _finding(name, Verdict.OK, found=words.format(len(found.entries)))
    yield from faults
    if any(fault.verdict is Verdict.FAILED for fault in faults):
        place = f"behind line {len(found.entries)}"
        yield _finding("custody-files", Verdict.NOT_CHECKED, place=place, note="Nothing is built upon what is there.")
    for n in set_back(found.entries):
        note = "The machine's clock was set back: the order of the entries holds, their times do not prove it."
        yield _finding("custody-chain", Verdict.NOT_CHECKED, place=f"line {n + 1}", note=note)


def _told(entries: list[Entry]) -> list[Finding]:
    """Entries whose data is not what their kind says."""
    fold = Fold()
    for entry in entries:
        fold.take(entry)
    return fold.findings


def _file(folder: Path, entry: Entry, file: FileRecord) -> Finding:
    """One file of the case against what an entry says of it."""
    place, expected = f"entry {entry.n}", f"SHA-256 {file.sha256}, {file.size} bytes"
    try:
        now = filing.record(folder, file.path)
    except SourceError as exc:
        found, verdict = exc.message, Verdict.FAILED
    else:
        found = f"SHA-256 {now.sha256}, {now.size} bytes"
        verdict = Verdict.OK if found == expected else Verdict.FAILED
    return _finding("custody-files", verdict, file=file.path, place=place, expected=expected, found=found)


def _others(folder: Path, named: set[str]) -> Iterator[Finding]:
    """Whatever lies in the case besides."""
    unread: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=unread.append):
        folders.sort()
        inside = Path(root)
        links = [name for name in folders if (inside / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = (inside / name).relative_to(folder).as_posix()
            if path not in named and path not in (custody.NAME, LOCK) and not _is_session(inside / name, path):
                note = f"The log does not speak of it: {_WHY_THERE}."
                yield _finding("file-added", Verdict.NOT_CHECKED, file=path, note=note)
    for error in unread:
        path = Path(str(error.filename)).relative_to(folder).as_posix()
        yield _finding("file-added", Verdict.NOT_CHECKED, file=path, note=f"It cannot be read: {error.strerror}.")


def _is_session(file: Path, path: str) -> bool:
    """Whether it is the memory of a notebook's session, whole or while it is written, and no link of its name."""
    return (path == SESSION or SESSION_PART.fullmatch(path) is not None) and file.is_file() and not file.is_symlink()


def _finding(
    check: str,
    verdict: Verdict,
    *,
    file: str = custody.NAME,
    place: str = "",
    expected: str = "",
    found: str = "",
    note: str = "",
) -> Finding:
    return Finding(check=check, verdict=verdict, file=file, place=place, expected=expected, found=found, note=note)
