"""Snapshots, comments, marks, report and package from a real browser end in the case's log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive, Mask
from workbench.widgets import EvidenceView, Session

pytestmark = pytest.mark.browser


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case; the entrance is shown."""
    made = Session(archive, Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg"))
    made.choose("entrance")
    yield made
    made.close()


@pytest.fixture
def page(browser: Any, session: Session, tmp_path: Path) -> Iterator[Any]:
    """The view; nothing was asked of other hosts, and nothing went wrong."""
    shown = browser.show(EvidenceView(session, out=str(tmp_path / "packages")))
    yield shown
    assert (shown.console, shown.foreign, shown.dialogs) == ([], [], [])
    shown.close()


def test_a_matter_from_snapshot_to_verified_package(page: Any, session: Session) -> None:
    """Snapshot, caption, comment, marks, order, report, package and its verification: each is in the log."""
    case, by = session.case, page.page.get_by_role
    assert case is not None
    page.page.get_by_label("Caption", exact=True).fill("The <b>first</b> one")
    by("button", name="Take snapshot").click()
    page.until(lambda: len(case.state.snapshots) == 1)
    session.archive.step("entrance", session.state.at or 0, 1, "second")
    session.set(at=session.archive.step("entrance", session.state.at or 0, 1, "second"))
    page.until(lambda: by("button", name="Take snapshot").is_enabled())
    by("button", name="Take snapshot").click()
    page.until(lambda: len(case.state.snapshots) == 2)
    page.until(lambda: page.locator("li img[src]").count() == 2)
    page.page.get_by_label("Comment", exact=True).fill("The bag is on the left.")
    by("button", name="Add comment").click()
    page.until(lambda: [c.text for c in case.state.comments] == ["The bag is on the left."])
    by("button", name="Move S2 up").click()
    page.until(lambda: [s.id for s in case.state.ordered()] == ["S2", "S1"])
    page.find(page.page.get_by_label("Caption of S2")).fill("Later")
    page.page.get_by_label("Caption of S2").press("Enter")
    page.until(lambda: case.state.ordered()[0].caption == "Later")
    page.find(by("button", name="Draw marks on S1")).click()
    box = page.locator(".wb-evidence-canvas").bounding_box()
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.page.mouse.up()
    by("button", name="Save as a marked copy").click()
    page.until(lambda: len(case.state.annotations) == 1)
    by("button", name="Build report").click()
    page.until(lambda: len(case.state.reports) == 1, 30)
    by("button", name="Seal the case").click()
    page.until(lambda: len(case.state.packages) == 1, 30)
    page.find(by("button", name="Verify package P1")).click()
    page.until(lambda: case.state.verified and "0 failed" in page.text(), 60)
    assert case.state.verified[0].counts["failed"] == 0 and case.state.verified[0].counts["ok"] > 20
    assert page.locator("li b").count() == 0


def test_masks_do_not_vanish_silently(page: Any, session: Session) -> None:
    """Where masks are drawn, a snapshot of no export needs a reason."""
    session.draw(masks=(Mask(points=((0, 0), (1, 0), (1, 1))),))
    page.page.get_by_role("button", name="Take snapshot").click()
    page.until(lambda: "masks are drawn" in page.locator("[data-field=export] .wb-wrong").inner_text())
    assert session.case and not session.case.state.snapshots


def test_words_being_written_are_kept(page: Any, session: Session) -> None:
    """What stands in a field is in the case's memory before it is sent."""
    page.page.get_by_label("Comment", exact=True).fill("Half a thou")
    page.until(lambda: session.state.texts.get("comment:") == "Half a thou")
    assert session.case is not None
    kept = json.loads((session.case.folder / "session.json").read_text())
    assert kept["texts"] == {"comment:": "Half a thou"}
