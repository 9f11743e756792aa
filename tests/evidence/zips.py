"""Zips written by hand, so that tests can have each byte of them say what they want.

write(path, [Entry(name=b"P/a", data=b"…"), …], before_directory=b"hidden")
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE, FOLDER, LINK = 0o100644 << 16, 0o040755 << 16, 0o120777 << 16


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry; what is None is as it should be, and `local` is what its own header says otherwise."""

    name: bytes
    data: bytes = b"content\n"
    deflated: bool = False
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    flags: int = 0
    method: int | None = None
    mode: int = FILE
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    behind: bytes = b""
    """Between the data and the next entry."""
    local: dict[str, Any] = field(default_factory=dict)


def deflate(data: bytes) -> bytes:
    """One raw deflate stream."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def write(
    path: Path,
    entries: Sequence[Entry],
    *,
    before: bytes = b"",
    before_directory: bytes = b"",
    before_end: bytes = b"",
    behind: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
) -> Path:
    """Write a zip of `entries`; the offsets in it are right whatever is put between them."""
    body, directory = before, b""
    for one in entries:
        packed = one.packed if one.packed is not None else deflate(one.data) if one.deflated else one.data
        told = {
            "name": one.name,
            "flags": one.flags,
            "method": (8 if one.deflated else 0) if one.method is None else one.method,
            "crc": zlib.crc32(one.data) if one.crc is None else one.crc,
            "packed": len(packed),
            "size": len(one.data) if one.size is None else one.size,
        }
        own, at = told | one.local, len(body)
        body += struct.pack("<4s2H", b"PK\3\4", 20, own["flags"]) + _facts(own, one.local_extra)
        body += own["name"] + one.local_extra + packed + one.behind
        directory += struct.pack("<4s3H", b"PK\1\2", 0x031E, 20, told["flags"]) + _facts(told, one.extra)
        directory += struct.pack("<3H2L", len(one.comment), 0, 0, one.mode, at) + one.name + one.extra + one.comment
    start = len(body) + len(before_directory)
    number = len(entries) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(directory), start, len(comment))
    path.write_bytes(body + before_directory + directory + before_end + end + comment + behind)
    return path


def _facts(told: dict[str, Any], extra: bytes) -> bytes:
    """What both headers have in common: method, time, CRC, sizes, lengths."""
    numbers = (told["method"], 0, 0x5C21, told["crc"], told["packed"], told["size"], len(told["name"]), len(extra))
    return struct.pack("<3H3L2H", *numbers)
