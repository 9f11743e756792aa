"""What became of an export whose kernel is gone: looked up in the case's log, at the VMS, on the disk; never assumed.

    note = became(session, note, claimed={"E1"})      # the job's note with the state, words and ids that hold now

The log decides: an export that is in it is done, one that is in it as failed has failed. A VMS that goes on with one is
named with the id by which it is brought home. Whatever else lies there of it is named too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workbench.archives.remote import RemoteArchive
from workbench.core.errors import WorkbenchError
from workbench.core.plan import ExportPlan
from workbench.evidence.book import FOLDERS
from workbench.widgets import kernels

if TYPE_CHECKING:
    from workbench.evidence.case import Case
    from workbench.widgets.session import Session

ENDED = ("done", "failed", "cancelled")
"""States in which an export stays; any other is looked up again whenever a session is taken up."""
Note = Mapping[str, Any]


def became(session: Session, note: Note, claimed: Collection[str]) -> dict[str, Any]:
    """The note of a job that no thread of this kernel carries out, as things stand; `claimed` are exports of others."""
    if kernels.lives(note.get("kernel")) and not kernels.is_this(note.get("kernel")):
        words = f"Another kernel (process {note['kernel']['pid']}) carries it out."
        return {**note, "state": "elsewhere", "words": words}
    if session.case is not None and (logged := _logged(session.case, _names(session, note), note, claimed)):
        return {**note, **logged, "resume": ""}
    pending = _pending(session, note)
    if pending:
        words = f"The kernel ended while it ran; the VMS was given it as {pending}. “Run again” brings that one home"
        words += f", and so does `workbench resume {session.archive.url} {pending} --out DIR`."  # type: ignore[attr-defined]
        return {**note, "state": "interrupted", "words": words, "resume": pending}
    words = "The kernel ended while it ran; "
    if note.get("resume"):
        words += _fetched(session.case, str(note["resume"]))
    else:
        words += f"the case has no export of it. {_left(session.case)}"
    return {**note, "state": "interrupted", "words": words}


def pending_as(archive: RemoteArchive, name: str) -> str:
    """The id by which a VMS's export is brought home now that was noted as `name`; empty where it is not pending."""
    return next((one.id for one in archive.pending() if name and name in (one.id, one.marker)), "")


def _logged(case: Case, names: set[str], note: Note, claimed: Collection[str]) -> dict[str, Any] | None:
    """What the log says came of a request since its job began; None where it says nothing."""
    if note.get("resume") and (made := _brought(case, str(note["resume"]))) and made not in claimed:
        return {"state": "done", "export": made, "words": "The kernel ended when it was home; the case has it."}
    wanted = [_plain({**note["spec"], "source": name}) for name in names]
    since = note.get("entry")
    plans = {
        entry.data["id"]
        for entry in case.entries
        if entry.what == "plan-made" and _plain(entry.data["plan"].get("spec")) in wanted
    }
    for entry in case.entries[since if isinstance(since, int) else 0 :]:
        if entry.what not in ("export-done", "export-failed") or entry.data.get("plan") not in plans:
            continue
        if entry.what == "export-done" and entry.data["id"] not in claimed:
            words = "The kernel ended when it was done; the case has it."
            return {"state": "done", "export": entry.data["id"], "words": words}
        if entry.what == "export-failed":
            return {"state": "failed", "words": str(entry.data.get("message", ""))}
    return None


def _brought(case: Case, at_vms: str) -> str:
    """The export of a case that had an id at a VMS and was brought home from there; empty where there is none."""
    for export in case.state.exports:
        if export.plan:
            continue
        with suppress(WorkbenchError):
            told = case.result(export).get("remote") or {}
            if told.get("export", {}).get("id") == at_vms:
                return export.id
    return ""


def _fetched(case: Case | None, at_vms: str) -> str:
    """What is known of an export that was to be brought home and is on the list of pending ones no longer."""
    if case is not None and (made := _brought(case, at_vms)):
        return f"it was brought home from the VMS as {made}."
    told = f"the VMS was given it as {at_vms}, and it is no longer to be had there; the case has no export of it."
    return f"{told} If this page brought it home, its files lie in resumed-{at_vms}, in the page's folder of exports."


def _names(session: Session, note: Note) -> set[str]:
    """The names by which a job's camera may be on record: as it was asked for, and by its id."""
    asked = str(note["spec"].get("source", ""))
    try:
        return {asked, session.brief(asked).id}
    except WorkbenchError:
        return {asked}


def _pending(session: Session, note: Note) -> str:
    """Id of the export at the VMS; empty where there is none that was started from here."""
    if not isinstance(session.archive, RemoteArchive):
        return ""
    if note.get("resume"):
        return pending_as(session.archive, str(note["resume"]))
    wanted = [_plain({**note["spec"], "source": name}) for name in _names(session, note)]
    for one in session.archive.pending():
        try:
            asked = ExportPlan.from_data(one.plan).spec.to_json()
        except (KeyError, TypeError, ValueError, WorkbenchError):
            continue
        if _plain(asked) in wanted:
            return one.id
    return ""


def _left(case: Case | None) -> str:
    """What lies among the exports of a case and belongs to none."""
    if case is None:
        return ""
    known = {export.id for export in case.state.exports}
    try:
        odd = sorted(p.name for p in case.path(FOLDERS["E"]).iterdir() if p.name not in known)
    except OSError:
        odd = []
    if not odd:
        return "Nothing of it was left behind."
    listed = ", ".join(f"{FOLDERS['E']}/{name}" for name in odd[:5])
    return f"Of no export in the log, and free to be removed once no export runs: {listed}."


def _plain(data: Any) -> str:
    return json.dumps(data, sort_keys=True)
