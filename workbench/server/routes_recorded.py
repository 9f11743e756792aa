"""What is recorded when: intervals, frame times, depth, capacity, calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from workbench.core.coverage import Coverage
from workbench.core.errors import NothingRecorded, RequestError, SourceError
from workbench.core.timebase import SECOND
from workbench.server.call import Call, Endpoint, Query, document
from workbench.server.listing import Listed
from workbench.server.routes_cameras import CAMERA
from workbench.vms.wire import recorded
from workbench.vms.wire.ids import HOSTS
from workbench.vms.wire.nouns import Depth, FrameTimes, Intervals
from workbench.vms.wire.paths import CALENDAR, CONTENTS, Family, order
from workbench.vms.wire.times import FUTURE, PAST, Time

SCALE = SECOND
"""Microseconds of one unit of ``scale``, which the API leaves open."""
INTERVALS, MOST_INTERVALS = 100, 10_000
FRAMES, MOST_FRAMES = 250, 10_000
DAY = 86_400 * SECOND
MOST_DAYS = 100_000


async def intervals(call: Call) -> Response:
    """``archive/contents/intervals``: stretches, those closer than ``scale`` seconds joined."""
    listed = await scoped(call)
    begin, end, newest_first = span(call, CONTENTS)
    limit, offset = call.whole("limit", INTERVALS, 1, MOST_INTERVALS), call.whole("offset", 0, 0, 2**31)
    scale = call.number("scale", 0.0)
    if scale < 0:
        raise RequestError("scale", "it lies below 0")
    found = stretches(await _coverage(call, listed, begin, end), int(min(scale, 1e11) * SCALE))
    ordered = found[::-1] if newest_first else found
    shown = ordered[offset : offset + limit]
    answer = Intervals(intervals=tuple(shown), more=len(ordered) > offset + limit)
    return document(recorded.write_intervals(answer, newest_first=newest_first))


async def frames(call: Call) -> Response:
    """``archive/contents/frames``: when pictures are shown; begin included, end not."""
    listed = await scoped(call)
    begin, end, newest_first = span(call, CONTENTS)
    limit = call.whole("limit", FRAMES, 1, MOST_FRAMES)
    within = await call.service.desk.ask(call.service.listing.within, listed, begin, end)
    found: tuple[int, ...] = ()
    if within is not None:
        moments = listed.moment(within.begin), listed.moment(within.end)
        found = await call.service.desk.ask(
            call.service.archive.instants, listed.source.id, moments, limit=limit + 1, newest_first=newest_first
        )
    times = sorted(found, reverse=newest_first)
    answer = FrameTimes(times=tuple(times[:limit]), more=len(times) > limit)
    return document(recorded.write_frames(answer, newest_first=newest_first))


async def depth(call: Call) -> Response:
    """``archive/statistics/depth``: from the first picture to the end of the last."""
    listed = await scoped(call)
    whole = await call.service.desk.ask(call.service.listing.whole, listed)
    if whole is None:
        raise NothingRecorded("this camera has no footage")
    return document(recorded.write_depth(Depth(start=whole.begin, end=whole.end)))


async def capacity(call: Call) -> Response:
    """``archive/statistics/capacity``: seconds recorded, and bytes by each file's share of them."""
    listed = await scoped(call)
    begin, end, _ = span(call, CONTENTS)
    part, whole = await _coverage(call, listed, begin, end), await _coverage(call, listed, PAST, FUTURE)
    sizes = await call.service.desk.ask(_sizes, call, listed.source.id)
    if whole is not None and not sizes:
        raise SourceError("nobody says how much room this camera's footage takes")
    lasting, wanted = _by_file(whole), _by_file(part)
    size = sum(sizes.get(file, 0) * us // lasting[file] for file, us in wanted.items())
    return document(recorded.write_capacity(size, sum(wanted.values()) // SECOND))


async def calendar(call: Call) -> Response:
    """``archive/calendar``: UTC days with footage."""
    listed = await scoped(call)
    begin, end, _ = span(call, CALENDAR)
    days: set[int] = set()
    for low, high in stretches(await _coverage(call, listed, begin, end), 0):
        days.update(range(low - low % DAY, min(high, low + MOST_DAYS * DAY), DAY))
    return document(recorded.write_calendar(sorted(days)))


async def scoped(call: Call) -> Listed:
    """The camera of the address, once it is clear that the archive named beside it is its."""
    listed = await call.camera()
    check_storage(call, call.text("archive"))
    return listed


def check_storage(call: Call, named: str) -> None:
    """SourceError for a volume that is not there; none named is the default one."""
    known = call.service.config.storage_name
    if named and named.removeprefix(HOSTS) != known.removeprefix(HOSTS):
        raise SourceError("there is no such archive here", "`/archive/list/` names it.")


def span(call: Call, family: Family) -> tuple[Time, Time, bool]:
    """Begin, end and direction of an address with two times, either of which may be left out."""
    first, second = call.time("first", PAST), call.time("second", FUTURE)
    return order(first, second, family)


async def _coverage(call: Call, listed: Listed, begin: Time, end: Time) -> Coverage | None:
    return await call.service.desk.ask(call.service.listing.coverage, listed, begin, end)


def stretches(coverage: Coverage | None, apart: int) -> list[tuple[int, int]]:
    """Recorded stretches, ascending; neighbours are one where no gap parts them, or none longer than `apart`."""
    found: list[tuple[int, int]] = []
    gaps = [] if coverage is None else [(gap.begin, gap.end) for gap in coverage.gaps]
    for interval in () if coverage is None else coverage.intervals:
        if found and (interval.begin - found[-1][1] <= apart or _joined(found[-1][1], interval.begin, gaps)):
            found[-1] = (found[-1][0], max(found[-1][1], interval.end))
        else:
            found.append((interval.begin, interval.end))
    return found


def _joined(end: int, begin: int, gaps: list[tuple[int, int]]) -> bool:
    """Whether one stretch goes on in the next."""
    return not any(low < begin and high > end for low, high in gaps)


def _sizes(call: Call, source: str) -> Mapping[str, int]:
    """Bytes of each recording that lies on this machine."""
    recordings = call.service.archive.describe(source).recordings
    return {one.file: one.path.stat().st_size for one in recordings if one.path.is_file()}


def _by_file(coverage: Coverage | None) -> dict[str, int]:
    """Microseconds by file."""
    found: dict[str, int] = {}
    for interval in () if coverage is None else coverage.intervals:
        found[interval.file] = found.get(interval.file, 0) + interval.end - interval.begin
    return found


ARCHIVE = Query(name="archive", about="Which archive; the default one where left out", schema={"type": "string"})


def _limit(default: int) -> Query:
    schema: dict[str, Any] = {"type": "integer", "minimum": 1, "default": default}
    return Query(name="limit", about="Entries at most", schema=schema)


def _endpoint(name: str, answer: Any, about: str, *query: Query, timed: bool = True) -> Endpoint:
    base = f"/archive/{name}/{CAMERA}"
    return Endpoint(
        method="GET",
        path=f"{base}/{{first}}/{{second}}" if timed else base,
        also=(base, f"{base}/{{first}}") if timed else (),
        answer=answer,
        about=about,
        needs=("view",),
        query=(*query, ARCHIVE),
        fails=(400, 404, 503),
    )


ENDPOINTS = (
    _endpoint(
        "contents/intervals",
        intervals,
        "Recorded stretches; times END/BEGIN",
        _limit(INTERVALS),
        Query(name="scale", about="Gaps shorter than this many seconds are joined", schema={"type": "number"}),
        Query(name="offset", about="Stretches to leave out first", schema={"type": "integer", "minimum": 0}),
    ),
    _endpoint("contents/frames", frames, "Times of pictures; times END/BEGIN", _limit(FRAMES)),
    _endpoint("statistics/depth", depth, "First and last instant", timed=False),
    _endpoint("statistics/capacity", capacity, "Bytes and seconds, approximate; times END/BEGIN"),
    _endpoint("calendar", calendar, "Days with footage, ms since 1900; times BEGIN/END"),
)
