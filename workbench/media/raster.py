"""Which pixels a polygon touches: exact, erring only towards covering, fast for a million corners.

A pixel is a square of side 1. For an outline in pixel coordinates three facts are found per pixel:

    touched    the outline passes through the square
    wound      the outline winds around the square (any count but zero; told for untouched squares)
    enclosed   neither, but no way leads out over such squares: a hole, a loop drawn backwards

`covered` is the union of the three: everything the outline encloses, without holes. `uncertain` is the mask
of an inverted polygon: all but the squares that are wound and untouched. Both take each doubt as a reason to
cover:

- A corner within `SNAP` of a pixel's border lies on it, so that the rounding of 0.7 * 1920 spills over
  nowhere.
- An outline *on* a border touches neither neighbour; a slanted one through a pixel's corner touches all four.
- An inlet narrower than a pixel counts as closed.
- An outline that crosses more than `MOST_CROSSINGS` rows (as 5,500 edges from top to bottom of 1080 rows do)
  is drawn on a coarser grid, of squares of 2, 4, 8 … pixels, and covers what it touches there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SNAP = 2.0**-30
"""Pixels: a thousandth of a millionth, a thousand times the rounding error of scaling to 8192 pixels."""
MOST_CROSSINGS = 6_000_000
CHUNK = 1 << 18


def covered(corners: Floats, width: int, height: int) -> Bits:
    """The pixels of a polygon: touched, wound or enclosed.

    `corners` is (n, 2) float64, x and y in pixels, all within the picture. Returns (height, width) bool.
    """
    grid = _scanned(corners, width, height)
    grid.touched |= grid.wound
    grid.touched |= _enclosed(~grid.touched)
    return grid.whole(grid.touched, width, height, outside=False)


def uncertain(corners: Floats, width: int, height: int) -> Bits:
    """The pixels that are not certainly inside a polygon, arguments and result as in `covered`."""
    grid = _scanned(corners, width, height)
    return grid.whole(grid.touched | ~grid.wound, width, height, outside=True)


@dataclass(slots=True)
class _Edges:
    """Edges from (x0, y0) to (x1, y1) with y0 <= y1; `turn` is -1 where that exchanged the ends."""

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    turn: npt.NDArray[np.int32]

    @classmethod
    def of(cls, corners: Floats) -> _Edges:
        near = np.rint(corners)
        corners = np.where(np.abs(corners - near) <= SNAP, near, corners)
        (xa, ya), (xb, yb) = corners.T, np.roll(corners, -1, axis=0).T
        down = ya <= yb
        turn = np.where(down, 1, -1).astype(np.int32)
        return cls(
            np.where(down, xa, xb),
            np.where(down, ya, yb),
            np.where(down, xb, xa),
            np.where(down, yb, ya),
            turn,
        )

    def rows(self) -> Ints:
        """How many rows each edge passes through; an edge on the border of two passes through none."""
        rows: Ints = np.maximum(np.ceil(self.y1) - np.floor(self.y0), 0).astype(np.int64)
        return rows

    def pick(self, which: npt.NDArray[np.generic] | slice) -> _Edges:
        return _Edges(self.x0[which], self.y0[which], self.x1[which], self.y1[which], self.turn[which])


class _Grid:
    """The window of a picture around an outline, with two rows and columns more on each side as outside.

    The outermost ones stay untouched whatever spills over, so that all of the outside hangs together.
    """

    def __init__(self, edges: _Edges, step: int) -> None:
        self.step = step
        self.left = int(np.floor(min(edges.x0.min(), edges.x1.min()))) - 2
        self.top = int(np.floor(edges.y0.min())) - 2
        self.width = int(np.ceil(max(edges.x0.max(), edges.x1.max()))) + 2 - self.left
        self.height = int(np.ceil(edges.y1.max())) + 2 - self.top
        touched, wound = self.counts(), self.counts()
        beside = np.zeros_like(touched, dtype=np.bool_)
        for part, row in _crossings(edges):
            self._touch(touched, beside, part, row)
            self._wind(wound, part, row)
        self.touched: Bits = np.cumsum(touched, axis=1, out=touched) > 0
        self.wound: Bits = np.cumsum(wound, axis=1, out=wound) != 0
        self._close_seams(beside, self._level_borders(edges))

    def counts(self) -> npt.NDArray[np.int32]:
        return np.zeros((self.height, self.width), dtype=np.int32)

    def _at(self, row: Floats, column: Floats) -> Ints:
        flat: Ints = ((row - self.top) * self.width + (column - self.left)).astype(np.int64)
        return flat

    def _touch(self, steps: npt.NDArray[np.int32], beside: Bits, part: _Edges, row: Floats) -> None:
        """Note where edges enter and leave a row, as +1 and -1; upright ones on a border go to `beside`."""
        xa, xb = _x_at(part, np.maximum(part.y0, row)), _x_at(part, np.minimum(part.y1, row + 1))
        level = part.y0 == part.y1
        xa, xb = np.where(level, part.x0, xa), np.where(level, part.x1, xb)
        spill = np.where(level | (part.x0 == part.x1), 0.0, SNAP)
        first, behind = np.floor(np.minimum(xa, xb) - spill), np.ceil(np.maximum(xa, xb) + spill)
        inside = first < behind
        np.add.at(steps.reshape(-1), self._at(row, first)[inside], np.int32(1))
        np.add.at(steps.reshape(-1), self._at(row, behind)[inside], np.int32(-1))
        beside.reshape(-1)[self._at(row, first)[~inside]] = True

    def _wind(self, steps: npt.NDArray[np.int32], part: _Edges, row: Floats) -> None:
        """Count turns around each pixel's middle: all pixels right of a crossing get its direction."""
        middle = row + 0.5
        crosses = (part.y0 <= middle) & (middle < part.y1)
        part, row, middle = part.pick(crosses), row[crosses], middle[crosses]
        np.add.at(steps.reshape(-1), self._at(row, np.floor(_x_at(part, middle) + 0.5)), part.turn)

    def _level_borders(self, edges: _Edges) -> Bits:
        """Where level edges lie on the upper border of a pixel."""
        level = edges.pick((edges.y0 == edges.y1) & (edges.y0 == np.floor(edges.y0)))
        steps = self.counts()
        first, behind = np.floor(np.minimum(level.x0, level.x1)), np.ceil(np.maximum(level.x0, level.x1))
        np.add.at(steps.reshape(-1), self._at(level.y0, first), np.int32(1))
        np.add.at(steps.reshape(-1), self._at(level.y0, behind), np.int32(-1))
        return np.cumsum(steps, axis=1, out=steps) > 0

    def _close_seams(self, beside: Bits, below: Bits) -> None:
        """Let an outline on a border touch both sides where neither belongs to the polygon.

        That is a spike, or a line drawn there and back: it would be lost, and a way out would lead through
        it.
        """
        free = ~(self.touched | self.wound)
        seam = beside[:, 1:] & free[:, 1:] & free[:, :-1]
        self.touched[:, 1:] |= seam
        self.touched[:, :-1] |= seam
        seam = below[1:] & free[1:] & free[:-1]
        self.touched[1:] |= seam
        self.touched[:-1] |= seam

    def whole(self, window: Bits, width: int, height: int, outside: bool) -> Bits:
        """The window laid into the picture of width x height pixels."""
        if self.step > 1:
            window = window.repeat(self.step, axis=0).repeat(self.step, axis=1)
        picture: Bits = np.full((height, width), outside)
        top, left = self.top * self.step, self.left * self.step
        y, x = max(top, 0), max(left, 0)
        seen = window[y - top : height - top, x - left : width - left]
        picture[y : y + seen.shape[0], x : x + seen.shape[1]] = seen
        return picture


