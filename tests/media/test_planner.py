"""The planner on made-up recordings: what is copied, what is not and why, and which file it goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.media.made_up import Group, facts, job, made_up
from tests.truth import Clip, make
from workbench.core.errors import SourceError
from workbench.core.geometry import Area
from workbench.core.plan import ExportPlan, Mode, Segment
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset
from workbench.media.index import load
from workbench.media.losses import Loss
from workbench.media.places import recording_at
from workbench.media.planner import plan
from workbench.media.recording import Recording

COPY, ENCODE = Mode.COPY, Mode.ENCODE
GROUPS = [Group(), Group(), Group()]
"""39 pictures of 40 ms: 1.56 s."""
BOX = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))


def wish(form: str = "mkv", **more: Any) -> ExportSpec:
    """A spec whose own range is beside the point: the job carries it."""
    still = form in ("jpg", "pdf")
    return ExportSpec(source="cam", begin=Offset(0), end=Offset(0 if still else 1), format=form, **more)  # type: ignore[arg-type]


class Planner:
    """Plans on made-up recordings, indexes kept in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, recordings: Sequence[Recording], spec: ExportSpec, begin: int, end: int, **more: Any
    ) -> ExportPlan:
        return plan(job(recordings, spec, begin, end, self.folder, **more))


@pytest.fixture
def planned(tmp_path: Path) -> Planner:
    """Plans with a place for indexes."""
    return Planner(tmp_path)


