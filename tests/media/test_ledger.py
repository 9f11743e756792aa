"""The ledger: each picture of the range stands in it once, with its fate."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.made_up import Group, facts, made_up
from workbench.core.plan import ExportPlan, Mode, Segment
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, Range
from workbench.media.coded import Item
from workbench.media.ledger import Book
from workbench.media.losses import Loss
from workbench.media.recording import Recording

CAM = made_up([Group(), Group()], zero=1_000_000)
FATES = ("copied", "altered", "reencoded", "masked", "dropped", "undecodable")


def book(recording: Recording = CAM, **more: Any) -> Book:
    """An empty book for a plan with one segment."""
    segment = Segment(
        file=recording.name, mode=Mode.COPY, begin=0, last=0, first_pts=0, last_pts=400, frames=11, codec="h264",
        reason="because", packets=(0, 11),
    )  # fmt: skip
    spec = ExportSpec(source="cam", begin=Offset(0), end=Offset(1), format="mkv", **more)
    return Book(ExportPlan(spec=spec, range=Range(0, 1), dated=False, segments=(segment,), fields=()))


def item(rank: int, fate: str, recording: Recording = CAM) -> Item:
    """A picture that went into a file."""
    altered = fate == "altered"
    return Item(b"", recording, rank, 0, rank, 1, False, "copied" if altered else fate, altered=altered)


def put(found: Book, rank: int, fate: str) -> None:
    """Tell the book of one picture."""
    if fate == "dropped":
        found.dropped(CAM, rank)
    elif fate == "undecodable":
        found.lost([(CAM, rank)])
    else:
        found.wrote(item(rank, fate))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 25), st.sampled_from(FATES)), st.randoms())
def test_every_picture_is_counted_once(fates: dict[int, str], order: Any) -> None:
    """In whatever order pictures come, numbers and runs add up to them."""
    found = book()
    ranks = list(fates)
    order.shuffle(ranks)
    for rank in ranks:
        put(found, rank, fates[rank])
    told = found.ledger().to_json()
    assert sum(told.values()) == len(fates)
    assert told["copied"] == sum(fate in ("copied", "altered") for fate in fates.values())
    spans = [(e.first, e.last, e.frames) for e in found.entries()]
    assert [(last - first) // 40_000 + 1 for first, last, _ in spans] == [n for _, _, n in spans]
    assert all(a[1] < b[0] for a, b in pairwise(spans))


def test_neighbours_of_one_fate_are_one_run() -> None:
    """A run says its first and last picture by instant and by PTS, and the plan's reason."""
    found = book()
    for rank in (3, 4, 5):
        found.wrote(item(rank, "reencoded"))
    (entry,) = found.entries()
    assert (entry.first, entry.last, entry.first_pts, entry.last_pts) == (1_120_000, 1_200_000, 120, 200)
    assert (entry.frames, entry.fate, entry.reason) == (3, "reencoded", "because")


def test_what_is_proven_of_a_copy_is_said() -> None:
    """NAL units for H.264, payloads for others, and the one change a CRA needs is told apart."""
    found = book()
    found.wrote(item(0, "altered"))
    found.wrote(item(1, "copied"))
    assert [e.proof.split(" equal")[0] for e in found.entries()] == ["normalised NAL units"] * 2
    assert "CRA to BLA" in found.entries()[0].proof
    other = made_up([Group()], facts=facts(codec="mjpeg"))
    found = book(other)
    found.wrote(item(0, "copied", other))
    assert found.entries()[0].proof == "packet payloads equal"


@pytest.mark.parametrize("fate", ["reencoded", "masked", "dropped", "undecodable"])
def test_nothing_is_claimed_of_what_was_not_copied(fate: str) -> None:
    """No proof where there is none."""
    found = book()
    put(found, 0, fate)
    assert found.entries()[0].proof == ""


def test_a_dropped_picture_says_by_which_divisor() -> None:
    """The reason is the divisor's, not the segment's."""
    found = book(rate_divisor=4)
    found.dropped(CAM, 1)
    assert found.entries()[0].reason == "one frame of 4 is kept"


@pytest.mark.parametrize(
    ("end", "count"),
    [(2_040_000, 0), (2_080_000, 1), (2_160_000, 3), (9_000_000, 5), (1_500_000, 0)],
    ids=["at its end", "one", "three", "all", "before"],
)
def test_missing_pictures_count_as_far_as_the_range_goes(end: int, count: int) -> None:
    """What a recording declares behind its last picture is missing where it was asked for."""
    recording = made_up([Group(), Group()], zero=1_000_000, losses=(Loss("container", "declares 31", 5, True),))
    found = book(recording)
    found.add_missing([recording], Range(1_000_000, end))
    assert found.ledger().missing == count
    assert [e.first for e in found.entries()] == ([2_040_000] if count else [])


def test_losses_that_nobody_can_place_are_not_counted() -> None:
    """A break in a transport stream has no number of pictures."""
    recording = made_up([Group()], losses=(Loss("continuity counter", "breaks", None), Loss("PTS jump", "back", 0)))
    found = book(recording)
    found.add_missing([recording], Range(0, 9_000_000))
    assert found.entries() == []


def test_recordings_are_told_apart() -> None:
    """Two files of one range have entries of their own."""
    other = made_up([Group()], name="b.mp4", time_base=Fraction(1, 500))
    found = book()
    found.wrote(item(0, "copied"))
    found.wrote(item(0, "copied", other))
    assert [e.file for e in found.entries()] == ["a.mp4", "b.mp4"]
