"""Kill a process again and again while it seals.

    python -m tests.evidence.seal_kills CASE OUT folder|zip KILLS SEED

All kills hit the same case and the same folder, one after the other. Each child is forked with everything imported, so
that the moments spread over the sealing itself.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from workbench.evidence.case import Case
from workbench.evidence.package import seal


def main(folder: Path, out: Path, form: str, kills: int, seed: int) -> None:
    """Seal once undisturbed to know how long it takes, then be killed while sealing."""
    random.seed(seed)
    begin = time.monotonic()
    os.waitpid(_start(folder, out, form), 0)
    seconds = time.monotonic() - begin
    for _ in range(kills):
        child = _start(folder, out, form)
        time.sleep(random.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _start(folder: Path, out: Path, form: str) -> int:
    child = os.fork()
    if not child:
        seal(Case.open(folder), out, as_zip=form == "zip")
        os._exit(0)
    return child


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
