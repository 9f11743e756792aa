"""Work in a child process: a hostile file can kill the decoder, but not us, and cancelling is certain.

    with Worker() as worker:
        reply = worker.call("probe", {"path": "a.mp4"}, cancel=event, on_progress=print)

Rules: one `Worker` is one child, started at its first call and kept warm; calls from several threads queue.
Every call ends in exactly one way: a `Reply`, the job's own error, `Cancelled`, or `WorkerDied`. However an
unsuccessful call ends, the child has let go of the folder in ``payload["scratch"]`` and that folder is gone
before the error is raised. The next call after a death starts a fresh child.

The wire is in `worker_wire`, the hold on the process in `worker_process`, the child's own side in
`worker_child`; none of them imports av or numpy, only the child's jobs do.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from workbench.core.errors import Cancelled, WorkerDied, from_json
from workbench.media.worker_child import JOBS, main
from workbench.media.worker_process import Child
from workbench.media.worker_wire import Message, encode

OnProgress = Callable[[dict[str, Any]], None]
MEMORY = 6 * 1024**3
STALL = 120.0
TICK = 0.05
"""Seconds between two looks at the cancel event."""
LEAVE_OUT = "The recording may be damaged there; ask for a range that leaves the place out."


@dataclass(frozen=True, slots=True)
class Reply:
    """What a job gave back."""

    data: dict[str, Any]
    blobs: list[bytes]


class Worker:
    """One warm child process; safe to use from several threads, one job at a time."""

    def __init__(self, *, jobs: str = JOBS, memory: int = MEMORY, stall: float = STALL) -> None:
        """Prepare a worker; nothing is started yet.

        `jobs` names the module whose ``VERBS`` it runs, `memory` is the child's address space in bytes (0: no
        limit), `stall` the seconds without any change of progress after which a job counts as hung.
        """
        self._arguments = [f"--jobs={jobs}", f"--memory={memory}"]
        self._stall = stall
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._child: Child | None = None
        self._owner = os.getpid()
        self._jobs = 0
        _OPEN.add(self)

    def start(self) -> None:
        """Start the child ahead of the first call, so that the call finds it warm."""
        self._ready()

    @property
    def pid(self) -> int | None:
        """Process id of the running child, None while there is none."""
        child = self._child
        return child.process.pid if child is not None and child.usable else None

    def call(
        self,
        verb: str,
        payload: dict[str, Any],
        *,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Run one job in the child and wait for its answer.

        `on_progress` is called in this thread with the job's newest progress, at least twice a second once
        there is one. Setting `cancel`, or Ctrl-C, stops the job within a second. `timeout` is in seconds, for
        the job as a whole. Raises what the job raised, Cancelled, or WorkerDied (crash, hang, time-out).
        """
        try:
            with self._my_turn(cancel):
                self._jobs += 1
                return self._run(_Job(self._jobs, verb, self._stall, timeout), payload, on_progress, cancel)
        except BaseException as exc:
            _remove(payload.get("scratch"))
            if isinstance(exc, KeyboardInterrupt):
                raise Cancelled(f"{verb} was interrupted", "Nothing was left behind.") from exc
            raise

    def close(self) -> None:
        """End the child; a running call raises Cancelled, a later one starts a fresh child."""
        with self._guard:
            child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.unwanted = True
            child.kill()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _my_turn(self, cancel: threading.Event | None) -> Iterator[None]:
        while not self._turn.acquire(timeout=TICK):
            _stop_if(cancel)
        try:
            yield
        finally:
            self._turn.release()

    def _ready(self) -> Child:
        """The running child, started where there is none."""
        with self._guard:
            if self._owner != os.getpid():
                self._owner, self._child = os.getpid(), None  # after os.fork the child is our parent's
            if self._child is None or not self._child.usable:
                self._child = Child(self._arguments)
            return self._child

    def _run(
        self,
        job: _Job,
        payload: dict[str, Any],
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
    ) -> Reply:
        _stop_if(cancel)
        head = encode({"type": "job", "id": job.id, "verb": job.verb, "payload": payload})
        child = self._ready()
        try:
            child.post(head)
            answer = _await(child, job, on_progress, cancel)
        except BaseException:
            child.kill()  # whatever went wrong out here, the job still runs in there
            raise
        if answer is not None:
            return _opened(answer)
        if child.unwanted:
            raise Cancelled(f"{job.verb} was stopped because its worker was closed")
        how, words = child.fate()
        said = f"; it last said: {words}" if words else ""
        message = f"{job.verb}: the worker process {how} ({job.place()}){said}"
        raise WorkerDied(message, "Memory may have run out." if "SIGKILL" in how else LEAVE_OUT)


@dataclass(slots=True)
class _Job:
    """What the parent knows of a running job."""

    id: int
    verb: str
    stall: float
    timeout: float | None
    progress: dict[str, Any] | None = None

    def place(self) -> str:
        """Where the job last said it was, in words."""
        said = self.progress or {}
        words = [str(said["file"])] if said.get("file") else []
        if said.get("position") is not None:
            words.append(f"at {said['position']}")
        return " ".join(words) or "before it reported any position"


def _await(child: Child, job: _Job, on_progress: OnProgress | None, cancel: threading.Event | None) -> Message | None:
    """The answer to `job`, None when the child died without one; Cancelled, or WorkerDied for hangs."""
    began = changed = tick = time.monotonic()
    while True:
        told, answer, running = child.news(job.id, TICK)
        now = time.monotonic()
        if told is not None and told != job.progress:
            changed, job.progress = now, told
        if told and on_progress is not None:
            on_progress(told)
        if answer is not None or not running:
            return answer
        _stop_if(cancel)
        if now - tick > 1.0:
            changed = now  # we slept ourselves (Ctrl-Z, a busy machine): no evidence against the child
        tick = time.monotonic()
        if job.timeout is not None and now - began > job.timeout:
            raise WorkerDied(f"{job.verb} was not done after {job.timeout:g} s ({job.place()})")
        if now - changed > job.stall:
            raise WorkerDied(f"{job.verb} hung: no progress for {job.stall:g} s ({job.place()})", LEAVE_OUT)


def _opened(answer: Message) -> Reply:
    if answer.type == "result":
        return Reply(answer.header["data"], answer.blobs)
    error = from_json(answer.header["error"])
    if detail := answer.header.get("detail"):
        vars(error)["detail"] = detail
        error.add_note(detail)
    raise error


def _stop_if(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("the work was cancelled", "Nothing was left behind.")


def _remove(scratch: Any) -> None:
    """Remove a job's part folder with all that is in it; a link to elsewhere is left alone."""
    if not isinstance(scratch, str) or not scratch or Path(scratch).is_symlink():
        return
    for _ in range(5):
        shutil.rmtree(scratch, ignore_errors=True)
        if not Path(scratch).exists():
            return
        time.sleep(0.05)  # Windows lets go of a dead process's files a little later


_OPEN: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for worker in list(_OPEN):
        worker.close()


if __name__ == "__main__":
    sys.exit(main())
