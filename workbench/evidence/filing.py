"""How files get into a case: whole or not at all, never over another file, named by paths that cannot leave it.

record = write(case_folder, "clock/K1.jpg", data, kind="photo")      # FileRecord
path = inside(case_folder, record.path)
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from workbench.core.errors import NameTaken, SourceError, WorkError
from workbench.evidence.hashing import CHUNK, open_plain, sha256
from workbench.evidence.nouns import FileRecord


def inside(folder: Path, path: str) -> Path:
    """The file that a record's path means; SourceError where that path would leave the case, or passes a link."""
    parts = PurePosixPath(path).parts
    unsafe = not parts or path != "/".join(parts) or ".." in parts or path.startswith("/")
    if unsafe or any(c in path for c in "\\:\0") or not path.isprintable():
        raise SourceError(f"{path!r} is no path inside a case", "The custody log was not written by this program.")
    found = folder
    for part in parts:
        found = found / part
        if os.path.islink(found):  # noqa: PTH114 - unlike Path.is_symlink it raises nothing
            raise SourceError(f"{path} passes a link, and may lie outside of the case", "Put the file itself there.")
    return found


def record(folder: Path, path: str, kind: str = "") -> FileRecord:
    """A file of the case as it is now; SourceError where it cannot be read."""
    digest, size = sha256(inside(folder, path))
    return FileRecord(path=path, sha256=digest, size=size, kind=kind)


def write(folder: Path, path: str, data: bytes, kind: str = "") -> FileRecord:
    """Write a new file of the case; NameTaken where one of that name exists."""
    with _appearing(inside(folder, path)) as file:
        file.write(data)
    return record(folder, path, kind)


def copy(original: Path, folder: Path, path: str, kind: str = "") -> FileRecord:
    """Copy a plain file into the case; NameTaken where one of that name exists, SourceError where there is none."""
    with open_plain(original) as source, _appearing(inside(folder, path)) as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)
    return record(folder, path, kind)


@contextmanager
def _appearing(final: Path) -> Iterator[IO[bytes]]:
    """A new file that gets its name when the block is done and all of it is on the disk."""
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        part = final.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _named(part, final)
        finally:
            part.unlink(missing_ok=True)
        sync(final.parent)
    except OSError as exc:
        message = f"{final.name} cannot be written: {exc.strerror or exc}"
        raise WorkError(message, "Make room, and check your right to write there.") from exc


def _named(part: Path, final: Path) -> None:
    """By a hard link, which fails where the name exists; file systems without links take the name first."""
    try:
        try:
            os.link(part, final)
        except FileExistsError:
            raise
        except OSError:
            os.close(os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            part.replace(final)
    except FileExistsError as exc:
        raise NameTaken(f"{final.name} exists already", "Nothing is ever overwritten: move it away.") from exc


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk (Windows has no such call)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
