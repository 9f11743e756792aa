"""A finished export in the browser: played, saved, or said to be none for a browser."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.truth import Clip, make
from workbench import LocalArchive
from workbench.widgets import ExportView, Session, sending

pytestmark = pytest.mark.browser
H265 = Clip(name="fetched", codec="libx265", frames=30, options=(("x265-params", "log-level=none"),))
Opened = Callable[..., tuple[Session, Any]]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """Makes a session with one export done and the page that shows it."""
    kept: list[Any] = []

    def start(clip: Clip, **options: Any) -> tuple[Session, Any]:
        (tmp_path / "footage" / "hall").mkdir(parents=True)
        shutil.copyfile(make(clip), tmp_path / "footage/hall/20260301T100000.mp4")
        session = Session(LocalArchive(tmp_path / "footage", tmp_path / "cache"))
        session.choose("hall")
        first = session.source("hall").first or 0
        session.set(begin=first, end=first + 1_000_000, options={"format": "mp4", **options})
        session.export(out=tmp_path / "out").wait(60)
        shown = browser.show(ExportView(session, out=str(tmp_path / "out")))
        shown.until(lambda: shown.locator("[data-state=done]").count() == 1)
        kept.extend((shown, session))
        return session, shown

    yield start
    for one in kept:
        assert getattr(one, "console", []) == [] and getattr(one, "foreign", []) == []
        one.close()


def test_a_finished_clip_plays(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show fetches the file in pieces, compares its hash, and the pictures run."""
    monkeypatch.setattr(sending, "CHUNK", 4096)
    _, page = opened(Clip(name="played", frames=50, bframes=2))
    page.page.get_by_role("button", name="Show").click()
    page.until(lambda: page.locator("video").count())
    page.until(lambda: page.page.evaluate("document.querySelector('video').currentTime") > 0.2)
    page.until(lambda: "SHA-256 as recorded" in page.locator("[data-state=done]").inner_text())
    assert page.page.evaluate("document.querySelector('video').error") is None


def test_a_second_click_while_a_file_comes_spoils_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Download clicked twice saves the file once; what is no longer shown, and what was saved, is let go of."""
    monkeypatch.setattr(sending, "CHUNK", 4096)
    session, page = opened(Clip(name="played", frames=50, bframes=2))
    page.page.clock.install()
    page.page.evaluate("""() => {
        const held = window.held = new Set(), make = URL.createObjectURL, drop = URL.revokeObjectURL;
        URL.createObjectURL = (blob) => { const url = make.call(URL, blob); held.add(url); return url; };
        URL.revokeObjectURL = (url) => { held.delete(url); drop.call(URL, url); }; }""")
    result = session.jobs["J1"].result
    assert result is not None
    made = result.files[0]
    with page.page.expect_download() as waited:
        page.page.get_by_role("button", name="Download").first.dblclick()
        page.until(lambda: "as recorded" in page.locator(".wb-status").inner_text())
    assert hashlib.sha256(Path(waited.value.path()).read_bytes()).hexdigest() == made.sha256
    assert page.asked.count("fetch") == -(-made.size // 4096)
    for _ in range(2):
        page.locator("video").evaluate_all("videos => videos.forEach((video) => video.remove())")
        page.page.get_by_role("button", name="Show").click()
        page.until(lambda: page.locator("video").count())
    assert page.page.evaluate("held.size") == 2
    page.page.clock.fast_forward(61_000)
    assert page.page.evaluate("[...held]") == [page.locator("video").get_attribute("src")]


def test_what_the_browser_cannot_decode_is_said(opened: Opened) -> None:
    """H.265 where the browser has no decoder: words in place of a black player."""
    _, page = opened(H265)
    if page.page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"hvc1.1.6.L93.B0\"')"):
        pytest.skip("this browser decodes H.265")
    page.page.get_by_role("button", name="Show").click()
    page.until(lambda: page.locator(".wb-export-unplayed").count())
    assert "cannot decode hall" in page.text() and page.locator("video").count() == 0


def test_a_file_is_saved_as_it_is(opened: Opened) -> None:
    """Download gives the very bytes of the record; an mkv has no Show, and it is said why."""
    session, page = opened(Clip(name="played", frames=50, bframes=2), format="mkv")
    result = session.jobs["J1"].result
    assert result is not None and "no player here for mkv" in page.text()
    assert page.page.get_by_role("button", name="Show").count() == 0
    with page.page.expect_download() as waited:
        page.page.get_by_role("button", name="Download").first.click()
        page.until(lambda: "bytes" in page.locator(".wb-status").inner_text())
    made = result.files[0]
    assert waited.value.suggested_filename == Path(made.path).name
    assert hashlib.sha256(Path(waited.value.path()).read_bytes()).hexdigest() == made.sha256


def test_a_file_that_was_changed_is_not_shown(opened: Opened) -> None:
    """Bytes that are not those of the record are told, and nothing plays."""
    session, page = opened(Clip(name="played", frames=50, bframes=2))
    result = session.jobs["J1"].result
    assert result is not None
    path = Path(result.files[0].path)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    page.page.get_by_role("button", name="Show").click()
    page.until(lambda: "is not what its record says" in page.text())
    assert page.locator("video").count() == 0


def test_a_huge_file_is_not_sent(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the cap there is no button, the words name the place, and a question for it is refused."""
    monkeypatch.setattr(sending, "MOST_SENT", 1000)
    session, page = opened(Clip(name="played", frames=50, bframes=2))
    page.until(lambda: "too large for a browser" in page.text())
    name = Path(session.jobs["J1"].result.files[0].path).name  # type: ignore[union-attr]
    assert page.page.get_by_role("button", name=f"Show {name}").count() == 0
    view = ExportView(session)
    told: list[Any] = []
    view.send = lambda content, buffers=None: told.append(content)  # type: ignore[method-assign]
    view._received(None, {"do": "fetch", "id": "1", "with": {"job": "J1", "file": name}}, [])
    page.until(lambda: told)
    assert "too many for a browser" in told[0]["error"]["what"]
    view.close()
