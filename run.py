"""Two commands that set themselves up: python3 run.py demo [args…], python3 run.py test [pytest args…].

The first call makes `.venv` beside this file (with uv where it is on the path, else venv and pip) and
installs the versions in constraints.txt; later calls start at once. The stamp is written last, so that an
interrupted set-up is made again. Standard library only; exit code of the step that failed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

VENV = (ROOT := Path(__file__).resolve().parent) / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "ready"


def quietly(what: str, *command: str | Path) -> None:
    """Run one step of the set-up; its output is shown only if it fails, and then ends this program."""
    print(f"run.py: {what}", file=sys.stderr, flush=True)
    done = subprocess.run([*map(str, command)], capture_output=True, cwd=ROOT)
    if done.returncode:
        sys.stdout.buffer.write(done.stdout + done.stderr)
        hint = " (on Debian and Ubuntu: apt-get install python3-venv)" if "making" in what else ""
        sys.exit(f"run.py: {what} failed{hint}")


def set_up(extra: str) -> None:
    """Make `.venv` hold this package and `extra`, unless its stamp says that it does."""
    facts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    state = hashlib.sha256(b"\0".join([*facts, str(ROOT).encode()])).hexdigest()
    stamp = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    if stamp in ([state, f".{extra}"], [state, ".[test]"]):  # [test] holds [demo]
        return
    uv = shutil.which("uv")
    if not stamp:  # absent, left half-made, or its interpreter is gone
        shutil.rmtree(VENV, ignore_errors=True)
        make = (uv, "venv", "-q", "-p", sys.executable) if uv else (sys.executable, "-m", "venv")
        quietly(f"making {VENV}", *make, VENV)
    STAMP.unlink(missing_ok=True)
    pip = (uv, "pip", "install", "-p", PYTHON) if uv else (PYTHON, "-m", "pip", "install", "--no-input")
    quietly("installing (about a minute, once)", *pip, "-q", "-c", "constraints.txt", "-e", f".{extra}")
    STAMP.write_text(f"{state} .{extra}")


def test(arguments: list[str]) -> int:
    """ruff, mypy, pytest, in this order; the first that fails ends the run.

    One process more than cores, at most four: many tests wait for a worker, a server or a page.
    """
    if not shutil.which("ffmpeg"):
        print("run.py: skipped: tests that compare with ffmpeg; none on the path (apt-get install ffmpeg)")
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        print("run.py: skipped: tests in a browser; no Chromium on the path (apt-get install chromium)")
    processes = str(min(4, (os.cpu_count() or 1) + 1))
    for step in (["ruff", "check", "."], ["mypy"], ["pytest", "-n", processes, "--dist", "worksteal", *arguments]):
        print(f"run.py: {' '.join(step)}", flush=True)
        if code := subprocess.call([str(PYTHON), "-m", *step], cwd=ROOT):
            return code
    return 0


def main(arguments: list[str]) -> int:
    """Do what the first argument names."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it, and hand that on
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a hundred processes would compile all modules, each for itself
    if sys.version_info < (3, 11):
        sys.exit(f"run.py: Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    if arguments[:1] == ["test"]:
        set_up("[test]")
        return test(arguments[1:])
    if arguments[:1] == ["demo"]:
        set_up("[demo]")
        return subprocess.call([str(PYTHON), "-m", "workbench", *arguments])
    print(__doc__)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
