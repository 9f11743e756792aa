"""From one picture to another: the next one, a second on, the next key picture, the next edge of a gap.

    step(Track(span=…, times=…, …), at, 1, "frame")     # as `Archive.step` does; None where nothing follows

Places are microseconds on the source's time line, and every answer is the instant of a picture. Looking begins close
by and widens, so that a step costs the same in an hour and in a month. At a gap, the last picture before it and the
first behind it are its edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from workbench.core.coverage import Gap
from workbench.core.errors import RequestError, SourceError
from workbench.core.timebase import SECOND, Moment, Range

Unit = Literal["frame", "second", "key", "gap"]
MOST = 10_000
_NEAR = (2 * SECOND, 60 * SECOND, 3600 * SECOND, 86_400 * SECOND)
"""How far pictures are looked for at once, one window behind the other."""
_WIDE = (3600 * SECOND, 86_400 * SECOND, 30 * 86_400 * SECOND)
"""How far gaps are looked for, each window from the same place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One source's time line, as far as stepping needs it."""

    span: Callable[[], Range]
    """From the first picture to the end of the last one; empty where nothing is recorded."""
    times: Callable[[Range, int, bool, bool], Sequence[int]]
    """(range, at most so many, newest first, key pictures alone) → instants of pictures in that order."""
    recorded: Callable[[int], bool]
    """Whether a picture is shown at an instant."""
    gaps: Callable[[Range], tuple[Sequence[Gap], bool]]
    """Gaps of a range, in order, cut at its borders; and whether they are all."""


def check_step(by: int, unit: str) -> None:
    """RequestError for a number of steps or a unit that no step has."""
    units: tuple[str, ...] = get_args(Unit)
    if unit not in units:
        raise RequestError("unit", f"{unit!r} is none of {', '.join(units)}")
    if type(by) is not int or by == 0 or abs(by) > MOST:
        raise RequestError("by", f"{by!r} is no number of steps from 1 to {MOST}, or from −1 to −{MOST}")


def place_of(at: Moment | int, resolve: Callable[[Moment], int]) -> int:
    """A place on the time line: microseconds as they are, a written time resolved."""
    if isinstance(at, bool) or (isinstance(at, int) and abs(at) > 10**18):
        raise RequestError("at", f"{at!r} is no place on a time line")
    return at if isinstance(at, int) else resolve(at)


def step(track: Track, at: int, by: int, unit: Unit) -> int | None:
    """The instant `by` units behind (before, where negative) the picture shown at `at`; None where nothing is there.

    Fewer pictures than asked for: the last of them. Raises RequestError for another unit or 0 steps.
    """
    check_step(by, unit)
    whole = track.span()
    if whole.begin >= whole.end:
        return None
    here = _shown(track, whole, at)
    if unit == "second":
        return _seconds(track, whole, at, here, by)
    if unit == "gap":
        return _last([found for _, found in zip(range(abs(by)), _edges(track, whole, at, here, by > 0), strict=False)])
    return _last(_pictures(track, whole, at, here, by, keys=unit == "key"))


def _last(found: Sequence[int]) -> int | None:
    return found[-1] if found else None


def _shown(track: Track, whole: Range, at: int) -> int | None:
    """Instant of the picture shown at `at`; None before, behind and in a gap."""
    return _last(_before(track, whole, at + 1, 1)) if at in whole and track.recorded(at) else None


def _before(track: Track, whole: Range, end: int, most: int, *, keys: bool = False) -> list[int]:
    """The last pictures before `end`, newest first."""
    found: list[int] = []
    end = min(end, whole.end)
    for width in (*_NEAR, whole.end - whole.begin):
        begin = max(whole.begin, end - width)
        if begin < end and len(found) < most:
            found += track.times(Range(begin, end), most - len(found), True, keys)
            end = begin
    return found


def _behind(track: Track, whole: Range, begin: int, most: int, *, keys: bool = False) -> list[int]:
    """The first pictures from `begin` on, in order."""
    found: list[int] = []
    begin = max(begin, whole.begin)
    for width in (*_NEAR, whole.end - whole.begin):
        end = min(whole.end, begin + width)
        if begin < end and len(found) < most:
            found += track.times(Range(begin, end), most - len(found), False, keys)
            begin = end
    return found


def _pictures(track: Track, whole: Range, at: int, here: int | None, by: int, *, keys: bool) -> list[int]:
    if by > 0:
        return _behind(track, whole, at + 1, by, keys=keys)
    return _before(track, whole, at + 1 if here is None else here, -by, keys=keys)


def _seconds(track: Track, whole: Range, at: int, here: int | None, by: int) -> int | None:
    wanted = min(max(at + by * SECOND, whole.begin), whole.end - 1)
    found = _shown(track, whole, wanted)
    if found is None:  # in a gap: on over it
        found = _last(_pictures(track, whole, wanted, None, 1 if by > 0 else -1, keys=False))
    if found is not None and (found > at if by > 0 else found < (at if here is None else here)):
        return found
    return _last(_pictures(track, whole, at, here, 1 if by > 0 else -1, keys=False))


def _edges(track: Track, whole: Range, at: int, here: int | None, onward: bool) -> Iterator[int]:
    """The pictures beside gaps, from `at` on, nearest first."""
    place = at if here is None else here
    told = at if onward else place
    for width in (*_WIDE, whole.end - whole.begin):
        wanted = (Range(place, place + width) if onward else Range(place - width, place + 1)).meet(whole)
        gaps, complete = track.gaps(wanted) if wanted is not None else ((), True)
        for gap in gaps if onward else gaps[::-1]:
            # A hole that a window cuts may be shorter than a picture, and none: the next window tells.
            cut = wanted is None or (gap.end >= wanted.end if onward else gap.begin <= wanted.begin)
            if cut or (gap.end <= told if onward else gap.begin >= told):
                continue
            for found in _beside(track, whole, gap, onward):
                if found > told if onward else found < told:
                    told = found
                    yield found
        if not complete:
            raise SourceError("the list of what is recorded was cut: the next gap is not known", "Step by seconds.")


def _beside(track: Track, whole: Range, gap: Gap, onward: bool) -> list[int]:
    first, last = _before(track, whole, gap.begin, 1), _behind(track, whole, gap.end, 1)
    return first + last if onward else last + first
