"""Where blocking work is done: archive calls in a few threads of their own, so that no request waits for another's.

desk = Desk(most_waiting=64)
sources = await desk.ask(archive.sources)          may take its time; Busy beyond 64 that wait
status = await desk.quick(jobs.status, id)         short: a database, a dictionary
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from workbench.core.errors import WorkError

THREADS = 8
SLOW_THREADS = 2
P = ParamSpec("P")
T = TypeVar("T")


class Busy(WorkError):
    """Too many requests wait already; ask again after `retry_after` seconds."""

    kind = "busy"
    retry_after = 2


class Desk:
    """Threads by kind of work; belongs to one event loop."""

    def __init__(self, most_waiting: int) -> None:
        """No thread is started before there is work."""
        self._most = most_waiting
        self._waiting = self._checking = 0
        self._archive = CapacityLimiter(THREADS)
        self._quick = CapacityLimiter(THREADS * 4)
        self._costly = CapacityLimiter(SLOW_THREADS)

    async def ask(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a question to the archive; Busy where too many wait."""
        if self._waiting >= self._most:
            raise Busy("too many requests wait for the archive", "Ask again in a moment.")
        self._waiting += 1
        try:
            return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._archive)
        finally:
            self._waiting -= 1

    async def quick(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of something short that may touch the disk."""
        return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._quick)

    async def costly(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of something that costs memory and time on purpose (passwords): two at once; Busy beyond."""
        if self._checking >= self._most:
            raise Busy("too many passwords are being checked", "Ask again in a moment.")
        self._checking += 1
        try:
            return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=self._costly)
        finally:
            self._checking -= 1
