"""Exports that run at a VMS, written down before they are waited for: a notebook that dies loses none of them.

    cache/remote/<id>.json      where, what, since when, the plan, and the calls made so far; no secret

The file is there from the server's answer to the start of an export until its files have come and it is deleted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError, WorkError
from workbench.vms.wire.location import is_id

FOLDER = "remote"
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One export that was started and not brought home yet."""

    id: str
    url: str
    """Of the server, without user."""
    source: str
    begin: str
    end: str
    format: str
    started: str
    """Our clock when it was started."""
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

    def to_json(self) -> dict[str, str]:
        """The export as the command line lists it."""
        keys = ("id", "url", "source", "begin", "end", "format", "started")
        return {key: str(getattr(self, key)) for key in keys}


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
            part.write_text(json.dumps(asdict(one)), encoding="utf-8")
            part.replace(path)
        except OSError as exc:
            raise WorkError(
                f"the export's id cannot be kept in the cache: {exc.strerror or exc}",
                "Set WORKBENCH_CACHE to a folder that can be written to.",
            ) from exc

    def drop(self, id_: str) -> None:
        """Forget an export that is done with."""
        try:
            self._path(id_).unlink(missing_ok=True)
        except OSError:
            return  # it is listed again, and found gone at the server then

    def get(self, id_: str) -> Pending:
        """An export by its id; SourceError where none is written down."""
        found = self._read(self._path(id_)) if is_id(id_) else None
        if found is None:
            raise SourceError(
                f"no export {id_[:70]!r} was started here", "`workbench resume URL` lists those that were."
            )
        return found

    def all(self, url: str) -> tuple[Pending, ...]:
        """Every export of a server that was not brought home, the oldest first."""
        return tuple(sorted((one for one in self._each() if one.url == url), key=lambda one: (one.started, one.id)))

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

    @staticmethod
    def _read(path: Path) -> Pending | None:
        """What a file says; None where there is none or it is damaged."""
        try:
            if path.stat().st_size > MOST_BYTES:
                return None
            return Pending(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
