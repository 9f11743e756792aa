"""Whether a server can do its work: is its archive there, can exports be written, is anybody let in?

    report = await health.look()
    report.wrong                      ("archive: it cannot be reached",), or () where all is well

Anybody may ask, so asking is cheap: one question to the archive at a time, its answer good for `FRESH` seconds, and no
one waits longer than `PATIENCE` for it. No text here names a place, a user or a camera.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.core.errors import NotAllowed, RemoteError
from workbench.server.desk import Desk
from workbench.server.job_runner import LEAST_FREE
from workbench.server.jobs import Jobs
from workbench.server.policy import Policy

FRESH = 5.0
PATIENCE = 3.0
OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found."""

    archive: str
    """``ok``, or what is wrong with it."""
    users: str
    """The same of the rules of who may do what."""
    free: int | None
    """Bytes that are free where exports are made; None where nobody can say."""
    exports: Mapping[str, int]
    """How many wait, run and are kept, and how many slots are at work or ready (`Jobs.counts`)."""

    @property
    def wrong(self) -> tuple[str, ...]:
        """Why the server cannot do its work; empty where it can."""
        found = [f"{name}: {said}" for name, said in (("archive", self.archive), ("users", self.users)) if said != OK]
        if self.free is None or self.free < LEAST_FREE:
            found.append("disk: there is no room for exports")
        if not self.exports["slots"]:
            found.append("exports: nobody works on them")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """The report for one who is known."""
        return {
            "archive": self.archive,
            "users": self.users,
            "disk": {"free": self.free},
            "exports": dict(self.exports),
        }


class Health:
    """See the module; belongs to one event loop."""

    def __init__(self, archive: Archive, state: Path, jobs: Jobs, policy: Policy, desk: Desk) -> None:
        """Nothing is asked yet."""
        self._ask, self._state, self._jobs, self._policy, self._desk = question(archive), state, jobs, policy, desk
        self.fresh = FRESH
        """Seconds for which an answer of the archive is good."""
        self._lock = threading.Lock()
        self._answer: Future[str] | None = None
        self._at = 0.0

    async def look(self) -> Report:
        """How the server is now, its archive not more than some seconds ago."""
        free, users, exports = await self._desk.quick(self._here)
        return Report(archive=await self._archive(), users=users, free=free, exports=exports)

    def _here(self) -> tuple[int | None, str, Mapping[str, int]]:
        try:
            free: int | None = shutil.disk_usage(self._state).free
        except OSError:
            free = None
        return free, OK if self._policy.usable else "its file cannot be used, so nobody is let in", self._jobs.counts()

    async def _archive(self) -> str:
        answer = asyncio.wrap_future(self._asked())
        await asyncio.wait({answer}, timeout=PATIENCE)
        return answer.result() if answer.done() else f"it does not answer within {PATIENCE:g} seconds"

    def _asked(self) -> Future[str]:
        """The answer that is on its way or still fresh; else the archive is asked anew, in a thread of its own."""
        with self._lock:
            if self._answer is None or (self._answer.done() and time.monotonic() - self._at > self.fresh):
                self._answer = Future()
                asking = threading.Thread(target=self._heard, args=(self._answer,), name="health", daemon=True)
                asking.start()
            return self._answer

    def _heard(self, answer: Future[str]) -> None:
        said = _said(self._ask)
        self._at = time.monotonic()
        answer.set_result(said)


def question(archive: Archive) -> Callable[[], object]:
    """The cheapest question that an archive answers only where it is there: it raises where it is not."""
    if isinstance(archive, LocalArchive):
        return lambda: _opened(archive.folder)
    connection = getattr(archive, "connection", None)  # of a RemoteArchive, which only extra packages can import
    return archive.sources if connection is None else lambda: connection.client.cameras()


def _opened(place: Path) -> None:
    if place.is_dir():
        with os.scandir(place) as entries:
            next(entries, None)
    else:
        with place.open("rb") as recording:
            recording.read(1)


def _said(ask: Callable[[], object]) -> str:
    """What an attempt says; never what an error says, which may name places."""
    try:
        ask()
    except NotAllowed:
        return "it does not let this server in"
    except RemoteError:
        return "it cannot be reached"
    except Exception:  # noqa: BLE001 - whatever ails it, the one who asks hears that it does
        return "it cannot be read"
    return OK
