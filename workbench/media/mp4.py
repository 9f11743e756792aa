"""The sample table of a plain MP4, read without demuxing: an hour's index in milliseconds (ISO/IEC 14496-12 8.6, 8.7).

Only what is beyond doubt is taken: no fragments, one sample description, no edit that hides or delays a picture, all
samples inside the file. Anything else gives None, and the packets are read one by one as of any other container.
`index.scan` also compares the first packets with what the demuxer says before it trusts a table.

    table = sample_table(path, track=1)      # arrays dts, pts, pos, size, key in decode order; or None
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.media.structure import boxes

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The samples of one track in decode order; times in the track's ticks, edit list applied."""

    dts: Ints
    pts: Ints
    pos: Ints
    size: Ints
    key: NDArray[np.bool_]


def sample_table(path: Path, track: int) -> SampleTable | None:
    """The table of the track with that id; None where it is not plain (see the module)."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            kinds = {kind: (a, b) for kind, a, b in boxes(data, 0, len(data))}
            if b"moov" not in kinds or b"moof" in kinds or b"mvex" in _children(data, *kinds[b"moov"]):
                return None
            return _track(data, kinds[b"moov"], track)
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError):
        return None


def edits(path: Path, track: int) -> list[tuple[float, int]] | None:
    """The edit list of a track: seconds shown and tick shown first (-1: nothing) of each entry; None: unreadable."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            moov = _children(data, 0, len(data))[b"moov"]
            scale = _scale(data, _children(data, *moov)[b"mvhd"])
            traks = [_children(data, begin, end) for kind, begin, end in boxes(data, *moov) if kind == b"trak"]
            trak = next(found for found in traks if _track_id(data, found[b"tkhd"]) == track)
            inner = _children(data, *trak[b"edts"]) if b"edts" in trak else {}
            return [(length / scale, time) for length, time in _edits(data, inner.get(b"elst"))]
    except (ValueError, IndexError, KeyError, OverflowError, ZeroDivisionError, StopIteration, MemoryError):
        return None


