"""The pictures of a recording around the one that was looked at last: kept decoded, and the decoder kept going.

A step on in a group of pictures decodes one picture, a step back is a look-up, and each is the very picture that
`Recording.frames` gives for its rank alone. Where decoders hide damage, what they paint depends on what they decoded
before; so a run of the decoder is trusted up to the first packet with which it said anything, and every picture
behind that is decoded alone.

    picture(recording, 1200)          # in the worker; the last few recordings stay open
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator

import av.logging
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from workbench.core.errors import SourceError, WorkbenchError
from workbench.media.recording import SKIPPABLE, Recording

Packets = Iterator[tuple[int, "Packet[VideoStream]"]]

MOST_BYTES = 320 << 20
"""Of decoded pictures that are kept, over all recordings."""
MOST_OPEN = 3
"""Recordings whose decoder is kept going."""
NEAR = 60
"""Ranks within which somebody is stepping: all pictures on the way are decoded and kept. Farther away is a jump."""
DELAY = 64
"""Packets behind a picture's own after which it is not waited for any more."""


def picture(recording: Recording, rank: int) -> VideoFrame:
    """One picture as it is decoded; nobody may change it. SourceError where no decoder makes it."""
    reel = _reel(recording)
    frame = reel.picture(rank)
    spare = MOST_BYTES - reel.trim(rank, MOST_BYTES)
    for other in [r for r in reversed(_REELS.values()) if r is not reel]:
        spare -= other.trim(-1, max(0, spare))
    return frame


class Reel:
    """What is kept of one recording; belongs to one thread."""

    def __init__(self, recording: Recording) -> None:
        """Nothing is decoded yet. Raises SourceError for a recording that is gone."""
        self.recording = recording
        self.state = state(recording)
        self._kept: dict[int, VideoFrame] = {}
        self._hurt: dict[int, int] = {}
        """By the row where decoding begins: the row from which on each picture is decoded alone."""
        self._last = -2 * NEAR
        self._file = _File(recording)
        self._run: _Run | None = None

    def picture(self, rank: int) -> VideoFrame:
        """The picture of a rank."""
        try:
            return self._kept[rank] if rank in self._kept else self._decoded(rank)
        except WorkbenchError:
            self.close()
            self._kept.clear()
            raise
        finally:
            self._last = rank

    def close(self) -> None:
        """Close the file; what was decoded stays."""
        self._run = None
        self._file.close()

    def trim(self, around: int, most: int) -> int:
        """Let go of the pictures farthest from a rank (-1: the last one looked at), until `most` bytes are left."""
        around = self._last if around < 0 else around
        held = {rank: sum(plane.buffer_size for plane in frame.planes) for rank, frame in self._kept.items()}
        total = sum(held.values())
        for rank in sorted(held, key=lambda rank: -abs(rank - around)):
            if total <= most:
                break
            total -= held[rank]
            del self._kept[rank]
        return total

    def _decoded(self, rank: int) -> VideoFrame:
        start, row = self.recording.decodable_from(rank), int(self.recording.shown[rank])
        if row < self._hurt.get(start, row + 1):
            self._advance(start, row, rank)
            if rank in self._kept:
                return self._kept[rank]
            self._hurt[start] = min(row, self._hurt.get(start, row))
        alone = next((f for _, f in self.recording.frames(rank, rank + 1, threads="SLICE")), None)
        if alone is None:
            path = self.recording.path
            raise SourceError(f"{path}: picture {rank} cannot be decoded", "The recording is damaged there.")
        self._kept[rank] = alone
        return alone

    def _advance(self, start: int, row: int, rank: int) -> None:
        """Decode on to a rank, or enter before it, and keep what comes out on the way."""
        run = self._run
        if run is None or run.start != start or run.passed >= rank:
            self._run = run = _Run(self.recording, start, rank, self._file)
        if abs(rank - self._last) > NEAR:
            run.needed = row
        for number, (found, frame) in enumerate(run.until(rank, row + DELAY)):
            self._kept.setdefault(found, frame)
            if number % 16 == 15:
                self.trim(rank, MOST_BYTES)


