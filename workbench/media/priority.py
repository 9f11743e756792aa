"""Keep SVT-AV1 from taking the machine: as root it makes its threads, and the one that opens it, real-time (FIFO, 99).

    with kept():
        encoder.open()

Nothing else would run beside it, and each process started from that thread would be real-time too. Systems without
such calls are left alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Policy = tuple[int, int]
"""``SCHED_…`` and the priority within it."""


@contextmanager
def kept() -> Iterator[None]:
    """Each thread has the policy afterwards that it had before; one that came meanwhile has its maker's."""
    before = _policies()
    try:
        yield
    finally:
        mine = before.get(threading.get_native_id())
        for thread, now in _policies().items():
            was = before.get(thread, mine)
            if was is not None and now != was:
                _set(thread, was)


def _policies() -> dict[int, Policy]:
    """The policies of this process's threads; empty where the system does not tell."""
    found: dict[int, Policy] = {}
    if sys.platform == "linux":
        with suppress(OSError):
            for thread in map(int, (path.name for path in Path("/proc/self/task").iterdir())):
                with suppress(OSError):  # it has ended
                    found[thread] = os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority
    return found


def _set(thread: int, policy: Policy) -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(thread, policy[0], os.sched_param(policy[1]))
