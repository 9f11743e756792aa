"""What goes into a package of a case: the files its log speaks of, and those that are written for the package.

Everything is what the log says at one moment; what others append to it meanwhile belongs into the next package.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.evidence import custody
from workbench.evidence.case import Case
from workbench.evidence.nouns import FileRecord, ReportRecord
from workbench.evidence.package_derived import derived
from workbench.evidence.state import state_of


class Content:
    """What goes into a package of a case, by what its log says at one moment."""

    def __init__(self, case: Case) -> None:
        self.case, self.entries = case, case.entries
        self.state = state_of(self.entries)
        self.results = {export.id: case.result(export) for export in self.state.exports}
        self.report: ReportRecord | None = self.state.reports[-1] if self.state.reports else None
        self.made = self._made()
        """Files that are written for the package, by path."""

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return sum(file.size for file in self.files()) + sum(map(len, self.made.values()))

    def paths(self) -> list[str]:
        """Paths of all payload files in the bag."""
        return [f"data/{path}" for path in (*(file.path for file in self.files()), *self.made)]

    def files(self) -> Iterator[FileRecord]:
        """Files that lie in the case."""
        for export in self.state.exports:
            yield from (*export.files, export.record)
        yield from (shot.picture for shot in self.state.snapshots)
        yield from (drawn.picture for drawn in self.state.annotations)
        yield from (check.photo for check in self.state.clock_checks if check.photo)
        if self.report:
            yield from (self.report.file, self.report.model)

    def _made(self) -> dict[str, bytes]:
        log = b"".join(entry.line() for entry in self.entries)
        return {custody.NAME: log, **derived(self.entries, self.results)}
