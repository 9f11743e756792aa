"""What goes into a file beside its pictures: the sound of the same stretch, and the time track; mixed in by time.

beside = Beside(part, look, form)          # before the first picture
beside.until(us)                           # before each picture, with its output time
beside.finish(end_us)                      # behind the last one
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from workbench.core.errors import SourceError
from workbench.core.timebase import SECOND, Range, media_us
from workbench.media import captions
from workbench.media.audio import AudioTrack, Clip, audio_facts, choose
from workbench.media.audio_plan import AudioFacts, AudioPlan
from workbench.media.clock import Clock
from workbench.media.part import Part
from workbench.media.recording import Recording
from workbench.media.retouch import Stamper

_LOOK = 200_000
"""Microseconds of output between two looks at sound and text; both may lag so far behind the pictures."""
Container = Literal["mp4", "mkv", "avi"]


@dataclass(frozen=True, slots=True)
class Look:
    """The stretches that a part shows, and their place in output time."""

    stretches: Sequence[tuple[Recording, int, int]]
    clock: Clock
    wanted: Range
    """Sound outside is never taken, but for the stretch that a key frame cut brings along."""
    stamp: Stamper
    comment: str

    def out_us(self, tick: int, zero: int) -> int:
        """Output microseconds of a tick, in a file that begins at tick `zero`."""
        return media_us(tick - zero, self.clock.time_base)

    def shown(self, zero: int) -> Iterator[captions.Shown]:
        """The pictures from tick `zero` on, in the order shown."""
        ends_us = media_us(self.clock.tail, self.clock.time_base)
        before: tuple[int, int] | None = None
        for recording, low, high in self.stretches:
            ticks = self.clock.ticks(recording, low, high)
            first = int(np.searchsorted(ticks, zero))
            instants = array("q", recording.us[low + first : high].tobytes())
            for tick, us in zip(array("q", ticks[first:].tobytes()), instants, strict=True):
                at = self.out_us(tick, zero)
                if before is not None:
                    end = at if at - before[0] <= 5 * ends_us + SECOND else before[0] + ends_us
                    yield captions.Shown(before[0], end, before[1])
                before = (at, us)
        if before is not None:
            yield captions.Shown(before[0], before[0] + ends_us, before[1])

    def clips(self, zero: int) -> list[Clip]:
        """The sound that belongs to the pictures from tick `zero` on, one clip for each stretch without a join."""
        out = []
        for recording, low, high in self.stretches:
            if recording.index.set_back:
                continue
            ticks = self.clock.ticks(recording, low, high)
            moved = recording.us[low:high] - _us(ticks, self.clock)
            # Within a run the distance of source time and output time stays the same, but for rounding.
            borders = [0, *(np.flatnonzero(np.abs(np.diff(moved)) > 2000) + 1).tolist(), len(ticks)]
            for a, b in itertools.pairwise(borders):
                if ticks[b - 1] >= zero:
                    out.append(self._clip(recording, low + a, low + b, int(ticks[a]), zero))
        return [clip for clip in out if clip.begin < clip.end]

    def _clip(self, recording: Recording, low: int, high: int, tick: int, zero: int) -> Clip:
        start = media_us(int(recording.pts[0]), recording.index.time_base) - recording.zero
        first = int(recording.us[low])
        shift = self.out_us(tick, zero) - first - start
        last_shown = high < len(recording.us)
        follows = int(recording.us[high]) if last_shown else recording.end
        usual = recording.end - int(recording.us[-1])
        begin = first if tick >= zero else first + (self.out_us(zero, zero) - self.out_us(tick, zero))
        end = min(max(self.wanted.end, int(recording.us[high - 1])), max(follows, int(recording.us[high - 1]) + usual))
        if high < len(recording.us):
            end = (
                min(end, follows)
                if follows - int(recording.us[high - 1]) <= 5 * usual + SECOND
                else (min(end, int(recording.us[high - 1]) + usual))
            )
        return Clip(recording.path, None, begin + start, end + start, shift)


def _us(ticks: np.ndarray[tuple[int], np.dtype[np.int64]], clock: Clock) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    base = clock.time_base
    whole, rest = np.divmod(ticks * base.numerator, base.denominator)
    return cast("np.ndarray[tuple[int], np.dtype[np.int64]]", whole * SECOND + rest * SECOND // base.denominator)


def sound_plan(recordings: Sequence[Recording], form: str, quality: int) -> AudioPlan:
    """What is done with the sound of recordings that go into one file."""
    return choose([_facts(recording) for recording in recordings], cast(Container, form), quality)


def _facts(recording: Recording) -> AudioFacts | None:
    if recording.index.set_back:
        return None
    try:
        return audio_facts(recording.path)
    except SourceError:
        return None


class Beside:
    """Sound and time track of one output file."""

    def __init__(self, part: Part, look: Look, zero: int, sound: AudioPlan | None, *, track: bool) -> None:
        """`sound` None leaves it out; `track` asks for the time track."""
        self._part, self._look, self._zero = part, look, zero
        self._sound = AudioTrack(sound, look.clips(zero)) if sound is not None else None
        self._sound_stream = self._sound.add_to(part.container) if self._sound is not None else None
        self._form = cast(Literal["mp4", "mkv"], part.form)
        self._text_stream = captions.add_time_track(part.container, self._form) if track else None
        self._cues = captions.cues(look.shown(zero), look.stamp, look.comment)
        self._cue: captions.Cue | None = None
        self._next_look = 0
        self.written: list[captions.Cue] = []
        """The cues of this file, for its .vtt."""

    def until(self, us: int) -> None:
        """Write what lies wholly before output time `us`."""
        if us < self._next_look:
            return
        self._next_look = us + _LOOK
        if self._sound is not None and self._sound_stream is not None:
            for packet in self._sound.packets_until(us):
                self._part.mux_ready(packet.to_av(self._sound_stream))
        while (cue := self._next_cue()) is not None and cue.end_us <= us:
            self._write(cue)

    def finish(self, us: int, *, last: bool) -> tuple[str, ...]:
        """Write the rest, up to output time `us`; returns what a person should know of the sound."""
        notes: tuple[str, ...] = ()
        if self._sound is not None:
            for packet in self._sound.finish(us, straddling=not last):
                if self._sound_stream is not None:
                    self._part.mux_ready(packet.to_av(self._sound_stream))
            notes = self._sound.notes()
        while (cue := self._next_cue()) is not None and cue.begin_us < us:
            self._write(captions.Cue(cue.begin_us, min(cue.end_us, us // 1000 * 1000), cue.text))
        return notes

    def close(self) -> None:
        """Let go of the recordings."""
        if self._sound is not None:
            self._sound.close()

    def _next_cue(self) -> captions.Cue | None:
        self._cue = self._cue or next(self._cues, None)
        return self._cue

    def _write(self, cue: captions.Cue) -> None:
        self._cue = None
        if cue.end_us <= cue.begin_us:
            return
        self.written.append(cue)
        if self._text_stream is not None:
            for packet in captions.packets([cue], self._text_stream, self._form):
                self._part.mux_ready(packet)
