"""What Binder would build: the order of its steps, and the same steps in a fresh environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from workbench.archives.public import BANNER

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUN = """
import json, sys, nbclient, nbformat
told = {}
for path in sys.argv[1:]:
    book = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(book, timeout=600, resources={"metadata": {"path": "notebooks"}}).execute()
    outputs = [one for cell in book.cells for one in cell.get("outputs", [])]
    told[path] = "".join(one.text for one in outputs if one.output_type == "stream")
print(json.dumps(told))
"""


def clone(folder: Path) -> Path:
    """The files under version control, as Binder would get them, but for the tests and the secrets planted there."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    target = folder / "clone"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and not name.startswith("tests/") and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def missing(requirements: Path, root: Path) -> list[str]:
    """Files that pip, started in `root`, would not find for a requirements file.

    It looks for ``-c`` and ``-r`` beside the file that names them, for a project (``.[extra]``) where it was started.
    """
    absent = []
    for line in requirements.read_text().splitlines():
        option, _, rest = line.partition(" ")
        if option in ("-c", "-r", "--constraint", "--requirement"):
            absent += [] if (requirements.parent / rest.strip()).is_file() else [line]
        elif line.startswith((".", "-e")):
            place = (rest if option == "-e" else line).strip().partition("[")[0]
            absent += [] if (root / place / "pyproject.toml").is_file() else [line]
    return absent


def test_the_image_has_our_python_and_our_steps(tmp_path: Path) -> None:
    """Without building: Python 3.12, the whole repository copied, then installed from its root, then postBuild run."""
    pytest.importorskip("repo2docker")
    folder = clone(tmp_path)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-2000:]
    steps = (
        r"WORKDIR \$\{REPO_DIR\}",
        r"COPY --chown=\S+ src/ \$\{REPO_DIR\}/",
        r"pip install [^\n]*-r \"?binder/requirements\.txt",
        r"RUN \./binder/postBuild",
    )
    assert "python=3.12" in text and re.search(".*".join(steps), text, re.DOTALL), text[-3000:]


def test_pip_finds_what_the_requirements_name(tmp_path: Path) -> None:
    """Constraints are found from binder/, the project from the root; a path that only looks right is noticed."""
    assert missing(BINDER / "requirements.txt", ROOT) == []
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert "-c ../constraints.txt" in lines and ".[demo]" in lines
    wrong = tmp_path / "binder" / "requirements.txt"
    wrong.parent.mkdir()
    (tmp_path / "constraints.txt").touch()
    wrong.write_text("-c constraints.txt\n.[demo]\n")
    assert missing(wrong, tmp_path) == ["-c constraints.txt", ".[demo]"]


def test_the_python_is_one_that_we_support() -> None:
    """runtime.txt names a version that pyproject.toml promises to run on."""
    found = re.fullmatch(r"python-(3\.\d+)\n?", (BINDER / "runtime.txt").read_text())
    assert found and f"Programming Language :: Python :: {found[1]}" in PROJECT["classifiers"]


def test_the_steps_are_there_and_name_no_address() -> None:
    """postBuild can be run and stops at the first fault; no file names a registry."""
    mode = (BINDER / "postBuild").stat().st_mode
    assert os.name == "nt" or mode & stat.S_IXUSR
    assert "set -euo pipefail" in (BINDER / "postBuild").read_text()
    for path in BINDER.iterdir():
        assert "://" not in path.read_text()


def test_what_binder_needs_goes_into_the_sdist() -> None:
    """A source distribution holds binder/ and docs/, so that the tests of both pass from it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {"/binder", "/docs"} <= set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])


def binders_python() -> str:
    """The Python that runtime.txt names where it is on the path, else ours."""
    name = (BINDER / "runtime.txt").read_text().strip().replace("-", "")
    found = shutil.which(name)
    works = found and subprocess.run([found, "--version"], capture_output=True).returncode == 0
    return found if found and works else sys.executable


@pytest.mark.slow
def test_the_steps_work_in_a_fresh_environment(tmp_path: Path) -> None:
    """A new environment, the requirements, postBuild, then every notebook, with the banner: Binder without Docker."""
    folder, room = clone(tmp_path), tmp_path / "room"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "JUPYTER"))}
    environment |= {"HOME": str(tmp_path), "PATH": f"{room / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([binders_python(), "-m", "venv", room], check=True)

    def run(*command: str | Path, **more: str) -> str:
        """One step in the clone; what it printed."""
        done = subprocess.run([*map(str, command)], cwd=folder, env=environment | more, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    run(room / "bin/pip", "install", "-q", "--no-cache-dir", "-r", "binder/requirements.txt")
    run("./binder/postBuild")
    books = sorted(path.relative_to(folder).as_posix() for path in folder.glob("notebooks/*.ipynb"))
    told = json.loads(run(room / "bin/python", "-c", RUN, *books, BINDER_REPO_URL="x").splitlines()[-1])
    assert [book for book in books if BANNER not in told[book]] == [] and len(books) >= 6
