"""The workbench a person works in: views in a notebook, all over one session.

    from workbench.widgets import Workbench
    bench = Workbench("recordings", case="17-2026")
    bench

Each view can stand alone over a `Session`, which is plain Python: what was clicked is read from it, and set on it.
Needs the extra ``[notebook]``.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from workbench.widgets.evidence_view import EvidenceView as EvidenceView
    from workbench.widgets.export_view import ExportView as ExportView
    from workbench.widgets.frame_view import FrameView as FrameView
    from workbench.widgets.header_view import HeaderView as HeaderView
    from workbench.widgets.page import Workbench as Workbench
    from workbench.widgets.session import Session as Session
    from workbench.widgets.sources_view import SourcesView as SourcesView
    from workbench.widgets.state import State as State
    from workbench.widgets.timeline_view import TimelineView as TimelineView

_HOME_OF = {
    "EvidenceView": "evidence_view",
    "ExportView": "export_view",
    "FrameView": "frame_view",
    "HeaderView": "header_view",
    "Session": "session",
    "SourcesView": "sources_view",
    "State": "state",
    "TimelineView": "timeline_view",
    "Workbench": "page",
}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> typing.Any:
    """Load a name when it is first asked for: a session needs no notebook."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'workbench.widgets' has no attribute {name!r}")
    return getattr(importlib.import_module(f"workbench.widgets.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
