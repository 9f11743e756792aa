"""The `workbench` command as a process, and how to put another in its place.

WORKBENCH_TEST_CLI replaces it, e.g. by ``python -m tests.stand_in_cli careless`` to see a figure fail.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.engines import Wish, mask_json, plus

ROOT = Path(__file__).resolve().parent.parent


def command() -> list[str]:
    """How the command line is started."""
    if named := os.environ.get("WORKBENCH_TEST_CLI"):
        return shlex.split(named)
    if importlib.util.find_spec("workbench.__main__"):
        return [sys.executable, "-m", "workbench"]
    if importlib.util.find_spec("workbench.cli"):
        return [sys.executable, "-m", "workbench.cli"]
    return [shutil.which("workbench", path=str(Path(sys.executable).parent)) or "workbench"]


def export_command(wish: Wish, out: Path, *more: str) -> list[str]:
    """The words of ``workbench export`` for a wish (masks whole-range only)."""
    words = [*command(), "export", str(wish.archive), wish.source, plus(wish.begin), plus(wish.end)]
    for mask in wish.masks:
        words += ["--mask", " ".join(f"{x},{y}" for x, y in mask_json(mask)["points"])]
    return [*words, "--format", wish.form, "--out", str(out), "--json", *more]


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that its children can be found and ended with it."""
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
