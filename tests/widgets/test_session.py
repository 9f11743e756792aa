"""The session without a notebook: what is kept, what comes back, what is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.widgets.conftest import RECORDINGS
from workbench import Area, Case, LocalArchive, Mask
from workbench.core.errors import RequestError, WorkError
from workbench.widgets import Session, State, Workbench
from workbench.widgets.state import Look

SHAPE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """An empty case."""
    return Case.create(tmp_path / "case", number="1", examiner="A. Berg")


def test_a_session_comes_back_as_it_was(archive: LocalArchive, case: Case) -> None:
    """Everything that counts as saved is there when the case is opened again."""
    session = Session(archive, case)
    session.choose("entrance", "corridor")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 2_000_000, options={"format": "mkv"}, texts={"comment:": "half"})
    session.draw(masks=(Mask(points=SHAPE, reason="x"),), crop=Area(0.1, 0.1, 0.9, 0.9), drawing=((0.5, 0.5),))
    assert session.saved
    again = Session(archive, Case.open(case.folder))
    assert again.state == session.state


def test_a_running_export_of_a_dead_kernel_is_interrupted(archive: LocalArchive, case: Case) -> None:
    """A job that had not ended comes back as interrupted, never as done."""
    session = Session(archive, case)
    session.choose("entrance")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 1_000_000)
    note = {"id": "J1", "spec": session.spec().to_json(), "state": "running", "export": "", "words": ""}
    session.set(jobs=(note,))
    assert Session(archive, Case.open(case.folder)).state.jobs[0]["state"] == "interrupted"


@pytest.mark.parametrize("wrong", ["", "[]", "{", '{"schema": "workbench.session/1", "at": "x"}', "[" * 9999])
def test_a_broken_memory_is_set_aside(archive: LocalArchive, case: Case, wrong: str) -> None:
    """A memory that cannot be read is kept under another name and told."""
    (case.folder / "session.json").write_text(wrong)
    session = Session(archive, case)
    assert session.state == State() and "set aside" in session.notes[0]
    assert len(list(case.folder.glob("session.json.*.unread"))) == 1


def test_a_change_that_cannot_be_saved_is_told(archive: LocalArchive, case: Case) -> None:
    """Where the disk refuses, what is seen is marked as not saved."""
    session = Session(archive, case)
    (case.folder / "session.json").mkdir()
    with pytest.raises(WorkError, match="could not be saved"):
        session.choose("entrance")
    assert not session.saved and session.state.sources == ("entrance",)


def test_undo_takes_drawing_back_and_nothing_else(archive: LocalArchive) -> None:
    """Undo and redo move through the drawing steps of each camera; a new step ends the redo."""
    session = Session(archive)
    session.choose("entrance")
    session.draw(masks=(Mask(points=SHAPE),))
    session.draw(crop=Area(0, 0, 0.5, 0.5))
    assert session.undo() and session.look == Look(masks=(Mask(points=SHAPE),))
    assert session.undo() and session.look == Look() and not session.undo()
    assert session.redo() and session.look.masks
    session.draw(crop=Area(0, 0, 0.6, 0.6))
    assert not session.redo()


def test_impossible_windows_are_refused(archive: LocalArchive) -> None:
    """An out point before the in point, a camera that is not there, an unknown field: an error, and nothing changed."""
    session = Session(archive)
    session.choose("entrance")
    before = session.state
    with pytest.raises(RequestError):
        session.set(begin=10, end=5)
    with pytest.raises(RequestError):
        session.set(at="now")
    with pytest.raises(RequestError):
        session.show("corridor")
    assert session.state == before


def test_a_public_machine_shows_the_demonstration_only(
    archive: LocalArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Binder another folder than the shipped recordings is refused, and the page says that the machine is public."""
    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.0.0.1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hall.mp4").write_bytes(b"evidence")
    with pytest.raises(RequestError, match="demonstration"):
        Session(tmp_path / "mine")
    page = Workbench(archive)
    assert all("public" in view.shown["banner"] for view in page.views)
    page.close()


def test_a_new_case_needs_a_name(archive: LocalArchive, tmp_path: Path) -> None:
    """A case that is not there is made for a named examiner; one that is there is opened."""
    with pytest.raises(RequestError, match="nobody is named"):
        Workbench(archive, tmp_path / "new")
    Workbench(archive, tmp_path / "new", examiner="A. Berg").close()
    again = Workbench(archive, tmp_path / "new")
    assert again.case and again.case.state.identity.number == "new"
    assert "text/html" in again._repr_mimebundle_()[0]
    again.close()


def test_a_page_that_is_made_again_takes_the_place_of_the_older_one(archive: LocalArchive, tmp_path: Path) -> None:
    """Its views, threads and processes are let go of, its export goes on; another archive's page stays."""
    first = Workbench(archive, tmp_path / "case", examiner="A. Berg")
    session = first.session
    session.choose("entrance")
    begin = session.source("entrance").first or 0
    session.set(begin=begin, end=begin + 5_000_000, options={"format": "mp4", "video_quality": 2})
    other = Workbench(RECORDINGS / "corridor", tmp_path / "case")
    job = session.export()
    second = Workbench(archive, tmp_path / "case")
    assert (session.closed, first.comm, first.frame.comm, other.session.closed) == (True, None, None, False)
    assert job.wait(60).state == "done"
    assert [(note["id"], note["state"]) for note in second.session.state.jobs] == [("J1", "done")]
    assert second.session.plan().spec == job.spec
    second.close()
    other.close()


def test_a_page_with_something_unsaved_stays_open(archive: LocalArchive, case: Case) -> None:
    """What the older page shows and could not save is not lost by making a newer one."""
    first = Workbench(archive, case)
    Session(archive, Case.open(case.folder)).choose("corridor")
    with pytest.raises(WorkError, match="another page"):
        first.session.choose("entrance")
    second = Workbench(archive, Case.open(case.folder))
    assert not first.session.closed and first.session.state.sources == ("entrance",)
    first.close()
    second.close()


class Leaving(LocalArchive):
    """A folder that waits, while it is let go of, for whatever may be begun meanwhile."""

    def __init__(self, *where: Path) -> None:
        """Nothing was let go of or begun yet."""
        super().__init__(*where)
        self.left, self.begun = threading.Event(), threading.Event()

    def close(self) -> None:
        """Let go."""
        super().close()
        self.left.set()
        self.begun.wait(0.3)


def test_nothing_is_begun_on_a_page_that_closes(tmp_path: Path) -> None:
    """What waits in a view's thread is dropped before the session lets go of its processes, and starts none anew."""
    page = Workbench(archive := Leaving(RECORDINGS, tmp_path / "cache"))
    page.session.choose("entrance")
    page.frame.later("", lambda: archive.left.wait(10), lane="eye")
    page.frame.later("", archive.begun.set, lane="eye")
    page.close()
    assert archive.left.is_set() and not archive.begun.is_set()
    with pytest.raises(WorkError, match="closed"):
        _ = page.session.eye
