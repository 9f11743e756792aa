"""Killing a process that works on a case, and the judge of what it leaves.

    python -m tests.evidence.kills comments CASE 200          write comments, one in seventeen long
    python -m tests.evidence.kills work CASE ARCHIVE CACHE    comments, snapshots and exports, for ever
    python -m tests.evidence.kills create FOLDER              new cases, for ever

Each prints the id of what it did only after the call returned: what was printed must be there after a kill, whenever
it came.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from tests.footage import ROOT
from workbench.archives.local import LocalArchive
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset
from workbench.evidence.case import Case
from workbench.evidence.custody import read

LONG = "x" * 200_000
SPEC = ExportSpec(source="hall", begin=Offset(200_000), end=Offset(1_000_000), format="mp4")


def told(name: str) -> None:
    """Say that something is done."""
    sys.stdout.write(f"{name}\n")
    sys.stdout.flush()


def comments(folder: str, most: str) -> None:
    """Write comments."""
    case = Case.open(folder, who=f"process {os.getpid()}")
    told("ready")
    for number in range(int(most)):
        told(case.comment(LONG if number % 17 == 16 else f"comment {number}").id)


def work(folder: str, archive_folder: str, cache: str) -> None:
    """Do a little of everything."""
    case, archive = Case.open(folder, who=f"process {os.getpid()}"), LocalArchive(archive_folder, cache)
    case.snapshot(archive, "hall", Offset(0))
    told("ready")
    for number in count():
        told(case.comment(LONG if number % 17 == 16 else f"comment {number}").id)
        told(case.snapshot(archive, "hall", Offset(40_000 * (number % 50))).id)
        told(case.export(SPEC, archive).id)


def create(folder: str) -> None:
    """Make new cases."""
    told("ready")
    for number in count():
        Case.create(Path(folder) / str(number), number=str(number), examiner="A")
        told(str(number))


def start(*words: object) -> subprocess.Popen[str]:
    """Start one of the above in a process group of its own, and wait until it is ready."""
    command = [sys.executable, "-m", "tests.evidence.kills", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def strike(process: subprocess.Popen[str], rng: random.Random, seconds: float) -> list[str]:
    """Kill it after a random time, half the times without its worker; what it had done by then."""
    time.sleep(rng.uniform(0, seconds))
    if rng.random() < 0.5:
        process.kill()  # alone: its worker must end by itself
    else:
        os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    return output.split("\n")[:-1]


def judge(folder: Path, done: list[str]) -> list[str]:
    """What is wrong with a case after a kill: it must open, hold, and know all that was done; and it must go on."""
    case = Case.open(folder)
    state = case.state
    ids = {one.id for kind in (state.comments, state.snapshots, state.exports) for one in kind}
    wrong = [f"{name} was done and is not in the log" for name in done if name not in ids]
    wrong += [f"{f.check} {f.file} {f.place}: {f.found}" for f in case.check().failed]
    case.comment("it goes on")
    wrong += [f"{f.place}: {f.found}" for f in read((folder / "custody.jsonl").read_bytes())[1]]
    return wrong


if __name__ == "__main__":
    {"comments": comments, "work": work, "create": create}[sys.argv[1]](*sys.argv[2:])
