"""The custody log of a package: does it hold together, is it the whole one, and do the files agree with it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workbench.evidence import custody
from workbench.evidence.custody import Entry
from workbench.evidence.findings import Finding
from workbench.evidence.state import Fold, files_of
from workbench.evidence.verify_bag import Bag, failed, not_checked, ok
from workbench.evidence.verify_derived import MADE, check_derived

LOG = f"data/{custody.NAME}"
_OF_THE_LOG = ("data/exports/", "data/snapshots/", "data/clock/", "data/reports/")
"""Folders of the payload all of whose files the log must speak of."""
_REPORT = "report-built"
_BESIDE = "torn-line-set-aside"
"""Kind of entry whose file stays in the case."""


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
    yield _head(bag, entries)
    yield from _files(bag, entries)
    yield from _report(bag, entries)
    yield from check_derived(bag, entries, fold.state(), holds=bool(entries) and not wrong)


def _head(bag: Bag, entries: tuple[Entry, ...]) -> Finding:
    said = "nothing that can be read"
    if bag.info:
        said = f"{bag.info['Custody-Length']} entries, head {bag.info['Custody-Head']}"
    found = f"{len(entries)} entries, head {entries[-1].hash if entries else custody.START}"
    note = "The log was cut, lengthened or written anew since the package was sealed, or bag-info.txt was changed."
    return ok("custody-head", LOG, found) if found == said else failed("custody-head", LOG, said, found, note)


def _files(bag: Bag, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Files the log speaks of against files that are there."""
    spoken: dict[str, set[tuple[str, int]]] = {}
    newest = max((entry.n for entry in entries if entry.what == _REPORT), default=-1)
    for entry, file in files_of(entries):
        path = f"data/{file.path}"
        packed = entry.what not in (_REPORT, _BESIDE) or entry.n == newest
        if packed and path not in bag.files:
            yield failed("custody-files", path, f"the file of entry {entry.n} ({entry.what})", "none")
        if packed:
            spoken.setdefault(path, set()).add((file.sha256, file.size))
    for path in bag.files:
        if path.startswith(_OF_THE_LOG) and not MADE.fullmatch(path):
            yield _spoken(bag, path, spoken.get(path, set()))


def _spoken(bag: Bag, path: str, wanted: set[tuple[str, int]]) -> Finding:
    found = bag.digests.get(path)
    if not wanted:
        return failed("custody-files", path, "an entry that speaks of it", "none")
    if found is None:
        return not_checked("custody-files", path, "no manifest lists it, or it could not be read")
    if wanted == {(found.sha256, found.size)}:
        return ok("custody-files", path)
    expected = " and ".join(f"{size} bytes, sha-256 {digest}" for digest, size in sorted(wanted))
    return failed("custody-files", path, expected, f"{found.size} bytes, sha-256 {found.sha256}")


def _report(bag: Bag, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """The report that bag-info.txt names is the newest that the log knows."""
    built = [entry.data for entry in entries if entry.what == _REPORT]
    expected = "none, none"
    if built:
        file = built[-1].get("file")
        path = file.get("path") if isinstance(file, dict) else None
        expected = f"data/{path}, {'FINAL' if built[-1].get('final') is True else 'DRAFT'}"
    found = f"{bag.info['Report']}, {bag.info['Report-Status']}" if bag.info else "nothing that can be read"
    if found != expected:
        yield failed("custody-files", "bag-info.txt", f"report {expected}", f"report {found}")
    elif not built:
        yield not_checked("report-form", "", "the package holds no report")
