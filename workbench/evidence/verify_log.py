"""The custody log of a package: does it hold together, is it the whole one, and do the files agree with it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from workbench.evidence import custody
from workbench.evidence.custody import Entry
from workbench.evidence.findings import Finding
from workbench.evidence.nouns import FileRecord
from workbench.evidence.state import Fold, files_of
from workbench.evidence.verify_bag import Bag, failed, not_checked, ok

LOG = f"data/{custody.NAME}"
_OF_THE_LOG = ("exports", "snapshots", "clock", "reports")
"""Folders of the payload all of whose files the log must speak of."""
_MADE_WHEN_SEALING = re.compile(r"data/exports/E\d+\.(spec|plan|ledger)\.json")
_NEWEST_ONLY = "report-built"
"""Of these, only the newest is packed."""


def check_log(bag: Bag) -> Iterator[Finding]:
    """``custody-form``, ``custody-chain``, ``custody-head``, ``custody-files``."""
    data = bag.read(LOG)
    if data is None:
        yield failed("custody-form", LOG, "a log", "none that can be read")
        return
    entries, wrong = custody.read(data)
    fold = Fold()
    for entry in entries:
        fold.take(entry)
    told = [replace(f, file=LOG) for f in (*wrong, *fold.findings)]
    yield from told
    for check in ("custody-form", "custody-chain"):
        if not any(f.check == check for f in told):
            yield ok(check, LOG, f"{len(entries)} entries")
    yield from _head(bag, entries)
    yield from _files(bag, entries)


def _head(bag: Bag, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    said = f"{bag.info.get('Custody-Length', 'nothing')} entries, head {bag.info.get('Custody-Head', 'nothing')}"
    head = entries[-1].hash if entries else custody.START
    found = f"{len(entries)} entries, head {head}"
    note = "The log was cut, lengthened or written anew since the package was sealed."
    yield ok("custody-head", LOG, found) if found == said else failed("custody-head", LOG, said, found, note)


def _files(bag: Bag, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Files the log speaks of against files that are there; their digests are those of the manifest, checked there."""
    digests = bag.listed.get("manifest-sha256.txt", {})
    spoken: dict[str, set[tuple[str, int]]] = {}
    for entry, file in files_of(entries):
        path = f"data/{file.path}"
        if _in_case(file) and path not in bag.files and entry.what not in (_NEWEST_ONLY, "torn-line-set-aside"):
            yield failed("custody-files", path, f"the file of entry {entry.n} ({entry.what})", "none")
        spoken.setdefault(path, set()).add((file.sha256, file.size))
    for path, size in bag.files.items():
        if path.split("/")[1:2] and path.split("/")[1] in _OF_THE_LOG and not _MADE_WHEN_SEALING.fullmatch(path):
            found = (digests.get(path, "no digest"), size)
            yield _spoken(path, found, spoken.get(path, set()))
    yield from _report(bag, entries)


def _in_case(file: FileRecord) -> bool:
    return file.path.split("/")[0] in _OF_THE_LOG


def _spoken(path: str, found: tuple[str, int], wanted: set[tuple[str, int]]) -> Finding:
    if found in wanted:
        return ok("custody-files", path)
    if not wanted:
        return failed("custody-files", path, "an entry that speaks of it", "none")
    expected = " or ".join(f"{size} bytes, sha-256 {digest}" for digest, size in sorted(wanted))
    return failed("custody-files", path, expected, f"{found[1]} bytes, sha-256 {found[0]}")


def _report(bag: Bag, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """The report in the package is the newest that the log knows."""
    built = [e for e in entries if e.what == _NEWEST_ONLY]
    newest = "none"
    status = "none"
    if built:
        file = built[-1].data.get("file", {})
        newest = f"data/{file.get('path') if isinstance(file, dict) else ''}"
        status = "FINAL" if built[-1].data.get("final") is True else "DRAFT"
    found = f"{bag.info.get('Report', '')}, {bag.info.get('Report-Status', '')}"
    if found != f"{newest}, {status}":
        yield failed("custody-files", "bag-info.txt", f"report {newest}, {status}", found)
    elif newest == "none":
        yield not_checked("report-form", "", "the package holds no report")
    elif newest not in bag.files:
        yield failed("custody-files", newest, "the newest report", "none")