class _File:
    """A recording that stays open, since opening costs as much as twenty pictures."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._open = contextlib.ExitStack()
        self._stream: VideoStream | None = None
        self.clean = True
        """Nothing was ever said of damage: a decoder that met some is never used again."""

    def at(self, low: int, high: int) -> tuple[VideoStream, Packets]:
        """The stream with its decoder as new, and the packets of rows [low, high)."""
        if self._stream is not None and self.clean:
            packets = self._recording.again(self._stream, low, high)
            if packets is not None:
                return self._stream, packets
        self.close()
        self._stream, packets = self._open.enter_context(self._recording.opened(low, high))
        self._stream.thread_type = "SLICE"
        # Alone, so that it speaks of each packet in its turn; what H.265 makes of damage depends on its threads.
        if self._recording.index.facts.codec != "hevc":
            self._stream.codec_context.thread_count = 1
        return self._stream, packets

    def close(self) -> None:
        """Close the file; it can be used again."""
        self._stream = None
        self._open.close()


class _Run:
    """One decoder from one entry on, through the pictures that are decodable from there and from nowhere nearer."""

    def __init__(self, recording: Recording, start: int, rank: int, file: _File) -> None:
        self.start = start
        self.passed = int(recording.ranks[start]) - 1
        """The last rank that came out."""
        self.needed = start
        """Row before which pictures that no other refers to are left out."""
        self._recording = recording
        self._skippable = recording.index.facts.codec in SKIPPABLE
        self._stop = int(recording.shown[rank : _group_end(recording, rank)].max()) + 1
        self._hurt = self._stop
        """Row from which on nothing is trusted."""
        self._file = file
        stream, self._packets = file.at(start, self._stop)
        self._context = stream.codec_context
        self._ended = False

    def until(self, rank: int, last_row: int) -> Iterator[tuple[int, VideoFrame]]:
        """The trusted pictures that come out on the way to a rank."""
        while not self._ended and self.passed < rank:
            row, packet = next(self._packets, (self._stop, None))
            if packet is not None and row > last_row:
                self._ended = True
                return
            for frame in self._decode(row, packet):
                at = -1 if frame.pts is None else frame.pts
                if 0 <= at < len(self._recording.ranks):
                    self.passed = max(self.passed, int(self._recording.ranks[at]))
                    if at < self._hurt and self._recording.ranks[at] >= 0:
                        yield int(self._recording.ranks[at]), frame

    def _decode(self, row: int, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        context, self._ended = self._context, packet is None
        context.skip_frame = "NONREF" if row < self.needed and self._skippable else "DEFAULT"
        if packet is not None:
            packet.pts = packet.dts = row
        trouble = False
        with _listening() as said:
            try:
                frames = context.decode(packet)
            except FFmpegError:
                frames, trouble = [], True
        if trouble or any(frame.is_corrupt for frame in frames) or any(map(_trouble, said)):
            self._hurt, self._file.clean = min(self._hurt, row - 1), False
        return frames


@contextlib.contextmanager
def _listening() -> Iterator[list[tuple[int, str, str]]]:
    """What the decoder says, the words for developers too: only they tell of a missing picture.

    No decoder thread may be at work when it is closed (see `quiet`).
    """
    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_skip_repeated(False)
    av.logging.set_level(av.logging.DEBUG)
    try:
        with av.logging.Capture(local=False) as said:
            yield said
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)


def _trouble(said: tuple[int, str, str]) -> bool:
    return said[0] <= av.logging.WARNING or "conceal" in said[2] or "num gap" in said[2]


def _group_end(recording: Recording, rank: int) -> int:
    """The first rank behind the pictures that are decoded from the same entry as this one."""
    start, low, step = recording.decodable_from(rank), rank, 16
    high = rank + step
    while high < len(recording.pts) and recording.decodable_from(high) == start:
        low, step = high, step * 2
        high += step
    high = min(high, len(recording.pts))
    while high - low > 1:
        middle = (low + high) // 2
        same = recording.decodable_from(middle) == start
        low, high = (middle, high) if same else (low, middle)
    return high


def state(recording: Recording) -> tuple[int, int, int, int]:
    """What tells that a file is still the same one; SourceError where it is gone."""
    try:
        info = recording.path.stat()
    except OSError as exc:
        raise SourceError(f"{recording.path}: {exc.strerror or exc}", "Put the recording back, or ask again.") from exc
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino


_REELS: OrderedDict[str, Reel] = OrderedDict()
"""By path, the one used last at the end."""


def _reel(recording: Recording) -> Reel:
    key = str(recording.path)
    reel = _REELS.pop(key, None)
    if reel is not None and (reel.recording is not recording or reel.state != state(recording)):
        reel.close()
        reel = None
    _REELS[key] = reel = reel or Reel(recording)
    while len(_REELS) > MOST_OPEN:
        _REELS.popitem(last=False)[1].close()
    return reel
