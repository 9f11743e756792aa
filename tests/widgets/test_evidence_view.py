"""Snapshots, comments and marks from a real browser end in the case's log, and are those that were seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.conftest import RECORDINGS
from workbench import Case, ExportSpec, LocalArchive, Mask
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError
from workbench.core.timebase import instant
from workbench.evidence import disclosure
from workbench.server.serving import Background
from workbench.widgets import EvidenceView, Session

pytestmark = pytest.mark.browser


def test_snapshots_are_taken_captioned_ordered_and_marked(page: Any, session: Session) -> None:
    """Snapshot, caption, comment, order and marks: each is in the log, and hostile words are shown as words."""
    case, by = session.case, page.page.get_by_role
    assert case is not None
    page.page.get_by_label("Caption", exact=True).fill("The <b>first</b> one")
    by("button", name="Take snapshot").click()
    page.until(lambda: len(case.state.snapshots) == 1)
    session.set(at=session.archive.step("entrance", session.state.at or 0, 1, "second"))
    page.until(lambda: by("button", name="Take snapshot").is_enabled())
    by("button", name="Take snapshot").click()
    page.until(lambda: len(case.state.snapshots) == 2)
    page.until(lambda: page.locator("li img[src]").count() == 2)
    page.page.get_by_label("Comment", exact=True).fill("The bag is on the left.")
    by("button", name="Add comment").click()
    page.until(lambda: [c.text for c in case.state.comments] == ["The bag is on the left."])
    by("button", name="Move S2 up").click()
    page.until(lambda: [s.id for s in case.state.ordered()] == ["S2", "S1"])
    page.find(page.page.get_by_label("Caption of S2")).fill("Later")
    page.page.get_by_label("Caption of S2").press("Enter")
    page.until(lambda: case.state.ordered()[0].caption == "Later")
    page.find(by("button", name="Draw marks on S1")).click()
    box = page.locator(".wb-evidence-canvas").bounding_box()
    page.page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.page.mouse.up()
    by("button", name="Save as a marked copy").click()
    page.until(lambda: len(case.state.annotations) == 1)
    assert page.locator("li b").count() == 0


def test_a_snapshot_is_of_the_frame_that_was_seen(page: Any, session: Session) -> None:
    """Somebody steps on before the kernel hears of the click: the frame of the click is taken."""
    assert session.case is not None
    seen = session.state.at
    page.until(lambda: page.page.get_by_role("button", name="Take snapshot").is_enabled())
    page.page.get_by_role("button", name="Take snapshot").click()
    session.choose("corridor", "entrance")
    session.show("corridor")
    session.set(at=(session.state.at or 0) + 5_000_000)
    page.until(lambda: session.case and session.case.state.snapshots)
    shot = session.case.state.snapshots[0]
    assert (shot.source, shot.instant_us) == ("entrance", seen)
    step = session.state.steps[-1]
    assert (step["source"], step["at"]) == ("entrance", seen)


def test_masks_do_not_vanish_silently(page: Any, session: Session) -> None:
    """Where masks are drawn, a snapshot of no export needs a reason."""
    session.draw(masks=(Mask(points=((0, 0), (1, 0), (1, 1))),))
    page.page.get_by_role("button", name="Take snapshot").click()
    page.until(lambda: "masks are drawn" in page.locator("[data-field=export] .wb-wrong").inner_text())
    assert session.case and not session.case.state.snapshots


def test_what_an_export_masks_is_not_shown_without_a_word(view: EvidenceView, session: Session) -> None:
    """No export chosen, no mask drawn, but an export masks that instant: refused, or taken and its reason on record."""
    case, at = session.case, session.state.at
    assert case is not None and at is not None
    mask = Mask(points=((0, 0), (0.5, 0), (0.5, 0.5)))
    case.export(
        ExportSpec(source="entrance", begin=instant(at), end=instant(at), format="jpg", masks=(mask,)),
        view.session.archive,
    )
    with pytest.raises(RequestError, match="E1 hides a part of this picture"):
        view.on_snapshot("", "")
    assert not case.state.snapshots
    view.on_snapshot("", "", unmasked="the court asked for it")
    shot = case.state.snapshots[0]
    assert (shot.export, shot.unmasked, shot.masks) == ("E1", "the court asked for it", ())
    assert session.state.steps[-1]["export"] == "E1"
    assert [one for one in disclosure.check(case.folder).failed if one.file == shot.picture.path] == []


def test_words_being_written_are_kept(page: Any, session: Session) -> None:
    """What stands in a field is in the case's memory before it is sent."""
    page.page.get_by_label("Comment", exact=True).fill("Half a thou")
    page.until(lambda: session.state.texts.get("comment:") == "Half a thou")
    assert session.case is not None
    memory = session.case.folder / "session.json"
    page.until(lambda: json.loads(memory.read_text())["texts"] == {"comment:": "Half a thou"})


def test_a_draft_belongs_to_what_it_is_about_and_goes_when_it_is_sent(page: Any, session: Session) -> None:
    """Drafts of two subjects stand apart in one field; a comment that was added leaves none behind."""
    case, field, about = session.case, page.page.get_by_label("Comment", exact=True), page.page.get_by_label("About")
    assert case is not None
    page.page.get_by_role("button", name="Take snapshot").click()
    page.until(lambda: about.locator("option[value=S1]").count() == 1)
    field.fill("On the whole")
    about.select_option("S1")
    assert field.input_value() == ""
    field.fill("A red bag")
    page.until(lambda: session.state.texts == {"comment:": "On the whole", "comment:S1": "A red bag"})
    page.page.get_by_role("button", name="Add comment").click()
    page.until(lambda: [(c.on, c.text) for c in case.state.comments] == [("S1", "A red bag")])
    page.until(lambda: session.state.texts == {"comment:": "On the whole"})
    about.select_option("")
    page.until(lambda: field.input_value() == "On the whole")
    field.fill("On the whole, quick")
    page.page.get_by_role("button", name="Add comment").click()
    page.until(lambda: len(case.state.comments) == 2)
    page.page.wait_for_timeout(400)  # longer than a draft rests before it is kept
    page.pump()
    assert session.state.texts == {} and field.input_value() == ""


def test_of_a_vms_no_snapshot_is_offered_but_an_acquisition(browser: Any, tmp_path: Path) -> None:
    """The page says why, fetches the chosen stretch, and the folder that it made gives snapshots into the same case."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    with Background(RECORDINGS, state=tmp_path / "server") as server:
        session = Session(RemoteArchive(server.url, cache=tmp_path / "cache"), case)
        camera = next(one for one in session.briefs().values() if one.name == "Entrance hall")
        session.choose(camera.id)
        first = session.source(camera.id).first or 0
        session.set(begin=first, end=first + 1_000_000)
        view = EvidenceView(session, acquired=str(tmp_path / "acquired"))
        shown = browser.show(view)
        assert shown.page.get_by_role("button", name="Take snapshot").is_hidden()
        assert "the recordings of this camera lie on the VMS" in shown.locator(".wb-evidence-remote").inner_text()
        shown.page.get_by_role("button", name="Acquire this stretch").click()
        shown.until(lambda: "opens it" in shown.locator(".wb-evidence-acquired").inner_text())
        assert (shown.console, shown.foreign) == ([], [])
        shown.close()
        session.close()
    made = view.shown["acquired"]
    local = LocalArchive(made["folder"], tmp_path / "cache")
    shot = case.snapshot(local, made["source"], instant(first))
    assert shot.file_sha256 == made["sha256"] and shot.instant_us == first
    local.close()
