"""Time: instants, offsets and half-open ranges, all of them whole microseconds.

Rules of the house:

- A place on a source's time line is an `int`: microseconds since 1970-01-01T00:00Z for a dated source, since
  its first frame for an undated one. No float ever decides which frame is meant.
- Media time is exact (`ticks * time_base`, a `Fraction`); the instant of a frame is its media time rounded
  *down* to the microsecond. So ``begin <= instant < end`` picks the same frames as the exact rational would,
  and an instant that we printed finds its own frame again.
- Ranges are half-open: [begin, end).

>>> parse_time("20260301T100000.5")
datetime.datetime(2026, 3, 1, 10, 0, 0, 500000, tzinfo=datetime.timezone.utc)
>>> parse_time("+12.25")
Offset(us=12250000)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.core.errors import RequestError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MOST_OFFSET = 10**12 * SECOND
_MICROSECOND = timedelta(microseconds=1)
_NO_MARKS = str.maketrans("", "", "-:Z")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6}))?Z?")
_OFFSET = re.compile(r"\+(\d{1,12})(?:\.(\d{1,6}))?")
_EXTENDED = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_FIXED_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)")
TIME_FORMS = (
    "Write 2026-03-01T10:00:00+01:00 (ISO 8601 with its zone), 20260301T100000.5 (UTC), "
    "or +12.5 (seconds from the source's first frame)."
)


@dataclass(frozen=True, slots=True, order=True)
class Offset:
    """A time counted from a source's first frame."""

    us: int
    """Microseconds, 0 or more."""

    def __post_init__(self) -> None:
        us: Any = self.us
        if isinstance(us, bool) or not isinstance(us, int) or not 0 <= us < MOST_OFFSET:
            raise RequestError("time", f"{self.us!r} is not an offset in whole microseconds from 0 on", TIME_FORMS)


Moment = datetime | Offset
"""What a person may write where a time is wanted: an aware instant, or an offset from the first frame."""


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A half-open stretch [begin, end) of a source's time line, in microseconds; begin == end is one frame."""

    begin: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.begin:
            raise RequestError("end", f"the end lies before the begin by {(self.begin - self.end) / SECOND} s")

    def __contains__(self, us: int) -> bool:
        return self.begin <= us < self.end

    @property
    def seconds(self) -> float:
        """Length in seconds, for display."""
        return (self.end - self.begin) / SECOND

    def meet(self, other: Range) -> Range | None:
        """The stretch both share, or None where that is empty."""
        begin, end = max(self.begin, other.begin), min(self.end, other.end)
        return Range(begin, end) if begin < end else None


def media_us(ticks: int, time_base: Fraction) -> int:
    """Microseconds of a media time, rounded down (see the rules above)."""
    return ticks * time_base.numerator * SECOND // time_base.denominator


def instant_us(when: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exact."""
    if when.tzinfo is None or when.utcoffset() is None:
        raise RequestError("time", f"{when.isoformat()} has no time zone", TIME_FORMS)
    return (when - EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """The aware UTC instant of a count of microseconds since 1970."""
    return EPOCH + us * _MICROSECOND


def parse_time(text: str, field: str = "time") -> Moment:
    """Read one of the three written forms of a time.

    `text` is ISO 8601 with a zone, the API's ``YYYYMMDDTHHMMSS[.ffffff]`` (UTC), or ``+SECONDS``.
    Raises RequestError naming `field` for anything else, an ISO time without a zone included.
    """
    text = text.strip()
    if match := _OFFSET.fullmatch(text):
        return Offset(int(match[1]) * SECOND + int((match[2] or "").ljust(6, "0")))
    try:
        if match := _COMPACT.fullmatch(text):
            *parts, fraction = match.groups()
            year, month, day, hour, minute, second = (int(part) for part in parts)
            micro = int((fraction or "").ljust(6, "0"))
            return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
        if _EXTENDED.fullmatch(text):
            when = datetime.fromisoformat(text.upper())
            if when.tzinfo is not None:
                return when.astimezone(UTC)
            raise RequestError(field, f"{text!r} has no time zone", TIME_FORMS)
    except (ValueError, OverflowError) as exc:
        raise RequestError(field, f"{text!r} is not a real date and time ({exc})", TIME_FORMS) from exc
    raise RequestError(field, f"{text!r} is not a time", TIME_FORMS)


def written(moment: Moment) -> str:
    """A moment as JSON and the command line carry it; `parse_time` reads it back."""
    if isinstance(moment, Offset):
        return f"+{moment.us // SECOND}.{moment.us % SECOND:06d}"
    return iso(instant_us(moment))


def iso(us: int) -> str:
    """Extended ISO 8601 in UTC with six digits: 2026-03-01T10:00:00.000000Z."""
    return instant(us).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def compact(us: int) -> str:
    """The API's form of an instant, six digits, UTC: 20260301T100000.000000."""
    return iso(us).translate(_NO_MARKS)


def shown(us: int, dated: bool) -> str:
    """A place on a time line for people and JSON: an ISO instant, or ``+seconds`` where undated."""
    if dated:
        return iso(us)
    sign = "+" if us >= 0 else "-"
    return f"{sign}{abs(us) // SECOND}.{abs(us) % SECOND:06d}"


def zone(name: str, field: str = "zone") -> tzinfo:
    """The time zone of an IANA name (``Europe/Berlin``), ``UTC`` or a fixed ``+HH:MM``."""
    if match := _FIXED_ZONE.fullmatch(name):
        delta = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if delta >= timedelta(hours=24):
            raise RequestError(field, f"{name!r} is not a time zone")
        return timezone(-delta if match[1] == "-" else delta)
    try:
        return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise RequestError(field, f"{name!r} is not a known time zone", "Write Europe/Berlin, UTC or +01:00.") from exc
