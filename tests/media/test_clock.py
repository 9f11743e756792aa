"""Output times: the source's to the tick, pauses kept or taken out, joins remembered."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.media.made_up import Group, index_of, made_up, rows_of
from workbench.media.clock import MICROSECOND, Clock
from workbench.media.recording import Recording

PLAIN = [Group(runs=0)] * 10
"""Ten pictures, 40 ms each: 0.4 s."""


def laid(*recordings: Recording, collapse: bool = False, slots: bool = False) -> tuple[Clock, list[int]]:
    """The clock of some whole recordings, and all their ticks from the first."""
    stretches = [(recording, 0, len(recording.shown)) for recording in recordings]
    clock = Clock(stretches, collapse, slots=slots)
    ticks = np.concatenate([clock.ticks(*stretch) for stretch in stretches])
    return clock, (ticks - ticks[0]).tolist()


def with_pause(at: int = 5, pause: int = 5000, **more: object) -> Recording:
    """Ten pictures with a pause before one of them, in ticks of a millisecond."""
    rows = rows_of(PLAIN)
    rows["pts"][at:] += pause
    return Recording(str(more.get("name", "a")), made_up(PLAIN).path, index_of(rows), int(str(more.get("zero", 0))))


def test_a_recording_keeps_its_own_ticks() -> None:
    """One recording, one time base: ticks are PTS."""
    recording = made_up(PLAIN, zero=1_772_359_200_000_000)
    clock, ticks = laid(recording)
    assert clock.time_base == recording.index.time_base
    assert ticks == recording.pts.tolist()
    assert clock.joins == []


def test_recordings_of_different_time_bases_count_microseconds() -> None:
    """Where no base serves both, a microsecond does."""
    one = made_up(PLAIN, name="a")
    other = made_up(PLAIN, name="b", zero=400_000, time_base=Fraction(1, 900))
    clock, ticks = laid(one, other)
    assert clock.time_base == MICROSECOND
    assert (ticks[9], ticks[10], ticks[11]) == (360_000, 400_000, 444_444)


def test_a_gap_is_kept() -> None:
    """Wall-clock spacing stays true across two files."""
    clock, ticks = laid(made_up(PLAIN, name="a"), made_up(PLAIN, name="b", zero=3_000_000))
    assert ticks[9:11] == [360, 3000]
    assert [(j.tick, j.us, j.file, j.gap) for j in clock.joins] == [(3000, 3_000_000, "b", 2_600_000)]


def test_a_gap_is_taken_out() -> None:
    """Collapsed, the next file follows one picture later, and the join says how long the gap was."""
    clock, ticks = laid(made_up(PLAIN, name="a"), made_up(PLAIN, name="b", zero=3_000_000), collapse=True)
    assert ticks[9:11] == [360, 400]
    assert [(j.tick, j.gap) for j in clock.joins] == [(400, 2_600_000)]


def test_a_pause_inside_a_recording_is_a_join() -> None:
    """A pause is kept, or taken out, like a gap between files."""
    clock, ticks = laid(with_pause())
    assert ticks[4:6] == [160, 5200]
    assert [(j.tick, j.us, j.gap) for j in clock.joins] == [(5200, 5_200_000, 5_000_000)]
    collapsed, ticks = laid(with_pause(), collapse=True)
    assert ticks == list(range(0, 400, 40))
    assert [(j.tick, j.gap) for j in collapsed.joins] == [(200, 5_000_000)]


@pytest.mark.parametrize("gap", [0, 1_000_000], ids=["contiguous", "gap"])
def test_a_pause_taken_out_does_not_come_back_in_the_next_file(gap: int) -> None:
    """Behind a file with a collapsed pause the next one follows one picture later."""
    _, ticks = laid(with_pause(), made_up(PLAIN, name="b", zero=5_400_000 + gap), collapse=True)
    assert ticks == list(range(0, 800, 40))


def test_three_files_collapse_to_one_row() -> None:
    """Two gaps, both taken out."""
    files = [made_up(PLAIN, name=n, zero=z) for n, z in (("a", 0), ("b", 2_000_000), ("c", 9_000_000))]
    clock, ticks = laid(*files, collapse=True)
    assert ticks == list(range(0, 1200, 40))
    assert [j.tick for j in clock.joins] == [400, 800]


def test_no_two_pictures_stand_at_one_time() -> None:
    """A file that begins where the other ends, in a base too coarse for the microsecond, begins one tick on."""
    third = {"time_base": Fraction(1, 30), "tail": 1}
    one, other = made_up(PLAIN, name="a", **third), made_up(PLAIN, name="b", zero=333_333, **third)
    for recording in (one, other):
        recording.index.rows["pts"][:] = range(10)
    one, other = (Recording(r.name, r.path, r.index, r.zero) for r in (one, other))
    assert one.end == other.zero
    _, ticks = laid(one, other)
    assert ticks == list(range(20))


def test_a_picture_lasts_until_the_next() -> None:
    """Durations are the steps, the usual one for the last picture."""
    recording = with_pause(pause=3)
    clock, _ = laid(recording)
    assert [clock.duration(recording, rank) for rank in (0, 4, 9)] == [40, 43, 40]


def test_slots_count_in_the_largest_common_step() -> None:
    """AVI gets one slot a picture, and empty ones for a gap."""
    clock, ticks = laid(with_pause(), slots=True)
    assert clock.time_base == Fraction(1, 25)
    assert ticks == [0, 1, 2, 3, 4, 130, 131, 132, 133, 134]
    assert clock.tail == 1


def test_a_gap_too_long_for_slots_is_joined() -> None:
    """More empty slots than AVI can skip: the pictures are joined there, and it is counted."""
    clock, ticks = laid(with_pause(pause=40 * 70_000), slots=True)
    assert ticks == list(range(10))
    assert clock.joined_gaps == 1


def test_slots_of_variable_rate_are_exact() -> None:
    """Every time is a multiple of the step."""
    rows = rows_of(PLAIN)
    rows["pts"] = [0, 30, 90, 120, 180, 210, 270, 300, 360, 390]
    clock, ticks = laid(Recording("a", made_up(PLAIN).path, index_of(rows), 0), slots=True)
    assert [tick * clock.time_base * 1000 for tick in ticks] == rows["pts"].tolist()


def test_one_picture_is_laid() -> None:
    """A single picture has a time and a duration."""
    recording = made_up([Group(runs=0)])
    for slots in (False, True):
        clock, ticks = laid(recording, slots=slots)
        assert ticks == [0] and clock.duration(recording, 0) >= 1


def test_only_the_stretch_is_laid() -> None:
    """Pauses outside the stretch are no joins, and ticks are asked for by rank."""
    recording = with_pause()
    clock = Clock([(recording, 6, 9)], collapse=True)
    assert clock.joins == []
    assert clock.tick(recording, 8) - clock.tick(recording, 6) == 80
