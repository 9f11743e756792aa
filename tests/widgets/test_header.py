"""The head of the page in a real browser: Copy as Python, and what only a person can decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive, Mask
from workbench.core.errors import WorkError
from workbench.widgets import HeaderView, Session

pytestmark = pytest.mark.browser


def test_the_button_gives_a_cell_that_runs(browser: Any, archive: LocalArchive, tmp_path: Path) -> None:
    """What stands in the page after Copy as Python runs as it is, and has the session's own request."""
    session = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    session.choose("entrance")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 1_000_000)
    session.draw(masks=(Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)), reason="</textarea>'\"\\"),))
    page = browser.show(HeaderView(session))
    page.find(page.page.get_by_role("button", name="Copy as Python")).click()
    text = page.page.get_by_label("Python that does the same again")
    page.until(lambda: text.is_visible() and text.input_value())
    scope: dict[str, Any] = {}
    exec(compile(text.input_value(), "<cell>", "exec"), scope)
    assert [plan.spec for plan in scope["plans"]] == [session.spec()]
    assert (page.console, page.foreign, page.dialogs) == ([], [], [])
    scope["archive"].close()
    page.close()
    session.close()


def test_a_page_that_came_second_is_asked(browser: Any, archive: LocalArchive, tmp_path: Path) -> None:
    """Where another page saved, the head says so beside NOT SAVED, and its buttons end it either way."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    one, two = Session(archive, case), Session(archive, Case.open(case.folder))
    page = browser.show(HeaderView(two))
    one.choose("entrance")
    with pytest.raises(WorkError):
        two.choose("corridor")
    page.until(lambda: page.locator(".wb-saved").inner_text() == "NOT SAVED")
    assert "nothing of the other was overwritten" in page.locator(".wb-header-questions").inner_text()
    page.page.get_by_role("button", name="Take what the other saved").click()
    page.until(lambda: two.state.sources == ("entrance",) and page.locator(".wb-saved").inner_text() == "saved")
    assert page.locator(".wb-header-questions button").count() == 0
    assert (page.console, page.foreign) == ([], [])
    page.close()
    one.close()
    two.close()
