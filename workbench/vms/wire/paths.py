"""Every address of the contract: without host and prefix, already percent-encoded, queries left to the caller.

The two times of a path do not stand in the same order everywhere; `order` says what they mean where:

    EXPORT     /BEGIN/END   swapped where BEGIN lies after END
    CALENDAR   /BEGIN/END   days ascending
    CONTENTS   /END/BEGIN   END before BEGIN is newest first; intervals, frames, capacity, health, bookmarks
    EVENTS     /END/BEGIN   END after BEGIN is newest first; alerts, detectors, audit

Two words instead of numbers mean the same in CONTENTS and EVENTS: ``past/future`` newest first, ``future/past``
oldest first. A time left out is the first or the second default of `order`.

>>> intervals("S/DeviceIpint.1/SourceEndpoint.video:0:0", PAST, FUTURE, newest_first=True)
'/archive/contents/intervals/S/DeviceIpint.1/SourceEndpoint.video:0:0/past/future'
>>> order(PAST, FUTURE)
(<Bound.PAST: 'past'>, <Bound.FUTURE: 'future'>, True)
"""

from __future__ import annotations

from enum import Enum
from typing import Literal
from urllib.parse import quote

from workbench.core.errors import RequestError
from workbench.vms.wire.ids import SourceId, source_id
from workbench.vms.wire.times import FUTURE, PAST, Bound, Time, position, write

Source = SourceId | str
ExportKind = Literal["archive", "live"]


class Family(Enum):
    """Addresses whose two times are read alike."""

    EXPORT = "export"
    CALENDAR = "calendar"
    CONTENTS = "contents"
    EVENTS = "events"


EXPORT, CALENDAR, CONTENTS, EVENTS = Family.EXPORT, Family.CALENDAR, Family.CONTENTS, Family.EVENTS


def order(first: Time = PAST, second: Time = FUTURE, family: Family = CONTENTS) -> tuple[Time, Time, bool]:
    """What the two times of a path mean: begin, end (begin ≤ end) and whether newest comes first."""
    low, high = sorted((first, second), key=position)
    if family in (EXPORT, CALENDAR):
        return low, high, False
    falling = position(first) < position(second)
    if family is EVENTS and not (isinstance(first, Bound) and isinstance(second, Bound)):
        falling = position(first) > position(second)
    return low, high, falling


def _times(family: Family, begin: Time, end: Time, newest_first: bool = False) -> str:
    """The two times in the order of a family; begin and end may come either way round."""
    low, high = sorted((begin, end), key=position)
    if family in (EXPORT, CALENDAR):
        return f"{write(low)}/{write(high)}"
    rising_first = family is EVENTS and not (isinstance(low, Bound) and isinstance(high, Bound))
    first, second = (low, high) if newest_first is not rising_first else (high, low)
    return f"{write(first)}/{write(second)}"


def _source(source: Source) -> str:
    return quote(str(source if isinstance(source, SourceId) else source_id(source)), safe="/:")


def _segment(text: str, field: str = "host") -> str:
    """One path segment; what would change the path's meaning is refused."""
    if text in ("", ".", "..") or not text.isprintable():
        raise RequestError(field, f"{text[:60]!r} cannot stand in an address")
    return quote(text, safe=":")


def export_start(kind: ExportKind, source: Source, begin: Time, end: Time) -> str:
    """Where an export is asked for (POST)."""
    return f"/export/{kind}/{_source(source)}/{_times(EXPORT, begin, end)}"


def export(id: str) -> str:  # noqa: A002 - the API's own name
    """An export itself (DELETE stops and removes it)."""
    return f"/export/{_segment(id, 'id')}"


def export_status(id: str) -> str:  # noqa: A002
    """State of an export."""
    return f"{export(id)}/status"


def export_file(id: str) -> str:  # noqa: A002
    """Files of an export; query ``name``."""
    return f"{export(id)}/file"


def cameras() -> str:
    """The camera list; queries ``limit``, ``next_page``, ``filter``."""
    return "/camera/list"


def archives(source: Source) -> str:
    """Archives that hold a camera's footage."""
    return f"/archive/list/{_source(source)}"


def intervals(source: Source, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Recorded stretches; queries ``limit``, ``scale``, ``offset``, ``archive``."""
    return f"/archive/contents/intervals/{_source(source)}/{_times(CONTENTS, begin, end, newest_first)}"


def frames(source: Source, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Times of recorded pictures; queries ``limit``, ``archive``."""
    return f"/archive/contents/frames/{_source(source)}/{_times(CONTENTS, begin, end, newest_first)}"


def depth(source: Source) -> str:
    """First and last instant of an archive; queries ``archive``, ``threshold``."""
    return f"/archive/statistics/depth/{_source(source)}"


def capacity(source: Source, begin: Time, end: Time) -> str:
    """Bytes and seconds, approximate; query ``archive``."""
    return f"/archive/statistics/capacity/{_source(source)}/{_times(CONTENTS, begin, end)}"


def calendar(source: Source, begin: Time, end: Time) -> str:
    """Days with footage; query ``archive``."""
    return f"/archive/calendar/{_source(source)}/{_times(CALENDAR, begin, end)}"


def health(host: str, begin: Time, end: Time) -> str:
    """Damage log of a host's volumes."""
    return f"/archive/health/{_segment(host)}/{_times(CONTENTS, begin, end)}"


def media(source: Source, at: Time) -> str:
    """One recorded picture; queries ``threshold``, ``w``, ``h``, ``archive``, crop."""
    return f"/archive/media/{_source(source)}/{write(at)}"


def live_snapshot(source: Source) -> str:
    """The present picture."""
    return f"/live/media/snapshot/{_source(source)}"


def hosts() -> str:
    """Names of the servers."""
    return "/hosts/"


def host(name: str) -> str:
    """One server."""
    return f"/hosts/{_segment(name)}"


def version() -> str:
    """Product and version."""
    return "/product/version"


def uuid() -> str:
    """A fresh id."""
    return "/uuid"


def current_user() -> str:
    """Who asks, as the server sees it."""
    return "/currentuser"


def webserver() -> str:
    """Counters of the web server; ``now`` is its clock."""
    return "/statistics/webserver"


def grpc() -> str:
    """The JSON gateway to the server's services (POST)."""
    return "/grpc"


def alerts(scope: str, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Alarms of a host or camera (`scope`), of all where it is empty."""
    return f"/archive/events/alerts{_scope(scope)}/{_times(EVENTS, begin, end, newest_first)}"


def detectors(scope: str, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Detector events of a host or camera (`scope`), of all where it is empty."""
    return f"/archive/events/detectors{_scope(scope)}/{_times(EVENTS, begin, end, newest_first)}"


def bookmarks(name: str, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Comments in the archives of a host."""
    return f"/archive/contents/bookmarks/{_segment(name)}/{_times(CONTENTS, begin, end, newest_first)}"


def audit(name: str, begin: Time, end: Time, newest_first: bool = False) -> str:
    """Who did what at a host."""
    return f"/audit/{_segment(name)}/{_times(EVENTS, begin, end, newest_first)}"


def _scope(scope: str) -> str:
    if not scope:
        return ""
    return f"/{_source(scope)}" if "/" in scope else f"/{_segment(scope)}"
