"""Exact exports from surveillance recordings, with proof of what was delivered.

An export request is plain data that flows one way: spec → plan → result → case → package. The names below are
the public ones; everything else may change without notice.

    from workbench import ExportSpec, LocalArchive, Offset, plan_export, run_export
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from workbench.archives.base import Archive as Archive
    from workbench.archives.base import Frame as Frame
    from workbench.archives.local import LocalArchive as LocalArchive
    from workbench.archives.opening import open_archive as open_archive
    from workbench.archives.remote import RemoteArchive as RemoteArchive
    from workbench.batch import BatchResult as BatchResult
    from workbench.batch import run_batch as run_batch
    from workbench.core.coverage import Coverage as Coverage
    from workbench.core.coverage import Source as Source
    from workbench.core.errors import Cancelled as Cancelled
    from workbench.core.errors import NotAllowed as NotAllowed
    from workbench.core.errors import NothingRecorded as NothingRecorded
    from workbench.core.errors import RemoteError as RemoteError
    from workbench.core.errors import RequestError as RequestError
    from workbench.core.errors import SourceError as SourceError
    from workbench.core.errors import WorkbenchError as WorkbenchError
    from workbench.core.errors import WorkError as WorkError
    from workbench.core.geometry import Area as Area
    from workbench.core.mask import MaskKey as MaskKey
    from workbench.core.plan import ExportPlan as ExportPlan
    from workbench.core.result import ExportResult as ExportResult
    from workbench.core.result import Progress as Progress
    from workbench.core.spec import ExportSpec as ExportSpec
    from workbench.core.spec import Mask as Mask
    from workbench.core.timebase import Offset as Offset
    from workbench.core.timebase import parse_time as parse_time
    from workbench.evidence.case import Case as Case
    from workbench.evidence.findings import Finding as Finding
    from workbench.evidence.findings import Findings as Findings
    from workbench.evidence.findings import Verdict as Verdict
    from workbench.evidence.keys import Key as Key
    from workbench.evidence.package import seal as seal
    from workbench.evidence.timestamps import Authority as Authority
    from workbench.export import plan_export as plan_export
    from workbench.export import run_export as run_export
    from workbench.report.build import build_report as build_report
    from workbench.report.making import make_report as make_report
    from workbench.report.pdf import render as render
    from workbench.verifying import challenge as challenge
    from workbench.verifying import verify as verify
    from workbench.vms.tls import Trust as Trust

__version__ = "0.1.0"

_HOMES = {
    "archives.base": ("Archive", "Frame"),
    "archives.local": ("LocalArchive",),
    "archives.opening": ("open_archive",),
    "archives.remote": ("RemoteArchive",),
    "batch": ("BatchResult", "run_batch"),
    "core.coverage": ("Coverage", "Source"),
    "core.errors": (
        *("Cancelled", "NotAllowed", "NothingRecorded", "RemoteError", "RequestError", "SourceError"),
        *("WorkError", "WorkbenchError"),
    ),
    "core.geometry": ("Area",),
    "core.mask": ("MaskKey",),
    "core.plan": ("ExportPlan",),
    "core.result": ("ExportResult", "Progress"),
    "core.spec": ("ExportSpec", "Mask"),
    "core.timebase": ("Offset", "parse_time"),
    "evidence.case": ("Case",),
    "evidence.findings": ("Finding", "Findings", "Verdict"),
    "evidence.keys": ("Key",),
    "evidence.package": ("seal",),
    "evidence.timestamps": ("Authority",),
    "export": ("plan_export", "run_export"),
    "report.build": ("build_report",),
    "report.making": ("make_report",),
    "report.pdf": ("render",),
    "verifying": ("challenge", "verify"),
    "vms.tls": ("Trust",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> typing.Any:
    """Load a public name when it is first asked for: `import workbench` stays quick."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    return getattr(importlib.import_module(f"workbench.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
