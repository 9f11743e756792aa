"""Exports of the server: their life from the request to the last file, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.exports import RECORDINGS, asked, ended, from_start, request
from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.errors import NameTaken, NothingRecorded, RequestError, SourceError, WorkError
from workbench.server.job_runner import outcome
from workbench.server.job_store import Job, JobRequest, Store
from workbench.server.jobs import Jobs, QueueFull

NAME = "WORKBENCH_DeviceIpint.3[20260301T100001.000000-20260301T100003.900000]"
FRIENDLY = "WORKBENCH_3.Entrance hall[20260301T100001.000000-20260301T100003.900000]"


def opened(folder: Path, place: Path = RECORDINGS, **more: object) -> Jobs:
    """Jobs over an archive, their state in `folder`."""
    return Jobs(folder, lambda: LocalArchive(place), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """Jobs over the recordings of the notebooks."""
    found = opened(tmp_path_factory.mktemp("state"))
    yield found
    found.close()


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Jobs]:
    """Jobs that all wait: the one slot is busy with an archive that does not open before the end."""
    opens = threading.Event()

    def late() -> LocalArchive:
        opens.wait()
        raise SourceError("it never opened")

    found = Jobs(tmp_path / "state", late, slots=1, queue=3)
    first = found.start(asked(owner="nobody"))
    while (status := found.status(first)) is not None and status.state == 0:
        time.sleep(0.005)
    yield found
    opens.set()
    found.close()


@pytest.fixture(scope="module")
def long_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose one recording takes many seconds to code anew."""
    place = tmp_path_factory.mktemp("long")
    (place / "hall").mkdir()
    clip = make(Clip(name="long job", frames=400, width=480, height=360))
    (place / "hall" / clip.name).symlink_to(clip)
    return place


def test_a_complete_export_is_named_after_what_it_holds(jobs: Jobs) -> None:
    """Names carry host, device and the times of the first and last frame; time text and record lie beside."""
    (status,) = ended(jobs, jobs.start(asked()))
    assert (status.state, status.progress, status.error, status.complete) == (2, 1.0, "", True)
    assert (status.files, status.friendly) == ((f"{NAME}.mp4",), (f"{FRIENDLY}.mp4",))
    assert status.sidecars == (f"{NAME}.mp4.vtt", f"{NAME}.mp4.json")


def test_size_and_hash_of_each_file_are_those_on_the_disk(jobs: Jobs) -> None:
    """What the server tells of a file is measured on the file it sends."""
    (status,) = ended(jobs, jobs.start(asked(size_limit=300_000, format="mkv", end="20260301T100020")))
    assert len(status.files) > 1
    for name in (*status.files, *status.sidecars):
        file = jobs.file(status.id, name)
        assert file is not None
        data = Path(file.path).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_record_speaks_of_the_files_by_their_names(jobs: Jobs) -> None:
    """Every file that the delivered record names can be fetched under that name, with that hash."""
    (status,) = ended(jobs, jobs.start(asked()))
    record = jobs.file(status.id, status.sidecars[-1])
    assert record is not None
    told = json.loads(Path(record.path).read_text())
    for entry in (*told["files"], *told["sidecars"]):
        file = jobs.file(status.id, entry["path"])
        assert file is not None and file.sha256 == entry["sha256"]


@pytest.mark.parametrize(("form", "mime"), [("jpg", "image/jpeg"), ("pdf", "application/pdf")])
def test_one_frame_has_one_time_in_its_name(jobs: Jobs, form: str, mime: str) -> None:
    """A single-frame export is named after its instant and told as what it is."""
    (status,) = ended(jobs, jobs.start(asked("20260301T100002", "20260301T100002", format=form)))
    file = jobs.file(status.id, f"WORKBENCH_DeviceIpint.3[20260301T100002.000000].{form}")
    assert file is not None and file.mime == mime


