"""From the names of an export's files to its end at the server, so that nothing is lost in between.

The papers of an export, its flight and its record, are published with its files before the export is deleted at the
server: that record says ``"deleted": null``, not known. When the server has answered, the last form of both, with that
call, is put in the place of the first. A process that ends in between, or cannot do that, leaves files that are
complete, and a note of where; `resume` then does what is left. Nobody else's file is ever written over.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.archives.remote_ending import Ending
from workbench.archives.remote_pending import Pending
from workbench.archives.running import scratch_in
from workbench.core.errors import WorkbenchError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile
from workbench.vms.client import Client

FLIGHT = "flight"
MOST_RECORD = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Flight and record of an export in one of their two forms."""

    result: ExportResult
    """Its files, the flight among them, under their names without a folder."""
    record: OutputFile
    ready: tuple[tuple[Path, str], ...] = ()
    """Where they are written, and their names."""

    def in_folder(self, folder: Path) -> ExportResult:
        """The result with the files where they lie, the record last."""
        files = (*self.result.files, self.record)
        return replace(self.result, files=tuple(replace(one, path=str(folder / one.path)) for one in files))


def papers(result: ExportResult, calls: bytes, scratch: Path) -> Papers:
    """Write flight and record of a result into a folder. WorkError."""
    assert result.remote is not None
    files = [file for file in result.files if file.kind != FLIGHT]
    path, flight = _written(scratch, calls, f"{files[0].path}.flight.jsonl", FLIGHT)
    lines = [json.loads(line) for line in calls.splitlines()]
    told = {
        "path": flight.path,
        "sha256": flight.sha256,
        "calls": len(lines),
        "retries": sum(call["attempt"] > 1 for call in lines),
    }
    result = replace(result, files=(*files, flight), remote={**result.remote, "flight": told})
    text = json.dumps(result.to_json(), ensure_ascii=False, indent=1).encode(errors="backslashreplace") + b"\n"
    record_path, record = _written(scratch, text, f"{files[0].path}.json", "record")
    return Papers(result=result, record=record, ready=((path, flight.path), (record_path, record.path)))


def note(first: Papers, folder: Path) -> dict[str, Any]:
    """What is written down of them before they are published."""
    result = asdict(first.result)
    del result["plan"]
    return {"folder": str(folder.absolute()), "result": result, "record": asdict(first.record)}


def ended(first: Papers, folder: Path, scratch: Path, calls: Callable[[], bytes], ending: Ending) -> ExportResult:
    """End the export at the server, its files being in `folder`, and complete the papers by that."""
    deleted, why = ending.completed()
    if ending.keep:
        ending.forget()
        return first.in_folder(folder)
    wanted = _told(first, deleted=deleted, why=why)
    try:
        last = papers(wanted, calls(), scratch)
        for path, name in last.ready:
            path.replace(folder / name)
    except (WorkError, OSError, ValueError) as exc:
        left = f"the record does not say how the export ended at the server (deleted: {deleted}): {exc}."
        left += f" {ending.again('completes it')}"
        return replace(first, result=replace(first.result, warnings=(*wanted.warnings, left))).in_folder(folder)
    if deleted:
        ending.forget()
    return last.in_folder(folder)


def of(pending: Pending) -> tuple[Path, Papers] | None:
    """Folder and papers of an export whose files have their names; None where they are not all there."""
    try:
        assert pending.home is not None
        folder, record = Path(pending.home["folder"]), OutputFile(**pending.home["record"])
        result = ExportResult.from_data(pending.home["result"], ExportPlan.from_data(pending.plan))
        sizes = [(folder / one.path).stat().st_size == one.size for one in result.files if one.kind != FLIGHT]
        text = (folder / record.path).read_bytes()
        ours = len(text) <= MOST_RECORD and json.loads(text)["remote"]["export"]["id"] == pending.id
    except (AssertionError, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError, WorkbenchError):
        return None
    return (folder, Papers(result=result, record=record)) if ours and all(sizes) else None


def complete(home: tuple[Path, Papers], client: Client, ending: Ending) -> ExportResult:
    """Do what is left of an export whose files have their names."""
    folder, first = home
    flight = next(one for one in first.result.files if one.kind == FLIGHT)
    scratch = scratch_in(folder)
    try:
        before = (folder / flight.path).read_bytes()
        return ended(first, folder, scratch, lambda: before + client.flight.lines(), ending)
    except OSError as exc:
        raise WorkError(f"{flight.path} cannot be read: {exc.strerror or exc}", "Check your right to it.") from exc
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _told(first: Papers, *, deleted: bool, why: str) -> ExportResult:
    """The result with how the export ended at the server."""
    assert first.result.remote is not None
    export = {**first.result.remote["export"], "deleted": deleted}
    warnings = (*first.result.warnings, *([why] if why else []))
    return replace(first.result, remote={**first.result.remote, "export": export}, warnings=warnings)


def _written(scratch: Path, data: bytes, final: str, kind: str) -> tuple[Path, OutputFile]:
    digest = hashlib.sha256(data).hexdigest()
    path = scratch / f"{kind}-{digest[:16]}"  # the first form may share its file with a published name
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise WorkError(f"{final} cannot be written: {exc.strerror or exc}", "Make room, then try again.") from exc
    return path, OutputFile(path=final, kind=kind, sha256=digest, size=len(data))
