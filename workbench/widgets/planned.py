"""What the front shows of a plan: in words and numbers, and as stretches to lay over the timeline.

A VMS tells of its recorded stretches and of nothing it does with them: its stretches are ``vms``, neither copied nor
coded anew, until the delivered file is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.core.plan import ExportPlan, Mode

MOST = 50
"""Gaps and warnings that are shown."""
USUAL = 40_000
"""Microseconds that the last picture of a plan is drawn wide."""
AT_THE_VMS = "recorded, according to the VMS; what it copies and what it codes anew nobody can tell before it is here"


def planned(plan: ExportPlan, *, remote: bool) -> dict[str, Any]:
    """A plan as the front shows it; `remote` for one of a VMS."""
    return {
        "begin": plan.range.begin,
        "end": plan.range.end,
        "vms": remote,
        "copy": plan.count(Mode.COPY),
        "encode": plan.count(Mode.ENCODE),
        "extra": plan.extra_frames,
        "segments": list(stretches(plan.spec.source, plan, remote=remote)),
        "fields": [{"field": f.field, "how": f.how, "note": f.note} for f in plan.fields if f.how != "exact" or f.note],
        "exact": [f.field for f in plan.fields if f.how == "exact"],
        "refused": bool(plan.refused),
        "gaps": [[gap.begin, gap.end, gap.witness] for gap in plan.gaps][:MOST],
        "audio": plan.audio,
        "warnings": list(plan.warnings)[:MOST],
    }


def stretches(source: str, plan: ExportPlan, *, remote: bool) -> Iterator[dict[str, Any]]:
    """The plan's parts as they are laid over the timeline of the camera that was chosen as `source`."""
    if remote:
        for begin, end in _recorded(plan):
            yield _stretch(source, begin, end, "vms", 0, AT_THE_VMS)
        return
    for number, part in enumerate(plan.segments):
        last = number + 1 == len(plan.segments)
        after = min(part.last + USUAL, plan.range.end) if last else plan.segments[number + 1].begin
        end = max(part.last, min(after, plan.range.end))
        yield _stretch(source, part.begin, end, part.mode.value, part.frames, part.reason)


def _recorded(plan: ExportPlan) -> Iterator[tuple[int, int]]:
    """The range without its gaps; one picture's range is drawn as wide as a picture."""
    begin, until = plan.range.begin, max(plan.range.end, plan.range.begin + USUAL)
    for gap in sorted(plan.gaps, key=lambda one: one.begin):
        if begin < gap.begin:
            yield begin, min(gap.begin, until)
        begin = max(begin, gap.end)
    if begin < until:
        yield begin, until


def _stretch(source: str, begin: int, end: int, mode: str, frames: int, words: str) -> dict[str, Any]:
    return {"source": source, "begin": begin, "end": end, "mode": mode, "frames": frames, "words": words}
