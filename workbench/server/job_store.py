"""The server's exports as data, and the SQLite file in which they survive its end.

A row is written before anybody hears of a job and after everything it names lies on the disk: what the file says
happened. One server at a time holds a state folder (`Store` takes a lock that even ``kill -9`` lets go).

    store = Store(folder)            WorkError where another server holds the folder
    store.put(job)                   inserts or replaces
    jobs = store.load()              all of them, oldest first
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.core.errors import WorkError
from workbench.server import private

WAITING, RUNNING, COMPLETE, FAILED, NO_SPACE, NAME_TAKEN, NO_DATA = range(7)
"""States as the API numbers them."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, request TEXT NOT NULL, state INTEGER NOT NULL,
    progress REAL NOT NULL, error TEXT NOT NULL, files TEXT NOT NULL,
    began REAL NOT NULL, active REAL NOT NULL, starts INTEGER NOT NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One export that somebody asked for; plain data, so that a restarted server can do it again."""

    kind: str = "archive"
    """``archive`` or ``live``."""
    source: str
    """The camera's id in the archive that is served."""
    spec_json: str
    """The spec (`ExportSpec.to_json`) as JSON text, forced masks included."""
    host: str
    """Host of the camera's id, for file names."""
    device: str
    """Device of the camera's id: ``DeviceIpint.3``."""
    display: str = ""
    """``displayId.displayName``, for the friendly names."""
    owner: str = ""
    """Who asked; empty on an open server."""
    marker: str = ""
    """What the client calls this request, so that it finds it again when the answer was lost."""
    live: tuple[int, int, int | None] | None = None
    """For ``live``: when the live picture began, begin and end of what is wanted (None: until it is deleted), in
    microseconds of wall-clock time (`live.LiveClock.window`)."""
    filename: str = ""
    """Name wanted for the file, without suffix; empty for the VMS's habit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """One finished file of an export."""

    name: str
    friendly: str
    path: str
    """Where it lies."""
    mime: str
    size: int
    sha256: str
    media: bool = True
    """False for what lies beside the pictures: time text, record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An export and how far it is."""

    id: str
    number: int
    """Place in the order in which jobs came."""
    request: JobRequest
    state: int = WAITING
    progress: float = 0.0
    error: str = ""
    files: tuple[JobFile, ...] = ()
    began: float = 0.0
    """When it was asked for, seconds since 1970."""
    active: float = 0.0
    """When somebody last asked after it."""
    starts: int = 0
    """How often work on it began."""


class Store:
    """The jobs of one state folder."""

    def __init__(self, folder: Path) -> None:
        """Open or make the database; WorkError where the folder is in use or unusable."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _held(folder / "server.lock")
            base = private.database(folder / "jobs.sqlite")
            self._base = sqlite3.connect(base, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(_TABLE)
        except (OSError, sqlite3.Error) as exc:
            raise WorkError(f"the server's state in {folder} cannot be used: {exc}", "Choose another folder.") from exc

    def load(self) -> list[Job]:
        """All jobs, in the order in which they came."""
        with _told("read"):
            rows = self._base.execute("SELECT * FROM jobs ORDER BY number").fetchall()
            return [_job(row) for row in rows]

    def put(self, *jobs: Job) -> None:
        """Write jobs down, all or none; they are on the disk when this returns."""
        with _told("written"), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("INSERT OR REPLACE INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?)", map(_row, jobs))

    def remove(self, *ids: str) -> None:
        """Forget jobs."""
        with _told("written"), self._base:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("DELETE FROM jobs WHERE id = ?", [(id_,) for id_ in ids])

    def close(self) -> None:
        """Let go of the folder."""
        self._base.close()
        self._lock.close()


def _held(path: Path) -> sqlite3.Connection:
    """A lock on the folder for the life of this process: an open transaction, ended by the system if we are."""
    lock = sqlite3.connect(private.database(path), check_same_thread=False, isolation_level=None, timeout=0.5)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        lock.close()
        raise WorkError(
            f"another server works in {path.parent}", "End it, or give this one a state folder of its own."
        ) from exc
    return lock


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError) as exc:
        advice = "See whether the disk is full; else move the state folder away and start again."
        raise WorkError(f"the list of exports cannot be {what}: {exc}", advice) from exc


def _row(job: Job) -> tuple[object, ...]:
    request, files = json.dumps(asdict(job.request)), json.dumps([asdict(file) for file in job.files])
    return (
        *(job.id, job.number, request, job.state, job.progress, job.error, files),
        *(job.began, job.active, job.starts),
    )


def _job(row: tuple[str, int, str, int, float, str, str, float, float, int]) -> Job:
    id_, number, request, state, progress, error, files, began, active, starts = row
    asked = json.loads(request)
    live = asked["live"]
    return Job(
        id=id_,
        number=number,
        request=JobRequest(**{**asked, "live": None if live is None else tuple(live)}),
        state=state,
        progress=progress,
        error=error,
        files=tuple(JobFile(**file) for file in json.loads(files)),
        began=began,
        active=active,
        starts=starts,
    )
