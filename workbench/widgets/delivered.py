"""What an export delivered, against what was asked: read from its record, never from the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.widgets.jobs import Job
from workbench.widgets.session import Session

FATES = {
    "copied": "copied",
    "reencoded": "re-encoded",
    "masked": "masked",
    "dropped": "left out by the rate",
    "undecodable": "undecodable",
    "missing": "missing",
    "delivered": "delivered",
}


def delivered(session: Session, note: Mapping[str, Any], job: Job | None) -> dict[str, Any]:
    """Files with hashes, and one line of what was delivered; empty for an export that is not done."""
    if note["state"] != "done":
        return {"line": "", "files": [], "warnings": []}
    try:
        record = _record(session, note, job)
    except WorkbenchError as exc:
        return {"line": f"Its record cannot be read: {exc.message}", "files": [], "warnings": []}
    if record is None:
        return {"line": "It was made by an earlier kernel; its record lies beside it.", "files": [], "warnings": []}
    files = [
        {"name": Path(f["path"]).name, "kind": f["kind"], "size": f["size"], "sha256": f["sha256"]}
        for f in (*record["files"], *record["sidecars"])
    ]
    return {"line": line(note["spec"], record), "files": files, "warnings": list(record.get("warnings", ()))[:20]}


def line(asked: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Asked and delivered in one sentence."""
    shown = [f for f in record["files"] if f["first"] is not None]
    first, last = (shown[0]["first"], shown[-1]["last"]) if shown else (None, None)
    fates = [f"{n} {FATES.get(fate, fate)}" for fate, n in record["ledger"].items() if n]
    gaps = len(record["gaps"])
    parts = [
        f"Asked: {asked['begin']} to {asked['end']}.",
        f"Delivered: {first} to {last}." if first else "Delivered: no picture.",
        f"Pictures: {', '.join(fates) or 'none'}.",
        f"{gaps} gap{'s' * (gaps != 1)} in the recording." if gaps else "No gap in the recording.",
    ]
    return " ".join(parts)


def files_of(session: Session, note: Mapping[str, Any], job: Job | None) -> Iterator[tuple[str, Path]]:
    """Names and places of an export's files."""
    if session.case is not None and note["export"]:
        held = next((e for e in session.case.state.exports if e.id == note["export"]), None)
        for file in () if held is None else (*held.files, held.record):
            path = session.case.path(file)
            yield path.name, path
    elif job is not None and job.result is not None:
        for made in job.result.files:
            yield Path(made.path).name, Path(made.path)


def _record(session: Session, note: Mapping[str, Any], job: Job | None) -> dict[str, Any] | None:
    if session.case is not None and note["export"]:
        return session.case.result(note["export"])
    return None if job is None or job.result is None else job.result.to_json()