def _scanned(corners: Floats, width: int, height: int) -> _Grid:
    """The grid of an outline, on the finest squares that keep the work in bounds."""
    edges, step = _Edges.of(corners), 1
    crossings = int(edges.rows().sum())
    while crossings / step + len(corners) * (step > 1) > MOST_CROSSINGS and step < max(width, height):
        step *= 2
    return _Grid(edges if step == 1 else _Edges.of(corners / step), step)


def _crossings(edges: _Edges) -> Iterator[tuple[_Edges, Floats]]:
    """Each edge once for each row it passes through, beside the row's number, in chunks of bounded size."""
    counts = edges.rows()
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        stop = min(stop, start + CHUNK)
        some = counts[start:stop]
        index = np.repeat(np.arange(start, stop), some)
        nth = np.arange(len(index)) - np.repeat(ends[start:stop] - some - done, some)
        part = edges.pick(index)
        yield part, np.floor(part.y0) + nth
        start = stop


def _x_at(part: _Edges, y: Floats) -> Floats:
    """Where each edge crosses its `y`, right to 1e-11 pixels, never beyond the edge's ends."""
    rise = part.y1 - part.y0
    slope = (part.x1 - part.x0) / np.where(rise == 0, 1.0, rise)
    x = part.x0 + (y - part.y0) * slope
    bounded: Floats = np.clip(x, np.minimum(part.x0, part.x1), np.maximum(part.x0, part.x1))
    return bounded


def _enclosed(free: Bits) -> Bits:
    """The free squares from which no way over free ones (up, down, left, right) leads to the window's rim.

    The rim itself is free. Works on runs of free squares in a row: its cost follows the outline, not
    the area.
    """
    change = np.diff(free.astype(np.int8), axis=1, prepend=0, append=0)
    row, first = np.nonzero(change == 1)
    behind = np.nonzero(change == -1)[1]
    key = free.shape[1] + 1
    # The next row's runs that share a column with ours: from the first that ends behind our start to the last
    # that begins before our end.
    low = np.searchsorted(row * key + behind, (row + 1) * key + first, side="right")
    high = np.searchsorted(row * key + first, (row + 1) * key + behind, side="left")
    shared = np.maximum(high - low, 0)
    above = np.repeat(np.arange(len(row)), shared)
    below = np.repeat(low - np.cumsum(shared) + shared, shared) + np.arange(len(above))
    label = _components(len(row), above, below)
    shut = label != label[0]
    if not shut.any():
        return np.zeros_like(free)
    steps = np.zeros(change.shape, dtype=np.int8)
    steps[row[shut], first[shut]] += 1
    steps[row[shut], behind[shut]] -= 1
    inside: Bits = np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1] > 0
    return inside


def _components(count: int, a: Ints, b: Ints) -> Ints:
    """Label `count` nodes so that two have the same label exactly when links from `a` to `b` join them."""
    label = np.arange(count)
    while True:
        lower = np.minimum(label[a], label[b])
        new = label.copy()
        for side in (a, b):
            np.minimum.at(new, label[side], lower)
            np.minimum.at(new, side, lower)
        while not np.array_equal(new, new[new]):
            new = new[new]
        if np.array_equal(new, label):
            return label
        label = new
