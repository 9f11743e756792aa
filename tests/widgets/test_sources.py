"""The cameras' view in a real browser: found, chosen, told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive
from workbench.widgets import Session, SourcesView
from workbench.widgets.moments import moment

pytestmark = pytest.mark.browser


def test_cameras_are_found_and_chosen(browser: Any, archive: LocalArchive) -> None:
    """Typing narrows the list, a box chooses, and the choice is the session's."""
    session = Session(archive)
    page = browser.show(SourcesView(session))
    page.until(lambda: page.locator("tbody tr").count() == 6)
    page.page.get_by_label("Search cameras").fill("entr")
    assert page.locator("tbody tr:visible").count() == 1
    page.page.get_by_label("Choose Entrance").click()
    page.until(lambda: session.state.sources == ("entrance",))
    page.page.get_by_label("Search cameras").fill("")
    page.page.get_by_role("button", name="Choose all found").click()
    page.until(lambda: len(session.state.sources) == 6)
    assert session.state.source == "entrance"
    page.until(lambda: page.locator("td img").count() >= 3)
    assert (page.console, page.foreign) == ([], [])
    page.close()
    session.close()


def test_an_unchecked_clock_says_so(browser: Any, archive: LocalArchive, tmp_path: Path) -> None:
    """A clock counts as not checked until the case holds a check of it."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    session = Session(archive, case)
    page = browser.show(view := SourcesView(session))
    row = page.locator("tr[data-source=entrance] .wb-sources-clock")
    page.until(lambda: row.count() and "not checked" in row.inner_text())
    source = case.add_source(archive, "entrance") and archive.source("entrance")
    at = moment(source.first or 0, source.dated)
    case.clock_check("entrance", device=at, reference=at, what="GPS", uncertainty=0.5)
    view.refresh()
    page.until(lambda: "±0.5 s" in row.inner_text())
    assert "1 check" in (row.get_attribute("title") or "")
    page.close()
    session.close()
