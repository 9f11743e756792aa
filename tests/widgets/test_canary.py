"""Figure 4: what lies under a mask is in no picture of the saved notebook, its HTML, the case folder, the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterlab")
import nbconvert
import nbformat

from tests.widgets import canary
from tests.widgets.lab import Lab
from tests.widgets.test_lab import ready

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OPEN = """from workbench.widgets import Workbench
bench = Workbench("footage", case="case", examiner="A. Berg", packages="out", keep_still=True)
s = bench.session
s.choose("hall")
bench"""
UNTIL = """first = s.source("hall").first
s.set(begin=first, end=first + 1_000_000, at=first + 200_000)
assert s.export().wait(60).state == 'done'"""
REST = """bench.evidence.on_snapshot("E1", "A caption")
bench.evidence.on_build(False, 1, "A4")
bench.evidence.on_seal(True)"""


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab, with the canary's clip."""
    with Lab(tmp_path_factory.mktemp("canary")) as started:
        canary.clip(started.folder / "footage" / "hall" / "20260301T100000.mp4")
        yield started


def exported(notebook: Path) -> Path:
    """The notebook as HTML, beside it."""
    html, _ = nbconvert.HTMLExporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    path = notebook.with_suffix(".html")
    path.write_text(html, encoding="utf-8")
    return path


def looked_at(lab: Lab, folder: Path, *names: str) -> tuple[list[str], int]:
    """The judge's verdict on files and folders of the server, the footage aside."""
    for name in names:
        path = lab.folder / name
        path.rename(folder / name)
    return canary.seen_in(folder)


def test_a_saved_notebook_shows_what_was_chosen_and_nothing_under_a_mask(
    lab: Lab, browser: Any, tmp_path: Path
) -> None:
    """Drawn through the page, the saved still is masked at once; notebook, HTML, case and package hold no canary."""
    tab = lab.open(browser, "seen.ipynb", [OPEN])
    frame = ready(tab, "Frame and masks")
    stage = frame.locator(".wb-frame-stage")
    tab.until(lambda: stage.get_attribute("data-shown") == tab.kernel("s.state.at"))
    assert tab.page.locator(".wb-still").count() == 1 and not tab.page.locator(".wb-still").is_visible()
    tab.until(lambda: "data:image/jpeg" in str(tab.save()))
    unmasked = canary.pictures("seen.ipynb", (lab.folder / "seen.ipynb").read_bytes())
    assert any(canary.shows(picture) for _, picture in unmasked), "the judge sees what is not masked yet"
    frame.get_by_role("button", name="Draw mask").click()
    stage.scroll_into_view_if_needed()
    box = frame.locator(".wb-frame-image").bounding_box()
    for n, (x, y) in enumerate(canary.MASK, 1):
        tab.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.until(lambda n=n: tab.kernel("len(s.look.drawing)") == str(n))
    tab.page.keyboard.press("Enter")
    tab.until(lambda: tab.kernel("len(s.look.masks)") == "1")
    for line in [*UNTIL.splitlines(), *REST.splitlines()]:
        reply = tab.client.execute(line, reply=True, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
    tab.until(lambda: "data:image/jpeg" in str(tab.save()))
    saved = str(tab.save())
    assert "Masks: hall at 2026-03-01T10:00:00.2" in saved and "A caption" in saved and "4 corners" in saved
    assert tab.console == [] and tab.foreign == []
    tab.page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    tab.close()
    later = lab.open(browser, "seen.ipynb", run=False)
    left = later.page.locator(".wb-still")
    later.until(lambda: left.is_visible() and "A caption" in left.inner_text() and left.locator("img").count() == 1)
    later.close()
    html = exported(lab.folder / "seen.ipynb")
    assert "<caption>Snapshots</caption>" in html.read_text() and "A caption" in html.read_text()
    hits, count = looked_at(lab, tmp_path, "seen.ipynb", "seen.html", "case", "out")
    assert hits == [] and count > 50
