"""Killing an export at a random moment, and the judge of what it leaves.

Exports are repeatable to the byte, so completeness needs no reading of half files: whatever stands under a
final name after a kill must equal, byte for byte, the file of that name from an undisturbed run. Only names
that end in ``.part`` and whatever lies in hidden files or folders may be anything.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cli import export_command, start
from tests.engines import Wish


@dataclass(frozen=True, slots=True)
class Reference:
    """An undisturbed run."""

    seconds: float
    files: dict[str, str]
    """SHA-256 by name, relative to the output folder."""


def undisturbed(wish: Wish, out: Path, fresh: bool = True) -> Reference:
    """Run the export to its end, in a folder that must be `fresh` or may hold leftovers."""
    out.mkdir(parents=True, exist_ok=not fresh)
    begin = time.monotonic()
    process = start(export_command(wish, out))
    _, errors = process.communicate()
    if process.returncode:
        raise AssertionError(f"the undisturbed export failed: {errors.decode()[-500:]}")
    return Reference(time.monotonic() - begin, finished(out))


def finished(out: Path) -> dict[str, str]:
    """SHA-256 of each file that stands under a final name, by its name."""
    found = {}
    for path in sorted(out.rglob("*")):
        parts = path.relative_to(out).parts
        if path.is_file() and path.suffix != ".part" and not any(p.startswith(".") for p in parts):
            found["/".join(parts)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def strike(wish: Wish, out: Path, rng: random.Random, seconds: float) -> list[str]:
    """Start the export, kill it at a random moment, and wait until nothing of it runs any more.

    Half the kills hit the command alone, whose worker must then end by itself; half hit both.
    """
    out.mkdir(parents=True)
    process = start(export_command(wish, out))
    time.sleep(rng.uniform(0.02, seconds))
    alone = rng.random() < 0.5
    if alone:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    left = _wait_for_group(process.pid, 10)
    return [f"{left} processes live on 10 s after the kill"] if left else []


def _wait_for_group(group: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    while (count := _living(group)) and time.monotonic() < end:
        time.sleep(0.05)
    if count:
        os.killpg(group, signal.SIGKILL)
    return count


def _living(group: int) -> int:
    listing = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in listing.splitlines())
    return sum(int(row[0]) == group and not row[1].startswith("Z") for row in rows)


def judge(out: Path, reference: Reference) -> list[str]:
    """What is wrong with an output folder after a kill."""
    findings = []
    for name, digest in finished(out).items():
        if name not in reference.files:
            findings.append(f"{name} is a final name that no undisturbed run makes")
        elif digest != reference.files[name]:
            findings.append(f"{name} stands under its final name but is not complete")
    return findings
