"""A recording played as live: which instant is live when, and exports of what is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.exports import RECORDINGS, ended, from_start, request
from workbench.archives.local import LocalArchive
from workbench.core.errors import RequestError
from workbench.core.timebase import compact
from workbench.server.jobs import Jobs
from workbench.server.live import LiveClock, stretches
from workbench.vms.wire.times import FUTURE, PAST, Time

FIRST, LAST = 1_000_000, 10_975_000
LENGTH = 10_000_000


@given(began=st.integers(0, 2**50), after=st.integers(0, 2**40), took=st.integers(1, 100_000_000))
def test_stretches_follow_one_another(began: int, after: int, took: int) -> None:
    """The parts of a live window lie in the recording, join without a gap in wall-clock time, and add up to it."""
    begin = began + after
    found = stretches(FIRST, LAST, began, begin, begin + took)
    assert all(FIRST <= s.begin < s.end <= FIRST + LENGTH for s in found)
    edges = [begin, *(s.end + s.shift for s in found)]
    assert [s.begin + s.shift for s in found] == edges[:-1] and edges[-1] == begin + took


@given(wall=st.integers(1_000, 2**50))
def test_a_live_instant_is_the_first_of_its_stretch(wall: int) -> None:
    """What is shown at an instant is what an export from that instant begins with."""
    assert LiveClock(1_000).at(FIRST, LAST, wall) == stretches(FIRST, LAST, 1_000, wall, wall)[0].begin


def test_the_recording_is_looped() -> None:
    """After the last picture the first one is live again."""
    clock = LiveClock(0)
    assert [clock.at(FIRST, LAST, t) for t in (0, 9_999_999, LENGTH)] == [FIRST, FIRST + 9_999_999, FIRST]


WINDOWS: list[tuple[Time, Time, tuple[int, int, int | None]]] = [
    (150, 200, (7, 150, 200)),
    (50, 200, (7, 100, 200)),
    (200, 150, (7, 150, 200)),
    (PAST, 200, (7, 100, 200)),
    (150, FUTURE, (7, 150, None)),
    (PAST, FUTURE, (7, 100, None)),
    (FUTURE, PAST, (7, 100, None)),
    (150, 150, (7, 150, 150)),
    (50, 50, (7, 100, 100)),
]


@pytest.mark.parametrize(("begin", "end", "wanted"), WINDOWS, ids=[f"{b} {e}" for b, e, _ in WINDOWS])
def test_a_window_starts_now_or_later(begin: Time, end: Time, wanted: tuple[int, int, int | None]) -> None:
    """Live means from now on: earlier begins are moved to now (100 here), an open end stays open."""
    assert LiveClock(7, now=lambda: 100).window(begin, end) == wanted


@pytest.mark.parametrize(("begin", "end"), [(10, 50), (PAST, 100), (PAST, PAST)], ids=str)
def test_the_past_is_not_live(begin: Time, end: Time) -> None:
    """A window that is over already is refused."""
    with pytest.raises(RequestError, match="past"):
        LiveClock(7, now=lambda: 100).window(begin, end)


def test_endless_loops_are_refused() -> None:
    """A picture shown for years is no export."""
    with pytest.raises(RequestError, match="played more than"):
        stretches(0, 0, 0, 0, 10**15)


@pytest.fixture
def jobs(tmp_path: Path) -> object:
    """Jobs over the recordings of the notebooks."""
    found = Jobs(tmp_path, lambda: LocalArchive(RECORDINGS))
    yield found
    found.close()


def now() -> int:
    """The wall-clock time."""
    return time.time_ns() // 1000


def test_a_live_export_waits_for_its_end(jobs: Jobs) -> None:
    """It runs while what it wants is shown, then delivers it under wall-clock times, one file for each pass."""
    begin = now()
    began = begin - 129_000_000  # the recording of 129.4 s has just begun anew when the window ends
    live = LiveClock(began).window(begin, begin + 1_500_000)
    id_ = jobs.start(request(from_start(1, source="entrance"), kind="live", live=live))
    first = jobs.status(id_)
    assert first is not None and first.state == 1
    (status,) = ended(jobs, id_)
    assert now() >= begin + 1_500_000 and status.state == 2, status
    assert len(status.files) == 2 and all(compact(begin)[:8] in name for name in status.files)


def test_one_live_frame(jobs: Jobs) -> None:
    """Equal times give the picture that is live now."""
    live = LiveClock(now() - 5_000_000).window(0, 0)
    spec = from_start(0, source="entrance", format="jpg")
    (status,) = ended(jobs, jobs.start(request(spec, kind="live", live=live)))
    assert status.state == 2 and len(status.files) == 1 and status.files[0].endswith(".jpg")


def test_an_open_live_export_ends_with_delete(jobs: Jobs) -> None:
    """With an open end it runs until it is deleted, and keeps no slot from others."""
    live = LiveClock(now()).window(PAST, FUTURE)
    open_ones = [jobs.start(request(from_start(1), kind="live", live=live)) for _ in range(3)]
    assert ended(jobs, jobs.start(request(from_start(1))))[0].state == 2
    status = jobs.status(open_ones[0])
    assert status is not None and status.state == 1 and all(jobs.delete(id_) for id_ in open_ones)
