"""What one command cost: wall time, CPU of it and all its descendants, and peak memory.

`measure` starts the command under a tiny Python that makes itself the reaper of orphans, waits for the
whole tree and adds up what the kernel says. Two figures for memory: the largest single process
(`ru_maxrss`, exact), and the whole tree (proportional set sizes sampled every 20 ms, so that shared pages
count once).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_METER = r"""
import ctypes, json, os, resource, sys, threading, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
peak, over = 0, threading.Event()

def children(pid):
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # a child belongs to the thread that started it
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(p) for p in file.read().split()]
    except OSError:
        pass
    return found + [g for p in found for g in children(p)]

def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0

def watch():
    global peak
    while not over.wait(0.02):
        peak = max(peak, sum(map(pss, children(os.getpid()))))

threading.Thread(target=watch, daemon=True).start()
begin = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
wall = time.monotonic() - begin
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
over.set()
use = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([code, wall, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024, peak / 1024], file)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost."""

    wall: float
    cpu: float
    process_mb: float
    """Largest single process."""
    tree_mb: float
    """All processes together, sampled."""


class Failed(RuntimeError):
    """A measured command did not end with exit code 0."""


def measure(command: Sequence[str], cwd: Path | None = None) -> Cost:
    """Run a command to its end (its orphans too) and say what it cost."""
    with tempfile.NamedTemporaryFile() as told:
        words = [sys.executable, "-I", "-S", "-c", _METER, told.name, *map(str, command)]
        done = subprocess.run(words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        answer = Path(told.name).read_text()
    if not answer or json.loads(answer)[0]:
        raise Failed(f"{' '.join(map(str, command))[:300]}\n{done.stderr[-800:]}")
    return Cost(*json.loads(answer)[1:])
