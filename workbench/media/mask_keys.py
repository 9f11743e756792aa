"""Keys of moving masks, held against the recordings: is a key's frame the one it names, and does the shape last?

for fault in wrong(job["key_frames"]): …     # a key whose PTS is not that of the frame shown at its instant
notes(spec.masks, job["key_frames"])         # what a person should look at
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from workbench.core.errors import RequestError
from workbench.core.mask import Mask, thinnest
from workbench.core.timebase import SECOND, shown
from workbench.media.places import recording_at

THIN = 0.75
"""Least share of the smaller key's area that a shape keeps between two keys, or a person is told."""


class Fault(NamedTuple):
    """A key that was not drawn on the frame that is shown at its instant."""

    place: str
    expected: str
    found: str
    shown: bool
    """Whether a frame is shown there at all."""


def wrong(keyed: Sequence[Mapping[str, Any]], dated: bool) -> Iterator[Fault]:
    """The keys of ``key_frames`` whose PTS is another than that of the frame shown there."""
    for one in sorted(keyed, key=lambda one: str(one["place"] and one["place"]["name"])):
        where = f"mask {one['mask']}, key {one['key']} at {shown(int(one['at']), dated)}"
        found = _frame(one)
        if found is None:
            yield Fault(where, "a frame of a recording", f"PTS {one['pts']}, and no frame is shown there", False)
        elif found[1] != one["pts"]:
            yield Fault(where, f"PTS {found[1]}, of the frame shown there", f"PTS {one['pts']}", True)


def check(job: Mapping[str, Any]) -> None:
    """RequestError for the first key that was drawn on another frame."""
    for fault in wrong(job.get("key_frames", ()), bool(job["dated"])):
        raise RequestError(
            "masks.keys",
            f"{fault.place} says {fault.found}; wanted is {fault.expected}",
            "Draw the key on the frame that is shown there, or leave its pts out.",
        )


def notes(masks: Sequence[Mask], keyed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A word on each key that lies beside its frame, and on each shape that shrinks between two keys."""
    for one in keyed:
        found = _frame(one)
        if found is not None and found[0] != one["at"]:
            late = (int(one["at"]) - found[0]) / SECOND
            yield (
                f"mask {one['mask']}: key {one['key']} lies {late:.6f} s behind its frame, which has the shape that "
                "is due just before it"
            )
    for number, mask in enumerate(masks, 1):
        for nth, (before, after) in enumerate(pairwise(mask.keys), 1):
            share = thinnest(before.points, after.points)
            if share < THIN:
                yield (
                    f"mask {number} shrinks between keys {nth} and {nth + 1}, to {share:.0%} of the smaller of both: "
                    "look at the frames between them, or add a key there"
                )


def _frame(one: Mapping[str, Any]) -> tuple[int, int] | None:
    """Instant and PTS of the frame shown at a key's instant."""
    if one["place"] is None:
        return None
    recording = recording_at(one["place"])
    rank = recording.between(recording.zero, int(one["at"]) + 1)[1] - 1
    return None if rank < 0 else (int(recording.us[rank]), int(recording.pts[rank]))
