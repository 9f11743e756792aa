"""Snapshots: the right frame by its pixels, hashes that FFmpeg confirms, masks that leave no trace, the same again."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.ranges import CLIPS
from tests.readers import find_code, source_times
from tests.truth import Clip, make
from tests.twins import L_SHAPE, h264, h265, intra, twin_pair
from workbench.archives.base import Snapshot
from workbench.archives.local import LocalArchive
from workbench.core.errors import SourceError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.media.worker import Worker

NAMES = ["h264-b", "h264-mbaff-ts", "h264-vfr", "h264-turned", "h264-start", "h264-raw", "h265-open", "mjpeg-odd-vfr"]
AT = (0, 1, 23, 24, 77, 140)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of indexes for all."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """A worker that never saw the archives."""
    with Worker() as made:
        yield made


def taken(path: Path, us: int, cache: Path, *masks: Mask, crop: Area | None = None) -> Snapshot:
    """The snapshot of a single recording at an offset."""
    archive = LocalArchive(path, cache)
    try:
        return archive.snapshot(path.name, Offset(us), masks, crop)
    finally:
        archive.close()


def pixels(snapshot: Snapshot) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The PNG's RGB array."""
    return np.asarray(Image.open(io.BytesIO(snapshot.png)).convert("RGB"))


def as_record(snapshot: Snapshot) -> dict[str, Any]:
    """What `rebuild` wants of a snapshot."""
    crop = None if snapshot.crop is None else snapshot.crop.corners()
    return {"pts": snapshot.pts, "masks": [m.to_json() for m in snapshot.masks], "crop": crop}


@pytest.mark.parametrize("name", NAMES)
def test_the_frame_is_the_one_of_its_pts(name: str, cache: Path, worker: Worker) -> None:
    """The index drawn into the pixels is that of the frame whose PTS the snapshot names, and rebuilds the same."""
    clip = CLIPS[name][0]
    path = make(clip)
    times = source_times(path, clip)
    archive = LocalArchive(path, cache)
    shots = [archive.snapshot(path.name, Offset(times[i])) for i in AT]
    archive.close()
    for index, shot in zip(AT, shots, strict=True):
        found = find_code(np.asarray(Image.fromarray(pixels(shot)).convert("L")), clip.block)
        assert (shot.rank, found and found[0]) == (index, index)
        assert shot.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert shot.rgb_sha256 == hashlib.sha256(pixels(shot).tobytes()).hexdigest()
    answer = worker.call("rebuild", {"path": str(path), "wanted": [as_record(s) for s in shots]})
    keys = ("pts", "stream", "rank", "picture_type", "frame_sha256", "pixel_format", "rgb_sha256", "width", "height")
    for shot, again in zip(shots, answer.data["pictures"], strict=True):
        assert {key: again[key] for key in keys} == {key: getattr(shot, key) for key in keys}
        assert Fraction(again["time_base"]) == shot.time_base


