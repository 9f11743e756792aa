"""Digests of a file: SHA-256 and SHA-512 in one read, on two threads.

    sha256, sha512, size = digests(path)

Only plain files are read: a pipe, a device or a folder is a `SourceError` and never a hang. A file that changes while
it is read gives the digests of what was read, and its `size` is the number of bytes that went into them.
"""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

from workbench.core.errors import SourceError

CHUNK = 1 << 20


class Digests(NamedTuple):
    """What one read of a file gave."""

    sha256: str
    sha512: str
    size: int
    """Bytes that were read."""


def digests(path: Path) -> Digests:
    """SHA-256, SHA-512 and size of a plain file; SourceError where it cannot be read."""
    first, second, size = hashlib.sha256(), hashlib.sha512(), 0
    try:
        with open_plain(path) as file, ThreadPoolExecutor(1) as beside:
            while chunk := file.read(CHUNK):
                other = beside.submit(second.update, chunk)
                first.update(chunk)
                other.result()
                size += len(chunk)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return Digests(first.hexdigest(), second.hexdigest(), size)


def sha256(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a plain file; SourceError where it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with open_plain(path) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return digest.hexdigest(), size


def open_plain(path: Path) -> IO[bytes]:
    """A plain file opened for reading, unbuffered; SourceError for anything else, without waiting for it."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as exc:  # ValueError: a name that no file can have
        raise _unreadable(path, exc) from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError(f"{path.name} is no plain file", "Give a file, not a folder, a pipe or a device.")
    return os.fdopen(descriptor, "rb", buffering=0)


def _unreadable(path: Path, exc: OSError | ValueError) -> SourceError:
    why = getattr(exc, "strerror", None) or exc
    return SourceError(f"{path.name}: {why}", "Check the path and your right to read it.")
