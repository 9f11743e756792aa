"""The end of part 1: the run in which the report was made, so that it can be repeated, or why it cannot."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.evidence.claims import count
from workbench.evidence.run import NOTEBOOK, PROGRAM, CellRun, RunRecord, why_not_final
from workbench.report.material import Material
from workbench.report.model import Block, Facts
from workbench.report.wording import NOT_CHECKED, listing

NOT_KNOWN = "not known"
ORDERED = "each ran once, in the order of the notebook as it is saved, in a fresh kernel"
MOST_CELLS = 40


def how_made(material: Material) -> Iterator[Block]:
    """What a record tells of its run; nothing for a report whose run is not told."""
    run = material.run
    if run is None:
        return
    yield Facts(title="How this report was made", rows=tuple(_facts(run)))
    if run.cells:
        rows = [(f"[{one.count}]", _cell(one), one.sha256 or NOT_KNOWN) for one in run.cells]
        head, widths = ("Ran as", "Code cell", "SHA-256 of its text"), (0.12, 0.28, 0.6)
        where = "the custody log"
        yield from listing(
            head, rows, where=where, title="Cells, as they ran", widths=widths, code=(2,), most=MOST_CELLS
        )


def _facts(run: RunRecord) -> Iterator[tuple[str, str]]:
    yield "Made by", _maker(run)
    yield "SHA-256 of that file", run.file_sha256 or NOT_KNOWN
    if run.kind == PROGRAM:
        yield "Options it was called with", ", ".join(run.options) or "none"
    if run.kind == NOTEBOOK or run.cells:
        yield "Cells", _order(run)
        yield "SHA-256 of the code that ran", run.code_sha256 or NOT_KNOWN
        yield "Kernel since", run.started or NOT_KNOWN
    yield "Environment", run.system or NOT_KNOWN
    yield "Libraries", ", ".join(f"{name} {version}" for name, version in sorted(run.packages.items())) or NOT_KNOWN


def _maker(run: RunRecord) -> str:
    name = run.program or NOT_KNOWN
    return {PROGRAM: f"the program {name}", NOTEBOOK: f"the notebook {name}"}.get(run.kind, f"hand ({name})")


def _order(run: RunRecord) -> str:
    if run.kind != NOTEBOOK:
        return f"{count(len(run.cells), 'execution')}; order {NOT_CHECKED}"
    told = "; ".join(why_not_final(run)) or ORDERED
    return f"{count(len(run.cells), 'execution')}: {told}"


def _cell(one: CellRun) -> str:
    return str(one.cell) if one.cell else "none that reads so"
