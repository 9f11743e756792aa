"""The page in the other two hosts that are tested: Notebook 7 and Voilà, each with a real kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.widgets.lab import RECORDINGS, Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OPEN = f"""from workbench.widgets import Workbench
bench = Workbench({str(RECORDINGS)!r}, case="case", examiner="A. Berg")
s = bench.session
s.choose("entrance")
bench"""
NO_NETWORK = "Failed to load resource: net::ERR_"
CORNERS = ((0.2, 0.2), (0.6, 0.25), (0.4, 0.8))


def draw(tab: Any) -> None:
    """Draw a mask of three corners with the mouse; the kernel holds it where it was drawn."""
    frame = tab.page.locator('.wb[data-view="Frame and masks"][data-ready]')
    tab.until(lambda: frame.count() == 1)
    stage = frame.locator(".wb-frame-stage")
    tab.until(lambda: stage.get_attribute("data-shown") == tab.kernel("s.state.at"))
    frame.get_by_role("button", name="Draw mask").click()
    picture = frame.locator(".wb-frame-image")
    for n, (x, y) in enumerate(CORNERS, 1):
        stage.scroll_into_view_if_needed()
        box = picture.bounding_box()  # anew: hosts scroll, and the page grows while cameras come
        tab.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.until(lambda n=n: tab.kernel("len(s.look.drawing)") == str(n))
    tab.page.keyboard.press("Enter")
    tab.until(lambda: tab.kernel("[len(m.points) for m in s.look.masks]") == "[3]")
    points = eval(tab.kernel("[tuple(p) for p in s.look.masks[0].points]"))
    assert all(abs(p[0] - x) < 0.01 and abs(p[1] - y) < 0.01 for p, (x, y) in zip(points, CORNERS, strict=True))
    assert tab.kernel("bench.errors") == "[]"


def test_notebook_7(browser: Any, tmp_path: Path) -> None:
    """In Notebook 7 a polygon that is drawn is in the kernel; nothing is asked of other hosts.

    The console says what it says of a plain notebook, and no more.
    """
    pytest.importorskip("notebook")
    with Lab(tmp_path, "notebook") as lab:
        plain = lab.open(browser, "plain.ipynb", ["1 + 1"])
        theirs = plain.console
        plain.close()
        tab = lab.open(browser, "seven.ipynb", [OPEN])
        assert tab.page.locator(".wb[data-ready]").count() == 6
        draw(tab)
        assert (tab.console, tab.foreign) == (theirs, [])
        tab.close()


def test_voila(browser: Any, tmp_path: Path) -> None:
    """Voilà shows all views, and a polygon that is drawn is in the kernel; ours logs nothing and asks no other host.

    Voilà itself asks a CDN for its icons, and tells on the console of an extension that it cannot share.
    """
    pytest.importorskip("voila")
    with Lab(tmp_path, "voila") as lab:
        tab = lab.open(browser, "page.ipynb", [OPEN])
        tab.until(lambda: tab.page.locator(".wb[data-ready]").count() == 6)
        draw(tab)
        assert [url for url in tab.foreign if "fontawesome" not in url] == []
        assert [text for text in tab.console if not text.startswith(NO_NETWORK) and "#RUNTIME-012" not in text] == []
        tab.close()
