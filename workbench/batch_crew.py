"""Who does a batch's work: an executor, ours or given, and how many items it holds at a time.

Local archives are worked on in processes of their own, a VMS from threads. A VMS is counted by its URL over all batches
of this process: none of them starts an export that would be one more than its own `room` there. Other processes count
for themselves, and the VMS bounds what all of them ask for; what a cluster does is counted by the process that runs the
batch.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from workbench import batch_run
from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.batch_run import Task

AT_ONCE = 2
"""Exports that one VMS is asked for at a time."""
MOST_WAITING = 64
"""Items handed to a foreign executor at a time."""
_THREADS_OR_PROCESSES = (ThreadPoolExecutor, ProcessPoolExecutor)


class Crew:
    """See the module."""

    def __init__(
        self, archive: Archive, executor: Executor | None, at_once: int | None, cancel: threading.Event
    ) -> None:
        self._archive, self._given, self._cancel = archive, executor, cancel
        local = isinstance(archive, LocalArchive)
        self._in_processes = local and executor is None
        cores = os.cpu_count() or 1
        self.room = at_once or ((MOST_WAITING if executor else cores) if local else AT_ONCE)
        self._door = None if local else getattr(archive, "url", repr(archive))
        self._spawn = _Spawn()
        self._executor = executor or self._new()
        # threads share a VMS as it is, so that a password stays where it is
        shared = not local and (executor is None or isinstance(executor, ThreadPoolExecutor))
        self._opener = None if shared else batch_run.opener(archive)

    def submit(self, task: Task) -> Future[dict[str, Any]] | None:
        """Hand an item over; None while the VMS has enough to do. BrokenExecutor where nobody is left to take it."""
        if self._door is None:
            return self._handed(task)
        if not _enter(self._door, self.room):
            return None
        try:
            future = self._handed(task)
        except BaseException:
            _leave(self._door)
            raise
        future.add_done_callback(lambda _: _leave(self._door))
        return future

    def _handed(self, task: Task) -> Future[dict[str, Any]]:
        if self._opener is None:
            return self._executor.submit(batch_run.make, self._archive, task, self._cancel)
        return self._executor.submit(batch_run.carry_out, self._opener, task)

    def replace(self) -> bool:
        """After a death: True where there is an executor again."""
        if self._given is not None:
            return not isinstance(self._given, _THREADS_OR_PROCESSES)
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._new()
        return True

    def recall(self, running: list[Future[dict[str, Any]]]) -> None:
        """Take back what was handed over and not begun; a cluster does not tell, its workers see the mark."""
        if isinstance(self._executor, _THREADS_OR_PROCESSES):
            for future in running:
                future.cancel()

    def kill(self) -> None:
        """End processes of ours at once; what they were at leaves nothing under a name."""
        for process in self._spawn.made:
            if process.is_alive():
                process.kill()

    def close(self, *, wait: bool) -> None:
        """Let an executor of ours go."""
        if self._given is None:
            self._executor.shutdown(wait=wait, cancel_futures=True)

    def _new(self) -> Executor:
        if self._in_processes:
            return ProcessPoolExecutor(self.room, mp_context=self._spawn, initializer=_deaf)
        return ThreadPoolExecutor(self.room, thread_name_prefix="workbench-batch")


class _Spawn(SpawnContext):
    """Starts processes and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[SpawnProcess] = []

    def Process(self, *args: Any, **more: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        """A new process, as the executor asks for it."""
        self.made.append(SpawnProcess(*args, **more))
        return self.made[-1]


def _deaf() -> None:
    """Leave Ctrl-C, which a terminal sends to every process of ours, to the one that runs the batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_INSIDE: Counter[str] = Counter()
_LOCK = threading.Lock()


def _enter(door: str, most: int) -> bool:
    with _LOCK:
        if _INSIDE[door] >= most:
            return False
        _INSIDE[door] += 1
        return True


def _leave(door: str | None) -> None:
    with _LOCK:
        _INSIDE[str(door)] -= 1