def test_nothing_recorded_is_state_6(jobs: Jobs) -> None:
    """A range without footage ends as no data, with the reason."""
    (status,) = ended(jobs, jobs.start(asked("20250301T100001", "20250301T100002")))
    assert (status.state, status.complete, status.files) == (6, False, ()) and "holds no picture" in status.error


def test_an_exe_is_state_3(jobs: Jobs) -> None:
    """What cannot be made here fails after it was taken on, as old clients expect."""
    (status,) = ended(jobs, jobs.start(asked(format="exe")))
    assert status.state == 3 and "not made here" in status.error


def test_a_wanted_name_is_made_harmless(jobs: Jobs) -> None:
    """The name that a client chooses becomes part of a file name, never a path."""
    (status,) = ended(jobs, jobs.start(asked(filename="../../etc/cron.d/x")))
    file = jobs.file(status.id, status.files[0])
    assert file is not None and Path(file.path).parent.name == status.id and "/" not in file.name


@pytest.mark.parametrize("name", ["../jobs.sqlite", "..", "", "/etc/passwd", f"../{NAME}.mp4", "%2e%2e"])
def test_names_are_looked_up(jobs: Jobs, name: str) -> None:
    """A name that is not in the job's list is no file, whatever it points to."""
    (status,) = ended(jobs, jobs.start(asked(format="jpg", end="20260301T100001")))
    assert jobs.file(status.id, name) is None


def test_unknown_ids_are_nothing(jobs: Jobs) -> None:
    """Nothing is told of an id that was never given."""
    unknown = "3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd3"
    assert (jobs.status(unknown), jobs.owner(unknown), jobs.file(unknown, "x")) == (None, None, None)
    assert jobs.delete(unknown) is False


def test_a_deleted_export_leaves_no_byte(jobs: Jobs, tmp_path: Path) -> None:
    """After DELETE the files are gone and the id is unknown; the second time there is nothing to delete."""
    (status,) = ended(jobs, jobs.start(asked()))
    file = jobs.file(status.id, status.files[0])
    assert file is not None and jobs.delete(status.id)
    assert not Path(file.path).parent.exists() and jobs.status(status.id) is None and not jobs.delete(status.id)


def test_deleting_frees_the_disk_under_a_reader(jobs: Jobs) -> None:
    """Even while somebody holds a file of it open, a deleted export takes no space."""
    (status,) = ended(jobs, jobs.start(asked()))
    file = jobs.file(status.id, status.files[0])
    assert file is not None
    with Path(file.path).open("rb") as reader:
        jobs.delete(status.id)
        assert reader.read() == b""


def test_sessions_are_told_to_their_owner(idle: Jobs) -> None:
    """A client finds its exports by its markers; others do not see them."""
    first = idle.start(asked(owner="anna", marker="m1"))
    second = idle.start(asked(owner="anna", marker="m2"))
    idle.start(asked(owner="ben", marker="m3"))
    assert idle.sessions("anna") == ((first, "m1"), (second, "m2")) and idle.owner(first) == "anna"


def test_a_full_queue_takes_no_more(idle: Jobs) -> None:
    """Beyond the queue's length exports are refused with a time to come back, until one goes."""
    ids = [idle.start(asked()) for _ in range(3)]
    with pytest.raises(QueueFull) as caught:
        idle.start(asked())
    assert 1 <= caught.value.retry_after <= 60
    idle.delete(ids[0])
    idle.start(asked())


def test_a_restarted_server_goes_on(tmp_path: Path) -> None:
    """What waited when the server ended is done by the next one; what was complete still is, under the same id."""
    before = opened(tmp_path)
    (done,) = ended(before, before.start(asked()))
    before.close()
    (waiting,) = queued(tmp_path, asked(format="jpg", end="20260301T100001"))
    after = opened(tmp_path)
    try:
        assert ended(after, waiting)[0].state == 2 and after.status(done.id) == done
    finally:
        after.close()


