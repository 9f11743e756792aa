"""What Binder would build: the order of its steps, and the same steps in a fresh environment."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"


def clone(folder: Path) -> Path:
    """The files under version control, as Binder would get them."""
    target = folder / "clone"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def test_the_image_has_our_python_and_our_steps(tmp_path: Path) -> None:
    """Without building: Python 3.12, the repository copied before it is installed, postBuild run."""
    pytest.importorskip("repo2docker")
    if not (ROOT / ".git").exists():
        pytest.skip("no clone to look at")
    folder = clone(tmp_path)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-2000:]
    assert "python=3.12" in text
    steps = [text.index("COPY --chown"), text.index('binder/requirements.txt"'), text.index("./binder/postBuild")]
    assert re.search(r"pip install[^\n]*binder/requirements.txt", text) and steps[2] > steps[0]
    copied = [m.start() for m in re.finditer(r"COPY --chown=[^\n]* src/ ", text)]
    assert copied and copied[-1] < re.search(r"pip install[^\n]*binder/requirements.txt", text).start()  # type: ignore[union-attr]


def test_the_steps_are_there_and_name_no_address() -> None:
    """postBuild can be run and stops at the first fault; no file names a registry."""
    mode = (BINDER / "postBuild").stat().st_mode
    assert os.name == "nt" or mode & stat.S_IXUSR
    assert "set -euo pipefail" in (BINDER / "postBuild").read_text()
    for path in BINDER.iterdir():
        assert "://" not in path.read_text()


@pytest.mark.slow
def test_the_steps_work_in_a_fresh_environment(tmp_path: Path) -> None:
    """A new environment, the requirements, postBuild, and the first notebook: as on Binder, without Docker."""
    folder, room = clone(tmp_path), tmp_path / "room"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment |= {
        "HOME": str(tmp_path),
        "PATH": f"{room / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "BINDER_REPO_URL": "x",
    }
    subprocess.run([sys.executable, "-m", "venv", room], check=True)
    for command in (
        [room / "bin/pip", "install", "-q", "-r", "binder/requirements.txt"],
        ["./binder/postBuild"],
        [room / "bin/jupyter", "execute", "notebooks/01_quickstart.ipynb"],
        [room / "bin/jupyter", "execute", "notebooks/04_workbench.ipynb"],
    ):
        done = subprocess.run([*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
