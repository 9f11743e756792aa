"""The window of a state, in and out point, cursor and view, on a camera's time line.

placed(state, camera)                   # what of it changes where that camera is shown
spec_of(state, "hall", dated=True)      # the request that it makes with the options and what is drawn
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.spec import FRAME_FORMATS, ExportSpec
from workbench.core.timebase import SECOND
from workbench.widgets.briefs import Brief
from workbench.widgets.moments import moment
from workbench.widgets.state import State


def placed(state: State, source: Brief) -> dict[str, Any]:
    """Window and cursor for a camera: kept where they mean something on its time line."""
    if source.first is None or source.last is None:
        return {}
    end = source.last + SECOND
    changes: dict[str, Any] = {"dated": source.dated}
    if source.dated != state.dated or state.at is None:
        changes.update(begin=None, end=None, at=source.first, view=[source.first, end])
    elif state.view is None or not (state.view[0] < end and source.first < state.view[1]):
        changes.update(at=source.first, view=[source.first, end])
    return changes


def spec_of(state: State, name: str, dated: bool) -> ExportSpec:
    """The request for a camera, which is `dated` or not; RequestError naming what is missing or wrong."""
    options = {key: value for key, value in state.options.items() if value is not None}
    options.setdefault("format", "mp4")
    single = options["format"] in FRAME_FORMATS
    begin, end = (state.at, state.at) if single else (state.begin, state.end)
    if begin is None or end is None:
        raise RequestError("begin", "no stretch of time is chosen", "Set the in point and the out point.")
    if dated != state.dated:
        raise RequestError("begin", f"the range is of another kind of time line than {name}'s", "Set it anew.")
    look = state.look(name)
    wanted = ExportSpec.from_json({**options, "source": name, "begin": "+0", "end": "+1" if not single else "+0"})
    where = {"begin": moment(begin, dated), "end": moment(end, dated)}
    return replace(wanted, **where, crop=look.crop, masks=look.masks)  # type: ignore[arg-type]
