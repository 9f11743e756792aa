"""`VideoIndex`: every coded picture of a recording's video stream, from one pass over its packets.

The index is what planning, reading and counting work on, so that no later step trusts a header. One row per
packet in decode order: PTS and DTS in the stream's ticks, size, flags, and which parameter sets are in force.

Where the container gives no usable PTS (raw streams; AVI and other files with reordered pictures but no
display times) the decoder is asked for the display order and times are laid along it; `timing` says which
way was gone. What the container declares but does not hold, and every damage met, is put down in `losses`.

    index = scan(path)              # reads the whole file once
    save(index, folder / key); load(folder / key)
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from workbench.core.errors import SourceError
from workbench.core.timebase import SECOND
from workbench.media import losses, mp4
from workbench.media.access import Entry, EntryReader
from workbench.media.heads import VERSION
from workbench.media.probe import VideoFacts, open_media, video_facts, video_stream
from workbench.media.reorder import display_order

ROW = np.dtype(
    [
        ("pts", "<i8"),
        ("dts", "<i8"),
        ("pos", "<i8"),
        ("size", "<u4"),
        ("entry", "u1"),
        ("flags", "u1"),
        ("config", "<u2"),
    ]
)
HIDDEN, CORRUPT, NO_PICTURE, KEY = 1, 2, 4, 8
"""Flags: not shown (edit list), damaged according to the demuxer, yields no picture of its own, container's key."""
NO_TIME = -(2**63)
SET_BACK = "PTS jump"
"""Witness of a clock that was set back."""
_REORDER = 32
"""Usual intervals by which reordering may explain an earlier time."""
_SETS_IN_BAND = ("avc3", "hev1")
"""MP4 sample entries whose packets may carry parameter sets: each is looked into."""
_COMPARED = 128
"""Packets that the demuxer is asked for before an MP4's sample table is trusted."""
Rows = NDArray[np.void]
Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoIndex:
    """The packets of one video stream, and what was noticed on the way."""

    facts: VideoFacts
    rows: Rows
    timing: str
    """``container``, ``decoder`` (display order found by decoding) or ``nominal rate`` (no times at all)."""
    time_base: Fraction
    """Seconds per tick of `rows`; the container's unless times had to be laid by rate."""
    rotation: int
    """Degrees counter-clockwise by which a player turns the coded picture to show it."""
    tail: int
    """Ticks for which the last picture is shown."""
    losses: tuple[losses.Loss, ...]
    configs: tuple[bytes, ...]
    """Extradata by the rows' `config` number; more than one where parameter sets change inside the recording."""
    size: int
    """Bytes of the file when it was indexed."""
    direct: bool = False
    """Each packet lies in the file in one piece at `pos`: it can be read without a demuxer."""

    @property
    def set_back(self) -> bool:
        """Whether the recorder's clock was set back: then pictures were moved, and sound has no place beside them."""
        return any(loss.witness == SET_BACK for loss in self.losses)

    @property
    def shown(self) -> NDArray[np.intp]:
        """Rows that show a picture, in display order."""
        visible = np.flatnonzero(self.rows["flags"] & (HIDDEN | NO_PICTURE) == 0)
        order: NDArray[np.intp] = visible[np.argsort(self.rows["pts"][visible], kind="stable")]
        return order

    def microseconds(self, pts: NDArray[np.int64], zero: int) -> NDArray[np.int64]:
        """Microseconds from `zero` (a PTS) of each PTS, rounded down like `timebase.media_us`, without overflow."""
        whole, rest = np.divmod((pts - zero) * self.time_base.numerator, self.time_base.denominator)
        out: NDArray[np.int64] = whole * SECOND + rest * SECOND // self.time_base.denominator
        return out


def scan(path: Path, report: Report = lambda message: None, *, entries: bool = True) -> VideoIndex:
    """Read every packet of a recording and say what is there.

    Without `entries` no packet is looked into: where decoding may begin stays unknown, all else is the same.
    Raises SourceError where the file cannot be opened, holds no video, or no packet can be read.
    """
    index = scan_rows(path, report, entries=entries)
    # Jumps first: behind a clock that was set back, times that occur twice would count as no times at all.
    index = display_order(path, _without_backward_jumps(index), report)
    index = replace(index, tail=_tail(index))
    found = [
        *losses.declared(index),
        *losses.irregular(index),
        *losses.broken_structure(path, index),
        *losses.transport(path, index.facts),
        *_other_videos(path),
    ]
    return replace(index, losses=(*index.losses, *found))


