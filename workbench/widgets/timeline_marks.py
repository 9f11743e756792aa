"""Marks of the timeline: snapshots, commented exports, and comments that have no place on it.

    marks(case.state, ("hall",), dated=True)      # [{"id": "S1", "kind": "snapshot", "at": …, "words": …}, …]

A mark is `here` where it lies on the shown kind of time line, on a lane that is shown; the others are listed only.
A comment that was corrected is told by its correction alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.timebase import Offset, instant_us, parse_time
from workbench.evidence.nouns import CaseState, ExportRecord

Mark = dict[str, Any]
Place = tuple[int | None, int | None, bool]
"""Begin and end in microseconds, None where nobody tells, and whether they are dated."""


def marks(state: CaseState, sources: Sequence[str], dated: bool) -> list[Mark]:
    """All marks of the shown cameras and of the case, as plain JSON; times are microseconds."""
    said = _said(state)
    found = []
    for shot in state.snapshots:
        if shot.source in sources:
            place = (shot.instant_us, None, shot.dated)
            found.append(_mark(shot.id, "snapshot", shot.source, place, (shot.caption, *said.get(shot.id, ()))))
    for export in state.exports:
        if export.id in said and export.source in sources:
            found.append(_mark(export.id, "export", export.source, _range(state, export), said[export.id]))
    placed = {one.id for one in state.snapshots} | {one.id for one in state.exports}
    elsewhere = placed | ({one.id for one in state.sources} - set(sources))
    for about, words in said.items():
        if about not in elsewhere:
            source = about if about in sources else ""
            found.append(_mark(about or "case", "comment", source, (None, None, dated), words))
    return [{**mark, "here": mark["at"] is not None and mark["dated"] == dated} for mark in found]


def _mark(name: str, kind: str, source: str, place: Place, words: Sequence[str]) -> Mark:
    at, end, dated = place
    told = "; ".join(word for word in words if word)
    return {"id": name, "kind": kind, "source": source, "at": at, "end": end, "dated": dated, "words": told}


def _said(state: CaseState) -> dict[str, list[str]]:
    """The comments that hold, by what they are about."""
    replaced = {comment.replaces for comment in state.comments}
    said: dict[str, list[str]] = {}
    for comment in state.comments:
        if comment.id not in replaced:
            said.setdefault(comment.on, []).append(comment.text)
    return said


def _range(state: CaseState, export: ExportRecord) -> Place:
    """Where an export lies, by its plan."""
    plan = next((one.plan for one in state.plans if one.id == export.plan), {})
    try:
        begin, end = (parse_time(str(plan.get(name, "")), name) for name in ("begin", "end"))
    except RequestError:
        return None, None, True
    if isinstance(begin, Offset) and isinstance(end, Offset):
        return begin.us, end.us, False
    if isinstance(begin, Offset) or isinstance(end, Offset):
        return None, None, True
    return instant_us(begin), instant_us(end), True
