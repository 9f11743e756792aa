"""Every notebook tells its story in few short cells, comes without outputs, and runs from top to bottom."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_CELLS = 15
KERNEL = "workbench-tests"
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel that is this very Python, told to Jupyter for this test only; nothing is installed anywhere."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    }
    folder = tmp_path / "jupyter" / "kernels" / KERNEL
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "WORKBENCH_CACHE", "TMPDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    return KERNEL


def read(path: Path) -> Any:
    """The notebook as nbformat reads it."""
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[str]:
    """The sources of its code cells."""
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def test_there_is_a_quick_start() -> None:
    """The first notebook is the one the README names."""
    assert "01_quickstart" in [path.stem for path in NOTEBOOKS]


@each
def test_it_is_a_short_story(path: Path) -> None:
    """At most 15 cells, none long, and no function is defined on the way."""
    assert len(read(path).cells) <= MOST_CELLS
    for source in code(path):
        assert len(source.splitlines()) <= 20
        nodes = list(ast.walk(ast.parse(source)))
        assert not any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for n in nodes)


@each
def test_it_comes_without_outputs(path: Path) -> None:
    """No picture of anybody and no state of a past run is under version control: nbstripout has nothing to take."""
    assert "widgets" not in read(path).metadata
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


def test_nbstripout_agrees() -> None:
    """The tool that README and docs/hosts.md name calls all of them stripped."""
    pytest.importorskip("nbstripout")
    words = [sys.executable, "-m", "nbstripout", "--keep-id", "--verify", *map(str, NOTEBOOKS)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each
def test_it_runs_from_top_to_bottom(path: Path, kernel: str, tmp_path: Path) -> None:
    """In a copy of the folder it runs without an error and leaves that folder as it was."""
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    before = sorted(folder.rglob("*"))
    book = read(folder / path.name)
    client = nbclient.NotebookClient(
        book, timeout=300, kernel_name=kernel, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    printed = "".join(o.get("text", "") for c in book.cells for o in c.get("outputs", []) if o.output_type == "stream")
    assert "Traceback" not in printed and printed
    assert sorted(folder.rglob("*")) == before