def test_an_interrupted_export_is_made_again(tmp_path: Path, long_place: Path) -> None:
    """Ending the server stops a running export within seconds and leaves it queued, its progress kept."""
    before = opened(tmp_path, long_place)
    id_ = before.start(request(from_start(16, source="hall", video_quality=2)))
    running(before, id_)
    begin = time.monotonic()
    before.close()
    assert time.monotonic() - begin < 3 and not any((tmp_path / "work").iterdir())
    store = Store(tmp_path)
    (left,) = store.load()
    store.close()
    assert (left.id, left.state) == (id_, 0) and 0 < left.progress < 1


def test_a_running_export_is_cancelled_by_delete(tmp_path: Path, long_place: Path) -> None:
    """DELETE ends the work and frees the disk within a second, and the slot goes on with the next."""
    jobs = opened(tmp_path, long_place, slots=1)
    try:
        id_ = jobs.start(request(from_start(16, source="hall", video_quality=2)))
        running(jobs, id_)
        begin = time.monotonic()
        assert jobs.delete(id_) and time.monotonic() - begin < 1.1
        assert not any((tmp_path / "work").iterdir()) and not any((tmp_path / "done").iterdir())
        assert ended(jobs, jobs.start(request(from_start(1, source="hall"))))[0].state == 2
    finally:
        jobs.close()


def test_progress_never_falls(tmp_path: Path, long_place: Path) -> None:
    """Progress rises, and is 1 only when the export is complete."""
    jobs = opened(tmp_path, long_place)
    try:
        id_ = jobs.start(request(from_start(16, source="hall", video_quality=1)))
        seen = []
        while (status := jobs.status(id_)) is not None and not status.terminal:
            seen.append(status.progress)
            time.sleep(0.01)
    finally:
        jobs.close()
    assert seen == sorted(seen) and seen[-1] < 1 and len(set(seen)) > 1


def test_two_servers_do_not_share_a_folder(idle: Jobs, tmp_path: Path) -> None:
    """A state folder belongs to one server at a time."""
    with pytest.raises(WorkError, match="another server"):
        opened(tmp_path / "state")


def test_files_that_vanished_are_told(tmp_path: Path) -> None:
    """A complete export whose files were removed behind the server's back is failed, with the reason."""
    before = opened(tmp_path)
    (done,) = ended(before, before.start(asked()))
    before.close()
    file = tmp_path / "done" / done.id / done.files[0]
    file.write_bytes(file.read_bytes()[:1000])
    after = opened(tmp_path)
    status = after.status(done.id)
    after.close()
    assert status is not None and status.state == 3 and "gone" in status.error and status.files == ()


def test_exports_that_nobody_asks_after_expire(tmp_path: Path) -> None:
    """After the idle time an export and its files are removed."""
    jobs = opened(tmp_path, keep_hours=1.5 / 3600)
    try:
        (done,) = ended(jobs, jobs.start(asked()))
        deadline = time.monotonic() + 10
        while (tmp_path / "done" / done.id).exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert jobs.status(done.id) is None and not (tmp_path / "done" / done.id).exists()
    finally:
        jobs.close()


def test_an_archive_that_cannot_be_opened_fails_the_export(tmp_path: Path) -> None:
    """Where the archive is gone the export fails with the reason, and the server stands."""
    jobs = opened(tmp_path / "state", tmp_path / "gone")
    try:
        (status,) = ended(jobs, jobs.start(asked()))
        assert status.state == 3 and "gone does not exist" in status.error and str(tmp_path) not in status.error
    finally:
        jobs.close()


def test_the_one_with_least_running_is_next(tmp_path: Path, long_place: Path) -> None:
    """Somebody who queues many exports does not keep another one waiting behind them."""
    asked_for = (request(from_start(2, source="hall", format="avi"), owner=name) for name in ("anna",) * 3 + ("ben",))
    *many, one = queued(tmp_path, *asked_for)
    jobs = opened(tmp_path, long_place, slots=2)
    try:
        until = time.monotonic() + 30
        while (status := jobs.status(one)) is not None and status.state == 0 and time.monotonic() < until:
            time.sleep(0.005)
        last = jobs.status(many[2])
        assert last is not None and last.state == 0
    finally:
        jobs.close()


