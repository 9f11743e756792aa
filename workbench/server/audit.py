"""Who did what: tokens given, logins refused, exports started. Each entry is one row that is never changed."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkError
from workbench.server import private
from workbench.vms.wire.events import AuditEntry

MOST = 100_000
"""Entries that are kept; the oldest go first."""


class Audit:
    """The entries, kept in a small database; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """The entries kept in `path`; made where there is none."""
        self._path, self._lock = private.database(path), threading.Lock()
        self._run("CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, us INTEGER, code INTEGER, user, data)")
        self._run("CREATE INDEX IF NOT EXISTS entry_by_user ON entry (user, us)")

    def note(self, code: int, user: str, **data: str) -> None:
        """Write down what happened just now."""
        now = time.time_ns() // 1000
        self._run(
            "INSERT INTO entry (us, code, user, data) VALUES (?, ?, ?, ?)",
            now,
            code,
            json.dumps(user),
            json.dumps(data),
        )
        self._run("DELETE FROM entry WHERE id <= (SELECT max(id) FROM entry) - ?", MOST)

    def of(
        self, user: str, begin: int, end: int, *, codes: Sequence[tuple[int, int]], newest_first: bool, most: int
    ) -> tuple[AuditEntry, ...]:
        """What a user did from `begin` to `end` (both included), at most `most` entries; no `codes` are all codes."""
        order = "DESC" if newest_first else "ASC"
        rows = self._run(
            "SELECT us, code, data FROM entry WHERE user = ? AND us BETWEEN ? AND ? AND (? = '[]' OR EXISTS "
            "(SELECT 1 FROM json_each(?) AS r WHERE code BETWEEN json_extract(r.value, '$[0]') AND "
            f"json_extract(r.value, '$[1]'))) ORDER BY us {order}, id {order} LIMIT ?",
            json.dumps(user),
            begin,
            end,
            json.dumps(codes),
            json.dumps(codes),
            most,
        )
        return tuple(
            AuditEntry(at_us=us, code=code, data=tuple(sorted(json.loads(data).items()))) for us, code, data in rows
        )

    def _run(self, statement: str, *values: Any) -> list[Any]:
        try:
            with self._lock, closing(sqlite3.connect(self._path, timeout=30)) as db, db:
                return db.execute(statement, values).fetchall()
        except sqlite3.Error as exc:
            raise WorkError(f"the audit cannot be kept ({exc})", "Check the state folder.") from exc
