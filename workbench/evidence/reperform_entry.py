"""An export's record held against the log and against itself: its plan, and the versions, gaps and warnings in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import ExportRecord, PlanRecord
from workbench.evidence.remote import remote_of
from workbench.evidence.reperform_record import Told
from workbench.evidence.reperform_then import TOOL


def planned(export: ExportRecord, told: Told, plans: Mapping[str, PlanRecord]) -> Iterator[Finding]:
    """The plan that was carried out is one of the log; only an export that was made elsewhere has none."""
    plan = plans.get(export.plan)
    if not export.plan and (export.began or export.ended or export.platform):
        yield failed(export, "", "the plan that was carried out", "none is named, though the case made it")
    elif not export.plan:
        note = "what was planned: it was made outside of the case and added, so the log has no plan of it"
        yield Finding(check="ledger", verdict=Verdict.NOT_CHECKED, file=f"data/{export.record.path}", note=note)
    elif plan is None:
        yield failed(export, "", f"a plan {export.plan} in the log", "the log knows none")
    elif plan.source != export.source:
        yield failed(export, "", f"a plan for {export.source}", f"{plan.id} is one for {plan.source}")
    elif plan.plan != told.data["plan"]:
        yield failed(export, "", f"the plan {plan.id} of the log", "another plan")


def agreeing(export: ExportRecord, told: Told, tool: str) -> Iterator[Finding]:
    """The record does not contradict its own plan, nor the log's entry.

    What a plan for a VMS warns of, the file that came may have answered.
    """
    plan, data = told.data["plan"], told.data
    planned, warnings = plan.get("warnings"), data.get("warnings")
    if remote_of(data) is None:
        if plan.get("gaps") != data.get("gaps"):
            yield failed(export, "", f"the gaps of its plan: {plan.get('gaps')}", str(data.get("gaps")))
        if not isinstance(planned, list) or not isinstance(warnings, list) or warnings[: len(planned)] != planned:
            yield failed(export, "", f"the warnings of its plan, and any more: {planned}", str(warnings))
    version = told.versions.get(TOOL, "none")
    if export.plan and tool not in ("", version):
        yield failed(export, "", f"made with {TOOL} {tool}, as the log's entry says", f"{version} in its record")


def failed(export: ExportRecord, name: str, expected: str, found: str) -> Finding:
    """A failed claim about an export: of one of its files, or of its record where `name` is empty."""
    path = f"data/exports/{export.id}/{name}" if name else f"data/{export.record.path}"
    return Finding(check="ledger", verdict=Verdict.FAILED, file=path, expected=expected, found=found)
