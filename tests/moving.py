"""A polygon that moves, and twin clips that differ only beneath it, by arithmetic of their own.

Nothing of the engine's is used: corners move in exact fractions, and which pixels a convex polygon touches is found by
separating axes. What is doubtful by a millionth of a pixel counts as not touched, so twins differ only where every
doubt has been taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.truth import Clip, Plane, cached, encode, timeline
from tests.twins import coded_points

Points = Sequence[tuple[float, float]]
Key = tuple[int, Points]
"""Microseconds since the first frame, and the corners there."""
KEYS: tuple[Key, ...] = (
    (400_000, ((0.11, 0.33), (0.37, 0.31), (0.36, 0.51), (0.13, 0.57))),
    (1_320_000, ((0.53, 0.37), (0.91, 0.33), (0.89, 0.67), (0.51, 0.61))),
    (2_640_000, ((0.29, 0.47), (0.43, 0.43), (0.47, 0.61), (0.31, 0.59))),
)
"""Convex on all of the way, between the codes at top and bottom."""


def shape(keys: Sequence[Key], us: int) -> list[tuple[float, float]]:
    """The corners at an instant, in exact arithmetic, rounded at the end."""
    if us <= keys[0][0] or us >= keys[-1][0]:
        return list(keys[0 if us <= keys[0][0] else -1][1])
    (begin, one), (end, two) = next((a, b) for a, b in pairwise(keys) if a[0] <= us < b[0])
    share = Fraction(us - begin, end - begin)
    moved = [[Fraction(a) + (Fraction(b) - Fraction(a)) * share for a, b in zip(p, q, strict=True)]
             for p, q in zip(one, two, strict=True)]  # fmt: skip
    return [(float(x), float(y)) for x, y in moved]


def touched(points: Points, width: int, height: int, slack: float = 1e-6) -> NDArray[np.bool_]:
    """The pixels that a convex polygon shares area with; `slack` < 0 takes in what lies that near."""
    corners = np.array(points) * (width, height)
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    found = np.ones((height, width), bool)
    edges = np.roll(corners, -1, axis=0) - corners
    for ax, ay in [(1.0, 0.0), (0.0, 1.0), *[(-dy, dx) for dx, dy in edges]]:
        along = corners @ (ax, ay)
        low = x * ax + y * ay + min(ax, 0) + min(ay, 0)
        high = low + abs(ax) + abs(ay)
        grain = slack * np.hypot(ax, ay)
        found &= (high > along.min() + grain) & (low < along.max() - grain)
    return found


def in_blocks(pixels: NDArray[np.bool_], side: int = 2) -> NDArray[np.bool_]:
    """Whole blocks of which a pixel is set, as pixels."""
    h, w = pixels.shape
    padded = np.pad(pixels, ((0, -h % side), (0, -w % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side).any(axis=(1, 3))
    return blocks.repeat(side, 0).repeat(side, 1)[:h, :w]


def mask_json(keys: Sequence[Key] = KEYS, pts: Sequence[int] = (), **more: Any) -> dict[str, Any]:
    """The mask in JSON, its times counted from the first frame."""
    listed = [
        {"at": f"+{us // 1_000_000}.{us % 1_000_000:06d}", "points": [list(p) for p in points]} for us, points in keys
    ]
    for key, number in zip(listed, pts, strict=False):
        key["pts"] = number
    return {"points": [list(p) for p in keys[0][1]], "keys": listed, **more}


def twin(clip: Clip, seed: int, frames: range, *, whole: int = 1) -> Path:
    """A clip with noise of `seed` beneath the mask of `KEYS` in `frames`, in whole blocks of side `whole`."""
    return cached(
        f"moving {seed} {clip!r} {frames!r} {KEYS!r} {whole}",
        f".{clip.container}",
        lambda path: encode(clip, path, _noise(clip, seed, frames, whole)),
    )


def _noise(clip: Clip, seed: int, frames: range, whole: int) -> Callable[[int, list[Plane]], None]:
    times = [stamp.us for stamp in timeline(clip)]

    def paint(index: int, planes: list[Plane]) -> None:
        if index not in frames:
            return
        rng = np.random.default_rng((seed, index))
        corners = coded_points(shape(KEYS, times[index]), clip.rotation)
        pixels = touched(corners, clip.width, clip.height)
        if whole > 1:
            pixels = ~in_blocks(~pixels, whole)
        for plane, side in zip(planes, (1, 2, 2), strict=True):
            under = in_blocks(pixels, side)[::side, ::side]
            noise = rng.integers(20, 236, plane.shape, dtype=np.uint8)
            plane[under] = (noise // 32 * 32 + seed)[under]

    return paint
