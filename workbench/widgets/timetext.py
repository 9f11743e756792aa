"""Times as a person types them beside a picture: the three written forms, and shorter ones of the shown day and zone.

parse("14:03:05.25", near=…, dated=True, zone="Europe/Berlin")     # that time on the shown day
parse("2026-03-01 14:03:05", …)                                    # in the camera's zone, which the view shows
parse("+12.5", …)                                                  # seconds from the first picture
parse("2026-10-25 02:30:00+02:00 Europe/Berlin", …)                # as the page writes it: `kit.js: time` is read back
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from workbench.core.errors import RequestError
from workbench.core.timebase import TIME_FORMS, Offset, instant, instant_us, parse_time, zone

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?")
_ZONED = re.compile(r"(.*:.*\S) +([A-Za-z+-]\S*)")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ]+(.+)")
FORMS = "Write 14:03:05.25 (the shown day, in the zone that is named beside it), 2026-03-01 14:03:05, or +12.5."


def parse(text: str, *, near: int, first: int, dated: bool, zone_name: str, field: str = "time") -> int:
    """Microseconds on the source's time line. RequestError naming `field` for what is no time there.

    `near` is an instant of the shown day, `first` that of the source's first picture.
    """
    text = text.strip()
    if dated and (named := _ZONED.fullmatch(text)):
        text, zone_name = named.groups()
        zone(zone_name, field)
    elif text.startswith("+"):
        text = text.removesuffix(" s")
    if dated and (found := _local(text, near, zone_name, field)) is not None:
        return found
    try:
        given = parse_time(text, field)
    except RequestError as exc:
        raise RequestError(field, f"{text[:60]!r} is not a time", FORMS if dated else TIME_FORMS) from exc
    if isinstance(given, Offset):
        return first + given.us if dated else given.us
    if not dated:
        raise RequestError(field, "nobody says when this was recorded", "Write +SECONDS from the first picture.")
    return instant_us(given)


def _local(text: str, near: int, zone_name: str, field: str) -> int | None:
    """An instant from a clock time, or from a date and a clock time, both in the camera's zone."""
    where = zone(zone_name)
    day = instant(near).astimezone(where).date()
    if given := _DAY.fullmatch(text):
        text = given[4]
        try:
            day = datetime(int(given[1]), int(given[2]), int(given[3]), tzinfo=UTC).date()
        except ValueError as exc:
            raise RequestError(field, f"{text!r} is not a real date ({exc})", FORMS) from exc
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    micro = int((match[4] or "").ljust(6, "0"))
    if hour > 23 or minute > 59 or second > 59:
        raise RequestError(field, f"{text!r} is not a time of day", FORMS)
    local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=where)
    _must_be_once(local, field)
    return instant_us(local) + micro


def _must_be_once(local: datetime, field: str) -> None:
    """Refuse the hour that clocks skip, and the one that they show twice."""
    if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise RequestError(field, "that zone's clocks skip this time", "Write it with its zone: …+01:00.")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise RequestError(field, "that zone's clocks show this time twice", "Write it with its zone: …+01:00.")
