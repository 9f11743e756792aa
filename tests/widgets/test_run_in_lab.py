"""FINAL and DRAFT in a real JupyterLab, which names the notebook to its kernel."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("jupyterlab")
from tests.widgets.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CELLS = [
    "from pathlib import Path\nfrom workbench import Case, make_report\nfolder = Path('ordered')\n"
    "case = Case.open(folder) if folder.exists() else Case.create(folder, number='1', examiner='A. Berg')",
    "note = case.comment('seen')",
    "made = make_report(case, final=True)",
    "from workbench import LocalArchive\nfrom workbench.widgets import EvidenceView, Session\n"
    "view = EvidenceView(Session(LocalArchive('.'), case))\nview",
]


def test_a_saved_notebook_run_from_its_first_cell_gives_a_final_report(browser: Any, tmp_path: Any) -> None:
    """Run all in a fresh kernel: FINAL, under the notebook's name; by a button, or run again: DRAFT."""
    with Lab(tmp_path) as lab:
        # Another notebook of the same cells lies beside it: the name counts, not the look.
        lab.write("a copy.ipynb", CELLS)
        tab = lab.open(browser, "ordered.ipynb", CELLS)
        assert tab.kernel("(made.final, made.why_draft, made.run.program)") == "(True, (), 'ordered.ipynb')"
        assert tab.kernel("[one.cell for one in made.run.cells]") == "[1, 2, 3]"
        tab.page.get_by_role("button", name="Build report").click()
        tab.until(lambda: tab.kernel("len(case.state.reports)") == "2")
        assert tab.kernel("case.state.reports[1].run.kind") == "'by hand'"
        assert "by a button" in tab.kernel("case.state.reports[1].run.hindrance")
        tab.run_all()
        tab.until(lambda: tab.kernel("len(case.state.reports)") == "3")
        assert tab.kernel("made.final") == "False"
        assert tab.kernel("made.why_draft[0]") == "'code cell 1 of ordered.ipynb ran twice, as [1] and as [5]'"
        tab.close()
