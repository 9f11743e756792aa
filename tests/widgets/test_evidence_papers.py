"""Report and package from a real browser: previewed, built, signed, sealed, verified, fetched; by keyboard, too."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.truth import Clip, make
from tests.widgets.conftest import VIEWER
from workbench import Case, Key, LocalArchive, verify
from workbench.widgets import Session, sending

pytestmark = pytest.mark.browser


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A case with a snapshot of a small clip."""
    (tmp_path / "footage/hall").mkdir(parents=True)
    shutil.copyfile(make(Clip(name="papers", frames=10)), tmp_path / "footage/hall/20260301T100000.mp4")
    case = Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg")
    made = Session(LocalArchive(tmp_path / "footage", tmp_path / "cache"), case)
    made.choose("hall")
    yield made
    made.close()


def saved(page: Any, name: str) -> tuple[str, bytes]:
    """Name and bytes of what a Download button gives that is clicked twice."""
    button = page.find(page.page.get_by_role("button", name=name))
    with page.page.expect_download() as waited:
        button.dblclick()
        page.until(lambda: "bytes." in page.locator(".wb-status").inner_text())
    return waited.value.suggested_filename, Path(waited.value.path()).read_bytes()


def test_pages_are_previewed_and_nothing_is_filed(page: Any, session: Session) -> None:
    """The preview is a PDF in the page, or words where the browser shows none; it can be saved and is no report."""
    page.page.get_by_role("button", name="Preview pages").click()
    page.until(lambda: page.locator(".wb-evidence-pdf a").count() == 1)
    if page.page.evaluate("navigator.pdfViewerEnabled"):
        page.until(lambda: any(url.startswith(VIEWER) for url in page.foreign))
        assert page.locator(".wb-evidence-pdf object").bounding_box()["height"] > 300
    else:
        assert page.locator("p.wb-evidence-nopdf").is_visible()
    with page.page.expect_download() as waited:
        page.page.get_by_role("link", name="Download the preview").click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF-")
    assert session.case and not session.case.state.reports
    page.page.get_by_role("button", name="Close preview").click()
    assert page.locator(".wb-evidence-pdf").inner_html() == ""


