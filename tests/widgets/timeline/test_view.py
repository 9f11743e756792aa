"""The timeline's view in a real browser: what is drawn, how it is zoomed, panned and dragged."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.widgets.timeline.waiting import Waiting
from workbench import LocalArchive
from workbench.core.timebase import SECOND
from workbench.widgets import Session, TimelineView

pytestmark = pytest.mark.browser
DAY = 86_400 * SECOND
PIXELS = """([left, top, width, height]) => {
  const canvas = document.querySelector('.wb-timeline-canvas');
  const g = canvas.getContext('2d'), ratio = window.devicePixelRatio;
  const found = g.getImageData(left * ratio, top * ratio, width * ratio, height * ratio).data, out = new Set();
  for (let n = 0; n < found.length; n += 4) out.add(`${found[n]},${found[n + 1]},${found[n + 2]}`);
  return [...out];
}"""
RECORDED = "0,114,178"
LANE = 80
"""Where the first lane begins; they are 28 pixels apart and 24 high."""


class Line:
    """A timeline on a page."""

    def __init__(self, browser: Any, session: Session, **page: Any) -> None:
        self.session, self.shown = session, browser.show(TimelineView(session), **page)
        self.page = self.shown.page
        self.shown.until(lambda: self.known() == len(session.state.sources))
        self.box = self.shown.locator(".wb-timeline-canvas").bounding_box()

    def known(self) -> int:
        """Lanes that are drawn from data."""
        return int(self.shown.locator(".wb-timeline-stage").get_attribute("data-known") or 0)

    @property
    def view(self) -> tuple[int, int]:
        """What is shown."""
        return self.session.state.view or (0, 0)

    def x(self, us: int) -> float:
        """Pixels from the canvas' left."""
        low, high = self.view
        return (us - low) / (high - low) * float(self.box["width"])

    def colours(self, begin: int, end: int, lane: int = 0, top: int = 5, height: int = 4) -> set[str]:
        """Colours of a lane between two instants, a few pixels within: the cursor may stand on a border."""
        left, right = round(self.x(begin)) + 3, round(self.x(end)) - 3
        return set(self.page.evaluate(PIXELS, [left, LANE + 28 * lane + top, max(1, right - left), height]))

    def pixel(self, us: int) -> str:
        """The colour at the top of the first lane at an instant."""
        found: list[str] = self.page.evaluate(PIXELS, [round(self.x(us)), LANE + 1, 1, 1])
        return found[0]

    def drag(self, begin: float, end: float, y: float, *keys: str) -> None:
        """Press, move and let go, in pixels of the canvas."""
        mouse = self.page.mouse
        mouse.move(self.box["x"] + begin, self.box["y"] + y)
        mouse.down()
        for key in keys:
            self.page.keyboard.down(key)
        mouse.move(self.box["x"] + end, self.box["y"] + y, steps=4)
        mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def wheel(self, across: float, down: float, *keys: str) -> None:
        """Turn the wheel over the middle of the lane."""
        self.page.mouse.move(self.box["x"] + self.box["width"] / 2, self.box["y"] + LANE + 10)
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.wheel(across, down)
        for key in keys:
            self.page.keyboard.up(key)

    def close(self) -> None:
        """No error was shown or logged."""
        assert (self.shown.console, self.shown.foreign) == ([], [])
        self.shown.close()


def test_recorded_missing_and_small_gaps_look_different(browser: Any, shipped: LocalArchive) -> None:
    """Recorded is solid, missing is empty, gaps too small to be drawn are hatched over, elsewhere is hatched too."""
    session = Session(shipped)
    session.choose("entrance", "back-door_20260301100008.mp4")
    stretches = shipped.overview("entrance").stretches
    line = Line(browser, session)
    line.shown.until(lambda: line.colours(stretches[0].begin, stretches[0].end) == {RECORDED})
    ground = line.colours(stretches[-2].end, stretches[-1].begin)
    assert len(ground) == 1 and RECORDED not in ground
    back = shipped.source("back-door_20260301100008.mp4")
    assert line.colours(back.first or 0, back.last or 0, lane=1) == {RECORDED}
    assert line.colours((back.last or 0) + SECOND, stretches[-1].end, lane=1) == ground
    middle = (stretches[0].begin + stretches[-1].end) // 2
    session.set(view=(middle - 20_000 * SECOND, middle + 20_000 * SECOND))
    line.shown.until(lambda: len(line.colours(stretches[0].begin - 90 * SECOND, stretches[-1].end + 90 * SECOND)) >= 3)
    line.close()
    session.close()


