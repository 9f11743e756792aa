"""Masks on a source's time line, as the worker's jobs take them: ranges, the instants of keys, and their pictures.

job |= masks_on(spec.masks, line)          # mask_ranges, mask_keys
job |= key_frames(spec.masks, line)        # key_frames: where the worker looks for each key's PTS
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workbench.archives.timeline import TimeLine, place, resolve
from workbench.core.errors import RequestError
from workbench.core.mask import Mask, still_at


def mask_range(mask: Mask, line: TimeLine) -> list[int | None]:
    """A mask's time range on the time line; None where it is open."""
    begin = None if mask.begin is None else resolve(mask.begin, line, "masks.begin")
    end = None if mask.end is None else resolve(mask.end, line, "masks.end")
    if begin is not None and end is not None and begin >= end:
        raise RequestError("masks.end", "the mask's time range is empty", "Set its end behind its begin.")
    return [begin, end]


def key_times(mask: Mask, line: TimeLine) -> list[int]:
    """The instants of a mask's keys on the time line; none where it rests."""
    return [resolve(key.at, line, "masks.keys") for key in mask.keys]


def masks_on(masks: Sequence[Mask], line: TimeLine) -> dict[str, Any]:
    """What an export's job says of its masks' times."""
    return {
        "mask_ranges": [mask_range(mask, line) for mask in masks],
        "mask_keys": [key_times(mask, line) for mask in masks],
    }


def mask_look(mask: Mask, line: TimeLine) -> dict[str, Any]:
    """A mask as jobs for single pictures take it."""
    return {"mask": mask.to_json(), "range": mask_range(mask, line), "keys": key_times(mask, line)}


def shown_still(mask: Mask, us: int, line: TimeLine) -> Mask:
    """The mask as it is on a picture of the instant `us`: at rest, its keys taken off."""
    return still_at(mask, us, key_times(mask, line))


def key_frames(masks: Sequence[Mask], line: TimeLine) -> dict[str, Any]:
    """The keys that name the PTS of their frame, each with the recording that shows a picture at its instant."""
    return {"key_frames": list(_frames(masks, line))}


def _frames(masks: Sequence[Mask], line: TimeLine) -> Iterator[dict[str, Any]]:
    for number, mask in enumerate(masks, 1):
        for nth, (key, at) in enumerate(zip(mask.keys, key_times(mask, line), strict=True), 1):
            if key.pts is not None:
                piece = line.showing(at)
                where = None if piece is None else place(piece)
                yield {"mask": number, "key": nth, "at": at, "pts": key.pts, "place": where}
