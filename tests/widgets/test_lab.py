"""The workbench in a real JupyterLab: each thing that a person does ends in the right value in the kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterlab")
from tests.widgets.lab import RECORDINGS, Lab
from workbench import cli_lab
from workbench.cli_request import build_parser
from workbench.server.serving import Background
from workbench.server.users import add

pytestmark = pytest.mark.browser
OPEN = f"""from workbench.widgets import Workbench
bench = Workbench({str(RECORDINGS)!r}, case="CASE", examiner="A. Berg")
s = bench.session
s.choose("entrance")
bench"""

REMOTE = f"""from workbench.server.serving import Background
from workbench.widgets import Workbench
server = Background({str(RECORDINGS)!r}).start()
bench = Workbench(server.url, case="remote", examiner="A. Berg")
s = bench.session
camera = next(brief.id for brief in s.briefs().values() if brief.name == "Entrance hall")
s.choose(camera)
bench"""


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`workbench lab`, once for all of this file; Ctrl-C ends it with 0, and in words."""
    with Lab(tmp_path_factory.mktemp("lab")) as started:
        yield started
        code, told = started.end()
    assert code == 0 and told.rstrip().endswith("stopped") and "KeyboardInterrupt" not in told, told


@contextmanager
def opened(lab: Lab, browser: Any, name: str, cells: list[str] | None = None) -> Iterator[Any]:
    """A notebook in a tab; in the end nothing stands on the console, and no other host was asked."""
    tab = lab.open(browser, name, cells)
    try:
        yield tab
        assert (tab.console, tab.foreign) == ([], [])
    finally:
        tab.close()


def ready(tab: Any, view: str) -> Any:
    """A view of the page, drawn."""
    found = tab.page.locator(f'.wb[data-view="{view}"][data-ready]')
    tab.until(lambda: found.count() == 1)
    return found


@pytest.mark.slow
def test_the_command_opens_the_page(lab: Lab, browser: Any) -> None:
    """The notebook that `workbench lab` made shows all views over its case, and nothing asks about news."""
    with opened(lab, browser, "workbench.ipynb") as tab:
        tab.until(lambda: tab.page.locator(".wb[data-ready]").count() == 6)
        assert tab.kernel("bench.case.state.identity.examiner") == "'A. Berg'"
        assert tab.page.locator(".Toastify__toast").count() == 0


def test_the_whole_way(lab: Lab, browser: Any) -> None:
    """Polygon, nudge, range by drag and typing, export, snapshot, report: each is true in the kernel."""
    with opened(lab, browser, "way.ipynb", [OPEN.replace("CASE", "way")]) as tab:
        walk(tab)


def walk(tab: Any) -> None:
    """The way of `test_the_whole_way`."""
    frame = ready(tab, "Frame and masks")
    stage = frame.locator(".wb-frame-stage")
    tab.until(lambda: stage.get_attribute("data-shown") == tab.kernel("s.state.at"))
    # letters that are the notebook's shortcuts insert and delete no cell
    cells = tab.page.locator(".jp-Cell").count()
    stage.focus()
    for key in ("a", "b", "x", "m", "y"):
        tab.page.keyboard.press(key)
    # Ctrl+S is left to Lab: it saves the notebook although a view has the focus
    tab.until(lambda: tab.page.locator(".jp-mod-dirty").count())
    tab.page.keyboard.press("Control+s")
    tab.until(lambda: not tab.page.locator(".jp-mod-dirty").count())
    # a polygon of seven points, and a corner nudged by keys
    frame.get_by_role("button", name="Draw mask").click()
    picture = frame.locator(".wb-frame-image")
    seven = [(0.2, 0.2), (0.4, 0.15), (0.6, 0.2), (0.7, 0.5), (0.6, 0.8), (0.4, 0.85), (0.2, 0.8)]
    for n, (x, y) in enumerate(seven, 1):
        stage.scroll_into_view_if_needed()
        box = picture.bounding_box()  # anew: the page grows while cameras come
        tab.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.until(lambda n=n: tab.kernel("len(s.look.drawing)") == str(n))
    tab.page.keyboard.press("Enter")
    tab.until(lambda: tab.kernel("[len(m.points) for m in s.look.masks]") == "[7]")
    before = json.loads(tab.kernel("[list(p) for p in s.look.masks[0].points]"))
    assert all(abs(p[0] - x) < 0.01 and abs(p[1] - y) < 0.01 for p, (x, y) in zip(before, seven, strict=True))
    tab.until(
        lambda: tab.page.evaluate("document.activeElement.getAttribute('aria-label') || ''").startswith("Mask 1, c")
    )
    tab.page.keyboard.press("ArrowRight")
    tab.until(lambda: json.loads(tab.kernel("[list(p) for p in s.look.masks[0].points]"))[0][0] > before[0][0])
    # a range by drag, then by typing
    line = ready(tab, "Timeline")
    canvas = line.locator("canvas")
    canvas.scroll_into_view_if_needed()
    at = canvas.bounding_box()
    tab.page.mouse.move(at["x"] + at["width"] * 0.1, at["y"] + 95)
    tab.page.mouse.down()
    tab.page.mouse.move(at["x"] + at["width"] * 0.3, at["y"] + 95, steps=4)
    tab.page.mouse.up()
    tab.until(lambda: tab.kernel("s.state.end is not None") == "True")
    low, high = json.loads(tab.kernel("list(s.state.view)"))
    begin, end = int(tab.kernel("s.state.begin")), int(tab.kernel("s.state.end"))
    assert abs(begin - (low + (high - low) * 0.1)) < (high - low) / at["width"] * 3
    assert abs(end - (low + (high - low) * 0.3)) < (high - low) / at["width"] * 3
    for label, text in (("In", "+1.0"), ("Out", "+2.0")):
        line.get_by_label(label, exact=True).fill(text)
        line.get_by_label(label, exact=True).press("Enter")
    tab.until(lambda: tab.kernel("s.state.end - s.state.begin") == "1000000")
    # an export into the case
    export = ready(tab, "Export")
    tab.until(lambda: "coded anew" in export.inner_text())
    export.get_by_role("button", name="Run export").click()
    tab.until(lambda: tab.kernel("[e.id for e in bench.case.state.exports]") == "['E1']")
    tab.until(lambda: "Delivered:" in export.inner_text())
    assert tab.kernel("bench.case.state.exports[0].files[0].sha256").strip("'") in export.inner_text()
    # a snapshot with its masks, and a report
    evidence = ready(tab, "Snapshots and report")
    evidence.get_by_label("Caption", exact=True).fill("At the door")
    evidence.get_by_role("button", name="Take snapshot").click()
    tab.until(
        lambda: (
            tab.kernel("[(x.caption, x.export, len(x.masks)) for x in bench.case.state.snapshots]")
            == "[('At the door', 'E1', 1)]"
        )
    )
    evidence.get_by_role("button", name="Build report").click()
    tab.until(lambda: tab.kernel("len(bench.case.state.reports)") == "1", 40)
    assert tab.page.locator(".jp-Cell").count() == cells
    assert tab.kernel("bench.errors") == "[]"


