"""Where a bag is laid out, a folder or a zip, and how it gets its final name: whole, or not at all.

Everything grows in a hidden ``.workbench-….part`` beside the target and reaches the disk before one rename (folder) or
one link (zip) gives it its name. A process that dies leaves at most that hidden folder. Payload is copied, never
linked: a later change to the case must not change a package.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from workbench.core.errors import NameTaken, SourceError, WorkError
from workbench.evidence.hashing import CHUNK, open_plain

_STORED = {".mp4", ".mkv", ".avi", ".exe", ".jpg", ".jpeg", ".png", ".pdf", ".zip", ".heic", ".webp"}
"""Files that deflating does not make smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What was written of one file."""

    sha256: str
    sha512: str
    size: int


class Store(Protocol):
    """A place in which a bag grows, file by file."""

    part: Path
    """What is renamed or linked when all is written."""

    def open(self, path: str, size: int) -> AbstractContextManager[IO[bytes]]:
        """A new file of the bag to write `size` bytes into."""

    def close(self) -> None:
        """Bring everything to the disk."""


class FolderStore:
    """A bag as a folder."""

    def __init__(self, part: Path) -> None:
        self.part = part
        part.mkdir()

    @contextmanager
    def open(self, path: str, size: int) -> Iterator[IO[bytes]]:
        """A new file of the bag; on the disk when the block ends."""
        final = self.part / path
        final.parent.mkdir(parents=True, exist_ok=True)
        with final.open("xb") as file:
            yield file
            _to_disk(file)

    def close(self) -> None:
        """Bring the names to the disk, too."""
        for folder, _, _ in os.walk(self.part, topdown=False):
            sync_folder(Path(folder))


class ZipStore:
    """A bag as a zip with one folder `name` at its top; same files, same bytes."""

    def __init__(self, part: Path, name: str, at: datetime) -> None:
        self.part = part
        self._name = name
        self._file = part.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w")
        last = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)  # what the zip format can say
        self._date = min(max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC)), last).timetuple()[:6]

    @contextmanager
    def open(self, path: str, size: int) -> Iterator[IO[bytes]]:
        """A new entry of the zip."""
        entry = zipfile.ZipInfo(f"{self._name}/{path}", self._date)
        entry.compress_type = zipfile.ZIP_STORED if Path(path).suffix.lower() in _STORED else zipfile.ZIP_DEFLATED
        entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
        entry.file_size = size  # says whether Zip64 is needed
        with self._zip.open(entry, "w") as file:
            yield file

    def close(self) -> None:
        """Write the directory of the zip, and bring all of it to the disk."""
        with self._file:
            self._zip.close()
            _to_disk(self._file)


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def lay_bytes(store: Store, path: str, data: bytes) -> Laid:
    """Write one small file."""
    with store.open(path, len(data)) as file:
        file.write(data)
    return Laid(sha256=hashlib.sha256(data).hexdigest(), sha512=hashlib.sha512(data).hexdigest(), size=len(data))


def lay_copy(store: Store, path: str, source: Path, sha256: str, size: int) -> Laid:
    """Copy a file of the case in one read, and compare it with what the log says of it.

    Raises WorkError where it is not the file of the log, any more.
    """
    hashes = hashlib.sha256(), hashlib.sha512()
    done = 0
    with _original(source, path) as original, store.open(path, size) as copy, ThreadPoolExecutor(1) as beside:
        for chunk in _chunks(original, path):
            second = beside.submit(hashes[1].update, chunk)
            hashes[0].update(chunk)
            copy.write(chunk)
            second.result()
            done += len(chunk)
            if done > size:
                break
    laid = Laid(sha256=hashes[0].hexdigest(), sha512=hashes[1].hexdigest(), size=done)
    if (laid.sha256, laid.size) != (sha256, size):
        raise _changed(path)
    return laid


def _original(source: Path, path: str) -> IO[bytes]:
    try:
        return open_plain(source)
    except SourceError as exc:
        raise _changed(path) from exc


def _chunks(file: IO[bytes], path: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except OSError as exc:
        message = f"{path.removeprefix('data/')} cannot be read: {exc.strerror or exc}"
        raise WorkError(message, "Check the disk that the case lies on; nothing was sealed.") from exc


def _changed(path: str) -> WorkError:
    message = f"{path.removeprefix('data/')} is not what the custody log says, so nothing was sealed"
    return WorkError(
        message, "It changed while sealing. See what happened to it (`workbench verify`), then seal again."
    )


@contextmanager
def workspace(out: Path) -> Iterator[Path]:
    """A hidden folder in `out` (made where missing) that goes, whatever happens; what the disk says is a WorkError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".workbench-", suffix=".part", dir=out))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as exc:
        message = f"The package cannot be written to {out}: {exc.strerror or exc}"
        raise WorkError(message, "Choose another folder, or make room there; then seal again.") from exc


def publish(part: Path, final: Path) -> None:
    """Give a complete package its name; raises NameTaken where something bears it already."""
    advice = "Choose another folder, or move it away; nothing is ever overwritten."
    if os.path.lexists(final):
        raise NameTaken(f"{final} exists already", advice)
    try:
        if part.is_dir():
            part.rename(final)
        else:
            _link(part, final)
    except OSError as exc:
        if os.path.lexists(final):  # somebody was quicker
            raise NameTaken(f"{final} exists already", advice) from exc
        raise
    sync_folder(final.parent)


def _link(part: Path, final: Path) -> None:
    """By a hard link, which fails where the name exists; by a rename on file systems that know no links."""
    try:
        os.link(part, final)
    except FileExistsError:
        raise
    except OSError:
        part.rename(final)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk (Windows has no such call)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
