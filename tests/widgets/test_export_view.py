"""Exports from a real browser: planned, run, cancelled, delivered; the controls that a request has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive, Mask
from workbench.widgets import ExportView, Session

pytestmark = pytest.mark.browser


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case, the entrance, two seconds."""
    made = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    made.choose("entrance")
    first = made.source("entrance").first or 0
    made.set(begin=first + 1_000_000, end=first + 3_000_000)
    yield made
    made.close()


@pytest.fixture
def view(session: Session) -> ExportView:
    """What `page` shows."""
    return ExportView(session)


def test_an_export_is_planned_run_and_delivered(page: Any, session: Session) -> None:
    """The plan stands before the run; the result names place, hash, and what was delivered against what was asked."""
    page.until(lambda: "copied" in page.locator(".wb-export-plans").inner_text())
    assert [part["mode"] for part in session.overlay]
    page.page.get_by_role("button", name="Run export").click()
    page.until(lambda: session.case and len(session.case.state.exports) == 1)
    page.until(lambda: "Delivered:" in page.text())
    record = session.case.state.exports[0]  # type: ignore[union-attr]
    assert record.files[0].sha256 in page.text()
    folder = Path(page.locator(".wb-export-folder code").inner_text())
    assert (folder / Path(record.files[0].path).name).is_file()


def test_a_request_that_changes_while_it_is_planned_is_planned_again(page: Any, session: Session) -> None:
    """A mask closed before the plan of the request before is made: the plan that stands there is of the mask."""
    page.until(lambda: page.locator(".wb-export-copy").count())
    view = page._views["v0"]
    session.set(options={"format": "mkv"})
    page.until(lambda: view._tickets.get("plan", 0) >= 2)  # the second plan has been asked for and may be under way
    session.draw(masks=(Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))),))
    page.until(lambda: page.locator(".wb-export-encode").count() and view.shown["plans"]["entrance"]["encode"])


def test_progress_moves_in_the_page_and_cancel_ends_it(page: Any, session: Session) -> None:
    """The meter of a running export shows what its job tells; Cancel ends it, and nothing stays in the case."""
    session.set(end=(session.source("entrance").last or 0), options={"format": "mp4", "video_quality": 2})
    page.until(lambda: "coded anew" in page.locator(".wb-export-plans").inner_text())
    page.page.get_by_role("button", name="Run export").click()
    page.until(lambda: [job.id for job in session.jobs] == ["J1"])
    meter = page.locator("progress[aria-label='Progress of J1']")
    page.until(lambda: meter.is_visible() and 0 < meter.evaluate("meter => meter.value") < 1)
    assert re.search(r"\d+ %", page.locator(".wb-export-state").inner_text())
    page.find(page.page.get_by_role("button", name="Cancel J1")).click()
    page.until(lambda: session.jobs["J1"].state == "cancelled")
    page.until(lambda: "cancelled" in page.locator(".wb-export-state").inner_text())
    assert meter.is_hidden()
    assert session.case and not session.case.state.exports
    assert not list((session.case.folder / "exports").rglob("*.mp4"))


def test_a_wrong_control_is_told_beside_it(page: Any, session: Session) -> None:
    """An impossible colour is refused beside its field, and the request stays as it was."""
    page.page.get_by_text("Text, colours, page").click()
    page.page.get_by_label("Text colour").fill("redish")
    page.page.get_by_label("Text colour").press("Enter")
    page.until(lambda: "is not a colour" in page.locator("[data-field=text_color] .wb-wrong").inner_text())
    assert "text_color" not in session.state.options


def test_a_size_that_is_no_number_is_refused(page: Any, session: Session) -> None:
    """“1,5” is no size: it is told beside the field, and the limit that was set stays and is shown."""
    session.set(options={"size_limit": 2_000_000})
    size = page.page.get_by_label("Size limit")
    page.until(lambda: size.input_value() == "2")
    size.fill("1,5")
    size.press("Tab")
    page.until(lambda: "1,5" in page.locator("[data-field=size_limit] .wb-wrong").inner_text())
    assert session.state.options["size_limit"] == 2_000_000
    page.until(lambda: size.input_value() == "2")
    size.fill("1.5")
    size.press("Tab")
    page.until(lambda: session.state.options["size_limit"] == 1_500_000)


def test_a_choice_is_left_to_the_format_again(page: Any, session: Session) -> None:
    """Text drawn into the picture: yes, and then as the format does, which is no choice."""
    page.page.get_by_text("Text, colours, page").click()
    burn = page.page.get_by_label("Draw text into the picture")
    burn.select_option("yes")
    page.until(lambda: session.state.options.get("burn") is True)
    burn.select_option("as the format does")
    page.until(lambda: "burn" not in session.state.options)
    page.until(lambda: burn.input_value() == "as the format does")


