"""SHA-256 in a thread beside the reading: a digest costs as much time as the network on a quick line.

with Hasher() as hasher:
    hasher.update(piece); …
    hasher.hexdigest()
"""

from __future__ import annotations

import hashlib
import queue
import threading
from types import TracebackType

MOST_WAITING = 16
"""Pieces that may wait to be hashed; then the reader waits."""


class Hasher:
    """A SHA-256 that is computed behind the caller's back; `hexdigest` waits for it."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._thread: threading.Thread | None = None
        self._pieces: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)

    def update(self, piece: bytes) -> None:
        """Take the next piece."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="workbench-hash", daemon=True)
            self._thread.start()
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """The digest of all pieces so far."""
        self._pieces.join()
        return self._digest.hexdigest()

    def restart(self) -> None:
        """Forget all pieces so far."""
        self._pieces.join()
        self._digest = hashlib.sha256()

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Hasher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._digest.update(piece)
            self._pieces.task_done()
        self._pieces.task_done()
