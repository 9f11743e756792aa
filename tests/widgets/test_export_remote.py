"""Exports through the page against a real server: the plan says what a VMS tells, the result is the Python value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.conftest import RECORDINGS
from workbench import Case
from workbench.archives.remote import RemoteArchive
from workbench.server.serving import Background
from workbench.widgets import ExportView, Session

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the shipped recordings."""
    with Background(RECORDINGS, state=tmp_path_factory.mktemp("server")) as server:
        yield server.url


@pytest.fixture
def session(url: str, tmp_path: Path) -> Iterator[Session]:
    """A case over that server; the entrance, from before a gap to behind it."""
    made = Session(
        RemoteArchive(url, cache=tmp_path / "cache"), Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    )
    camera = next(brief for brief in made.briefs().values() if brief.name.casefold().startswith(("entrance", "main")))
    made.choose(camera.id)
    source = made.source(camera.id)
    gap = made.archive.coverage(camera.id).gaps[0]
    assert source.first is not None
    made.set(begin=gap.begin - 2_000_000, end=gap.end + 1_000_000)
    yield made
    made.close()


@pytest.fixture
def view(session: Session) -> ExportView:
    """What `page` shows."""
    return ExportView(session)


def test_a_plan_of_a_vms_says_what_is_known(page: Any, session: Session) -> None:
    """Fields with their words, recorded stretches without the gap; nothing is called copied or coded anew."""
    page.until(lambda: page.locator(".wb-export-part.wb-export-vms").count() == 2)
    plan = session.plan()
    assert [(part["mode"], part["begin"], part["end"]) for part in session.overlay] == [
        ("vms", plan.range.begin, plan.gaps[0].begin),
        ("vms", plan.gaps[0].end, plan.range.end),
    ]
    words = page.locator(".wb-export-plans").inner_text()
    assert "nobody can tell before the file is here" in words and "pictures copied" not in words
    rows = page.locator(".wb-export-fields tr")
    told = {rows.nth(n).locator("th").inner_text(): rows.nth(n).get_attribute("data-how") for n in range(rows.count())}
    assert told == {f.field: f.how for f in plan.fields if f.how != "exact" or f.note} and "cut" in told


def test_an_export_of_a_vms_ends_in_the_case(page: Any, session: Session) -> None:
    """Run, progress, result: the case holds the export with the flight record, and the page its hash and place."""
    page.until(lambda: session.overlay)
    page.page.get_by_role("button", name="Run export").click()
    page.until(lambda: session.case and session.case.state.exports, 30)
    assert session.case is not None
    record = session.case.state.exports[0]
    result = session.case.result("E1")
    ledger = result["ledger"]
    assert result["remote"]["export"]["id"]
    assert ledger["copied"] + ledger["reencoded"] == result["files"][0]["frames_shown"] > 0
    assert "flight" in [file.kind for file in record.files]
    page.until(lambda: record.files[0].sha256 in page.text())
    assert "Delivered: 2026-03-01" in page.text()
    assert page.locator(".wb-export-folder").inner_text().endswith("E1")


def test_a_storage_can_be_named_and_a_wrong_one_is_refused(page: Any, session: Session) -> None:
    """The control is there for a VMS only; a storage it does not have is told before the run."""
    page.page.get_by_label("Storage of the VMS").fill("attic")
    page.page.get_by_label("Storage of the VMS").press("Enter")
    page.until(lambda: session.state.options.get("archive") == "attic")
    page.until(lambda: "attic" in "".join(page.locator(".wb-export-refused").all_inner_texts()))
    page.page.get_by_label("Storage of the VMS").fill("")
    page.page.get_by_label("Storage of the VMS").press("Enter")
    page.until(lambda: "archive" not in session.state.options and page.locator(".wb-export-vms").count() == 2)