def test_what_cannot_be_made_is_refused_before_the_run(page: Any, session: Session) -> None:
    """A format that this archive does not make cannot be started, and the plan says why."""
    page.page.get_by_label("Format").select_option("exe")
    page.until(lambda: page.locator(".wb-export-refused").count() == 1)
    assert page.page.get_by_role("button", name="Run export").is_disabled()
    assert "refused" in page.locator(".wb-export-why").inner_text()


def test_controls_that_mean_nothing_are_put_away_with_words(page: Any, session: Session) -> None:
    """A picture has no frame rate, a film no page, a folder no storage; a choice that sleeps is told."""
    page.page.get_by_text("Text, colours, page").click()
    session.set(options={"format": "mp4", "rate_divisor": 4})
    assert page.page.get_by_label("Frame rate").is_visible()
    assert page.locator("[data-field=archive]").is_hidden() and page.locator(".wb-export-places").is_hidden()
    page.page.get_by_label("Format").select_option("jpg")
    page.until(lambda: page.page.get_by_label("Frame rate").is_hidden())
    told = page.locator(".wb-export-unused").inner_text()
    assert told.startswith("Not for jpg: frame rate, cut, gaps, sound") and "(frame rate) changes nothing" in told
    page.page.get_by_label("Format").select_option("pdf")
    page.until(lambda: page.locator(".wb-export-places").is_visible())
    assert page.page.get_by_label("Page (pdf)").is_visible()


def test_areas_of_a_page_are_set_by_numbers(page: Any, session: Session) -> None:
    """Four percents make an area, drawn on the sketch of the page; one that is none is refused beside it."""
    session.set(options={"format": "pdf"})
    page.page.get_by_text("Text, colours, page").click()
    page.until(lambda: page.locator(".wb-export-places").is_visible())
    for side, value in (("left", "10"), ("top", "5"), ("right", "90"), ("bottom", "55")):
        page.page.get_by_label(f"Picture: {side}").fill(value)
        page.page.get_by_label(f"Picture: {side}").press("Tab")
    page.until(lambda: session.state.options.get("snapshot_area") == [[0.1, 0.05], [0.9, 0.55]])
    page.until(lambda: page.locator(".wb-export-page rect").count() == 1)
    assert session.spec().snapshot_area is not None
    page.page.get_by_label("Picture: right").fill("10")
    page.page.get_by_label("Picture: right").press("Tab")
    page.until(lambda: page.locator("[data-field=snapshot_area] .wb-wrong").inner_text())
    page.page.get_by_label("Picture: where it usually goes").click()
    page.until(lambda: "snapshot_area" not in session.state.options)


def test_several_exports_stand_side_by_side(page: Any, session: Session) -> None:
    """Two jobs have a card each, in one row of a wide page."""
    session.jobs.start(session.spec(), Path("unused"))
    session.set(options={"format": "jpg"})
    session.jobs.start(session.spec(), Path("unused"))
    page.until(lambda: page.locator("[data-state=done]").count() == 2, 30)
    page.page.set_viewport_size({"width": 1600, "height": 900})
    boxes = [page.locator(".wb-export-job").nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] != boxes[1]["x"]


def test_a_failed_export_says_what_and_what_to_do(browser: Any, archive: LocalArchive, tmp_path: Path) -> None:
    """Words and advice of the error stand on the export's card, also after the next click; it can be run again."""
    session = Session(archive)
    session.choose("corridor")
    session.set(options={"format": "jpg"})
    (tmp_path / "taken").write_text("a file where a folder should be")
    shown = browser.show(ExportView(session, out=str(tmp_path / "taken")))
    shown.until(lambda: shown.page.get_by_role("button", name="Run export").is_enabled())
    shown.page.get_by_role("button", name="Run export").click()
    shown.until(lambda: shown.locator("[data-state=failed] .wb-wrong").count())
    error = session.jobs["J1"].error
    card = shown.locator("[data-state=failed]").inner_text()
    assert error and error.advice and error.message in card and error.advice in card
    assert shown.page.get_by_role("button", name="Run J1 again").is_visible()
    shown.page.get_by_label("Video quality").select_option("5")
    shown.until(lambda: session.state.options.get("video_quality") == 5)
    assert error.message in shown.locator("[data-state=failed]").inner_text()
    assert (shown.console, shown.foreign) == ([], [])
    shown.close()
    session.close()
