"""Exports that run while cells run: each in a thread, with an archive of its own, cancelled by an event.

    job = session.export()
    job.progress.fraction, job.state          # "waiting", "running", "done", "failed", "cancelled"
    job.cancel(); job.wait(60)

The session's state notes each job before it starts and when it ends, so that a dead kernel loses none: what became of
one that was running then is looked up (`aftermath`), and it can be run again, or brought home from the VMS. A note that
cannot be written is told and harms no export. A job that still runs when its page is opened again goes on in the new,
also when the old one is closed.
"""

from __future__ import annotations

import json
import shutil
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.archives.remote import RemoteArchive
from workbench.core.errors import Cancelled, RequestError, WorkbenchError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, Progress
from workbench.core.spec import ExportSpec
from workbench.evidence.case import Case
from workbench.evidence.nouns import ExportRecord
from workbench.export import plan_export, run_export
from workbench.widgets import kernels, urgent
from workbench.widgets.aftermath import ENDED, became, pending_as

if TYPE_CHECKING:
    from workbench.widgets.session import Session

AT_ONCE = 2
LOOK = 0.1
"""Seconds between two looks of a waiting export at its Cancel."""


class Job:
    """One export: what was asked, how far it is, what came of it."""

    def __init__(self, name: str, spec: ExportSpec, out: Path, *, entry: int = 0, resume: str = "") -> None:
        self.id = name
        self.spec, self.out = spec, out
        self.entry = entry
        """Entries that the case's log had when it began."""
        self.resume = resume
        """Id of an export at the VMS that is brought home; empty for a new one."""
        self.home: Jobs | None = None
        """Those it is noted among."""
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

    @property
    def ended(self) -> bool:
        """Whether nothing of it is to come any more."""
        return self._ended.is_set()

    def note(self) -> dict[str, Any]:
        """What the session's state keeps of it."""
        words = "" if self.error is None else self.error.message
        export = "" if self.record is None else self.record.id
        return {
            "id": self.id,
            "spec": self.spec.to_json(),
            "state": self.state,
            "export": export,
            "words": words,
            "kernel": kernels.this_kernel(),
            "entry": self.entry,
            "resume": self.resume,
        }

    def is_of(self, note: Mapping[str, Any]) -> bool:
        """Whether a note is of this very export, and not of one that another page or kernel gave the same id."""
        own = self.note()
        same = json.dumps(note.get("spec"), sort_keys=True) == json.dumps(own["spec"], sort_keys=True)
        same = same and note.get("export", "") in ("", own["export"])
        return same and all(note.get(key) == own[key] for key in ("id", "kernel", "entry"))


