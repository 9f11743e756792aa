"""Borders on a master: rounding its times by a millisecond changes neither what is exported nor what is covered."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.archives.remote_snap import snapped, snapped_mask
from workbench.core.spec import Mask
from workbench.core.timebase import Range, instant, instant_us

BEGIN = 1_772_359_200_000_000
STEPS = st.lists(st.integers(5_000, 100_000), min_size=3, max_size=30)
CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


def times(steps: list[int]) -> list[int]:
    """Rising instants."""
    found = [BEGIN]
    for step in steps:
        found.append(found[-1] + step)
    return found


@settings(max_examples=80, deadline=None)
@given(steps=STEPS, data=st.data())
def test_rounding_moves_no_picture_across_a_border(steps: list[int], data: st.DataObject) -> None:
    """The pictures of a range, told up to a millisecond wrong, are inside the moved range just as before."""
    listed = times(steps)
    ends = st.integers(listed[0] - 50_000, listed[-1] + 50_000) | st.sampled_from(listed)
    low, high = sorted((data.draw(ends), data.draw(ends)))
    wrong = [us + data.draw(st.integers(-1_000, 1_000)) for us in listed]
    moved = snapped(Range(low, high), listed)
    assert [low <= us < high for us in listed] == [us in moved for us in wrong]


@settings(max_examples=80, deadline=None)
@given(steps=STEPS, data=st.data())
def test_rounding_uncovers_no_picture(steps: list[int], data: st.DataObject) -> None:
    """A mask covers the picture shown at its begin and all before its end, with right times as with rounded ones."""
    listed = times(steps)
    ends = st.integers(listed[0], listed[-1]) | st.sampled_from(listed)
    low, high = sorted((data.draw(ends), data.draw(ends)))
    if low == high:
        high += 1
    mask = snapped_mask(Mask(points=CORNERS, begin=instant(low), end=instant(high)), listed)
    assert mask.begin is not None and mask.end is not None
    begin, end = (instant_us(moment) for moment in (mask.begin, mask.end))  # type: ignore[arg-type]
    wrong = [us + data.draw(st.integers(-1_000, 1_000)) for us in listed]
    for n in range(len(listed) - 1):
        covered = listed[n + 1] > low and listed[n] < high
        assert (wrong[n + 1] > begin and wrong[n] < end) is covered, n


def test_without_a_list_nothing_moves() -> None:
    """No list, no change."""
    assert snapped(Range(1, 2), ()) == Range(1, 2)
    assert snapped_mask(Mask(points=CORNERS), ()) == Mask(points=CORNERS)
