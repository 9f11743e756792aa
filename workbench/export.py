"""The two verbs: look before you cut, then cut.

plan = plan_export(spec, archive)
result = run_export(plan, archive, "out")
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from workbench.archives.base import Archive, OnProgress
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec


def plan_export(spec: ExportSpec, archive: Archive) -> ExportPlan:
    """Say how each stretch will be made and why, and what becomes of each field of the spec; nothing is written."""
    return archive.plan(spec)


def run_export(
    plan: ExportPlan,
    archive: Archive,
    out: str | os.PathLike[str],
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> ExportResult:
    """Carry out a plan; finished files appear in the folder `out`, complete or not at all.

    Raises RequestError for a plan with refused fields, NameTaken where a finished name exists, WorkError, or
    Cancelled within a second of `cancel` being set; nothing half is left behind.
    """
    return archive.run(plan, Path(out), on_progress, cancel)
