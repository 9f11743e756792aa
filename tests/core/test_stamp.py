"""Time stamps: Boost's flags, English names, zones that are known."""

from __future__ import annotations

import locale
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.stamp import problems, render, render_offset
from workbench.core.timebase import instant_us

WHEN = instant_us(datetime(2020, 4, 15, 8, 54, 56, 250_000, tzinfo=UTC))
WHOLE = instant_us(datetime(2020, 4, 15, 8, 54, 56, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("%Y-%b-%d %H:%M:%S", "2020-Apr-15 08:54:56"),
        ("%B %Y", "April 2020"),
        ("%a %A %h", "Wed Wednesday Apr"),
        ("%k|%l|%P", " 8| 8|am"),
        ("%f", "250000"),
        ("%s", "56.250000"),
        ("%T%F", "08:54:56.250000"),
        ("%R %r %D", "08:54 08:54:56 AM 04/15/20"),
        ("%q %Q", "+0000 +00:00"),
        ("%%f %%", "%f %"),
        ("%O %- %+ %E", "%O %- %+ %E"),
        ("100%", "100%"),
        ("Ёлка %d", "Ёлка 15"),
    ],
)
def test_flags(template: str, text: str) -> None:
    """Each flag prints what Boost.Date_Time documents; what is no flag stays as it is."""
    assert render(template, WHEN, UTC) == text


def test_fraction_only_where_there_is_one() -> None:
    """%F prints nothing on a whole second, %s and %f always print six digits."""
    assert render("%S%F|%s|%f", WHOLE, UTC) == "56|56.000000|000000"


@given(
    us=st.integers(
        instant_us(datetime(1000, 1, 2, tzinfo=UTC)), instant_us(datetime(9999, 12, 30, tzinfo=UTC))
    )
)
def test_agrees_with_strftime(us: int) -> None:
    """Where Boost and C mean the same, the text is that of C's strftime in the C locale."""
    same = "%a %A %b %B %d %j %m %w %y %Y %H %I %M %S %p %U %W %T %R %C %D %e %g %G %u %V %r %c %x %X"
    assert render(same, us, UTC) == (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).strftime(
        same
    )


def test_names_do_not_follow_the_locale() -> None:
    """Names are English whatever language the process speaks."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, "")
        assert render("%A %B %p", WHEN, UTC) == "Wednesday April AM"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_zone_is_named_in_summer_and_winter() -> None:
    """The two 02:30 of the night when clocks go back carry different offsets and names."""
    first = instant_us(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    texts = [render("%R %q %Q %z %Z %ZP", us, BERLIN) for us in (first, first + 3_600_000_000)]
    assert texts == [
        "02:30 +0200 +02:00 CEST Europe/Berlin CEST+02:00",
        "02:30 +0100 +01:00 CET Europe/Berlin CET+01:00",
    ]


def test_fixed_offset_has_no_made_up_name() -> None:
    """A zone that is only an offset prints as one, wherever a name is asked for."""
    assert render("%q %Q %z %Z %ZP", WHEN, timezone(timedelta(hours=-3, minutes=-30))) == (
        "-0330 -03:30 -03:30 -03:30 UTC-03:30"
    )


def test_ends_of_the_calendar() -> None:
    """An instant whose local time would leave the calendar is shown in UTC."""
    assert render("%Y %Q", instant_us(datetime.max.replace(tzinfo=UTC)), BERLIN) == "9999 +00:00"
    assert render("%Y", instant_us(datetime.min.replace(tzinfo=UTC)), UTC) == "0001"


@given(template=st.text(alphabet="%aZPOEfF-+ é\n", max_size=12))
def test_any_template_renders(template: str) -> None:
    """No template raises, and one without a percent sign is its own text."""
    text = render(template, WHEN, UTC)
    assert isinstance(problems(template), tuple)
    assert "%" in template or text == template


def test_problems_name_each_flag_once() -> None:
    """Unknown flags, flags of durations and a last single % are reported once each, in their order."""
    found = problems("%Y %E %E %O %% %")
    assert [p[:2] for p in found] == ["%E", "%O", "Th"]
    assert problems("%Y-%b-%d %H:%M:%S%F %ZP %T") == ()


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "+00:00:00.000 from first frame"),
        (12_250_999, "+00:00:12.250 from first frame"),
        (360_000_000_000, "+100:00:00.000 from first frame"),
        (-1_500_000, "-00:00:01.500 from first frame"),
    ],
)
def test_undated_stamp(us: int, text: str) -> None:
    """An undated source shows the time since its first frame, whatever the template."""
    assert render_offset("%Y", us) == text


def test_no_template_no_stamp() -> None:
    """An empty template asks for no stamp."""
    assert render("", WHEN, UTC) == render_offset("", WHEN) == ""
