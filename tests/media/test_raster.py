"""The rasteriser against exact arithmetic on small grids: nothing touched is missed, nothing else taken."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.media.raster import Bits, covered, uncertain

WIDE, HIGH, PARTS = 9, 7, 4
Corner = tuple[int, int]
corners = st.lists(
    st.tuples(st.integers(0, WIDE * PARTS), st.integers(0, HIGH * PARTS)), min_size=3, max_size=7, unique=True
)


def _passes(a: Corner, b: Corner, x: int, y: int, closed: bool) -> bool:
    """Whether the edge a–b meets the square at (x, y), with or without its border, in exact arithmetic."""
    low, high = (Fraction(0), Fraction(1))
    begin, end = Fraction(-1), Fraction(2)
    for p, d, edge in ((a[0], b[0] - a[0], x * PARTS), (a[1], b[1] - a[1], y * PARTS)):
        if d == 0:
            if not (edge <= p <= edge + PARTS if closed else edge < p < edge + PARTS):
                return False
        else:
            first, last = sorted((Fraction(edge - p, d), Fraction(edge + PARTS - p, d)))
            begin, end = max(begin, first), min(end, last)
    return (
        (begin <= end and begin <= high and end >= low)
        if closed
        else (begin < end and begin < high and end > low)
    )


def _turns(points: list[Corner], x: int, y: int) -> int:
    """How often the outline winds around the middle of the square at (x, y), which it does not meet."""
    px, py, count = Fraction(2 * x + 1, 2) * PARTS, Fraction(2 * y + 1, 2) * PARTS, 0
    for a, b in zip(points, points[1:] + points[:1], strict=True):
        if (a[1] <= py) != (b[1] <= py) and a[0] + (py - a[1]) * Fraction(b[0] - a[0], b[1] - a[1]) > px:
            count += 1 if b[1] > a[1] else -1
    return count


def _oracle(points: list[Corner]) -> tuple[Bits, Bits, Bits]:
    """For each square: does the outline meet its inside, does it meet it at all, does it wind around it."""
    inside, at_all, wound = (np.zeros((HIGH, WIDE), dtype=bool) for _ in range(3))
    for y, x in product(range(HIGH), range(WIDE)):
        for a, b in zip(points, points[1:] + points[:1], strict=True):
            inside[y, x] |= _passes(a, b, x, y, closed=False)
            at_all[y, x] |= _passes(a, b, x, y, closed=True)
        wound[y, x] = _turns(points, x, y) != 0
    return inside, at_all, wound


def _outside(blocked: Bits) -> Bits:
    """The squares that a walk over free squares from outside the grid reaches."""
    free = np.pad(~blocked, 1, constant_values=True)
    reached = np.zeros_like(free)
    reached[0, 0] = True
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= free
        if (grown == reached).all():
            return reached[1:-1, 1:-1]
        reached = grown


def _scaled(points: list[Corner]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(points, dtype=np.float64) / PARTS


@given(points=corners)
def test_covers_all_and_no_more(points: list[Corner]) -> None:
    """All squares that the polygon meets or winds around are covered, none that lies open to the outside."""
    inside, at_all, wound = _oracle(points)
    cover = covered(_scaled(points), WIDE, HIGH)
    assert not ((inside | wound) & ~cover).any()
    assert not (cover & _outside(at_all | wound)).any()


@given(points=corners)
def test_inverted_shows_whole_squares_only(points: list[Corner]) -> None:
    """An inverted polygon shows the squares it winds around without meeting them, and no others."""
    inside, at_all, wound = _oracle(points)
    shown = ~uncertain(_scaled(points), WIDE, HIGH)
    assert not (shown & (inside | ~wound)).any()
    assert not (wound & ~at_all & ~shown).any()


@given(points=st.lists(st.tuples(st.floats(0, WIDE), st.floats(0, HIGH)), min_size=3, max_size=9))
def test_no_float_breaks_it(points: list[tuple[float, float]]) -> None:
    """Whatever the corners, each lies in a covered square, and what is shown inverted is covered plain."""
    grid = np.array(points)
    cover = covered(grid, WIDE, HIGH)
    assert not (~uncertain(grid, WIDE, HIGH) & ~cover).any()
    for x, y in points:
        if 1e-9 < x % 1 < 1 - 1e-9 and 1e-9 < y % 1 < 1 - 1e-9:
            assert cover[int(y), int(x)]


def test_borders_do_not_spill() -> None:
    """A rectangle on pixel borders covers its pixels exactly, rounding errors of scaling included."""
    rectangle = np.array([(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)]) * [1920, 1080]
    cover = covered(rectangle, 1920, 1080)
    assert cover.sum() == 768 * 432 and cover[324:756, 576:1344].all()
    assert (uncertain(rectangle, 1920, 1080) == ~cover).all()


RING = [(1, 1), (8, 1), (8, 6), (1, 6), (1, 1), (3, 3), (3, 5), (6, 5), (6, 3), (3, 3)]
TWICE = [(2, 2), (7, 2), (7, 5), (2, 5), (2, 2), (2, 5), (7, 5), (7, 2)]
LOOPS = [(0, 0), (6, 0), (6, 4), (0, 4), (0, 0), (3, 2), (3, 6), (8, 6), (8, 2), (3, 2)]


@pytest.mark.parametrize(
    "points", [RING, TWICE, LOOPS], ids=["ring with a bridge", "there and back", "loops against each other"]
)
def test_no_hole_is_left(points: list[Corner]) -> None:
    """What an outline encloses is covered even where its windings cancel out."""
    cover = covered(np.array(points, dtype=float), WIDE, HIGH)
    assert cover[3, 4] and cover[3, 3] and cover[4, 4]


def test_spikes_are_covered() -> None:
    """A spike without area is covered, on a pixel border on both sides of it."""
    cover = covered(np.array([(0, 0), (2, 0), (2, 2), (7, 2), (2, 2), (0, 2)], dtype=float), WIDE, HIGH)
    assert cover[1:3, 2:7].all() and not cover[3:].any()


def test_bay_stays_visible() -> None:
    """A bay that opens by a pixel or more is outside."""
    bay = np.array([(0, 0), (9, 0), (9, 2), (2, 2), (2, 5), (9, 5), (9, 7), (0, 7)], dtype=float)
    assert not covered(bay, WIDE, HIGH)[2:5, 2:].any()


def test_dense_outlines_cover_more_not_less() -> None:
    """Thousands of edges from top to bottom are drawn on a coarser grid that covers all that they touch."""
    x = np.linspace(100, 300, 20_000)
    cover = covered(np.column_stack((x, np.where(np.arange(20_000) % 2, 0, 1080))), 1920, 1080)
    assert cover[:, 100:300].all() and not cover[:, 320:].any()


def test_a_million_corners() -> None:
    """A million corners take less than two seconds of processor time and give their ellipse's area."""
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ellipse = np.column_stack((960 + 800 * np.cos(angle), 540 + 500 * np.sin(angle)))
    start = time.process_time()
    cover = covered(ellipse, 1920, 1080)
    assert time.process_time() - start < 2
    assert np.pi * 800 * 500 < cover.sum() < np.pi * 801 * 501
