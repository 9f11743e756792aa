"""Batches over a real server: what is asked of it at once, what a kill leaves there, and clusters without secrets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from tests.archives.served import BEGIN, archive
from tests.planted import SECRETS
from tests.test_batch import cluster_of_two
from tests.test_batch_together import batch, ended, until, wanted
from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.batch import AT_ONCE, BatchProgress, run_batch
from workbench.batch_run import opener
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, instant
from workbench.server import users
from workbench.server.serving import Background

RECORDINGS = Path(__file__).parents[1] / "notebooks" / "recordings"
SECRET = SECRETS["argument"]


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Two recordings of a hall, and a yard."""
    return archive(tmp_path / "footage")


@pytest.fixture
def guarded(tmp_path: Path, footage: Path) -> Iterator[Background]:
    """A server that lets anna in, by a secret that may be written nowhere."""
    file = tmp_path / "users.toml"
    users.add(file, "anna", SECRET, ("view", "export"), ("*",))
    with Background(footage, auth="basic", users=file, prefix="p", slots=4) as server:
        yield server


def hall(us: int, length: int = 300_000, **more: Any) -> ExportSpec:
    """A moment of the hall, so many microseconds behind its begin."""
    return ExportSpec(
        source="hall", begin=instant(BEGIN + us), end=instant(BEGIN + us + length), format="mkv", **more
    )  # fmt: skip


@contextmanager
def counted(server: Background) -> Iterator[list[int]]:
    """How many exports the server holds, again and again; the last entry is the most."""
    jobs, found, stop = server.server.service.jobs, [0], threading.Event()

    def count() -> None:
        while not stop.wait(0.002):
            found.append(max(found[-1], jobs.counts()["kept"]))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def export_ids(out: Path, document: dict[str, Any]) -> set[str]:
    """The ids that the server gave the exports of a batch, by the items' own records."""
    records = [file["path"] for item in document["items"] for file in item["files"] if file["kind"] == "record"]
    return {str(json.loads((out / record).read_text())["remote"]["export"]["id"]) for record in records}


def test_a_batch_over_a_vms_gives_what_a_folder_gives(footage: Path, tmp_path: Path) -> None:
    """The same requests end in the same states with the same bytes; run again, all is kept and nobody is asked."""
    wishes = [hall(0), hall(1_000_000), hall(4_000_000), ExportSpec.from_json({**hall(0).to_json(), "source": "no"})]
    local = LocalArchive(footage)
    with ThreadPoolExecutor(1) as threads:
        here = run_batch(wishes, local, tmp_path / "here", executor=threads)
    local.close()
    with Background(footage) as server:
        vms = RemoteArchive(server.url, cache=tmp_path / "cache")
        there = run_batch(wishes, vms, tmp_path / "there")
        assert server.server.service.jobs.counts()["kept"] == 0
    assert [item.state for item in here.items] == ["done", "done", "nothing", "failed"]
    assert [item.state for item in there.items] == ["done", "done", "nothing", "failed"]
    assert [i.files[0]["sha256"] for i in here.items[:2]] == [i.files[0]["sha256"] for i in there.items[:2]]
    again = run_batch(wishes[:2], vms, tmp_path / "there")
    assert [item.state for item in again.items] == ["kept", "kept"]
    vms.close()


def test_two_at_a_time_is_meant_for_the_server(footage: Path, tmp_path: Path) -> None:
    """Without a word, two batches at once in this process never have more than two exports at one server."""
    with Background(footage, slots=4) as server, counted(server) as most:
        vms = [RemoteArchive(server.url, cache=tmp_path / "cache") for _ in range(2)]
        with ThreadPoolExecutor(2) as threads:
            runs = [
                threads.submit(run_batch, [hall(n * 100_000) for n in range(3)], vms[which], tmp_path / str(which))
                for which in range(2)
            ]
            done = [run.result() for run in runs]
    assert [batch.count("done") for batch in done] == [3, 3]
    assert most[-1] == AT_ONCE == 2
    for one in vms:
        one.close()


