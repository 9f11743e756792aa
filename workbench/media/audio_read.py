"""Reading the sound of a stretch of a recording: its packets, or its decoded samples, with their exact times.

Times are those of the file's own clock (PTS × time base, the clock of its pictures); a `Clip` says which
stretch of it is wanted and by how much it moves to become output time. A file is opened for reading only,
its place is found by seeking with a check on what was found, and it is read as a stream. Damage is stepped
over and counted in `Tally`.

    clip = Clip(path, stream=1, begin=2_000_000, end=5_000_000, shift=-2_000_000)
    for facts, packet in whole_packets(clip, tally, None): ...   # those that lie in it from end to end
    for frame in decoded(clip, tally): ...    # frames that may reach over its edges; the caller trims
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from math import ceil, floor
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet, PacketSideData
from av.stream import Discard

from workbench.core.errors import SourceError
from workbench.core.timebase import SECOND
from workbench.media.audio_plan import AudioFacts, audio_stream, stream_facts
from workbench.media.probe import open_media

_FIXED_FRAMES = frozenset({"aac", "mp3", "mp2", "mp1", "ac3", "eac3"})
"""Codings whose packets hold `AudioFacts.frame` samples, whatever duration the container claims."""
_RUN_UP = 400_000
"""Microseconds decoded before the stretch: lapped transforms, MP3's bit reservoir and Opus need them."""
_SKIP_SAMPLES = 11
"""AV_PKT_DATA_SKIP_SAMPLES."""
_SEEK_BACK = (0, 1, 9)
"""Seconds by which each try to seek aims before the place; the last resort is to read from the start."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch [begin, end) of one recording's sound, in microseconds of the file's own clock."""

    path: Path
    stream: int | None
    """Index of the sound stream; None is the first one."""
    begin: int
    end: int
    shift: int
    """Output time is the file's time plus this."""


@dataclass(slots=True)
class Tally:
    """What was met while reading; grows as it goes."""

    packets: int = 0
    """Packets handed on."""
    damaged: int = 0
    """Packets that are marked corrupt or do not decode."""
    damaged_at: int | None = None
    """Output time of the first of them, in microseconds."""
    broken_off: set[str] = field(default_factory=set)
    """Names of recordings whose reading ended in an error."""
    overlapping: int = 0
    """Packets left out because their time was taken by the one before."""
    silence: int = 0
    """Samples of digital silence put where no sound was recorded."""
    doubled: int = 0
    """Samples left out because their time was taken already."""

    def damage(self, at: int) -> None:
        """Count one damaged packet at output time `at`."""
        self.damaged += 1
        self.damaged_at = at if self.damaged_at is None else self.damaged_at


class AudioPacket(NamedTuple):
    """Coded sound, ready to be muxed."""

    data: bytes
    pts: int
    """Also its DTS; may be negative for an encoder's priming."""
    duration: int
    time_base: Fraction
    padding: int = 0
    """Samples at its end that are no sound (the encoder's filling of its last frame)."""

    @property
    def start(self) -> Fraction:
        """Seconds of output time."""
        return self.pts * self.time_base

    @property
    def end(self) -> Fraction:
        """Seconds of output time at which its sound ends."""
        return (self.pts + self.duration) * self.time_base

    def to_av(self, stream: AudioStream) -> Packet[AudioStream]:
        """The packet as PyAV muxes it into `stream`."""
        packet = cast("Packet[AudioStream]", Packet(self.data))
        packet.stream = stream
        packet.time_base = self.time_base
        packet.pts = packet.dts = self.pts
        packet.duration = self.duration
        packet.is_keyframe = True
        if self.padding:
            side = PacketSideData(_SKIP_SAMPLES, 10)  # type: ignore[call-arg]  # the stub lacks the constructor
            side.update(bytes(4) + self.padding.to_bytes(4, "little") + bytes(2))
            packet.set_sidedata(side)
        return packet


def at_rate(ticks: int, time_base: Fraction, shift: int, rate: int) -> int:
    """The sample number, rounded down, of a media time that is moved by `shift` microseconds."""
    up, down = time_base.numerator, time_base.denominator
    return (ticks * up * SECOND + shift * down) * rate // (down * SECOND)


def output_us(ticks: int, time_base: Fraction, shift: int) -> int:
    """Microseconds of output time of a media time, rounded down."""
    return ticks * time_base.numerator * SECOND // time_base.denominator + shift


