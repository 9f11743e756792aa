"""What a batch holds while it runs: its folder, a mark that its workers watch, and Ctrl-C.

    with held(folder) as mark, Interrupts() as interrupts:
        mark.unlink()             # every worker of this batch gives up within a second, wherever it runs
        interrupts.seen           # Ctrl-C was pressed; nothing was torn

The operating system lets go of the folder when the process ends, however it ends; the next batch there takes away the
mark that a killed one left, so that workers on a cluster that outlived it stop too.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from workbench.core import locks
from workbench.core.errors import WorkError

LOCK = ".workbench-batch.lock"
MARK = ".workbench-batch-"
LOOK_EVERY = 0.5
"""Seconds between two looks of a worker at the mark."""


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Hold a batch's folder (made where missing) alone; the mark of this run. WorkError where another batch has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    except OSError as exc:
        raise _unusable(folder, exc) from exc
    try:
        mark = _marked(folder)
        try:
            yield mark
        finally:
            with contextlib.suppress(OSError):
                mark.unlink()
    finally:
        locks.let_go(folder / LOCK, lock)


@contextmanager
def watched(mark: Path) -> Iterator[threading.Event]:
    """An event that is set when the mark of the batch is gone, or was from the beginning."""
    gone, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not gone.is_set():
            if _is_gone(mark):
                gone.set()
            elif ended.wait(LOOK_EVERY):
                return

    if _is_gone(mark):
        gone.set()
    thread = threading.Thread(target=watch, name="workbench-batch-mark", daemon=True)
    thread.start()
    try:
        yield gone
    finally:
        ended.set()
        thread.join()


class Interrupts:
    """While it is entered, a signal that would raise KeyboardInterrupt is noted in `seen`, however often it comes.

    Signals reach the main thread only; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self.seen = False
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)
                before = None if number is None else signal.getsignal(number)
                if number is not None and callable(before):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        try:
            self._before[number](number, frame)
        except KeyboardInterrupt:
            self.seen = True


def _is_gone(mark: Path) -> bool:
    """Whether there is no such file; False where the disk does not say, as shared ones do at times."""
    try:
        mark.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _marked(folder: Path) -> Path:
    """A new mark; those of runs that were killed are taken away."""
    try:
        for left in folder.glob(f"{MARK}*.running"):
            left.unlink(missing_ok=True)
        mark = folder / f"{MARK}{secrets.token_hex(4)}.running"
        mark.touch(exist_ok=False)
    except OSError as exc:
        raise _unusable(folder, exc) from exc
    return mark


def _unusable(folder: Path, exc: OSError) -> WorkError:
    return WorkError(
        f"{folder} cannot be used: {exc.strerror or exc}", "Check room and rights, or take another folder."
    )


def _locked(folder: Path) -> int:
    """The descriptor of the lock file, locked."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    path = folder / LOCK
    while True:
        descriptor = os.open(path, flags, 0o666)
        try:
            if not locks.take(descriptor):
                raise WorkError(
                    f"another batch is working in {folder}",
                    "Wait until it is done, or end it; or choose another folder.",
                )
            if _is_named(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # who had it removed it while we took it


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
