"""What stands beside the picture, how it looks in Lab's dark theme, and which keys a view leaves to Lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.widgets.frame.conftest import button, seen
from workbench import Case
from workbench.core.mask import Mask
from workbench.core.timebase import instant, iso
from workbench.widgets import FrameView, Session
from workbench.widgets.frame_pictures import Pictures

pytestmark = pytest.mark.browser
BOX = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
DARK = {
    "--jp-layout-color1": "#111111",
    "--jp-layout-color2": "#212121",
    "--jp-ui-font-color0": "#ffffff",
    "--jp-ui-font-color1": "rgba(255, 255, 255, 0.87)",
    "--jp-border-color1": "#616161",
}
CONTRAST = """(selector) => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, n) => s + v * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length && (c.length < 4 || c[3] > 0.99)) return c; } return [255, 255, 255]; };
  return [...document.querySelectorAll(selector)].filter(e => e.checkVisibility() && e.textContent.trim()).map(e => {
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((m, n) => n - m);
    return [(a + 0.05) / (b + 0.05), e.textContent.trim().slice(0, 40)]; });
}"""


def facts(page: Any) -> dict[str, str]:
    """The panel beside the picture."""
    names, values = (page.locator(f".wb-frame-facts {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def test_pts_and_three_times(browser: Any, session: Session, tmp_path: Path) -> None:
    """PTS with its time base, the recorder's clock, the corrected time with its ±, and the time line, each by name."""
    from workbench import LocalArchive

    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    archive = LocalArchive(session.archive.folder, session.archive.cache)  # type: ignore[attr-defined]
    case.add_source(archive, "corridor")
    own = Session(archive, case)
    own.choose("corridor")
    view = FrameView(own)
    page = browser.show(view)
    seen(page, own)
    frame = archive.frame("corridor", instant(own.state.at or 0))
    assert facts(page)["PTS"] == f"{frame.pts} × {frame.time_base} s"
    device = (own.state.at or 0) + 2_500_000
    assert facts(page)["Recorder's clock"] == iso(device)[:-1].replace("T", " ") + " UTC"
    assert facts(page)["Corrected"] == "clock not checked"
    assert page.locator(".wb-frame-facts dd[data-unchecked]").count() == 1
    assert facts(page)["On the time line (UTC)"] == iso(own.state.at or 0)
    true = {"device": instant(device), "reference": instant(device - 2_400_000)}
    case.clock_check("corridor", **true, what="talking clock", uncertainty=0.2)
    button(page, "1:1").click()
    own.set(at=archive.step("corridor", own.state.at or 0, 1, "frame"))
    seen(page, own)
    assert facts(page)["Corrected"].endswith("± 0.200 s")
    assert facts(page)["Corrected"].startswith(iso((own.state.at or 0) + 100_000)[:-1])
    page.close()
    view.close()
    own.close()


def test_labs_dark_theme_is_readable(page: Any, session: Session) -> None:
    """With Lab's dark variables every word of the view has a contrast of 4.5 or more, whatever the system prefers."""
    page.page.evaluate(
        """(names) => { document.body.dataset.jpThemeLight = 'false';
        for (const [name, value] of Object.entries(names)) document.body.style.setProperty(name, value); }""",
        DARK,
    )
    session.draw(masks=(Mask(points=BOX, reason="x"),))
    button(page, "Mask 1").click()
    button(page, "Split").click()
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
    assert page.locator(".wb").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(17, 17, 17)"
    words = ".wb h2, .wb h3, .wb label, .wb button:not(:disabled), .wb dt, .wb dd, .wb p, .wb summary, .wb span, .wb td"
    found = page.page.evaluate(CONTRAST, words)
    assert len(found) > 30 and [one for one in found if one[0] < 4.5] == []


def test_keys_of_lab_pass_and_letters_stay(page: Any) -> None:
    """Ctrl+S and the like reach the page around; letters, Ctrl+Z and the keys of text fields do not."""
    page.page.evaluate(
        """() => { window.got = []; document.addEventListener('keydown', (e) => {
        if (!e.target.closest('[data-lm-suppress-shortcuts]')) got.push(e.key); e.preventDefault(); }); }"""
    )
    page.locator(".wb-frame-stage").focus()
    for key in ("a", "x", "Control+z", "Shift+Enter", "Control+s", "Escape", "Meta+k", "Alt+w", "Control+ArrowLeft"):
        page.page.keyboard.press(key)
    got = page.page.evaluate("got")
    assert [key for key in got if key not in ("Control", "Meta", "Alt", "Shift")] == ["s", "k", "w"]


def test_a_mistaken_clock_check_takes_no_picture_away(session: Session, tmp_path: Path) -> None:
    """Checks that contradict each other beyond every calendar: the frame is sent, and says why its time is none."""
    from workbench import LocalArchive

    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    archive = LocalArchive(session.archive.folder, session.archive.cache)  # type: ignore[attr-defined]
    case.add_source(archive, "corridor")
    own = Session(archive, case)
    own.choose("corridor")
    at = own.state.at or 0
    for off, wrong in ((0, 0), (1, 3_600_000_000)):
        device = at - 365 * 86_400_000_000 + off
        times = {"device": instant(device), "reference": instant(device + wrong)}
        case.clock_check("corridor", **times, what="talking clock", uncertainty=0.2)
    sent: list[Any] = []
    Pictures(own, lambda *message: sent.append(message)).send("frame", "corridor", at, 320)
    ((event, told, buffers),) = sent
    assert event == "frame" and buffers[0].startswith(b"\xff\xd8")
    assert told["times"]["corrected"].startswith("clock not checked: ") and "K1, K2" in told["times"]["corrected"]
    own.close()