def scan_rows(path: Path, report: Report = lambda message: None, *, entries: bool = True) -> VideoIndex:
    """The packets as the container gives them, with nothing decoded and no times laid or mended; see `scan`."""
    with _only_video(path) as (facts, packets):
        plain = "mp4" in facts.container and facts.tag not in _SETS_IN_BAND
        table = mp4.sample_table(path, facts.stream_id) if plain else None
        direct = table is not None and _confirmed(table, packets)
    reader = EntryReader(facts, look=entries)
    if table is not None and direct:
        rows, notes = _rows_of(path, table, reader), list[losses.Loss]()
    else:
        with _only_video(path) as (_, packets):
            rows, notes = _read_rows(path, packets, reader, report)
    if not len(rows):
        raise SourceError(f"{path}: not one picture can be read", "The file's data is missing or damaged.")
    return VideoIndex(
        facts=facts,
        rows=rows,
        timing="container",
        time_base=facts.time_base,
        rotation=0,
        tail=1,
        losses=tuple(notes),
        configs=tuple(reader.configs),
        size=path.stat().st_size,
        direct=direct,
    )


@contextmanager
def _only_video(path: Path) -> Iterator[tuple[VideoFacts, Iterator[Packet[VideoStream]]]]:
    """The facts of the video stream and its packets from the first one on."""
    with open_media(path) as container:
        stream = video_stream(container, path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield video_facts(stream), container.demux(stream)


def _other_videos(path: Path) -> list[losses.Loss]:
    """A word on further video tracks: two-lens recorders write them, and only the first is read."""
    with open_media(path) as container:
        more = sum(not s.disposition & Disposition.attached_pic for s in container.streams.video) - 1
    return [losses.Loss("container", f"holds {more} more video tracks, which are not read", 0)] if more > 0 else []


def _confirmed(table: mp4.SampleTable, packets: Iterator[Packet[VideoStream]]) -> bool:
    """Whether the demuxer gives the first pictures just as the table says, none of them hidden or damaged."""
    try:
        for at, packet in zip(range(min(_COMPARED, len(table.size))), packets, strict=False):
            said = (table.pts[at], table.dts[at], table.pos[at], table.size[at], table.key[at])
            found = (packet.pts, packet.dts, packet.pos, packet.size, packet.is_keyframe)
            if said != found or packet.is_discard or packet.is_corrupt:
                return False
    except (FFmpegError, OSError):
        return False
    return True


def _rows_of(path: Path, table: mp4.SampleTable, entries: EntryReader) -> Rows:
    """Rows from a sample table; only key pictures are looked at."""
    rows = np.zeros(len(table.size), ROW)
    rows["pts"], rows["dts"], rows["pos"], rows["size"] = table.pts, table.dts, table.pos, table.size
    rows["flags"][table.key] = KEY
    keys = np.flatnonzero(table.key)
    found = [entries.read_data(data) for data in mp4.reads(path, table.pos[keys], table.size[keys])]
    rows["entry"][keys] = [int(entry) for entry, _ in found]
    if found:
        configs = np.array([config for _, config in found], np.uint16)
        rows["config"][keys[0] :] = configs[np.searchsorted(keys, np.arange(keys[0], len(rows)), side="right") - 1]
    return rows


def _read_rows(
    path: Path, packets: Iterator[Packet[VideoStream]], entries: EntryReader, report: Report
) -> tuple[Rows, list[losses.Loss]]:
    found: list[tuple[int, ...]] = []
    notes: list[losses.Loss] = []
    try:
        for packet in packets:
            if packet.size == 0:
                continue
            found.append(_row(packet, entries))
            if len(found) % 2048 == 0:
                report({"stage": "index", "file": path.name, "frames": len(found), "position": packet.pos})
    except (FFmpegError, OSError) as exc:
        at = f"after {len(found)} pictures"
        notes.append(losses.Loss("container", f"reading stops {at}: {exc.strerror or exc}", None))
    return np.array(found, dtype=ROW), notes


def _row(packet: Packet[VideoStream], entries: EntryReader) -> tuple[int, ...]:
    key = packet.is_keyframe
    entry, config = entries.read(packet) if key else (Entry.NONE, _followed(packet, entries))
    flags = HIDDEN * packet.is_discard | CORRUPT * packet.is_corrupt | KEY * key
    pts, dts = packet.pts, packet.dts
    return (
        NO_TIME if pts is None else pts,
        NO_TIME if dts is None else dts,
        -1 if packet.pos is None else packet.pos,
        packet.size,
        int(entry),
        flags,
        config,
    )


def _followed(packet: Packet[VideoStream], entries: EntryReader) -> int:
    """Parameter sets in force behind a packet that is no key picture: H.264 allows new ones before any picture."""
    return entries.follow(bytes(packet)) if entries.codec is not None else entries.config


def _without_backward_jumps(index: VideoIndex) -> VideoIndex:
    """Lay what follows a clock that jumped back directly behind what came before, and say so.

    A jump is a key picture whose time lies before pictures decoded earlier by more than reordering explains.
    """
    pts = index.rows["pts"].copy()
    timed = np.flatnonzero(pts != NO_TIME)
    keys = np.flatnonzero(index.rows["flags"][timed] & KEY)
    times, typical = pts[timed], _typical(pts[timed])
    latest = np.maximum.accumulate(times) if len(times) else times
    if not len(keys) or not (times[keys] < latest[np.maximum(keys - 1, 0)] - _REORDER * typical).any():
        return index
    found: list[tuple[int, float]] = []
    shift, reach = 0, int(times[: keys[0] + 1].max())
    for begin, end in pairwise([*keys.tolist(), len(times)]):
        back = reach - (int(times[begin]) + shift)
        if back > _REORDER * typical:
            shift += back + typical
            found.append((int(timed[begin]), float((back + typical) * index.time_base)))
        times[begin:end] += shift
        reach = max(reach, int(times[begin:end].max()))
    pts[timed] = times
    rows = index.rows.copy()
    rows["pts"] = pts
    at, seconds = found[0]
    more = f", and {len(found) - 1} times more" if len(found) > 1 else ""
    text = f"the recorder's clock jumps back by {seconds:.3f} s at picture {at}{more}"
    return replace(index, rows=rows, losses=(*index.losses, losses.Loss(SET_BACK, text, 0)))


def _typical(pts: NDArray[np.int64]) -> int:
    steps = np.diff(np.unique(pts))
    return max(1, int(np.median(steps))) if len(steps) else 1


def _tail(index: VideoIndex) -> int:
    pts = index.rows["pts"][index.shown]
    if len(pts) > 1:
        return _typical(pts)
    rate = index.facts.rate or Fraction(25)
    return max(1, round(1 / rate / index.time_base))


def jumps(index: VideoIndex) -> list[tuple[int, int]]:
    """Stretches without a picture inside the recording, in microseconds from its first picture.

    A pause counts from a second on, and from five usual picture intervals on where those are longer.
    """
    pts = index.rows["pts"][index.shown]
    if len(pts) < 2:
        return []
    least = max(5 * index.tail, int(1 / index.time_base))
    before = np.flatnonzero(np.diff(pts) > least)
    zero = int(pts[0])
    starts = index.microseconds(pts[before] + index.tail, zero)
    ends = index.microseconds(pts[before + 1], zero)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def summary(index: VideoIndex) -> dict[str, Any]:
    """What archives ask without loading the rows: counts and times in microseconds from the first picture."""
    pts = index.rows["pts"][index.shown]
    if not len(pts):
        return {"frames": 0, "last_us": 0, "end_us": 0, "jumps": []}
    ends = np.array([pts[-1], int(pts[-1]) + index.tail], np.int64)
    last, end = index.microseconds(ends, int(pts[0])).tolist()
    return {"frames": len(pts), "last_us": last, "end_us": end, "jumps": jumps(index)}


def save(index: VideoIndex, path: Path) -> None:
    """Store an index as two files, ``path.npy`` and ``path.json``; the second is written last and names the first."""
    head: dict[str, Any] = {
        "version": VERSION,
        "facts": index.facts.to_json(),
        "timing": index.timing,
        "time_base": str(index.time_base),
        "rotation": index.rotation,
        "tail": index.tail,
        "losses": [loss.to_json() for loss in index.losses],
        "configs": [config.hex() for config in index.configs],
        "size": index.size,
        "direct": index.direct,
        "rows": len(index.rows),
        "summary": summary(index),
    }
    head["check"] = zlib.crc32(np.ascontiguousarray(index.rows).tobytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    head["stored"] = _store(path.with_name(path.name + ".npy"), lambda file: np.save(file, index.rows))
    _store(path.with_name(path.name + ".json"), lambda file: file.write(json.dumps(head).encode()))


def _store(path: Path, write: Callable[[BinaryIO], Any]) -> int:
    """Write a file in one step; its size in bytes."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    with temporary.open("wb") as file:
        write(file)
    temporary.replace(path)
    return path.stat().st_size


def load(path: Path) -> VideoIndex | None:
    """Read a stored index; None where there is none, it is of another version, or it is damaged."""
    try:
        head = json.loads(path.with_name(path.name + ".json").read_bytes())
        rows = np.load(path.with_name(path.name + ".npy"), mmap_mode="r", allow_pickle=False)
        if head["version"] != VERSION or rows.dtype != ROW or len(rows) != head["rows"]:
            return None
        if zlib.crc32(rows.tobytes()) != head["check"]:
            path.with_name(path.name + ".json").unlink(missing_ok=True)  # so that it is made anew
            return None
        return VideoIndex(
            facts=VideoFacts.from_json(head["facts"]),
            rows=rows,
            timing=head["timing"],
            time_base=Fraction(head["time_base"]),
            rotation=head["rotation"],
            tail=head["tail"],
            losses=tuple(losses.Loss(**loss) for loss in head["losses"]),
            configs=tuple(bytes.fromhex(config) for config in head["configs"]),
            size=head["size"],
            direct=head["direct"],
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, ZeroDivisionError):
        return None
