"""Thumbnails of the timeline and of the list of cameras: masked, cropped, and made anew when that changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workbench import Area, Case, LocalArchive, Mask
from workbench.widgets import Session, SourcesView, TimelineView

pytestmark = pytest.mark.browser
ALL = Mask(points=((0, 0), (1, 0), (1, 1), (0, 1)))
STRIP = """() => {
  const canvas = document.querySelector('.wb-timeline-canvas'), g = canvas.getContext('2d');
  const found = g.getImageData(4, 40, 60, 1).data, out = [];
  for (let n = 0; n < found.length; n += 4) out.push(Math.max(found[n], found[n + 1], found[n + 2]));
  return Math.max(...out);
}"""
IMAGE = """(id) => {
  const image = document.querySelector(`td[data-source="${id}"] img`);
  if (!image || !image.complete || !image.naturalWidth) return null;
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const g = canvas.getContext('2d');
  g.drawImage(image, 0, 0);
  const found = g.getImageData(0, 0, canvas.width, canvas.height).data;
  let most = 0;
  for (let n = 0; n < found.length; n += 4) most = Math.max(most, found[n], found[n + 1], found[n + 2]);
  return {most, wide: image.naturalWidth / image.naturalHeight, url: image.src};
}"""


@pytest.fixture
def both(shipped: LocalArchive) -> Iterator[Session]:
    """Two cameras are chosen."""
    session = Session(shipped)
    session.choose("entrance", "corridor")
    yield session
    session.close()


def test_the_timelines_thumbnails_follow_masks(browser: Any, both: Session) -> None:
    """A mask that is drawn takes the unmasked pictures off the screen and brings masked ones; so does undo."""
    first = both.source("entrance").first or 0
    both.set(at=(first + 100_000_000), view=(first, first + 100_000_000))
    page = browser.show(TimelineView(both))
    page.until(lambda: page.locator("[data-thumbs]").count() and page.page.evaluate(STRIP) > 60)
    both.draw(masks=(ALL,))
    page.until(lambda: page.locator("[data-thumbs$='look 2']").count() and page.page.evaluate(STRIP) < 30)
    both.undo()
    page.until(lambda: page.locator("[data-thumbs$='look 3']").count() and page.page.evaluate(STRIP) > 60)
    assert page.console == []
    page.close()


def test_pictures_of_another_look_are_never_shown(browser: Any, both: Session) -> None:
    """Thumbnails that were made before a mask was drawn and come late are dropped."""
    view = TimelineView(both)
    page = browser.show(view)
    page.until(lambda: page.locator("[data-thumbs$='look 1']").count())
    both.draw(masks=(ALL,))
    page.until(lambda: page.locator("[data-thumbs$='look 2']").count())
    plain = both.archive.thumbnails("entrance", None, None, 1)
    view.post("thumbs", {"source": "entrance", "look": 1, "at": [plain[0].instant]}, [plain[0].jpeg(4)])
    for _ in range(20):
        page.pump()
    assert page.locator("[data-thumbs$='look 2']").count() == 1
    assert page.page.evaluate(STRIP) < 30
    page.close()


def test_cameras_thumbnails_are_masked_cropped_and_made_anew(browser: Any, both: Session) -> None:
    """A mask and a crop reach the list's picture of that camera alone; Look again makes all of them anew."""
    page = browser.show(SourcesView(both))

    def image(name: str) -> dict[str, Any]:
        """What is shown of a camera; zeros while there is nothing."""
        found: dict[str, Any] | None = page.page.evaluate(IMAGE, name)
        return found or {"most": -1, "wide": 0, "url": ""}

    page.until(lambda: image("entrance")["most"] > 60 and image("corridor")["most"] > 60)
    wide, corridor = image("entrance")["wide"], image("corridor")["url"]
    both.draw("entrance", masks=(ALL,))
    page.until(lambda: 0 <= image("entrance")["most"] < 30)
    both.draw("entrance", masks=(), crop=Area(0, 0, 0.3, 1))
    page.until(lambda: image("entrance")["most"] > 60 and image("entrance")["wide"] < wide * 0.5)
    assert image("corridor")["url"] == corridor
    page.page.get_by_role("button", name="Look again").click()
    page.until(lambda: image("corridor")["url"] not in ("", corridor))
    assert page.console == []
    page.close()


