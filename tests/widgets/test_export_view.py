"""Exports from a real browser: planned, run, cancelled, delivered, played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive
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
def page(browser: Any, session: Session) -> Iterator[Any]:
    """The view; nothing was asked of other hosts, and nothing went wrong."""
    shown = browser.show(ExportView(session))
    yield shown
    assert (shown.console, shown.foreign) == ([], [])
    shown.close()


def test_an_export_is_planned_run_and_delivered(page: Any, session: Session) -> None:
    """The plan stands before the run; the result names hash, and what was delivered against what was asked."""
    page.until(lambda: "copied" in page.locator(".wb-export-plans").inner_text())
    assert [part["mode"] for part in session.overlay]
    page.page.get_by_role("button", name="Run export").click()
    page.until(lambda: session.case and len(session.case.state.exports) == 1)
    page.until(lambda: "Delivered:" in page.text())
    record = session.case.state.exports[0]  # type: ignore[union-attr]
    assert record.files[0].sha256 in page.text()
    page.page.get_by_role("button", name="Show").first.click()
    page.until(lambda: page.locator("video").count())
    page.until(lambda: page.page.evaluate("document.querySelector('video').duration") > 1.9)


def test_a_running_export_is_cancelled(page: Any, session: Session) -> None:
    """Cancel ends an export; nothing of it stays in the case."""
    session.set(end=(session.source("entrance").last or 0), options={"format": "mp4", "video_quality": 2})
    page.until(lambda: "coded anew" in page.locator(".wb-export-plans").inner_text())
    page.page.get_by_role("button", name="Run export").click()
    page.until(lambda: [job.id for job in session.jobs] == ["J1"])
    page.until(lambda: session.jobs["J1"].state == "running" and session.jobs["J1"].progress.fraction > 0)
    page.find(page.page.get_by_role("button", name="Cancel J1")).click()
    page.until(lambda: session.jobs["J1"].state == "cancelled")
    page.until(lambda: "cancelled" in page.locator(".wb-export-state").inner_text())
    assert session.case and not session.case.state.exports
    assert not list((session.case.folder / "exports").rglob("*.mp4"))


def test_a_wrong_control_is_told_beside_it(page: Any, session: Session) -> None:
    """An impossible colour is refused beside its field, and the request stays as it was."""
    page.page.get_by_text("Text, colours, page").click()
    page.page.get_by_label("Text colour").fill("redish")
    page.page.get_by_label("Text colour").press("Enter")
    page.until(lambda: "is not a colour" in page.locator("[data-field=text_color] .wb-wrong").inner_text())
    assert "text_color" not in session.state.options


def test_what_cannot_be_made_is_refused_before_the_run(page: Any, session: Session) -> None:
    """A format that this archive does not make cannot be started, and the plan says why."""
    page.page.get_by_label("Format").select_option("exe")
    page.until(lambda: page.locator(".wb-export-refused").count() == 1)
    assert page.page.get_by_role("button", name="Run export").is_disabled()
