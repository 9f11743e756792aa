"""Batches as processes: two in one folder, Ctrl-C, kill -9; on a folder and on a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli import ROOT, command
from workbench.archives.remote import RemoteArchive
from workbench.server.serving import Background

RECORDINGS = ROOT / "notebooks" / "recordings"
MASK = '"[{""points"": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]}]"'
pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")


def wanted(folder: Path, count: int, seconds: int = 6) -> Path:
    """A file of masked exports of the entrance, a second or so of work each."""
    rows = [f"entrance,+{n},+{n + seconds},mp4,{MASK}" for n in range(count)]
    file = folder / "wanted.csv"
    file.write_text("source,begin,end,format,masks\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return file


def batch(file: Path, place: str | Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """`workbench batch` as a process group of its own."""
    words = [*command(), "batch", str(file), "--archive", str(place), "--out", str(out), "--json", *more]
    environment = {**os.environ, "WORKBENCH_CACHE": str(out.parent / "cache")}
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    """Exit code, document and what went to stderr."""
    out, err = process.communicate(timeout=90)
    return process.returncode, json.loads(out) if out else {}, err


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def finished(out: Path) -> list[Path]:
    """The items that have their names."""
    return sorted(out.glob("entrance*/item.json"))


def hidden(out: Path) -> list[str]:
    """What is not for people to see."""
    return sorted(path.name for path in out.iterdir() if path.name.startswith("."))


def test_a_second_batch_in_the_folder_is_refused(tmp_path: Path) -> None:
    """It says so at once and touches nothing; the first one ends as if alone, and then the second keeps all."""
    file, out = wanted(tmp_path, 3), tmp_path / "out"
    first = batch(file, RECORDINGS, out, "--at-once", "1")
    until(lambda: out.exists() and list(out.glob(".entrance*.part")))
    code, document, _ = ended(batch(file, RECORDINGS, out))
    assert first.poll() is None
    assert code == 5 and "another batch is working" in document["error"]["message"]
    code, document, _ = ended(first)
    assert (code, document["counts"]["done"]) == (0, 3)
    assert all(item["attempts"] == 1 for item in document["items"])
    code, document, _ = ended(batch(file, RECORDINGS, out))
    assert (code, document["counts"]["kept"], hidden(out)) == (0, 3, [])


def test_ctrl_c_ends_a_batch_with_what_is_finished(tmp_path: Path) -> None:
    """However often it is pressed: exit code 130, a row for each item, nothing half, and the rest can be made then."""
    file, out = wanted(tmp_path, 4), tmp_path / "out"
    process = batch(file, RECORDINGS, out, "--at-once", "1")
    until(lambda: finished(out) and list(out.glob(".entrance*.part")))
    began = time.monotonic()
    for _ in range(3):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    code, document, err = ended(process)
    assert time.monotonic() - began < 30, err
    counts = document["counts"]
    assert (code, document["interrupted"], len(document["items"])) == (130, True, 4), err
    assert counts["done"] >= 1 and counts["cancelled"] >= 1 and counts["done"] + counts["cancelled"] == 4
    assert (len(finished(out)), hidden(out), "Traceback" in err) == (counts["done"], [], False)
    code, document, _ = ended(batch(file, RECORDINGS, out))
    assert (code, document["counts"]["kept"], document["counts"]["done"]) == (0, counts["done"], counts["cancelled"])


def test_a_killed_batch_lets_go_of_its_folder(tmp_path: Path) -> None:
    """After kill -9 the next batch begins at once, and takes away what the dead one left."""
    file, out = wanted(tmp_path, 2), tmp_path / "out"
    process = batch(file, RECORDINGS, out)
    until(lambda: out.exists() and list(out.glob(".entrance*.part")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert [name for name in hidden(out) if name.endswith(".running")]
    code, document, _ = ended(batch(file, RECORDINGS, out))
    assert (code, document["counts"]["done"], hidden(out)) == (0, 2, [])


def test_ctrl_c_deletes_the_exports_at_the_vms(tmp_path: Path) -> None:
    """A batch over a server that is interrupted leaves no export there, and none on the list of open ones."""
    file, out = wanted(tmp_path, 6), tmp_path / "out"
    with Background(RECORDINGS, state=tmp_path / "server", slots=1) as server:
        jobs = server.server.service.jobs
        process = batch(file, server.url, out)
        until(lambda: jobs.counts()["running"] and jobs.counts()["waiting"])
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        code, document, err = ended(process)
        assert time.monotonic() - began < 30, err
        assert (code, document["interrupted"], "Traceback" in err) == (130, True, False), err
        assert document["counts"]["cancelled"] >= 3
        until(lambda: jobs.counts()["kept"] == 0, 20)
        archive = RemoteArchive(server.url, cache=tmp_path / "cache")
        assert archive.pending() == ()
        archive.close()
    assert hidden(out) == []
