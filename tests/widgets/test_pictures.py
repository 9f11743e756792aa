"""The pictures of README and docs/, taken of the page at work in a real browser.

    WORKBENCH_PICTURES=docs python -m pytest -q -m slow tests/widgets/test_pictures.py

Without the variable they go to a folder that is forgotten. The recordings are © Intel Corporation, CC-BY-4.0; one
thumbnail of the whole page (Workshop) is the OpenCV authors', Apache-2.0 and BSD-3-Clause. Who gave what stands in
notebooks/recordings/LICENCES.md; names and dates are made up.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli import ROOT
from tests.widgets.test_page import show
from workbench import LocalArchive, Mask, parse_time
from workbench.core.timebase import SECOND
from workbench.demo import HEAD
from workbench.widgets import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDTH, MOST_BYTES, QUALITY = 1280, 300_000, 60
SHOTS = {
    "workbench-page.jpg": "#outer",
    "workbench-timeline.jpg": '[data-view="Timeline"]',
    "workbench-masks.jpg": '[data-view="Frame and masks"]',
    "workbench-export.jpg": '[data-view="Export"]',
}
"""File name → what is taken."""


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Six seconds of two cameras, a mask on a part of one, an export of it with a snapshot, the plan of the next."""
    room = tmp_path_factory.mktemp("pictures")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)  # no place of this machine is in a picture
        yield from at_work(browser, LocalArchive(ROOT / "notebooks/recordings", room / "cache"))


def at_work(browser: Any, archive: LocalArchive) -> Iterator[Any]:
    """The page of `page`."""
    bench = Workbench(archive, "17-2026", examiner="A. Berg", number="17/2026")
    session = bench.session
    session.choose("entrance", "corridor")
    first = session.source("entrance").first
    session.set(begin=first + 16 * SECOND, end=first + 22 * SECOND, at=first + 18 * SECOND)
    session.set(view=[first + 2 * SECOND, first + 42 * SECOND])
    begin, end = (parse_time(f"2026-03-01T10:00:{second}Z") for second in (17, 20))
    session.draw(masks=(Mask(points=HEAD, begin=begin, end=end, reason="passer-by"),))
    job = session.export("entrance").wait(120)
    assert job.state == "done", job
    bench.evidence.on_snapshot("E1", "A person at the table")
    bench.evidence.on_comment("The person stands to the left of the pillar.", on="S1")
    shown = show(browser, bench, width=WIDTH, height=900)
    stage = shown.locator(".wb-frame-stage")
    shown.until(lambda: stage.get_attribute("data-shown") == str(session.state.at), 30)
    shown.until(lambda: shown.locator(".wb-evidence-thumb[src^='blob:']").count() == 1, 30)
    shown.until(lambda: "coded anew" in shown.text(), 30)
    steady(shown)
    yield shown
    assert (shown.console, shown.foreign, bench.errors) == ([], [], [])
    shown.close()
    bench.close()


def steady(page: Any) -> None:
    """Wait until two looks a moment apart are the same: all pictures that were asked for have come."""
    before = b""
    for _ in range(40):
        for _ in range(100):
            page.pump()
        now = page.page.screenshot(full_page=True)
        if now == before:
            return
        before = now
    raise AssertionError("the page never comes to rest")


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_of_the_page(page: Any, name: str, tmp_path: Path) -> None:
    """Each part of the page at work is taken: as wide as it lies there, not blank, and under 300 kB."""
    given = os.environ.get("WORKBENCH_PICTURES")
    folder = ROOT / given if given else tmp_path
    path = folder / name
    with Image.open(io.BytesIO(page.locator(SHOTS[name]).screenshot())) as taken:
        taken.convert("RGB").save(path, quality=QUALITY, optimize=True, progressive=True)
    with Image.open(path) as picture:
        assert WIDTH // 4 < picture.width <= WIDTH and picture.height > 200
        assert min(high - low for low, high in picture.convert("RGB").getextrema()) > 150
    assert path.stat().st_size < MOST_BYTES


def test_the_guides_show_pictures_that_are_there() -> None:
    """Every picture that lies in docs/ is one that something here makes."""
    made = {*SHOTS, "masked-frame.jpg", "report-pages.jpg"}
    assert {path.name for path in (ROOT / "docs").glob("*.jpg")} <= made
