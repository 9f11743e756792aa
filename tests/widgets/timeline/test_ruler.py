"""The ruler's ticks by the zone's own clocks, asked of the shipped module in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from workbench.widgets.view import text

pytestmark = pytest.mark.browser
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """An empty page."""
    shown = browser.show()
    yield shown.page
    shown.close()


def ticks(page: Any, begin: datetime, end: datetime, width: int, zone: str = "Europe/Berlin") -> list[tuple[int, str]]:
    """Instant and words of each tick."""
    view = [int(t.timestamp() * 1_000_000) for t in (begin, end)]
    script = f"(given) => {{ {text('kit.js')}\n{text('timeline_ruler.js')}\nreturn wbRuler.ticks(...given); }}"
    return [(one["at"], one["label"]) for one in page.evaluate(script, [view, width, True, zone])]


def local(us: int) -> datetime:
    """What clocks in Berlin show."""
    return datetime.fromtimestamp(us / 1_000_000, UTC).astimezone(BERLIN)


@pytest.mark.parametrize(("month", "day", "skipped"), [(3, 29, True), (10, 25, False)], ids=["to summer", "to winter"])
def test_hours_are_right_on_both_sides_of_the_change(page: Any, month: int, day: int, skipped: bool) -> None:
    """Each hour of the night stands where its clocks show it: 02:00 is missing in spring, and there twice in autumn."""
    found = ticks(page, datetime(2026, month, day - 1, 20, tzinfo=UTC), datetime(2026, month, day, 8, tzinfo=UTC), 1400)
    assert len(found) == 12
    assert all(later - at == HOUR for (at, _), (later, _) in pairwise(found))
    for at, label in found:
        shown = local(at)
        assert label == (shown.strftime("%H:%M") if shown.hour else shown.strftime("%Y-%m-%d"))
    assert [label for _, label in found].count("02:00") == (0 if skipped else 2)


@pytest.mark.parametrize(("days", "hours"), [(1, 3), (2, 6), (4, 12)])
def test_coarser_hours_stay_whole_behind_the_change(page: Any, days: int, hours: int) -> None:
    """Ticks each 3, 6 or 12 hours stand at 00:00, 03:00 … of the zone's clocks before and behind the change."""
    begin = datetime(2026, 3, 28, 12, tzinfo=UTC)
    found = ticks(page, begin, begin + timedelta(days=days), 1000)
    assert len(found) >= 24 * days // hours - 1
    for at, label in found:
        shown = local(at)
        assert shown.hour % hours == shown.minute == 0
        assert label == (shown.strftime("%H:%M") if shown.hour else shown.strftime("%Y-%m-%d"))


def test_days_and_months_begin_at_midnight_all_year(page: Any) -> None:
    """In a view of weeks, and in one of years, each tick is the first instant of the day or month that it names."""
    weeks = ticks(page, datetime(2026, 2, 15, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC), 1100)
    assert len(weeks) >= 5
    for at, label in weeks:
        shown = local(at)
        assert (shown.strftime("%Y-%m-%d %H:%M"), shown.weekday()) == (f"{label} 00:00", 0)
    days = ticks(page, datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC), 1300)
    assert [local(at).strftime("%Y-%m-%d %H") for at, _ in days] == [f"{label} 00" for _, label in days] != []
    months = ticks(page, datetime(2025, 12, 15, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC), 1500)
    assert [local(at).strftime("%Y-%m-%d %H") for at, _ in months] == [f"{label}-01 00" for _, label in months]
    assert len(months) == 12


def test_odd_zones_have_whole_hours_too(page: Any) -> None:
    """Where a zone is half an hour off, ticks stand at its own whole hours."""
    found = ticks(page, datetime(2026, 3, 1, 0, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC), 1000, "Asia/Kolkata")
    assert len(found) == 9 and all(at % HOUR == HOUR // 2 and label.endswith(":00") for at, label in found)
