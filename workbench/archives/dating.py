"""When a recording starts and who says so: `archive.toml`, else its name, else its container, else nobody.

Pure. Forms of a date and time that are read, anywhere in a name and not touching further digits:

    20260301T100000[.ffffff]   20260301_100000   20260301-100000   20260301100000
    2026-03-01_10-00-00        2026-03-01T10:00:00   2026.03.01 10.00.00
    cam[20240923T113813.608000-20240923T113827.745000].mp4     the VMS's own: UTC, with the last frame's time

Rules: a first time is the start, a second one the end. A date that does not exist is not a date. ``Z``,
``UTC`` or an offset behind a time is honoured (behind one of two, for both); otherwise the time is local in
the source's zone, and one that occurs twice or never there (clock changes) is marked `ambiguous`: the
earlier instant is taken and a note says so. The clock offset of `archive.toml` is added to what the recorder
wrote (name, container), not to what a person wrote in `archive.toml`.

>>> date_file("cam2_20260301_100000.mp4").start_us == 1772359200_000000
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import PurePath
from typing import Literal

from workbench.archives.config import PLAIN, SourceConfig
from workbench.core.timebase import SECOND, instant_us

By = Literal["archive.toml", "file name", "container", "undated"]
NUMBER_SUFFIXES = (".264", ".265", ".266")
"""File name extensions that could be mistaken for a fraction of a second."""
FIRST_YEAR, LAST_YEAR = 1970, 2099
UNSET_YEAR = 1980
"""Container times before this are an unset field (QuickTime counts from 1904, Unix from 1970)."""

_TIME = re.compile(
    r"""(?<!\d)(?P<year>\d{4})(?P<d>[-._]?)(?P<month>\d\d)(?P=d)(?P<day>\d\d)
        (?P<between>[Tt]|[._\ -]{0,3})
        (?P<hour>\d\d)(?P<t>[-._:]?)(?P<minute>\d\d)(?P=t)(?P<second>\d\d)(?!\d)
        (?:\.(?P<fraction>\d{1,6})(?![0-9A-Za-z]))?""",
    re.VERBOSE,
)
_UTC = re.compile(r"Z(?![A-Za-z0-9])|[ _-]?UTC(?![A-Za-z0-9])")
_EAST = re.compile(r"\+(\d\d)[:-]?(00|15|30|45)(?!\d)")
_WEST = re.compile(r"-(\d\d):?(00|30|45)(?![\d.])")
_VMS = re.compile(r"\[\d{8}T\d{6}(?:\.\d{1,6})?(?:-\d{8}T\d{6}(?:\.\d{1,6})?)?\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A date and time as a name spells it."""

    local: datetime
    """Without a zone: the digits."""
    zone: tzinfo | None = None
    """The zone written behind the digits, None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dating:
    """When a recording starts and who says so."""

    start_us: int | None
    """Instant of the start in microseconds since 1970, clock offset added; None where nobody says."""
    by: By
    end_us: int | None = None
    """End, or last frame, that the name claims; a claim, never a measurement."""
    ambiguous: bool = False
    """True where the local time occurs twice or never in the source's zone; the earlier instant was taken."""
    zone_assumed: bool = False
    """True where digits without a zone were read as UTC because nobody named one."""
    notes: tuple[str, ...] = ()
    """What a person should know, in words."""


def date_file(name: str, config: SourceConfig = PLAIN, container_creation_time: str | None = None) -> Dating:
    """Say when the recording called `name` starts.

    `name` may carry folders, only its last part counts. `container_creation_time` is the container's text as
    FFmpeg gives it (`creation_time`); its ``Z`` is FFmpeg's own addition, so a zone that `config` names wins.
    """
    name = PurePath(name).name
    if (start := config.starts.get(name)) is not None:
        return Dating(start_us=start, by="archive.toml")
    said = container_creation_time
    return _by_name(name, config) or _by_container(said, config) or _undated(said)


def times_in_name(name: str) -> tuple[WrittenTime, ...]:
    """Every date and time that `name` spells, from left to right."""
    return tuple(_scan(_stem(name)))


