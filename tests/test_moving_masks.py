"""Masks that move, proven in pixels: on every frame the shape of its own instant is covered, every touched pixel of it.

Twins differ in noise under the moving polygon and nowhere else; if their exports are the same bytes, nothing of what
was beneath reached them. That the rest stays is seen in frames as they go to the encoder, and in what it made.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.engines import Engine, Wish, engine
from tests.moving import KEYS, in_blocks, mask_json, shape, touched, twin
from tests.readers import source_times
from tests.truth import Clip, make, timeline
from tests.twins import coded_points, h264, h265, intra
from workbench.archives.local import LocalArchive
from workbench.cli_request import MASKS, build_parser, spec_from
from workbench.core.errors import RequestError, WorkError
from workbench.core.mask import shape_at
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset
from workbench.media.index import scan
from workbench.media.masks import MaskPlan
from workbench.media.planes import samples
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch
from workbench.media.timed import TimedMask, in_force, of_job, of_look

CLIP = Clip(name="moving", frames=80, gop=20, bframes=2)
TIMES = [stamp.us for stamp in timeline(CLIP)]
TWINS: dict[str, tuple[Clip, str]] = {
    "h264": (h264(), "mp4 avi jpg pdf"),
    "h264-vfr": (h264("moving-vfr", vfr=True), "mp4"),
    "h264-turned": (h264("turned", rotation=90), "mp4 jpg"),
    "h265": (h265(), "mkv"),
    "mjpeg": (intra("mjpeg", "avi", pix_fmt="yuvj420p"), "mkv"),
}
STRETCHES = {"all": None, "middle": range(20, 51)}
TRIALS = [(name, form, where) for name, (_, forms) in TWINS.items() for form in forms.split() for where in STRETCHES]


@pytest.fixture(scope="module")
def the_engine() -> Engine:
    """The engine under test."""
    return engine()


def exported(the_engine: Engine, path: Path, folder: Path, form: str, mask: dict[str, Any], at: int) -> list[str]:
    """The hashes of what an export of all of a recording (or of the frame at `at`) makes."""
    (folder / "cam").mkdir(parents=True)
    (folder / "out").mkdir()
    shutil.copyfile(path, folder / "cam" / f"clip{path.suffix}")
    begin, end = (at, at) if form in ("jpg", "pdf") else (0, 10_000_000)
    wish = Wish(archive=folder, source="cam", begin=begin, end=end, form=form, masks=[mask])
    files = the_engine.export(wish, folder / "out").files
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


@pytest.mark.parametrize(
    ("name", "form", "where"),
    [pytest.param(*trial, id="-".join(trial)) for trial in TRIALS],
)
def test_what_lies_beneath_leaves_no_trace(
    name: str, form: str, where: str, the_engine: Engine, tmp_path: Path
) -> None:
    """Twins that differ under the moving polygon alone give the same bytes, in every format."""
    clip = TWINS[name][0]
    frames = STRETCHES[where] or range(clip.frames)
    whole = 16 if name == "mjpeg" else 1
    one, two = (twin(clip, seed, frames, whole=whole) for seed in (7, 11))
    times = source_times(one, clip)
    assert one.read_bytes() != two.read_bytes()
    span = {} if where == "all" else {"begin": times[frames[0]], "end": times[frames[-1] + 1]}
    sides = [
        exported(the_engine, path, tmp_path / side, form, mask_json(**span), times[frames[len(frames) // 2]])
        for side, path in (("a", one), ("b", two))
    ]
    assert sides[0] == sides[1]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """One undated camera, and one of two recordings with a gap between."""
    folder = tmp_path_factory.mktemp("moving")
    for name in ("cam/clip.mp4", "hall/20260301T100000.mp4", "hall/20260301T100010.mp4"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(make(CLIP), folder / name)
    opened = LocalArchive(folder, folder.parent / "moving-cache")
    yield opened
    opened.close()


MOVING = Mask.from_json(mask_json())


def spec(mask: Mask = MOVING, source: str = "cam", begin: int = 0, end: int = 3_200_000, **more: Any) -> ExportSpec:
    """An export of the clip under the mask."""
    chosen = {"format": "mp4", **more}
    return ExportSpec(source=source, begin=Offset(begin), end=Offset(end), masks=(mask,), **chosen)


def decoded(path: Path) -> list[np.ndarray[Any, Any]]:
    """The luma planes of a file."""
    with av.open(str(path)) as box:
        return [frame.to_ndarray(format="gray") for frame in box.decode(video=0)]


def test_every_touched_pixel_is_covered_and_the_rest_stays(archive: LocalArchive, tmp_path: Path) -> None:
    """In each frame of an export the polygon of its instant is black, and elsewhere only coding loss is to be seen."""
    plan = archive.plan(spec())
    assert plan.count(plan.segments[0].mode) == CLIP.frames and {s.mode.value for s in plan.segments} == {"encode"}
    made = decoded(Path(archive.run(plan, tmp_path).files[0].path))
    bare = decoded(make(CLIP))
    assert len(made) == len(bare) == CLIP.frames
    for us, masked, source in zip(TIMES, made, bare, strict=True):
        corners = shape(KEYS, us)
        hidden = touched(corners, CLIP.width, CLIP.height)
        near = in_blocks(touched(corners, CLIP.width, CLIP.height, slack=-8.0), 8)
        assert masked[hidden].max() < 40, us
        apart = np.abs(masked.astype(int) - source)[~near]
        assert apart.max() < 48 and apart.mean() < 3, us


@pytest.mark.parametrize("rotation", [0, 90])
def test_outside_not_a_sample_changes(rotation: int) -> None:
    """Before coding, touched pixels are black with the whole chroma blocks they lie in; every other sample stays."""
    clip = CLIP if not rotation else replace(CLIP, name="moving-turned", rotation=rotation)
    recording = Recording("clip", make(clip), scan(make(clip)), 0)
    timed = [TimedMask(MOVING, None, None, tuple(us for us, _ in KEYS))]
    retouch = Retouch(spec(burn=False), recording.facts_at(0), recording.index.rotation, timed, lambda us: "")
    for rank, frame in recording.frames(0, clip.frames):
        us = int(recording.us[rank])
        masked, fate = retouch.apply(frame, us, recording.until(rank))
        corners = coded_points(shape(KEYS, us), rotation)
        certain, doubted = (in_blocks(touched(corners, clip.width, clip.height, slack)) for slack in (1e-6, -1e-6))
        assert fate == "masked" and certain.any()
        for bare, shown, step, black in zip(samples(frame), samples(masked), (1, 2, 2), (16, 128, 128), strict=True):
            assert np.all(shown[certain[::step, ::step]] == black), us
            assert np.array_equal(bare[~doubted[::step, ::step]], shown[~doubted[::step, ::step]]), us


def test_frame_view_and_snapshot_show_the_same_shape(archive: LocalArchive) -> None:
    """A snapshot's masks are the shapes of its frame, at rest and without a time range; its pixels are the frame's."""
    mask = replace(MOVING, begin=Offset(0), end=Offset(3_000_000))
    for us in (0, 400_000, 680_000, 1_320_000, 2_000_000, 2_900_000):
        frame, taken = archive.frame("cam", Offset(us), (mask,)), archive.snapshot("cam", Offset(us), (mask,))
        (still,) = taken.masks
        assert still.points == shape_at(mask, us, [k[0] for k in KEYS]) and not still.keys
        assert (still.begin, still.end) == (None, None)
        assert [pytest.approx(p) for p in shape(KEYS, us)] == list(still.points)
        pixels = [np.asarray(Image.open(io.BytesIO(png))) for png in (frame.png(), taken.png)]
        assert np.array_equal(*pixels)
        assert np.array_equal(
            pixels[0], np.asarray(Image.open(io.BytesIO(archive.frame("cam", Offset(us), taken.masks).png())))
        )
        seen = np.asarray(Image.open(io.BytesIO(archive.view("cam", Offset(us), (mask,)).jpeg)).convert("L"))
        assert seen[touched(shape(KEYS, us), CLIP.width, CLIP.height)].mean() < 12


def test_thumbnails_are_covered_where_their_frame_is(archive: LocalArchive) -> None:
    """Small pictures are masked in the shape of the very frame they show."""
    for found in archive.thumbnails("cam", None, None, 5, (MOVING,)):
        small = np.asarray(Image.open(io.BytesIO(found.jpeg())).convert("L"))
        hidden = touched(shape(KEYS, found.instant), small.shape[1], small.shape[0], slack=2.0)
        assert small[hidden].mean() < 20, found.instant


def test_a_key_is_the_frame_whose_pts_it_names(archive: LocalArchive) -> None:
    """With the right PTS a plan is made, with another one it is refused by name."""
    right = [archive.frame("cam", Offset(us)).pts for us, _ in KEYS]
    assert archive.plan(spec(Mask.from_json(mask_json(pts=right)))).segments
    for wrong in ([right[0], right[1] + 512], [right[0], right[1], 7], [-(2**63)]):
        with pytest.raises(RequestError, match=f"mask 1, key {len(wrong)} at") as caught:
            archive.plan(spec(Mask.from_json(mask_json(pts=wrong))))
        assert caught.value.field == "masks.keys"


def test_a_key_may_lie_in_another_recording_and_not_in_a_gap(archive: LocalArchive) -> None:
    """Keys outside the range are held against their own recording; where no frame is shown there is no PTS."""
    pts = [archive.frame("hall", Offset(us)).pts for us in (400_000, 10_400_000)]
    keys = ((400_000, KEYS[0][1]), (10_400_000, KEYS[1][1]))
    mask = Mask.from_json(mask_json(keys, pts=pts))
    assert archive.plan(spec(mask, "hall", 10_000_000, 11_000_000)).segments
    lost = Mask.from_json(mask_json(((400_000, KEYS[0][1]), (6_000_000, KEYS[1][1])), pts=pts))
    with pytest.raises(RequestError, match="no frame is shown there") as caught:
        archive.plan(spec(lost, "hall", 0, 1_000_000))
    assert caught.value.field == "masks.keys"


def test_the_plan_says_what_to_look_at(archive: LocalArchive) -> None:
    """It tells that masks move and how, where one shrinks on its way, and which key lies beside its frame."""
    quarter = (KEYS[0], (1_300_000, (*KEYS[0][1][1:], KEYS[0][1][0])))
    pts = [archive.frame("cam", Offset(us)).pts for us, _ in quarter]
    plan = archive.plan(spec(Mask.from_json(mask_json(quarter, pts=pts))))
    note = next(f.note for f in plan.fields if f.field == "masks")
    assert "straight lines between 2 key frames" in note
    assert any("mask 1 shrinks between keys 1 and 2" in text for text in plan.warnings)
    assert any("mask 1: key 2 lies 0.020000 s behind its frame" in text for text in plan.warnings)


def test_instants_need_a_dated_line(archive: LocalArchive) -> None:
    """Keys given as instants mean nothing on an undated line, and the error names them."""
    keys = [{"at": "2026-03-01T10:00:00Z", "points": [list(p) for p in KEYS[0][1]]}]
    with pytest.raises(RequestError) as caught:
        archive.frame("cam", Offset(0), (Mask.from_json({"keys": keys}),))
    assert caught.value.field == "masks.keys"


def test_the_command_line_takes_keys_in_a_spec(tmp_path: Path) -> None:
    """Key frames in the masks of --spec reach the request whole, and --help says how they are written."""
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({"source": "cam", "begin": "+0", "end": "+3", "format": "mp4", "masks": [mask_json()]}))
    words = ["export", "footage", "--out", "out", "--spec", str(path), "--mask", "0.1,0.1 0.4,0.1 0.4,0.5"]
    moving, resting = spec_from(build_parser().parse_args(words)).masks
    assert moving == MOVING and not resting.keys
    assert '"keys"' in MASKS and "straight line" in MASKS


def test_keys_without_their_instants_never_rest() -> None:
    """A job that brings a moving mask and not the instants of its keys fails: at rest it would hide another place."""
    with pytest.raises(WorkError, match="3 keys came with the instants of 0"):
        of_look([{"mask": MOVING.to_json(), "range": [None, None]}])
    with pytest.raises(WorkError, match="3 keys came with the instants of 0"):
        of_job((MOVING,), {"mask_ranges": [[None, None]]})


def test_shapes_that_rest_are_kept_and_those_that_move_are_not() -> None:
    """Before the first and behind the last key a mask is one object for all frames; between them nothing piles up."""
    timed = [TimedMask(MOVING, None, None, tuple(us for us, _ in KEYS))]
    early, later = in_force(timed, 0, 1), in_force(timed, 300_000, 300_001)
    assert early.resting[0] is later.resting[0] and not early.moving
    plan = MaskPlan(160, 120, 0, "yuv420p")
    for us in range(400_000, 2_640_001, 40_000):
        found = in_force(timed, us, us + 40_000)
        plan.cover_for(found.resting, found.moving)
    assert len(plan._known) == 2 and len(plan._covers) == 2
