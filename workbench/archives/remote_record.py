"""From what came to the result: files named and measured, the account, the record of the server, the flight; published,
and only then deleted at the server (`remote_home`).

    out/Server1_1.Hall[…].mp4               as the VMS made it          kind video
    out/….mp4.vtt                           its time text, if any       captions
    out/….mp4.server.json                   the server's own record     server-record
    out/….mp4.flight.jsonl                  every call                  flight
    out/….mp4.json                          our record, last of all     record

Where the files are made here the master lies beside them as ``….original.mkv`` (`remote_derive`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.archives import remote_check, remote_derive, remote_home
from workbench.archives.remote_delivered import Delivered, Finished, as_delivered
from workbench.archives.remote_ending import Ending
from workbench.archives.remote_fetch import Came, Teller
from workbench.archives.remote_pending import Pending
from workbench.core.errors import Cancelled, NameTaken
from workbench.core.result import ExportResult
from workbench.core.timebase import instant_us, iso
from workbench.media import naming
from workbench.media.worker import Worker
from workbench.vms.flight import Flight

BY_VMS, HERE = "by the VMS", "here, from the original"


def account(
    delivered: Delivered,
    out: Path,
    scratch: Path,
    worker: Worker,
    flight: Flight,
    ending: Ending,
    tell: Teller,
    cancel: threading.Event | None,
) -> ExportResult:
    """Make the result and publish it, all files or none, the record last; then end the export at the server."""
    if delivered.pending.derived:
        made = remote_derive.derived(delivered, scratch, worker, tell, cancel)
    else:
        made = as_delivered(delivered)
    main = made.result.files[0].path
    _names_must_be_free(out, [*(name for _, name in made.ready), f"{main}.json", f"{main}.flight.jsonl"])
    if cancel is not None and cancel.is_set():
        raise Cancelled("the export was cancelled", "Nothing was kept here.")
    checks = remote_check.checks(delivered.files, delivered.record, delivered.asked)
    warnings = [*made.result.warnings, *delivered.fetched.notes, *_failed(checks), *_forced(delivered)]
    result = replace(
        made.result,
        remote=_remote(delivered, made, checks, keep=ending.keep),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    already = _already(delivered.pending, flight)

    def calls() -> bytes:
        return delivered.pending.flight.encode() + flight.lines(already)

    papers = remote_home.papers(result, calls(), scratch)
    ending.named(remote_home.note(papers, out))
    naming.publish_all([*made.ready, *papers.ready], out)
    ending.published = True
    done = remote_home.ended(papers, out, scratch, calls, ending)
    tell("done", 1.0)
    return done


def _remote(delivered: Delivered, made: Finished, checks: list[dict[str, Any]], *, keep: bool) -> dict[str, Any]:
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
            "deleted": False if keep else None,
            "kept": keep,
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


def _names_must_be_free(out: Path, names: Sequence[str]) -> None:
    """NameTaken before anything is written."""
    for name in names:
        if (out / name).exists() or (out / name).is_symlink():
            raise NameTaken(f"{out / name} exists already", "Choose another folder; nothing is ever overwritten.")