def test_a_signed_report_made_by_hand_is_a_draft_and_can_be_fetched(
    page: Any, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click that wishes for FINAL gives a DRAFT that says why; the key seals it, and no password stays."""
    case = session.case
    assert case is not None
    Key.make_self_signed("A. Berg").save(tmp_path / "examiner.p12", "secret words")
    page.page.get_by_label("FINAL in Copy as Python").check()
    page.page.get_by_label("Key file").fill(str(tmp_path / "examiner.p12"))
    page.page.get_by_label("Its password").fill("wrong words")
    page.page.get_by_role("button", name="Build report").click()
    page.until(lambda: page.locator(".wb-alert").is_visible())
    assert not case.state.reports and page.page.get_by_label("Its password").input_value() == ""
    page.page.get_by_label("Its password").fill("secret words")
    page.page.get_by_role("button", name="Build report").click()
    assert page.page.get_by_label("Its password").input_value() == ""
    page.until(lambda: case.state.reports, 30)
    record = case.state.reports[0]
    assert not record.final and record.signer_name == "A. Berg" and record.run and record.run.kind == "by hand"
    page.until(lambda: "Copy as Python" in page.locator(".wb-evidence-outcome").inner_text())
    assert record.why_draft[0] in page.locator("table small").nth(1).inner_text()
    monkeypatch.setattr(sending, "CHUNK", 16384)
    name, data = saved(page, "Download report R1")
    assert page.asked.count("fetch") == -(-len(data) // 16384) > 2
    assert (name, hashlib.sha256(data).hexdigest()) == ("R1.pdf", record.file.sha256)
    assert "secret words" not in str(session.state) + str(page.text()) + session.python()


def test_a_folder_is_sealed_verified_made_a_zip_and_fetched(page: Any, session: Session, tmp_path: Path) -> None:
    """Two clicks seal once; what was not checked keeps the verdict from being green; the folder's zip verifies, too."""
    case = session.case
    assert case is not None
    page.page.get_by_label("one zip").uncheck()
    page.page.get_by_role("button", name="Seal the case").dblclick()
    page.until(lambda: case.state.packages, 30)
    assert page.asked.count("seal") == 1
    held = case.state.packages[0]
    assert (tmp_path / "packages" / held.name).is_dir()
    page.find(page.page.get_by_role("button", name="Verify package P1")).click()
    page.until(lambda: page.locator(".wb-evidence-verdict").count(), 60)
    counts = case.state.verified[0].counts
    assert counts["failed"] == 0 and counts["not checked"] > 0
    verdict = page.locator(".wb-evidence-verdict")
    assert verdict.get_attribute("data-verdict") == "not checked"
    assert f"{counts['ok']} ok, 0 failed, {counts['not checked']} not checked" in verdict.inner_text()
    green = page.page.evaluate("getComputedStyle(document.querySelector('.wb')).getPropertyValue('--wb-copied').trim()")
    assert green == "#009e73" and verdict.evaluate("el => getComputedStyle(el).color") != "rgb(0, 158, 115)"
    page.page.get_by_role("button", name="Make a zip of package P1").click()
    name, data = saved(page, "Download package P1")
    assert name == f"{held.name}.zip"
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched" / name).write_bytes(data)
    again = verify(tmp_path / "fetched" / name)
    assert not again.failed and len([one for one in again if one.verdict == "ok"]) > 20


def test_checking_the_case_finds_a_changed_file(page: Any, session: Session) -> None:
    """Check the case: all checks hold, in green; after one byte was changed the file is named, in red."""
    case = session.case
    assert case is not None
    page.page.get_by_role("button", name="Take snapshot").click()
    page.until(lambda: case.state.snapshots)
    page.page.get_by_role("button", name="Check the case").click()
    verdict = page.locator(".wb-evidence-verdict")
    page.until(lambda: verdict.count() and verdict.get_attribute("data-verdict") == "ok")
    assert verdict.evaluate("el => getComputedStyle(el).color") == "rgb(0, 158, 115)"
    picture = case.path(case.state.snapshots[0].picture)
    picture.chmod(0o644)
    picture.write_bytes(picture.read_bytes()[:-1] + b"x")
    page.page.get_by_role("button", name="Check the case").click()
    page.until(lambda: verdict.get_attribute("data-verdict") == "failed")
    assert "S1.png" in page.locator("tr[data-verdict=failed]").inner_text()


class Keys:
    """The keyboard, and nothing else."""

    def __init__(self, page: Any) -> None:
        self.page, self.keys = page, page.page.keyboard

    def to(self, name: str) -> None:
        """Press Tab until the control of that name has the focus."""
        asked = """() => { const el = document.activeElement, label = el.labels && el.labels[0];
            return el.getAttribute('aria-label') || (label || el).textContent.trim(); }"""
        for _ in range(150):
            self.keys.press("Tab")
            if self.page.page.evaluate(asked) == name:
                return
            self.page.pump()
        raise AssertionError(f"Tab never came to {name!r}")

    def press(self, name: str, key: str = "Enter") -> None:
        """Go there and press a key."""
        self.to(name)
        self.keys.press(key)

    def write(self, name: str, words: str) -> None:
        """Go there and type."""
        self.to(name)
        self.keys.press("Control+a")
        self.keys.type(words)


def test_the_way_from_snapshot_to_verified_package_by_keyboard(page: Any, session: Session) -> None:
    """No pointer is needed: snapshots, captions, order, marks by numbers, comment, report, package, verification."""
    case, keys = session.case, Keys(page)
    assert case is not None
    keys.write("Caption", "First")
    keys.press("Take snapshot")
    page.until(lambda: len(case.state.snapshots) == 1)
    page.until(lambda: page.page.get_by_role("button", name="Take snapshot").is_enabled())
    keys.press("Take snapshot")
    page.until(lambda: page.locator("li img[src]").count() == 2)
    keys.press("Move S2 up")
    page.until(lambda: [s.id for s in case.state.ordered()] == ["S2", "S1"])
    page.until(lambda: page.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move S2 down")
    keys.write("Caption of S1", "The first, again")
    keys.keys.press("Enter")
    page.until(lambda: case.state.ordered()[1].caption == "The first, again")
    keys.press("Draw marks on S1")
    for name, value in (("x1 %", "10"), ("y1 %", "10"), ("x2 %", "60"), ("y2 %", "40")):
        keys.write(name, value)
    keys.press("Add mark")
    keys.press("Save as a marked copy")
    page.until(lambda: len(case.state.annotations) == 1)
    keys.write("Comment", "Seen by keyboard.")
    keys.press("Add comment")
    page.until(lambda: [c.text for c in case.state.comments] == ["Seen by keyboard."])
    keys.press("Build report")
    page.until(lambda: case.state.reports, 30)
    keys.press("Seal the case")
    page.until(lambda: case.state.packages, 30)
    keys.press("Verify package P1")
    page.until(lambda: case.state.verified, 60)
    assert case.state.verified[0].counts["failed"] == 0
