"""What is recorded when: intervals, frame times, depth, capacity, calendar; each form written and read.

Servers list newest or oldest first; readers sort, so that what they give back is ascending.

>>> read_depth(b'{"start":"20160823T141333.778000","end":"20160824T065142"}')
Depth(start=1471961613778000, end=1472021502000000)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workbench.vms.wire.document import Fields, remote, time, whole
from workbench.vms.wire.nouns import Depth, FrameTimes, Intervals
from workbench.vms.wire.times import of_1900, to_1900, write

DAY_MS = 86_400_000
MOST_DAYS = 200_000
MOST_MS = 2**53


def write_intervals(recorded: Intervals, *, newest_first: bool = False) -> dict[str, Any]:
    """The answer of ``archive/contents/intervals``."""
    stretches = sorted(recorded.intervals, reverse=newest_first)
    return {"intervals": [{"begin": write(b), "end": write(e)} for b, e in stretches], "more": recorded.more}


def read_intervals(data: bytes) -> Intervals:
    """Recorded stretches, ascending; RemoteError where one ends before it begins."""
    fields = Fields(remote(data, "intervals"), "intervals")
    came = [_stretch(e) for e in fields.objects("intervals")]
    return Intervals(intervals=tuple(sorted(came)), more=fields.flag("more"), rising=_rising(came))


def _stretch(fields: Fields) -> tuple[int, int]:
    begin, end = fields.time("begin"), fields.time("end")
    if end < begin:
        raise fields.bad("end", "lies before its begin")
    return begin, end


def write_frames(found: FrameTimes, *, newest_first: bool = False) -> dict[str, Any]:
    """The answer of ``archive/contents/frames``."""
    return {"frames": [write(us) for us in sorted(found.times, reverse=newest_first)], "more": found.more}


def read_frames(data: bytes) -> FrameTimes:
    """Times of recorded pictures, ascending."""
    fields = Fields(remote(data, "frames"), "frames")
    came = [time(value, f"frames: frames[{n}]") for n, value in enumerate(fields.entries("frames"))]
    return FrameTimes(times=tuple(sorted(came)), more=fields.flag("more"), rising=_rising(came))


def _rising(came: Sequence[Any]) -> bool | None:
    """Whether a list came rising or falling; None where it is too short or neither."""
    ordered = sorted(came)
    if not came or ordered[0] == ordered[-1]:
        return None
    return True if ordered == came else False if ordered[::-1] == came else None


def write_depth(depth: Depth) -> dict[str, str]:
    """The answer of ``archive/statistics/depth``."""
    return {"start": write(depth.start), "end": write(depth.end)}


def read_depth(data: bytes) -> Depth:
    """First and last instant of an archive."""
    fields = Fields(remote(data, "depth", most=2**20), "depth")
    start, end = fields.time("start"), fields.time("end")
    if end < start:
        raise fields.bad("end", "lies before start")
    return Depth(start=start, end=end)


def write_capacity(size: int, seconds: int) -> dict[str, int]:
    """The answer of ``archive/statistics/capacity``: bytes and seconds."""
    return {"size": size, "duration": seconds}


def read_capacity(data: bytes) -> tuple[int, int]:
    """Bytes and seconds, approximate by the contract."""
    fields = Fields(remote(data, "capacity", most=2**20), "capacity")
    return fields.whole("size", 0, 2**62), fields.whole("duration", 0, 2**53)


def write_calendar(days: Iterable[int]) -> list[int]:
    """The answer of ``archive/calendar``: begins of UTC days (instants in microseconds), as milliseconds since 1900."""
    return sorted({ms - ms % DAY_MS for ms in map(to_1900, days)})


def read_calendar(data: bytes) -> tuple[int, ...]:
    """Begins of days with footage as instants, ascending; takes the twin ``{"days": ["…"]}`` too."""
    document = remote(data, "calendar")
    fields = Fields({"days": document} if isinstance(document, list) else document, "calendar")
    return tuple(
        sorted({_day(fields, number, day) for number, day in enumerate(fields.entries("days", most=MOST_DAYS))})
    )


def _day(fields: Fields, number: int, value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    ms = whole(value, 0, MOST_MS)
    if ms is None:
        raise fields.bad(f"days[{number}]", "is not a count of milliseconds since 1900")
    return of_1900(ms)
