"""Masks in time: the stretch in which one covers, its keys, and the words in which times stand in fields."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.frame.conftest import button, seen
from workbench.core.errors import RequestError, WorkbenchError
from workbench.core.mask import Mask
from workbench.widgets import FrameView, Session
from workbench.widgets.timetext import parse

KIT = Path(__file__).resolve().parents[3] / "workbench/widgets/js/kit.js"
BOX = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3))
HOUR = 3_600_000_000


def us(*parts: int) -> int:
    """A UTC time as microseconds."""
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


@pytest.mark.browser
def test_a_time_range_is_set_changed_and_cleared(page: Any, session: Session) -> None:
    """One border is typed and changed while the other stands as the page wrote it; empty takes it away."""
    first = session.source("entrance").first or 0
    session.set(begin=first + 500_000, end=first + 2_000_000)
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    button(page, "Mask 1 covers the chosen range").click()
    page.until(lambda: borders(session) == (first + 500_000, first + 2_000_000))
    until = page.page.get_by_label("Until (empty: all)")
    page.until(lambda: until.input_value() == "2026-03-01 11:00:02.000000")
    until.fill("11:00:03.25")
    until.press("Enter")
    page.until(lambda: borders(session) == (first + 500_000, first + 3_250_000))
    since = page.page.get_by_label("From (empty: all)")
    page.until(lambda: since.input_value() == "2026-03-01 11:00:00.500000")
    since.fill("+1")
    since.press("Enter")
    page.until(lambda: borders(session) == (first + 1_000_000, first + 3_250_000))
    since.fill("yesterday")
    since.press("Enter")
    page.until(lambda: "'yesterday' is not a time" in page.text())
    assert borders(session) == (first + 1_000_000, first + 3_250_000)
    since.fill("")
    since.press("Enter")
    page.until(lambda: borders(session) == (None, first + 3_250_000))
    until.fill("")
    until.press("Enter")
    page.until(lambda: borders(session) == (None, None))


@pytest.mark.browser
def test_a_button_that_is_pressed_while_words_are_kept_does_its_work(page: Any, session: Session) -> None:
    """Leaving a field by a press on a button: the field's answer draws nothing anew before the button is let go."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    reason = page.find(page.page.get_by_label("Reason"))
    reason.press_sequentially("a bystander")
    button(page, "Duplicate mask 1").hover()
    page.page.mouse.down()
    page.until(lambda: session.look.masks[0].reason == "a bystander" and page.locator("[data-view]").count())
    for _ in range(20):
        page.pump()
    page.page.mouse.up()
    page.until(lambda: [mask.reason for mask in session.look.masks] == ["a bystander"] * 2)
    page.until(lambda: page.page.get_by_role("button", name="Mask 2", exact=True).count() == 1)


@pytest.mark.browser
def test_a_field_that_is_entered_from_another_keeps_the_words(page: Any, session: Session) -> None:
    """What was held back while one border was typed is drawn when the next field has the focus, and leaves it there."""
    first = session.source("entrance").first or 0
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    page.find(page.page.get_by_label("From (empty: all)")).press_sequentially("+0.5")
    session.draw(masks=(Mask(points=BOX, reason="told by a script"),))
    page.until(lambda: page.locator("[data-view]").count())
    page.page.get_by_label("Until (empty: all)").click()
    page.until(lambda: borders(session)[0] == first + 500_000)
    page.page.keyboard.type("+1.5")
    page.page.keyboard.press("Enter")
    page.until(lambda: borders(session) == (first + 500_000, first + 1_500_000))


@pytest.mark.browser
def test_undated_times_go_both_ways(browser: Any, session: Session) -> None:
    """On an undated camera the field shows seconds from the first picture, and takes back what it shows."""
    session.choose("wide")
    session.draw(masks=(Mask(points=BOX),))
    view = FrameView(session)
    page = browser.show(view)
    button(page, "Mask 1").click()
    since, until = page.page.get_by_label("From (empty: all)"), page.page.get_by_label("Until (empty: all)")
    since.fill("+0.5 s")
    since.press("Enter")
    page.until(lambda: since.input_value() == "+0.500000" and session.look.masks[0].begin is not None)
    until.fill("+1.5")
    until.press("Enter")
    page.until(lambda: borders(session) == (500_000, 1_500_000))
    page.close()
    view.close()


def borders(session: Session) -> tuple[int | None, int | None]:
    """The first mask's borders on the time line."""
    mask = session.look.masks[0]
    here = FrameView._us
    view = FrameView(session)
    found = here(view, mask.begin), here(view, mask.end)
    view.close()
    return found


@pytest.mark.browser
def test_written_times_are_read_back(browser: Any) -> None:
    """What the page writes with six digits is read back to the microsecond: in any zone, at changes of clocks too."""
    zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"]
    rng = random.Random(5)
    changes = [us(2026, 10, 25, 1), us(2026, 3, 29, 1), us(2026, 11, 1, 6), us(2026, 4, 4, 15), us(2018, 2, 18, 2)]
    times = [rng.randrange(us(1990, 1, 1), us(2060, 1, 1)) for _ in range(60)]
    times += [change + rng.randrange(-2 * HOUR, 2 * HOUR) for change in changes for _ in range(40)]
    shown = browser.show()
    work = f"""([zones, times]) => {{ {KIT.read_text()} return zones.map(zone => times.map(t =>
        [wb.time(t, {{zone, digits: 6}}), wb.typed(t, {{zone}}), wb.typed(t, {{dated: false}})])); }}"""
    written = shown.page.evaluate(work, [zones, times])
    for name, rows in zip(zones, written, strict=True):
        near = {"first": 0, "zone_name": name}
        for time, (words, typed, undated) in zip(times, rows, strict=True):
            assert parse(words, near=0, dated=True, **near) == time, words
            assert parse(typed, near=0, dated=True, **near) == time, typed
            assert parse(undated, near=0, dated=False, **near) == time, undated
    assert sum("+02:00 Europe" in words for words, _, _ in written[1]) > 5
    shown.close()


