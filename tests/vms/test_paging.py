"""Lists in pages, from servers that begin at either end and give any order: all of it, or what is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.vms.faulty import Asked, Faulty, Wire, answer
from workbench.archives.remote_pictures import View
from workbench.core.timebase import Range
from workbench.vms.client import Client
from workbench.vms.wire import times
from workbench.vms.wire.times import FUTURE, PAST

VSID = "SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0"
SECOND = 1_000_000
SPANS = [(n * 10 * SECOND, (n * 10 + 6) * SECOND) for n in range(1, 51)]
FRAMES = [n * 40_000 for n in range(1, 500)]
Order = Callable[[list[Any]], list[Any]]


def straight(items: list[Any]) -> list[Any]:
    """Oldest first."""
    return items


def backwards(items: list[Any]) -> list[Any]:
    """Newest first."""
    return items[::-1]


def shuffled(items: list[Any]) -> list[Any]:
    """Neither."""
    return items[1::2] + items[::2]


ORDERS = [(False, straight), (True, backwards), (False, shuffled), (True, shuffled)]


class Lists:
    """A VMS that lists `SPANS` and `FRAMES`, `page` at a time from its own end, each page in an order of its own."""

    def __init__(self, page: int, newest: bool, order: Order, *, clips: bool = False, deaf: bool = False) -> None:
        self.page, self.newest, self.order, self.clips, self.deaf = page, newest, order, clips, deaf

    def __call__(self, asked: Asked, wire: Wire) -> None:
        """Answer one question."""
        first, second = (times.read(text) for text in asked.path.split("/")[-2:])
        low, high = sorted((times.resolve(first, 0, 10**12), times.resolve(second, 0, 10**12)))
        if self.deaf:
            low, high = 0, 10**12
        most = min(self.page, int(asked.query["limit"]))
        if "/intervals/" in asked.path:
            found = [(max(b, low), min(e, high)) if self.clips else (b, e) for b, e in SPANS if b <= high and e >= low]
            page = [{"begin": times.write(b), "end": times.write(e)} for b, e in self.cut(found, most)]
            said: dict[str, Any] = {"intervals": page, "more": len(found) > most}
        else:
            shown = [us for us in FRAMES if low <= us <= high]
            said = {"frames": [times.write(us) for us in self.cut(shown, most)], "more": len(shown) > most}
        wire.send(answer(200, json.dumps(said).encode()))

    def cut(self, found: list[Any], most: int) -> list[Any]:
        """One page of what was found."""
        return self.order(found[-most:] if self.newest else found[:most])


@pytest.mark.parametrize("clips", [False, True], ids=["whole", "clipped"])
@pytest.mark.parametrize("order", [straight, backwards])
@pytest.mark.parametrize("newest", [False, True], ids=["oldest", "newest"])
@pytest.mark.parametrize("page", [7, 2])
def test_every_interval_comes_home(page: int, newest: bool, order: Order, clips: bool) -> None:
    """From whichever end a server cuts its pages and however it lists them, all 50 intervals come, and no false gap."""
    with Faulty(Lists(page, newest, order, clips=clips)) as server, Client(server.url) as client:
        found = client.intervals(VSID, PAST, FUTURE)
        assert found.intervals == tuple(SPANS) and not found.more and found.unknown == ()
        coverage = View(client, VSID).coverage(Range(0, 510 * SECOND))
    assert [(one.begin, one.end) for one in coverage.intervals] == SPANS
    assert len(coverage.gaps) == 51 and {gap.end - gap.begin for gap in coverage.gaps[1:-1]} == {4 * SECOND}
    assert coverage.notes == ()


@pytest.mark.parametrize("newest", [False, True], ids=["oldest", "newest"])
def test_what_nobody_lists_is_no_gap(newest: bool) -> None:
    """A server that gives the same seven intervals whatever is asked: the rest is not known, and no gap is claimed."""
    handler = Lists(7, newest, backwards if newest else straight, deaf=True)
    with Faulty(handler) as server, Client(server.url) as client:
        assert client.intervals(VSID, PAST, FUTURE).more
        coverage = View(client, VSID).coverage(Range(0, 510 * SECOND))
        assert len(server.asked) < 10
    listed = SPANS[-7:] if newest else SPANS[:7]
    rest = Range(0, listed[0][0]) if newest else Range(listed[-1][1], 510 * SECOND)
    assert [(one.begin, one.end) for one in coverage.intervals] == listed
    assert not any(gap.begin < rest.end and gap.end > rest.begin for gap in coverage.gaps)
    assert len(coverage.notes) >= 1 and "is not known" in coverage.notes[0]


def test_a_page_in_no_order_claims_nothing_inside() -> None:
    """Where the order of a cut page tells nothing, what lies between its intervals is not called a gap."""
    with Faulty(Lists(7, False, shuffled)) as server, Client(server.url) as client:
        assert client.intervals(VSID, PAST, FUTURE).more
        coverage = View(client, VSID).coverage(Range(0, 510 * SECOND))
    assert [(one.begin, one.end) for one in coverage.intervals] == SPANS
    assert len(coverage.gaps) < 20 and coverage.notes


@pytest.mark.parametrize(
    ("limit", "newest", "order"),
    [(limit, *one) for limit in (1, 30, 10_000) for one in ORDERS if limit > 1 or one[1] is not shuffled],
)
@pytest.mark.parametrize("wanted", [False, True], ids=["ascending", "descending"])
def test_frames_come_from_the_end_that_was_asked_for(limit: int, wanted: bool, newest: bool, order: Order) -> None:
    """The first or last pictures of a range are these, whichever end the server begins at."""
    with Faulty(Lists(60, newest, order)) as server, Client(server.url) as client:
        found = client.frames(VSID, FRAMES[3], FRAMES[-3], limit=limit, newest_first=wanted)
        assert len(server.asked) < 30
    inside = FRAMES[3:-2]
    assert list(found.times) == (inside[-limit:] if wanted else inside[:limit])
    assert found.more == (limit < len(inside))


@pytest.mark.parametrize("order", [straight, backwards])
@pytest.mark.parametrize("wanted", [False, True], ids=["ascending", "descending"])
def test_a_list_of_frames_is_looked_at_from_both_sides(wanted: bool, order: Order) -> None:
    """A server that cuts at the wrong end and lists as if it had not loses no picture of a list."""
    with Faulty(Lists(60, not wanted, order)) as server, Client(server.url) as client:
        found = client.frames(VSID, PAST, FUTURE, limit=30, newest_first=wanted)
    assert list(found.times) == (FRAMES[-30:] if wanted else FRAMES[:30])


def test_the_last_picture_is_asked_for_once() -> None:
    """One picture from a server that does as asked takes one question: stepping stays quick."""
    with Faulty(Lists(60, True, backwards)) as server, Client(server.url) as client:
        assert client.frames(VSID, PAST, FUTURE, limit=1, newest_first=True).times == (FRAMES[-1],)
        assert len(server.asked) == 1
