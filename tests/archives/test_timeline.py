"""The time line: recordings in their places, what counts of each, what is recorded and what is not, and who says so."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.archives.dating import Dating
from workbench.archives.timeline import Piece, TimeLine, resolve
from workbench.core.errors import RequestError
from workbench.core.timebase import Offset, Range

SECOND = 1_000_000
PICTURE = 40_000


def piece(
    name: str,
    start: int | None,
    seconds: float = 10,
    jumps: tuple[tuple[int, int], ...] = (),
    losses: tuple[dict, ...] = (),
) -> Piece:
    """A recording of 25 pictures a second; `start` in microseconds, None where nobody dates it."""
    end = int(seconds * SECOND)
    summary = {"frames": end // PICTURE, "last_us": end - PICTURE, "end_us": end, "jumps": [list(j) for j in jumps]}
    dating = Dating(start_us=start, by="undated" if start is None else "file name")
    head = {"summary": summary, "losses": list(losses)}
    return Piece(name=name, path=Path(name), index=Path(name), head=head, dating=dating)


def line(*pieces: Piece) -> TimeLine:
    """Pieces laid out."""
    return TimeLine.of(pieces)


def spans(gaps: object) -> list[tuple[float, float, str]]:
    """Gaps in seconds with their witness."""
    return [(g.begin / SECOND, g.end / SECOND, g.witness) for g in gaps]  # type: ignore[attr-defined]


def test_recordings_stand_in_time_order() -> None:
    """Whatever order their names have."""
    found = line(piece("a", 20 * SECOND), piece("b", 0))
    assert [p.name for p in found.pieces] == ["b", "a"]
    assert (found.first, found.last) == (0, 30 * SECOND - PICTURE)
    assert found.whole() == Range(0, 30 * SECOND)


def test_undated_recordings_lie_end_to_end() -> None:
    """In the order given, from 0, and a note says that these times are only offsets."""
    found = line(piece("a", None), piece("b", None, 5))
    assert [(p.name, p.start, p.end) for p in found.pieces] == [("a", 0, 10 * SECOND), ("b", 10 * SECOND, 15 * SECOND)]
    assert not found.dated and "offsets" in found.notes[0] and "order of their names" in found.notes[1]


def test_an_undated_recording_among_dated_ones_is_left_out_by_name() -> None:
    """It cannot be placed, and nobody guesses."""
    found = line(piece("a", 0), piece("b", None))
    assert [p.name for p in found.pieces] == ["a"] and found.dated
    assert found.notes == ("b is left out: nobody says when it was recorded, its neighbours are dated",)


def test_a_gap_between_files_is_told_by_their_times() -> None:
    """And the range's own edges where nothing is recorded."""
    found = line(piece("a", 10 * SECOND), piece("b", 30 * SECOND)).coverage("cam", Range(0, 50 * SECOND))
    who = "file times"
    assert spans(found.gaps) == [(0, 10, who), (20, 30, who), (40, 50, who)]
    assert [(i.begin // SECOND, i.end // SECOND, i.file) for i in found.intervals] == [(10, 20, "a"), (30, 40, "b")]


def test_a_pause_inside_a_file_is_told_by_its_times() -> None:
    """A PTS jump is a gap with a witness of its own."""
    found = line(piece("a", 0, 10, jumps=((3 * SECOND, 7 * SECOND),))).coverage("cam", Range(0, 10 * SECOND))
    assert spans(found.gaps) == [(3, 7, "PTS jump")]
    assert [(i.begin // SECOND, i.end // SECOND) for i in found.intervals] == [(0, 3), (7, 10)]


@pytest.mark.parametrize(("begin", "end"), [(4, 9), (1, 6), (4, 6)], ids=["from inside", "into", "within"])
def test_a_range_that_cuts_a_pause_keeps_its_witness(begin: int, end: int) -> None:
    """Who says so does not depend on where the range begins."""
    found = line(piece("a", 0, 10, jumps=((3 * SECOND, 7 * SECOND),)))
    gaps = found.coverage("cam", Range(begin * SECOND, end * SECOND)).gaps
    assert spans(gaps) == [(max(3, begin), min(7, end), "PTS jump")]


def test_what_a_container_declares_but_lacks_is_its_witness() -> None:
    """The gap behind a truncated file is told by the container."""
    lost = ({"witness": "container", "text": "declares 12 s", "frames": 50, "at_end": True},)
    found = line(piece("a", 0, 10, losses=lost), piece("b", 12 * SECOND)).coverage("cam", Range(0, 22 * SECOND))
    assert spans(found.gaps) == [(10, 12, "container")]
    assert found.notes == ("a: declares 12 s (container)",)


def test_less_than_a_picture_between_files_is_no_gap() -> None:
    """Recorders round."""
    found = line(piece("a", 0), piece("b", 10 * SECOND + PICTURE - 1)).coverage("cam", Range(0, 20 * SECOND))
    assert found.gaps == ()


def test_an_overlap_is_told_and_counts_once() -> None:
    """The earlier file is used up to its end."""
    found = line(piece("a", 0), piece("b", 8 * SECOND))
    assert [p.used_from for p in found.pieces] == [0, 10 * SECOND]
    (overlap,) = found.coverage("cam", found.whole()).overlaps
    assert (overlap.begin, overlap.end, overlap.files) == (8 * SECOND, 10 * SECOND, ("a", "b"))
    assert found.coverage("cam", found.whole()).gaps == ()


def test_an_overlap_with_a_file_before_the_last_is_told() -> None:
    """A long recording that reaches over two others overlaps both."""
    found = line(piece("a", 0, 30), piece("b", 5 * SECOND, 5), piece("c", 15 * SECOND, 5))
    assert {o.files for o in found.coverage("cam", found.whole()).overlaps} == {("a", "b"), ("a", "c")}


def test_a_recording_wholly_under_another_is_never_read() -> None:
    """It has an overlap and no place of its own."""
    found = line(piece("a", 0, 30), piece("b", 5 * SECOND, 5))
    assert [p.name for p in found.within(Range(0, 30 * SECOND))] == ["a"]


@pytest.mark.parametrize(
    ("begin", "end", "names"),
    [(0, 1, "a"), (10 * SECOND - 1, 10 * SECOND, "a"), (10 * SECOND, 10 * SECOND + 1, ""), (0, 21 * SECOND, "ab")],
    ids=["first", "last", "behind", "both"],
)
def test_a_stretch_finds_its_recordings(begin: int, end: int, names: str) -> None:
    """Half-open, to the microsecond."""
    found = line(piece("a", 0), piece("b", 20 * SECOND)).within(Range(begin, end))
    assert "".join(p.name for p in found) == names


def test_nothing_at_all_is_a_line_too() -> None:
    """A source of which no file can be read."""
    found = line()
    assert (found.first, found.last, found.whole(), found.dated) == (None, None, Range(0, 0), False)
    assert found.coverage("cam", Range(0, 0)).gaps == ()
    assert spans(found.coverage("cam", Range(0, SECOND)).gaps) == [(0, 1, "file times")]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60 * SECOND), st.integers(1, 400)), min_size=1, max_size=6),
    st.integers(-5 * SECOND, 70 * SECOND),
    st.integers(0, 40 * SECOND),
)
def test_intervals_and_gaps_tile_the_range(files: list[tuple[int, int]], begin: int, length: int) -> None:
    """Intervals never overlap, lie inside the range, and what is between them is a gap or less than a picture."""
    pieces = [piece(str(n), start, count * 0.04) for n, (start, count) in enumerate(files)]
    wanted = Range(begin, begin + length)
    found = line(*pieces).coverage("cam", wanted)
    whole = sorted([(i.begin, i.end, "held") for i in found.intervals] + [(g.begin, g.end, "gap") for g in found.gaps])
    assert all(wanted.begin <= a < b <= wanted.end for a, b, _ in whole)
    assert all(one[1] <= other[0] <= one[1] + PICTURE for one, other in pairwise(whole))
    if length:
        assert whole[0][0] == begin and whole[-1][1] == wanted.end


def test_an_offset_counts_from_the_first_picture() -> None:
    """On dated and undated lines alike."""
    assert resolve(Offset(5), line(piece("a", 7 * SECOND)), "begin") == 7 * SECOND + 5
    assert resolve(Offset(5), line(piece("a", None)), "begin") == 5


def test_an_instant_means_nothing_where_nothing_is_dated() -> None:
    """The error names the field and says what to write instead."""
    with pytest.raises(RequestError, match=r"begin: .*nobody says") as caught:
        resolve(datetime(2026, 3, 1, tzinfo=UTC), line(piece("a", None)), "begin")
    assert "archive.toml" in caught.value.advice
