"""An overview draws over small holes, and never hides that they are there."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.archives.served import BEGIN, LATER
from tests.archives.served import archive as recordings
from workbench.archives.local import LocalArchive
from workbench.archives.overview import Stretch, coarse
from workbench.archives.remote import RemoteArchive
from workbench.core.coverage import Coverage, Gap, Interval
from workbench.core.timebase import Range, instant
from workbench.server.serving import Background


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


def test_named_cameras_are_asked_for_and_no_others(tmp_path: Path) -> None:
    """A VMS is asked one question for the list and one for each camera named; what is not there is told, not raised."""
    folder = recordings(tmp_path / "recordings")
    within = instant(BEGIN + 1_000_000), instant(LATER + 1_000_000)
    with Background(folder) as server:
        here, there = LocalArchive(folder, tmp_path / "cache"), RemoteArchive(server.url)
        hall = there.source("Entrance hall").id
        before = len(there.connection.client.flight.calls)
        found = there.overviews(within, most=100, sources=[hall, "nobody"])
        asked = [call.path for call in there.connection.client.flight.calls[before:]]
        there.close()
    assert len(asked) == 2, asked
    mine = here.overviews(within, most=100, sources=["nobody", "yard.mp4", "hall"])
    assert [one.source for one in mine] == ["nobody", "yard.mp4", "hall"]
    assert mine[2].stretches == found[0].stretches and len(found[0].stretches) == 2
    for nothing in (mine[0], mine[1], found[1]):
        assert nothing.stretches == () and nothing.range == Range(0, 0) and "nothing is told" in nothing.notes[0]
    here.close()
