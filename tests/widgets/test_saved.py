"""What a page shows as saved is saved: words, captions and marks in the making, over a kernel that takes its time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workbench import Case, LocalArchive
from workbench.core.timebase import instant
from workbench.widgets import EvidenceView, HeaderView, Session

pytestmark = pytest.mark.browser


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case with one snapshot."""
    made = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    made.choose("entrance")
    assert made.case is not None
    made.case.snapshot(archive, "entrance", instant(made.state.at or 0), caption="first")
    yield made
    made.close()


def on_disk(session: Session) -> dict[str, str]:
    """The words that the memory holds."""
    assert session.case is not None
    found: dict[str, str] = json.loads((session.case.folder / "session.json").read_text())["texts"]
    return found


def test_saved_is_said_only_of_what_is_on_the_disk(browser: Any, session: Session) -> None:
    """From the first key on all views say that it is being saved, until the kernel has answered; then it is there."""
    page = browser.show(EvidenceView(session)).mount(HeaderView(session))
    foot = page.locator(".wb-saved")
    page.until(lambda: foot.all_inner_texts() == ["saved", "saved"])
    page.page.get_by_label("Comment", exact=True).press_sequentially("Half a thou")
    assert foot.all_inner_texts() == ["saving …", "saving …"] and "comment:" not in on_disk(session)
    page.until(lambda: foot.all_inner_texts() == ["saved", "saved"])
    assert on_disk(session) == {"comment:": "Half a thou"}
    assert (page.console, page.foreign) == ([], [])
    page.close()


def test_captions_and_marks_in_the_making_come_back(browser: Any, session: Session) -> None:
    """A caption that was not filed and marks that belong to no copy yet are there on the next page, and say so."""
    page = browser.show(EvidenceView(session))
    page.until(lambda: page.locator("li img[src]").count() == 1)
    page.page.get_by_role("button", name="Draw marks on S1").click()
    for label, value in (("x1 %", "10"), ("y1 %", "10"), ("x2 %", "60"), ("y2 %", "60")):
        page.page.get_by_label(label).fill(value)
    page.page.get_by_role("button", name="Add mark").click()
    page.until(lambda: "marks:S1" in on_disk(session))
    page.page.get_by_label("Caption of S1").fill("first and more")
    page.until(lambda: on_disk(session).get("caption:S1") == "first and more")
    page.close()
    assert session.case is not None
    again = Session(session.archive, Case.open(session.case.folder))
    page = browser.show(EvidenceView(again))
    page.until(lambda: page.locator("li img[src]").count() == 1)
    assert page.page.get_by_label("Caption of S1").input_value() == "first and more"
    page.page.get_by_role("button", name="Draw marks on S1").click()
    page.until(lambda: page.locator(".wb-evidence-marks li").count() == 1)
    page.page.get_by_role("button", name="Save as a marked copy").click()
    page.until(lambda: len(Case.open(again.case.folder).state.annotations) == 1)  # type: ignore[union-attr]
    page.page.get_by_role("button", name="File the words for S1").click()
    page.until(lambda: Case.open(again.case.folder).state.snapshots[0].caption == "first and more")  # type: ignore[union-attr]
    page.until(lambda: on_disk(again) == {})
    page.close()


def test_words_and_steps_of_several_threads_are_all_kept(session: Session) -> None:
    """Words and steps that come from several threads at once do not overwrite each other."""

    def work(n: int) -> None:
        session.write(**{f"comment:E{n}": "x"})
        session.step("comment", id=f"C{n}", on="", words="x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(24)))
    assert len(session.state.texts) == 24 and len(session.state.steps) == 24
