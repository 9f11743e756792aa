"""`Book`: a case as its folder and its log, opened by somebody; what every verb of `Case` stands on.

    book = Book(folder, who="A. Examiner")
    with book.turn() as write:                       # nobody else appends meanwhile
        id = book.next_id("C")
        write("comment-written", {"id": id, "text": "…"})

`state` is what this object last saw of the log: when it was opened, at its own last turn, or at `refresh`. Ids are
never given twice: one is free if neither the log nor a file that lies in the case bears it, so what a killed process
left behind costs a number and nothing else.
"""

from __future__ import annotations

import os
import platform
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.evidence import custody, filing
from workbench.evidence.custody import Digest, Entry
from workbench.evidence.custody_log import Log
from workbench.evidence.nouns import CaseState, FileRecord, Record
from workbench.evidence.state import Fold

MOST_TEXT = 1_000_000
"""Characters of one text."""
MOST_WORD = 1_000
"""Characters of a name, a reference, an id."""
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that print as nothing."""
FOLDERS = {"E": "exports", "S": "snapshots", "A": "snapshots", "K": "clock", "R": "reports"}
"""Begin of an id → the folder in which its files lie."""


SESSION = "session.json"
"""The memory of a notebook's session in the case's folder: no evidence, not in the log, never in a package."""
SESSION_PART = re.compile(rf"\.{re.escape(SESSION)}\.(\d+)\.[0-9a-f]+\.part")
"""The same while it is written, with the process that writes it."""


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_HasId)


class Write(Protocol):
    """Appends one entry in a turn; it is on the disk when this returns."""

    def __call__(
        self,
        what: str,
        data: Record | Mapping[str, Any],
        before: Iterable[FileRecord | Digest] = (),
        after: Iterable[FileRecord | Digest] = (),
    ) -> Entry: ...


class Book:
    """See the module."""

    def __init__(self, folder: Path, who: str | None = None) -> None:
        """Open the case in `folder`, as far as its log holds; SourceError where there is none."""
        self.folder = folder
        self._log = Log(folder / custody.NAME)
        self._fold = Fold()
        self._entries: tuple[Entry, ...] = ()
        if not os.path.isfile(self._log.path):  # noqa: PTH113 - unlike Path.is_file it raises nothing
            raise SourceError(
                f"{folder} is no case: it holds no {custody.NAME}", "Check the path, or make a case there."
            )
        self.refresh()
        self.who = self.state.identity.examiner if who is None else word("who", who, needed=True)

    @property
    def state(self) -> CaseState:
        """What the log says, as of the last look."""
        return self._fold.state()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the log that hold, as of the last look."""
        return self._entries

    def refresh(self) -> None:
        """Look at what others appended meanwhile."""
        with self._log.lock:
            entries = self._log.entries()
            for entry in entries[len(self._entries) :]:
                self._fold.take(entry)
            self._entries = entries

    @contextmanager
    def turn(self) -> Iterator[Write]:
        """Hold the log: `state` is up to date, and nobody else appends until the block ends."""
        with self._log.turn(self.who) as append:
            self.refresh()

            def write(
                what: str,
                data: Record | Mapping[str, Any],
                before: Iterable[FileRecord | Digest] = (),
                after: Iterable[FileRecord | Digest] = (),
            ) -> Entry:
                plain = data.to_json() if isinstance(data, Record) else data
                entry = append(what, plain, map(_digest, before), map(_digest, after))
                self.refresh()
                return entry

            yield write

    def append(
        self,
        what: str,
        record: Record | Mapping[str, Any],
        before: Iterable[FileRecord | Digest] = (),
        after: Iterable[FileRecord | Digest] = (),
    ) -> Entry:
        """Append one entry; `before` are the files it was made from, `after` those it made."""
        with self.turn() as write:
            return write(what, record, before, after)

    def next_id(self, prefix: str) -> str:
        """The next id of a kind (`state.PREFIXES`) that neither the log nor a file in the case bears."""
        lying = _names(self.path(FOLDERS[prefix])) if prefix in FOLDERS else []
        form = re.compile(rf"{prefix}(\d{{1,9}})(\..*)?", re.ASCII)
        numbers = [int(found[1]) for name in lying if (found := form.fullmatch(name))]
        return f"{prefix}{max([*numbers, self._fold.highest(prefix)]) + 1}"

    def path(self, file: FileRecord | str) -> Path:
        """Where a file of the case lies; SourceError for a path that would leave it."""
        return filing.inside(self.folder, file if isinstance(file, str) else file.path)

    def caption_entry(self, snapshot: str) -> int:
        """Number of the entry that holds the caption in force of a snapshot of the case."""
        return self._fold.caption_entry(snapshot)


def text(field: str, value: Any, *, needed: bool = False, most: int = MOST_TEXT) -> str:
    """A person's words as they are, control characters and all; RequestError where they are no text or too long."""
    if not isinstance(value, str):
        raise RequestError(field, f"{value!r} is no text")
    if len(value) > most:
        raise RequestError(field, f"it has {len(value)} characters, {most} are allowed", "Put the rest into a file.")
    if needed and not any(map(_is_seen, value)):
        raise RequestError(field, "it is empty", "Say it in words.")
    return value


def _is_seen(character: str) -> bool:
    """Whether a character prints as something: no control, mark by itself or blank, however it calls itself."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def word(field: str, value: Any, *, needed: bool = False) -> str:
    """A name, a reference or an id."""
    return text(field, value, needed=needed, most=MOST_WORD)


def known(field: str, name: str, things: Iterable[T]) -> T:
    """The thing of that id; RequestError naming `field` where there is none."""
    found = {thing.id: thing for thing in things}
    if word(field, name) not in found:
        listed = ", ".join([*found][:20]) + (", …" if len(found) > 20 else "")
        raise RequestError(field, f"{name!r} is not in the case", f"Known: {listed or 'none'}.")
    return found[name]


def _names(folder: Path) -> list[str]:
    """What lies in a folder; nothing where there is none."""
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise WorkError(f"{folder.name} cannot be read: {exc.strerror or exc}", "Check your right to read it.") from exc


def system() -> str:
    """Operating system, architecture and Python of this machine, and nothing that names it."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _digest(file: FileRecord | Digest) -> Digest:
    return {"file": file.path, "sha256": file.sha256} if isinstance(file, FileRecord) else dict(file)
