"""What became of exports whose kernel is gone, and of those whose notes cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archives.served import BEGIN, serving
from tests.archives.served import archive as archive_of
from workbench import Case, LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import WorkError
from workbench.core.timebase import instant
from workbench.widgets import ExportView, HeaderView, Session
from workbench.widgets.kernels import this_kernel

ROOT = Path(__file__).resolve().parents[2]
DEAD = {"pid": 2**22 + 1, "began": "1"}


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case, the entrance, one second."""
    made = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    made.choose("entrance")
    first = made.source("entrance").first or 0
    made.set(begin=first, end=first + 1_000_000)
    yield made
    made.close()


def died(session: Session, **more: Any) -> dict[str, Any]:
    """Note an export that runs in a kernel that is no more, and what a new session says of it."""
    spec = session.spec().to_json()
    note = {"id": "J1", "spec": spec, "state": "running", "export": "", "words": "", "kernel": DEAD, "entry": 0}
    session.set(jobs=({**note, **more},))
    return opened_again(session)[0]


def opened_again(session: Session) -> list[dict[str, Any]]:
    """The exports as a new session lists them."""
    assert session.case is not None
    made = Session(session.archive, Case.open(session.case.folder))
    made.close()
    return [dict(note) for note in made.state.jobs]


def test_an_export_that_the_case_has_is_done(session: Session) -> None:
    """The kernel died between the log's entry and the note: the export is shown as done, under its id."""
    assert session.case is not None
    session.case.export(session.spec(), session.archive)
    found = died(session)
    assert (found["state"], found["export"]) == ("done", "E1") and "the case has it" in found["words"]


def test_an_export_of_before_is_not_taken_for_it(session: Session) -> None:
    """An export that was there when the job began is another one, and so is one that another job claims."""
    assert session.case is not None
    session.case.export(session.spec(), session.archive)
    found = died(session, entry=len(session.case.entries))
    assert found["state"] == "interrupted" and "no export of it" in found["words"]


def test_what_lies_there_is_named(session: Session) -> None:
    """A folder that the dead kernel left among the exports is named; without one it is said that nothing is left."""
    assert "Nothing of it was left" in died(session)["words"]
    assert session.case is not None
    (session.case.folder / "exports" / "E1" / ".workbench-9-x.part").mkdir(parents=True)
    assert "exports/E1" in died(session)["words"]


def test_an_export_of_another_living_kernel_is_not_called_dead(session: Session) -> None:
    """While the process that runs it lives it is elsewhere; when it has ended it is looked up."""
    code = "import sys, json; from workbench.widgets.kernels import this_kernel as this\n"
    code += "print(json.dumps(this()), flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    assert other.stdout and other.stdin
    kernel = json.loads(other.stdout.readline())
    assert kernel != this_kernel()
    found = died(session, kernel=kernel)
    assert found["state"] == "elsewhere" and str(kernel["pid"]) in found["words"]
    other.communicate()
    assert died(session, kernel=kernel)["state"] == "interrupted"


def test_a_page_that_is_opened_again_goes_on_with_what_runs(session: Session) -> None:
    """An export that runs in this very kernel is taken over by the newer page, with its end and its Cancel."""
    session.set(end=session.source("entrance").last, options={"format": "mp4", "video_quality": 2})
    job = session.export()
    assert session.case is not None
    again = Session(session.archive, Case.open(session.case.folder))
    assert again.state.jobs[0]["state"] in ("waiting", "running") and again.jobs["J1"] is job
    again.jobs["J1"].cancel()
    assert job.wait(30).state == "cancelled"
    assert again.state.jobs[0]["state"] == "cancelled" and again.saved


def test_a_full_disk_does_not_fail_an_export(session: Session) -> None:
    """Where the notes of a job cannot be saved the export is made all the same, ends as done, and the page is told."""
    assert session.case is not None
    memory = session.case.folder / "session.json"
    memory.unlink()
    memory.mkdir()
    header = HeaderView(session)
    job = session.export().wait(60)
    assert job.state == "done" and [export.id for export in Case.open(session.case.folder).state.exports] == ["E1"]
    assert not session.saved and any("could not be saved" in note for note in session.notes)
    assert header.shown["notes"] == session.notes


