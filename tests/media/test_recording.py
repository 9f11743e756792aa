"""Reading by rank: any stretch of any recording gives the very pictures that a whole decode gives."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.footage import ROOT, footage
from tests.media.made_up import Group, made_up
from tests.ranges import CLIPS
from tests.truth import Clip, make
from workbench.core.errors import WorkError
from workbench.media.access import Entry
from workbench.media.index import scan
from workbench.media.recording import Recording

MOST_BYTES = 1_000_000
"""Footage above that would make these tests slow; figure 4 exports it all."""
REAL = {f.name: f for f in footage() if f.stat().st_size < MOST_BYTES and "no_moov" not in f.name}
AVI_WITH_B = Clip(name="b-in-avi", codec="libx264", container="avi", bframes=2)
TWICE = Clip(name="twice", container="ts", frames=40, vfr=True)
MADE = {name: replace(clip, frames=75) for name, (clip, _) in CLIPS.items()} | {
    "b-in-avi": replace(AVI_WITH_B, frames=75)
}


def digest(frame: Any) -> str:
    """A hash of a picture's pixels."""
    found = hashlib.md5(usedforsecurity=False)
    depth = 2 if frame.format.components[0].bits > 8 else 1
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        found.update(rows[:, : plane.width * depth].tobytes())
    return found.hexdigest()


@cache
def known(path: Path) -> tuple[Recording, list[str]]:
    """A recording, and the hashes of all its pictures by a plain decode from its begin."""
    with av.open(str(path), metadata_errors="replace") as container:
        whole = [digest(frame) for frame in container.decode(video=0)]
    return Recording(path.name, path, scan(path), 0), whole


def stretches(count: int, seed: str) -> Iterator[tuple[int, int]]:
    """A few stretches of ranks: the first picture, the last one, and random ones."""
    yield 0, 1
    yield count - 1, count
    rng = random.Random(seed)
    for _ in range(5):
        low = rng.randrange(count)
        yield low, min(count, low + rng.choice([1, 3, 20]))


@pytest.mark.parametrize("name", list(MADE))
def test_a_stretch_decodes_to_the_same_pixels(name: str) -> None:
    """Every stretch of a truth clip has the pixels of a whole decode, none missing, none beside."""
    recording, whole = known(make(MADE[name]))
    assert len(recording.shown) == len(whole)
    for low, high in stretches(len(whole), name):
        found = {rank: digest(frame) for rank, frame in recording.frames(low, high)}
        assert found == dict(zip(range(low, high), whole[low:high], strict=True)), (low, high)


@pytest.mark.parametrize("name", list(REAL))
def test_a_stretch_of_real_footage_decodes_to_the_same_pixels(name: str) -> None:
    """The same for recordings of real cameras and encoders."""
    recording, whole = known(REAL[name])
    for low, high in stretches(len(recording.shown), name):
        found = [digest(frame) for _, frame in recording.frames(low, high)]
        assert found == whole[low:high], (low, high)


def test_pictures_behind_a_clock_that_was_set_back_are_found(tmp_path: Path) -> None:
    """A time that occurs twice in the file leads to the right one of two pictures."""
    path = tmp_path / "a.ts"
    first, second = TWICE, replace(TWICE, bframes=2, vfr=False)
    path.write_bytes(make(first).read_bytes() + make(second).read_bytes())
    recording, whole = known(path)
    for low in (5, 30, 45, 70):
        assert [digest(frame) for _, frame in recording.frames(low, low + 5)] == whole[low : low + 5]


@pytest.mark.parametrize("name", ["h264-b", "h264-vfr-mkv", "mjpeg-avi", "h264-ts", "h264-raw"])
def test_packets_are_those_of_the_rows(name: str) -> None:
    """Packets of a stretch of rows, wherever it begins, are the file's own bytes."""
    recording, _ = known(make(MADE[name]))
    whole = [bytes(packet) for _, packet in recording.packets(0, 75)]
    for low, high in ((0, 75), (1, 2), (40, 60), (74, 75)):
        assert [(row, bytes(p)) for row, p in recording.packets(low, high)] == list(
            zip(range(low, high), whole[low:high], strict=True)
        )


@pytest.mark.parametrize("name", ["h264-b", "h264-vfr-mkv", "h264-ts", "mjpeg-avi"])
def test_a_recording_that_changed_is_noticed(name: str, tmp_path: Path) -> None:
    """Another file under the same path is an error, never another picture."""
    path = tmp_path / f"a.{MADE[name].container}"
    path.write_bytes(make(MADE[name]).read_bytes())
    recording = Recording("a", path, scan(path), 0)
    path.write_bytes(make(replace(MADE[name], name="other", gop=7, width=176)).read_bytes())
    with pytest.raises(WorkError, match="not what it was"):
        list(recording.frames(40, 60))


def test_packets_that_are_gone_are_not_left_out_in_silence(tmp_path: Path) -> None:
    """A copy needs each of its packets: a recording cut short since is an error."""
    path = tmp_path / "a.mkv"
    path.write_bytes(make(MADE["h264-vfr-mkv"]).read_bytes())
    recording = Recording("a", path, scan(path), 0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WorkError, match="not what it was"):
        list(recording.packets(0, 75))


def test_a_recording_cut_short_since_gives_no_wrong_picture(tmp_path: Path) -> None:
    """Where packets are gone pictures are missing by their rank, and those that come are right."""
    path = tmp_path / "a.mkv"
    original = make(MADE["h264-vfr-mkv"])
    path.write_bytes(original.read_bytes())
    recording, whole = Recording("a", path, scan(path), 0), known(original)[1]
    path.write_bytes(original.read_bytes()[: path.stat().st_size // 2])
    found = {rank: digest(frame) for rank, frame in recording.frames(0, 75)}
    wrong = [rank for rank, pixels in found.items() if whole[rank] != pixels]
    assert len(found) < 75 and wrong == []


def test_ranks_between_two_instants_are_half_open() -> None:
    """A picture at begin is in, one at end is not, and a microsecond decides."""
    recording = made_up([Group()], zero=1_000_000)
    assert recording.between(1_040_000, 1_120_000) == (1, 3)
    assert recording.between(1_040_001, 1_120_001) == (2, 4)
    assert recording.between(0, 1_000_000) == (0, 0)


def test_instants_are_rounded_down_without_drift() -> None:
    """At 30000/1001 pictures a second an hour on, an instant is still the exact time rounded down."""
    recording = made_up([Group(runs=0)] * 3, time_base=Fraction(1001, 30000))
    recording.index.rows["pts"][:] = [0, 1, 107_892]
    recording = Recording("a", Path("a"), recording.index, 0)
    assert recording.us.tolist() == [0, 33_366, 3_599_996_400]


@pytest.mark.parametrize(
    ("rank", "row"), [(0, 0), (12, 0), (13, 0), (15, 13), (27, 13)], ids=["first", "last", "leading", "cra", "behind"]
)
def test_decoding_begins_at_the_entry_that_serves(rank: int, row: int) -> None:
    """A leading picture needs the group before its own."""
    assert made_up([Group(), Group(entry=Entry.CRA, leading=2)]).entry_before(rank) == row


def test_footage_is_there() -> None:
    """The small archive in the repository at the least."""
    assert REAL and ROOT.is_dir()
