"""What happens to one item, in whatever process or on whatever machine it runs.

An item is made in a hidden folder and gets its name by one rename when everything is in it: a process that is killed
leaves nothing under a name, and an item that two processes make is kept once. An archive crosses to another process as
what opens it, never with its secrets; each thread opens it once.
"""

from __future__ import annotations

import json
import os
import pickle
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.batch_items import MANIFEST
from workbench.core.errors import NothingRecorded, WorkbenchError, WorkError
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec
from workbench.export import plan_export, run_export

_HERE = threading.local()


def carry_out(opener: bytes, spec: dict[str, Any], folder: str, name: str, token: str) -> dict[str, Any]:
    """Make one item with the archive that `opener` opens; returns its state with manifest or error, as plain data."""
    try:
        archive = _opened(opener)
    except WorkbenchError as exc:
        return failure(exc)
    return make(archive, ExportSpec.from_json(spec), Path(folder), name, token)


def make(
    archive: Archive,
    spec: ExportSpec,
    folder: Path,
    name: str,
    token: str,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Make one item with an archive that is open."""
    try:
        with _scratch(folder, name, token) as part:
            result = run_export(plan_export(spec, archive), archive, part, cancel=cancel)
            manifest = _manifest(result, spec, name)
            _write(part / MANIFEST, manifest)
            manifest = _take_name(part, folder / name, manifest)
    except WorkbenchError as exc:
        return failure(exc)
    except OSError as exc:
        return failure(WorkError(f"{name} cannot be written: {exc.strerror or exc}", "Check room and rights."))
    return {"state": "done", "manifest": manifest}


def failure(exc: WorkbenchError) -> dict[str, Any]:
    """An item that came to nothing, and why."""
    state = "nothing" if isinstance(exc, NothingRecorded) else "cancelled" if exc.kind == "cancelled" else "failed"
    return {"state": state, "error": exc.to_json()}


def part_pattern(name: str) -> str:
    """The hidden folders in which an item is made, as a pattern for `Path.glob`."""
    plain = "".join(f"[{c}]" if c in "[]*?" else c for c in name)
    return f".{plain}.*.part"


def opener(archive: Archive) -> bytes:
    """What opens this archive in another process: a folder's path, or a remote archive without its secrets."""
    if isinstance(archive, LocalArchive):
        return pickle.dumps(partial(LocalArchive, str(archive.folder.absolute()), str(archive.cache.absolute())))
    return pickle.dumps(archive)


def _opened(opener: bytes) -> Archive:
    held: dict[bytes, Archive] = _HERE.__dict__.setdefault("archives", {})
    if opener not in held:
        found = pickle.loads(opener)
        held[opener] = found() if callable(found) else found
    return held[opener]


@contextmanager
def _scratch(folder: Path, name: str, token: str) -> Iterator[Path]:
    # a cluster gives the same task to another worker when one dies: what that one left must not be in the way
    part = folder / f".{name}.{token}-{secrets.token_hex(4)}.part"
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _manifest(result: ExportResult, spec: ExportSpec, name: str) -> dict[str, Any]:
    return {
        "spec": spec.to_json(),
        "files": [
            {
                "path": f"{name}/{Path(file.path).name}",
                "kind": file.kind,
                "sha256": file.sha256,
                "size": file.size,
                "frames_shown": file.frames_shown,
            }
            for file in result.files
        ],
        "ledger": result.ledger.to_json(),
        "warnings": list(result.warnings),
    }


def _write(path: Path, data: dict[str, Any]) -> None:
    with path.open("x", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _take_name(part: Path, final: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """One rename; where another process was quicker with the same item, its folder stays, and its manifest counts."""
    try:
        part.rename(final)
    except OSError:
        try:
            told: dict[str, Any] = json.loads((final / MANIFEST).read_text(encoding="utf-8"))
        except ValueError as exc:
            raise WorkError(f"{final.name} is there already and is no item", "Move that folder away.") from exc
        return told
    return manifest