def whole_packets(clip: Clip, tally: Tally, grid: int | None) -> Iterator[tuple[AudioFacts, AudioPacket]]:
    """The packets that start at or after the clip's begin and end at or before its end, in output time.

    Times are rounded down to a tick of 1/`grid` second; None is the sound's own rate. What the container hides
    (`is_discard`: priming, edit lists) and what it marks corrupt is left out.
    """
    with _opened(clip, tally, run_up=0) as (facts, packets):
        up, down = facts.time_base.numerator * SECOND, facts.time_base.denominator
        low, high = -(-clip.begin * down // up), clip.end * down // up
        ticks = Fraction(1, grid or facts.rate)
        # at_rate() with its constants taken out: an hour of AAC has 170,000 packets
        scale, offset, unit = up * ticks.denominator, clip.shift * down * ticks.denominator, down * SECOND
        samples, last, duration = -1, high, 0
        for packet, pts in packets:
            if pts < low or packet.is_discard:
                continue
            if pts >= high:
                return
            if samples != (samples := packet_samples(packet, facts)):
                last = (clip.end * down * facts.rate - samples * unit) // (up * facts.rate)
                duration = -(-samples * ticks.denominator // facts.rate)
            if packet.is_corrupt:
                tally.damage(output_us(pts, facts.time_base, clip.shift))
            elif pts <= last:
                yield facts, AudioPacket(bytes(packet), (pts * scale + offset) // unit, duration, ticks)


def packet_samples(packet: Packet[AudioStream], facts: AudioFacts) -> int:
    """Samples that a packet holds; the claimed duration is believed only where the coding does not fix it."""
    if facts.codec in _FIXED_FRAMES and facts.frame:
        return facts.frame
    return ceil((packet.duration or 0) * facts.time_base * facts.rate)


def decoded(clip: Clip, tally: Tally) -> Iterator[AudioFrame]:
    """Decoded frames that cover the clip, beginning before it; packets that do not decode are counted."""
    with _opened(clip, tally, run_up=_RUN_UP) as (facts, packets):
        for packet, pts in packets:
            if output_us(pts, facts.time_base, 0) >= clip.end:
                break
            frames = _decode(packet)
            if frames is None and output_us(pts, facts.time_base, 0) >= clip.begin:
                tally.damage(output_us(pts, facts.time_base, clip.shift))
            yield from frames or ()


def _decode(packet: Packet[AudioStream]) -> list[AudioFrame] | None:
    """The frames of a packet; None where it is damaged."""
    try:
        return None if packet.is_corrupt else packet.decode()
    except FFmpegError:
        return None


Timed: TypeAlias = "Iterator[tuple[Packet[AudioStream], int]]"
"""Packets with their PTS (in quotes: PyAV's Packet takes no subscript at run time)."""


@contextmanager
def _opened(clip: Clip, tally: Tally, run_up: int) -> Iterator[tuple[AudioFacts, Timed]]:
    """The clip's stream, and its packets from a place at or before ``begin - run_up`` on."""
    for back in _SEEK_BACK:
        with _open(clip) as (container, stream):
            wanted = clip.begin - run_up
            packets = _timed(container, stream, tally)
            first = next(packets, None) if _seek(container, stream, wanted - back * SECOND) else None
            if first is not None and output_us(first[1], stream_facts(stream).time_base, 0) <= wanted:
                yield stream_facts(stream), chain([first], packets)
                return
    with _open(clip) as (container, stream):
        yield stream_facts(stream), _timed(container, stream, tally)


@contextmanager
def _open(clip: Clip) -> Iterator[tuple[InputContainer, AudioStream]]:
    with open_media(clip.path) as container:
        stream = audio_stream(container, clip.stream)
        if stream is None or stream.codec_context is None:
            raise SourceError(f"{clip.path}: there is no sound stream that can be read")
        stream.codec_context.thread_count = 1
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        yield container, stream


def _seek(container: InputContainer, stream: AudioStream, target: int) -> bool:
    """Seek to a time in microseconds, by the pictures where the index is theirs; False where it failed."""
    by = stream if "mp4" in container.format.name else next(iter(container.streams.video), stream)
    ticks = by.time_base
    if ticks is None or target <= 0:
        return False
    try:
        container.seek(target * ticks.denominator // (ticks.numerator * SECOND), stream=by, backward=True)
    except (FFmpegError, OSError, OverflowError):
        return False
    return True


def _timed(container: InputContainer, stream: AudioStream, tally: Tally) -> Timed:
    """Packets with their PTS; one that carries none follows the one before."""
    following = 0
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            packet.pts = pts = following if packet.pts is None else packet.pts
            following = pts + (packet.duration or 0)
            yield packet, pts
    except FFmpegError:
        tally.broken_off.add(Path(container.name).name)


def audio_span(path: Path, stream: int | None = None) -> tuple[int, int, int]:
    """Measure the sound of a finished file: (first, end, packets), in microseconds of its own clock.

    `first` is the start of the first packet that is not hidden, rounded down; `end` is the last end of a
    packet, its declared padding not counted, rounded up; (0, 0, 0) where there is no sound. Matroska's
    times are whole milliseconds: there, `end` may be up to one of them late.
    """
    with open_media(path) as container:
        found = audio_stream(container, stream)
        if found is None or found.codec_context is None:
            return 0, 0, 0
        ticks, rate = found.time_base or Fraction(1, SECOND), found.codec_context.sample_rate or 1
        first, end, count = None, 0, 0
        for packet in container.demux(found):
            skipped, padding = _skips(packet)
            hidden = packet.is_discard or skipped >= (found.codec_context.frame_size or skipped + 1)
            if packet.size and packet.pts is not None and not hidden:
                start = packet.pts * ticks
                sounds = (packet.duration or 0) * ticks - Fraction(padding, rate)
                first = start if first is None else min(first, start)
                end, count = max(end, ceil((start + sounds) * SECOND)), count + 1
        return floor((first or 0) * SECOND), end, count


def _skips(packet: Packet[AudioStream]) -> tuple[int, int]:
    """Samples that a reader drops at the start and at the end of a packet (AV_PKT_DATA_SKIP_SAMPLES)."""
    if not packet.has_sidedata("skip_samples"):
        return 0, 0
    side = bytes(packet.get_sidedata("skip_samples"))
    return int.from_bytes(side[:4], "little"), int.from_bytes(side[4:8], "little")
