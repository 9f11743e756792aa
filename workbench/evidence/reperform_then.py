"""What the log of a case had on record when an export or a snapshot was made: the order of its entries decides.

    then = Then(data, state)
    then.source("S1", "hall")      # the source as it was described by then: one that grew has several records
    then.checks("S1", "hall")      # the clock checks that counted by then

What the log does not tell, because it does not hold, is taken from the state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.evidence import custody
from workbench.evidence.filing import inside
from workbench.evidence.hashing import open_plain
from workbench.evidence.nouns import CaseState, ClockCheck, SourceRecord
from workbench.evidence.state import Fold

TOOL = "forensic-workbench"


class Then:
    """See the module."""

    def __init__(self, data: Path, state: CaseState) -> None:
        self._state = state
        self._at: dict[str, tuple[int, str, CaseState]] = {}
        self._described: dict[str, SourceRecord] = {}
        fold, known = Fold(), Fold().state()
        for entry in _entries(data):
            fold.take(entry)
            if entry.what in ("source-added", "clock-checked"):
                known = fold.state()
                self._take(known.source(str(entry.data.get("id"))))
            elif entry.what in ("export-done", "snapshot-taken"):
                self._at.setdefault(str(entry.data.get("id")), (entry.n, entry.tool.get(TOOL, ""), known))
        for source in state.sources:
            self._take(source)

    def source(self, id: str, source: str) -> SourceRecord | None:  # noqa: A002
        """The source as it was on record when that export or snapshot was made."""
        return self._known(id).source(source) or self._state.source(source)

    def sources(self) -> Iterator[SourceRecord]:
        """Every record of every source, those that a newer one followed too."""
        yield from self._described.values()

    def checks(self, id: str, source: str) -> tuple[ClockCheck, ...]:  # noqa: A002
        """The clock checks of a source that counted when that snapshot was made."""
        return self._known(id).checks_of(source)

    def tool(self, id: str) -> str:  # noqa: A002
        """The version of this program by which its entry was written; empty where nobody says."""
        return self._at[id][1] if id in self._at else ""

    def precedes(self, one: str, other: str) -> bool:
        """Whether the entry of an export stands before that of a snapshot, or nobody can tell."""
        return one not in self._at or other not in self._at or self._at[one][0] < self._at[other][0]

    def _take(self, source: SourceRecord | None) -> None:
        if source is not None:
            self._described.setdefault(json.dumps(source.to_json(), sort_keys=True), source)

    def _known(self, id: str) -> CaseState:  # noqa: A002
        return self._at[id][2] if id in self._at else self._state


def _entries(data: Path) -> tuple[custody.Entry, ...]:
    try:
        with open_plain(inside(data, custody.NAME)) as file:
            return custody.read(file.read())[0]
    except (OSError, WorkbenchError):
        return ()
