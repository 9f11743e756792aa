"""The server's exports: a bounded queue, a few slots that work, finished files that stay until they are not wanted.

    jobs = Jobs(state_folder, lambda: LocalArchive(path))
    id = jobs.start(JobRequest(source="hall", spec_json=…, host="WORKBENCH", device="DeviceIpint.3"))
    jobs.status(id).state            0 waiting, 1 running, 2 complete, 3 … 6 failed: see `vms.wire.status.LABELS`
    jobs.file(id, name)              a file of a complete job, looked up; no name ever becomes a path
    jobs.delete(id)                  cancels, and frees the disk within a second

Each slot is a thread with an archive of its own, whose worker process does the work. What a kill interrupts is queued
again at the next start; a job's folder is moved to ``done/`` whole, and only its row in the database makes it
complete, so no half file is ever served. Among those that wait, the one whose owner has the least running is next.
All methods may be called from any thread; `delete` and `close` wait up to a second or a few, the others do not.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.archives.base import Archive
from workbench.core.errors import WorkbenchError, WorkError
from workbench.server import job_runner, limits, private
from workbench.server.hiding import Hiding
from workbench.server.job_state import ALMOST, due_at, told
from workbench.server.job_store import COMPLETE, FAILED, RUNNING, WAITING, Job, JobFile, JobRequest, Store
from workbench.server.logs import broke
from workbench.vms.wire.nouns import Status

__all__ = ["Job", "JobFile", "JobRequest", "Jobs", "QueueFull"]

NOTE_EVERY = 1.0
"""Seconds between two times that progress is written down."""
SWEEP_EVERY = 60.0
MOST_STARTS = 50
"""After so many starts that never came to an end a job is given up: it may be what ends the server."""
DELETE_WAIT = 1.0


class QueueFull(WorkError):
    """So many exports wait already that this one was not taken; `retry_after` seconds may help."""

    kind = "busy"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, f"Try again in {retry_after} s, or delete exports that are no longer wanted.")
        self.retry_after = retry_after


@dataclass(slots=True)
class _Running:
    """Work on one job."""

    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    noted: float = 0.0


class Jobs:
    """See the module."""

    def __init__(
        self,
        folder: str | Path,
        archive_factory: Callable[[], Archive],
        *,
        slots: int = 2,
        queue: int = 32,
        keep_hours: float = 10.0,
        most_kept: int = 1000,
        hide: Hiding | None = None,
    ) -> None:
        """Take up the jobs of a state folder again; WorkError where another server holds it.

        RequestError for numbers with which no export would be made (`limits`). What `hide` takes out of texts stands in
        nothing that a client is told.
        """
        limits.check(slots=slots, queue=queue, keep_hours=keep_hours)
        self._hide = hide or Hiding(places=(str(folder),))
        self._folder, self._factory = Path(folder), archive_factory
        self._queue, self._keep, self._most = queue, keep_hours * 3600, most_kept
        self._store = Store(self._folder)
        self._change = threading.Condition(threading.RLock())
        self._running: dict[str, _Running] = {}
        self._took: deque[float] = deque([5.0], maxlen=8)
        self._closing = False
        self._forgotten: set[str] = set()
        """Deleted, but perhaps still in the database."""
        self._jobs = {job.id: job for job in self._recovered()}
        self._number = max((job.number for job in self._jobs.values()), default=0)
        self._threads = [threading.Thread(target=self._slot, name=f"export-{n}", daemon=True) for n in range(slots)]
        self._threads.append(threading.Thread(target=self._sweep, name="export-sweep", daemon=True))
        for thread in self._threads:
            thread.start()

    def start(self, request: JobRequest) -> str:
        """Take an export on; its id. QueueFull where too many wait or are kept."""
        with self._change:
            if self._closing:
                raise QueueFull("the server is being stopped", 10)
            live = request.live is not None
            waiting = sum(
                job.state == WAITING and (job.request.live is not None) == live for job in self._jobs.values()
            )
            if waiting >= self._queue or len(self._jobs) >= self._most:
                held = f"{waiting} exports are waiting" if waiting >= self._queue else f"{len(self._jobs)} are kept"
                raise QueueFull(f"{held}, more are not taken", self._soon())
            self._number += 1
            now = time.time()
            job = Job(id=str(uuid.uuid4()), number=self._number, request=request, began=now, active=now)
            self._store.put(job)
            self._jobs[job.id] = job
            self._change.notify_all()
            return job.id

    def status(self, id: str) -> Status | None:  # noqa: A002 - the API's own name
        """How far an export is; None for an id that is not there."""
        with self._change:
            job = self._asked(id)
            return None if job is None else told(job)

    def owner(self, id: str) -> str | None:  # noqa: A002
        """Who asked for an export; None for an id that is not there."""
        with self._change:
            job = self._jobs.get(id)
            return None if job is None else job.request.owner

    def request(self, id: str) -> JobRequest | None:  # noqa: A002
        """What was asked for; None for an id that is not there."""
        with self._change:
            job = self._jobs.get(id)
            return None if job is None else job.request

    def file(self, id: str, name: str | None) -> JobFile | None:  # noqa: A002
        """A file of a complete export by its name; without a name its only one with pictures. None: no such file."""
        with self._change:
            job = self._asked(id)
            if job is None or job.state != COMPLETE:
                return None
            if name is None:
                media = [file for file in job.files if file.media]
                return media[0] if len(media) == 1 else None
            return next((file for file in job.files if file.name == name), None)

    def sessions(self, owner: str) -> tuple[tuple[str, str], ...]:
        """Id and marker of everything that `owner` asked for and that is still there, oldest first."""
        with self._change:
            jobs = sorted(self._jobs.values(), key=lambda job: job.number)
            return tuple((job.id, job.request.marker) for job in jobs if job.request.owner == owner)

    def delete(self, id: str) -> bool:  # noqa: A002
        """Cancel an export and remove its files; False for an id that is not there."""
        with self._change:
            if self._jobs.pop(id, None) is None:
                return False
            self._forgotten.add(id)
            running = self._running.get(id)
            if running is not None:
                running.cancel.set()
        if running is None:
            self._discard(id)
        else:
            running.ended.wait(DELETE_WAIT)
        with self._change:
            self._forget()
        return True

    def counts(self) -> dict[str, int]:
        """How many exports wait, run and are kept, and how many slots there are to make them, for a health check."""
        with self._change:
            states = Counter(job.state for job in self._jobs.values())
            kept, slots = len(self._jobs), sum(thread.is_alive() for thread in self._threads[:-1])
            return {"waiting": states[WAITING], "running": states[RUNNING], "kept": kept, "slots": slots}

    def close(self) -> None:
        """Stop working; what runs is cancelled and queued again at the next start, finished exports stay."""
        with self._change:
            self._closing = True
            for running in self._running.values():
                running.cancel.set()
            self._change.notify_all()
        for thread in self._threads:
            thread.join()
        with self._change:
            self._write_all()
            self._store.close()

    def _asked(self, id_: str) -> Job | None:
        job = self._jobs.get(id_)
        if job is not None:
            job = self._jobs[id_] = replace(job, active=time.time())
        return job

    def _soon(self) -> int:
        return max(1, min(60, round(sum(self._took) / len(self._took))))

    def _recovered(self) -> list[Job]:
        """The jobs that the database knows, mended after a kill; folders that belong to none of them are removed."""
        jobs = [self._mended(job) for job in self._store.load()]
        complete = {job.id for job in jobs if job.state == COMPLETE}
        for place in ("work", "done"):
            for found in private.folder(self._folder / place).iterdir():
                if place == "work" or found.name not in complete:
                    job_runner.discard(found)
                else:
                    private.whole(found)
        self._store.put(*jobs)
        return jobs

    def _mended(self, job: Job) -> Job:
        if job.state == COMPLETE and not all(_whole(file) for file in job.files):
            return replace(job, state=FAILED, error="its files are gone from the server's disk", files=())
        if job.state != RUNNING:
            return job
        if job.starts >= MOST_STARTS:
            return replace(job, state=FAILED, error=f"the server ended {job.starts} times while this export ran")
        return replace(job, state=WAITING)

    def _slot(self) -> None:
        archive: Archive | None = None
        try:
            while (job := self._next()) is not None:
                if archive is None:
                    try:
                        archive = self._factory()
                    except Exception as exc:  # noqa: BLE001 - as in `_work`
                        self._fail(job.id, exc)
                        continue
                self._work(job, archive)
        finally:
            if archive is not None:
                archive.close()

    def _next(self) -> Job | None:
        """The next job, marked as running; waits for one. None when the server stops."""
        with self._change:
            while not self._closing:
                now = time.time()
                due = [job for job in self._jobs.values() if job.state == WAITING and due_at(job) <= now]
                if due:
                    busy = Counter(self._jobs[i].request.owner for i in self._running if i in self._jobs)
                    job = min(due, key=lambda job: (busy[job.request.owner], job.number))
                    job = self._put(replace(job, state=RUNNING, starts=job.starts + 1))
                    self._running[job.id] = _Running()
                    return job
                waits = [due_at(job) - now for job in self._jobs.values() if job.state == WAITING]
                self._change.wait(min([SWEEP_EVERY, *waits]))
            return None

    def _work(self, job: Job, archive: Archive) -> None:
        began = time.monotonic()
        running = self._running[job.id]
        work = self._folder / "work" / job.id
        try:
            private.folder(work)
            tell = self._teller(job.id, running)
            files = job_runner.make(job.request, archive, work, tell, running.cancel, hide=self._hide)
            self._finish(job.id, files, work)
        except Exception as exc:  # noqa: BLE001 - whatever one job does, its slot must go on; the job says so
            self._fail(job.id, exc)
        finally:
            job_runner.discard(work)
            with self._change:
                self._took.append(time.monotonic() - began)
                self._running.pop(job.id, None)
                gone = job.id not in self._jobs
            if gone:
                self._discard(job.id)
            running.ended.set()

    def _teller(self, id_: str, running: _Running) -> Callable[[float], None]:
        def tell(fraction: float) -> None:
            with self._change:
                job = self._jobs.get(id_)
                if job is None:
                    return
                self._jobs[id_] = job = replace(job, progress=max(job.progress, min(fraction, ALMOST)))
                if (now := time.monotonic()) - running.noted >= NOTE_EVERY:
                    running.noted = now
                    self._put(job)

        return tell

    def _finish(self, id_: str, files: tuple[JobFile, ...], work: Path) -> None:
        final = self._folder / "done" / id_
        job_runner.discard(final)
        with self._change:
            job = self._jobs.get(id_)
            if job is None:
                return
            settled = job_runner.settle(files, work, final)
            self._put(replace(job, state=COMPLETE, progress=1.0, error="", files=settled, active=time.time()))

    def _fail(self, id_: str, error: Exception) -> None:
        with self._change:
            self._running.pop(id_, None)
            job = self._jobs.get(id_)
            if job is None:
                return
            if self._closing:
                self._put(replace(job, state=WAITING))
                return
            if not isinstance(error, WorkbenchError):
                broke(error)
            state, text = job_runner.outcome(error)
            self._put(replace(job, state=state, error=self._hide(text), files=()))

    def _put(self, job: Job) -> Job:
        """Note a job's state; where the disk is full, the sweep writes it down later."""
        self._jobs[job.id] = job
        with contextlib.suppress(WorkError):
            self._store.put(job)
        return job

    def _write_all(self) -> None:
        """Bring the database up to what is known; a full disk must end neither the sweeping nor the closing."""
        self._forget()
        with contextlib.suppress(WorkError):
            self._store.put(*self._jobs.values())

    def _forget(self) -> None:
        with contextlib.suppress(WorkError):
            self._store.remove(*self._forgotten)
            self._forgotten.clear()

    def _discard(self, id_: str) -> None:
        job_runner.discard(self._folder / "work" / id_)
        job_runner.discard(self._folder / "done" / id_)

    def _sweep(self) -> None:
        """Remove exports that nobody asked after for too long; write down when somebody did."""
        every = min(SWEEP_EVERY, max(0.1, self._keep / 10))
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closing, every)
                if self._closing:
                    return
                oldest = time.time() - self._keep
                idle = [job.id for job in self._jobs.values() if job.active < oldest]
            for id_ in idle:
                self.delete(id_)
            with self._change:
                self._write_all()


def _whole(file: JobFile) -> bool:
    try:
        return Path(file.path).stat().st_size == file.size
    except OSError:
        return False
