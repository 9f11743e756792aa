"""What a saved notebook keeps of a page: made anew after each change, masked, by a real kernel."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.widgets import canary
from tests.widgets.conftest import RECORDINGS
from workbench import LocalArchive, Mask
from workbench.widgets import FrameView, Session
from workbench.widgets.stills import Still

nbclient = pytest.importorskip("nbclient")
nbconvert = pytest.importorskip("nbconvert")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parents[2]
KEPT = """from workbench import Mask
from workbench.widgets import Workbench
bench = Workbench({archive!r}, case="case", examiner="A. Berg", keep_still={keep})
s = bench.session
s.choose("hall")
bench"""
DRAWN = f"""first = s.source("hall").first
s.set(begin=first, end=first + 1_000_000, at=first + 200_000)
s.draw(masks=(Mask(points={canary.MASK!r}, reason="<b>canary</b>"),))"""
AGAIN = """s.set(texts={"comment:": "nothing drawn"})
copied = s.python()
scope = {}
exec(copied, scope)
assert scope["wanted"] == list(s.specs()), copied
assert [plan.spec for plan in scope["plans"]] == list(s.specs())
scope["archive"].close()
bench.close()"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Executes cells in a fresh kernel; the notebook with its outputs, saved."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))

    def executed(*cells: str) -> Path:
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        path = tmp_path / "run.ipynb"
        nbformat.write(book, path)
        return path

    return executed


def shown(notebook: Path) -> list[Any]:
    """The pictures in a notebook or an HTML page."""
    return [picture for _, picture in canary.pictures(notebook.name, notebook.read_bytes())]


def test_a_picture_that_was_asked_for_is_masked_by_what_was_drawn_later(run: Any, tmp_path: Path) -> None:
    """A kept still is made anew with the masks: the unmasked one is in the notebook no longer, nor in its HTML.

    The cell of Copy as Python runs in that kernel too, and has the session's own requests.
    """
    archive = str(canary.clip(tmp_path / "footage" / "hall" / "20260301T100000.mp4").parents[1])
    cells = KEPT.format(archive=archive, keep=True), DRAWN, AGAIN
    assert any(map(canary.shows, shown(run(cells[0])))), "without a mask the canary is seen: it was asked for"
    book = run(*cells)
    page, _ = nbconvert.HTMLExporter().from_filename(str(book))
    (tmp_path / "run.html").write_text(page, encoding="utf-8")
    for path in (book, tmp_path / "run.html"):
        assert shown(path) and not any(map(canary.shows, shown(path)))
        text = path.read_text("utf-8")
        assert "4 corners" in text and "&lt;b&gt;canary" in text and "2026-03-01T10:00:00.2" in text


def test_nothing_of_a_frame_is_kept_unasked(run: Any, tmp_path: Path) -> None:
    """Without `keep_still` the saved notebook has outlines and tables of what was chosen last, and no picture."""
    archive = str(canary.clip(tmp_path / "footage" / "hall" / "20260301T100000.mp4").parents[1])
    book = run(KEPT.format(archive=archive, keep=False), DRAWN)
    text = book.read_text("utf-8")
    assert shown(book) == [] and "<polygon" in text and "4 corners" in text
    outputs = nbformat.read(book, as_version=4).cells[0].outputs
    assert [sorted(out.data) for out in outputs] == [
        ["application/vnd.jupyter.widget-view+json", "text/plain"],
        ["text/html", "text/plain"],
    ]


def test_a_sketch_has_no_picture(archive: LocalArchive) -> None:
    """What is published at once after a change, and for hosts that make a bundle only once, has no frame in it."""
    session = Session(LocalArchive(RECORDINGS, archive.cache))
    session.choose("entrance")
    session.draw(masks=(Mask(points=canary.MASK),))
    view = FrameView(session, keep_still=True)
    assert "data:image" in view.still() and "data:image" not in view.sketch()
    assert "data:image" not in view._repr_mimebundle_()[0]["text/html"]
    view.close()
    session.close()


def test_a_picture_goes_although_the_sketch_fails(archive: LocalArchive) -> None:
    """Where no sketch can be made after a change the unmasked picture goes all the same, and the masked one follows."""
    session = Session(archive)
    published: list[str] = []
    pictures = iter(["<img unmasked>", "<img masked>"])

    def publish(data: dict[str, str], *_: Any, **__: Any) -> None:
        published.append(data["text/html"])

    def broken() -> str:
        raise ValueError("no still")

    still = Still(session, sketch=broken, full=lambda: next(pictures))
    events = SimpleNamespace(unregister=lambda *_: None)
    still._shell = SimpleNamespace(display_pub=SimpleNamespace(publish=publish), events=events)
    still._made_anew()
    assert "<img unmasked>" in published[-1]
    session.choose("entrance")
    assert "<img" not in published[-1]
    still.close()
    assert "<img masked>" in published[-1]
    session.close()
