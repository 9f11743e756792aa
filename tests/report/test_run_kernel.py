"""FINAL and DRAFT from a real kernel: cells in their order, once each, as they are saved; and otherwise."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.evidence.case import Case
from workbench.report.check import check_report
from workbench.report.check_words import check_words

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parents[2]
CELLS = (
    "from workbench import Case, make_report\ncase = Case.create('case', number='1', examiner='A. Berg')",
    "note = case.comment('seen')",
    "made = make_report(case, final=True)",
)
Execute = Callable[..., None]


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Execute]:
    """Runs code cells of story.ipynb, by number, in one kernel that began in the folder of that file."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "story",
        "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    }
    (tmp_path / "jupyter/kernels/story").mkdir(parents=True)
    (tmp_path / "jupyter/kernels/story/kernel.json").write_text(json.dumps(spec))
    for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "WORKBENCH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    nbformat.write(book, tmp_path / "story.ipynb")
    client = nbclient.NotebookClient(book, timeout=60, kernel_name="story", resources={"metadata": {"path": tmp_path}})
    with client.setup_kernel():

        def run(*numbers: int) -> None:
            for number in numbers:
                client.execute_cell(book.cells[number - 1], number - 1)

        yield run


def last(folder: Path) -> Any:
    """The newest report of the case, after the whole of it was verified."""
    case = Case.open(folder / "case")
    record = case.state.reports[-1]
    model = json.loads(case.path(record.model).read_bytes())
    assert not check_report(case.path(record.file), model, case.folder).failed
    assert not [one for one in check_words(case.folder, record, case.entries, model) if one.verdict != "ok"]
    return record, json.dumps(model)


def test_cells_in_order_give_a_final_report_and_a_cell_run_twice_a_draft(tmp_path: Path, execute: Execute) -> None:
    """The first report is FINAL with notebook, cells and environment on record; after a repetition it is a DRAFT."""
    execute(1, 2, 3)
    record, model = last(tmp_path)
    assert (record.final, record.why_draft) == (True, ())
    assert (record.run.kind, record.run.program, len(record.run.cells)) == ("notebook", "story.ipynb", 3)
    assert record.run.file_sha256 in model and record.run.code_sha256 in model and record.run.started
    assert "the notebook story.ipynb" in model and "ipykernel" in record.run.packages
    execute(2, 3)
    record, model = last(tmp_path)
    assert not record.final
    assert record.why_draft[0] == "code cell 2 of story.ipynb ran twice, as [2] and as [4]"
    assert record.why_draft[0] in model


def test_a_notebook_changed_after_it_ran_gives_a_draft(tmp_path: Path, execute: Execute) -> None:
    """What ran and what is saved differ: the report names the execution, and another notebook is not mistaken."""
    nbformat.write(nbformat.v4.new_notebook(cells=[]), tmp_path / "another.ipynb")
    execute(1, 2)
    path = tmp_path / "story.ipynb"
    path.write_text(path.read_text().replace("seen", "never seen"))
    execute(3)
    record, _ = last(tmp_path)
    assert not record.final
    assert record.why_draft[0] == "what ran as [2] is no code cell of story.ipynb as it is saved"


def test_a_cell_left_out_and_a_notebook_nobody_saved_give_drafts(tmp_path: Path, execute: Execute) -> None:
    """A cell skipped before the report is named; without any notebook on the disk nothing is known of the order."""
    execute(1, 3)
    assert last(tmp_path)[0].why_draft == ("code cell 2 of story.ipynb was not run as it is saved",)
    (tmp_path / "story.ipynb").unlink()
    execute(3)
    assert last(tmp_path)[0].why_draft[0].startswith("which notebook these cells belong to is not known")
