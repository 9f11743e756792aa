"""What happens to one item, in whatever process or on whatever machine it runs.

An item is made in a hidden folder and gets its name by one rename when everything is in it: a process that is killed
leaves nothing under a name, and an item that two processes make is kept once. An archive crosses to another process as
what opens it, never with its secrets; each thread opens it once. There the batch's mark is watched: when it goes, the
item is given up.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.batch_hold import watched
from workbench.batch_kept import MANIFEST, is_of, manifest, read
from workbench.batch_pending import exported
from workbench.core.errors import NothingRecorded, WorkbenchError, WorkError
from workbench.core.spec import ExportSpec
from workbench.export import plan_export

_HERE = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One attempt at one item."""

    folder: str
    """Of the batch, absolute."""
    name: str
    spec: dict[str, Any]
    """`ExportSpec.to_json`."""
    token: str
    """Unlike that of any other attempt."""
    mark: str
    """The file that is there as long as the batch goes on."""


def carry_out(opener: bytes, task: Task) -> dict[str, Any]:
    """Make an item with the archive that `opener` opens; its state with manifest or error, as plain data."""
    if not Path(task.folder).is_dir():  # nor would the mark be seen, and the item be given up for that
        return failure(WorkError("this worker does not see the batch's folder", "Share it under the same path."))
    try:
        archive = _opened(opener)
    except WorkbenchError as exc:
        return failure(exc)
    with watched(Path(task.mark)) as gone:
        return make(archive, task, gone)


def make(archive: Archive, task: Task, cancel: threading.Event) -> dict[str, Any]:
    """Make an item with an archive that is open."""
    spec, folder, name = ExportSpec.from_json(task.spec), Path(task.folder), task.name
    try:
        with _scratch(folder, name, task.token) as part:
            plan = plan_export(spec, archive)
            result = exported(plan, archive, part, folder / name, cancel)
            made = manifest(archive, plan, result, spec, name)
            _write(part / MANIFEST, made)
            made = _take_name(part, folder / name, made, spec, archive)
    except WorkbenchError as exc:
        return failure(exc)
    except OSError as exc:
        return failure(WorkError(f"{name} cannot be written: {exc.strerror or exc}", "Check room and rights."))
    return {"state": "done", "manifest": made}


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


def _write(path: Path, data: dict[str, Any]) -> None:
    with path.open("x", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _take_name(part: Path, final: Path, made: dict[str, Any], spec: ExportSpec, archive: Archive) -> dict[str, Any]:
    """One rename; where another process was quicker with the same item, its folder stays, and its manifest counts."""
    try:
        part.rename(final)
    except OSError:
        if not final.is_dir():
            raise
        try:
            told = read(final)
            same = is_of(told, spec, archive) and told["meaning"] == made["meaning"]
        except (ValueError, KeyError, TypeError, WorkbenchError):
            same = False
        if not same:
            raise WorkError(f"{final.name} is there already and is no such item", "Move that folder away.") from None
        return told
    return made
