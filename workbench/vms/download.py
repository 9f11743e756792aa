"""Fetching one file of an export: hashed while it is written, resumed where it broke off, never spliced.

A break is mended by a Range request with If-Range and the strong ETag seen first (RFC 9110, 13.1.5): the server answers
206 from exactly where we stand, or sends the whole file anew, and then we begin anew too. Without a strong ETag every
break begins anew. The bytes must be as many as announced, and where the server tells a SHA-256, these. A server that
is away may be so for a minute, as while an export is waited for; a busy one is asked again when it wants to be. What is
held by then stays.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from workbench.core.errors import NameTaken, NotAllowed, RemoteError, WorkError
from workbench.vms.following import Failed
from workbench.vms.hashing import Hasher
from workbench.vms.tokens import DENIED, Doorkeeper, refusal
from workbench.vms.transport import (
    ADVICE,
    BUSY,
    LONGEST_WAIT,
    PASSING,
    Answer,
    Busy,
    Stream,
    Transport,
    Unanswered,
    Unreached,
    back_off,
    retry_after,
    wait,
)
from workbench.vms.wire import paths

OnBytes = Callable[[int, int | None], None]
"""(bytes held so far, bytes in all or None)."""
MOST_RESTARTS = 4
MOST_BUSY = 600.0
"""Seconds in which a server may say that it is busy."""
LONGEST_PAUSE = 4.0
"""Seconds between two tries while the server is away."""
MOST_REFUSAL = 65_536
MOST_DENIED = 2
"""Times in a row that another way in is looked for."""
WRITE_EVERY = 16 << 20
"""Bytes after which what came is sent on to the disk, so that little is left to wait for at the end."""
PACE_OVER = 60.0
"""Seconds over which the pace is taken."""
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that arrived whole."""

    sha256: str
    size: int
    etag: str
    """The server's validator, empty where it gave none."""
    breaks: int
    """How often the transfer broke off."""
    refetched: int
    """Bytes that came more than once."""
    server_sha256: str | None
    """What the server says the file's SHA-256 is; None where it does not say."""
    ended_by: str = "its length"
    """How the end was known: by its length, its last chunk, its SHA-256, or only because the connection was closed."""


class _Changed(Exception):
    """What we hold and what comes now are not the same file."""


class _Passing(RemoteError):
    """The server is there and cannot give the file at the moment."""