def test_cancel_is_heard_while_a_cell_runs(lab: Lab, browser: Any) -> None:
    """Cancel ends an export although the kernel is busy with a cell."""
    cells = [
        OPEN.replace("CASE", "busy"),
        "first = s.source('entrance').first\n"
        "s.set(begin=first, end=s.source('entrance').last, options={'format': 'mp4', 'video_quality': 2})\nimport time",
    ]
    with opened(lab, browser, "busy.ipynb", cells) as tab:
        export = ready(tab, "Export")
        export.get_by_role("button", name="Run export").click()
        tab.until(lambda: tab.kernel("[j.state for j in s.jobs]") == "['running']")
        busy = (
            "t = time.monotonic()",
            "while time.monotonic() - t < 30 and s.jobs['J1'].state == 'running': time.sleep(0.05)",
            "state = s.jobs['J1'].state, time.monotonic() - t",
        )
        tab.client.execute("\n".join(busy))
        tab.page.wait_for_timeout(300)
        export.get_by_role("button", name="Cancel J1").click()
        found = tab.kernel("state", 40)
        assert "'cancelled'" in found and float(found.strip("()").split(",")[1]) < 25, found


@pytest.mark.slow
def test_a_remote_export(lab: Lab, browser: Any) -> None:
    """A range typed on the page is exported by a VMS on loopback; case and page hold what came, with its record."""
    with opened(lab, browser, "remote.ipynb", [REMOTE]) as tab:
        line, export = ready(tab, "Timeline"), ready(tab, "Export")
        first = int(tab.kernel("s.source(camera).first"))
        for label, text in (("In", "+1.0"), ("Out", "+3.0")):
            line.get_by_label(label, exact=True).fill(text)
            line.get_by_label(label, exact=True).press("Enter")
        tab.until(lambda: tab.kernel("(s.state.begin, s.state.end)") == f"({first + 1_000_000}, {first + 3_000_000})")
        run = export.get_by_role("button", name="Run export")
        tab.until(run.is_enabled)
        run.click()
        tab.until(lambda: tab.kernel("[e.id for e in bench.case.state.exports]") == "['E1']", 40)
        assert tab.kernel("bench.case.result('E1')['remote']['export']['id'] != ''") == "True"
        frames = "bench.case.result('E1')['files'][0]['frames_shown']"
        assert tab.kernel(f"{frames} == sum(bench.case.result('E1')['ledger'].values())") == "True"
        assert tab.kernel(frames) == "20"
        digest = tab.kernel("bench.case.state.exports[0].files[0].sha256").strip("'")
        tab.until(lambda: digest in export.inner_text())
        assert tab.kernel("bench.errors") == "[]"
        tab.kernel("(bench.close(), server.stop())")


@pytest.mark.slow
def test_a_password_is_asked_for_and_not_kept(lab: Lab, browser: Any, tmp_path: Path) -> None:
    """The cell that `workbench lab URL` writes asks for the password; the page opens, and no notebook holds it."""
    add(tmp_path / "users.toml", "anna", "geheim", ("view", "export"), ("*",))
    with Background(RECORDINGS, users=tmp_path / "users.toml") as server:
        url = server.url.replace("://", "://anna@")
        lab.write("asked.ipynb", [cli_lab.cell(build_parser().parse_args(["lab", url]))])
        tab = lab.open(browser, "asked.ipynb", run=False)
        tab.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        asked = tab.page.locator("input.jp-Stdin-input[type=password]")
        asked.fill("geheim")
        asked.press("Enter")
        tab.until(lambda: tab.page.locator("tbody tr[data-source]").count() == 6, 40)
        assert (tab.kernel("bench.errors"), tab.console, tab.foreign) == ("[]", [], [])
        tab.save()
        assert "geheim" not in (lab.folder / "asked.ipynb").read_text("utf-8")
        tab.kernel("bench.close()")
        tab.close()
