"""Lists that a server gives in pages: what is recorded, and when pictures were taken, whole or with what is missing.

Servers cut a list at their limit, and not all of them begin at the end that was asked for: some give the newest first
whatever is asked. So the order inside a page, and a look at both of its sides, tell where it was cut; the rest is asked
for from there. What nobody would give is `unknown`, never missing footage.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.vms.wire.nouns import FrameTimes, Intervals
from workbench.vms.wire.times import Time, position

MOST_PAGES = 10_000
LIMIT = 10_000
"""Times of pictures that are asked for at once; a server may give fewer."""
AskIntervals = Callable[[Time, Time], Intervals]
"""(begin, end) → one page."""
AskFrames = Callable[[Time, Time, int], FrameTimes]
"""(begin, end, limit) → one page."""


def intervals(ask: AskIntervals, begin: Time, end: Time) -> Intervals:
    """All of what is recorded from `begin` to `end`, ascending."""
    walk = _Walk(ask)
    walk.over(begin, end)
    return Intervals(
        intervals=tuple(sorted((start, stop) for stop, start in walk.found.items())),
        more=bool(walk.unknown),
        unknown=tuple(walk.unknown),
    )


class _Walk:
    """One list on its way home."""

    def __init__(self, ask: AskIntervals) -> None:
        self._ask, self._pages = ask, 0
        self._oldest_first: bool | None = None
        """Whether the server begins there; None while that is not known."""
        self.found: dict[int, int] = {}
        """End of a stretch → its begin: a page may begin inside a stretch that is known."""
        self.unknown: list[tuple[Time, Time]] = []

    def over(self, begin: Time, end: Time) -> None:
        """Ask for a range, and for what pages leave open on their sides."""
        rests = [(begin, end)]
        while rests:
            begin, end = rests.pop()
            page, news = self._page(begin, end)
            if not page.more:
                continue
            if not news:
                self.unknown.append((begin, end))
                continue
            first, last = _ends(page)
            if self._oldest_first is None and _before(begin, first):
                self._look_before(begin, first, rests)
            elif self._oldest_first is False and _before(begin, first):
                rests.append((begin, first))
            if self._oldest_first is not False and _before(last, end):
                rests.append((last, end))

    def _look_before(self, begin: Time, first: int, rests: list[tuple[Time, Time]]) -> None:
        """Find out whether the server began at the other end than asked: then more lies before its first page."""
        page, news = self._page(begin, first)
        nothing = page.rising is True and page.intervals[0][0] >= first
        self._oldest_first = False if news else True if nothing or not page.more else None
        if page.more and news:
            rests.append((begin, page.intervals[0][0]))
        elif page.more and not nothing:
            self.unknown.append((begin, first))

    def _page(self, begin: Time, end: Time) -> tuple[Intervals, bool]:
        """A page, and whether anything in it is new."""
        if self._pages >= MOST_PAGES:
            return Intervals(intervals=(), more=True), False
        self._pages += 1
        page = self._ask(begin, end)
        before = len(self.found)
        for start, stop in page.intervals:
            if start < stop:  # else it is the border of the range that cut one in two
                self.found[stop] = min(start, self.found.get(stop, start))
        if page.more and page.rising is None and len(page.intervals) > 1:  # what lies between them may have been cut
            self.unknown.append(_ends(page))
        return page, len(self.found) > before


def _ends(page: Intervals) -> tuple[int, int]:
    return page.intervals[0][0], max(stop for _, stop in page.intervals)


def frames(ask: AskFrames, begin: Time, end: Time, *, limit: int, newest_first: bool) -> FrameTimes:
    """Times of at most `limit` pictures from the end that is asked for, ascending; none where that is out of reach.

    ``more`` is True where there are further ones, or may be. Of a single picture the order of the page has to do.
    """
    found: set[int] = set()
    astray: bool | None = None
    """Whether the server begins at the other end: then it is asked on until it has come to ours."""
    for _ in range(MOST_PAGES):
        wanted = LIMIT if astray else min(LIMIT, max(2, limit - len(found)))  # of two the order can be seen
        page = ask(begin, end, wanted)
        known = len(found)
        found.update(page.times)
        if not page.more:
            return _cut(found, limit, newest_first, more=False)
        if len(found) == known:
            return FrameTimes(times=(), more=True) if astray else _cut(found, limit, newest_first, more=True)
        below, above = (begin, page.times[0] - 1), (page.times[-1] + 1, end)
        before, behind = (above, below) if newest_first else (below, above)
        if astray is None:
            as_asked = limit == 1 and page.rising is (not newest_first)
            astray = not as_asked and _holds(ask, *before)
        if not astray and len(found) >= limit:
            return _cut(found, limit, newest_first, more=True)
        begin, end = before if astray else behind
    return FrameTimes(times=(), more=True)


def _holds(ask: AskFrames, begin: Time, end: Time) -> bool:
    """Whether the server lists any picture there."""
    return not _before(end, begin) and bool(ask(begin, end, 2).times)


def _cut(found: set[int], limit: int, newest_first: bool, *, more: bool) -> FrameTimes:
    times = sorted(found)
    kept = times[-limit:] if newest_first else times[:limit]
    return FrameTimes(times=tuple(kept), more=more or len(times) > limit)


def _before(one: Time, other: Time) -> bool:
    return position(one) < position(other)
