"""The timeline in a real browser: ranges by drag, by typing and by keys end as the right numbers."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.core.errors import RequestError
from workbench.core.timebase import instant, iso
from workbench.widgets import Session, TimelineView
from workbench.widgets.timetext import parse

TEN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""


@pytest.mark.browser
def test_a_range_is_dragged(browser: Any, session: Session) -> None:
    """A drag over the lanes sets in and out where it began and ended, to a pixel."""
    page = browser.show(TimelineView(session))
    box = page.locator(".wb-timeline-canvas").bounding_box()
    low, high = session.state.view or (0, 0)
    page.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 95)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 95, steps=5)
    page.page.mouse.up()
    page.until(lambda: session.state.end is not None)
    pixel = (high - low) / box["width"]
    assert abs((session.state.begin or 0) - (low + (high - low) * 0.25)) <= 2 * pixel
    assert abs((session.state.end or 0) - (low + (high - low) * 0.5)) <= 2 * pixel
    assert (page.console, page.foreign) == ([], [])
    page.close()


@pytest.mark.browser
def test_a_range_is_typed(browser: Any, session: Session) -> None:
    """A typed time of day is taken on the shown day in the camera's zone; nonsense is told beside the field."""
    page = browser.show(TimelineView(session))
    zone = session.source("entrance").zone
    first = session.source("entrance").first or 0
    page.page.get_by_label("In", exact=True).fill("+1.5")
    page.page.get_by_label("In", exact=True).press("Enter")
    page.until(lambda: session.state.begin == first + 1_500_000)
    page.page.get_by_label("Out", exact=True).fill(iso(first + 4_000_000))
    page.page.get_by_label("Out", exact=True).press("Enter")
    page.until(lambda: session.state.end == first + 4_000_000)
    page.page.get_by_label("Out", exact=True).fill("yesterday")
    page.page.get_by_label("Out", exact=True).press("Enter")
    page.until(lambda: "is not a time" in page.locator("[data-field=end] .wb-wrong").inner_text())
    assert session.state.end == first + 4_000_000
    assert zone in page.locator(".wb-status").inner_text()
    page.close()


@pytest.mark.browser
def test_keys_step_and_set_the_range(browser: Any, session: Session) -> None:
    """Arrows move by the recording's own pictures, I and O set the range to whole pictures."""
    page = browser.show(TimelineView(session))
    times = session.archive.instants("entrance", limit=100)
    page.locator(".wb-timeline-at").focus()
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.state.at == times[3])
    page.page.keyboard.press("i")
    page.until(lambda: session.state.begin == times[3])
    page.page.keyboard.press("Shift+ArrowRight")
    page.until(lambda: (session.state.at or 0) > times[3] + 900_000)
    page.page.keyboard.press("o")
    page.until(lambda: session.state.end is not None)
    later = session.archive.instants("entrance", limit=10_000)
    assert session.state.end == later[later.index(session.state.at or 0) + 1]
    assert page.console == []
    page.close()


@pytest.mark.browser
def test_keys_and_buttons_go_to_key_frames_and_gaps(browser: Any, session: Session) -> None:
    """K and its button reach the next key picture by the index; G and its button the pictures beside the next gap."""
    page = browser.show(TimelineView(session))
    first, last = session.source("entrance").first or 0, session.source("entrance").last or 0
    keys = session.archive.keys("entrance", (instant(first), instant(last)), limit=10_000)
    page.locator(".wb-timeline-at").focus()
    page.page.keyboard.press("k")
    page.until(lambda: session.state.at == keys[1] != first)
    page.page.get_by_role("button", name="Key ▶: next key frame").click()
    page.until(lambda: session.state.at == keys[2])
    page.locator(".wb-timeline-at").focus()
    page.page.keyboard.press("Shift+K")
    page.page.get_by_role("button", name="◀ Key: previous key frame").click()
    page.until(lambda: session.state.at == keys[0])
    gap = session.archive.coverage("entrance").gaps[0]
    times = session.archive.instants("entrance", limit=100_000)
    before, behind = max(t for t in times if t < gap.begin), min(t for t in times if t >= gap.end)
    page.locator(".wb-timeline-at").focus()
    page.page.keyboard.press("g")
    page.until(lambda: session.state.at == before)
    page.page.get_by_role("button", name="Gap ▶: next border").click()
    page.until(lambda: session.state.at == behind)
    page.page.get_by_role("button", name="◀ Gap: previous border").click()
    page.until(lambda: session.state.at == before)
    assert page.console == []
    page.close()


def test_typed_times() -> None:
    """Clock times mean the shown day in the camera's zone; hours that clocks skip or show twice are refused."""
    berlin = {"near": TEN, "first": TEN, "dated": True, "zone_name": "Europe/Berlin"}
    assert iso(parse("14:03:05.25", **berlin)) == "2026-03-01T13:03:05.250000Z"
    assert iso(parse("2026-07-01 09:00", **berlin)) == "2026-07-01T07:00:00.000000Z"
    assert parse("+1.5", **berlin) == TEN + 1_500_000
    for wrong in ("2026-03-29 02:30", "2026-10-25 02:30", "25:00:00", "noon", "2026-02-30 10:00"):
        with pytest.raises(RequestError):
            parse(wrong, **berlin)
    with pytest.raises(RequestError):
        parse("14:00:00", near=0, first=0, dated=False, zone_name="UTC")


@pytest.mark.browser
def test_the_screen_is_kept_to(browser: Any, session: Session) -> None:
    """A wide and a narrow page, light and dark, show lanes without leaving their box."""
    for width, dark in ((1280, False), (420, True)):
        page = browser.show(TimelineView(session), width=width, dark=dark)
        page.until(lambda page=page: page.locator("[data-known='1']").count())
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


@pytest.mark.browser
def test_a_drag_ends_where_it_was_let_go(browser: Any, session: Session) -> None:
    """While the kernel is busy neither a move nor another button changes it, and a next drag builds on it."""
    page = browser.show(TimelineView(session))
    page.until(lambda: page.locator("[data-known='1']").count())
    box, mouse = page.locator(".wb-timeline-canvas").bounding_box(), page.page.mouse
    low, high = session.state.view or (0, 0)
    pixel = (high - low) / box["width"]

    def drag(begin: int, end: int) -> None:
        mouse.move(box["x"] + begin, box["y"] + 95)
        mouse.down()
        mouse.move(box["x"] + end, box["y"] + 95, steps=3)
        mouse.up()

    def chosen() -> list[float]:
        return [((us or 0) - low) / pixel for us in (session.state.begin, session.state.end)]

    drag(100, 200)
    mouse.move(box["x"] + 600, box["y"] + 95)
    mouse.click(box["x"] + 600, box["y"] + 95, button="right")
    page.until(lambda: session.state.end is not None)
    for _ in range(20):
        page.pump()
    assert chosen() == pytest.approx([100, 200], abs=0.6) and page.asked.count("range") == 1
    page.page.keyboard.down("Alt")
    drag(100, 150)
    drag(200, 300)
    page.page.keyboard.up("Alt")
    page.until(lambda: page.asked.count("range") == 3 and chosen()[1] > 290)
    assert chosen() == pytest.approx([150, 300], abs=2)
    assert page.console == []
    page.close()
