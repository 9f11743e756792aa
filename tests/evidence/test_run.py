"""Which runs may give a FINAL report: the rule, on records made by hand."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.evidence.here import here
from workbench.evidence.nouns import FileRecord, ReportRecord
from workbench.evidence.run import MOST_REASONS, CellRun, RunRecord, cell_runs, code_digest, why_not_final

SAVED = ["import workbench", "case = open()", "note()", "make_report()"]
NAME = "story.ipynb"


def run_of(*executed: str) -> RunRecord:
    """The run of a kernel that executed these texts of the saved notebook."""
    return RunRecord(kind="notebook", program=NAME, cells=cell_runs(executed, SAVED))


@pytest.mark.parametrize(
    ("executed", "why"),
    [
        (SAVED, ()),
        (SAVED[:3], ()),
        ([text + "\n" for text in SAVED], ()),
        ([*SAVED[:2], SAVED[1], *SAVED[2:]], ("code cell 2 of story.ipynb ran twice, as [2] and as [3]",)),
        ([SAVED[0], *SAVED[2:]], ("code cell 2 of story.ipynb was not run as it is saved",)),
        (
            [SAVED[0], SAVED[2], SAVED[1], SAVED[3]],
            ("code cell 2 of story.ipynb ran out of order, as [3] behind cell 3",),
        ),
        (
            [SAVED[0], "case = open('other')", *SAVED[2:]],
            (
                "what ran as [2] is no code cell of story.ipynb as it is saved",
                "code cell 2 of story.ipynb was not run as it is saved",
            ),
        ),
        ([SAVED[0], "", *SAVED[2:]], ("what ran as [2] is not known", "code cell 2 of story.ipynb was not run as it")),
        ([], ("what ran of story.ipynb is not known",)),
    ],
    ids=["in order", "up to a cell", "line ends", "twice", "left out", "out of order", "edited", "cleared", "nothing"],
)
def test_the_order_of_cells_decides(executed: list[str], why: tuple[str, ...]) -> None:
    """Each way in which cells ran otherwise than they are saved is a reason that names the cell."""
    found = why_not_final(run_of(*executed))
    assert len(found) == len(why) and all(map(str.startswith, found, why))


def test_cells_that_read_alike_are_told_apart_by_their_place() -> None:
    """The same text in two cells is no cell run twice."""
    saved = ["a", "show()", "b", "show()"]
    assert [one.cell for one in cell_runs(saved, saved)] == [1, 2, 3, 4]
    assert [one.cell for one in cell_runs(["a", "show()", "b", "show()", "show()"], saved)] == [1, 2, 3, 4, 2]


def test_what_is_not_known_is_a_reason() -> None:
    """A run of another kind, one that was hindered, a count that does not fit its place: no FINAL."""
    assert why_not_final(RunRecord(kind="?", program="")) == ("how it was made is not known",)
    assert why_not_final(RunRecord(kind="program", program="x", hindrance="typed")) == ("typed",)
    shifted = tuple(replace(one, count=one.count + 3) for one in run_of(*SAVED).cells)
    assert why_not_final(replace(run_of(*SAVED), cells=shifted))[0] == "what ran as [1] is not known"
    many = why_not_final(run_of(*["never saved"] * 40))
    assert len(many) == MOST_REASONS + 1 and many[-1] == f"and {40 - MOST_REASONS} more of the kind"


ASKED = "from workbench.evidence.here import here; from workbench.evidence.run import why_not_final; "
ASKED += "print(why_not_final(here()))\n"


@pytest.mark.parametrize(
    ("words", "given", "why"),
    [
        (["asks.py"], "", ""),
        (["-c", ASKED], "", "which program made it is not known"),
        (["-"], ASKED, "which program made it is not known"),
        (["-q", "-i", "empty.py"], ASKED, "it was typed at a prompt"),
    ],
    ids=["a script", "of the command line", "of a pipe", "typed behind a script"],
)
def test_only_a_script_that_can_be_run_again_is_known(words: list[str], given: str, why: str, tmp_path: Path) -> None:
    """Code that no file holds gives no FINAL, nor do lines typed when a script has ended."""
    (tmp_path / "asks.py").write_text(ASKED)
    (tmp_path / "empty.py").write_text("")
    told = subprocess.run([sys.executable, *words], cwd=tmp_path, input=given, capture_output=True, text=True)
    assert (told.stdout.strip() == "()") if not why else (why in told.stdout), told.stderr


def test_the_digest_of_the_code_can_be_made_by_anybody() -> None:
    """It is the SHA-256 of the cells' digests, a line each."""
    lines = "".join(hashlib.sha256(text.encode()).hexdigest() + "\n" for text in SAVED)
    assert code_digest(run_of(*SAVED).cells) == hashlib.sha256(lines.encode()).hexdigest()


def test_a_record_of_a_run_goes_to_json_and_back() -> None:
    """A report's entry holds its run; one without the field is read as before."""
    file = FileRecord(path="reports/R1.pdf", sha256="0" * 64, size=1)
    report = ReportRecord(
        id="R1", version=1, final=False, file=file, model=file, log_length=1, log_head="", run=run_of(*SAVED)
    )
    told = json.loads(json.dumps(report.to_json()))
    assert ReportRecord.from_json(told) == report
    del told["run"], told["why_draft"]
    assert ReportRecord.from_json(told) == replace(report, run=None)
    assert isinstance(report.run and report.run.cells[0], CellRun)


def test_a_script_tells_its_file_and_no_value_of_an_option(tmp_path: Path) -> None:
    """A program's run names script, its digest and option names; paths and secrets of the call are not in it."""
    script = tmp_path / "build.py"
    script.write_text("import json; from workbench.evidence.here import here; print(json.dumps(here().to_json()))\n")
    call = [
        sys.executable,
        str(script),
        str(tmp_path / "case"),
        "--password=hunter2",
        "--final",
        "-k",
        "hunter3",
        "-ph4",
    ]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    run = RunRecord.from_json(json.loads(told))
    assert (run.kind, run.program, run.options) == ("program", "build.py", ("--password", "--final", "-k"))
    assert run.file_sha256 == hashlib.sha256(script.read_bytes()).hexdigest()
    assert "hunter" not in told and "h4" not in told and str(tmp_path) not in told
    assert {"forensic-workbench", "av"} <= run.packages.keys() and "Python 3." in run.system
    assert why_not_final(run) == ()


def test_lines_typed_at_a_prompt_cannot_be_repeated() -> None:
    """Python's own prompt gives a DRAFT."""
    lines = "from workbench.evidence.here import here; from workbench.evidence.run import why_not_final\n"
    call = [sys.executable, "-i", "-q"]
    asked = lines + "print(why_not_final(here()))\n"
    told = subprocess.run(call, input=asked, capture_output=True, text=True, check=True).stdout
    assert "it was typed at a prompt" in told


def test_this_process_is_a_program() -> None:
    """The tests themselves run in one."""
    assert here().kind == "program"
