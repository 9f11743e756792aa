"""Decoded sound on one line of samples, cut to the exact sample, coded frame by frame.

The line counts samples from output time zero at the output's rate. Each decoded frame has its place by its
own PTS; where that differs from the end of the one before by no more than a container's jitter, it simply
follows:

- later than that: digital silence fills the hole. Time stamps alone would do for FFmpeg, but a player that
  queues decoded sound without looking at them runs ahead of the pictures from there on; AVI has none at
  all.
- earlier than that: samples whose time is taken already are left out.

So the coded stream never has a hole, and its packets' times are sample counts. Samples outside a clip are
dropped by their own PTS *and* by their place on the line, before the encoder sees them. AVI begins at zero
(with silence); the others begin with the first sound.

AAC: the encoder's 1024 samples of priming lie before the first sample. FFmpeg's MP4 muxer hides them by an
edit list, Matroska's by a codec delay. The last frame is filled with zeros, which MP4 tells by its short
duration and Matroska by discard padding.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from workbench.core.errors import SourceError, WorkError
from workbench.core.timebase import SECOND
from workbench.media.audio_plan import AudioMode, AudioPlan
from workbench.media.audio_read import AudioPacket, Clip, Tally, at_rate, decoded

_JITTER = (10_000, 40_000)
"""Least and most microseconds by which a frame may be off and still just follow; between, half a frame."""
_SILENT_BLOCK = 1024
_BLOCKS_A_SECOND = 25
"""PCM packets of 40 ms, so that they interleave with pictures."""

Samples = NDArray[Any]
"""(channels, samples), float32 for AAC and int16 for PCM."""


class SampleLine:
    """The samples of some clips, in one rate, layout and format, without holes."""

    def __init__(self, clips: Sequence[Clip], plan: AudioPlan, tally: Tally) -> None:
        self._clips, self._plan, self._tally = clips, plan, tally
        self._format = "fltp" if plan.mode is AudioMode.AAC else "s16"
        self.at: int | None = 0 if plan.container == "avi" else None
        """Sample number at which the next piece begins; None before there is any."""

    def pieces(self) -> Generator[Samples]:
        """Arrays of shape (channels, samples) that follow each other; `at` is the end of the one given."""
        for clip in self._clips:
            low = -at_rate(-clip.begin, Fraction(1, SECOND), -clip.shift, self._plan.rate)
            high = at_rate(clip.end, Fraction(1, SECOND), clip.shift, self._plan.rate)
            for place, samples in self._placed(clip):
                cut = samples[:, max(0, low - place) : max(0, high - place)]
                if cut.shape[1]:
                    yield from self._joined(max(place, low), cut, high, samples.shape[1])

    def _joined(self, place: int, samples: Samples, high: int, frame: int) -> Iterator[Samples]:
        """A piece in its place behind the one before; `frame` is its length before it was cut."""
        if self.at is None:
            self.at = place
        least, most = (self._plan.rate * us // SECOND for us in _JITTER)
        off = place - self.at
        if off > min(max(least, frame // 2), most):
            yield from self._silence(off, samples)
        elif off < -min(max(least, frame // 2), most):
            self._tally.doubled += min(-off, samples.shape[1])
            samples = samples[:, -off:]
        samples = samples[:, : max(0, high - self.at)]
        if samples.shape[1]:
            self.at += samples.shape[1]
            yield samples

    def _silence(self, count: int, like: Samples) -> Iterator[Samples]:
        assert self.at is not None
        while count > 0:
            block = min(count, _SILENT_BLOCK)
            self._tally.silence += block
            self.at += block
            count -= block
            yield np.zeros((like.shape[0], block), like.dtype)

    def _placed(self, clip: Clip) -> Iterator[tuple[int, Samples]]:
        """Decoded samples in the output's rate and layout, each with the sample number that its PTS gives."""
        resampler: AudioResampler | None = None
        shape: tuple[object, ...] = ()
        following = 0
        try:
            for frame in decoded(clip, self._tally):
                if shape != (shape := (frame.format.name, frame.layout.name, frame.sample_rate)):
                    resampler = AudioResampler(self._format, self._plan.layout, self._plan.rate)
                assert resampler is not None
                for out in resampler.resample(frame):
                    place = following
                    if out.pts is not None and out.time_base is not None:
                        place = at_rate(out.pts, out.time_base, clip.shift, self._plan.rate)
                    following = place + out.samples
                    yield place, _array(out)
        except SourceError:
            self._tally.broken_off.add(clip.path.name)


