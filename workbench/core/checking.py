"""Checks that all plain data of a request share: each raises RequestError naming the field.

>>> read_moment("+1.5", "begin")
Offset(us=1500000)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from workbench.core.errors import RequestError
from workbench.core.timebase import Moment, Offset, instant, instant_us, parse_time, written


def utc(moment: Any, field: str) -> Moment:
    """A moment in the one form that compares and writes the same everywhere."""
    if isinstance(moment, Offset):
        return moment
    if not isinstance(moment, datetime):
        raise RequestError(field, f"{moment!r} is not a time", "Give an aware datetime or an Offset.")
    try:
        return instant(instant_us(moment))
    except OverflowError as exc:
        raise RequestError(field, f"{moment!r} lies outside the years 1 to 9999 in UTC") from exc


def ordered(field: str, begin: Moment | None, end: Moment | None) -> None:
    """Refuse an end before its begin; moments of two kinds are compared later, on a time line."""
    if begin is None or end is None or type(begin) is not type(end):
        return
    low, high = (m.us if isinstance(m, Offset) else instant_us(m) for m in (begin, end))
    if low > high:
        raise RequestError(field, f"{written(end)} lies before begin {written(begin)}", "Exchange the two times.")


def read_moment(value: Any, field: str) -> Moment:
    """A moment from its written form in JSON."""
    if not isinstance(value, str):
        raise RequestError(field, "a time is wanted" if value is not None else "it is missing")
    return parse_time(value, field)


def known(data: Any, cls: type, field: str) -> dict[str, Any]:
    """The entries of a JSON object; a key that `cls` has no field for is an error."""
    if not isinstance(data, Mapping):
        raise RequestError(field, f"{data!r} is not a JSON object")
    names = {f.name for f in fields(cls)}
    for key in data:
        if key not in names:
            raise RequestError(f"{field}.{key}", "no such field", "Known: " + ", ".join(sorted(names)) + ".")
    return dict(cast(Mapping[str, Any], data))


def one_of(field: str, value: Any, allowed: tuple[Any, ...]) -> None:
    """Refuse a value that is none of the allowed ones, type included."""
    if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
        raise RequestError(field, f"{value!r} is none of {', '.join(map(str, allowed))}")


def number(field: str, value: Any, low: int, high: int) -> None:
    """Refuse what is no whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(field, f"{value!r} is not a whole number from {low} to {high}")


def typed(field: str, value: Any, kind: type) -> None:
    """Refuse a value of another type."""
    if not isinstance(value, kind):
        raise RequestError(field, f"{value!r} is not of type {kind.__name__}")