@pytest.mark.parametrize("text", ["2026-03-01 10:00:00 Narnia/Cair", "10:00 PM", "+1 m", "10:00 s"])
def test_what_is_no_zone_is_refused(text: str) -> None:
    """A word behind a time is a zone that exists, or the time is refused."""
    with pytest.raises(RequestError) as caught:
        parse(text, near=0, first=0, dated=True, zone_name="UTC", field="begin")
    assert caught.value.field == "begin"


@pytest.mark.browser
def test_a_mask_moves_between_keys(page: Any, session: Session) -> None:
    """A key holds the shape at its frame and its PTS; a change at another frame makes a key there."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    page.find(page.page.get_by_role("button", name="Add a key of mask 1")).click()
    page.until(lambda: len(session.look.masks[0].keys) == 1)
    first = session.state.at or 0
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("Shift+ArrowRight")
    page.until(lambda: (session.state.at or 0) > first)
    seen(page, session)
    page.find(page.page.get_by_label("Mask 1, corner 3 of 4")).press("Shift+ArrowDown")
    page.until(lambda: len(session.look.masks[0].keys) == 2)
    mask = session.look.masks[0]
    assert mask.keys[0].points == BOX and mask.keys[1].points[2][1] > 0.3
    for key in mask.keys:
        assert key.pts == session.archive.frame("entrance", key.at).pts
        page.until(lambda key=key: f"PTS {key.pts}" in page.text())
    session.set(begin=first, end=first + 2_000_000)
    assert session.plan().spec.masks == (mask,)


def test_a_key_has_its_pts_although_no_picture_was_shown(session: Session, view: FrameView) -> None:
    """Where the frame was never delivered to the view, the archive is asked for its PTS."""
    session.draw(masks=(Mask(points=BOX),))
    first = session.state.at or 0
    for number, at in enumerate((first, first + 1_000_000), 1):
        session.set(at=session.archive.step("entrance", at - 1, 1, "frame"))
        view.on_key(0)
        assert len(session.look.masks[0].keys) == number
    for key in session.look.masks[0].keys:
        assert key.pts == session.archive.frame("entrance", key.at).pts


def test_a_key_belongs_to_the_picture_that_was_seen(session: Session, view: FrameView) -> None:
    """What is drawn names camera and instant: a step or another camera meanwhile moves it nowhere else."""
    session.choose("entrance", "corridor")
    session.draw("entrance", masks=(Mask(points=BOX),))
    first = session.source("entrance").first or 0
    seen_at = session.archive.step("entrance", first, 3, "frame")
    session.set(at=first)
    session.show("corridor")
    view.on_key(0, "entrance", seen_at)
    (mask,) = session.state.look("entrance").masks
    assert view._here("entrance", 0).us(mask.keys[0]) == seen_at and not session.state.look("corridor").masks


def test_what_is_remembered_is_bounded(session: Session, view: FrameView) -> None:
    """PTS of ever so many pictures are not kept for ever."""
    from workbench.widgets.frame_pictures import MOST_PTS

    for n in range(MOST_PTS + 50):
        view.pictures._remember("entrance", n, n)
    assert len(view.pictures._pts) == MOST_PTS and view.pictures.pts_at("entrance", MOST_PTS + 49) == MOST_PTS + 49


def test_a_key_is_not_put_where_no_picture_can_be_had(session: Session, view: FrameView) -> None:
    """Where the frame of an instant cannot be read, the key is refused with the reason, and never kept without PTS."""
    session.draw(masks=(Mask(points=BOX),))
    with pytest.raises(WorkbenchError, match="shows no picture at"):
        view.on_key(0, "entrance", (session.source("entrance").last or 0) + 60_000_000)
    assert session.look.masks == (Mask(points=BOX),)


@pytest.mark.browser
def test_a_press_that_nobody_ends_holds_nothing_back(page: Any, session: Session) -> None:
    """The native menu and a select's list take the pointer's end away: the view is drawn all the same."""
    drawn, mouse = page.locator("polygon.wb-frame-mask"), page.page.mouse
    session.draw(masks=(Mask(points=BOX),))
    page.until(lambda: drawn.count() == 1)
    button(page, "Undo").hover()
    mouse.down(button="right")
    session.draw(masks=(Mask(points=BOX),) * 2)
    page.until(lambda: drawn.count() == 2)
    mouse.up(button="right")
    page.page.get_by_label("Camera").hover()
    mouse.down()
    session.draw(masks=(Mask(points=BOX),) * 3)
    page.until(lambda: drawn.count() == 3)
    mouse.up()
    page.page.keyboard.press("Escape")
    button(page, "Redo").hover()
    mouse.down()
    session.draw(masks=(Mask(points=BOX),) * 4)
    for _ in range(20):
        page.pump()
    assert drawn.count() == 3
    page.page.evaluate("document.body.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, buttons: 0}))")
    page.until(lambda: drawn.count() == 4)
    mouse.up()
