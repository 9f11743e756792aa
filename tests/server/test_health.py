"""Whether a server says of itself what is so: its archive, its disk, its rules, its hands."""

from __future__ import annotations

import asyncio
import gc
import shutil
import socket
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.server.conftest import MASKED, RECORDINGS
from tests.server.exports import asked, ended
from tests.server.test_jobs import opened
from workbench.archives.remote import RemoteArchive
from workbench.server import users
from workbench.server.health import PATIENCE, Health, Report
from workbench.server.jobs import Jobs
from workbench.server.policy import Policy
from workbench.server.serving import Background
from workbench.vms.transport import Timeouts

T = TypeVar("T")
WELL = {"archive": "ok", "users": "ok", "free": 2**30, "exports": {"waiting": 0, "running": 0, "kept": 0, "slots": 1}}


def test_footage_that_is_gone_is_told(tmp_path: Path) -> None:
    """When the archive's folder vanishes, health turns from 200 to 503, and back when it is there again."""
    place = tmp_path / "footage"
    shutil.copytree(RECORDINGS / "counter", place / "counter")
    with Background(place) as server, httpx.Client(base_url=server.url) as client:
        server.server.service.health.fresh = 0.0
        assert client.get("/health").status_code == 200
        place.rename(tmp_path / "away")
        answer = client.get("/health")
        assert answer.status_code == 503 and answer.json()["archive"] == "it cannot be read"
        assert str(tmp_path) not in answer.text and "footage" not in answer.text
        (tmp_path / "away").rename(place)
        assert client.get("/health").json()["status"] == "ok"


def test_nobody_waits_for_an_archive_that_is_silent(tmp_path: Path) -> None:
    """A VMS that takes connections and says nothing is asked once, however many want to know, and soon given up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        archive = RemoteArchive(f"http://127.0.0.1:{silent.getsockname()[1]}", timeouts=Timeouts(total=PATIENCE + 2))
        jobs = opened(tmp_path)
        try:
            began = time.monotonic()
            reports = apart(many(Health(archive, tmp_path, jobs, Policy())))
            took = time.monotonic() - began
        finally:
            jobs.close()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        archive.close()
    assert {report.archive for report in reports} == {f"it does not answer within {PATIENCE:g} seconds"}
    assert PATIENCE <= took < PATIENCE + 1.5


def apart(asked: Coroutine[None, None, T]) -> T:
    """The answer from a loop of its own: a browser's fixture may keep one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()


async def many(health: Health) -> list[Report]:
    """What five hear who ask at once."""
    return await asyncio.gather(*(health.look() for _ in range(5)))


def test_a_silent_archive_costs_no_more_with_each_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again and again while an archive hangs, a server holds no more than at the first question."""
    monkeypatch.setattr("workbench.server.health.PATIENCE", 0.005)

    async def grown(health: Health) -> list[int]:
        found = []
        for _ in range(2):
            for _ in range(25):
                await health.look()
            gc.collect()
            found.append(sum(issubclass(type(one), asyncio.Future) for one in gc.get_objects()))
        return found

    with socket.create_server(("127.0.0.1", 0)) as silent:
        archive = RemoteArchive(f"http://127.0.0.1:{silent.getsockname()[1]}", timeouts=Timeouts(total=1.0))
        jobs = opened(tmp_path)
        before, after = apart(grown(Health(archive, tmp_path, jobs, Policy())))
        jobs.close()
        archive.close()
    assert after - before < 5


def test_nobody_waits_for_rules_that_are_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed rules whose cameras an archive does not name hold no question about health, whoever asks it."""
    monkeypatch.setattr("workbench.server.health.PATIENCE", 0.3)
    path, over, asked_once = tmp_path / "users.toml", threading.Event(), threading.Event()
    users.add(path, "anna", "hunter22", ("view",), ("*",))
    path.write_text(path.read_text() + MASKED)

    def known() -> set[str]:
        if asked_once.is_set():
            over.wait(10)
        asked_once.set()
        return {"corridor"}

    with Background(RECORDINGS, auth="basic", users=path) as server, httpx.Client(base_url=server.url) as client:
        server.server.service.policy.watch(known)
        path.write_text(path.read_text() + "# changed\n")
        for auth in (None, ("anna", "hunter22")):
            began = time.monotonic()
            answer = client.get("/health", auth=auth)
            assert time.monotonic() - began < 1.0 and answer.status_code == 503
        over.set()
        assert client.get("/health", auth=("anna", "hunter22")).json()["users"] == "ok"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, ""),
        ({"free": 2**20}, "disk: "),
        ({"free": None}, "disk: "),
        ({"users": "its file cannot be used"}, "users: "),
        ({"archive": "it cannot be reached"}, "archive: "),
        ({"exports": {**WELL["exports"], "slots": 0}}, "exports: "),  # type: ignore[dict-item]
        ({"exports": {}}, "exports: it does not answer"),
    ],
    ids=str,
)
def test_each_ailment_is_one(change: dict[str, object], wrong: str) -> None:
    """A full disk, rules that cannot be read, an archive that is away, no slot left: each makes a server unusable."""
    report = Report(**{**WELL, **change})  # type: ignore[arg-type]
    assert len(report.wrong) == bool(wrong) and all(said.startswith(wrong) for said in report.wrong)


def test_a_slot_outlives_an_archive_that_cannot_be_opened(tmp_path: Path) -> None:
    """Whatever opening an archive raises, the export fails and the slot is there for the next."""

    def broken() -> RemoteArchive:
        raise ZeroDivisionError

    jobs = Jobs(tmp_path, broken, slots=1)
    try:
        assert [ended(jobs, jobs.start(asked()))[0].state for _ in range(2)] == [3, 3]
        assert jobs.counts()["slots"] == 1
    finally:
        jobs.close()
