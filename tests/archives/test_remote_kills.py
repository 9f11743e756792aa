"""A process that is killed while a VMS works for it: nothing half under a name, nothing lost, nothing left there."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from workbench import RemoteArchive
from workbench.server.serving import Background
from workbench.vms.following import Gone

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "notebooks" / "recordings"
FRAMES = 177
"""Of the range below, each of them masked."""
CHILD = """
import sys
from workbench import ExportSpec, Mask, RemoteArchive, parse_time, plan_export, run_export
url, cache, out, derive = sys.argv[1:]
archive = RemoteArchive(url, cache=cache, derive=derive)
spec = ExportSpec(source="entrance", begin=parse_time("2026-03-01T10:00:22.3Z"), end=parse_time("2026-03-01T10:00:40Z"),
                  format="mp4", masks=(Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.5))),))
run_export(plan_export(spec, archive), archive, out)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_killed_export_is_whole_or_can_be_taken_up(
    kills: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """kill -9 at random moments: all files, or a note of what was asked for; that is resumed, and gone there."""
    chance = random.Random(kills)
    caplog.set_level(logging.INFO, "workbench.server")
    with Background(RECORDINGS, state=tmp_path / "server") as server:
        whole = run(server.url, tmp_path, "first", "always", 0.0)
        assert begun(caplog)
        for number in range(kills):
            derive = ("never", "always")[number % 2]
            caplog.clear()
            run(server.url, tmp_path, str(number), derive, 0.35 + chance.random() * whole)
            judge(server.url, tmp_path, str(number), derive)
            here = [path for path in (tmp_path / str(number)).glob("*") if not path.name.startswith(".")]
            assert here or not begun(caplog)  # nothing at all only where nothing was begun


def begun(log: pytest.LogCaptureFixture) -> bool:
    """Whether the server began an export; a start that broke off on its way is none."""
    lines = [json.loads(record.getMessage()) for record in log.records if record.name == "workbench.server"]
    return any("/export/archive/" in line.get("path", "") and line["status"] == 202 for line in lines)


def run(url: str, folder: Path, name: str, derive: str, seconds: float) -> float:
    """One export in a process of its own, killed after so many seconds (0: never); how long it took."""
    began = time.monotonic()
    words = [sys.executable, "-c", CHILD, url, str(folder / f"cache-{name}"), str(folder / name), derive]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path}, start_new_session=True) as child:
        try:
            child.wait(seconds or 60)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
    return time.monotonic() - began


def judge(url: str, folder: Path, name: str, derive: str) -> None:
    """Everything is there, or nothing; what is pending can be taken up, unless the server never heard of it."""
    out, most = folder / name, 6 if derive == "always" else 5
    archive = RemoteArchive(url, cache=folder / f"cache-{name}", derive="always" if derive == "always" else "never")
    try:
        named = [path for path in out.glob("*") if not path.name.startswith(".")] if out.exists() else []
        assert len(named) in (0, most)
        for pending in archive.pending():
            with suppress(Gone):
                result = archive.resume(pending.id, out)
                assert (len(result.files), result.ledger.masked) == (most, FRAMES)
        assert archive.pending() == ()
        assert archive.connection.client.sessions() == ()
    finally:
        archive.close()
