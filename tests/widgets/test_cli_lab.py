"""`workbench lab` before JupyterLab runs: what it writes, and what it refuses (`test_lab` is started by it)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterlab")
from tests.cli import ROOT
from workbench import cli_lab
from workbench.cli_request import build_parser
from workbench.server.serving import Background
from workbench.server.users import add

RECORDINGS = ROOT / "notebooks/recordings"


def run(*words: str, cwd: Path, begin: str = "") -> subprocess.CompletedProcess[str]:
    """The command as a process that ends by itself, after the Python in `begin`."""
    code = f"import sys\n{begin}\nfrom workbench.cli import main\nsys.exit(main(['lab', *sys.argv[1:]]))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere"], 3, "does not exist"),
        ([str(RECORDINGS), "--case", "new"], 2, "nobody is named who makes it"),
        ([str(RECORDINGS), "--examiner", "A. Berg"], 2, "Add --case FOLDER"),
        (["http://anna:pw@vms.example"], 2, "it holds a password"),
        ([str(RECORDINGS), "--derive", "always"], 2, "it is for the URL of a VMS"),
        ([str(RECORDINGS), "--port", "TAKEN"], 2, "cannot be had"),
        ([str(RECORDINGS), "--port", "70000"], 2, "cannot be had"),
        (["--port", "TAKEN"], 2, "cannot be had"),
    ],
    ids=["no folder", "no examiner", "no case", "a password", "a flag", "a taken port", "no port", "no archive"],
)
def test_what_cannot_be_opened_leaves_no_notebook(words: list[str], code: int, told: str, tmp_path: Path) -> None:
    """A wrong word ends at once, in words, before anything is written or started."""
    with socket.socket() as taken:
        taken.bind((cli_lab.HOST, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run(*(port if word == "TAKEN" else word for word in words), cwd=tmp_path)
    assert done.returncode == code and told in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == [] and "Traceback" not in done.stderr


def test_without_jupyterlab_it_names_the_extra(tmp_path: Path) -> None:
    """Where JupyterLab is not installed the words say what to install."""
    done = run(str(RECORDINGS), cwd=tmp_path, begin="sys.modules['jupyterlab'] = None")
    assert done.returncode == 5 and "needs jupyterlab" in done.stderr and "[notebook]" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_notebook_is_overwritten(tmp_path: Path) -> None:
    """Each call makes one under a name that was free, in the form that nbformat asks for."""
    import nbformat

    for name in ("workbench.ipynb", "workbench-2.ipynb"):
        path = cli_lab.write(tmp_path, f"# {name}")
        assert path.name == name
        nbformat.validate(nbformat.read(path, as_version=4))
    assert "# workbench.ipynb" in (tmp_path / "workbench.ipynb").read_text("utf-8")


def test_the_cell_of_a_vms_holds_no_secret_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cell opens a VMS with the password of the environment, with derive and trust as they were said."""
    users = tmp_path / "users.toml"
    add(users, "anna", "geheim", ("view", "export"), ("*",))
    monkeypatch.setenv("WORKBENCH_VMS_PASSWORD", "geheim")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    with Background(RECORDINGS, users=users) as server:
        url = server.url.replace("://", "://anna@")
        words = ["lab", url, "--derive", "beyond", "--no-tls-check", "--case", str(tmp_path / "c"), "--examiner", "B"]
        source = cli_lab.cell(build_parser().parse_args(words))
        told: dict[str, Any] = {}
        exec(source, told)
        bench = told["bench"]
        assert "Entrance hall" in {brief.name for brief in bench.session.briefs().values()}
        assert bench.session.archive.derive == "beyond" and not bench.session.archive.connection.trust.verify
        bench.close()
    assert "geheim" not in source and "prompt=getpass" in source
