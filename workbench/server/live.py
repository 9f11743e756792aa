"""A recording played as live: what a camera shows at a wall-clock time, looped without end from when the server began.

All times are whole microseconds: wall-clock times since 1970, times of the recording on its own line. The start is
kept with the server's state, so that a restarted server shows at an instant what it showed before.

>>> clock = LiveClock(began=1_000_000)
>>> clock.at(first=50, last=149, wall=1_000_130)
80
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.core.errors import RequestError
from workbench.vms.wire.times import PAST, Time

MOST_PASSES = 1000
"""Passes through the recording that one live export may hold."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the recording, [begin, end), and how much later than recorded it was live."""

    begin: int
    end: int
    shift: int


def _wall() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class LiveClock:
    """Which instant of a recording is live."""

    began: int
    """Wall-clock time at which every recording began to play."""
    now: Callable[[], int] = field(default=_wall, compare=False)
    """Tells the wall-clock time."""

    def at(self, first: int, last: int, wall: int | None = None) -> int:
        """The instant of a recording (from `first` to `last`) that is live at `wall`, or now."""
        return first + ((self.now() if wall is None else wall) - self.began) % _length(first, last)

    def window(self, begin: Time, end: Time) -> tuple[int, int, int | None]:
        """What a live export from `begin` to `end` is about, as `JobRequest.live` takes it.

        It starts now or at `begin`, whichever is later; an open end means until it is deleted. RequestError where the
        whole of it lies in the past. Equal times mean one picture, now where that time is past.
        """
        now = self.now()
        if isinstance(begin, int) and begin == end:
            return self.began, max(now, begin), max(now, begin)
        low, high = (begin, end) if not _later(begin, end) else (end, begin)
        start = max(now, low) if isinstance(low, int) else now
        if not isinstance(high, int):
            if high is PAST:
                raise RequestError("end", "a live export cannot end in the past", "Give a time to come, or future.")
            return self.began, start, None
        if high <= now:
            raise RequestError("end", "a live export cannot end in the past", "Give a time to come, or future.")
        return self.began, start, high


def _later(begin: Time, end: Time) -> bool:
    """Whether `begin` lies behind `end`."""
    if isinstance(begin, int) and isinstance(end, int):
        return begin > end
    if isinstance(begin, int):
        return end is PAST
    return begin is not PAST and (isinstance(end, int) or end is PAST)


def stretches(first: int, last: int, began: int, begin: int, end: int) -> tuple[Stretch, ...]:
    """The parts of a recording that were live from `begin` to `end`, one for each pass; one instant where equal."""
    length = _length(first, last)
    at = first + (begin - began) % length
    if begin == end:
        return (Stretch(at, at, begin - at),)
    if (end - begin) // length > MOST_PASSES:
        raise RequestError("end", f"the recording would be played more than {MOST_PASSES} times until then")
    found: list[Stretch] = []
    while begin < end:
        took = min(end - begin, first + length - at)
        found.append(Stretch(at, at + took, begin - at))
        begin, at = begin + took, first
    return tuple(found)


def _length(first: int, last: int) -> int:
    """How long one pass takes: to the last picture, which is shown for a fortieth of a second."""
    return max(1, last - first + 25_000)
