"""Exports that run while cells run: each in a thread, with an archive of its own, cancelled by an event.

    job = session.export()
    job.progress.fraction, job.state          # "waiting", "running", "done", "failed", "cancelled"
    job.cancel(); job.wait(60)

The session's state notes each job before it starts and when it ends, so that a dead kernel loses none: one that was
running when the kernel ended comes back as ``interrupted``; nothing half is left of it, and it can be run again.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import Cancelled, WorkbenchError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, Progress
from workbench.core.spec import ExportSpec
from workbench.evidence.case import Case
from workbench.evidence.nouns import ExportRecord
from workbench.export import plan_export, run_export
from workbench.widgets import urgent

if TYPE_CHECKING:
    from workbench.widgets.session import Session

AT_ONCE = 2
ENDED = ("done", "failed", "cancelled", "interrupted")


class Job:
    """One export: what was asked, how far it is, what came of it."""

    def __init__(self, name: str, spec: ExportSpec, out: Path) -> None:
        self.id = name
        self.spec, self.out = spec, out
        self.state = "waiting"
        self.progress = Progress(frames=0, fraction=0.0, seconds_left=None, stage="plan")
        self.plan: ExportPlan | None = None
        self.result: ExportResult | None = None
        """Of an export without a case."""
        self.record: ExportRecord | None = None
        """Of an export into the case."""
        self.error: WorkbenchError | None = None
        self._cancel = threading.Event()
        self._ended = threading.Event()

    def cancel(self) -> None:
        """Ask it to stop; nothing half is left behind."""
        self._cancel.set()

    def wait(self, seconds: float | None = None) -> Job:
        """Wait until it ended, at most `seconds`; the job itself."""
        self._ended.wait(seconds)
        return self

    def note(self) -> dict[str, Any]:
        """What the session's state keeps of it."""
        words = "" if self.error is None else self.error.message
        export = "" if self.record is None else self.record.id
        return {"id": self.id, "spec": self.spec.to_json(), "state": self.state, "export": export, "words": words}


class Jobs:
    """The exports of a session; a few at a time, the others wait."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs: dict[str, Job] = {}
        self.name = urgent.known(self)
        """By which a subshell finds them."""
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self.on_change: list[Callable[[Job], None]] = []
        """Called in the job's thread whenever something of a job changed."""

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __getitem__(self, name: str) -> Job:
        return self._jobs[name]

    def start(self, spec: ExportSpec, out: Path) -> Job:
        """Note a job and run it in a thread."""
        with self._session.lock:
            numbers = [int(note["id"][1:]) for note in self._session.state.jobs if note["id"][1:].isdecimal()]
            job = Job(f"J{max(numbers, default=0) + 1}", spec, out)
            self._jobs[job.id] = job
            self._note(job)
        threading.Thread(target=self._run, args=(job,), name=f"workbench-{job.id}", daemon=True).start()
        return job

    def close(self) -> None:
        """Cancel all that run, and wait a little for them."""
        for job in self:
            job.cancel()
        for job in self:
            job.wait(10)

    def taken_up(self, notes: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Notes of an earlier kernel: what had not ended then was interrupted."""
        for note in notes:
            ended = note.get("state") in ENDED
            words = note.get("words", "") if ended else "The kernel ended while it ran. Nothing half is left of it."
            yield {**note, "state": note.get("state") if ended else "interrupted", "words": words}

    def _run(self, job: Job) -> None:
        archive = None
        try:
            with self._slots:
                if job._cancel.is_set():
                    raise Cancelled("the export was cancelled before it began", "Nothing was made.")
                job.state = "running"
                self._note(job)
                archive = self._session.another_archive()
                job.plan = plan_export(job.spec, archive)
                self._carry_out(job, job.plan, archive)
                job.state = "done"
        except Cancelled as exc:
            job.state, job.error = "cancelled", exc
        except WorkbenchError as exc:
            job.state, job.error = "failed", exc
        except Exception as exc:  # noqa: BLE001 - a thread has nobody above it; the view shows what happened
            trace = traceback.format_exception_only(exc)[-1].strip()
            job.state = "failed"
            job.error = WorkError(f"the export failed unexpectedly: {trace}", "This is a fault of the workbench.")
        finally:
            if archive is not None and archive is not self._session.archive:
                archive.close()
            self._end(job)

    def _carry_out(self, job: Job, plan: ExportPlan, archive: Any) -> None:
        def told(progress: Progress) -> None:
            job.progress = progress
            self._changed(job)

        own = self._session.case
        if own is None:
            job.result = run_export(plan, archive, job.out, on_progress=told, cancel=job._cancel)
            return
        case = Case.open(own.folder, own.who)  # a case of its own: threads share the log by its lock
        job.record = case.export(plan, archive, on_progress=told, cancel=job._cancel)
        own.refresh()

    def _end(self, job: Job) -> None:
        try:
            if job.state == "done" and job.record is not None:
                self._session.step("export", spec=job.spec.to_json(), id=job.record.id)
            elif job.state == "done":
                self._session.step("export", spec=job.spec.to_json(), id=job.id)
            self._note(job)
        except WorkbenchError as exc:
            self._session.notes.append(exc.message)
        finally:
            job._ended.set()
            self._changed(job)

    def _note(self, job: Job) -> None:
        with self._session.lock:
            others = [note for note in self._session.state.jobs if note["id"] != job.id]
            self._session.set(jobs=(*others, job.note()))
        self._changed(job)

    def _changed(self, job: Job) -> None:
        for told in tuple(self.on_change):
            told(job)