class Download:
    """One file on its way; `run` brings it home."""

    def __init__(
        self,
        transport: Transport,
        door: Doorkeeper,
        id: str,  # noqa: A002 - the API's own name
        name: str,
        path: Path,
        *,
        on_bytes: OnBytes | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._transport, self._door, self._id, self._name = transport, door, id, name
        self._path, self._on_bytes, self._cancel = path, on_bytes, cancel
        self._attempts = self._breaks = self._refetched = self._restarts = self._denied = 0
        self._lost = False
        """Whether it was ever begun anew because the server did not go on where it had broken off."""
        self._pace_from = (time.monotonic(), 0)
        self._came = 0
        self._hasher = Hasher()
        self._begin()

    def run(self) -> Downloaded:
        """Fetch the file to the path, which must not exist; whatever happens, half a file is removed.

        Raises Failed where another try would end alike, RemoteError, WorkError (disk) or Cancelled.
        """
        try:
            file = self._path.open("xb")
        except FileExistsError as exc:
            raise NameTaken(f"{self._path.name} exists already", "Nothing was overwritten; take another name.") from exc
        except (OSError, ValueError) as exc:
            raise WorkError(f"{self._path.name} cannot be written: {exc}", "Take another folder or name.") from exc
        try:
            with file, self._hasher:
                self._all(file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            self._path.unlink(missing_ok=True)
            raise WorkError(f"{self._path.name} cannot be written: {exc.strerror or exc}", "Make room.") from exc
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise
        return Downloaded(
            sha256=self._sha256,
            size=self._held,
            etag=self._etag,
            breaks=self._breaks,
            refetched=self._refetched,
            server_sha256=self._told,
            ended_by=self._ended_by(),
        )

    def _begin(self) -> None:
        """Hold nothing yet."""
        self._sha256, self._held, self._sent, self._etag = "", 0, 0, ""
        self._hasher.restart()
        self._total: int | None = None
        self._chunked = False
        self._told: str | None = None

    def _all(self, file: BinaryIO) -> None:
        away = _Away(self._transport.timeouts.silence)
        while True:
            before, begun, pause, broken = self._came, time.monotonic(), 0.0, self._held > 0
            try:
                if self._attempt(file):
                    return
            except _Changed:
                self._lost |= broken
                self._restart(file)
            except (Unanswered, Unreached, Busy, _Passing) as exc:
                self._breaks += isinstance(exc, Unanswered | Unreached)
                if self._came == before:
                    pause = away.pause(exc)
            if self._came > before:
                away.came()
                self._denied = 0
            else:  # only bytes that come have a pace; how long none may come is known to `_Away`
                since, had = self._pace_from
                self._pace_from = (since + time.monotonic() - begun + pause, had)
            self._check_pace()
            wait(pause, self._cancel)

    def _attempt(self, file: BinaryIO) -> bool:
        """One request; True when the file is whole, False where the next may be let in."""
        headers = self._door.headers()
        self._attempts += 1
        if self._held and self._etag:
            headers |= {"Range": f"bytes={self._held}-", "If-Range": self._etag}
        elif self._held:
            raise _Changed
        with self._transport.open(
            "GET",
            paths.export_file(self._id),
            query={"name": self._name},
            headers=headers,
            attempt=self._attempts,
            cancel=self._cancel,
        ) as stream:
            if stream.status in (200, 206):
                self._check_head(stream, file)
                self._pour(stream, file)
            else:
                answer = Answer(stream.status, stream.headers, self._refusal_of(stream))
        if stream.status not in (200, 206):
            self._refused(answer, headers)
            return False
        self._check_end()
        return True

    def _refusal_of(self, stream: Stream) -> bytes:
        """The beginning of what a refusal says."""
        said = b""
        for piece in stream.pieces():
            said += piece
            if len(said) >= MOST_REFUSAL:
                break
        return said[:MOST_REFUSAL]

    def _refused(self, answer: Answer, headers: Mapping[str, str]) -> None:
        """Raise what a refusal means; nothing where another way in may help."""
        if answer.status == 416:
            raise _Changed
        if answer.status in DENIED and self._denied < MOST_DENIED and self._door.try_harder(headers):
            self._denied += 1
            return
        said = refusal(answer, f"{self._shown()} was asked for", self._transport)
        if answer.status in BUSY:
            raise Busy(said.message, said.advice, retry_after(answer.headers.get("retry-after")) or 0.0)
        if answer.status in PASSING:
            raise _Passing(said.message, said.advice)
        raise said if isinstance(said, NotAllowed) else Failed(said.message, said.advice)

    def _check_head(self, stream: Stream, file: BinaryIO) -> None:
        """Take length, validator and digest of the first answer; hold every further one against them."""
        head = stream.headers
        if head.get("content-encoding", "identity").lower() != "identity":
            raise Failed(f"{self._shown()} comes compressed, which nobody asked for", ADVICE)
        etag = head.get("etag", "")
        etag = etag if _STRONG.fullmatch(etag) else ""
        if stream.status == 206:
            match = _RANGE.fullmatch(head.get("content-range", ""))
            if not self._held or match is None or int(match[1]) != self._held:
                raise _Changed
            if int(match[3]) != self._total or etag != self._etag or int(match[2]) != int(match[3]) - 1:
                raise _Changed
            return
        if self._held:  # the range was ignored, or the file is another one by now
            self._lost = True
            self._restart(file)
        length, told = head.get("content-length", ""), head.get("x-sha256", "").lower()
        self._total = int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
        self._chunked = head.get("transfer-encoding", "").lower() == "chunked"
        self._told = told if re.fullmatch(r"[0-9a-f]{64}", told) else None
        self._etag = etag
        self._check_room()

    def _check_room(self) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if self._total is not None and self._total > free:
            raise WorkError(f"{self._shown()} has {self._total} bytes, the disk has room for {free}", "Make room.")

    def _pour(self, stream: Stream, file: BinaryIO) -> None:
        for piece in stream.long_pieces():
            if self._total is not None and self._held + len(piece) > self._total:
                self._breaks += 1
                raise _Changed
            file.write(piece)
            self._hasher.update(piece)
            self._held += len(piece)
            if self._held - self._sent >= WRITE_EVERY:
                self._sent = _to_the_disk(file, self._sent, self._held)
            self._came += len(piece)
            self._check_pace()
            if self._on_bytes is not None:
                self._on_bytes(self._held, self._total)

    def _check_end(self) -> None:
        if self._total is not None and self._held < self._total:
            raise Unanswered(f"{self._shown()} ended after {self._held} of {self._total} bytes", ADVICE)
        self._sha256 = self._hasher.hexdigest()
        if self._told is not None and self._sha256 != self._told:
            self._breaks += 1
            raise _Changed

    def _check_pace(self) -> None:
        """RemoteError where a minute brought next to nothing, in however many pieces and breaks."""
        since, had = self._pace_from
        seconds = time.monotonic() - since
        if seconds < PACE_OVER:
            return
        if self._came - had < self._transport.timeouts.slowest * seconds:
            raise RemoteError(
                f"{self._shown()} comes too slowly: {self._came - had} bytes in {seconds:.0f} s",
                "Nothing of it was kept here. Try again when the network is better.",
            )
        self._pace_from = (time.monotonic(), self._came)

    def _ended_by(self) -> str:
        if self._told is not None:
            return "its SHA-256"
        if self._total is not None:
            return "its length"
        return "its last chunk" if self._chunked else "the connection was closed"

    def _restart(self, file: BinaryIO) -> None:
        """Forget what we hold: it belongs to another file, or nobody can tell."""
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise self._never_whole()
        self._refetched += self._held
        file.seek(0)
        file.truncate()
        self._begin()

    def _never_whole(self) -> RemoteError:
        """Failed only where every fresh start was the file's own fault: a better network would mend the others."""
        begun = f"{self._shown()} cannot be had whole: begun anew {MOST_RESTARTS} times, it"
        if self._lost:
            said = f"{begun} broke off, and the server does not go on where a file broke off"
            return RemoteError(said, "Nothing of it was kept here. Try again when the network is better.")
        said = f"{begun} was another file than before or than announced"
        return Failed(said, "Nothing of it was kept here. Make the export again.")

    def _shown(self) -> str:
        return repr(self._name[:120])


class _Away:
    """How long a server has been silent or busy."""

    def __init__(self, most_silence: float) -> None:
        self._most_silence = most_silence
        self.came()

    def came(self) -> None:
        """Bytes have come."""
        self._fruit = self._heard = time.monotonic()
        self._tries = 0

    def pause(self, exc: RemoteError) -> float:
        """Seconds until the next try after one that brought nothing; raises its error where that was the last."""
        now = time.monotonic()
        if isinstance(exc, Busy):
            self._heard = now
            if now - self._fruit >= MOST_BUSY:
                raise exc
            return min(LONGEST_WAIT, max(exc.after, back_off(1)))
        if now - self._heard >= self._most_silence:
            raise exc
        self._tries = min(self._tries + 1, 8)
        return min(LONGEST_PAUSE, back_off(self._tries))


def _to_the_disk(file: BinaryIO, begin: int, end: int) -> int:
    """Have the bytes [begin, end) written out meanwhile, where the system can (Linux begins at this hint); the end."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), begin, end - begin, os.POSIX_FADV_DONTNEED)
    return end
