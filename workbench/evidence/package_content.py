"""What goes into a package of a case: the files its log speaks of, and those that are written for the package.

Everything is what the log says at one moment; what others append to it meanwhile belongs into the next package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from workbench.evidence.case import Case
from workbench.evidence.jsonld import case_jsonld
from workbench.evidence.nouns import FileRecord, ReportRecord, SourceRecord
from workbench.evidence.state import state_of

SOURCES_SCHEMA = "workbench.sources/1"


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
        made = {
            "custody.jsonl": b"".join(entry.line() for entry in self.entries),
            "sources.json": _json({"schema": SOURCES_SCHEMA, "sources": [_source(s) for s in self.state.sources]}),
            "case.jsonld": case_jsonld(self.entries, self.results),
        }
        for id, result in self.results.items():  # noqa: A001
            for part, data in _parts(result).items():
                made[f"exports/{id}.{part}.json"] = _json(data)
        return made


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1) + "\n").encode("ascii")


def _parts(result: dict[str, Any]) -> dict[str, Any]:
    """Spec, plan and ledger of an export, each by itself, as its record holds them."""
    return {
        "spec": result["plan"]["spec"],
        "plan": result["plan"],
        "ledger": {"ledger": result["ledger"], "entries": result["entries"]},
    }


def _source(source: SourceRecord) -> dict[str, Any]:
    """A source with the hashes of its recordings."""
    known = source.to_json()
    short = {key: known[key] for key in ("id", "name", "exhibit", "archive", "hashed_at", "hashed_where", "config")}
    hashes = [{key: one[key] for key in ("file", "size", "sha256", "sha512")} for one in known["recordings"]]
    return {**short, "recordings": hashes}
