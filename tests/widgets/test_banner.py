"""On a public machine each view says so; on the page it is said once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.widgets.test_page import show
from workbench import LocalArchive
from workbench.archives.public import BANNER
from workbench.widgets import ExportView, Session, SourcesView, Workbench

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def binder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says it is Binder's."""
    monkeypatch.setenv("BINDER_REPO_URL", "x")


def test_a_view_alone_says_it(browser: Any, archive: LocalArchive) -> None:
    """Each of two views that stand alone shows the banner."""
    session = Session(archive)
    page = browser.show(SourcesView(session), ExportView(session))
    assert page.locator(".wb-banner:visible").all_inner_texts() == [BANNER, BANNER]
    page.close()
    session.close()


def test_the_page_says_it_once(browser: Any, archive: LocalArchive, tmp_path: Path) -> None:
    """Of the six views of the page the head shows it; without Binder's variables nobody would."""
    bench = Workbench(archive, tmp_path / "case", examiner="A. Berg")
    page = show(browser, bench)
    assert page.locator(".wb-banner:visible").all_inner_texts() == [BANNER]
    assert page.locator('[data-view="Workbench"] .wb-banner').is_visible()
    page.close()
    bench.close()
