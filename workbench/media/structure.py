"""Walking a container's own structure, without libav, to see whether it still adds up.

A demuxer that meets a hole resynchronises and says nothing. But the elements of a Matroska segment and the boxes of
an MP4 follow each other without a gap, each saying its size: where one does not end where the next begins, bytes
were lost, added or changed. Fragments also say how many samples they hold.

    broken = matroska(path)      # byte at which the structure breaks, None where it holds
    count, broken = fragments(path)
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_UNKNOWN = -1
_TOP = frozenset(
    {0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1043A770, 0x1C53BB6B, 0x1254C367, 0x1941A469, _CLUSTER, 0xEC, 0xBF}
)
"""SeekHead, Info, Tracks, Chapters, Cues, Tags, Attachments, Cluster, Void, CRC-32 (RFC 9559)."""
_IN_CLUSTER = frozenset({0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0x5854, 0xAF, 0xEC, 0xBF})
"""Timestamp, SimpleBlock, BlockGroup, Position, PrevSize, SilentTracks, EncryptedBlock, Void, CRC-32."""


def matroska(path: Path) -> int | None:
    """The byte at which a Matroska file stops adding up; None where it holds to its end."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, size = 0, len(data)
        while at < size:
            kind, length, body = _element(data, at)
            if kind == _SEGMENT:
                end = size if length == _UNKNOWN else body + length
                return _segment(data, body, end) if end <= size else (_segment(data, body, size) or size)
            if kind == 0 or length == _UNKNOWN or body + length > size:
                return at
            at = body + length
    return None


def _segment(data: mmap.mmap, at: int, end: int) -> int | None:
    while at < end:
        kind, length, body = _element(data, at)
        if kind not in _TOP:
            return at
        if kind == _CLUSTER:
            stop = end if length == _UNKNOWN else body + length
            if stop > end:
                return at
            broken, at = _cluster(data, body, stop, open_ended=length == _UNKNOWN)
            if broken is not None:
                return broken
            continue
        if length == _UNKNOWN or body + length > end:
            return at
        at = body + length
    return None


def _cluster(data: mmap.mmap, at: int, stop: int, *, open_ended: bool) -> tuple[int | None, int]:
    """Where a cluster breaks, and where it ends."""
    while at < stop:
        kind, length, body = _element(data, at)
        if open_ended and kind in _TOP and kind not in _IN_CLUSTER:
            return None, at
        if kind not in _IN_CLUSTER or length == _UNKNOWN or body + length > stop:
            return at, at
        at = body + length
    return None, at


def _element(data: mmap.mmap, at: int) -> tuple[int, int, int]:
    """Id, length (-1: unknown) and begin of the body of the element at a byte; id 0 where there is none (RFC 8794)."""
    if at + 2 > len(data):
        return 0, 0, at
    wide = 9 - data[at].bit_length()
    if wide > 4 or at + wide >= len(data):
        return 0, 0, at
    kind = int.from_bytes(data[at : at + wide], "big")
    begin = at + wide
    more = 9 - data[begin].bit_length()
    if more > 8 or begin + more > len(data):
        return 0, 0, at
    bits = int.from_bytes(data[begin : begin + more], "big") & ((1 << 7 * more) - 1)
    return kind, _UNKNOWN if bits == (1 << 7 * more) - 1 else bits, begin + more


def fragments(path: Path) -> tuple[dict[int, int], int | None]:
    """Samples that an MP4's fragments declare, by track id, and the byte at which its boxes stop adding up."""
    counts: dict[int, int] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = 0
        for kind, begin, end in boxes(data, 0, len(data)):
            at = end
            if kind == b"moof":
                _count_samples(data, begin, end, counts)
        return counts, at if at < len(data) else None


def _count_samples(data: mmap.mmap, begin: int, end: int, counts: dict[int, int]) -> None:
    for kind, low, high in boxes(data, begin, end):
        if kind != b"traf":
            continue
        track = 0
        for inner, a, b in boxes(data, low, high):
            if inner == b"tfhd" and b - a >= 8:
                track = int.from_bytes(data[a + 4 : a + 8], "big")
            if inner == b"trun" and b - a >= 8:
                counts[track] = counts.get(track, 0) + int.from_bytes(data[a + 4 : a + 8], "big")


def boxes(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of the body of each box (ISO/IEC 14496-12 4.2); ends where one does not fit."""
    while at + 8 <= end:
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if (
            size < head
            or at + size > end
            or (not kind.isalnum() and kind not in (b"\xa9xyz",) and not kind.strip().isalnum())
        ):
            return
        yield kind, at + head, at + size
        at += size
