"""An overview draws over small holes, and never hides that they are there."""

from __future__ import annotations

from itertools import pairwise

from workbench.archives.overview import Stretch, coarse
from workbench.core.coverage import Coverage, Gap, Interval
from workbench.core.timebase import Range


def coverage(*runs: tuple[int, int], gaps: bool = True) -> Coverage:
    """Intervals with everything between them a gap."""
    holes = [Gap(begin=a[1], end=b[0], witness="file times") for a, b in pairwise(runs)]
    return Coverage(
        source="hall",
        dated=False,
        range=Range(0, 1000),
        intervals=tuple(Interval(begin=a, end=b, file="a") for a, b in runs),
        gaps=tuple(holes) if gaps else (),
    )


def test_small_holes_are_counted() -> None:
    """Holes below a pixel are drawn over and counted; larger ones stay."""
    found = coarse(coverage((0, 100), (105, 200), (203, 300), (500, 1000)), most=10)
    assert found.stretches == (Stretch(begin=0, end=300, gaps=2), Stretch(begin=500, end=1000, gaps=0))


def test_no_hole_is_invented() -> None:
    """Recordings that follow each other within a picture are one stretch without a gap."""
    found = coarse(coverage((0, 100), (101, 200), gaps=False), most=1000)
    assert found.stretches == (Stretch(begin=0, end=200, gaps=0),)


def test_all_holes_show_when_there_is_room() -> None:
    """At the finest, each interval stands alone."""
    assert len(coarse(coverage((0, 100), (105, 200), (203, 300)), most=1000).stretches) == 3