def test_a_ring_buffer_that_moved_keeps_no_relative_time(footage: Path, tmp_path: Path) -> None:
    """When the server's oldest recording is gone, +0.5 means another moment: not kept; a date is, and stays."""
    relative = ExportSpec(source="hall", begin=Offset(500_000), end=Offset(900_000), format="mkv")
    with Background(footage) as server:
        vms = RemoteArchive(server.url, cache=tmp_path / "cache")
        first = run_batch([relative, hall(0)], vms, tmp_path / "out")
        assert [i.state for i in run_batch([relative, hall(0)], vms, tmp_path / "out").items] == ["kept", "kept"]
        (footage / "hall" / "20260301T100000.mp4").unlink()
        again = run_batch([relative, hall(0)], vms, tmp_path / "out")
        vms.close()
    assert [i.state for i in again.items] == ["failed", "kept"]
    error = again.items[0].error
    assert error is not None and "its begin was 2026-03-01T10:00:00.500000Z" in error["message"]
    assert (tmp_path / "out" / first.items[0].files[0]["path"]).exists()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize(
    "moved", [pytest.param(False, id="taken up"), pytest.param(True, id="deleted", marks=pytest.mark.slow)]
)
def test_exports_of_a_killed_batch_are_taken_up(moved: bool, tmp_path: Path) -> None:
    """After kill -9 the next run fetches what runs at the server; what means something else now it deletes there."""
    footage, out = tmp_path / "footage", tmp_path / "out"
    shutil.copytree(RECORDINGS / "entrance", footage / "entrance")
    file = wanted(tmp_path, 2)
    vms: RemoteArchive | None = None
    with Background(footage, state=tmp_path / "server", slots=1) as server, counted(server) as most:
        vms = RemoteArchive(server.url, cache=tmp_path / "cache")
        process = batch(file, server.url, out)
        until(lambda: len([one for one in vms.pending() if one.answered]) == 2)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        left = {one.id for one in vms.pending()}
        if moved:
            first = min((footage / "entrance").iterdir())
            shutil.copy(first, first.with_name(first.name.replace("2026", "2025")))
        code, document, err = ended(batch(file, server.url, out))
        assert (code, document["counts"]["done"]) == (0, 2), err
        assert (len(left), left & export_ids(out, document)) == (2, set() if moved else left)
        assert (most[-1], vms.pending(), server.server.service.jobs.counts()["kept"]) == (2, (), 0)
        vms.close()


def test_another_process_gives_up_its_exports_too(footage: Path, tmp_path: Path) -> None:
    """Cancelled, a batch whose exports are waited for in another process has them deleted at the server."""
    cancel = threading.Event()
    with Background(RECORDINGS, slots=1) as server, ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        vms, jobs = RemoteArchive(server.url, cache=tmp_path / "cache"), server.server.service.jobs
        with ThreadPoolExecutor(1) as thread:
            run = thread.submit(run_batch, wanted(tmp_path, 4, 10), vms, tmp_path / "out", executor=pool, cancel=cancel)
            until(lambda: jobs.counts()["kept"] == 2)
            cancel.set()
            done = run.result(30)
        assert done.count("cancelled") >= 3
        until(lambda: jobs.counts()["kept"] == 0, 20)
        assert vms.pending() == ()
        vms.close()


def test_a_password_does_not_cross_to_other_processes(guarded: Background, tmp_path: Path) -> None:
    """Given here, it is not there: the item fails and says where a process looks for it; threads share it."""
    vms = RemoteArchive(guarded.url, user="anna", password=SECRET, cache=tmp_path / "cache")
    assert SECRET.encode() not in opener(vms) and b"anna" in opener(vms)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (item,) = run_batch([hall(0)], vms, tmp_path / "out", executor=pool).items
    assert item.state == "failed" and item.error is not None
    assert "WORKBENCH_VMS_PASSWORD" in item.error["advice"]
    with ThreadPoolExecutor(1) as threads:
        assert run_batch([hall(0)], vms, tmp_path / "out", executor=threads).count("done") == 1
    vms.close()


@pytest.mark.filterwarnings("default")  # what Dask says about its own sockets when a worker is killed
def test_a_cluster_works_on_a_vms(
    guarded: Background,
    footage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Two workers know the password by their environment, one is killed: all is done, two at a time, nothing is left
    at the server, and the secret stands in no file and no log."""
    monkeypatch.setenv("WORKBENCH_VMS_PASSWORD", SECRET)
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "dask"))
    wishes = [hall(n * 200_000) for n in range(4)]
    vms = RemoteArchive(guarded.url, user="anna", cache=tmp_path / "cache")
    with cluster_of_two() as client, counted(guarded) as most:
        pids = client.run(os.getpid)

        def kill(progress: BatchProgress) -> None:
            if progress.finished == 1:
                os.kill(min(pids.values()), signal.SIGKILL)

        done = run_batch(wishes, vms, tmp_path / "out", executor=client.get_executor(), on_progress=kill)
    assert [item.state for item in done.items] == ["done"] * 4
    assert (most[-1] <= 2, vms.pending()) == (True, ())
    assert guarded.server.service.jobs.counts()["kept"] == 0
    local = LocalArchive(footage)
    with ThreadPoolExecutor(1) as threads:
        here = run_batch(wishes, local, tmp_path / "here", executor=threads)
    local.close()
    assert [i.files[0]["sha256"] for i in here.items] == [i.files[0]["sha256"] for i in done.items]
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err
    vms.close()
