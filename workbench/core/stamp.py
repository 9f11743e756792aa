"""Time stamps: the API's `tsformat` templates (Boost.Date_Time 1.55 flags) made text.

    %a %A %b %B %h           names of day and month, English whatever the process's locale
    %Y %y %C %m %d %e %j     year, in two digits, century; month; day (%e padded by a space); day of the year
    %H %I %k %l %M %S %p %P  hour of 24 and 12 (%k %l padded by a space), minute, second, AM/PM, am/pm
    %u %w                    weekday, Monday 1 to Sunday 7 and Sunday 0 to Saturday 6
    %U %W %V %G %g           week of the year from Sunday, from Monday, of ISO 8601; ISO year
    %f                       microseconds, six digits, no dot
    %F                       .ffffff where not zero, else nothing (Boost's; not the date of C's strftime)
    %s                       SS.ffffff (Boost's; not the seconds since 1970)
    %T %R %r %D              %H:%M:%S · %H:%M · %I:%M:%S %p · %m/%d/%y
    %c %x %X                 %a %b %e %H:%M:%S %Y · %m/%d/%y · %H:%M:%S
    %q %Q                    offset from UTC: +0100 · +01:00
    %z %Z                    the zone's short and full name: CET · Europe/Berlin
    %ZP                      the zone's rule without its daylight saving part: CET+01:00
    %n %t %%                 line break, tab, percent sign

Two decisions. The VMS prints times that know no zone and therefore drops %q, %Q, %z, %Z and %ZP; our times
know theirs, so these flags mean what they do for Boost's `local_date_time`. And Boost replaces text before it
looks for `%%`, which mangles ``%%f``; here `%%` is an escape like any other.

A flag that is none of these (%O, %- and %+ too: they belong to durations) stays in the text as it is, and
`problems` says so.

>>> from datetime import timedelta, timezone
>>> render("%Y-%b-%d %H:%M:%S%F %Q", 1_586_940_896_250_000, timezone(timedelta(hours=3)))
'2020-Apr-15 11:54:56.250000 +03:00'
>>> render_offset("%H:%M", 12_250_000)
'+00:00:12.250 from first frame'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from workbench.core.timebase import SECOND, instant

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_COMPOUND = {
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "D": "%m/%d/%y",
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
}
_OF_DURATIONS = "O-+"
_TOKEN = re.compile(r"%(ZP|.)?", re.DOTALL)
_Part = str | Callable[[datetime], str]


def render(template: str, us: int, zone: tzinfo) -> str:
    """The template for the instant `us` (microseconds since 1970, years 1 to 9999) on the clocks of `zone`.

    Where these would leave the years 1 to 9999, the time is shown in UTC.
    """
    try:
        when = instant(us).astimezone(zone)
    except OverflowError:
        when = instant(us).astimezone(UTC)
    return "".join(part if isinstance(part, str) else part(when) for part in _parts(template))


def render_offset(template: str, us: int) -> str:
    """The stamp of an undated source, whatever the template: time since its first frame in milliseconds.

    Only an empty template gives an empty stamp.
    """
    if not template:
        return ""
    seconds, rest = divmod(abs(us), SECOND)
    minutes, second = divmod(seconds, 60)
    sign = "-" if us < 0 else "+"
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{rest // 1000:03d} from first frame"


def problems(template: str) -> tuple[str, ...]:
    """What `render` leaves in the text as it is: one sentence for each flag, in the order they appear."""
    found: dict[str, None] = {}
    for match in _TOKEN.finditer(template):
        flag = match[1]
        if flag is None:
            found["The template ends with a single %; write %% for a percent sign."] = None
        elif flag in _OF_DURATIONS:
            found[f"%{flag} is for durations only; it is printed as it stands."] = None
        elif flag != "%" and flag not in _FLAGS and flag not in _COMPOUND:
            found[f"%{flag} is no known flag; it is printed as it stands."] = None
    return tuple(found)


@lru_cache(maxsize=64)
def _parts(template: str) -> tuple[_Part, ...]:
    """The template cut into fixed texts and functions of the time."""
    parts: list[_Part] = []
    done = 0
    for match in _TOKEN.finditer(template):
        parts.append(template[done : match.start()])
        done = match.end()
        flag = match[1] or ""
        if flag in _COMPOUND:
            parts.extend(_parts(_COMPOUND[flag]))
        else:
            parts.append(_FLAGS.get(flag, "%" if flag == "%" else match[0]))
    parts.append(template[done:])
    return tuple(part for part in parts if part)


def _week(when: datetime, first_day: int) -> str:
    """Week of the year, 00 before its first `first_day` (Monday 0 … Sunday 6)."""
    return f"{(when.timetuple().tm_yday + 6 - (when.weekday() - first_day) % 7) // 7:02d}"


def _twelve(when: datetime) -> int:
    return when.hour % 12 or 12


def _offset(when: datetime, colon: str) -> str:
    offset = when.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    minutes, seconds = divmod(abs(offset) // timedelta(seconds=1), 60)
    tail = f"{colon}{seconds:02d}" if seconds else ""
    return f"{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}{tail}"


def _short_zone(when: datetime) -> str:
    """CET, or the offset where the zone has no short name (Python then makes one up: UTC+01:00)."""
    name = when.tzname() or ""
    return _offset(when, ":") if not name or name.startswith(("UTC+", "UTC-")) else name


def _full_zone(when: datetime) -> str:
    return str(getattr(when.tzinfo, "key", None) or _short_zone(when))


def _zone_rule(when: datetime) -> str:
    name = _short_zone(when)
    return f"{name if name.isalpha() else 'UTC'}{_offset(when, ':')}"


_FLAGS: dict[str, _Part] = {
    "a": lambda t: DAYS[t.weekday()][:3],
    "A": lambda t: DAYS[t.weekday()],
    "b": lambda t: MONTHS[t.month - 1][:3],
    "B": lambda t: MONTHS[t.month - 1],
    "h": lambda t: MONTHS[t.month - 1][:3],
    "Y": lambda t: f"{t.year:04d}",
    "y": lambda t: f"{t.year % 100:02d}",
    "C": lambda t: f"{t.year // 100:02d}",
    "m": lambda t: f"{t.month:02d}",
    "d": lambda t: f"{t.day:02d}",
    "e": lambda t: f"{t.day:2d}",
    "j": lambda t: f"{t.timetuple().tm_yday:03d}",
    "H": lambda t: f"{t.hour:02d}",
    "k": lambda t: f"{t.hour:2d}",
    "I": lambda t: f"{_twelve(t):02d}",
    "l": lambda t: f"{_twelve(t):2d}",
    "M": lambda t: f"{t.minute:02d}",
    "S": lambda t: f"{t.second:02d}",
    "s": lambda t: f"{t.second:02d}.{t.microsecond:06d}",
    "f": lambda t: f"{t.microsecond:06d}",
    "F": lambda t: f".{t.microsecond:06d}" if t.microsecond else "",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "P": lambda t: "am" if t.hour < 12 else "pm",
    "u": lambda t: str(t.isoweekday()),
    "w": lambda t: str(t.isoweekday() % 7),
    "U": lambda t: _week(t, 6),
    "W": lambda t: _week(t, 0),
    "V": lambda t: f"{t.isocalendar().week:02d}",
    "G": lambda t: f"{t.isocalendar().year:04d}",
    "g": lambda t: f"{t.isocalendar().year % 100:02d}",
    "q": lambda t: _offset(t, ""),
    "Q": lambda t: _offset(t, ":"),
    "z": _short_zone,
    "Z": _full_zone,
    "ZP": _zone_rule,
    "n": "\n",
    "t": "\t",
}