@pytest.mark.parametrize("name", ["h264-b", "h264-mbaff-ts", "mjpeg-odd-vfr", "h265-open"])
def test_ffmpeg_confirms_frame_hash_and_type(name: str, cache: Path) -> None:
    """Debian's ffmpeg gives the same SHA-256 for the decoded frame, and ffprobe the same picture type."""
    clip = CLIPS[name][0]
    path = make(clip)
    shot = taken(path, source_times(path, clip)[30], cache)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0", "-frames:v", "40"]
    command += ["-vsync", "passthrough", "-f", "framehash", "-hash", "sha256", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    hashes = [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]
    assert hashes[shot.rank] == shot.frame_sha256
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pict_type"]
    probe = subprocess.run([*command, "-of", "csv=p=0", str(path)], capture_output=True, text=True, check=True)
    assert probe.stdout.split()[shot.rank].strip(",") == shot.picture_type


@pytest.mark.parametrize("fmt", ["yuv422p10le", "gray", "bgr0", "rgb24", "pal8", "yuyv422", "rgb555le", "gbrp"])
def test_other_pixel_formats_are_hashed_as_ffmpeg_does(fmt: str, tmp_path: Path, cache: Path) -> None:
    """Packed, deep and palette formats of an odd width: planes in order, no padding."""
    path = tmp_path / "odd.avi"
    codec = "ffv1" if fmt in ("yuv422p10le", "gray", "bgr0", "gbrp") else "rawvideo"
    make_it = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=98x63:rate=5:duration=1"]
    subprocess.run([*make_it, "-c:v", codec, "-pix_fmt", fmt, str(path)], check=True)
    shot = taken(path, 400_000, cache)
    with av.open(str(path)) as box:
        plain = [f.format.name for f in box.decode(video=0)][shot.rank]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "framehash", "-hash", "sha256", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    hashes = [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]
    assert (shot.pixel_format, shot.frame_sha256) == (plain, hashes[shot.rank])


TWINS = [h264(), h264("turned", rotation=90), h265("b", 2), intra("mjpeg", "avi", pix_fmt="yuvj420p")]


@pytest.mark.parametrize("clip", TWINS, ids=lambda clip: clip.name)
def test_twins_give_the_same_png(clip: Clip, tmp_path: Path, cache: Path) -> None:
    """Two recordings that differ only under the mask give byte-identical pictures, and other ones without it."""
    twins = twin_pair(clip, L_SHAPE, range(30, 41))
    us = source_times(twins.a, clip)[35]
    mask = Mask(points=tuple(L_SHAPE))
    a, b = (taken(path, us, cache, mask) for path in (twins.a, twins.b))
    assert a.png == b.png and a.frame_sha256 != b.frame_sha256
    crop = Area(0.1, 0.2, 0.9, 0.9)
    assert taken(twins.a, us, cache, mask, crop=crop).png == taken(twins.b, us, cache, mask, crop=crop).png
    assert taken(twins.a, us, cache).png != taken(twins.b, us, cache).png


def test_a_mask_holds_its_fill_and_only_while_in_force(cache: Path) -> None:
    """Under the polygon every pixel is black; a mask whose time is over is neither painted nor recorded."""
    path = make(CLIPS["h264-b"][0])
    here = Mask(points=((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6)), reason="face")
    over = Mask(points=((0.6, 0.4), (0.9, 0.4), (0.9, 0.6), (0.6, 0.6)), begin=Offset(0), end=Offset(1_000_000))
    shot = taken(path, 2_000_000, cache, here, over)
    assert shot.masks == (here,)
    assert (pixels(shot)[56:64, 40:72] == 0).all()  # colour of the rim reaches in by a few pixels
    assert pixels(shot)[48:72, 32:80].max() < 40
    assert np.ptp(pixels(shot)[50:70, 100:140]) > 20
    early = taken(path, 960_000, cache, here, over)
    assert early.masks == (here, replace(over, begin=None, end=None))
    said = " ".join(early.transforms)
    assert "mask 2: inside of the polygon (0.6, 0.4)" in said and "no scaling, no enhancement" in said


def test_a_crop_is_said_in_pixels_and_keeps_the_colours(tmp_path: Path, cache: Path) -> None:
    """A crop cuts pixels out and changes none of them, even where the matrix is guessed from the height."""
    clip = Clip(name="tall", frames=3, width=640, height=720, options=(("preset", "ultrafast"),), pix_fmt="yuv444p")
    path = make(clip)
    whole, part = taken(path, 0, cache), taken(path, 0, cache, crop=Area(0.25, 0.25, 0.75, 0.5))
    assert (pixels(part) == pixels(whole)[180:360, 160:480]).all()
    assert any("crop: 320×180 pixels from column 160, row 180" in step for step in part.transforms)
    assert any("matrix BT.709 (assumed from the height: not declared)" in step for step in part.transforms)


def test_pixels_that_are_not_square_are_stated_and_kept(tmp_path: Path, cache: Path) -> None:
    """The picture keeps its size; the shape of its pixels is in the file and in the words."""
    path = tmp_path / "wide.mkv"
    source = make(CLIPS["h264-b"][0])
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(source), "-frames:v", "5", "-vf", "setsar=16/15"]
    subprocess.run([*command, "-c:v", "libx264", str(path)], check=True)
    shot = taken(path, 0, cache)
    assert (shot.width, shot.height) == (160, 120)
    assert b"pHYs\x00\x00\x00\x0f\x00\x00\x00\x10\x00" in shot.png
    assert any(
        "pixels are 16/15 as wide as high: noted in the file (pHYs), not resampled" in s for s in shot.transforms
    )


def test_interlaced_and_turned_pictures_say_so(cache: Path) -> None:
    """Fields stand in the picture as decoded; a rotation is named."""
    weave = taken(make(CLIPS["h264-mbaff-ts"][0]), 0, cache)
    assert any(step.startswith("interlaced: both fields") for step in weave.transforms)
    turned = taken(make(CLIPS["h264-turned"][0]), 0, cache)
    assert (turned.width, turned.height) == (120, 160)
    assert any(step.startswith("turned 270° counter-clockwise") for step in turned.transforms)


def test_the_same_frame_gives_the_same_bytes(tmp_path: Path, cache: Path) -> None:
    """Nothing of the time, the run or the file's name is in the PNG: only the chunks that make the picture."""
    path = tmp_path / "other name.mp4"
    shutil.copyfile(make(CLIPS["h264-b"][0]), path)
    a, b = taken(path, 1_000_000, cache), taken(make(CLIPS["h264-b"][0]), 1_000_000, cache)
    assert a.png == b.png
    assert a.png[12:16] == b"IHDR" and a.png[37:41] == b"IDAT" and a.png[-8:-4] == b"IEND"


def test_rebuild_names_what_is_not_there(tmp_path: Path, worker: Worker) -> None:
    """A PTS between two frames is a problem of that picture alone; a file that is no recording is an error."""
    path = make(CLIPS["h264-b"][0])
    wanted = [{"pts": pts, "masks": [], "crop": None} for pts in (0, 1)]
    good, bad = worker.call("rebuild", {"path": str(path), "wanted": wanted}).data["pictures"]
    assert good["rank"] == 0 and bad == {"pts": 1, "problem": "the recording shows no picture with that PTS"}
    (tmp_path / "x.mp4").write_bytes(b"no recording")
    with pytest.raises(SourceError):
        worker.call("rebuild", {"path": str(tmp_path / "x.mp4"), "wanted": wanted})
