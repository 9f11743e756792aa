"""How a local archive's sources come to lie on their time lines: listed, known from the catalogue or read, dated.

    shelf = Shelf(folder, cache, config, worker)
    shelf.laid("hall").line         # every file was listed, and has the size and time that its row or head says
    shelf.known("hall")             # what the catalogue says, nothing listed; None where it says nothing

A line is kept for as long as the listing stays the same, to the nanosecond of each file's time of change.
"""

from __future__ import annotations

import hashlib
import os
import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from workbench.archives import catalogue, listing, public
from workbench.archives.config import ArchiveConfig
from workbench.archives.dating import date_file
from workbench.archives.overview import runs_of
from workbench.archives.timeline import Piece, TimeLine
from workbench.core.errors import SourceError, WorkerDied
from workbench.media.heads import load_head
from workbench.media.worker import Worker

MOST_NOTES = 100
"""Notes of a source that its catalogue's summary repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A source on its time line, with the listing it was laid from."""

    scan: listing.Scan
    line: TimeLine
    notes: tuple[str, ...]


class Shelf:
    """The recordings of a folder, source by source; see the module."""

    def __init__(self, folder: Path, cache: Path, config: ArchiveConfig, worker: Worker) -> None:
        """`folder` may be a single recording."""
        self.folder, self.cache, self.config, self.worker = folder, cache, config, worker
        self._lock = threading.RLock()
        self._kept: dict[str, Laid] = {}
        self._known: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {}
        """Summaries that were read, each with the state of its file."""

    def names(self) -> tuple[str, ...]:
        """Ids of all sources, in order."""
        return listing.names(self.folder)

    def check(self) -> None:
        """RequestError where this machine is public and a recording is none of the demonstration's."""
        for name in self.names() if public.is_public() else ():
            public.must_be_shown(self.paths(listing.scan(self.folder, name)))

    def laid(self, source: str) -> Laid:
        """A source as it is now; SourceError where it is not there."""
        scan = listing.scan(self.folder, source)
        if not scan.files:
            known = ", ".join(self.names()) or "none"
            raise SourceError(f"there is no source {source!r} in {self.folder}", f"Sources: {known}.")
        with self._lock:
            kept = self._kept.get(source)
            if kept is None or kept.scan != scan:
                public.must_be_shown(self.paths(scan))
                kept = self._lay(source, scan)
                self._kept[source] = kept
            return kept

    def known(self, source: str) -> dict[str, Any] | None:
        """The catalogue's summary, where the source's folders have the times they had; no file is looked at."""
        found = self._stored(source)
        if found is None:
            return None
        same = all(listing.state(self.folder / name)[1] == changed for name, changed in found["folders"])
        return found if same else None

    def _stored(self, source: str) -> dict[str, Any] | None:
        """The summary of a source as it is stored, read once for each state of its file; None where it is no good."""
        real = os.path.realpath(self.folder)
        path = catalogue.path_of(self.cache, real, source)
        state = _state(path)
        if state is not None and (held := self._known.get(source)) is not None and held[0] == state:
            return held[1]
        found = catalogue.load_summary(path, catalogue.whose(real, source))
        if found is None or not _is_summary(found) or found["config"] != self._settings(source) or not found["folders"]:
            return None
        if state is not None:
            self._known[source] = state, found
        return found

    def head(self, path: Path, note: Callable[[str], None]) -> dict[str, Any] | None:
        """The stored head of a recording, made where there is none; None and a note where it cannot be read."""
        index = self.index_path(path)
        head = load_head(index)
        if head is None:
            try:
                self.worker.call("index", {"path": str(path), "index": str(index)})
                head = load_head(index)
            except (SourceError, WorkerDied) as exc:  # one file that kills its reader must not hide all others
                note(exc.message.replace(str(path), self.name(path)))  # no place of this machine in a record
                return None
        if head is None:
            raise SourceError(f"{path}: its index cannot be kept in {self.cache}", "Set WORKBENCH_CACHE.")
        return head

    def index_path(self, path: Path) -> Path:
        """Where the index of a recording in its present state is kept."""
        return _index(self.cache, os.path.realpath(path), *listing.state(path))

    def name(self, path: Path) -> str:
        """A recording's path relative to the archive."""
        return path.relative_to(self.folder).as_posix() if path != self.folder else path.name

    def paths(self, scan: listing.Scan) -> tuple[Path, ...]:
        """Where the recordings of a listing lie."""
        return tuple(self.folder / name if self.folder.is_dir() else self.folder for name, *_ in scan.files)

    def _lay(self, source: str, scan: listing.Scan) -> Laid:
        real = os.path.realpath(self.folder)
        stored, whose = catalogue.path_of(self.cache, real, source), catalogue.whose(real, source)
        rows, unread = catalogue.load_rows(stored, whose), list[str]()
        made = [self._row(state, rows.get(state[0]), unread.append) for state in scan.files]
        read = [(state, row) for state, row in zip(scan.files, made, strict=True) if row is not None]
        real_of = cache(os.path.realpath)
        pieces = [self._piece(source, state, row, real_of) for state, row in read if row[3]]
        line = replace(TimeLine.of(pieces), unread=tuple(unread))
        notes = dict.fromkeys((*unread, *(note for piece in line.pieces for note in piece.dating.notes)))
        laid = Laid(scan=scan, line=line, notes=(*line.notes, *notes))
        # links can be turned to other files without a trace in their folder: they are read each time
        keep = [row for state, row in read if not state[3]]
        same = len(rows) == len(keep) == len(scan.files) and all(rows.get(row[0]) is row for row in keep)
        if not (same and self._is_summed(source, scan)):
            catalogue.save(stored, self._summary(source, laid, whose), keep)
        return laid

    def _is_summed(self, source: str, scan: listing.Scan) -> bool:
        """Whether the stored summary is of this listing; the same rows and settings give the same summary."""
        found = self.known(source)
        return found is not None and found["folders"] == [list(folder) for folder in scan.folders]

    def _row(self, state: listing.FileState, row: list[Any] | None, note: Callable[[str], None]) -> list[Any] | None:
        name, size, changed, link = state
        if row is not None and not link and row[1] == size and row[2] == changed:
            return row
        head = self.head(self.folder / name if self.folder.is_dir() else self.folder, note)
        return None if head is None else catalogue.row_of(name, size, changed, head)

    def _piece(self, source: str, state: listing.FileState, row: list[Any], real_of: Callable[[str], str]) -> Piece:
        name, size, changed, link = state
        path = self.folder / name if name != self.folder.name or self.folder.is_dir() else self.folder
        real = os.path.realpath(path) if link else f"{real_of(str(path.parent)).rstrip(os.sep)}{os.sep}{path.name}"
        return Piece(
            name=name,
            path=path,
            index=_index(self.cache, real, size, changed),
            head=catalogue.head_of(row),
            dating=date_file(path.name, self.config.source(source), row[8]),
        )

    def _settings(self, source: str) -> str:
        return repr(self.config.source(source))

    def _summary(self, source: str, laid: Laid, whose: dict[str, Any]) -> dict[str, Any]:
        line = laid.line
        coverage = line.coverage(source, line.whole())
        more = len(coverage.notes) - MOST_NOTES
        notes = [*coverage.notes[:MOST_NOTES], *([f"and {more} notes more: see its coverage"] if more > 0 else [])]
        return {
            "whose": whose,
            "config": self._settings(source),
            "folders": [list(folder) for folder in laid.scan.folders],
            "dated": line.dated,
            "first": line.first,
            "last": line.last,
            "witness": ", ".join(dict.fromkeys(gap.witness for gap in coverage.gaps)),
            "notes": notes,
            "runs": [us for run in runs_of(coverage) for us in run],
        }


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes when a stored file is replaced; None where there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size


def _index(cache: Path, real: str, size: int, changed: int) -> Path:
    key = hashlib.sha256(f"{real}\0{size}\0{changed}".encode("utf-8", "surrogateescape")).hexdigest()
    return cache / f"index/{key[:2]}/{key[2:32]}"


def _is_summary(found: dict[str, Any]) -> bool:
    """Whether a summary that says whose it is holds what one of these rules holds; its runs become an array."""
    folders, ends = found.get("folders"), (found.get("first"), found.get("last"))
    try:
        runs = found["runs"] = array("q", found.get("runs"))  # type: ignore[arg-type]
    except (TypeError, OverflowError):
        return False
    return (
        len(runs) % 2 == 0
        and isinstance(folders, list)
        and all(isinstance(f, list) and len(f) == 2 and isinstance(f[0], str) for f in folders)
        and _are_texts(found.get("notes"))
        and _are_texts([found.get("witness"), found.get("config")])
        and type(found.get("dated")) is bool
        and (ends == (None, None) if not runs else all(type(end) is int for end in ends))
    )


def _are_texts(found: Any) -> bool:
    return isinstance(found, Sequence) and all(isinstance(text, str) for text in found)
