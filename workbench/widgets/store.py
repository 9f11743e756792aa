"""`Memory`: a session's memory in the case's folder, ``session.json``, written whole before anything counts as saved.

    memory = Memory(folder, place_of(archive))
    kept = memory.load()                 # Kept, or None; `memory.words` says why not
    memory.save(state)                   # Changed where somebody else wrote the file meanwhile: it is left as it is

It is no evidence: the custody log does not speak of it, packages do not contain it. It tells the archive it belongs to,
so that masks are never laid over other footage; what belongs elsewhere is set aside in the same file. A file that
cannot be read is kept under another name and told, never overwritten.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError, WorkbenchError, WorkError
from workbench.evidence.book import SESSION, SESSION_PART
from workbench.evidence.custody_log import LOCK
from workbench.evidence.locking import locked
from workbench.widgets.kernels import is_alive
from workbench.widgets.places import Place, as_place, same
from workbench.widgets.state import State

NAME = SESSION
MOST_BYTES = 64_000_000
MOST_ASIDE = 20
WAIT = 5.0
"""Seconds to wait for another writer of the case."""
Mark = tuple[int, int, int]
"""Inode, size and time of change of a file: another file, or a changed one, has another."""


class Changed(WorkError):
    """Somebody else wrote the session's memory since it was read or written here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a memory held."""

    state: State
    place: Place
    """The archive that it belongs to; empty where it is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A state that was set aside and not lost."""

    why: str
    """``archive``: it belongs to other footage; ``page``: another page's, or this one's where the other was taken."""
    when: str
    place: Place
    state: State

    def to_json(self) -> dict[str, Any]:
        """The state and what is known of it as JSON."""
        return {"why": self.why, "when": self.when, "archive": self.place, "state": self.state.to_json()}


class Memory:
    """See the module."""

    def __init__(self, folder: Path, place: Place) -> None:
        """The memory of the case in `folder`, for a session that looks at the archive `place`."""
        self.folder, self.place = folder, place
        self.words = ""
        """Why nothing could be taken up, empty where nothing is wrong."""
        self.aside: tuple[Aside, ...] = ()
        self._mark: Mark | None = None
        self._last = b""

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / NAME

    def load(self) -> Kept | None:
        """What was saved, or None, then with `words` if it could not be read."""
        self._swept()
        try:
            data = self._read()
        except FileNotFoundError:
            return None
        except (PermissionError, IsADirectoryError) as exc:
            self._put_away(f"may not be read ({exc.strerror or exc})")
            return None
        except OSError as exc:
            self.words = f"{NAME} cannot be read ({exc.strerror or exc}); the session begins anew."
            return None
        try:
            return self._understood(data)
        except (RequestError, ValueError, RecursionError, TypeError) as exc:
            self._put_away(f"holds no session ({exc})")
            return None

    def save(self, state: State) -> None:
        """Write the state whole, synced, under its name; WorkError where that cannot be, `Changed` see there."""
        part = self.folder / f".{NAME}.{os.getpid()}.{secrets.token_hex(8)}.part"
        try:
            data = self._written(state)
            with part.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            with locked(self.folder / LOCK, WAIT):
                self._must_be_ours()
                part.replace(self.path)
                self._mark, self._last = _mark(self.path), data
        except WorkbenchError:
            part.unlink(missing_ok=True)
            raise
        except (OSError, TypeError, ValueError) as exc:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            why = getattr(exc, "strerror", None) or exc
            raise WorkError(
                f"the session could not be saved in {self.folder.name}: {why}",
                "What you see is not saved. Free some room, or check your right to write there.",
            ) from exc

    def set_aside(self, why: str, kept: Kept) -> None:
        """Keep a state beside the one in force; it is written with the next `save`."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        one = Aside(why=why, when=now, place=kept.place, state=kept.state)
        others = [held for held in self.aside if held.state != one.state or held.place != one.place]
        self.aside = tuple([*others, one][-MOST_ASIDE:])

    def brought_back(self) -> State | None:
        """The newest state that belongs to this archive and was set aside for another; it is aside no longer."""
        for one in reversed(self.aside):
            if one.why == "archive" and one.place and same(one.place, self.place):
                self.aside = tuple(held for held in self.aside if held is not one)
                return one.state
        return None

    def _understood(self, data: bytes) -> Kept:
        if len(data) > MOST_BYTES:
            raise ValueError("it is too long")
        found = json.loads(data)
        state = State.from_json(found)
        held = tuple(_aside(one) for one in found.get("aside", ()))
        self.aside = (*held, *(one for one in self.aside if one not in held))[-MOST_ASIDE:]
        return Kept(state=state, place=as_place(found.get("archive")))

    def _put_away(self, why: str) -> None:
        """Give a file that holds nothing for us another name, so that ours is free, and say so."""
        away = self.path.with_name(f"{NAME}.{time.time_ns()}.unread")
        try:
            self.path.rename(away)
        except OSError as exc:
            told = f"and it could not be set aside ({exc.strerror or exc})"
        else:
            self._mark = None
            told = f"it was set aside as {away.name}"
        self.words = f"{NAME} {why}; {told}; the session begins anew."

    def _written(self, state: State) -> bytes:
        told = {**state.to_json(), "archive": self.place, "aside": [one.to_json() for one in self.aside]}
        data = json.dumps(told, ensure_ascii=True).encode("ascii")
        if len(data) > MOST_BYTES:
            raise ValueError(f"it has {len(data)} bytes, {MOST_BYTES} are kept")
        return data

    def _read(self) -> bytes:
        with self.path.open("rb") as stream:
            self._mark = _mark_of(os.fstat(stream.fileno()))
            self._last = stream.read(MOST_BYTES + 1)
        return self._last

    def _must_be_ours(self) -> None:
        """`Changed` where the file is neither what was read nor what was written here; a file that is gone is not."""
        now = _mark(self.path)
        if now is None or now == self._mark or not self.path.is_file():
            return
        if self._mark is not None and now[1] == len(self._last) and self.path.read_bytes() == self._last:
            return
        raise Changed(
            f"another page or program changed the session in {self.folder.name}",
            "What you see here is not saved, and nothing of the other was overwritten. Choose one of both.",
        )

    def _swept(self) -> None:
        """Remove what processes left half written that are gone."""
        with suppress(OSError):
            for path in self.folder.glob(f".{NAME}.*.part"):
                found = SESSION_PART.fullmatch(path.name)
                if found is not None and not is_alive(int(found[1])):
                    path.unlink(missing_ok=True)


def place_in(folder: Path) -> Place:
    """The archive that a case's memory names; empty where it names none."""
    try:
        with (folder / NAME).open("rb") as stream:
            found = json.loads(stream.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return as_place(found.get("archive")) if isinstance(found, dict) else {}


def _aside(data: Any) -> Aside:
    if not isinstance(data, Mapping):
        raise RequestError("session.aside", "an object is wanted")
    return Aside(
        why=str(data.get("why", "")),
        when=str(data.get("when", "")),
        place=as_place(data.get("archive")),
        state=State.from_json(data.get("state")),
    )


def _mark(path: Path) -> Mark | None:
    try:
        return _mark_of(path.stat())
    except OSError:
        return None


def _mark_of(found: os.stat_result) -> Mark:
    return found.st_ino, found.st_size, found.st_mtime_ns
