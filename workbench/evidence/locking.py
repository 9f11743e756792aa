"""One writer at a time: an exclusive lock on a file that nobody else needs, held while a block runs.

The operating system lets go of it when its holder ends, however it ends: a lock is never left behind.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.core import locks
from workbench.core.errors import WorkError

WAIT = 60.0
"""Seconds to wait for another writer before giving up."""
_TICK = 0.01


@contextmanager
def locked(path: Path, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock file `path` (made where missing); WorkError where it cannot be had within `wait` seconds."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as exc:
        message = f"{path.parent.name} cannot be written to: {exc.strerror or exc}"
        raise WorkError(message, "Check that the case folder is there, and your right to write to it.") from exc
    try:
        end = time.monotonic() + wait
        while not locks.take(descriptor):
            if time.monotonic() >= end:
                raise WorkError(
                    f"another process has been writing to {path.parent.name} for {wait:g} s",
                    "Wait until it is done, or end it; then try again.",
                )
            time.sleep(_TICK)
        yield
    finally:
        os.close(descriptor)  # which lets go of the lock