def _edits(data: mmap.mmap, box: tuple[int, int] | None) -> list[tuple[int, int]]:
    """Length in movie ticks and media time of each entry of an ``elst``."""
    if box is None:
        return []
    begin, end = box
    wide = 8 if data[begin] == 1 else 4
    count = min(_u32(data, begin + 4), (end - begin - 8) // (2 * wide + 4))
    starts = [begin + 8 + number * (2 * wide + 4) for number in range(count)]
    return [
        (
            int.from_bytes(data[at : at + wide], "big"),
            int.from_bytes(data[at + wide : at + 2 * wide], "big", signed=True),
        )
        for at in starts
    ]


def _track(data: mmap.mmap, moov: tuple[int, int], wanted: int) -> SampleTable | None:
    movie_scale = _scale(data, _children(data, *moov)[b"mvhd"])
    for kind, begin, end in boxes(data, *moov):
        if kind != b"trak":
            continue
        trak = _children(data, begin, end)
        if _track_id(data, trak[b"tkhd"]) == wanted:
            mdia = _children(data, *trak[b"mdia"])
            edit = _edit(data, trak.get(b"edts"))
            stbl = _children(data, *_children(data, *mdia[b"minf"])[b"stbl"])
            return _samples(data, stbl, edit, _scale(data, mdia[b"mdhd"]), movie_scale)
    return None


def _samples(
    data: mmap.mmap, stbl: dict[bytes, tuple[int, int]], edit: tuple[int, int] | None, scale: int, movie_scale: int
) -> SampleTable | None:
    if _u32(data, stbl[b"stsd"][0] + 4) != 1 or edit == (-1, -1):
        return None
    size = _sizes(data, stbl[b"stsz"])
    count = len(size)
    lasts, dts = _durations(data, stbl[b"stts"], count)
    shift = _offsets(data, stbl.get(b"ctts"), count)
    pos = _positions(data, stbl, size)
    if not count or len(dts) != count or len(shift) != count or len(pos) != count or (shift < 0).any():
        return None
    if (pos + size > len(data)).any() or (size <= 0).any():
        return None
    pts = dts + shift
    start, length = edit or (int(pts.min()), 0)
    covered = int((pts + lasts).max()) - start
    # exact for pictures that begin behind the edit: a coarse movie clock must not show what is hidden
    hidden = length and ((pts - start) * float(movie_scale) >= length * float(scale)).any()
    if hidden or start != int(pts.min()) or (length and (length + 1) * scale < covered * movie_scale):
        return None
    key = np.ones(count, bool)
    if b"stss" in stbl:
        begin, _ = stbl[b"stss"]
        key[:] = False
        key[_array(data, begin + 8, _u32(data, begin + 4)) - 1] = True
    return SampleTable(dts - start, pts - start, pos, size, key)


def _sizes(data: mmap.mmap, box: tuple[int, int]) -> Ints:
    same, count = _u32(data, box[0] + 4), _u32(data, box[0] + 8)
    return np.full(count, same, np.int64) if same else _array(data, box[0] + 12, count)


def _durations(data: mmap.mmap, box: tuple[int, int], count: int) -> tuple[Ints, Ints]:
    pairs = _array(data, box[0] + 8, 2 * _u32(data, box[0] + 4)).reshape(-1, 2)
    lasts = _repeated(pairs[:, 1], pairs[:, 0], count)
    return lasts, np.concatenate(([0], np.cumsum(lasts)[:-1])).astype(np.int64)


def _offsets(data: mmap.mmap, box: tuple[int, int] | None, count: int) -> Ints:
    if box is None:
        return np.zeros(count, np.int64)
    pairs = _array(data, box[0] + 8, 2 * _u32(data, box[0] + 4)).reshape(-1, 2)
    signed = np.where(pairs[:, 1] >= 1 << 31, pairs[:, 1] - (1 << 32), pairs[:, 1])
    return _repeated(signed, pairs[:, 0], count)


def _repeated(values: Ints, counts: Ints, most: int) -> Ints:
    if int(counts.sum()) > most + 1:
        raise ValueError("the table describes more samples than there are")
    return np.repeat(values, counts)[:most]


def _positions(data: mmap.mmap, stbl: dict[bytes, tuple[int, int]], size: Ints) -> Ints:
    """Byte of each sample: the chunk's, and behind the samples before it in the chunk."""
    wide = b"co64" in stbl
    begin, _ = stbl[b"co64" if wide else b"stco"]
    chunks = _array(data, begin + 8, _u32(data, begin + 4), 8 if wide else 4)
    begin, _ = stbl[b"stsc"]
    runs = _array(data, begin + 8, 3 * _u32(data, begin + 4)).reshape(-1, 3)
    firsts = np.append(runs[:, 0] - 1, len(chunks))
    per_chunk = np.repeat(runs[:, 1], np.diff(firsts))
    chunk_of = np.repeat(np.arange(len(chunks)), per_chunk)[: len(size)]
    if len(chunk_of) != len(size):
        raise ValueError("the chunks hold another number of samples than the table")
    before = np.concatenate(([0], np.cumsum(size)[:-1]))
    opens = np.concatenate(([0], np.cumsum(per_chunk)[:-1])).astype(np.int64)
    return chunks[chunk_of] + before - before[opens[chunk_of]]


def _edit(data: mmap.mmap, edts: tuple[int, int] | None) -> tuple[int, int] | None:
    """Media time and length of the one plain edit; None without edits, (-1, -1) where they are not plain."""
    if edts is None or b"elst" not in (inner := _children(data, *edts)):
        return None
    begin, _ = inner[b"elst"]
    version, count = data[begin], _u32(data, begin + 4)
    if count != 1:
        return (-1, -1)
    wide = 8 if version == 1 else 4
    length = int.from_bytes(data[begin + 8 : begin + 8 + wide], "big")
    time = int.from_bytes(data[begin + 8 + wide : begin + 8 + 2 * wide], "big", signed=True)
    rate = _u32(data, begin + 8 + 2 * wide)
    return (time, length) if time >= 0 and rate == 0x10000 else (-1, -1)


def _children(data: mmap.mmap, begin: int, end: int) -> dict[bytes, tuple[int, int]]:
    return {kind: (a, b) for kind, a, b in boxes(data, begin, end)}


def _track_id(data: mmap.mmap, box: tuple[int, int]) -> int:
    return _u32(data, box[0] + (20 if data[box[0]] == 1 else 12))


def _scale(data: mmap.mmap, box: tuple[int, int]) -> int:
    return _u32(data, box[0] + (20 if data[box[0]] == 1 else 12))


def _u32(data: mmap.mmap, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _array(data: mmap.mmap, at: int, count: int, width: int = 4) -> Ints:
    raw = data[at : at + width * count]
    if len(raw) != width * count:
        raise ValueError("a table runs past its end")
    return np.frombuffer(raw, f">u{width}").astype(np.int64)


def reads(path: Path, pos: Ints, size: Ints) -> Iterator[bytes]:
    """The samples at those places, in order."""
    with path.open("rb", buffering=1 << 20) as file:
        at = -1
        for begin, length in zip(pos.tolist(), size.tolist(), strict=True):
            if begin != at:
                file.seek(begin)
            yield file.read(length)
            at = begin + length
