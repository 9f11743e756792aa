"""Parts 1 and 2: who asks, who examines, which exhibits; the question, and what was and was not examined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.evidence.claims import count
from workbench.report.material import Material
from workbench.report.model import WHY_DRAFT, Block, Facts, Paragraph, Section
from workbench.report.parts_run import how_made
from workbench.report.wording import listing, stated


def identity(material: Material) -> Section:
    """Part 1."""
    who, state = material.state.identity, material.state
    rows = (
        ("Report", material.id),
        ("Version", str(material.version)),
        ("Status", material.status),
        *([(WHY_DRAFT, "; ".join(material.why_draft))] if material.why_draft else []),
        ("Made at", f"{material.made_at} (UTC)"),
        ("Case number", stated(who.number)),
        ("Title", stated(who.title)),
        ("Requester", stated(who.requester)),
        ("Authority (legal basis)", stated(who.authority)),
        ("Purpose", stated(who.purpose)),
        ("Examiner", stated(who.examiner)),
        ("Role", stated(who.role)),
        ("Organisation", stated(who.organisation)),
        ("Second reviewer", stated(who.reviewer)),
        ("Case opened", f"{state.created} (UTC)"),
        (
            "Speaks about",
            f"{count(state.length, 'entry', 'entries')} of the custody log, whose last hash is {state.head}",
        ),
    )
    made = (*_exhibits(material), *_earlier(material), *how_made(material))
    return Section(number=1, title="Identity", blocks=(Facts(rows=rows), *made))


def exhibits(material: Material) -> str:
    """The exhibits of the report in short: ``17/2026-S1, 17/2026-E1 … 17/2026-E3``."""
    state = material.state
    groups = (
        [s.exhibit for s in state.sources],
        [e.exhibit for e in state.exports],
        [p.exhibit for p in state.snapshots],
    )
    return ", ".join(_run(group) for group in groups if any(group))


def _run(names: list[str]) -> str:
    told = [name for name in names if name]
    return ", ".join(told) if len(told) < 3 else f"{told[0]} … {told[-1]}"


def _exhibits(material: Material) -> Iterator[Block]:
    state = material.state
    rows = [
        (stated(s.exhibit), "input", s.id, f"{count(len(s.recordings), 'recording')}, part 3") for s in state.sources
    ]
    rows += [(stated(e.exhibit), "output", e.id, f"export of {e.source}, parts 5 to 8 and 10") for e in state.exports]
    rows += [
        (stated(p.exhibit), "context picture" if p.context else "snapshot", p.id, f"frame of {p.source}, part 9")
        for p in state.snapshots
    ]
    if not rows:
        yield Paragraph(text="No exhibit has joined the case.")
        return
    head, widths = ("Exhibit", "Kind", "Id", "What"), (0.25, 0.15, 0.2, 0.4)
    yield from listing(head, rows, where="parts 3, 9 and 10", title="Exhibits", widths=widths)
    yield Paragraph(
        text="Outputs are derived from the inputs and are exhibits of their own; the inputs are the recordings as they "
        "were handed over.",
        style="small",
    )


def _earlier(material: Material) -> Iterator[Block]:
    """Earlier reports of the case: each stays as it is."""
    rows = [
        (r.id, str(r.version), "FINAL" if r.final else "DRAFT", material.by("report-built", r.id), r.file.sha256)
        for r in material.state.reports
    ]
    if rows:
        head, widths = ("Report", "Version", "Status", "By, when", "SHA-256"), (0.1, 0.1, 0.1, 0.3, 0.4)
        yield from listing(head, rows, where="part 12", title="Earlier reports of this case", widths=widths, code=(4,))


def question(material: Material) -> Section:
    """Part 2."""
    who = material.state.identity
    rows = (
        ("Question", stated(who.question)),
        ("Scope", stated(who.scope)),
        ("Not examined", stated(who.not_examined)),
        ("Cameras", ", ".join(material.source_name(s.id) for s in material.state.sources) or "none"),
    )
    return Section(number=2, title="Question and scope", blocks=(Facts(rows=rows), *_asked(material)))


def _asked(material: Material) -> Iterator[Block]:
    state = material.state
    exports = {e.plan: e.id for e in state.exports if e.plan}
    failed = {str(e.data.get("plan", "")) for e in material.entries if e.what == "export-failed"}
    rows = []
    for plan in state.plans:
        became = exports.get(plan.id) or ("failed" if plan.id in failed else "not carried out")
        rows.append((plan.id, *_range(plan.plan), became))
    rows += [("none: added", *_range(material.results[e.id]["plan"]), e.id) for e in state.exports if not e.plan]
    if not rows:
        yield Paragraph(text="No interval was asked for.")
        return
    head, widths = ("Plan", "Source", "From", "To (excluded)", "As", "Became"), (0.09, 0.15, 0.28, 0.28, 0.07, 0.13)
    yield from listing(head, rows, where="the custody log", title="Intervals asked for", widths=widths)


def _range(plan: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return str(plan["spec"]["source"]), str(plan["begin"]), str(plan["end"]), str(plan["spec"]["format"])
