"""The cameras' view in a real browser: found, chosen, told apart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench import Area, Case, LocalArchive
from workbench.widgets import Session, SourcesView
from workbench.widgets.looks import Versions
from workbench.widgets.moments import moment
from workbench.widgets.state import Look

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


def test_a_note_that_is_told_reaches_the_page(archive: LocalArchive) -> None:
    """A note of the session that comes later is a change of what is shown, and so is sent to the fronts."""
    session = Session(archive)
    view = SourcesView(session)
    seen: list[Any] = []
    view.observe(lambda change: seen.append(change["new"]["notes"]), "shown")
    session.notes.append("J1: could not be noted")
    session.told()
    assert "J1: could not be noted" in seen[-1]
    view.close()
    session.close()


class Meeting:
    """A crop that is compared while another thread asks for a number, too."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def __eq__(self, other: object) -> bool:
        met = threading.Thread(target=self.meanwhile)
        met.start()
        met.join(0.2)
        return False

    __hash__ = None  # type: ignore[assignment]


def test_two_looks_never_have_one_number() -> None:
    """Two threads ask for the numbers of two looks at once: they get two."""
    versions, found, done = Versions(), list[int](), threading.Event()
    versions.of("hall", Look(crop=Area(0, 0, 1, 1)))

    def meanwhile() -> None:
        found.append(versions.of("hall", Look(crop=Area(0, 0, 0.5, 0.5))))
        done.set()

    found.append(versions.of("hall", Look(crop=Meeting(meanwhile))))  # type: ignore[arg-type]
    assert done.wait(5) and len(set(found)) == 2


def test_what_is_learnt_of_one_camera_leaves_the_list_alone(
    browser: Any, archive: LocalArchive, tmp_path: Path
) -> None:
    """Other rows stay the same, the keyboard stays on its control, and what was opened stays open."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    session = Session(archive, case)
    page = browser.show(view := SourcesView(session))
    page.until(lambda: page.locator("tr[data-source] img").count() == 6)
    for name in ("entrance", "corridor"):
        page.locator(f"tr[data-source={name}] summary").click()
    page.locator("tr[data-source=entrance] button").focus()
    page.page.evaluate("window.other = document.querySelector('tr[data-source=corridor]')")
    case.add_source(archive, "entrance")
    at = moment(archive.source("entrance").first or 0, True)
    case.clock_check("entrance", device=at, reference=at, what="GPS", uncertainty=0.5)
    view.refresh()
    page.until(lambda: "±0.5 s" in page.locator("tr[data-source=entrance] .wb-sources-clock").inner_text())
    assert page.page.evaluate("document.activeElement.innerText") == "Entrance hall"
    assert page.page.evaluate("window.other === document.querySelector('tr[data-source=corridor]')")
    assert page.locator("tr[data-source=entrance] details[open]").count() == 1
    assert page.locator("tr[data-source] img").count() == 6
    page.page.get_by_role("button", name="Look again").click()
    page.until(lambda: view.shown["listed"] == 2)
    assert [row.get_attribute("data-source") for row in page.locator("tr[data-source]").all()] == [
        one["id"] for one in view.shown["cameras"]
    ]
    assert page.locator("details[open]").count() == 2 and page.console == []
    page.close()
    session.close()
