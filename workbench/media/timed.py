"""Masks on a recording's time line: which are in force while a picture is shown, and in what shape.

A mask that moves has, on each picture, the shape of that picture's own instant: one picture shows one instant, however
long it stays on screen. So the same shape comes out whoever asks: export, preview, snapshot, proof.

    timed = of_job(spec.masks, job)            # an export's, by mask_ranges and mask_keys
    timed = of_look(job["masks"])              # a picture's: [{"mask": …, "range": [begin, end], "keys": [us, …]}]
    in_force(timed, us, until).moving
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.core.errors import WorkError
from workbench.core.mask import Mask, still_at


@dataclass(frozen=True, slots=True)
class TimedMask:
    """A mask with its range, and the instants of its keys, on the source's time line."""

    mask: Mask
    begin: int | None
    end: int | None
    keys: tuple[int, ...] = ()
    _ends: tuple[Mask, ...] = field(init=False, default=())
    """The mask at rest before its first key and behind its last one: always the same objects."""

    def __post_init__(self) -> None:
        if len(self.keys) != len(self.mask.keys):
            raise WorkError(f"a mask of {len(self.mask.keys)} keys came with the instants of {len(self.keys)}")
        if self.keys:
            ends = tuple(still_at(self.mask, us, self.keys) for us in (self.keys[0], self.keys[-1]))
            object.__setattr__(self, "_ends", ends)

    def covers(self, us: int, until: int) -> bool:
        """Whether it is in force while a picture of the instant `us` is shown, which is until `until`."""
        return (self.begin is None or until > self.begin) and (self.end is None or us < self.end)

    def still(self, us: int) -> Mask:
        """The mask as it is on a picture of the instant `us`; RequestError where it covers nothing just then."""
        if not self.keys:
            return self.mask
        if us <= self.keys[0] or us >= self.keys[-1]:
            return self._ends[us > self.keys[0]]
        return still_at(self.mask, us, self.keys)

    def moves(self, us: int) -> bool:
        """Whether its shape at `us` is one that other pictures do not share."""
        return bool(self.keys) and self.keys[0] < us < self.keys[-1]


@dataclass(frozen=True, slots=True)
class Active:
    """The masks in force on one picture, all at rest."""

    resting: tuple[Mask, ...] = ()
    """The same objects on every picture that shares them."""
    moving: tuple[Mask, ...] = ()
    """Shapes of this very picture."""

    def __bool__(self) -> bool:
        return bool(self.resting or self.moving)


def in_force(timed: Iterable[TimedMask], us: int, until: int) -> Active:
    """The masks in force while a picture of the instant `us` is shown, which is until `until`."""
    found = [one for one in timed if one.covers(us, until)]
    return Active(
        tuple(one.still(us) for one in found if not one.moves(us)),
        tuple(one.still(us) for one in found if one.moves(us)),
    )


def of_job(masks: Sequence[Mask], job: Mapping[str, Any]) -> list[TimedMask]:
    """The masks of an export's job."""
    keys = job.get("mask_keys") or [[]] * len(masks)
    spans = zip(masks, job["mask_ranges"], keys, strict=True)
    return [TimedMask(mask, begin, end, tuple(at)) for mask, (begin, end), at in spans]


def of_look(masks: Sequence[Mapping[str, Any]]) -> list[TimedMask]:
    """The masks of a job that makes pictures for eyes, or a snapshot."""
    found = [(Mask.from_json(m["mask"]), m["range"], m.get("keys", ())) for m in masks]
    return [TimedMask(mask, begin, end, tuple(at)) for mask, (begin, end), at in found]
