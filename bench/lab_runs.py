"""Runs tests/widgets/test_lab.py in a row, each time with a fresh JupyterLab, and prints what became of each run.

    .venv/bin/python bench/lab_runs.py            # ten runs; -n 3 for three

Exit code 0 where all runs were green; of one that was not, the end of what pytest said.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES = 60
"""Lines that are shown of a run that failed."""


def main() -> int:
    """Run, tell, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("-n", type=int, default=10, help="how many runs (default 10)")
    runs: int = parser.parse_args().n
    green = sum(_green(number) for number in range(1, runs + 1))
    print(f"{green} of {runs} runs green")
    return 0 if green == runs else 1


def _green(number: int) -> bool:
    """One run; True where tests ran and none failed or was skipped."""
    began = time.monotonic()
    words = ["-q", "-p", "no:cacheprovider", "-m", "slow or not slow", "tests/widgets/test_lab.py"]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    told = done.stdout.strip().splitlines() or ["pytest said nothing"]
    good = done.returncode == 0 and "passed" in told[-1] and "skipped" not in told[-1]
    print(f"run {number:2}: {'green' if good else 'RED'} in {time.monotonic() - began:.0f} s: {told[-1]}", flush=True)
    if not good:
        print("\n".join(told[-LINES:]), flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main())
