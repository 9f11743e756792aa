"""What a zip says, where it says one thing only: no tool may see anything in it that another does not.

    members, findings = read_zip(file)

Held to: every byte belongs to an entry or to the directory at the end; an entry says of itself what the directory says
of it; names are UTF-8 and lead nowhere else, none is there twice or is file and folder at once; files are stored or
deflated, not encrypted, no links. Entries for folders, sizes that stand behind the data (data descriptors), ZIP64,
and extra fields with times and owners are what honest tools write, and pass.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from workbench.evidence.findings import Finding
from workbench.evidence.verify_bag import MOST_FILES, failed, names

_MOST_DIRECTORY = 256 * MOST_FILES
_MOST_RATIO = 1032
"""Deflate packs no denser."""
_LONGEST_NAME, _LONGEST_PATH = 255, 2000
_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = 20
_DESCRIBED, _UTF8 = 0x8, 0x800
_FLAGS = 0x6 | _DESCRIBED | _UTF8
"""Flags of an entry that may be set: how hard the packer tried, a descriptor behind the data, names in UTF-8."""
_TIMES_AND_OWNERS = frozenset({0x1, 0xA, 0x5455, 0x5855, 0x7855, 0x7875})
_MOST_EXTRA = 64


class Member(NamedTuple):
    """An entry, and where its data lie."""

    path: str
    begin: int
    packed: int
    size: int
    crc: int
    deflated: bool
    is_folder: bool


class _Odd(Exception):
    """What is wrong with the zip; never leaves this module."""


def read_zip(file: IO[bytes]) -> tuple[tuple[Member, ...], tuple[Finding, ...]]:
    """The entries of a zip, and what is wrong with it."""
    try:
        told = _end(file)
        with zipfile.ZipFile(file) as archive:
            return _read(file, archive, told)
    except _Odd as exc:
        return (), (failed("bag-form", "", "a zip that says one thing only", str(exc)),)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, EOFError, ValueError, OSError) as exc:
        return (), (failed("bag-form", "", "a zip that can be read", str(exc) or type(exc).__name__),)


def _end(file: IO[bytes]) -> tuple[int, int, int]:
    """Entries, bytes and place of the directory, by the record at the very end, which must say so without doubt."""
    size = file.seek(0, 2)
    if _at(file, 0, 2) != b"PK":
        raise _Odd("this is neither a folder nor a zip")
    if size < _END.size:
        raise _Odd("it is cut off")
    mark, disk, first, here, count, length, place, comment = _END.unpack(_at(file, size - _END.size, _END.size))
    if mark != b"PK\5\6" or comment:
        raise _Odd("it does not end with its directory: it is cut off, or something stands behind it")
    small, known = (disk, first, here, count, length, place), (0, 0, count, count, length, place)
    before = size - _END.size - _LOCATOR
    if before >= _END64.size and _at(file, before, 4) == b"PK\6\7":
        record = _END64.unpack(_at(file, before - _END64.size, _END64.size))
        if record[:2] != (b"PK\6\6", _END64.size - 12):
            raise _Odd("its record for large zips is damaged")
        known, escaped = record[4:], (0xFFFF,) * 4 + (0xFFFFFFFF,) * 2
        small = tuple(n if s == e else s for s, e, n in zip(small, escaped, known, strict=True))
    if small != known or known[:2] != (0, 0) or known[2] != known[3]:
        raise _Odd("its end says two things of its directory, or that it has more parts")
    if known[3] > MOST_FILES or known[4] > _MOST_DIRECTORY:
        raise _Odd(f"it has {known[3]} entries; at most {MOST_FILES} are read")
    return known[3], known[4], known[5]


def _read(
    file: IO[bytes], archive: zipfile.ZipFile, told: tuple[int, int, int]
) -> tuple[tuple[Member, ...], tuple[Finding, ...]]:
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    named = [_raw_name(entry) for entry in entries]
    length = sum(46 + len(raw) + len(e.extra) + len(e.comment) for raw, e in zip(named, entries, strict=True))
    if told != (len(entries), length, archive.start_dir):
        raise _Odd("its directory is not what its end says, or bytes stand about it")
    members, wrong, place = list[Member](), list[Finding](), 0
    for raw, entry in zip(named, entries, strict=True):
        path = raw.decode("utf-8", "backslashreplace")
        if why := _unsafe(entry, raw):
            wrong.append(failed("bag-form", path, "a plain file under a relative path", why))
        if entry.header_offset != place:
            raise _Odd(f"before {path!r} are bytes that belong to no entry, or to two")
        begin = place + _header(file, entry, raw, path)
        place = begin + entry.compress_size + _descriptor(file, entry, begin + entry.compress_size)
        deflated, is_folder = entry.compress_type == zipfile.ZIP_DEFLATED, path.endswith("/")
        members.append(Member(path, begin, entry.compress_size, entry.file_size, entry.CRC, deflated, is_folder))
    if place != archive.start_dir:
        raise _Odd("between the entries and the directory are bytes that belong to neither")
    return tuple(members), (*wrong, *_together([member.path for member in members]))


def _at(file: IO[bytes], place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    """The bytes of a name; many tools write UTF-8 without saying so."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437")


