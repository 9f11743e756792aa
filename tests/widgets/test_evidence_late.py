"""What is done on the page while the kernel still answers stays, on the screen and in the kernel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workbench import ExportSpec
from workbench.core.timebase import instant
from workbench.widgets import EvidenceView, Session

pytestmark = pytest.mark.browser


def line(page: Any, across: int) -> None:
    """Draw an arrow on the copy that is open."""
    box = page.locator(".wb-evidence-canvas").bounding_box()
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + across, box["y"] + 80)
    page.page.mouse.up()


def test_words_written_before_the_answer_stay(page: Any, session: Session) -> None:
    """Caption and comment of the next thing, typed while the kernel files the one before; one click files one."""
    case, label, by = session.case, page.page.get_by_label, page.page.get_by_role
    assert case is not None
    label("Caption", exact=True).fill("First")
    by("button", name="Take snapshot").click()
    label("Caption", exact=True).fill("Second")
    page.until(lambda: [shot.caption for shot in case.state.snapshots] == ["First"])
    page.until(lambda: by("button", name="Take snapshot").is_enabled())
    label("Comment", exact=True).fill("One")
    by("button", name="Add comment").dblclick()
    label("Comment", exact=True).fill("Two")
    page.until(lambda: "Comment C1 added" in page.locator(".wb-status").inner_text())
    assert [comment.text for comment in case.state.comments] == ["One"]
    assert (label("Caption", exact=True).input_value(), label("Comment", exact=True).input_value()) == ("Second", "Two")
    page.until(lambda: session.state.texts == {"caption": "Second", "comment:": "Two"})
    by("button", name="Add comment").click()
    page.until(lambda: session.state.texts == {"caption": "Second"})
    page.until(lambda: label("Comment", exact=True).input_value() == "")


def test_both_places_of_a_view_show_the_words_that_are_written(
    browser: Any, view: EvidenceView, session: Session
) -> None:
    """Typed in one place, they stand whole in the other, are filed from there, and are gone from both."""
    shown = browser.show(view, view)
    here, there = (shown.locator(place).get_by_label("Caption", exact=True) for place in ("#v0", "#v1"))
    here.focus()
    for letter in "masked person":
        shown.page.keyboard.type(letter)
        shown.pump()
    shown.until(lambda: there.input_value() == "masked person")
    shown.locator("#v1").get_by_role("button", name="Take snapshot").click()
    shown.until(lambda: session.case and [one.caption for one in session.case.state.snapshots] == ["masked person"])
    shown.until(lambda: (here.input_value(), there.input_value()) == ("", ""))
    assert session.state.texts == {} and shown.console == []
    shown.close()


def test_marks_drawn_before_the_answer_stay(page: Any, view: EvidenceView, session: Session) -> None:
    """Save of S1 clicked twice makes one copy; what is drawn on S2 meanwhile stays, and of S1 no draft is left."""
    case, by = session.case, page.page.get_by_role
    assert case is not None
    for _ in range(2):
        view.on_snapshot("", "")
    page.until(lambda: page.locator("li img[src]").count() == 2)
    by("button", name="Draw marks on S1").click()
    line(page, 120)
    page.until(lambda: "marks:S1" in session.state.texts)
    by("button", name="Save as a marked copy").dblclick()
    by("button", name="Draw marks on S2").click()
    line(page, 60)
    line(page, 100)
    page.until(lambda: "Marked copy" in page.locator(".wb-status").inner_text())
    page.until(
        lambda: list(session.state.texts) == ["marks:S2"] and len(json.loads(session.state.texts["marks:S2"])) == 2
    )
    assert [made.snapshot for made in case.state.annotations] == ["S1"]
    assert (
        by("button", name="Remove mark").count() == 2 and page.page.get_by_role("button", name="Save as").is_enabled()
    )
    page.find(by("button", name="Draw marks on S1")).click()
    assert by("button", name="Remove mark").count() == 0


def test_no_export_stays_chosen(page: Any, view: EvidenceView, session: Session) -> None:
    """The newest export of the camera is offered; “no export”, once chosen, stays until something else is chosen."""
    case, at, chosen = session.case, session.state.at, page.page.get_by_label("With masks and crop of")
    assert case is not None and at is not None
    spec = ExportSpec(source="entrance", begin=instant(at), end=instant(at), format="jpg")
    case.export(spec, session.archive)
    session.told()
    page.until(lambda: chosen.input_value() == "E1")
    chosen.select_option("")
    session.choose("entrance", "corridor")
    for source in ("corridor", "entrance"):
        session.show(source)
        name = session.brief(source).name
        page.until(lambda name=name: f"of {name}" in page.locator(".wb-evidence-which").inner_text())
    view.on_comment("Something else")
    page.until(lambda: "Something else" in page.locator(".wb-evidence-comments").inner_text())
    assert chosen.input_value() == ""
    chosen.select_option("E1")
    view.on_comment("And this")
    page.until(lambda: "And this" in page.locator(".wb-evidence-comments").inner_text())
    assert chosen.input_value() == "E1"


def test_a_picture_that_does_not_come_is_told_and_asked_for_again(
    page: Any, view: EvidenceView, session: Session
) -> None:
    """A snapshot whose picture cannot be read: words for it and for Mark; once it is there again it is shown."""
    case, mark = session.case, page.page.get_by_role("button", name="Draw marks on S1")
    assert case is not None
    view.on_snapshot("", "")
    picture = case.path(case.state.snapshots[0].picture)
    picture.rename(picture.with_name("away"))
    page.until(lambda: picture.name in page.locator(".wb-alert").inner_text())
    assert page.locator("li img[src]").count() == 0
    picture.with_name("away").rename(picture)
    mark.click()
    assert "picture of S1 has not come" in page.locator(".wb-status").inner_text()
    page.until(lambda: page.locator("li img[src]").count() == 1)
    mark.click()
    assert page.locator(".wb-evidence-canvas").is_visible()
