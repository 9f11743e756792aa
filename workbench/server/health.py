"""Whether a server can do its work: is its archive there, can exports be written, is anybody let in?

    report = await health.look()
    report.wrong                      ("archive: it cannot be reached",), or () where all is well

Anybody may ask, so asking is cheap: each thing is asked once at a time, an answer of the archive is good for `FRESH`
seconds, and no one waits longer than `PATIENCE`. No text here names a place, a user or a camera.
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
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.core.errors import NotAllowed, RemoteError
from workbench.server.job_runner import LEAST_FREE
from workbench.server.jobs import Jobs
from workbench.server.policy import Policy

FRESH = 5.0
PATIENCE = 3.0
OK = "ok"
SILENT = f"it does not answer within {PATIENCE:g} seconds"
T = TypeVar("T")


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
    """How many wait, run and are kept, and how many slots are at work or ready (`Jobs.counts`); empty where nobody can
    say."""

    @property
    def wrong(self) -> tuple[str, ...]:
        """Why the server cannot do its work; empty where it can."""
        found = [f"{name}: {said}" for name, said in (("archive", self.archive), ("users", self.users)) if said != OK]
        if self.free is None or self.free < LEAST_FREE:
            found.append("disk: there is no room for exports")
        if not self.exports.get("slots"):
            found.append(f"exports: {'nobody works on them' if self.exports else SILENT}")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """The report for one who is known."""
        return {
            "archive": self.archive,
            "users": self.users,
            "disk": {"free": self.free},
            "exports": dict(self.exports),
        }


class Asked(Generic[T]):
    """A question that may take its time: asked once at a time in a thread of its own, however many want to know.

    Belongs to one event loop.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        """Nothing is asked yet."""
        self._ask = ask
        self._answer: asyncio.Future[T] | None = None
        self._at = 0.0

    async def answer(self, fresh: float = 0.0) -> T | None:
        """An answer at most `fresh` seconds old, or the one that is on its way; None where it outlasts `PATIENCE`."""
        if self._answer is None or (self._answer.done() and time.monotonic() - self._at > fresh):
            told: Future[T] = Future()
            self._answer = asyncio.wrap_future(told)
            threading.Thread(target=self._hear, args=(told,), name="health", daemon=True).start()
        answer = self._answer
        await asyncio.wait({answer}, timeout=PATIENCE)
        return answer.result() if answer.done() else None

    def _hear(self, told: Future[T]) -> None:
        try:
            said = self._ask()
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is the answer
            self._at = time.monotonic()
            told.set_exception(exc)
        else:
            self._at = time.monotonic()
            told.set_result(said)


class Health:
    """See the module; belongs to one event loop."""

    def __init__(self, archive: Archive, state: Path, jobs: Jobs, policy: Policy) -> None:
        """Nothing is asked yet."""
        self._state, self._jobs, self._policy = state, jobs, policy
        self._archive = Asked(partial(_said, question(archive)))
        self._users, self._place = Asked(self._let_in), Asked(self._room)
        self.fresh = FRESH
        """Seconds for which an answer of the archive is good."""

    async def look(self) -> Report:
        """How the server is now, its archive not more than some seconds ago."""
        archive, users, place = await asyncio.gather(
            self._archive.answer(self.fresh), self._users.answer(), self._place.answer()
        )
        free, exports = place or (None, {})
        return Report(archive=archive or SILENT, users=users or SILENT, free=free, exports=exports)

    def _let_in(self) -> str:
        """Whether the rules of who may do what can be used; they may ask the archive for its cameras."""
        return OK if self._policy.usable else "its file cannot be used, so nobody is let in"

    def _room(self) -> tuple[int | None, Mapping[str, int]]:
        try:
            free: int | None = shutil.disk_usage(self._state).free
        except OSError:
            free = None
        return free, self._jobs.counts()


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
