"""Borders of a request, moved to where a master's rounded times cannot change what they mean. Pure.

A master in Matroska counts milliseconds, cameras do not: a picture just inside a border may come to lie just outside.
The VMS's own list of pictures tells which ones a border parts, so it is laid well between those two.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from workbench.core.spec import Mask
from workbench.core.timebase import Moment, Offset, Range, instant, instant_us

ROUNDING = 2_000
"""Microseconds by which a master may tell a picture's time wrong, and a bit."""


def snapped(wanted: Range, listed: Sequence[int]) -> Range:
    """A range that holds the same listed pictures, its borders well between pictures."""
    return Range(_between(wanted.begin, listed), max(_between(wanted.end, listed), _between(wanted.begin, listed)))


def snapped_mask(mask: Mask, listed: Sequence[int]) -> Mask:
    """A mask that covers the same listed pictures: what is shown at its begin, and nothing from its end on."""
    begin, end = _us(mask.begin), _us(mask.end)
    if begin is not None:
        begin = _inside(begin, listed, bisect_right(listed, begin), 2)
    if end is not None:
        end = _inside(end, listed, bisect_left(listed, end), 4)
        end = end if begin is None else max(end, begin + 1)
    return replace(mask, begin=_moment(begin, mask.begin), end=_moment(end, mask.end))


def _us(moment: Moment | None) -> int | None:
    return None if moment is None or isinstance(moment, Offset) else instant_us(moment)


def _moment(us: int | None, before: Moment | None) -> Moment | None:
    return before if us is None else instant(us)


def _between(us: int, listed: Sequence[int]) -> int:
    return _inside(us, listed, bisect_left(listed, us), 3)


def _inside(us: int, listed: Sequence[int], behind: int, sixths: int) -> int:
    """So many sixths of the way from the picture before number `behind` to it; beside the only one where one is."""
    if not listed:
        return us
    if behind == 0:
        return min(us, listed[0] - ROUNDING)
    if behind == len(listed):
        return max(us, listed[-1] + ROUNDING)
    return listed[behind - 1] + (listed[behind] - listed[behind - 1]) * sixths // 6
