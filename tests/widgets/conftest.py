"""One Chromium for all views; an archive with two dated cameras and an undated one, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM

RECORDINGS = Path(__file__).resolve().parents[2] / "notebooks/recordings"
VIEWER = ("chrome://", "chrome-extension://")
"""Where Chromium keeps its own viewer of PDFs: no other host."""


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Chromium, or a skip with its reason."""
    if not shutil.which(CHROMIUM):
        pytest.skip("no Chromium on the path (apt-get install chromium)")
    from tests.widgets.page import Browser

    with Browser() as started:
        yield started


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[object]:
    """The shipped recordings, opened for one test."""
    from workbench import LocalArchive

    opened = LocalArchive(RECORDINGS, tmp_path / "cache")
    yield opened
    opened.close()


@pytest.fixture
def session(archive: Any, tmp_path: Path) -> Iterator[Any]:
    """A case; the entrance is shown. A module may have another one."""
    from workbench import Case
    from workbench.widgets import Session

    made = Session(archive, Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg"))
    made.choose("entrance")
    yield made
    made.close()


@pytest.fixture
def view(session: Any, tmp_path: Path) -> Any:
    """What `page` shows, where a module does not show another view."""
    from workbench.widgets import EvidenceView

    return EvidenceView(session, out=str(tmp_path / "packages"))


@pytest.fixture
def page(browser: Any, view: object) -> Iterator[Any]:
    """The test's own `view`, shown; no other host was asked for anything, and nothing went wrong."""
    shown = browser.show(view)
    yield shown
    foreign = [url for url in shown.foreign if not url.startswith(VIEWER)]
    assert (shown.console, foreign, shown.dialogs) == ([], [], [])
    shown.close()
