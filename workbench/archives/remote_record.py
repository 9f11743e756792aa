"""From what came to the result: files named and measured, the account, the record of the server, the flight; published.

    out/Server1_1.Hall[…].mp4               as the VMS made it          kind video
    out/….mp4.vtt                           its time text, if any       captions
    out/….mp4.server.json                   the server's own record     server-record
    out/….mp4.flight.jsonl                  every call                  flight
    out/….mp4.json                          our record, last of all     record

Where the files are made here the master lies beside them as ``….original.mkv`` (`remote_derive`).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.archives import remote_check, remote_derive
from workbench.archives.remote_delivered import Delivered, Finished, as_delivered
from workbench.archives.remote_fetch import Came, Teller
from workbench.archives.remote_pending import Pending
from workbench.core.errors import Cancelled, NameTaken, WorkError
from workbench.core.result import ExportResult, OutputFile
from workbench.core.timebase import instant_us, iso
from workbench.media import naming
from workbench.media.worker import Worker
from workbench.vms.flight import Flight

BY_VMS, HERE = "by the VMS", "here, from the original"
Completed = Callable[[], tuple[bool, str]]
"""Ends the export at the server: whether it was deleted there, and why not."""


def account(
    delivered: Delivered,
    out: Path,
    scratch: Path,
    worker: Worker,
    flight: Flight,
    completed: Completed,
    tell: Teller,
    cancel: threading.Event | None,
) -> ExportResult:
    """Make the result, end the export at the server, then publish: all files or none, the record last."""
    if delivered.pending.derived:
        made = remote_derive.derived(delivered, scratch, worker, tell, cancel)
    else:
        made = as_delivered(delivered)
    main = made.result.files[0].path
    _names_must_be_free(out, [*(name for _, name in made.ready), f"{main}.json", f"{main}.flight.jsonl"])
    if cancel is not None and cancel.is_set():
        raise Cancelled("the export was cancelled", "Nothing was left behind.")
    deleted, why = completed()
    lines = delivered.pending.flight.encode() + flight.lines(_already(delivered.pending, flight))
    calls = lines.splitlines()
    path, file = _written(scratch, "flight", lines, f"{main}.flight.jsonl", "flight")
    told = {
        "path": file.path,
        "sha256": file.sha256,
        "calls": len(calls),
        "retries": sum(json.loads(call)["attempt"] > 1 for call in calls),
    }
    checks = remote_check.checks(delivered.files, delivered.record, delivered.asked)
    remote = {**_remote(delivered, made, checks, deleted), "flight": told}
    warnings = [
        *made.result.warnings,
        *delivered.fetched.notes,
        *_failed(checks),
        *_forced(delivered),
        *([why] if why else []),
    ]
    result = replace(
        made.result,
        files=(*made.result.files, file),
        remote=remote,
        warnings=tuple(dict.fromkeys(warnings)),
    )
    text = json.dumps(result.to_json(), ensure_ascii=False, indent=1).encode(errors="backslashreplace") + b"\n"
    record, record_file = _written(scratch, "record", text, f"{main}.json", "record")
    naming.publish_all([*made.ready, (path, file.path), (record, record_file.path)], out)
    tell("done", 1.0)
    named = tuple(replace(one, path=str(out / one.path)) for one in (*result.files, record_file))
    return replace(result, files=named)


def _remote(delivered: Delivered, made: Finished, checks: list[dict[str, Any]], deleted: bool) -> dict[str, Any]:
    pending, state = delivered.pending, delivered.fetched.status
    _, by = remote_check.ledger(delivered.files, delivered.record, delivered.asked)
    return {
        "server": {"url": pending.url, "version": delivered.version, "user": delivered.user, "tls": delivered.tls},
        "clock": pending.clock,
        "request": pending.request,
        "export": {
            "id": pending.id,
            "began": pending.started,
            "ended": iso(instant_us(datetime.now(UTC))),
            "state": state.state,
            "succeeded": state.succeeded,
            "deleted": deleted,
            "kept": not deleted,
        },
        "files": [_came(one.came, made.saved[one.came.name]) for one in delivered.files],
        "delivered": checks,
        "ledger_by": "" if pending.derived else by,
        "made": HERE if pending.derived else BY_VMS,
    }


def _came(one: Came, saved_as: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "friendly": one.friendly or None,
        "saved_as": saved_as,
        "size": one.got.size,
        "sha256": one.got.sha256,
        "etag": one.got.etag or None,
        "breaks": one.got.breaks,
        "refetched": one.got.refetched,
        "server_sha256": one.got.server_sha256,
    }


def _failed(checks: list[dict[str, Any]]) -> list[str]:
    """A sentence for every check that did not hold."""
    wrong = [check for check in checks if check["verdict"] == remote_check.FAILED]
    return [f"{one['check']}: asked {one['expected']}, delivered {one['found']} ({one['note']})" for one in wrong]


def _forced(delivered: Delivered) -> list[str]:
    """A word on masks that nobody here asked for."""
    more = 0 if delivered.record is None else delivered.record.masks - len(delivered.asked.spec.masks)
    return [f"the server laid on masks of its own that were not asked for: {more}"] if more > 0 else []


def _already(pending: Pending, flight: Flight) -> int:
    """How many calls of this flight stand in what was written down; none where another process wrote it."""
    begun = flight.lines()
    return pending.flight.count("\n") if pending.flight and begun.startswith(pending.flight.encode()) else 0


def _written(scratch: Path, name: str, data: bytes, final: str, kind: str) -> tuple[Path, OutputFile]:
    path = scratch / name
    try:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise WorkError(f"{final} cannot be written: {exc.strerror or exc}", "Make room, then try again.") from exc
    return path, OutputFile(path=final, kind=kind, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def _names_must_be_free(out: Path, names: Sequence[str]) -> None:
    """NameTaken before the server's copy is given up."""
    for name in names:
        if (out / name).exists() or (out / name).is_symlink():
            raise NameTaken(f"{out / name} exists already", "Choose another folder; nothing is ever overwritten.")
