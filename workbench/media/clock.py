"""Times of an output file: source ticks in, output ticks out, exact wherever one time base serves.

All recordings of a part that share a time base keep it, so a picture's time is carried over to the tick; otherwise
the part counts microseconds. ``gaps=collapse`` takes the pauses out, and every join is remembered for a chapter.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from workbench.core.timebase import SECOND
from workbench.media.index import jumps
from workbench.media.recording import Recording

MICROSECOND = Fraction(1, SECOND)
MOST_SLOTS = 600
"""Slots a second; FFmpeg's AVI muxer takes no finer ones."""
MOST_EMPTY_SLOTS = 60_000
"""FFmpeg's AVI muxer refuses to skip more than 65,536."""


@dataclass(frozen=True, slots=True)
class Join:
    """A place where pictures meet that did not follow each other without a pause, or come from another file."""

    tick: int
    """Output time of the first picture behind it."""
    us: int
    """Its instant on the source's time line."""
    file: str
    gap: int
    """Microseconds between the end of the picture before and this one; 0 or less for none."""


class Clock:
    """Output ticks for the stretches [low, high) of some recordings, in time order."""

    def __init__(self, stretches: Sequence[tuple[Recording, int, int]], collapse: bool, *, slots: bool = False) -> None:
        """`slots` counts in the largest step that all times share, as AVI wants it."""
        bases = {recording.index.time_base for recording, _, _ in stretches}
        self.time_base = bases.pop() if len(bases) == 1 else MICROSECOND
        self.joins: list[Join] = []
        self._ticks: dict[str, tuple[int, NDArray[np.int64]]] = {}
        self.tail = 1
        """Ticks for which the last picture is shown."""
        self.joined_gaps = 0
        """Gaps that were too long for slots and were joined."""
        self._lay(stretches, collapse)
        if slots:
            self._to_slots(stretches)

    def tick(self, recording: Recording, rank: int) -> int:
        """Output time of one picture; only differences mean anything."""
        low, ticks = self._ticks[recording.name]
        return int(ticks[rank - low])

    def duration(self, recording: Recording, rank: int) -> int:
        """Ticks until the next picture of the recording, or the usual time for its last one here and before a pause."""
        low, ticks = self._ticks[recording.name]
        at = rank - low + 1
        step = int(ticks[at] - ticks[at - 1]) if at < len(ticks) else self.tail
        return step if step > 0 else self.tail

    def times(self, recording: Recording, low: int, high: int) -> array[int]:
        """Output times of the ranks [low, high), and the time at which the last of them ends."""
        ticks = self.ticks(recording, low, high)
        end = int(ticks[-1]) + self.duration(recording, high - 1)
        return array("q", np.append(ticks, end).tobytes())

    def ticks(self, recording: Recording, low: int, high: int) -> NDArray[np.int64]:
        """Output times of the ranks [low, high)."""
        first, ticks = self._ticks[recording.name]
        return ticks[low - first : high - first]

    def _lay(self, stretches: Sequence[tuple[Recording, int, int]], collapse: bool) -> None:
        shift, end, end_us = 0, None, 0
        for recording, low, high in stretches:
            ticks = self._plain(recording, low, high) - shift
            usual = self._picture(recording)
            if end is not None:
                gap = int(recording.us[low]) - end_us
                pause = int(ticks[0]) - end
                # Before the end only by rounding: the two pictures would stand at one time.
                if pause < 0 or (collapse and gap > 0):
                    ticks -= pause
                    shift += pause if collapse else 0
                self.joins.append(Join(int(ticks[0]), int(recording.us[low]), recording.name, gap))
            for rank in _breaks(recording, low, high):
                at = rank - low
                pause = int(ticks[at] - ticks[at - 1]) - usual
                if collapse:
                    ticks[at:] -= pause
                    shift += pause
                us = int(recording.us[rank])
                self.joins.append(Join(int(ticks[at]), us, recording.name, self._us(pause)))
            self._ticks[recording.name] = (low, ticks)
            self.tail = usual
            end = int(ticks[-1]) + usual
            end_us = int(recording.us[high - 1]) + self._us(usual)

    def _to_slots(self, stretches: Sequence[tuple[Recording, int, int]]) -> None:
        """Exact where times share a step; gaps longer than a container's slots can bridge are joined."""
        ticks = np.concatenate([self.ticks(*stretch) for stretch in stretches])
        least = max(1, -(-self.time_base.denominator // (MOST_SLOTS * self.time_base.numerator)))
        step = max(least, int(np.gcd.reduce(np.diff(ticks))) if len(ticks) > 1 else self.tail)
        slots = (ticks - ticks[0] + step // 2) // step
        # Two pictures never share a slot: the later moves on.
        slots = np.maximum.accumulate(slots - np.arange(len(slots))) + np.arange(len(slots))
        pauses = np.diff(slots)
        long = np.flatnonzero(pauses > MOST_EMPTY_SLOTS)
        self.joined_gaps = len(long)
        usual = max(1, self.tail // step)
        for at in long:
            slots[at + 1 :] -= int(pauses[at]) - usual
        self.time_base *= step
        self.tail = usual
        begin = 0
        for recording, low, high in stretches:
            self._ticks[recording.name] = (low, slots[begin : begin + high - low])
            begin += high - low

    def _plain(self, recording: Recording, low: int, high: int) -> NDArray[np.int64]:
        if self.time_base != recording.index.time_base:
            return recording.us[low:high].copy()
        second = self.time_base.numerator * SECOND
        begin = (recording.zero * self.time_base.denominator + second // 2) // second
        ticks: NDArray[np.int64] = begin + (recording.pts[low:high] - recording.pts[0])
        return ticks

    def _picture(self, recording: Recording) -> int:
        tail = recording.index.tail * recording.index.time_base / self.time_base
        return max(1, round(tail))

    def _us(self, ticks: int) -> int:
        return int(ticks * self.time_base * SECOND)


def _breaks(recording: Recording, low: int, high: int) -> list[int]:
    """Ranks that follow a pause inside the recording."""
    at = [int(np.searchsorted(recording.us, recording.zero + behind)) for _, behind in jumps(recording.index)]
    return [rank for rank in at if low < rank < high]
