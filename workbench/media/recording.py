"""`Recording`: one indexed file, read by row and by rank instead of by time.

A *row* is a packet's number in decode order, a *rank* a picture's number in display order. Every reader opens the
file anew, finds its first packet by byte position, and checks each packet against the index, so that a seek that
lands elsewhere, or a file that changed meanwhile, can never shift a picture unnoticed.

    recording = Recording("hall/a.mp4", path, index, zero=1_772_359_200_000_000)
    for rank, frame in recording.frames(10, 20): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from workbench.core.errors import WorkError
from workbench.media import mp4
from workbench.media.access import Entry, resized
from workbench.media.index import NO_TIME, VideoIndex
from workbench.media.probe import VideoFacts, open_media, video_stream

SKIPPABLE = frozenset({"h264", "hevc", "mpeg2video", "mpeg4"})
"""Codings whose decoders leave pictures out packet by packet; others act late, and would lose wanted ones."""
_MOST_SKIPPED = 20_000
"""Packets read in search of the wanted one before a seek counts as missed."""


class Recording:
    """One file of a source with its index and its place on the source's time line."""

    def __init__(self, name: str, path: Path, index: VideoIndex, zero: int) -> None:
        self.name = name
        """Path relative to the archive."""
        self.path = path
        self.index = index
        self.zero = zero
        """Microseconds of the first shown picture on the source's time line."""
        self.shown: NDArray[np.intp] = index.shown
        """Row of each rank."""
        self.pts: NDArray[np.int64] = index.rows["pts"][self.shown]
        """PTS of each rank, rising."""
        self.ranks: NDArray[np.int64] = np.full(len(index.rows), -1, np.int64)
        """Rank of each row, -1 for rows that show nothing."""
        self.ranks[self.shown] = np.arange(len(self.shown))
        self._us: NDArray[np.int64] | None = None
        self._entries: dict[Entry, NDArray[np.intp]] = {}

    @property
    def us(self) -> NDArray[np.int64]:
        """Instant of each rank on the source's time line, in microseconds."""
        if self._us is None:
            self._us = self.zero + self.index.microseconds(self.pts, int(self.pts[0]))
        return self._us

    @property
    def end(self) -> int:
        """Instant at which the last picture's display time ends."""
        last = np.array([int(self.pts[-1]) + self.index.tail], np.int64)
        return self.zero + int(self.index.microseconds(last, int(self.pts[0]))[0])

    def until(self, rank: int) -> int:
        """Instant until which a picture is shown: the next one's, or the end of the last one's display time."""
        return int(self.us[rank + 1]) if rank + 1 < len(self.us) else self.end

    def facts_at(self, rank: int) -> VideoFacts:
        """The facts in force at a picture: its size is that of the parameter sets there, where they change."""
        config = int(self.index.rows["config"][self.shown[rank]])
        if config == 0:
            return self.index.facts
        return resized(self.index.facts, self.index.configs[config])

    def between(self, begin: int, end: int) -> tuple[int, int]:
        """The ranks with begin <= instant < end."""
        low, high = np.searchsorted(self.us, [begin, end], side="left")
        return int(low), int(high)

    def entry_before(self, rank: int, least: Entry = Entry.CLOSED) -> int:
        """The last row to enter at so that every picture from `rank` on decodes right; 0 where there is none."""
        if least not in self._entries:
            entries = self.index.rows["entry"]
            good = (entries >= least) & (entries != Entry.GRADUAL)
            self._entries[least] = np.flatnonzero(good & (self.ranks >= 0))
        rows = self._entries[least]
        rows = rows[: np.searchsorted(rows, int(self.shown[rank]), side="right")]
        rows = rows[self.ranks[rows] <= rank]
        return int(rows[-1]) if len(rows) else 0

    def packets(self, low: int, high: int) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """The packets of rows [low, high), in decode order."""
        row = low - 1
        with self._opened_at(low) as (_, packets):
            for row, packet in self._checked(packets, low, high):
                yield row, packet
        if row + 1 < high:
            raise self._changed(row + 1)

    def payloads(self, low: int, high: int) -> Iterator[tuple[int, bytes]]:
        """The bytes of rows [low, high), in decode order; straight from the file where the index allows it."""
        if not self.index.direct:
            for row, packet in self.packets(low, high):
                yield row, bytes(packet)
            return
        if self.path.stat().st_size != self.index.size:
            raise self._changed(low)
        rows = self.index.rows[low:high]
        yield from enumerate(mp4.reads(self.path, rows["pos"], rows["size"]), start=low)

    def frames(self, low: int, high: int, *, threads: str = "AUTO") -> Iterator[tuple[int, VideoFrame]]:
        """The pictures of ranks [low, high) in display order, each with its rank.

        Pictures that no decoder makes are left out: the caller sees it by the missing rank. A frame's own PTS is
        its row; use `pts[rank]`.
        """
        if low >= high:
            return
        rows = self.shown[low:high]
        start, stop = self.decodable_from(low), int(rows.max()) + 1
        with self._opened_at(start) as (stream, packets):
            stream.thread_type = threads
            # Pictures before the first wanted one that no other refers to need not be decoded at all.
            needed = int(rows.min()) if self.index.facts.codec in SKIPPABLE else start
            for frame in self._decoded(stream, self._checked(packets, start, stop), needed):
                rank = int(self.ranks[frame.pts]) if frame.pts is not None and 0 <= frame.pts < len(self.ranks) else -1
                if low <= rank < high:
                    yield rank, frame

    @contextmanager
    def opened(self, low: int, high: int) -> Iterator[tuple[VideoStream, Iterator[tuple[int, Packet[VideoStream]]]]]:
        """The file opened at row `low`: its stream, and the packets of rows [low, high), each checked."""
        with self._opened_at(low) as (stream, packets):
            yield stream, self._checked(packets, low, high)

    def again(self, stream: VideoStream, low: int, high: int) -> Iterator[tuple[int, Packet[VideoStream]]] | None:
        """The packets of rows [low, high) of an open file, its decoder as new; None where it must be opened anew."""
        container = cast(InputContainer, stream.container)
        for attempt in range(3) if low else ():
            packets = self._sought(container, stream, low, attempt)
            if packets is not None:
                stream.codec_context.flush_buffers()
                return self._checked(packets, low, high)
        return None

    def decodable_from(self, rank: int) -> int:
        """The row from which this picture is decoded; it never falls as ranks rise."""
        if self.index.facts.pix_fmt == "pal8":
            return 0  # the palette comes with the first packet that is read, and with some on the way
        row = self.entry_before(rank, Entry.OPEN)
        if self.index.rows["entry"][row] != Entry.OPEN:
            return row
        # A recovery point promises right pictures in output order; begin one earlier, since encoders differ.
        return self.entry_before(int(self.ranks[row]) - 1, Entry.OPEN) if self.ranks[row] > 0 else row

    @staticmethod
    def _decoded(
        stream: VideoStream, packets: Iterator[tuple[int, Packet[VideoStream]]], needed: int
    ) -> Iterator[VideoFrame]:
        for row, packet in packets:
            if row < needed:
                stream.codec_context.skip_frame = "NONREF"
            elif row == needed:
                stream.codec_context.skip_frame = "DEFAULT"
            packet.pts = packet.dts = row
            try:
                yield from packet.decode()
            except FFmpegError:
                continue
        try:
            yield from stream.codec_context.decode(None)
        except FFmpegError:
            return

    def _checked(
        self, packets: Iterator[Packet[VideoStream]], low: int, high: int
    ) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Packets [low, high), each compared with the index."""
        row: int | None = None
        sizes = self.index.rows["size"]
        for packet in packets:
            if packet.size == 0:
                continue
            row = self._row_of(packet) if row is None else row + 1
            if row is None:
                raise self._changed(low)
            if row < low:
                continue
            if row >= len(sizes) or sizes[row] != packet.size:
                raise self._changed(row)
            if row < high:
                yield row, packet
            if row + 1 >= high:
                return

    def _changed(self, row: int) -> WorkError:
        return WorkError(
            f"{self.path} is not what it was when it was indexed (picture {row})",
            "Keep the recordings unchanged while working; run again to index it anew.",
        )

    @contextmanager
    def _opened_at(self, row: int) -> Iterator[tuple[VideoStream, Iterator[Packet[VideoStream]]]]:
        """The file opened so that its packets begin at or before `row`, by seeking where that is safe."""
        for attempt in range(3) if row else ():
            with self._open() as (container, stream):
                packets = self._sought(container, stream, row, attempt)
                if packets is not None:
                    yield stream, packets
                    return
        with self._open() as (container, stream):
            yield stream, self._demuxed(container, stream)

    @contextmanager
    def _open(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        with open_media(self.path) as container:
            stream = video_stream(container, self.path)
            for other in container.streams:
                if other.index != stream.index:
                    other.discard = Discard.all
            yield container, stream

    def _sought(
        self, container: InputContainer, stream: VideoStream, row: int, attempt: int
    ) -> Iterator[Packet[VideoStream]] | None:
        """Packets from a place at or before `row`; None where the seek missed."""
        if not self._seek(container, stream, row, attempt):
            return None
        packets = self._demuxed(container, stream)
        for _, packet in zip(range(_MOST_SKIPPED), packets, strict=False):
            found = self._row_of(packet) if packet.size else None
            if found is not None:
                return chain([packet], packets) if found <= row else None
        return None

    def _seek(self, container: InputContainer, stream: VideoStream, row: int, attempt: int) -> bool:
        if self.index.timing == "nominal rate" or self.index.facts.container == "mpeg":
            return False  # raw streams cannot be sought; packets of a program stream depend on where reading began
        times = [t for t in (self.index.rows["pts"][row], self.index.rows["dts"][row]) if t != NO_TIME]
        if self.index.timing == "decoder":
            times = [t for t in (self.index.rows["dts"][row],) if t != NO_TIME]
        if not times:
            return False
        back = (0 if "mp4" in self.index.facts.container else 1) + 8 * attempt
        target = int(min(times)) - round(back / self.index.facts.time_base) * (attempt > 0 or back > 0)
        try:
            container.seek(target, stream=stream, backward=True)
        except (FFmpegError, OSError, OverflowError):
            return False
        return True

    def _demuxed(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        try:
            yield from container.demux(stream)
        except FFmpegError:
            return

    def _row_of(self, packet: Packet[VideoStream]) -> int | None:
        rows = self.index.rows
        if packet.pos is not None and packet.pos >= 0:
            match = (rows["pos"] == packet.pos) & (rows["size"] == packet.size)
        else:
            dts = NO_TIME if packet.dts is None else packet.dts
            match = (rows["dts"] == dts) & (rows["size"] == packet.size)
        found = np.flatnonzero(match)
        return int(found[0]) if len(found) == 1 else (0 if len(found) and found[0] == 0 else None)
