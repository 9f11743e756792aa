"""Exports of several pages in one kernel: none is lost, taken for another, or ended with a page that it left."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.archives.served import BEGIN, serving
from tests.archives.served import archive as archive_of
from tests.widgets.conftest import RECORDINGS
from workbench import Case, LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.widgets import Session
from workbench.widgets.jobs import Job

Opened = Callable[..., Session]


@pytest.fixture
def opened(archive: LocalArchive, tmp_path: Path) -> Iterator[Opened]:
    """Opens sessions of one case, with a moment of a camera; all are closed at the end."""
    Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    made: list[Session] = []

    def one(of: LocalArchive = archive, camera: str = "entrance") -> Session:
        session = Session(of, Case.open(tmp_path / "case"))
        made.append(session)
        if session.state.begin is None:
            session.choose(camera)
            first = session.source(camera).first or 0
            session.set(begin=first, end=first + 400_000)
        return session

    yield one
    for session in made:
        session.close()


def held(session: Session) -> tuple[Job, threading.Event]:
    """An export of this session that goes on no further until the event is set."""
    go, runs = threading.Event(), threading.Event()

    def wait(job: Job) -> None:
        if job.plan is not None and job.state == "running":
            runs.set()
            go.wait(30)

    session.jobs.on_change.append(wait)
    job = session.export()
    assert runs.wait(30)
    return job, go


def told(session: Session) -> list[tuple[str, str]]:
    """The exports as the session notes them."""
    return [(note["id"], note["state"]) for note in session.state.jobs]


def test_a_page_of_other_footage_takes_no_export_over(opened: Opened, tmp_path: Path) -> None:
    """An export of another archive stays with its page: both have a J1, and each tells the end of its own."""
    one = opened()
    job, go = held(one)
    shutil.copytree(RECORDINGS / "corridor", tmp_path / "copy" / "corridor")
    two = opened(LocalArchive(tmp_path / "copy", tmp_path / "cache"), "corridor")
    assert list(two.jobs) == []
    own = two.export().wait(60)
    go.set()
    assert job.wait(60).state == own.state == "done" and job.record and own.record
    assert (told(two), two.state.jobs[0]["export"]) == ([("J1", "done")], own.record.id)
    assert (told(one), one.state.jobs[0]["export"]) == ([("J1", "done")], job.record.id)


def test_an_export_that_was_taken_over_keeps_its_id(opened: Opened) -> None:
    """One that the memory does not hold is noted by the page that takes it over, and the next one has another id."""
    one = opened()
    job, go = held(one)
    one.set(jobs=())
    two = opened()
    assert told(two) == [("J1", "running")] and two.jobs["J1"] is job
    own = two.export()
    go.set()
    job.wait(60)
    own.wait(60)
    assert told(two) == [("J1", "done"), ("J2", "done")]


def test_exports_of_two_pages_with_one_id_are_both_kept(opened: Opened) -> None:
    """A page that takes what another one saved keeps its own export, and lists the other's under the next id."""
    one, two = opened(), opened()
    theirs = one.export().wait(60)
    ours = two.export().wait(60)
    assert theirs.id == ours.id == "J1" and theirs.record and ours.record
    two.answer("changed", "Take what the other saved")
    assert {note["id"]: note["export"] for note in two.state.jobs} == {"J2": theirs.record.id, "J1": ours.record.id}


def test_an_export_outlives_the_page_that_it_left(opened: Opened) -> None:
    """Closing the older page neither cancels what the newer one took over nor ends its processes."""
    one = opened()
    job, go = held(one)
    two = opened()
    one.close()
    go.set()
    assert job.wait(60).state == "done" and told(two) == [("J1", "done")]


def test_an_export_that_waits_hears_cancel(opened: Opened) -> None:
    """It ends as cancelled while those that it waited for still run."""
    session = opened()
    (first, go), second = held(session), session.export()
    waiting = session.export()
    waiting.cancel()
    assert waiting.wait(5).state == "cancelled"
    assert [first.state, second.state] == ["running", "running"]
    go.set()
    assert first.wait(60).state == second.wait(60).state == "done"


def test_the_archive_of_a_vms_is_closed_when_its_last_export_ended(tmp_path: Path) -> None:
    """The export works with the older page's archive: that stays until it is done, and is let go of then."""
    with serving(archive_of(tmp_path / "recordings"), tmp_path / "state") as url:
        case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
        one = Session(archive := RemoteArchive(url, cache=tmp_path / "cache"), case)
        one.choose(next(name for name, camera in one.briefs().items() if "hall" in camera.name.casefold()))
        one.set(begin=BEGIN, end=BEGIN + 1_000_000, options={"format": "mkv"})
        archive._worker.start()
        job, go = held(one)
        two = Session(RemoteArchive(url, cache=tmp_path / "cache"), Case.open(case.folder))
        one.close()
        assert archive._worker.pid is not None
        go.set()
        assert job.wait(60).state == "done" and told(two) == [("J1", "done")]
        ends = time.monotonic() + 10
        while archive._worker.pid is not None and time.monotonic() < ends:
            time.sleep(0.02)
        assert archive._worker.pid is None
        two.close()