def shape(segments: Sequence[Segment]) -> list[tuple[Mode, int, int]]:
    """Mode, first picture's time in ms, and count of each segment."""
    return [(s.mode, s.begin // 1000, s.frames) for s in segments]


def test_a_whole_recording_is_one_copied_segment(planned: Planner) -> None:
    """Nothing forces a re-encode: all packets are carried over."""
    (segment,) = planned([made_up(GROUPS)], wish(), 0, 1_560_000).segments
    assert (segment.mode, segment.frames, segment.packets, segment.part) == (COPY, 39, (0, 39), 0)
    assert (segment.begin, segment.last, segment.first_pts, segment.last_pts) == (0, 1_520_000, 0, 1520)


def test_a_range_is_half_open(planned: Planner) -> None:
    """A picture exactly at the end is out, one a microsecond before it is in."""
    recording = made_up(GROUPS)
    assert planned([recording], wish(), 0, 1_520_000).segments[-1].last == 1_480_000
    assert planned([recording], wish(), 0, 1_520_001).segments[-1].last == 1_520_000


def test_no_picture_no_segments(planned: Planner) -> None:
    """A range between two pictures holds none."""
    assert planned([made_up(GROUPS)], wish(), 1, 40_000).segments == ()


def test_every_field_of_the_spec_has_its_word(planned: Planner) -> None:
    """One entry for each field, in the spec's order."""
    found = planned([made_up(GROUPS)], wish(), 0, 1_000_000).fields
    assert [f.field for f in found] == [f.name for f in fields(ExportSpec)]


FORCED = {
    "crop": ({"crop": Area(0.1, 0.1, 0.9, 0.9)}, "cropped"),
    "divisor": ({"rate_divisor": 4}, "one frame of 4"),
    "burn": ({"burn": True, "comment": "x"}, "text is drawn"),
    "quality": ({"video_quality": 4}, "video quality 4"),
}


@pytest.mark.parametrize("name", list(FORCED))
def test_what_touches_every_picture_copies_none(name: str, planned: Planner) -> None:
    """The whole range is coded anew, and the reason is told."""
    more, words = FORCED[name]
    (segment,) = planned([made_up(GROUPS)], wish(**more), 0, 1_560_000).segments
    assert segment.mode is ENCODE and words in segment.reason


@pytest.mark.parametrize("quality", [0, 3])
def test_the_qualities_that_ask_for_nothing_copy(quality: int, planned: Planner) -> None:
    """Best and normal keep the source's own quality, and the plan says so."""
    found = planned([made_up(GROUPS)], wish(video_quality=quality), 0, 1_560_000)
    assert found.count(ENCODE) == 0
    assert "source's own" in next(f.note for f in found.fields if f.field == "video_quality")


def test_a_mask_range_touches_its_groups_only(planned: Planner) -> None:
    """A mask on 20 ms of the middle group leaves the others copied."""
    spec = wish(masks=(Mask(points=BOX),))
    found = planned([made_up(GROUPS)], spec, 0, 1_560_000, mask_ranges=[(800_000, 820_000)])
    assert shape(found.segments) == [
        (COPY, 0, 13),
        (ENCODE, 520, 7),
        (ENCODE, 800, 1),
        (ENCODE, 840, 5),
        (COPY, 1040, 13),
    ]


def test_masks_that_meet_are_one_stretch(planned: Planner) -> None:
    """Overlapping and touching mask ranges are joined; one outside the range does nothing."""
    spec = wish(masks=(Mask(points=BOX),) * 4)
    ranges = [(600_000, 700_000), (680_000, 800_000), (800_000, 840_000), (5_000_000, None)]
    found = planned([made_up(GROUPS)], spec, 0, 1_560_000, mask_ranges=ranges)
    assert (ENCODE, 600, 6) in shape(found.segments)


def test_a_mask_without_a_range_takes_all(planned: Planner) -> None:
    """Open at both ends, it touches every picture."""
    found = planned([made_up(GROUPS)], wish(masks=(Mask(points=BOX),)), 0, 1_560_000, mask_ranges=[(None, None)])
    assert [(s.mode, s.reason) for s in found.segments] == [(ENCODE, "masked")]


def test_a_mask_is_told_apart_where_all_is_coded_anew(planned: Planner) -> None:
    """With a crop as well, masked pictures still are a segment of their own."""
    spec = wish(masks=(Mask(points=BOX),), crop=Area(0.1, 0.1, 0.9, 0.9))
    found = planned([made_up(GROUPS)], spec, 0, 1_560_000, mask_ranges=[(400_000, 800_000)])
    assert shape(found.segments) == [(ENCODE, 0, 10), (ENCODE, 400, 10), (ENCODE, 800, 19)]
    assert found.segments[1].reason.startswith("masked")


def test_a_cut_at_a_key_frame_says_how_much_more_it_holds(planned: Planner) -> None:
    """cut=keyframe brings the pictures before along and counts them."""
    found = planned([made_up(GROUPS)], wish(cut="keyframe"), 720_000, 1_000_000)
    assert shape(found.segments) == [(COPY, 520, 13)]
    assert found.extra_frames == 13 - 7
    assert "more than asked" in next(f.note for f in found.fields if f.field == "cut")


def test_a_cut_at_a_key_frame_takes_nothing_twice(planned: Planner) -> None:
    """Where two files overlap, a key frame of the second may not bring back what the first already showed."""
    one, other = made_up(GROUPS, name="a"), made_up(GROUPS, name="b", zero=1_000_000)
    found = planned([one, other], wish(cut="keyframe"), 0, 2_000_000, used_from=[0, 1_560_000])
    assert all(a.last < b.begin for a, b in pairwise(found.segments))
    assert sum(s.frames for s in found.segments) == 39 + 12


def test_two_recordings_alike_go_into_one_file(planned: Planner) -> None:
    """Same coding, same shape, same headers: one part across a gap."""
    found = planned([made_up(GROUPS, name="a"), made_up(GROUPS, name="b", zero=5_000_000)], wish(), 0, 9_000_000)
    assert [(s.file, s.part) for s in found.segments] == [("a", 0), ("b", 0)]


OTHERS = {
    "size": {"width": 320},
    "coding": {"codec": "hevc"},
    "pixels": {"pix_fmt": "yuv422p"},
    "aspect": {"sample_aspect_ratio": 2},
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_another_shape_begins_a_new_file(name: str, planned: Planner) -> None:
    """Nothing is rescaled or recoded in silence."""
    other = made_up(GROUPS, name="b", zero=5_000_000, facts=facts(**OTHERS[name]))
    found = planned([made_up(GROUPS, name="a"), other], wish(), 0, 9_000_000)
    assert [(s.file, s.part) for s in found.segments] == [("a", 0), ("b", 1)]


def test_another_rotation_begins_a_new_file(planned: Planner) -> None:
    """A player can turn a whole file only."""
    found = planned(
        [made_up(GROUPS, name="a"), made_up(GROUPS, name="b", zero=5_000_000, rotation=90)], wish(), 0, 9_000_000
    )
    assert [s.part for s in found.segments] == [0, 1]


def test_new_headers_inside_a_recording_begin_a_new_file(planned: Planner) -> None:
    """Where the parameter sets change the file ends, and the next one goes on without a picture lost."""
    groups = [Group(), Group(config=1), Group(config=1)]
    found = planned([made_up(groups)], wish(), 0, 1_560_000)
    assert [(s.part, s.frames) for s in found.segments] == [(0, 13), (1, 26)]


def test_an_overlap_is_used_once_and_told(planned: Planner) -> None:
    """The earlier file counts up to its end; what lies under it is left out with a word."""
    one, other = made_up(GROUPS, name="a"), made_up(GROUPS, name="b", zero=1_000_000)
    found = planned([one, other], wish(), 0, 9_000_000, used_from=[0, 1_560_000])
    assert sum(s.frames for s in found.segments) == 39 + 25
    assert any("14 pictures lie where an earlier file" in w for w in found.warnings)


def test_gaps_and_losses_stand_in_the_plan(planned: Planner) -> None:
    """What the time line and the recordings know is handed on."""
    recording = made_up(GROUPS, losses=(Loss("container", "declares more", 3, True),))
    found = planned([recording], wish(), 0, 2_000_000, gaps=[(1_560_000, 2_000_000, "file times")])
    assert [(g.begin, g.end, g.witness) for g in found.gaps] == [(1_560_000, 2_000_000, "file times")]
    assert found.warnings == ("a.mp4: declares more (container)",)


@pytest.mark.parametrize(("at", "begin"), [(520_000, 520_000), (519_999, 480_000), (9_000_000, 1_520_000)], ids=str)
def test_one_frame_is_the_last_at_or_before(at: int, begin: int, planned: Planner) -> None:
    """A picture is asked for by an instant: the one shown then."""
    (segment,) = planned([made_up(GROUPS)], wish("jpg"), at, at).segments
    assert (segment.begin, segment.frames, segment.mode) == (begin, 1, ENCODE)


@pytest.mark.parametrize("codec", ["mpeg4", "mpeg2video"])
def test_a_coding_that_cannot_be_joined_is_all_or_nothing(codec: str, planned: Planner) -> None:
    """On a group's border it is copied whole; inside one all of it is coded anew as H.264."""
    recording = made_up(GROUPS, facts=facts(codec=codec))
    assert shape(planned([recording], wish(), 520_000, 1_040_000).segments) == [(COPY, 520, 13)]
    (segment,) = planned([recording], wish(), 480_000, 1_040_000).segments
    assert (segment.mode, segment.codec) == (ENCODE, "h264")


@pytest.mark.parametrize(
    ("form", "codec", "pix_fmt", "mode"),
    [
        ("mp4", "h264", "yuv420p", COPY),
        ("mp4", "mpeg4", "yuv420p", COPY),
        ("mp4", "mjpeg", "yuvj420p", ENCODE),
        ("mkv", "vp9", "yuv420p", COPY),
        ("mkv", "mjpeg", "yuvj422p", COPY),
        ("avi", "h264", "yuv420p", ENCODE),
        ("avi", "mjpeg", "yuvj420p", COPY),
        ("avi", "mjpeg", "yuv420p", ENCODE),
    ],
)
def test_what_a_container_takes_as_it_is(form: str, codec: str, pix_fmt: str, mode: Mode, planned: Planner) -> None:
    """The table of formats and codings."""
    recording = made_up(GROUPS, facts=facts(codec=codec, pix_fmt=pix_fmt))
    assert [s.mode for s in planned([recording], wish(form), 0, 1_560_000).segments] == [mode]


@pytest.mark.parametrize(
    ("field", "more"), [("archive", {"archive": "x"}), ("format", {"form": "exe"})], ids=["archive", "exe"]
)
def test_what_cannot_be_done_is_refused_by_name(field: str, more: dict[str, Any], planned: Planner) -> None:
    """A refused field says why and what to do."""
    found = planned([made_up(GROUPS)], wish(**more), 0, 1_000_000)
    assert [f.field for f in found.refused] == [field] and found.refused[0].note


@pytest.mark.parametrize(("more", "words"), [({}, "no sound"), ({"audio": "drop"}, "left out (aac")])
def test_the_plan_says_what_becomes_of_the_sound(more: dict[str, Any], words: str, planned: Planner) -> None:
    """Left out, or none there; what is kept is asked of the recording itself."""
    recording = made_up(GROUPS, facts=facts(audio=("aac",) if more else ()))
    assert words in planned([recording], wish(**more), 0, 1_000_000).audio


def test_a_lost_index_is_made_anew(tmp_path: Path) -> None:
    """The cache may go while somebody works; only a recording that is gone, too, is an error."""
    clip = make(Clip(name="lost-index", frames=30))
    place = {"name": clip.name, "path": str(clip), "index": str(tmp_path / "lost"), "start": 0}
    assert recording_at(place).index.rows.size == 30
    assert load(tmp_path / "lost") is not None
    gone = job([made_up(GROUPS)], wish(), 0, 1, tmp_path)["places"][0]
    (tmp_path / "0.npy").unlink()
    with pytest.raises(SourceError, match="No such file"):
        recording_at(gone)


def test_a_plan_survives_the_way_between_processes(planned: Planner) -> None:
    """As plain data and back, nothing is rounded or lost."""
    found = planned([made_up(GROUPS)], wish(masks=(Mask(points=BOX),)), 1, 1_500_000, mask_ranges=[(2, 3)])
    assert ExportPlan.from_data(found.to_data()) == replace(found)