@pytest.fixture(scope="module")
def vms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server."""
    root = tmp_path_factory.mktemp("vms")
    with serving(archive_of(root / "recordings"), root / "state") as url:
        yield url


STARTED = """
import os, sys, time
from pathlib import Path
from workbench import Case
from workbench.archives.remote import RemoteArchive
from workbench.core.timebase import parse_time
from workbench.widgets import Session
session = Session(RemoteArchive(sys.argv[1], cache=sys.argv[2]), Case.open(sys.argv[3]))
session.choose(session.archive.sources()[0].id)
session.set(begin=int(sys.argv[4]), end=int(sys.argv[4]) + 1_000_000, options={"format": "mkv"})
session.jobs.on_change.append(lambda job: os._exit(9) if session.archive.pending() else None)
session.export().wait(60)
"""


def test_what_a_vms_goes_on_with_is_brought_home(vms: str, tmp_path: Path) -> None:
    """A kernel that died while a VMS worked: its export is told with the id, and “Run again” brings that one home."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    words = [sys.executable, "-c", STARTED, vms, str(tmp_path / "cache"), str(case.folder), str(BEGIN)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == 9
    session = Session(RemoteArchive(vms, cache=tmp_path / "cache"), Case.open(case.folder))
    (note,) = session.state.jobs
    (pending,) = session.archive.pending()  # type: ignore[attr-defined]
    assert note["state"] == "interrupted" and pending.id == note["resume"] and pending.id in note["words"]
    view = ExportView(session, out=str(tmp_path / "out"))
    job = session.jobs[view.on_again("J1")].wait(60)
    assert job.state == "done", job.error
    assert session.case is not None and [export.id for export in session.case.state.exports] == ["E2"]
    assert session.archive.pending() == () and not list((tmp_path / "out").iterdir())  # type: ignore[attr-defined]
    assert session.spec().begin == instant(BEGIN)
    session.close()


@pytest.fixture
def left(vms: str, tmp_path: Path) -> Iterator[Session]:
    """A case over that server, and an export that stays there, since it could not be brought home."""
    archive = RemoteArchive(vms, cache=tmp_path / "cache")
    made = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    made.choose(next(name for name, camera in made.briefs().items() if "hall" in camera.name.casefold()))
    made.set(begin=BEGIN, end=BEGIN + 1_000_000, options={"format": "mkv"})
    assert made.case is not None
    made.case.plan(made.spec(), archive)
    (tmp_path / "no folder").touch()
    with pytest.raises(WorkError):
        archive.run(made.plan(), tmp_path / "no folder" / "out")
    yield made
    made.close()


def pending(session: Session) -> list[str]:
    """Ids of what is still at the VMS."""
    assert isinstance(session.archive, RemoteArchive)
    return [one.id for one in session.archive.pending()]


def test_what_came_home_and_could_not_be_filed_is_named(left: Session, tmp_path: Path) -> None:
    """The error says where the files lie and how they are filed; “Run again” makes the export anew."""
    (at_vms,) = pending(left)
    left.set(jobs=(died(left, resume=at_vms),))
    exports = tmp_path / "case" / "exports"
    if exports.exists():
        exports.rmdir()
    exports.touch()
    view = ExportView(left, out=str(tmp_path / "out"))
    job = left.jobs[view.on_again("J1")].wait(60)
    assert job.state == "failed" and job.error is not None and pending(left) == []
    folder = tmp_path / "out" / f"resumed-{at_vms}"
    assert str(folder) in left.state.jobs[-1]["words"] and "Case.add" in job.error.advice and list(folder.glob("*.mkv"))
    exports.unlink()
    assert left.case is not None and job.result is not None and left.case.add(job.result).id == "E1"
    assert left.jobs[view.on_again(job.id)].wait(60).state == "done"
    view.close()


def test_a_kernel_that_died_while_it_filed_is_told_of_the_folder(left: Session, tmp_path: Path) -> None:
    """What came home lies beside the case and nowhere at the VMS: its folder is named, now and the next time."""
    (at_vms,) = pending(left)
    assert isinstance(left.archive, RemoteArchive)
    left.archive.resume(at_vms, tmp_path / "out" / f"resumed-{at_vms}")
    found = died(left, resume=at_vms)
    assert found["state"] == "interrupted" and f"resumed-{at_vms}" in found["words"]
    assert died(left, **found)["words"] == found["words"]


def test_a_kernel_that_died_when_it_had_filed_is_told_of_the_export(left: Session, tmp_path: Path) -> None:
    """An export that was brought home into the case is found by its id at the VMS, and belongs to one job only."""
    (at_vms,) = pending(left)
    assert isinstance(left.archive, RemoteArchive) and left.case is not None
    left.case.add(left.archive.resume(at_vms, tmp_path / "out"))
    found = died(left, resume=at_vms)
    assert (found["state"], found["export"]) == ("done", "E1")
    left.set(jobs=(found, {**found, "id": "J2", "state": "interrupted", "export": "", "resume": at_vms}))
    again = opened_again(left)
    assert [note["state"] for note in again] == ["done", "interrupted"] and "as E1" in again[1]["words"]
