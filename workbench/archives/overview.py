"""What is recorded, as coarse as a screen is: the same intervals, with holes smaller than a pixel counted, not drawn.

    overview(archive, "hall", (begin, end), most=1000).stretches

Nothing that is missing vanishes: a stretch says how many gaps were drawn over.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.archives.base import Archive
from workbench.core.coverage import Coverage
from workbench.core.errors import RequestError
from workbench.core.timebase import Moment, Range

MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Recorded from `begin` to `end`, but for `gaps` holes too small to be drawn."""

    begin: int
    end: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is recorded of one source in a range, coarsely."""

    source: str
    dated: bool
    range: Range
    stretches: tuple[Stretch, ...]
    witness: str
    """Who says what is missing."""
    notes: tuple[str, ...] = ()


def overview(
    archive: Archive, source: str, within: tuple[Moment | None, Moment | None] | None = None, *, most: int = 2000
) -> Overview:
    """At most `most` stretches, or so many as there are; holes shorter than 1/`most` of the range are merged away."""
    if not 1 <= most <= MOST:
        raise RequestError("most", f"{most} is not a number of stretches from 1 to {MOST}")
    return coarse(archive.coverage(source, within), most)


def coarse(coverage: Coverage, most: int) -> Overview:
    """A coverage as an overview."""
    least = (coverage.range.end - coverage.range.begin) // most
    holes = [(gap.begin, gap.end) for gap in coverage.gaps]
    out: list[list[int]] = []
    number = 0
    for interval in sorted(coverage.intervals, key=lambda i: i.begin):
        while number < len(holes) and holes[number][1] <= (out[-1][1] if out else interval.begin):
            number += 1
        hole = interval.begin - out[-1][1] if out else 0
        if out and hole < max(least, 1):
            out[-1][2] += 1 if _is_hole(holes, number, out[-1][1], interval.begin) else 0
            out[-1][1] = max(out[-1][1], interval.end)
        elif out and not _is_hole(holes, number, out[-1][1], interval.begin):
            out[-1][1] = max(out[-1][1], interval.end)  # less than a picture between two recordings is no gap
        else:
            out.append([interval.begin, interval.end, 0])
    return Overview(
        source=coverage.source,
        dated=coverage.dated,
        range=coverage.range,
        stretches=tuple(Stretch(begin=a, end=b, gaps=n) for a, b, n in out),
        witness=", ".join(dict.fromkeys(gap.witness for gap in coverage.gaps)),
        notes=coverage.notes,
    )


def _is_hole(holes: list[tuple[int, int]], number: int, begin: int, end: int) -> bool:
    """Whether the coverage calls it a gap what lies between two intervals."""
    return number < len(holes) and holes[number][0] < end and holes[number][1] > begin
