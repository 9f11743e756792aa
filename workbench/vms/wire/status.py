"""The state of an export: numbers 0 to 6 with a progress, an error text and the names of its files.

Tolerated: a missing id, progress in any notation, no friendly names. Everything else that cannot be is a RemoteError
that names the field. State 2 with ``succeeded: false`` is a failure (see `Status.complete`).

>>> read(b'{"id":"a","state":1,"progress":2.500000000e-01,"error":"","files":[]}', "a").progress
0.25
"""

from __future__ import annotations

import math
from typing import Any

from workbench.vms.wire.document import Fields, one_line, remote
from workbench.vms.wire.nouns import Status

LABELS = {
    0: "not performed yet",
    1: "running",
    2: "complete",
    3: "export error",
    4: "not enough space to complete the operation",
    5: "a file with that name already exists",
    6: "no data to export",
}
"""State → what it means."""
MOST_BYTES = 2**20
MOST_FILES = 10_000
MOST_ERROR = 500
NOISE = 1e-6


def write(status: Status) -> dict[str, Any]:
    """The document of a state; keys that say nothing are left out."""
    data: dict[str, Any] = {
        "id": status.id,
        "state": status.state,
        "progress": status.progress,
        "error": one_line(status.error, MOST_ERROR),
        "files": list(status.files),
    }
    if status.friendly or not status.files:
        data["filesFriendly"] = list(status.friendly)
    if status.succeeded is not None:
        data["succeeded"] = status.succeeded
    if status.sidecars:
        data["sidecars"] = list(status.sidecars)
    return data


def read(data: bytes, id: str) -> Status:  # noqa: A002 - the API's own name
    """The state of the export `id`; RemoteError naming the field for anything malformed."""
    fields = Fields(remote(data, "status", most=MOST_BYTES), "status")
    named = fields.text("id", id, 128)
    if named.lower() != id.lower():
        raise fields.bad("id", f"is {one_line(named, 70)!r}, asked was {id!r}")
    state = fields.whole("state", 0, 6)
    succeeded = fields.flag("succeeded") if "succeeded" in fields.data else None
    complete = state == 2 and succeeded is not False
    files = fields.texts("files", required=complete, most=MOST_FILES)
    friendly = fields.texts("filesFriendly", required=False, most=MOST_FILES)
    if friendly and len(friendly) != len(files):
        raise fields.bad("filesFriendly", f"has {len(friendly)} names for {len(files)} files")
    if complete and not files:
        raise fields.bad("files", "is empty, though the state is complete")
    return Status(
        id=id,
        state=state,
        progress=_progress(fields),
        error=one_line(fields.text("error"), MOST_ERROR),
        files=files,
        friendly=friendly,
        succeeded=succeeded,
        sidecars=fields.texts("sidecars", required=False, most=MOST_FILES),
    )


def _progress(fields: Fields) -> float:
    value = fields.data.get("progress", 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.bad("progress", "is not a number")
    if not -NOISE <= value <= 1 + NOISE or (isinstance(value, float) and not math.isfinite(value)):
        raise fields.bad("progress", "is not a number from 0 to 1")
    return min(1.0, max(0.0, float(value)))
