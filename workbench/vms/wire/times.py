"""Times as the API writes them: UTC, basic ISO with 0 to 6 fraction digits, or the words ``past`` and ``future``.

Inside the workbench a time is an `int`, microseconds since 1970 UTC; an end left open is a `Bound`. The calendar and
the gateway count milliseconds since 1900 instead.

>>> write(read("20260301T100000.5Z"), 3)
'20260301T100000.500'
>>> read("past")
<Bound.PAST: 'past'>
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum

from workbench.core.errors import RequestError
from workbench.core.timebase import compact, instant_us, parse_time


class Bound(Enum):
    """A time without a number: before everything, after everything."""

    PAST = "past"
    FUTURE = "future"


PAST, FUTURE = Bound.PAST, Bound.FUTURE
Time = int | Bound
EARLIEST = -62_135_596_800_000_000
"""The first microsecond of the year 1."""
LATEST = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""
MS_TO_1970 = 2_208_988_800_000
"""Milliseconds from 1900-01-01 to 1970-01-01."""
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}(?:\.[0-9]{1,6})?Z?")
_FORMS = "Write 20260301T100000, up to six fraction digits allowed, UTC; or past or future."


def write(time: Time, digits: int = 6) -> str:
    """A time for a path or a document; fraction digits beyond `digits` (0 to 6) are cut off, not rounded."""
    if isinstance(time, Bound):
        return time.value
    if not EARLIEST <= time <= LATEST:
        raise RequestError("time", "it lies outside the years 1 to 9999")
    text = compact(time)
    return text[: len(text) - 6 + digits] if digits else text[:-7]


def read(text: str, field: str = "time") -> Time:
    """A time from a path; RequestError naming `field` for anything that is none."""
    if text in (PAST.value, FUTURE.value):
        return Bound(text)
    moment = parse_time(text, field) if _BASIC.fullmatch(text) else None
    if not isinstance(moment, datetime):
        raise RequestError(field, f"{text[:60]!r} is not a time", _FORMS)
    return instant_us(moment)


def position(time: Time) -> tuple[int, int]:
    """A key that sorts times, the bounds at the two ends."""
    if isinstance(time, Bound):
        return (-1, 0) if time is PAST else (1, 0)
    return (0, time)


def resolve(time: Time, begin: int, end: int) -> int:
    """A time as a number: ``past`` is `begin`, ``future`` is `end`."""
    if isinstance(time, Bound):
        return begin if time is PAST else end
    return time


def to_1900(us: int) -> int:
    """Milliseconds since 1900, rounded down."""
    return us // 1000 + MS_TO_1970


def of_1900(ms: int) -> int:
    """Microseconds since 1970 of a count of milliseconds since 1900."""
    return (ms - MS_TO_1970) * 1000
