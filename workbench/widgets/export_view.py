"""`ExportView`: the plan before the run, the controls, and the exports: what runs, and what was delivered.

A plan is made whenever the request changed and rests; it is laid over the timeline. Progress travels as messages, so it
shows while cells run; a finished file is sent as messages, piece by piece, where somebody plays or fetches it, and is
never saved. One that is too large for a browser is not sent: the page says where it lies.
"""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError, SourceError, WorkbenchError
from workbench.core.spec import FRAME_FORMATS, ExportSpec
from workbench.widgets import sending
from workbench.widgets.delivered import delivered, files_of
from workbench.widgets.jobs import Job
from workbench.widgets.planned import planned, stretches
from workbench.widgets.session import Session
from workbench.widgets.state import State
from workbench.widgets.view import View, verb

BETWEEN = 0.1
"""Seconds between two messages of progress."""


class ExportView(View):
    """Format, plan, run, results."""

    label = "Export"
    script = "export"
    parts = ("export_plan", "export_fetch", "export_jobs", "export_page")

    def __init__(self, session: Session, *, out: str = "exports") -> None:
        """Show the exports of a session; without a case they go to the folder `out`."""
        self.out = out
        self._plans: dict[str, Any] = {}
        self._request = 0
        self._read: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._told: dict[str, float] = {}
        self._told_lock = threading.Lock()
        super().__init__(session)
        session.jobs.on_change.append(self._job_changed)

    def draw(self) -> dict[str, Any]:
        """The request, the plans that were made of it, and the exports."""
        state = self.session.state
        return {
            "options": dict(state.options),
            "sources": [{"id": name, "name": self.session.glance(name).name} for name in state.sources],
            "range": [state.begin, state.end, state.at if _is_single(state.options) else None],
            "dated": state.dated,
            "zone": self.session.glance(state.source).zone if state.source else "UTC",
            "plans": self._plans,
            "request": self._request,  # the front asks for a plan whenever another one is wanted, masks included
            "token": self.session.jobs.name,
            "remote": self._remote,
            "most": sending.MOST_SENT,
            "jobs": [self._job(note) for note in state.jobs],
            "where": f"the case {self.session.case.folder.name}" if self.session.case else f"the folder {self.out}",
        }

    def follow(self, before: State, after: State) -> None:
        """Plans of an earlier request do not stand beside another one."""
        if _wanted(before) == _wanted(after):
            return
        self._request += 1
        self._plans = {}
        if self.session.overlay:
            self.session.lay(())
        else:
            self.refresh()

    @verb(lane="hand")
    def on_option(self, name: str, value: Any) -> None:
        """Set one field of the request; RequestError where the request cannot have it."""
        if name in ("source", "begin", "end", "crop", "masks") or name not in ExportSpec.__slots__:
            raise RequestError(name, "it is not set here")
        with self.session.lock:
            options = {**self.session.state.options, name: value}
            if value in (None, ""):
                options.pop(name)
            _check(options)
            self.session.set(options=options)

    @verb(newest="plan")
    def on_plan(self) -> None:
        """Say for each chosen camera how its export would be made."""
        with self.session.lock:
            request, sources = self._request, self.session.state.sources
        plans: dict[str, Any] = {}
        overlay: list[dict[str, Any]] = []
        for name in sources:
            try:
                plan = self.session.plan(name)
            except WorkbenchError as exc:
                field = str(getattr(exc, "field", ""))
                plans[name] = {"error": {"what": exc.message, "advice": exc.advice, "field": field}}
                continue
            plans[name] = planned(plan, remote=self._remote)
            overlay += stretches(name, plan, remote=self._remote)
        with self.session.lock:
            if request == self._request:
                self._plans = plans
                self.session.lay(overlay)

    @verb(lane="hand")
    def on_run(self, sources: list[str] | None = None) -> list[str]:
        """Start the exports of these cameras, of all chosen ones where None; the names of their jobs."""
        names = self.session.state.sources if sources is None else sources
        if not names:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        specs = [self.session.spec(name) for name in names]
        return [self.session.jobs.start(spec, Path(self.out)).id for spec in specs]

    @verb
    def on_cancel(self, job: str) -> None:
        """Ask an export to stop; nothing half is left of it."""
        self._running(job).cancel()

    @verb(lane="hand")
    def on_again(self, job: str) -> str:
        """Start an export anew that failed, was cancelled or was interrupted."""
        note = self._note(job)
        return self.session.jobs.again(note, Path(self.out)).id

    @verb(slow=True)
    def on_fetch(self, job: str, file: str, at: int = 0) -> int:
        """Send the piece of a finished file that begins at byte `at`; the file's size in bytes.

        The front asks for the next one when it has a piece, so that no file is ever held whole here. For the first one
        the record is read anew.
        """
        note, held = self._note(job), self._find(job)
        found = delivered(self.session, note, held) if at <= 0 else self._delivered(note, held)
        digest = next((f["sha256"] for f in found["files"] if f["name"] == file), None)
        path = next((path for name, path in files_of(self.session, note, held) if name == file), None)
        if path is None or digest is None:
            raise SourceError(f"{file[:80]} is no file of that export, or it is gone", "Look into its folder.")
        data, size = sending.piece(path, at, digest)
        self.post("piece", {"job": job, "file": file, "at": at, "size": size}, [data])
        return size

    def still(self) -> str:
        """The exports as a table."""
        rows = "".join(
            f"<tr><td>{html.escape(str(job['id']))}</td><td>{html.escape(job['source'])}</td>"
            f"<td>{html.escape(job['state'])}</td><td>{html.escape(job['line'])}</td></tr>"
            for job in map(self._job, self.session.state.jobs)
        )
        return f"<table><caption>Exports</caption>{rows or '<tr><td>none</td></tr>'}</table>"

    def close(self) -> None:
        """Stop following the exports too."""
        if hasattr(self, "_told_lock") and self._job_changed in self.session.jobs.on_change:
            self.session.jobs.on_change.remove(self._job_changed)
        super().close()

    @property
    def _remote(self) -> bool:
        return isinstance(self.session.archive, RemoteArchive)

    def _job(self, note: Mapping[str, Any]) -> dict[str, Any]:
        """One export as it is shown."""
        job = self._find(note["id"])
        source = note["spec"].get("source", "")
        known = self.session.known(source)
        what = {"id": note["id"], "source": source, "format": note["spec"].get("format", "")}
        advice = job.error.advice if job is not None and job.error is not None else ""
        told = self._delivered(note, job)
        return {
            **what,
            "camera": source if known is None else known.name,
            "state": note["state"],
            "export": note["export"],
            "words": note["words"],
            "advice": advice,
            "folder": self._folder(note, job),
            **told,
        }

    def _delivered(self, note: Mapping[str, Any], job: Job | None) -> dict[str, Any]:
        """What an export delivered; its record is read until it could be, and for no drawing after that."""
        key = (note["id"], note["export"], note["state"])
        found = self._read.get(key)
        if found is None:
            found = delivered(self.session, note, job)
            if found["files"]:
                self._read[key] = found
        return found

    def _folder(self, note: Mapping[str, Any], job: Job | None) -> str:
        """Where the files of an export lie, as case or folder were named; empty where there are none."""
        first = next((path for _, path in files_of(self.session, note, job)), None)
        return "" if first is None or note["state"] != "done" else str(first.parent)

    def _find(self, name: str) -> Job | None:
        try:
            return self.session.jobs[name]
        except KeyError:
            return None

    def _running(self, name: str) -> Job:
        job = self._find(name)
        if job is None:
            raise RequestError("job", f"no export {name[:20]} runs here", "It ended, or another kernel ran it.")
        return job

    def _note(self, name: str) -> Mapping[str, Any]:
        note = next((note for note in self.session.state.jobs if note["id"] == name), None)
        if note is None:
            raise RequestError("job", f"there is no export {name[:20]!r}")
        return note

    def _job_changed(self, job: Job) -> None:
        """Tell the front how far an export is, a few times a second; its end always."""
        now = time.monotonic()
        with self._told_lock:
            if job.state == "running" and now - self._told.get(job.id, 0.0) < BETWEEN:
                return
            self._told[job.id] = now
        at = job.progress
        self.post(
            "progress",
            {"job": job.id, "state": job.state, "fraction": at.fraction, "stage": at.stage, "left": at.seconds_left},
        )
        if job.state not in ("waiting", "running"):
            self.refresh()


def _is_single(options: Mapping[str, Any]) -> bool:
    return options.get("format") in FRAME_FORMATS


def _wanted(state: State) -> tuple[Any, ...]:
    """What plans depend on: an open polygon changes none, nor does the cursor that of a film."""
    when = (state.at,) if _is_single(state.options) else (state.begin, state.end)
    looks = [(look.masks, look.crop) for look in map(state.look, state.sources)]
    return state.sources, state.dated, when, dict(state.options), looks


def _check(options: Mapping[str, Any]) -> None:
    """RequestError where a request with these fields cannot be."""
    single = _is_single(options)
    ExportSpec.from_json({"format": "mp4", **options, "source": "?", "begin": "+0", "end": "+0" if single else "+1"})
