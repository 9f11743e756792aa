"""What is recorded, as coarse as a screen is: the same intervals, with holes smaller than a pixel counted, not drawn.

    overview(archive, "hall", (begin, end), most=1000).stretches

Nothing that is missing vanishes: a stretch says how many gaps were drawn over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from workbench.archives.base import Archive
from workbench.core.coverage import Coverage, Source
from workbench.core.errors import RequestError, SourceError
from workbench.core.overview import Overview, Stretch
from workbench.core.timebase import Moment, Range

__all__ = ["MOST", "Overview", "Stretch", "check_most", "coarse", "merged", "named", "overview", "runs_of", "told"]

MOST = 20_000
Run = tuple[int, int]
"""Begin and end of what is recorded without a gap."""


def check_most(most: int) -> None:
    """RequestError unless `most` is a number of stretches that can be asked for."""
    if not 1 <= most <= MOST:
        raise RequestError("most", f"{most} is not a number of stretches from 1 to {MOST}")


def overview(
    archive: Archive, source: str, within: tuple[Moment | None, Moment | None] | None = None, *, most: int = 2000
) -> Overview:
    """At most `most` stretches, or so many as there are; holes shorter than 1/`most` of the range are merged away."""
    check_most(most)
    return coarse(archive.coverage(source, within), most)


def told(source: str, ask: Callable[[], Overview]) -> Overview:
    """What `ask` finds; where the source is not there, or cannot be asked so, an empty overview that says why."""
    try:
        return ask()
    except (RequestError, SourceError) as exc:
        note = f"nothing is told of this range: {exc.message}"
        return Overview(source=source, dated=True, range=Range(0, 0), stretches=(), witness="", notes=(note,))


def named(found: Overview, source: Source) -> Overview:
    """An overview with what its source says of itself."""
    return replace(
        found,
        name=source.name,
        first=source.first,
        last=source.last,
        zone=source.zone,
        zone_assumed=source.zone_assumed,
    )


def coarse(coverage: Coverage, most: int) -> Overview:
    """A coverage as an overview."""
    runs = runs_of(coverage)
    return Overview(
        source=coverage.source,
        dated=coverage.dated,
        range=coverage.range,
        stretches=merged([run[0] for run in runs], [run[1] for run in runs], coverage.range, most),
        witness=", ".join(dict.fromkeys(gap.witness for gap in coverage.gaps)),
        notes=coverage.notes,
    )


def runs_of(coverage: Coverage) -> list[Run]:
    """What is recorded without a gap: less than a picture between two recordings is none."""
    holes = [(gap.begin, gap.end) for gap in coverage.gaps]
    out: list[Run] = []
    number = 0
    for interval in sorted(coverage.intervals, key=lambda i: i.begin):
        reached = out[-1][1] if out else interval.begin
        while number < len(holes) and holes[number][1] <= reached:
            number += 1
        if out and not (number < len(holes) and holes[number][0] < interval.begin):
            out[-1] = out[-1][0], max(reached, interval.end)
        else:
            out.append((interval.begin, interval.end))
    return out


def merged(begins: Sequence[int], ends: Sequence[int], wanted: Range, most: int) -> tuple[Stretch, ...]:
    """Runs inside a range, those with a hole smaller than 1/`most` of it between them as one that counts it.

    `begins` and `ends` are those of `runs_of`: in order, and none within another.
    """
    least = max((wanted.end - wanted.begin) // most, 1)
    low, high = bisect_right(ends, wanted.begin), bisect_left(begins, wanted.end)
    if low >= high:
        return ()
    begins, ends = begins[low:high], ends[low:high]
    holes = [after - before for before, after in zip(ends, begins[1:], strict=False)]
    last_of = [n for n, hole in enumerate(holes) if hole >= least]
    first_of = [0, *(n + 1 for n in last_of)]
    return tuple(
        Stretch(
            begin=max(begins[first], wanted.begin),
            end=min(ends[last], wanted.end),
            gaps=last - first - holes[first:last].count(0),
        )
        for first, last in zip(first_of, [*last_of, len(holes)], strict=True)
    )