def _unsafe(entry: zipfile.ZipInfo, raw: bytes) -> str:
    """Why an entry must not be unpacked, or empty."""
    path, mode = raw.decode("utf-8", "replace"), entry.external_attr >> 16
    parts, is_folder = path.removesuffix("/").split("/"), path.endswith("/")
    if "\ufffd" in path and "\ufffd".encode() not in raw:
        return "a name that is not UTF-8"
    if any(part in ("", ".", "..") for part in parts) or any(c in path for c in "\\:\0"):
        return "a path that leads elsewhere, on some system"
    if max(len(part.encode()) for part in parts) > _LONGEST_NAME or len(raw) > _LONGEST_PATH:
        return "a name that is too long"
    if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
        return "a link, a special file, or a folder under the name of a file"
    if entry.flag_bits & ~_FLAGS or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "encrypted, or packed in another way than stored or deflated"
    if entry.comment or (is_folder and entry.file_size):
        return "a comment, or a folder with content of its own"
    if entry.file_size > _MOST_RATIO * entry.compress_size + 1024:
        return f"{entry.file_size} bytes packed into {entry.compress_size}"
    return ""


def _header(file: IO[bytes], entry: zipfile.ZipInfo, raw: bytes, path: str) -> int:
    """Length of an entry's own header, which must say what the directory says."""
    head = _LOCAL.unpack(_at(file, entry.header_offset, _LOCAL.size))
    mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = head
    rest = file.read(name_length + extra_length)
    large = _sizes(rest[name_length:])
    _sizes(entry.extra)
    size, packed = (large.pop(0) if one == 0xFFFFFFFF and large else one for one in (size, packed))
    told, known = (crc, packed, size), (entry.CRC, entry.compress_size, entry.file_size)
    later = bool(entry.flag_bits & _DESCRIBED)
    same = all(one == other or (later and not one) for one, other in zip(told, known, strict=True))
    if (mark, flags, method, rest[:name_length]) != (b"PK\3\4", entry.flag_bits, entry.compress_type, raw) or not same:
        raise _Odd(f"the entry {path!r} says of itself something else than the directory does")
    return _LOCAL.size + len(rest)


def _sizes(extra: bytes) -> list[int]:
    """The sizes over 4 GB in an extra field; whatever is neither that nor time nor owner has no place there."""
    found: list[int] = []
    while extra:
        kind, length = struct.unpack_from("<2H", extra)
        data, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind not in _TIMES_AND_OWNERS or len(data) != length or length > _MOST_EXTRA:
            raise _Odd("an entry has an extra field that is not of times, owners or sizes")
        if kind == 1:
            found += struct.unpack(f"<{length // 8}Q", data[: length // 8 * 8])
    return found


def _descriptor(file: IO[bytes], entry: zipfile.ZipInfo, place: int) -> int:
    """Length of what stands behind an entry's data to tell its sizes: 0 where they stand before."""
    if not entry.flag_bits & _DESCRIBED:
        return 0
    found = _at(file, place, 24)
    for form in ("<4sLQQ", "<4sLLL", "<LQQ", "<LLL"):
        mark = (b"PK\7\x08",) if "s" in form else ()
        try:
            wanted = struct.pack(form, *mark, entry.CRC, entry.compress_size, entry.file_size)
        except struct.error:  # sizes over 4 GB
            continue
        if found.startswith(wanted):
            return len(wanted)
    raise _Odd(f"behind {entry.filename!r} its sizes are missing or wrong")


def _together(paths: Iterable[str]) -> Iterator[Finding]:
    """What does not hold of all names together."""
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            yield failed("bag-form", path, "each name once", "the name twice")
        seen.add(path)
    files = {path for path in seen if not path.endswith("/")}
    folders = {path[:end] for path in seen for end, sign in enumerate(path) if sign == "/"}
    yield from (failed("bag-form", path, "a file or a folder", "both") for path in sorted(folders & files))
    tops = sorted({path.split("/")[0] for path in seen})
    if len(tops) != 1 or files & set(tops):
        yield failed("bag-form", "", "one folder at the top", f"{len(tops)} names: {', '.join(tops[:5])}"[:300])
    yield from names(path.partition("/")[2].removesuffix("/") for path in sorted(seen))