def _array(frame: AudioFrame) -> Samples:
    """The samples of a frame as (channels, samples), float32 or int16."""
    array: Samples = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, len(frame.layout.channels)).T
    return array


class SampleEncoder:
    """Turns a line's samples into packets, never looking further than it is let."""

    def __init__(self, line: SampleLine, plan: AudioPlan, stream: AudioStream) -> None:
        self._line, self._plan, self._stream = line, plan, stream
        self._pieces = line.pieces()
        self._pending: list[Samples] = []
        self._held = 0
        self._next: int | None = None
        self._frame = 1024 if plan.mode is AudioMode.AAC else max(1, plan.rate // _BLOCKS_A_SECOND)
        self._ticks = Fraction(1, plan.rate)

    def until(self, limit: int) -> Iterator[AudioPacket]:
        """Packets made of whole frames that end at or before sample `limit`."""
        while self._fill(limit, self._frame) and self._begin + self._frame <= limit:
            yield from self._code(self._take(self._frame))

    def finish(self, limit: int) -> Iterator[AudioPacket]:
        """All that is left up to sample `limit`, the last frame a short one."""
        yield from self.until(limit)
        if self._held and (rest := min(self._held, limit - self._begin)) > 0:
            yield from self._code(self._take(rest))
        if self._plan.mode is AudioMode.AAC and self._next is not None:
            yield from map(self._packet, self._stream.encode(None))

    def close(self) -> None:
        """Close the recording that is being read."""
        self._pieces.close()

    @property
    def _begin(self) -> int:
        assert self._next is not None
        return self._next

    def _fill(self, limit: int, count: int) -> bool:
        """Hold `count` samples or more if there are so many before `limit`; False where there are not."""
        while self._held < count and (self._next is None or self._begin + self._held < limit):
            piece = next(self._pieces, None)
            if piece is None:
                break
            if self._next is None:
                self._next = (self._line.at or 0) - piece.shape[1]
            self._pending.append(piece)
            self._held += piece.shape[1]
        return self._held >= count

    def _take(self, count: int) -> Samples:
        joined = np.concatenate(self._pending, axis=1) if len(self._pending) > 1 else self._pending[0]
        self._pending = [joined[:, count:]]
        self._held -= count
        return joined[:, :count]

    def _code(self, samples: Samples) -> Iterator[AudioPacket]:
        place, count = self._begin, samples.shape[1]
        self._next = place + count
        if self._plan.mode is AudioMode.PCM:
            yield AudioPacket(samples.T.astype("<i2").tobytes(), place, count, self._ticks)
            return
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._plan.layout)
        frame.sample_rate, frame.time_base, frame.pts = self._plan.rate, self._ticks, place
        yield from map(self._packet, self._stream.encode(frame))

    def _packet(self, packet: Packet[AudioStream]) -> AudioPacket:
        if packet.pts is None or packet.time_base != self._ticks:
            raise WorkError(f"the AAC encoder gave a packet at {packet.pts} in {packet.time_base}")
        duration = min(packet.duration or self._frame, self._frame)
        return AudioPacket(bytes(packet), packet.pts, duration, self._ticks, self._frame - duration)


def add_encoder(plan: AudioPlan, output: OutputContainer) -> AudioStream:
    """Add a stream whose encoder always gives the same bytes for the same samples."""
    options = {"flags": "+bitexact"} if plan.mode is AudioMode.AAC else {}
    stream = output.add_stream(plan.codec, plan.rate, options)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = plan.layout
    stream.codec_context.thread_count = 1
    if plan.mode is AudioMode.AAC:
        stream.codec_context.bit_rate = plan.bit_rate
    return stream
