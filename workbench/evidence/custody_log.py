"""The custody log on the disk: appended to under a lock, one write and one sync an entry.

    log = Log(case / "custody.jsonl")
    entry = log.append("comment-written", {"id": "C1", "text": "…"}, who="A. Examiner")

Rules:

- An entry is appended behind the last line that is on the disk, whoever wrote it: when `append` returns, it is there
  to stay. A process that dies leaves at most a torn last line, and lets go of the lock.
- A torn last line (no line feed, or no entry's form, at the very end) is passed over by readers. The next append
  copies it to ``custody.torn-1`` (2, …), cuts it off, and says so in an entry of its own.
- Anything else that does not hold is never mended: appending is refused (`custody` says what holds).
- Each look reads only what follows the last line known, and makes sure that this line is still there.
"""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.core.timebase import instant_us, iso
from workbench.evidence import filing
from workbench.evidence.custody import START, Digest, Entry, canonical, hash_of, parse, read_lines
from workbench.evidence.findings import Finding
from workbench.evidence.hashing import open_plain
from workbench.evidence.locking import WAIT, locked

LOCK = ".lock"
TORN = "custody.torn-"
Append = Callable[[str, Mapping[str, Any], Iterable[Digest], Iterable[Digest]], Entry]
"""What `Log.turn` gives: (what, data, before, after) → the entry, which is on the disk."""


def _now() -> datetime:
    return datetime.now(UTC)


class Log:
    """A log on the disk, and what of it has been read so far; safe to use from several threads."""

    def __init__(self, path: Path, now: Callable[[], datetime] = _now, wait: float = WAIT) -> None:
        """The log at `path`; nothing is read yet.

        `now` is the clock that entries are dated by, `wait` the seconds to wait for another writer.
        """
        self.path = path
        self._now, self._wait = now, wait
        self.lock = threading.RLock()
        """Held by the thread that reads or writes."""
        self._entries: list[Entry] = []
        self._last, self._size = b"", 0
        self.findings: tuple[Finding, ...] = ()
        """What did not hold at the last look."""
        self.torn = b""
        """A torn last line at the last look."""

    @classmethod
    def create(cls, path: Path, what: str, data: Mapping[str, Any], *, who: str) -> Log:
        """A new log with its first entry; the folder must not be a case yet."""
        log = cls(path)
        filing.write(path.parent, path.name, log._made(what, data, who, (), ()).line())
        return log

    def entries(self) -> tuple[Entry, ...]:
        """The entries that hold, with those that others appended since the last look.

        Raises SourceError where the log cannot be read, or where entries that were read before are gone or changed.
        """
        with self.lock:
            self._look()
            return tuple(self._entries)

    def append(
        self,
        what: str,
        data: Mapping[str, Any],
        *,
        who: str,
        before: Iterable[Digest] = (),
        after: Iterable[Digest] = (),
    ) -> Entry:
        """Append one entry; when this returns, it is on the disk. SourceError where the log does not hold."""
        with self.turn(who) as write:
            return write(what, data, before, after)

    @contextmanager
    def turn(self, who: str) -> Iterator[Append]:
        """Hold the log for more than one step: look, decide, write; nobody else appends meanwhile."""
        with self.lock, locked(self.path.with_name(LOCK), self._wait):
            self._look()
            self._must_hold()

            def write(what: str, data: Mapping[str, Any], before: Iterable[Digest], after: Iterable[Digest]) -> Entry:
                return self._write(self._made(what, data, who, before, after))

            self._set_torn_aside(write)
            yield write

    def _look(self) -> None:
        """Read what follows the last line known, after making sure that this line is still where it was."""
        start = self._size - len(self._last)
        with open_plain(self.path) as file:
            file.seek(start)
            data = file.read()
        if not data.startswith(self._last):
            raise SourceError(
                f"the custody log is not what it was when it was read before: entry {len(self._entries) - 1} is gone "
                "or changed",
                "Keep the folder as it is, and find out who wrote to it; nothing is appended to such a log.",
            )
        prev = self._entries[-1].hash if self._entries else START
        found = read_lines(data[len(self._last) :], len(self._entries), prev)
        self._entries += found.entries
        self._size += found.size
        self._last = found.last or self._last
        self.findings, self.torn = tuple(found.findings), found.torn

    def _must_hold(self) -> None:
        advice = "It is never mended. Keep it, verify the last sealed package, and go on in a new case."
        if not self._entries:
            raise SourceError("the custody log holds no entry that can be read", advice)
        if self.findings and not self.torn:
            first = self.findings[0]
            raise SourceError(f"the custody log does not hold: {first.place}: {first.found}", advice)

    def _set_torn_aside(self, write: Append) -> None:
        """Move a torn last line into a file of its own, and log every such file that no entry names yet."""
        folder = self.path.parent
        lying = {path.name for path in folder.glob(f"{TORN}*")}
        if self.torn:
            number = next(n for n in range(1, len(lying) + 2) if f"{TORN}{n}" not in lying)
            filing.write(folder, f"{TORN}{number}", self.torn)
            self._cut()
            lying.add(f"{TORN}{number}")
        if lying:
            known = {entry.data.get("path") for entry in self._entries if entry.what == "torn-line-set-aside"}
            for name in sorted(lying - known):
                record = filing.record(folder, name, "torn line")
                told = {"path": name, "sha256": record.sha256, "size": record.size}
                write("torn-line-set-aside", told, (), [{"file": name, "sha256": record.sha256}])

    def _made(
        self, what: str, data: Mapping[str, Any], who: str, before: Iterable[Digest], after: Iterable[Digest]
    ) -> Entry:
        entry = {
            "n": len(self._entries),
            "prev": self._entries[-1].hash if self._entries else START,
            "at": iso(instant_us(self._now())),
            "who": who,
            "what": what,
            "data": data,
            "before": list(before),
            "after": list(after),
            "tool": {"forensic-workbench": __version__, "python": platform.python_version()},
        }
        entry["hash"] = hash_of(entry)
        made, why = parse(canonical(entry) + b"\n")
        if made is None:
            raise RequestError(what, f"such an entry cannot be written: {why}")
        return made

    def _write(self, entry: Entry) -> Entry:
        line = entry.line()
        try:
            descriptor = self._opened()
            try:
                if os.write(descriptor, line) != len(line):
                    raise OSError(0, "the disk is full")
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, self._size)
                raise
            finally:
                os.close(descriptor)
        except OSError as exc:
            message = f"the custody log cannot be written: {exc.strerror or exc}"
            raise WorkError(message, "Nothing was logged. Make room, and check your right to write there.") from exc
        self._entries.append(entry)
        self._last, self._size = line, self._size + len(line)
        return entry

    def _cut(self) -> None:
        """Cut off what stands behind the last line that holds."""
        descriptor = self._opened()
        try:
            os.ftruncate(descriptor, self._size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.torn, self.findings = b"", ()

    def _opened(self) -> int:
        flags = ("O_BINARY", "O_NOFOLLOW", "O_CLOEXEC")
        return os.open(self.path, os.O_RDWR | os.O_APPEND | sum(getattr(os, flag, 0) for flag in flags))
