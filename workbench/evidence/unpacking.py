"""A package as a folder, whether it came as one or as a zip; a zip is unpacked into a scratch folder, and distrusted.

    with opened(path) as (folder, findings): ...

The names in a zip are checked before anything is written; data beside its entries, entries under one name twice,
links, encryption and sizes that do not hold are failed findings (``bag-form``), and then nothing is unpacked.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from workbench.core.errors import SourceError, WorkError
from workbench.evidence.findings import Finding
from workbench.evidence.verify_bag import failed

MOST_FILES = 200_000
MOST_RATIO = 1100
"""Deflate cannot pack denser than 1:1032."""
_LOCAL = 30
_DESCRIPTORS = (0, 12, 16, 20, 24)
"""Bytes that may follow an entry whose sizes stand behind its data."""
_BLOCK = 1 << 20


@contextlib.contextmanager
def opened(package: Path) -> Iterator[tuple[Path | None, tuple[Finding, ...]]]:
    """The package's folder, or None and why not; SourceError where there is nothing to open."""
    if package.is_dir():
        yield package, ()
        return
    if not package.is_file():
        raise SourceError(f"{package} is no package", "Name the folder of a package, or its zip.")
    scratch = Path(tempfile.mkdtemp(prefix="workbench-verify-"))
    try:
        yield _unpacked(package, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpacked(package: Path, scratch: Path) -> tuple[Path | None, tuple[Finding, ...]]:
    try:
        with zipfile.ZipFile(package) as archive:
            wrong = tuple(_faults(archive, package))
            return (None, wrong) if wrong else (_unpack(archive, scratch), ())
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, ValueError) as exc:
        return None, (failed("bag-form", "", "a zip that can be read", str(exc) or type(exc).__name__),)
    except RuntimeError as exc:  # zipfile's word for encrypted entries
        return None, (failed("bag-form", "", "entries that are not encrypted", str(exc)),)
    except OSError as exc:
        raise WorkError(f"{package} cannot be unpacked: {exc.strerror or exc}", "Free some room.") from exc


def _faults(archive: zipfile.ZipFile, package: Path) -> Iterator[Finding]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        yield failed("bag-form", "", f"at most {MOST_FILES} entries", str(len(entries)))
        return
    tops, seen = set(), set()
    for entry in entries:
        parts = entry.filename.removesuffix("/").split("/")
        tops.add(parts[0])
        if entry.filename in seen:
            yield failed("bag-form", entry.filename, "each name once", "the name twice")
        seen.add(entry.filename)
        if why := _unsafe(entry, parts):
            yield failed("bag-form", entry.filename, "a plain file under a relative path", why)
    if len(tops) != 1:
        yield failed("bag-form", "", "one folder at the top", f"{len(tops)}: {', '.join(sorted(tops)[:5])}")
    if archive.comment:
        yield failed("bag-form", "", "no comment on the zip", f"{len(archive.comment)} bytes")
    yield from _beside(archive, package)


def _unsafe(entry: zipfile.ZipInfo, parts: list[str]) -> str:
    mode = entry.external_attr >> 16
    if any(part in ("", ".", "..") for part in parts) or "\\" in entry.filename or "\0" in entry.filename:
        return "a path that leads elsewhere"
    if parts[0].endswith(":") or entry.orig_filename != entry.filename:
        return "a path that reads differently on another system"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a special file"
    if entry.flag_bits & 1:
        return "an encrypted entry"
    if entry.file_size > MOST_RATIO * max(1, entry.compress_size) + _BLOCK:
        return f"{entry.file_size} bytes packed into {entry.compress_size}"
    return ""


def _beside(archive: zipfile.ZipFile, package: Path) -> Iterator[Finding]:
    """Entries lie one behind the other from the first byte to the directory: no room for anything beside them."""
    at = 0
    with package.open("rb") as file:
        for entry in sorted(archive.infolist(), key=lambda e: e.header_offset):
            gap = entry.header_offset - at
            if gap != 0:
                yield failed("bag-form", entry.filename, "nothing between entries", f"{gap} bytes")
                return
            file.seek(entry.header_offset)
            head = file.read(_LOCAL)
            name, extra = struct.unpack_from("<HH", head, 26)
            if head[:4] != b"PK\x03\x04" or file.read(name) != _raw_name(entry):
                yield failed("bag-form", entry.filename, "the same name in entry and directory", "another")
                return
            at = entry.header_offset + _LOCAL + name + extra + entry.compress_size
            at += _descriptor(file, at) if entry.flag_bits & 8 else 0
    if at != archive.start_dir:
        yield failed("bag-form", "", "nothing between the entries and the directory", f"{archive.start_dir - at} bytes")
    yield from _end(archive, package)


def _end(archive: zipfile.ZipFile, package: Path) -> Iterator[Finding]:
    """The file ends where its end record says; zipfile itself tolerates data before the first entry."""
    size = package.stat().st_size
    with package.open("rb") as file:
        file.seek(max(0, size - 22))
        if file.read(4) != b"PK\x05\x06":
            yield failed("bag-form", "", "nothing behind the zip's end record", "more bytes")


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437")


def _descriptor(file: IO[bytes], at: int) -> int:
    """Length of the data descriptor at `at`: with its signature or without, in 32 or 64 bits."""
    file.seek(at)
    data = file.read(28)
    for length in _DESCRIPTORS[1:]:
        if data[length : length + 2] == b"PK":
            return length
    return 0


def _unpack(archive: zipfile.ZipFile, scratch: Path) -> Path:
    top = ""
    for entry in archive.infolist():
        top = entry.filename.split("/")[0]
        target = scratch / entry.filename
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out, _BLOCK)
    return scratch / top
