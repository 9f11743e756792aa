"""Numbers of cameras: each source of the archive gets one when first seen, keeps it for good, and no other gets it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from workbench.core.errors import WorkError
from workbench.server import private


class CameraNumbers:
    """Source id ⇄ number, kept in a small database; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """The numbers kept in `path`; made where there is none."""
        self._path = private.database(path)
        self._lock = threading.Lock()
        self._by_source: dict[str, int] = {}
        self._by_number: dict[int, str] = {}
        self._run([])

    def number(self, source: str) -> int:
        """The number of a source, given now where it has none."""
        return self.numbers([source])[source]

    def numbers(self, sources: Iterable[str]) -> dict[str, int]:
        """The numbers of several sources; new ones are given in this order."""
        wanted = list(sources)
        with self._lock:
            if unknown := [source for source in wanted if source not in self._by_source]:
                self._run(unknown)
            return {source: self._by_source[source] for source in wanted}

    def source(self, number: int) -> str | None:
        """The source that has a number; None for one never given."""
        return self._by_number.get(number)

    def _run(self, new: list[str]) -> None:
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as db, db:
                db.execute(
                    "CREATE TABLE IF NOT EXISTS camera (number INTEGER PRIMARY KEY AUTOINCREMENT, source UNIQUE)"
                )
                db.executemany("INSERT OR IGNORE INTO camera (source) VALUES (?)", [(json.dumps(s),) for s in new])
                rows = db.execute("SELECT source, number FROM camera").fetchall()
        except sqlite3.Error as exc:
            raise WorkError(f"the numbers of cameras cannot be kept ({exc})", "Check the state folder.") from exc
        self._by_source = {json.loads(source): number for source, number in rows}  # ASCII: file names may hold anything
        self._by_number = {number: source for source, number in self._by_source.items()}