@pytest.mark.parametrize("width", [420, 1280, 1920])
def test_the_clocks_state_is_always_there(browser: Any, both: Session, width: int) -> None:
    """On a laptop and on a wide page each row says that its clock was not checked, and never in green."""
    page = browser.show(SourcesView(both), width=max(380, width // 3), height=900)
    badges = page.locator(".wb-sources-clock")
    page.until(lambda: badges.count() == 6)
    assert all(badge.is_visible() and badge.inner_text() == "clock not checked" for badge in badges.all())
    red, green, blue = page.page.evaluate(
        "getComputedStyle(document.querySelector('.wb-sources-clock')).color.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    )
    assert not (green > red and green > blue)
    box = page.locator(".wb-sources-box").bounding_box()
    rows = [row.bounding_box() for row in page.locator("tr[data-source]").all()]
    assert sum(row["y"] + row["height"] <= box["y"] + box["height"] for row in rows) >= 5
    page.close()


def test_quick_clicks_are_all_kept(browser: Any, shipped: LocalArchive) -> None:
    """Boxes that are clicked faster than the kernel answers are all chosen, in their order."""
    session = Session(shipped)
    page = browser.show(SourcesView(session))
    page.until(lambda: page.locator("tr[data-source]").count() == 6)
    page.page.evaluate("document.querySelectorAll('tr[data-source] input').forEach((one) => one.click())")
    page.until(lambda: len(session.state.sources) == 6)
    assert page.locator("tr[data-source] input:checked").count() == 6
    page.close()
    session.close()


def test_marks_are_snapshots_and_commented_exports(browser: Any, shipped: LocalArchive, tmp_path: Any) -> None:
    """Both stand on their lanes with their words; what has no place there, or another time line, is in the list."""
    from workbench.widgets.moments import moment

    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    session = Session(shipped, case)
    session.choose("entrance", "bottling")
    first = session.source("entrance").first or 0
    case.add_source(shipped, "entrance")
    session.set(begin=first + 2_000_000, end=first + 5_000_000)
    assert session.export("entrance").wait(60).state == "done"
    shot = case.snapshot(shipped, "entrance", moment(first + 9_000_000, True), caption="At the door")
    wrong = case.comment("He lefd", on=shot.id)
    case.comment("He left", on=shot.id, replaces=wrong.id)
    case.comment("Walks in", on="E1")
    case.comment("Nothing else is known")
    page = browser.show(TimelineView(session))
    marks = page.locator(".wb-timeline-mark")
    page.until(lambda: marks.count() == 2)
    told = [one.get_attribute("aria-label") or "" for one in marks.all()]
    assert told[0].startswith("Snapshot S1 at 2026-03-01 11:00:09.000 Europe/Berlin: At the door; He left")
    assert told[1].startswith("Export E1 at 2026-03-01 11:00:02") and told[1].endswith("Walks in")
    span, box = page.locator(".wb-timeline-span").bounding_box(), page.locator(".wb-timeline-canvas").bounding_box()
    low, high = session.state.view or (0, 0)
    assert abs(span["width"] - 3_000_000 / (high - low) * box["width"]) <= 2
    page.page.get_by_text("Marks as a list (3)").click()
    rows = page.locator(".wb-timeline-marked tbody tr").all_inner_texts()
    assert any("comment case" in row and "Nothing else is known" in row and "no place" in row for row in rows)
    marks.nth(0).click()
    page.until(lambda: session.state.at == first + 9_000_000)
    assert page.console == []
    page.close()
    session.close()


def test_marks_keep_to_their_own_kind_of_time_line(browser: Any, hall: LocalArchive, tmp_path: Any) -> None:
    """A snapshot of an undated camera is no mark on a dated axis; its lane says that it is not on it."""
    from workbench.widgets.moments import moment

    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    session = Session(hall, case)
    session.choose("hall", "yard.mp4")
    case.add_source(hall, "yard.mp4")
    case.snapshot(hall, "yard.mp4", moment(400_000, False), caption="Undated")
    page = browser.show(TimelineView(session))
    page.until(lambda: page.locator("[data-known='1']").count())
    assert page.locator(".wb-timeline-mark").count() == 0
    assert "On another kind of time line: yard.mp4" in page.text()
    page.page.get_by_text("Marks as a list (1)").click()
    assert "on another kind of time line" in page.locator(".wb-timeline-marked tbody tr").inner_text()
    page.page.get_by_role("button", name="yard.mp4").click()
    page.until(lambda: page.locator(".wb-timeline-mark").count() == 1)
    page.close()
    session.close()
