"""A package as a folder, whether it came as one or as a zip; a zip is unpacked into a scratch folder, and distrusted.

    with opened(path) as (folder, findings): ...

What `zip_form` finds is a failed finding (``bag-form``), and then nothing is unpacked. Each file is inflated here and
not by zipfile, which does not see what stands behind the end of a compressed stream.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from workbench.core.errors import SourceError, WorkError
from workbench.evidence.findings import Finding
from workbench.evidence.hashing import CHUNK, open_plain
from workbench.evidence.verify_bag import failed
from workbench.evidence.zip_form import Member, read_zip

_FILLED = 0.9
"""Part of the free room that a package may take."""
_ADVICE = "Make room (TMPDIR names the folder that is used), or unpack it yourself and verify the folder."


@contextlib.contextmanager
def opened(package: Path) -> Iterator[tuple[Path | None, tuple[Finding, ...]]]:
    """The package's folder, or None and why not; SourceError where there is nothing to open, WorkError without room."""
    if os.path.isdir(package):  # noqa: PTH112 - unlike Path.is_dir, it answers whatever the name is
        yield package, ()
        return
    if not os.path.isfile(package):  # noqa: PTH113
        raise SourceError(f"{package} is no package", "Name the folder of a package, or its zip.")
    with open_plain(package) as file, _scratch() as scratch:
        yield _unpacked(package, file, scratch)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    try:
        scratch = Path(tempfile.mkdtemp(prefix="workbench-verify-"))
    except OSError as exc:
        raise WorkError(f"there is no folder to unpack into: {exc.strerror or exc}", _ADVICE) from exc
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpacked(package: Path, file: IO[bytes], scratch: Path) -> tuple[Path | None, tuple[Finding, ...]]:
    members, wrong = read_zip(file)
    if wrong:
        return None, wrong
    needed, free = sum(member.size for member in members), shutil.disk_usage(scratch).free
    if needed > free * _FILLED:
        raise WorkError(f"{package} holds {needed} bytes, and {free} are free to unpack them", _ADVICE)
    try:
        for member in members:
            if why := _unpack(file, member, scratch):
                return None, (failed("bag-form", member.path, "what the zip says of this entry", why),)
    except OSError as exc:
        raise WorkError(f"{package} cannot be unpacked: {exc.strerror or exc}", _ADVICE) from exc
    return scratch / members[0].path.split("/")[0], ()


def _unpack(file: IO[bytes], member: Member, scratch: Path) -> str:
    """Write one entry; why its content is not what the zip says, or empty."""
    target = scratch / member.path
    if member.is_folder:
        target.mkdir(parents=True, exist_ok=True)
        return ""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = crc = 0
    try:
        with target.open("xb") as out:
            for block in _inflated(file, member):
                size, crc = size + len(block), zlib.crc32(block, crc)
                if size > member.size:
                    return f"more than {member.size} bytes"
                out.write(block)
    except (zlib.error, EOFError) as exc:
        return f"it cannot be inflated ({exc})"
    return "" if (size, crc) == (member.size, member.crc) else f"{size} bytes, CRC-32 {crc:08x}"


def _inflated(file: IO[bytes], member: Member) -> Iterable[bytes]:
    """The content of an entry, block by block; EOFError where it is not just one whole compressed stream."""
    file.seek(member.begin)
    unpack, left = zlib.decompressobj(-zlib.MAX_WBITS), member.packed
    while left:
        packed = file.read(min(CHUNK, left))
        if not packed:
            raise EOFError("the zip is cut off")
        left -= len(packed)
        if not member.deflated:
            yield packed
            continue
        while packed:
            yield unpack.decompress(packed, CHUNK)
            if unpack.unused_data:
                raise EOFError("bytes behind the end of the compressed data")
            packed = unpack.unconsumed_tail
    if member.deflated and not unpack.eof:
        raise EOFError("the compressed data end too soon")
