"""The SHA-256 of a recording, worked out once for each state of the file, and whether it is still in that state.

A state is what the file system says of a file: device, inode, size, times of change of content and of the entry. The
same state gives the hash that was worked out before, for as long as this process lives; nothing of it is kept on disk.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from workbench.core.errors import SourceError

State = tuple[int, int, int, int, int]


def state_of(path: Path) -> State:
    """What the file system says of a recording now; SourceError where it says nothing."""
    try:
        info = path.stat()
    except OSError as exc:
        raise SourceError(f"{path.name}: {exc.strerror or exc}", "Check the path and your right to read it.") from exc
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def sha256(path: Path) -> str:
    """SHA-256 of a recording in its present state; SourceError where it changes while it is read."""
    state = state_of(path)
    digest = _hashed(os.path.realpath(path), state)
    check_unchanged(path, state)
    return digest


def check_unchanged(path: Path, state: State) -> None:
    """SourceError unless the file is still in the state that `state_of` gave."""
    if state_of(path) != state:
        raise SourceError(
            f"{path.name} changed while it was read", "Work on a copy of the recording that nobody writes to."
        )


@lru_cache(maxsize=4096)
def _hashed(real: str, state: State) -> str:
    try:
        with Path(real).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        name = Path(real).name
        raise SourceError(f"{name}: {exc.strerror or exc}", "Check the path and your right to read it.") from exc
