"""What can be done to the masks of one camera, as plain functions from masks to masks.

A moving mask has its corners at key frames; where it is changed at another frame, a key is added there. A corner that
is put in or taken away is so at all its keys: each key has the same corners in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.geometry import Point, point
from workbench.core.mask import Mask, MaskKey, shape_at
from workbench.core.timebase import Offset, instant_us
from workbench.widgets.moments import moment

Masks = tuple[Mask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The frame on which somebody draws."""

    at: int
    """Its instant."""
    pts: int | None
    dated: bool
    first: int
    """Instant of the camera's first picture."""

    def us(self, key: MaskKey) -> int:
        """A key's instant on the time line."""
        return self.first + key.at.us if isinstance(key.at, Offset) else instant_us(key.at)


def shape(mask: Mask, here: Here) -> tuple[Point, ...]:
    """The corners at the shown frame."""
    return shape_at(mask, here.at, [here.us(key) for key in mask.keys])


def reshaped(mask: Mask, points: Sequence[Any], here: Here) -> Mask:
    """The mask with these corners: everywhere, or at the shown frame where it moves."""
    corners = tuple(point(p, "masks.points") for p in points)
    return _keyed(mask, corners, here) if mask.keys else replace(mask, points=corners)


def with_key(mask: Mask, here: Here) -> Mask:
    """A key at the shown frame, with the shape that the mask has there; the first one makes it a moving mask."""
    return _keyed(mask, shape(mask, here), here)


def without_key(mask: Mask, number: int) -> Mask:
    """One key less; without any, the mask rests in the shape of the last one that went."""
    if not 0 <= number < len(mask.keys):
        raise RequestError("masks.keys", f"there is no key {number + 1}")
    keys = tuple(key for n, key in enumerate(mask.keys) if n != number)
    return replace(mask, keys=keys, points=keys[0].points if keys else mask.keys[number].points)


def inserted(mask: Mask, after: int, at: Sequence[float] | None, here: Here) -> Mask:
    """A corner behind corner `after`: at a place at the shown frame, in the middle of the edge elsewhere."""
    count = len(mask.points)
    if not 0 <= after < count:
        raise RequestError("masks.points", f"there is no corner {after + 1}")

    def middle(points: tuple[Point, ...]) -> tuple[Point, ...]:
        (ax, ay), (bx, by) = points[after], points[(after + 1) % count]
        return (*points[: after + 1], ((ax + bx) / 2, (ay + by) / 2), *points[after + 1 :])

    changed = _everywhere(mask, middle)
    if at is None:
        return changed
    corners = list(shape(changed, here))
    corners[after + 1] = point(at, "masks.points")
    return reshaped(changed, corners, here)


def removed(mask: Mask, corner: int) -> Mask:
    """A corner less, at all keys; RequestError where fewer than three would stay."""
    if not 0 <= corner < len(mask.points):
        raise RequestError("masks.points", f"there is no corner {corner + 1}")
    return _everywhere(mask, lambda points: points[:corner] + points[corner + 1 :])


def changed(masks: Masks, number: int, change: Callable[[Mask], Mask]) -> Masks:
    """The masks with one of them changed."""
    if not 0 <= number < len(masks):
        raise RequestError("masks", f"there is no mask {number + 1}", "It was deleted meanwhile; look again.")
    return tuple(change(mask) if n == number else mask for n, mask in enumerate(masks))


def _keyed(mask: Mask, corners: tuple[Point, ...], here: Here) -> Mask:
    start = 0 if here.dated else here.first
    key = MaskKey(at=moment(here.at - start, here.dated), points=corners, pts=here.pts)
    keys = tuple(sorted([k for k in mask.keys if here.us(k) != here.at] + [key], key=here.us))
    return replace(mask, keys=keys, points=keys[0].points)


def _everywhere(mask: Mask, change: Callable[[tuple[Point, ...]], tuple[Point, ...]]) -> Mask:
    if not mask.keys:
        return replace(mask, points=change(mask.points))
    keys = tuple(replace(key, points=change(key.points)) for key in mask.keys)
    return replace(mask, keys=keys, points=keys[0].points)