class Jobs:
    """The exports of a session; a few at a time, the others wait."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jobs: dict[str, Job] = {}
        self.name = urgent.known(self)
        """By which a subshell finds them."""
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._at_work: set[Job] = set()
        """Those that were started here and whose threads have not ended, wherever they are noted by now."""
        self.on_change: list[Callable[[Job], None]] = []
        """Called in the job's thread whenever something of a job changed."""

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __getitem__(self, name: str) -> Job:
        return self._jobs[name]

    def start(self, spec: ExportSpec, out: Path, *, resume: str = "") -> Job:
        """Note a job and run it in a thread; `resume` brings an export home that a VMS was given before."""
        case = self._session.case
        with self._session.lock:
            entry = 0 if case is None else len(case.entries)
            name = _following([*self._jobs, *(str(note["id"]) for note in self._session.state.jobs)])
            job = Job(name, spec, out, entry=entry, resume=resume)
            job.home, self._jobs[job.id] = self, job
            self._at_work.add(job)
            self._note(job)
        threading.Thread(target=self._work, args=(job,), name=f"workbench-{job.id}", daemon=True).start()
        return job

    def close(self) -> None:
        """Cancel all that run, and wait a little for them; those that a newer page took over go on there."""
        mine = [job for job in self if job.home is self]
        for job in mine:
            job.cancel()
        for job in mine:
            job.wait(10)

    @property
    def needs_archive(self) -> bool:
        """Whether others work with the session's archive: an export that left for a newer page, or an open page."""
        with self._session.lock:
            left = any(job.home is not self for job in self._at_work)
        others = (one._session for one in urgent.everyone() if one is not self)
        return left or any(other.archive is self._session.archive and not other.closed for other in others)

    def again(self, note: Mapping[str, Any], out: Path) -> Job:
        """Carry out a job once more, by its note; one that the VMS still has is brought home instead."""
        resume = str(note.get("resume", ""))
        if isinstance(self._session.archive, RemoteArchive):
            resume = pending_as(self._session.archive, resume)
        return self.start(ExportSpec.from_json(note["spec"]), out, resume=resume)

    def taken_up(self, notes: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Notes that a memory kept, as things stand now, and those of this page's own exports that it does not hold."""
        kept = tuple(self._apart(tuple(notes)))
        claimed = {str(note.get("export", "")) for note in kept}
        for note in kept:
            job = self._jobs.get(str(note["id"]))
            if job is not None:
                yield job.note()
            elif note.get("state") in ENDED:
                yield dict(note)
            elif _runs_here(note):
                yield {**note, "state": "elsewhere", "words": "Another page of this kernel carries it out."}
            else:
                found = became(self._session, note, claimed)
                claimed.add(str(found["export"]))
                yield found
        held = {note["id"] for note in kept}
        yield from (job.note() for job in self if job.home is self and job.id not in held)

    def adopt(self) -> None:
        """Go on with what runs in this very kernel for an older page of this case and archive, and note it here."""
        for others in urgent.everyone():
            if others is self or not self._session.is_like(others._session):
                continue
            with others._session.lock:
                for job in others:
                    if job.home is others and not job.ended and job.id not in self._jobs:
                        job.home, self._jobs[job.id] = self, job

    def _apart(self, notes: tuple[Mapping[str, Any], ...]) -> Iterator[Mapping[str, Any]]:
        """The notes; one of another export that has the id of one of these gets an id of its own."""
        taken = [*self._jobs, *(str(note["id"]) for note in notes)]
        for note in notes:
            job = self._jobs.get(str(note["id"]))
            if job is None or job.is_of(note):
                yield note
            else:
                taken.append(_following(taken))
                yield {**note, "id": taken[-1]}

    def _work(self, job: Job) -> None:
        try:
            self._run(job)
        finally:
            with self._session.lock:
                self._at_work.discard(job)
            self._session.let_go()

    def _run(self, job: Job) -> None:
        archive = None
        try:
            with self._turn(job):
                job.state = "running"
                self._note(job)
                archive = self._session.another_archive()
                self._carry_out(job, archive)
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

    @contextmanager
    def _turn(self, job: Job) -> Iterator[None]:
        """Wait until few enough others run; Cancelled as soon as that is asked for."""
        came = False
        try:
            while not job._cancel.is_set() and not came:
                came = self._slots.acquire(timeout=LOOK)
            if job._cancel.is_set():
                raise Cancelled("the export was cancelled before it began", "Nothing was made.")
            yield
        finally:
            if came:
                self._slots.release()

    def _carry_out(self, job: Job, archive: Any) -> None:
        def told(progress: Progress) -> None:
            job.progress = progress
            self._changed(job)

        if job.resume:
            self._bring_home(job, archive, told)
            return
        job.plan = plan_export(job.spec, archive)
        own = self._session.case
        if own is None:
            job.result = run_export(job.plan, archive, job.out, on_progress=told, cancel=job._cancel)
            return
        case = Case.open(own.folder, own.who)  # a case of its own: threads share the log by its lock
        job.record = case.export(job.plan, archive, on_progress=told, cancel=job._cancel)

    def _bring_home(self, job: Job, archive: Any, told: Callable[[Progress], None]) -> None:
        """Fetch what a VMS made for a kernel that is gone, and file it."""
        if not isinstance(archive, RemoteArchive):
            raise RequestError("archive", "what is to be brought home lies at a VMS", "Open the page on that server.")
        own = self._session.case
        folder = job.out if own is None else job.out / f"resumed-{job.resume}"
        job.result = archive.resume(job.resume, folder, on_progress=told, cancel=job._cancel)
        if own is not None:
            job.record = _filed(job, job.result, Case.open(own.folder, own.who))
            shutil.rmtree(folder, ignore_errors=True)

    def _end(self, job: Job) -> None:
        home = job.home or self
        try:
            if home._session.case is not None:
                home._session.case.refresh()
            if job.state == "done":
                made = job.id if job.record is None else job.record.id
                home._session.step("export", spec=job.spec.to_json(), id=made)
        except WorkbenchError as exc:
            home._session.note(f"{job.id}: {exc.message}")
        finally:
            home._note(job)
            job._ended.set()
            self._changed(job)

    def _note(self, job: Job) -> None:
        """Note how a job stands; a note that cannot be saved is told by the session, and the job goes on."""
        session = (job.home or self)._session
        try:
            with session.lock:
                if job.home is not None and job.home._session is not session:  # a newer page took it meanwhile
                    self._note(job)
                    return
                notes = [job.note() if note["id"] == job.id else note for note in session.state.jobs]
                known = any(note["id"] == job.id for note in session.state.jobs)
                session.set(jobs=(*notes, *(() if known else (job.note(),))))
        except WorkbenchError as exc:
            session.note(f"{job.id}: {exc.message}")
        self._changed(job)

    def _changed(self, job: Job) -> None:
        for jobs in {self, job.home or self}:
            for told in tuple(jobs.on_change):
                told(job)


def _following(taken: Iterable[str]) -> str:
    """The id behind all those that are taken."""
    return f"J{max((int(name[1:]) for name in taken if name[1:].isdecimal()), default=0) + 1}"


def _runs_here(note: Mapping[str, Any]) -> bool:
    """Whether some page of this kernel carries out the export of a note."""
    return any(job.is_of(note) and not job.ended for jobs in urgent.everyone() for job in jobs)


def _filed(job: Job, result: ExportResult, case: Case) -> ExportRecord:
    """Put what came home into the case; where that cannot be, the error says where it lies."""
    try:
        return case.add(result)
    except (WorkbenchError, OSError) as exc:
        why = exc.message if isinstance(exc, WorkbenchError) else exc.strerror or exc
        folder = Path(result.files[0].path).parent
        raise WorkError(
            f"the export came home, into {folder}, and could not be filed in the case: {why}",
            f"File it with Case.add, as session.case.add(session.jobs[{job.id!r}].result) in a cell of this notebook.",
        ) from exc