def test_from_months_to_single_frames(browser: Any, session: Session) -> None:
    """By + alone from two months to half a second at the cursor: thumbnails follow, then each picture has a tick."""
    at = session.archive.instants("entrance", limit=30)[20]
    session.set(at=at, view=(at - 30 * DAY, at + 30 * DAY))
    line = Line(browser, session)
    line.shown.until(lambda: line.shown.locator("[data-thumbs]").count())
    line.shown.locator(".wb-timeline-at").focus()
    for _ in range(23):
        line.page.keyboard.press("+")
    line.shown.until(lambda: line.view[1] - line.view[0] < SECOND)
    assert line.view[0] < at < line.view[1]
    inside = session.archive.instants("entrance", limit=10_000)
    inside = tuple(us for us in inside if line.view[0] <= us < line.view[1])
    line.shown.until(lambda: line.shown.locator(".wb-timeline-stage").get_attribute("data-ticks") == str(len(inside)))
    gaps = [(a + b) // 2 for a, b in pairwise(inside)]
    line.shown.until(lambda: all(line.pixel(us) != line.pixel(gaps[0]) for us in inside[1:-1]))
    assert len({line.pixel(us) for us in gaps}) == 1
    line.page.get_by_role("button", name="Show all that is recorded").click()
    line.shown.until(lambda: line.view[1] - line.view[0] > 100 * SECOND)
    line.close()


def test_the_wheel_scrolls_the_page(browser: Any, session: Session) -> None:
    """A plain wheel scrolls, with Ctrl it zooms at the pointer, sideways it pans; the words beside it say so."""
    line = Line(browser, session, height=240)
    before = line.view
    line.wheel(0, 60)
    line.shown.until(lambda: line.page.evaluate("window.scrollY") > 0)
    assert line.view == before
    line.page.evaluate("window.scrollTo(0, 0)")
    line.box = line.shown.locator(".wb-timeline-canvas").bounding_box()
    line.wheel(0, -120, "Control")
    line.shown.until(lambda: line.view != before)
    zoomed, middle = line.view, sum(before) / 2
    assert zoomed[1] - zoomed[0] < (before[1] - before[0]) * 0.8
    assert abs(sum(zoomed) / 2 - middle) < (zoomed[1] - zoomed[0]) * 0.01
    line.page.evaluate("window.scrollTo(0, 0)")
    line.wheel(80, 0)
    line.shown.until(lambda: line.view[0] > zoomed[0])
    assert line.view[1] - line.view[0] == zoomed[1] - zoomed[0]
    assert "Ctrl or ⌘ with the wheel zooms" in line.shown.text()
    line.close()


def test_the_view_is_panned(browser: Any, session: Session) -> None:
    """A drag on the ruler moves the view with the pointer, Ctrl and an arrow by a fifth; both are kept."""
    line = Line(browser, session)
    low, high = line.view
    line.drag(400, 300, 10)
    pixel = (high - low) / line.box["width"]
    line.shown.until(lambda: abs(line.view[0] - (low + 100 * pixel)) < 3 * pixel)
    assert (session.state.begin, session.state.end) == (None, None)
    line.page.get_by_role("button", name="Show all that is recorded").click()
    line.shown.until(lambda: line.view[0] < low)
    line.shown.locator(".wb-timeline-at").focus()
    before = line.view
    line.page.keyboard.press("Control+ArrowRight")
    fifth = (before[1] - before[0]) / 5
    line.shown.until(lambda: abs(line.view[0] - before[0] - fifth) < fifth * 0.05)
    line.close()


def test_handles_are_dragged_and_catch(browser: Any, session: Session) -> None:
    """A dragged handle catches at the border of what is recorded; with Alt it stays where it was let go."""
    stretch = session.archive.overview("entrance").stretches[0]
    session.set(begin=stretch.begin + 5 * SECOND, end=stretch.begin + 15 * SECOND)
    line = Line(browser, session)
    line.drag(line.x(session.state.end or 0), line.x(stretch.end) - 4, 95)
    line.shown.until(lambda: session.state.end == stretch.end)
    assert session.state.begin == stretch.begin + 5 * SECOND
    pixel = (line.view[1] - line.view[0]) / line.box["width"]
    line.drag(line.x(stretch.end), line.x(stretch.end) - 4, 95, "Alt")
    line.shown.until(lambda: session.state.end != stretch.end)
    assert abs((session.state.end or 0) - (stretch.end - 4 * pixel)) <= 2 * pixel
    line.drag(line.x(session.state.begin or 0), line.x(stretch.begin + 8 * SECOND), 95, "Alt")
    line.shown.until(lambda: abs((session.state.begin or 0) - stretch.begin - 8 * SECOND) <= 2 * pixel)
    line.close()


def test_handles_and_buttons_move_by_pictures(browser: Any, session: Session) -> None:
    """Arrows on a handle move that point alone by a picture, with Shift by a second; buttons move the cursor."""
    times = session.archive.instants("entrance", limit=100)
    session.set(begin=times[10], end=times[20], at=times[0])
    line = Line(browser, session)
    line.shown.locator(".wb-timeline-begin").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        line.page.keyboard.press(key)
    line.shown.until(lambda: session.state.begin == times[11])
    line.shown.locator(".wb-timeline-end").focus()
    line.page.keyboard.press("Shift+ArrowRight")
    line.shown.until(lambda: session.state.end in (times[30], times[31]))
    assert session.state.at == times[0]
    for name, place in (("Frame ▶: next", 1), ("1 s ▶ on", 11), ("◀ Frame: previous", 10), ("◀ 1 s back", 0)):
        line.page.get_by_role("button", name=name, exact=True).click()
        line.shown.until(lambda place=place: session.state.at == times[place])
    line.page.get_by_role("button", name="◀ Frame: previous").click()
    line.shown.until(lambda: "nothing further" in line.shown.text())
    line.close()


def test_two_cameras_share_one_window(browser: Any, shipped: LocalArchive) -> None:
    """Both lanes are drawn over the same stretch, their names stand beside it, and one range holds for both."""
    session = Session(shipped)
    session.choose("entrance", "corridor")
    line = Line(browser, session)
    names = line.shown.locator(".wb-timeline-name")
    assert names.all_inner_texts() == ["Entrance hall", "Corridor"]
    right = max(one["x"] + one["width"] for one in (names.nth(n).bounding_box() for n in range(2)))
    assert right <= line.box["x"]
    corridor = shipped.source("corridor")
    first, last = corridor.first or 0, corridor.last or 0
    line.shown.until(lambda: line.colours(first, last, lane=1) == {RECORDED})
    line.drag(line.x(first + 2 * SECOND), line.x(first + 8 * SECOND), 120)
    line.shown.until(lambda: session.state.end is not None)
    specs = session.specs()
    assert [spec.source for spec in specs] == ["entrance", "corridor"]
    assert specs[0].begin == specs[1].begin and specs[0].end == specs[1].end
    names.nth(1).click()
    line.shown.until(lambda: session.state.source == "corridor")
    line.close()
    session.close()


def test_an_answer_that_another_place_took_is_asked_for_again(browser: Any, hall: LocalArchive) -> None:
    """Where the same view asks from two places at once, the one whose question was dropped gets its lanes too."""
    archive = Waiting(hall.folder, hall.cache)
    session = Session(archive)
    session.choose("hall")
    view = TimelineView(session)
    archive.hold.clear()
    archive.asked.clear()
    page = browser.show(view)
    page.until(archive.asked.is_set)
    view.later("stretches", lambda: None)
    archive.hold.set()
    page.until(lambda: page.locator("[data-known='1']").count())
    assert page.console == []
    page.close()
    session.close()


def focus(page: Any) -> str:
    """The class or the label of what has the keyboard."""
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.tagName"))


def test_keys_stay_in_the_timeline(browser: Any, session: Session) -> None:
    """After a click arrows step; a handle has the keys while it is in sight, then the timeline; axe agrees."""
    line = Line(browser, session)
    first = session.state.at
    line.page.mouse.click(line.box["x"] + 300, line.box["y"] + 95)
    line.shown.until(lambda: session.state.at != first)
    assert focus(line.page).startswith("Timeline:")
    clicked = session.state.at or 0
    line.page.keyboard.press("ArrowRight")
    line.shown.until(lambda: clicked < (session.state.at or 0) < clicked + SECOND)
    line.drag(line.x(session.state.at or 0), line.x(session.state.at or 0) + 50, 95)
    assert focus(line.page) == "Shown frame"
    line.shown.until(lambda: (session.state.at or 0) > clicked + SECOND)
    for _ in range(6):
        line.page.keyboard.press("Control+ArrowRight")
    line.shown.until(lambda: line.shown.locator(".wb-timeline-at").is_hidden())
    assert focus(line.page).startswith("Timeline:")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(line.page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    line.close()


def test_the_list_leaves_the_keyboard_where_it_is(browser: Any, session: Session) -> None:
    """*Go there* by Enter keeps its focus, although the rows are drawn anew for another view."""
    line = Line(browser, session)
    line.page.get_by_text("Recorded and missing stretches as a list").click()
    there = line.page.get_by_role("button", name="Go there").nth(2)
    line.shown.find(there)
    words, before = there.get_attribute("aria-label"), line.view
    there.press("Enter")
    line.shown.until(lambda: line.view != before)
    for _ in range(30):
        line.shown.pump()
    assert focus(line.page) == words and (words or "").startswith("Go there: Entrance hall, recorded, from 2026-03-01")
    line.close()


def test_a_kept_view_is_left_alone(browser: Any, session: Session) -> None:
    """A view without the cursor comes back as it was left, and a second place of it moves neither."""
    kept = (at := session.state.at or 0) + 60 * SECOND, at + 90 * SECOND
    session.set(view=kept)
    shown = browser.show(view := TimelineView(session))
    for places in (1, 2):
        shown.until(lambda places=places: shown.locator("[data-known='1']").count() == places)
        for _ in range(30):
            shown.pump()
        assert session.state.view == kept and "view" not in shown.asked
        if places == 1:
            shown.mount(view)
    session.set(at=at + 120 * SECOND)
    shown.until(lambda: session.state.view != kept)
    assert shown.console == []
    shown.close()
