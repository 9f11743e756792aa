"""The whole page in a real browser: accessible, by keyboard alone, and no wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import LocalArchive, Mask
from workbench.widgets import Workbench

pytestmark = pytest.mark.browser
PAGE = """for (const [name, id] of [['wb-page', 'outer'], ['wb-page-inner', 'inner']]) {
  const d = document.createElement('div'); d.className = name; d.id = id;
  document.querySelector(id === 'outer' ? '#place' : '#outer').append(d); }"""


def show(browser: Any, bench: Workbench, **page: Any) -> Any:
    """All views on one page, as `Workbench` lays them out."""
    shown = browser.show(**page)
    shown.page.evaluate(PAGE)
    for view in bench.views:
        shown.mount(view, "#inner")
    return shown


@pytest.fixture
def bench(archive: LocalArchive, tmp_path: Path) -> Iterator[Workbench]:
    """A page over a new case."""
    made = Workbench(archive, tmp_path / "case", examiner="A. Berg", packages=tmp_path / "packages")
    yield made
    made.close()


def test_nothing_serious_for_axe(browser: Any, bench: Workbench) -> None:
    """axe-core finds nothing serious or critical, in light and in dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    session = bench.session
    session.choose("entrance", "corridor")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 2_000_000)
    session.draw(masks=(Mask(points=((0.2, 0.2), (0.5, 0.2), (0.5, 0.5))),))
    assert session.export("entrance").wait(60).state == "done"
    bench.evidence.on_snapshot("E1", "A caption")
    for dark in (False, True):
        page = show(browser, bench, dark=dark)
        page.until(lambda page=page: page.locator("tbody tr[data-source]").count() == 6)
        page.find(page.page.get_by_role("button", name="Mask 1", exact=True)).click()
        page.until(lambda page=page: page.locator("circle.wb-frame-corner").count() == 3)
        found = axe.run(page.page).response["violations"]
        told = [(v["id"], v["impact"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found]
        assert [one for one in told if one[1] in ("serious", "critical")] == []
        page.close()


def test_the_whole_flow_by_keyboard(browser: Any, bench: Workbench) -> None:
    """Choose, step, set a range, draw a mask, export, take a snapshot, build a report: without a mouse."""
    session, case = bench.session, bench.case
    assert case is not None
    page = show(browser, bench)
    keys = page.page.keyboard

    def reach(name: str, role: str = "button") -> None:
        """Go there by Tab, as somebody without a mouse does."""
        wanted = page.page.get_by_role(role, name=name, exact=True).first
        page.until(lambda: wanted.count())
        for _ in range(400):
            if wanted.evaluate("e => e === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError(f"{name} is not reached by Tab")

    page.until(lambda: page.locator("tbody tr[data-source]").count() == 6)
    reach("Choose Entrance hall", "checkbox")
    keys.press("Space")
    page.until(lambda: session.state.sources == ("entrance",))
    reach("Shown frame", "slider")
    keys.press("i")
    page.until(lambda: session.state.begin is not None)
    keys.press("Shift+ArrowRight")
    page.until(lambda: (session.state.at or 0) > (session.state.begin or 0))
    keys.press("o")
    page.until(lambda: session.state.end is not None)
    reach("Draw mask")
    keys.press("Enter")
    for n, moves in enumerate((["Shift+ArrowLeft"] * 4, ["Shift+ArrowDown"] * 6, ["Shift+ArrowRight"] * 8), 1):
        for move in moves:
            keys.press(move)
        keys.press("Space")
        page.until(lambda n=n: len(session.look.drawing) == n)
    keys.press("Enter")
    page.until(lambda: len(session.look.masks) == 1)
    page.until(lambda: "coded anew" in page.text())
    reach("Run export")
    keys.press("Enter")
    page.until(lambda: len(case.state.exports) == 1, 30)
    page.until(lambda: page.locator("[data-field=export] select").input_value() == "E1")
    reach("Take snapshot")
    keys.press("Enter")
    page.until(lambda: [(s.export, len(s.masks)) for s in case.state.snapshots] == [("E1", 1)])
    reach("Build report")
    keys.press("Enter")
    page.until(lambda: len(case.state.reports) == 1, 30)
    assert (page.console, page.foreign, bench.errors) == ([], [], [])
    page.close()


@pytest.mark.parametrize("width", [420, 1280, 3840])
def test_nothing_is_wider_than_the_page(browser: Any, bench: Workbench, width: int) -> None:
    """A narrow column, a laptop and a 4K screen show the page without scrolling sideways."""
    bench.session.choose("entrance", "corridor")
    page = show(browser, bench, width=width)
    page.until(lambda: page.locator("tbody tr[data-source]").count() == 6)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
