"""Masks that move, in words and tables of part 8: that they do, their key frames, and their shape on one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.mask import Mask, still_at
from workbench.core.timebase import Offset, instant_us, shown
from workbench.evidence.claims import count
from workbench.evidence.nouns import ExportRecord, SnapshotRecord
from workbench.report.material import Material
from workbench.report.model import Block
from workbench.report.wording import NOT_STATED, cut, listing

HOW = (
    "each corner goes in a straight line, at an even pace, from one key frame to the next; before the first and behind "
    "the last one the shape rests; nothing was tracked: whether it covers what it should between them is for a person "
    "to see"
)


def facts(mask: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A row for a mask that has keys; none for one that rests."""
    number = len(mask.get("keys", ()))
    if number == 1:
        yield "Moves", "no: drawn on one key frame, its shape holds throughout"
    elif number:
        yield "Moves", f"moving, {count(number, 'key frame')}: {HOW}"


def keys(material: Material, export: ExportRecord, mask: Mapping[str, Any], title: str, where: str) -> Iterator[Block]:
    """The key frames of a mask, each with its time, PTS and corners."""
    dated = not material.results[export.id]["plan"]["begin"].startswith(("+", "-"))
    times = _times(material, export.source, Mask.from_json(mask))
    rows = [
        (
            str(number),
            shown(us, dated),
            NOT_STATED if key["pts"] is None else str(key["pts"]),
            cut("; ".join(f"{x:.6g}, {y:.6g}" for x, y in key["points"]), where),
        )
        for number, (us, key) in enumerate(zip(times, mask["keys"], strict=True), 1)
    ]
    head, widths = ("Key", "Time", "PTS", "Corners, normalised x, y"), (0.08, 0.3, 0.14, 0.48)
    yield from listing(head, rows, where=where, title=f"Key frames of {title}", widths=widths)


def still(material: Material, mask: Mapping[str, Any], taken: SnapshotRecord) -> Mapping[str, Any]:
    """The mask as it is on a picture; one that rests is handed back itself."""
    if not mask.get("keys"):
        return mask
    try:
        read = Mask.from_json(mask)
        return still_at(read, taken.instant_us, _times(material, taken.source, read)).to_json()
    except WorkbenchError:  # it covers nothing just then, so no picture has it
        return mask


def _times(material: Material, source: str, mask: Mask) -> list[int]:
    """The instants of a mask's keys on the source's time line; an offset counts from its first frame."""
    known = material.state.source(source)
    first = (known.first_us or 0) if known else 0
    return [first + key.at.us if isinstance(key.at, Offset) else instant_us(key.at) for key in mask.keys]
