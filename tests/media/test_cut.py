"""The cut on made-up indexes: runs cover the range once, and a copied run holds its pictures and no others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.made_up import Group, made_up
from workbench.core.plan import Mode
from workbench.media.access import Entry
from workbench.media.cut import Run, Touched, divide, keyframe_range
from workbench.media.index import CORRUPT, HIDDEN, NO_PICTURE
from workbench.media.recording import Recording

ENTRIES = (Entry.CLOSED, Entry.CLOSED, Entry.CRA, Entry.OPEN, Entry.GRADUAL)
quick = settings(max_examples=100, deadline=None)


@st.composite
def groups(draw: st.DrawFn) -> list[Group]:
    """Up to six groups of pictures: open and closed, reordered or not, sometimes under new parameter sets."""
    found: list[Group] = []
    for number in range(draw(st.integers(1, 6))):
        entry = draw(st.sampled_from(ENTRIES))
        leading = draw(st.integers(0, 3)) if number and entry in (Entry.CRA, Entry.OPEN) else 0
        renewed = number > 0 and entry is Entry.CLOSED and draw(st.booleans()) and draw(st.booleans())
        config = (found[-1].config if found else 0) + renewed
        runs, between = draw(st.integers(0, 4)), draw(st.integers(0, 3))
        found.append(Group(runs=runs, between=between, entry=entry, leading=leading, config=config))
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Recording, int, int, list[Touched]]:
    """A recording, perhaps damaged, a stretch of its ranks, and some stretches under masks."""
    whole = made_up(draw(groups()))
    flag = st.sampled_from((HIDDEN, CORRUPT, NO_PICTURE))
    flags = draw(st.dictionaries(st.integers(1, max(1, len(whole.ranks) - 1)), flag, max_size=2))
    rows = whole.index.rows
    for row in flags.keys() & set(range(len(rows))):
        rows["flags"][row] |= flags[row]
    recording = Recording("a.mp4", whole.path, whole.index, 0)
    count = len(recording.shown)
    low = draw(st.integers(0, count - 1))
    high = draw(st.integers(low + 1, count))
    edges = sorted(draw(st.sets(st.integers(low, high), max_size=4)))
    touched = [(a, b, "masked") for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return recording, low, high, touched


def copied(runs: list[Run]) -> list[Run]:
    """The COPY runs."""
    return [run for run in runs if run.mode is Mode.COPY]


@quick
@given(cases())
def test_runs_cover_the_range_once_and_in_order(case: tuple[Recording, int, int, list[Touched]]) -> None:
    """Runs lie end to end from low to high, none empty."""
    recording, low, high, touched = case
    runs = divide(recording, low, high, touched, joinable=True)
    assert (runs[0].low, runs[-1].high) == (low, high)
    assert all(run.low < run.high for run in runs)
    assert all(a.high == b.low for a, b in pairwise(runs))


@quick
@given(cases())
def test_a_copied_run_holds_exactly_its_pictures(case: tuple[Recording, int, int, list[Touched]]) -> None:
    """The rows of a COPY run are its ranks, each once, and pictures shown before it, which are left out."""
    recording, low, high, touched = case
    for run in copied(divide(recording, low, high, touched, joinable=True)):
        assert run.rows is not None
        ranks = recording.ranks[slice(*run.rows)]
        assert sorted(ranks[ranks >= run.low].tolist()) == list(range(run.low, run.high))
        assert (ranks[ranks < run.low] >= 0).all()


@quick
@given(cases())
def test_a_copied_run_begins_where_decoding_may(case: tuple[Recording, int, int, list[Touched]]) -> None:
    """The first row of a COPY run is its first picture, a sound and true random access point."""
    recording, low, high, touched = case
    for run in copied(divide(recording, low, high, touched, joinable=True)):
        assert run.rows is not None
        first = recording.index.rows[run.rows[0]]
        assert recording.ranks[run.rows[0]] == run.low
        assert first["entry"] >= Entry.CLOSED and not first["flags"] & CORRUPT
        assert run.cra == (first["entry"] == Entry.CRA)


@quick
@given(cases())
def test_copied_pictures_are_sound_and_of_one_configuration(case: tuple[Recording, int, int, list[Touched]]) -> None:
    """No damaged picture is copied, and no run spans a change of parameter sets."""
    recording, low, high, touched = case
    for run in copied(divide(recording, low, high, touched, joinable=True)):
        rows = recording.index.rows[recording.shown[run.low : run.high]]
        assert not (rows["flags"] & (CORRUPT | HIDDEN | NO_PICTURE)).any()
        assert len(set(rows["config"].tolist())) == 1


@quick
@given(cases())
def test_nothing_of_a_masked_group_is_copied(case: tuple[Recording, int, int, list[Touched]]) -> None:
    """No picture that was coded in one group with a masked one is carried over."""
    recording, low, high, touched = case
    runs = divide(recording, low, high, touched, joinable=True)
    carried = {rank for run in copied(runs) for rank in range(run.low, run.high)}
    masked = {rank for a, b, _ in touched for rank in range(a, b)}
    entries = recording.index.rows["entry"] >= Entry.CLOSED
    sound = recording.index.rows["flags"] & (CORRUPT | HIDDEN | NO_PICTURE) == 0
    starts = [0, *np.flatnonzero(entries & sound).tolist(), len(entries)]
    for first, behind in pairwise(starts):
        ranks = recording.ranks[first:behind]
        follows = set(ranks[ranks >= (ranks[0] if len(ranks) else 0)].tolist())
        assert not (follows & masked and follows & carried)
    assert not carried & masked


@quick
@given(cases())
def test_an_unjoinable_coding_is_copied_whole_or_not_at_all(
    case: tuple[Recording, int, int, list[Touched]],
) -> None:
    """Where joints are unsound there is one COPY run, or no copied picture."""
    recording, low, high, touched = case
    runs = divide(recording, low, high, touched, joinable=False)
    assert len(runs) == 1 or not copied(runs)
    assert (runs[0].low, runs[-1].high) == (low, high)


@quick
@given(cases())
def test_a_key_frame_range_holds_the_range_and_is_one_copy(
    case: tuple[Recording, int, int, list[Touched]],
) -> None:
    """A wider stretch than asked for holds it, and is one COPY run."""
    recording, low, high, _ = case
    first, last = keyframe_range(recording, low, high)
    assert first <= low and high <= last <= len(recording.shown)
    if (first, last) != (low, high):
        assert [run.mode for run in divide(recording, first, last, [], joinable=True)] == [Mode.COPY]


@quick
@given(st.lists(st.builds(Group, runs=st.integers(0, 4), between=st.integers(0, 3)), min_size=1, max_size=5), st.data())
def test_only_the_edges_of_closed_groups_are_coded_anew(shape: list[Group], data: st.DataObject) -> None:
    """In closed groups all but the rest of the first group and the last reordered run is copied."""
    recording = made_up(shape)
    low = data.draw(st.integers(0, len(recording.shown) - 1))
    high = data.draw(st.integers(low + 1, len(recording.shown)))
    starts = [*recording.ranks[recording.index.rows["entry"] == Entry.CLOSED].tolist(), high]
    enter = min(high, next(rank for rank in starts if rank >= low))
    runs = divide(recording, low, high, [], joinable=True)
    anew = sum(run.high - run.low for run in runs if run.mode is Mode.ENCODE)
    assert anew <= (enter - low) + 3


def test_a_whole_recording_is_one_copy() -> None:
    """From the first picture to the last, nothing is coded anew."""
    recording = made_up([Group(), Group(entry=Entry.CRA, leading=2), Group()])
    runs = divide(recording, 0, len(recording.shown), [], joinable=True)
    assert [(run.mode, run.rows) for run in runs] == [(Mode.COPY, (0, len(recording.ranks)))]


def test_leading_pictures_of_an_open_group_are_coded_anew() -> None:
    """A copy that enters at a CRA leaves its leading pictures to the encoder."""
    recording = made_up([Group(), Group(entry=Entry.CRA, leading=2)])
    runs = divide(recording, 5, len(recording.shown), [], joinable=True)
    assert [(run.mode, run.low, run.high) for run in runs] == [(Mode.ENCODE, 5, 15), (Mode.COPY, 15, 28)]
    assert runs[1].cra


@pytest.mark.parametrize(
    ("entry", "words"),
    [(Entry.OPEN, "recovery points"), (Entry.GRADUAL, "refreshes gradually")],
    ids=["open", "refresh"],
)
def test_a_recovery_point_is_no_entry(entry: Entry, words: str) -> None:
    """H.264 that opens only at recovery points is coded anew from the cut on, and the reason says so."""
    recording = made_up([Group(), Group(entry=entry), Group(entry=entry)])
    (run,) = divide(recording, 1, len(recording.shown), [], joinable=True)
    assert run.mode is Mode.ENCODE and words in run.reason


def test_a_copy_that_begins_at_an_idr_runs_across_recovery_points() -> None:
    """An open group is copied when what it refers to is copied before it."""
    recording = made_up([Group(), Group(entry=Entry.OPEN, leading=2)])
    assert [run.mode for run in divide(recording, 0, len(recording.shown), [], joinable=True)] == [Mode.COPY]


def test_a_mask_takes_its_whole_groups() -> None:
    """A mask on one picture of the middle group leaves the first and the last group copied."""
    recording = made_up([Group(), Group(), Group()])
    runs = divide(recording, 0, 39, [(20, 21, "masked")], joinable=True)
    shape = [(run.mode, run.low, run.high) for run in runs]
    encode, copy = Mode.ENCODE, Mode.COPY
    assert shape == [(copy, 0, 13), (encode, 13, 20), (encode, 20, 21), (encode, 21, 26), (copy, 26, 39)]


def test_a_damaged_picture_ends_the_copy_until_the_next_group() -> None:
    """Behind a damaged picture nothing of its group is copied."""
    recording = made_up([Group(between=0), Group(between=0)], flags={2: CORRUPT})
    runs = divide(recording, 0, 10, [], joinable=True)
    assert [(run.mode, run.low, run.high) for run in runs] == [
        (Mode.COPY, 0, 2),
        (Mode.ENCODE, 2, 5),
        (Mode.COPY, 5, 10),
    ]


def test_a_field_coded_recording_says_why_it_is_not_copied() -> None:
    """Where two packets make one picture the reason for the re-encode says so."""
    recording = made_up([Group(entry=Entry.NONE)], flags={3: NO_PICTURE})
    (run,) = divide(recording, 0, len(recording.shown), [], joinable=True)
    assert "two packets make one picture" in run.reason


def test_a_key_frame_range_reaches_back_to_the_key_picture() -> None:
    """cut=keyframe begins at the key picture before and ends where the pictures close up."""
    recording = made_up([Group(), Group()])
    assert keyframe_range(recording, 18, 20) == (13, 20)
    assert keyframe_range(recording, 18, 21) == (13, 23)