def test_a_damaged_list_of_exports_is_an_error(tmp_path: Path) -> None:
    """A database that is none stops the server with advice instead of a traceback."""
    (tmp_path / "jobs.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(WorkError, match="cannot be used"):
        opened(tmp_path)


def test_a_job_is_on_the_disk_before_its_id_is_told(idle: Jobs, tmp_path: Path) -> None:
    """Whoever has an id will find it after any kill: the row is there already."""
    id_ = idle.start(asked())
    base = sqlite3.connect(tmp_path / "state" / "jobs.sqlite")
    found = base.execute("SELECT state FROM jobs WHERE id = ?", (id_,)).fetchall()
    base.close()
    assert found == [(0,)]


def queued(folder: Path, *requests: JobRequest) -> list[str]:
    """The ids of exports that a server took on and left waiting when it ended."""
    store, now = Store(folder), time.time()
    found = [Job(id=f"waits-{n}", number=n, request=one, began=now, active=now) for n, one in enumerate(requests, 100)]
    store.put(*found)
    store.close()
    return [job.id for job in found]


def running(jobs: Jobs, id_: str) -> None:
    """Wait until work on an export shows progress."""
    until = time.monotonic() + 30
    while (status := jobs.status(id_)) is not None and (status.state == 0 or status.progress == 0):
        assert time.monotonic() < until and not status.terminal, status
        time.sleep(0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        {"slots": 0},
        {"slots": -1},
        {"slots": 1.5},
        {"slots": 10**6},
        {"queue": 0},
        {"queue": -3},
        {"keep_hours": 0},
        {"keep_hours": -1},
        {"keep_hours": float("nan")},
        {"keep_hours": float("inf")},
    ],
    ids=str,
)
def test_numbers_that_end_all_work_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    """No slots, no queue, or exports that go at once: a RequestError that names the number, and no state is made."""
    with pytest.raises(RequestError) as caught:
        opened(tmp_path / "state", **wrong)
    assert caught.value.field in wrong and "--" in caught.value.advice and not (tmp_path / "state").exists()


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    """In a state folder that all may read, the exports, their folders and the databases are closed to others."""
    tmp_path.chmod(0o755)
    for name in ("work", "done"):
        (tmp_path / name).mkdir(mode=0o755)
    (tmp_path / "jobs.sqlite").touch(0o644)
    jobs = opened(tmp_path)
    try:
        assert ended(jobs, jobs.start(asked()))[0].state == 2
        assert len(list((tmp_path / "done").rglob("*.*"))) == 3, "there is something to close"
        assert open_to_others(tmp_path) == {}
    finally:
        jobs.close()
    next((tmp_path / "done").rglob("*.mp4")).chmod(0o644)
    opened(tmp_path).close()
    assert open_to_others(tmp_path) == {}, "what an older server left open is closed"


def open_to_others(folder: Path) -> dict[str, str]:
    """What lies below a folder and lets anybody but its owner do anything, with its mode."""
    found = {path.name: path.stat().st_mode for path in folder.rglob("*")}
    return {name: oct(mode) for name, mode in found.items() if stat.S_IMODE(mode) & 0o077}


ENDS = [
    (WorkError("x.mp4 cannot be written: No space left on device", "Free some space."), 4, "No space left"),
    (WorkError("the worker was killed by SIGSEGV"), 3, "SIGSEGV"),
    (NothingRecorded("hall holds no picture"), 6, "no picture"),
    (NameTaken("x.mp4 exists already"), 5, "exists"),
    (ZeroDivisionError("a secret detail"), 3, "ZeroDivisionError"),
]


@pytest.mark.parametrize(("error", "state", "text"), ENDS, ids=[type(e[0]).__name__ for e in ENDS])
def test_each_failure_has_its_state(error: Exception, state: int, text: str) -> None:
    """A full disk, a taken name and missing footage have states of their own; a bug tells its kind and no more."""
    found, said = outcome(error)
    assert found == state and text in said and "secret" not in said
