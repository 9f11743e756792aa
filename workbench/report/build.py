"""From a case to the words and numbers of its report: fourteen parts, pure, no layout.

    report = build_report(case, status="DRAFT")
    report.sections[4].title        # 'Coverage'

It reads the case's state, its log and the records of its exports (their hashes checked by the case), nothing else: no
other file, and no clock where `made_at` is given. Same case, `id`, `version` and `made_at`: the same report. What
nobody stated prints *not stated*, what a file does not tell *unknown*, what nobody looked at *not checked*.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from workbench import __version__
from workbench.core.timebase import instant_us, iso
from workbench.evidence.run import RunRecord
from workbench.report import (
    parts_asked,
    parts_clock,
    parts_closing,
    parts_coverage,
    parts_custody,
    parts_limits,
    parts_masks,
    parts_outputs,
    parts_processing,
    parts_snapshots,
    parts_sources,
)
from workbench.report.material import CaseFile, Material
from workbench.report.model import Report, Status

PARTS = (
    parts_asked.identity,
    parts_asked.question,
    parts_sources.sources,
    parts_clock.clock,
    parts_coverage.coverage,
    parts_processing.processing,
    parts_outputs.fidelities,
    parts_masks.masks,
    parts_snapshots.snapshots,
    parts_outputs.outputs,
    parts_limits.limitations,
    parts_custody.custody,
    parts_closing.verifying,
    parts_closing.signatures,
)
"""In the order of their numbers."""


def build_report(
    case: CaseFile,
    *,
    id: str = "",  # noqa: A002
    version: int | None = None,
    status: Status = "DRAFT",
    made_at: str | None = None,
    run: RunRecord | None = None,
    why_draft: Sequence[str] = (),
) -> Report:
    """The report of everything the case holds now.

    `version` None counts the reports so far, `made_at` None is now (UTC, ISO). `run` is told in part 1, and so is
    `why_draft`: why a DRAFT is one. Raises what `case.result` raises: no
    report speaks about a record that is not as the log says.
    """
    at = iso(instant_us(datetime.now(UTC))) if made_at is None else made_at
    told: dict[str, Any] = {"run": run, "why_draft": tuple(why_draft)}
    material = Material.of(case, id=id, version=version, status=status, made_at=at, **told)
    identity = material.state.identity
    return Report(
        id=material.id,
        version=material.version,
        status=status,
        case_number=identity.number,
        title=identity.title,
        exhibits=parts_asked.exhibits(material),
        made_at=at,
        log_length=material.state.length,
        log_head=material.state.head,
        sections=tuple(part(material) for part in PARTS),
        tool={"forensic-workbench": __version__},
        custody=parts_custody.in_full(material),
    )
