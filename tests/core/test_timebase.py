"""Instants, offsets and ranges: exact, half-open, and read back as they were written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import RequestError
from workbench.core.timebase import (
    Offset,
    Range,
    compact,
    instant,
    instant_us,
    iso,
    media_us,
    parse_time,
    shown,
    written,
    zone,
)

YEAR_ONE, YEAR_9999 = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
INSTANTS = st.integers(instant_us(datetime(1000, 1, 1, tzinfo=UTC)), instant_us(YEAR_9999))
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T11:00:00+01:00", TEN),
        ("2026-03-01T11:00+0100", TEN),
        ("2026-03-01 10:00:00.5Z", TEN + timedelta(milliseconds=500)),
        ("20260301T100000", TEN),
        ("20260301T100000.000001", TEN + timedelta(microseconds=1)),
        (" 20260301T100000Z ", TEN),
        ("0001-01-01T00:00:00Z", YEAR_ONE),
        ("9999-12-31T23:59:59.999999Z", YEAR_9999),
        ("+0", Offset(0)),
        ("+12.25", Offset(12_250_000)),
        ("+0.000001", Offset(1)),
    ],
)
def test_forms(text: str, moment: object) -> None:
    """Each of the three written forms is read exactly."""
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-01",
        "2026-03-01T10:00:00",
        "2026-02-30T10:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-03-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "-5",
        "+1e9",
        "+nan",
        "+inf",
        "+1.1234567",
        "1772359200",
    ],
)
def test_other_forms_name_the_field(text: str) -> None:
    """What is no time is an error that names the field and says how to write one."""
    with pytest.raises(RequestError) as caught:
        parse_time(text, "begin")
    assert caught.value.field == "begin"
    assert "2026-03-01T10:00:00+01:00" in caught.value.advice


@given(us=INSTANTS)
def test_instants_read_back(us: int) -> None:
    """Every instant is found again from each of its written forms, to the microsecond."""
    moments = [parse_time(form(us)) for form in (iso, compact)]
    assert moments == [instant(us)] * 2
    assert instant_us(instant(us)) == us


@given(us=st.integers(0, 10**17))
def test_offsets_read_back(us: int) -> None:
    """Every offset is found again from its written form."""
    assert parse_time(written(Offset(us))) == Offset(us)
    assert shown(us, dated=False) == written(Offset(us))


@pytest.mark.parametrize("form", [iso, compact])
def test_early_years_read_back(form: object) -> None:
    """Years below 1000 keep their four digits."""
    assert parse_time(form(instant_us(YEAR_ONE))) == YEAR_ONE  # type: ignore[operator]


@pytest.mark.parametrize("us", [-1, 0.5, 10**19], ids=repr)
def test_offsets_that_cannot_be(us: int) -> None:
    """A negative, broken or endless offset is an error when it is made."""
    with pytest.raises(RequestError):
        written(Offset(us))


def test_naive_instants_are_refused() -> None:
    """An instant without a zone is never guessed at."""
    with pytest.raises(RequestError, match="no time zone"):
        instant_us(datetime(2026, 3, 1))  # noqa: DTZ001


def test_both_folds_are_told_apart() -> None:
    """The two 02:30 of the night when clocks go back are an hour apart."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert instant_us(first.replace(fold=1)) - instant_us(first) == 3_600_000_000


@given(
    ticks=st.integers(-(10**12), 10**12),
    base=st.fractions(min_value=Fraction(1, 10**6), max_value=1, max_denominator=10**6),
    begin=st.integers(-(10**13), 10**13),
)
def test_rounding_picks_the_same_frames(ticks: int, base: Fraction, begin: int) -> None:
    """begin <= t holds for the rounded instant exactly when it holds for the exact one."""
    assert (begin <= media_us(ticks, base)) == (begin <= ticks * base * 10**6)


def test_ranges_are_half_open() -> None:
    """A range holds its begin, not its end, and meets a neighbour nowhere."""
    assert 0 in Range(0, 5) and 5 not in Range(0, 5)
    assert Range(0, 5).meet(Range(5, 9)) is None
    assert Range(0, 5).meet(Range(3, 9)) == Range(3, 5)
    with pytest.raises(RequestError, match="before"):
        Range(1, 0)


@pytest.mark.parametrize("name", ["UTC", "z", "Europe/Berlin", "+05:45", "-0330"])
def test_zones(name: str) -> None:
    """IANA names, UTC and fixed offsets are zones."""
    assert TEN.astimezone(zone(name)) == TEN


def test_fixed_zone_sign() -> None:
    """A minus covers hours and minutes."""
    assert zone("-03:30") == timezone(-timedelta(hours=3, minutes=30))


@pytest.mark.parametrize(
    "name", ["", "Mars", "Europe", "../etc/passwd", "/etc/localtime", "a\0b", "+24:00", "+23:99"]
)
def test_no_zones(name: str) -> None:
    """What is no zone is an error naming the field, and never a path."""
    with pytest.raises(RequestError) as caught:
        zone(name, "text_zone")
    assert caught.value.field == "text_zone"
