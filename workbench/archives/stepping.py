"""From one picture to another: the next one, a second on, the next key picture, the next border of a gap.

    step(archive, "hall", at, 1, "frame")         # instant of the next picture, None where there is none
    step(archive, "hall", at, -1, "gap")

`at` and the answer are microseconds on the source's time line; the answer is always the instant of a picture.
"""

from __future__ import annotations

from typing import Literal, get_args

from workbench.archives.base import Archive
from workbench.core.coverage import Source
from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.timebase import SECOND, Moment, Offset, instant

Unit = Literal["frame", "second", "key", "gap"]
MOST = 10_000


def moment(source: Source, us: int) -> Moment:
    """A place on a source's time line as a request writes it."""
    return instant(us) if source.dated else Offset(max(0, us))


def step(archive: Archive, source: str, at: int, by: int, unit: Unit) -> int | None:
    """The instant `by` units behind (before, where negative) the picture shown at `at`; None beyond the recording.

    RequestError for another unit or 0 steps; SourceError where the archive does not know key pictures.
    """
    units: tuple[str, ...] = get_args(Unit)
    if unit not in units:
        raise RequestError("unit", f"{unit!r} is none of {', '.join(units)}")
    if type(by) is not int or by == 0 or abs(by) > MOST:
        raise RequestError("by", f"{by!r} is no number of steps from 1 to {MOST}, or from −1 to −{MOST}")
    found = archive.source(source)
    if found.first is None or found.last is None:
        return None
    if unit == "second":
        return shown(archive, found, at + by * SECOND, by)
    if unit == "gap":
        return _border(archive, found, at, by)
    return _nth(archive, found, at, by, keys=unit == "key")


def shown(archive: Archive, source: Source, us: int, towards: int = 1) -> int | None:
    """The picture shown at an instant; where nothing is recorded, the nearest one in the direction of `towards`."""
    first, last = source.first, source.last
    if first is None or last is None:
        return None
    us = min(max(us, first), last)
    try:
        return archive.frame(source.id, moment(source, us)).instant
    except NothingRecorded:
        return _nth(archive, source, us, 1 if towards > 0 else -1, keys=False)


def _nth(archive: Archive, source: Source, at: int, by: int, *, keys: bool) -> int | None:
    """The picture (or key picture) so many behind or before `at`."""
    ask = archive.keys if keys else archive.instants
    first, last = source.first or 0, source.last or 0
    if by < 0:
        here = shown(archive, source, at, -1) if at > first else first
        begin, end = first, min(at if here is None else here, last + 1)
    else:
        begin, end = max(first, at + 1), last + 1
    if begin >= end:
        return None
    within = (moment(source, begin), moment(source, end))
    found = ask(source.id, within, limit=abs(by), newest_first=by < 0)
    return found[abs(by) - 1] if len(found) >= abs(by) else (found[-1] if found else None)


def _border(archive: Archive, source: Source, at: int, by: int) -> int | None:
    """The first picture behind a gap, or the last one before it."""
    whole = archive.coverage(source.id)
    borders = sorted({g.begin - 1 for g in whole.gaps} | {g.end for g in whole.gaps} | {source.first or 0})
    pictures = [us for us in borders if (us > at if by > 0 else us < at)]
    ordered = pictures if by > 0 else pictures[::-1]
    for us in ordered:
        found = shown(archive, source, us, by)
        if found is not None and (found > at if by > 0 else found < at):
            by -= 1 if by > 0 else -1
            if by == 0:
                return found
    return None