def _by_name(name: str, config: SourceConfig) -> Dating | None:
    times = times_in_name(name)
    if not times:
        return None
    notes: list[str] = []
    zone = next((t.zone for t in times if t.zone is not None), None)
    if zone is None and _VMS.search(_stem(name)):
        zone = UTC
        if config.zone is not None and config.zone.upper() not in ("UTC", "Z"):
            notes.append(f"{name}: the VMS writes such names in UTC; they are read so, not in {config.zone}")
    times = tuple(WrittenTime(local=t.local, zone=t.zone or zone) for t in times)
    start, ambiguous = _instant(times[0], config, name, notes)
    end: int | None = None
    if len(times) > 1:
        end = min((us for us in _readings(times[1], config) if us >= start), default=None)
        if end is None:
            notes.append(f"{name}: its second time lies before the first and is ignored")
    if len(times) > 2:
        notes.append(f"{name}: it spells {len(times)} times; the first is taken as start, the second as end")
    return Dating(
        start_us=start,
        by="file name",
        end_us=end,
        ambiguous=ambiguous,
        zone_assumed=times[0].zone is None and config.zone is None,
        notes=tuple(notes),
    )


def _by_container(text: str | None, config: SourceConfig) -> Dating | None:
    when = _container_time(text)
    if when is None:
        return None
    bare = when.tzinfo is None
    if config.zone is not None and when.utcoffset() == timedelta(0):
        bare = True
    written = WrittenTime(local=when.replace(tzinfo=None), zone=None if bare else when.tzinfo)
    notes = ["the start is the container's creation time; some recorders write it when they close the file"]
    start, ambiguous = _instant(written, config, "the container's creation time", notes)
    return Dating(
        start_us=start,
        by="container",
        ambiguous=ambiguous,
        zone_assumed=bare and config.zone is None,
        notes=tuple(notes),
    )


def _undated(text: str | None) -> Dating:
    notes = (f"the container's creation time {text!r} is no usable date",) if text else ()
    return Dating(start_us=None, by="undated", notes=notes)


def _container_time(text: str | None) -> datetime | None:
    try:
        when = datetime.fromisoformat((text or "").strip().upper())
    except ValueError:
        return None
    return when if UNSET_YEAR <= when.year <= LAST_YEAR else None


def _stem(name: str) -> str:
    head, dot, suffix = name.rpartition(".")
    if dot and head and (not suffix.isdigit() or dot + suffix in NUMBER_SUFFIXES):
        return head
    return name


def _scan(text: str) -> Iterator[WrittenTime]:
    position = 0
    while match := _TIME.search(text, position):
        # an impossible date must not swallow a real one that begins inside it
        local = _local(match)
        position = match.start() + 1 if local is None else match.end()
        if local is not None:
            yield WrittenTime(local=local, zone=_zone_behind(text, match))


def _local(match: re.Match[str]) -> datetime | None:
    if not match["between"] and (match["d"] or match["t"]):
        return None
    year, month, day, hour, minute, second = (
        int(match[part]) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    micro = int((match["fraction"] or "").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001 - its zone is found later
    except ValueError:
        return None


def _zone_behind(text: str, match: re.Match[str]) -> tzinfo | None:
    if _UTC.match(text, match.end()):
        return UTC
    if east := _EAST.match(text, match.end()):
        return _fixed(east, 1, 14)
    # "-0100" behind other forms is as likely a counter; behind ISO's T it is an offset
    if match["between"] in ("T", "t") and (west := _WEST.match(text, match.end())):
        return _fixed(west, -1, 12)
    return None


def _fixed(match: re.Match[str], sign: int, most_hours: int) -> tzinfo | None:
    delta = timedelta(hours=int(match[1]), minutes=int(match[2]))
    if delta > timedelta(hours=most_hours) or (sign < 0 and not delta):
        return None
    return timezone(sign * delta)


def _readings(written: WrittenTime, config: SourceConfig) -> tuple[int, int]:
    """The instants that the digits can mean, in microseconds: equal unless a clock change is in the way."""
    tz = written.zone or config.tz
    first, second = (instant_us(written.local.replace(tzinfo=tz, fold=fold)) for fold in (0, 1))
    return first + config.clock_offset_us, second + config.clock_offset_us


def _instant(written: WrittenTime, config: SourceConfig, what: str, notes: list[str]) -> tuple[int, bool]:
    """The earlier reading, and whether there are two (then a note is added)."""
    first, second = _readings(written, config)
    if first != second:
        # PEP 495: the readings come in order for a time that occurs twice, in reverse for one that never does
        how = "occurs twice" if first < second else "never occurs"
        notes.append(
            f"{what}: {written.local.isoformat(' ')} {how} in {config.zone} (clock change); "
            f"the earlier instant is taken, the other is {abs(second - first) // SECOND} s later"
        )
    return min(first, second), first != second
