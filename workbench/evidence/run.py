"""`RunRecord`: where a report was made and by what, and what keeps that run from giving a FINAL one. Pure.

    run = RunRecord(kind="notebook", program="case.ipynb", cells=(CellRun(count=1, cell=1, sha256=…), …), …)
    why_not_final(run)          # ("code cell 2 of case.ipynb ran twice, as [2] and as [3]",)

A FINAL report comes from a run that anybody can repeat: a program, or a notebook all of whose cells up to the one that
asked for the report ran once, in their order, in a fresh kernel, as they are saved. What cannot be known is a reason
too. The reasons follow from the record alone, so whoever verifies a case finds the same ones.

`here` looks at the process that runs now. No place of a machine and no value of an option is in a record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workbench.evidence.record import Record

PROGRAM, NOTEBOOK, BY_HAND = "program", "notebook", "by hand"
MOST_REASONS = 12
"""Reasons that are told; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun(Record):
    """One execution of a cell."""

    count: int
    """Execution count: the number in brackets beside the cell."""
    cell: int
    """Which code cell of the saved notebook it was, from 1, empty ones not counted; 0: none of them reads so."""
    sha256: str
    """SHA-256 of its text as it ran: UTF-8, without line ends at its end; empty where the kernel does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord(Record):
    """A run of Python in which a report was made."""

    kind: str
    """``program`` (a script or command), ``notebook`` or ``by hand``."""
    program: str
    """Name of the file of script or notebook, of the command; several joined by ``or`` where each holds the same
    cells; empty: not known."""
    file_sha256: str = ""
    """SHA-256 of that file as it lay on the disk when the report was made; empty: not known."""
    code_sha256: str = ""
    """`code_digest` of the cells as they ran; empty for a program."""
    options: tuple[str, ...] = ()
    """Names of the options a program was called with, without their values."""
    cells: tuple[CellRun, ...] = ()
    """Executions of the kernel, in order, the one that made the report last."""
    started: str = ""
    """When the kernel's session began, UTC, ISO; empty: not known."""
    system: str = ""
    """Operating system, architecture, Python."""
    packages: dict[str, str] = field(default_factory=dict)
    """Version of each library that has a part in an export or a report, where it is installed."""
    hindrance: str = ""
    """What keeps the run from being repeated, or from being known, besides what the cells tell; empty: nothing."""


def text_digest(text: str) -> str:
    """SHA-256 of a cell's text."""
    return hashlib.sha256(text.rstrip("\n").encode("utf-8", "surrogatepass")).hexdigest()


def code_digest(cells: Sequence[CellRun]) -> str:
    """SHA-256 of the cells' digests, a line each, in the order in which they ran."""
    return hashlib.sha256("".join(f"{one.sha256}\n" for one in cells).encode("ascii", "replace")).hexdigest()


def cell_runs(executed: Sequence[str], saved: Sequence[str]) -> tuple[CellRun, ...]:
    """What ran, as cells of the notebook: `executed` are the texts in order, `saved` those of its code cells.

    Of cells that read alike the one meant is the next behind the cell before, where it is one of them.
    """
    places: dict[str, list[int]] = {}
    for number, text in enumerate(saved, 1):
        places.setdefault(text.rstrip("\n"), []).append(number)
    found, before = list[CellRun](), 0
    for count, text in enumerate(executed, 1):
        like = places.get(text.rstrip("\n"), [0])
        before = next((place for place in like if place == before + 1), like[0])
        found.append(CellRun(count=count, cell=before, sha256=text_digest(text) if text.strip() else ""))
    return tuple(found)


def why_not_final(run: RunRecord) -> tuple[str, ...]:
    """Why no FINAL report comes from this run, in words; nothing where one may."""
    reasons = list(_reasons(run))
    more = len(reasons) - MOST_REASONS
    return (*reasons[:MOST_REASONS], *([f"and {more} more of the kind"] if more > 0 else []))


def _reasons(run: RunRecord) -> Iterator[str]:
    if run.hindrance:
        yield run.hindrance
    elif run.kind == NOTEBOOK:
        yield from _of_cells(run.cells, run.program or "the notebook")
    elif run.kind != PROGRAM:
        yield "how it was made is not known"
    elif not run.file_sha256:
        yield "which program made it is not known"


def _of_cells(cells: Sequence[CellRun], name: str) -> Iterator[str]:
    """What is wrong with the order: each execution told once, then the cells that are missing before the last."""
    ran: dict[int, int] = {}
    highest = 0
    if not cells:
        yield f"what ran of {name} is not known"
    for place, run in enumerate(cells, 1):
        if not run.sha256 or run.count != place:
            yield f"what ran as [{place}] is not known"
        elif run.cell == 0:
            yield f"what ran as [{run.count}] is no code cell of {name} as it is saved"
        elif run.cell in ran:
            yield f"code cell {run.cell} of {name} ran twice, as [{ran[run.cell]}] and as [{run.count}]"
        elif run.cell < highest:
            yield f"code cell {run.cell} of {name} ran out of order, as [{run.count}] behind cell {highest}"
        ran.setdefault(run.cell, run.count)
        highest = max(highest, run.cell)
    for missing in sorted(set(range(1, highest)) - ran.keys()):
        yield f"code cell {missing} of {name} was not run as it is saved"
