"""Exports that run at a VMS, written down before they are asked for: a notebook that dies loses none of them.

    cache/remote/<id>.json       where, what, since when, the plan, and the calls made so far; no secret
    cache/remote/<marker>.json   the same while nobody knows yet whether the server heard of it, and under what id
    cache/remote/<marker>.lock   locked by the process that works on it, and names it

The note is made before the start of an export is sent, and is there until its files have their names here and it is
deleted at the server. Whoever carries out requests again finds what an earlier process left by a token of its own:

    archive.run(plan, out, token="items.csv:7")          # whatever names the request
    archive.pending(token="items.csv:7")                 # in another process, later: what is left of it
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workbench.core import locks
from workbench.core.errors import SourceError, WorkError
from workbench.vms.wire.location import is_id

FOLDER = "remote"
MOST_BYTES = 64 * 2**20
MOST_WAIT = 1.0
"""Seconds for which an export that another process holds is waited for: it may only be looking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One export that was asked for and not brought home yet."""

    id: str
    """At the server; the marker while nobody knows it."""
    url: str
    """Of the server, without user, as it was named: another name of the same server is another server."""
    source: str
    begin: str
    end: str
    format: str
    started: str
    """Our clock when it was asked for."""
    camera: str
    """Display name of the camera."""
    zone: str
    """Of the server."""
    derived: bool
    """Whether it is the master of files that are made here."""
    plan: dict[str, Any]
    """`ExportPlan.to_data` of what was asked."""
    request: dict[str, Any]
    """The call that started it, as the result tells it."""
    clock: dict[str, float | None]
    flight: str = ""
    """Calls made until it was started, as JSON lines."""
    marker: str = ""
    """Our name for it, sent along to servers of ours; empty in notes of older versions."""
    token: str = ""
    """What the caller wants to find it by; empty where that is nothing."""
    home: dict[str, Any] | None = None
    """Where its files got their names (`remote_home.note`); None before."""
    process: int | None = None
    """Of the process that works on it while this is read; 0 where that does not say who it is. Not written down."""

    @property
    def answered(self) -> bool:
        """Whether the server told its id."""
        return self.id != self.marker

    @property
    def marked(self) -> bool:
        """Whether the server was sent the marker, so that it can be asked for the export by it."""
        return bool(self.request.get("body", {}).get("request"))

    @property
    def key(self) -> str:
        """What stays the same over its life."""
        return self.marker or self.id

    def to_json(self) -> dict[str, Any]:
        """The export as the command line lists it."""
        keys = ("id", "url", "source", "begin", "end", "format", "started")
        return {**{key: str(getattr(self, key)) for key in keys}, "answered": self.answered, "process": self.process}


class Book:
    """The pending exports of one cache folder."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER

    def put(self, one: Pending) -> None:
        """Write an export down, in one step."""
        path = self._path(one.id)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            kept = {name: value for name, value in asdict(one).items() if name != "process"}
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(path)
        except OSError as exc:
            _removed(part)
            raise WorkError(
                f"the export cannot be written down in the cache: {exc.strerror or exc}",
                "Set WORKBENCH_CACHE to a folder that can be written to.",
            ) from exc

    def answer(self, one: Pending) -> None:
        """Write down an export whose id is known by now."""
        self.put(one)
        if one.answered and one.marker:
            _removed(self._path(one.marker))

    def drop(self, one: Pending) -> None:
        """Forget an export that is done with; one that cannot be is listed again, and found gone at the server then."""
        for name in {one.id, one.key}:
            _removed(self._path(name))
        _removed(self._lock(one))

    def listed_as(self, one: Pending) -> str:
        """What `get` knows an export by: its id, or its marker where the id could not be written down."""
        return one.id if self._path(one.id).is_file() else one.key

    def get(self, id_: str) -> Pending:
        """An export by its id, or by its marker before that is known; SourceError where none is written down."""
        found = self._read(self._path(id_)) if is_id(id_) else None
        if found is None:
            raise SourceError(
                f"no export {id_[:70]!r} was started here", "`workbench resume URL` lists those that were."
            )
        return replace(found, process=self._process(found))

    def all(self, url: str, token: str | None = None) -> tuple[Pending, ...]:
        """Every export of a server that was not brought home, the oldest first; with `token` those of that token."""
        found = [one for one in self._each() if one.url == url and token in (None, one.token)]
        known = {one.marker for one in found if one.answered}
        listed = [replace(one, process=self._process(one)) for one in found if one.answered or one.marker not in known]
        return tuple(sorted(listed, key=lambda one: (one.started, one.id)))

    @contextmanager
    def held(self, one: Pending) -> Iterator[None]:
        """Keep other processes off an export while a block runs; WorkError where one works on it already.

        The system lets go of what a dead process held. Where a file system knows no locks nobody is kept off.
        """
        descriptor = self._taken(one)
        try:
            yield
        finally:
            if self._path(one.id).exists():
                os.close(descriptor)
            else:
                locks.let_go(self._lock(one), descriptor)

    def _taken(self, one: Pending) -> int:
        """The lock file of an export, open and locked."""
        end = time.monotonic() + MOST_WAIT
        while True:
            descriptor = self._opened(one)
            if _locked(descriptor) and _is_at(descriptor, self._lock(one)):  # whoever held it may have removed it
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                return descriptor
            os.close(descriptor)
            if time.monotonic() >= end:
                raise WorkError(
                    f"export {one.id} is in work by process {_named(self._lock(one)) or 'of somebody else'}",
                    "Wait until it is done, or end that process; then take the export up.",
                )
            time.sleep(0.02)

    def _opened(self, one: Pending) -> int:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return os.open(self._lock(one), os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as exc:
            raise WorkError(
                f"the cache cannot be written to: {exc.strerror or exc}",
                "Set WORKBENCH_CACHE to a folder that can be written to.",
            ) from exc

    def _process(self, one: Pending) -> int | None:
        """The process that works on an export; None where none does."""
        path = self._lock(one)
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return None
        try:
            return None if _locked(descriptor) else _named(path)
        finally:
            os.close(descriptor)

    def _each(self) -> Iterator[Pending]:
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError:
            return
        for path in paths:
            if (one := self._read(path)) is not None:
                yield one

    def _path(self, id_: str) -> Path:
        return self._folder / f"{id_}.json"

    def _lock(self, one: Pending) -> Path:
        return self._folder / f"{one.key}.lock"

    @staticmethod
    def _read(path: Path) -> Pending | None:
        """What a file says; None where there is none or it is damaged."""
        try:
            if path.stat().st_size > MOST_BYTES:
                return None
            found = Pending(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return found if found.id == path.stem and (not found.marker or is_id(found.marker)) else None


def _locked(descriptor: int) -> bool:
    """Whether a file is locked for us now; where the file system knows no locks it is taken as locked."""
    try:
        return locks.take(descriptor)
    except OSError:
        return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that lies at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _named(path: Path) -> int:
    """The process that a lock file names; 0 where it names none."""
    try:
        return int(path.read_bytes()[:20])
    except (OSError, ValueError):
        return 0


def _removed(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
