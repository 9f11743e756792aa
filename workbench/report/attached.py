"""What is attached to a report's PDF besides its machine-readable form: plans, records of exports, digests of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.evidence.filing import inside
from workbench.evidence.nouns import CaseState, FileRecord


def attachments(state: CaseState, folder: Path) -> dict[str, bytes]:
    """The plan and the record of each export of the case in `folder`, and the digests of every file that it holds."""
    made = {f"{plan.id}-plan.json": dumped(plan.plan) for plan in state.plans}
    made |= {f"{export.id}-result.json": inside(folder, export.record.path).read_bytes() for export in state.exports}
    files = sorted({(file.path, file.sha256) for file in _files(state)})
    listed = "".join(f"{digest}  {path}\n" for path, digest in files).encode()
    return made | ({"manifest-sha256.txt": listed} if listed else {})  # nothing is attached that is empty


def dumped(data: Any) -> bytes:
    """JSON as it lies beside and in a report; ASCII, since any text may hold a lone surrogate, which UTF-8 cannot."""
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode("ascii")


def _files(state: CaseState) -> Iterator[FileRecord]:
    for export in state.exports:
        yield from (export.record, *export.files)
    yield from (shot.picture for shot in state.snapshots)
    yield from (drawn.picture for drawn in state.annotations)
    yield from (check.photo for check in state.clock_checks if check.photo is not None)
