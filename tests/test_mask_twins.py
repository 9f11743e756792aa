"""Figure 3: two sources that differ only under the mask give byte-identical exports.

For every format and codec, VFR, odd sizes, turned pictures, the first, a middle and the last group. H.264
with B-frames has no twins (x264 makes none in lossless coding); there the packets and the drawn fill are
checked.
"""

from __future__ import annotations

import hashlib
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.engines import Delivered, Engine, Wish, engine
from tests.ranges import CLIPS
from tests.readers import pyav_codes, source_times
from tests.truth import Clip, make
from tests.twins import L_SHAPE, TRIANGLE, Points, Twins, av1, h264, h265, intra, twin_pair

ODD = {"width": 167, "height": 121}
CASES: dict[str, tuple[Clip, str]] = {
    "h264": (h264(), "mp4 mkv avi jpg pdf"),
    "h264-vfr": (h264("vfr", container="mkv", vfr=True), "mkv mp4"),
    "h264-odd": (h264("odd", pix_fmt="yuv444p", **ODD), "mkv mp4 avi jpg"),
    "h264-turned": (h264("turned", rotation=90), "mp4 jpg avi"),
    "h264-ts": (h264("ts", container="ts"), "mp4"),
    "h265": (h265(), "mp4 mkv"),
    "h265-b": (h265("b", 2), "mp4"),
    "h265-open": (h265("open", 3, open_gop=True), "mp4 mkv"),
    "mjpeg": (intra("mjpeg", "avi", pix_fmt="yuvj420p"), "avi mkv jpg"),
    "mjpeg-odd-vfr": (intra("mjpeg", "mkv", pix_fmt="yuvj420p", vfr=True, **ODD), "mkv avi"),
    "mpeg4": (intra("mpeg4", "mp4"), "mp4 mkv"),
    "mpeg2": (intra("mpeg2video", "ts", time_base=Fraction(1, 25)), "mkv"),
    "av1": (av1(container="mkv"), "mkv mp4"),
}
PAIRS = [(name, form) for name, (_, forms) in CASES.items() for form in forms.split()]
STRETCHES = {"all": None, "first": (0, 10), "middle": (30, 41), "last": (-7, 0)}

TRIALS = [(n, f, w) for n, f in PAIRS for w in STRETCHES if w == "middle" or f == CASES[n][1].split()[0]]
"""Every stretch in each clip's first format, the middle one in the others."""
THOROUGH = ("h264", "mjpeg-odd-vfr")
"""Clips whose every stretch is tried always; of the others the one that begins and ends inside, all by ``-m slow``."""


def trials() -> list[Any]:
    """The trials, those marked that are left to ``-m slow``."""
    return [
        pytest.param(*trial, id="{}-to-{}-{}".format(*trial), marks=[pytest.mark.slow] if is_left(*trial) else [])
        for trial in TRIALS
    ]


def is_left(name: str, form: str, where: str) -> bool:
    """Whether a trial is left to ``-m slow``."""
    return name not in THOROUGH and (where != "middle" or form != CASES[name][1].split()[0])


@pytest.fixture(scope="module")
def the_engine() -> Engine:
    """The engine under test."""
    return engine()


def stretch(clip: Clip, name: str) -> range:
    """The frames of a named stretch."""
    found = STRETCHES[name]
    if found is None:
        return range(clip.frames)
    return range(found[0] % clip.frames, found[1] or clip.frames)


def export_twins(
    engine: Engine, twins: Twins, form: str, folder: Path, masks: list[dict[str, Any]], **more: Any
) -> tuple[Delivered, Delivered]:
    """Export both twins with the same wish, each from an archive that looks the same."""
    times = source_times(twins.a, twins.clip)
    first, last = times[0], times[twins.clip.frames - 1]
    begin, end = (times[twins.frames[len(twins.frames) // 2]],) * 2 if form in ("jpg", "pdf") else (first, last + 1)
    done = []
    for side, path in (("a", twins.a), ("b", twins.b)):
        target = folder / side / "cam" / f"clip{path.suffix}"
        target.parent.mkdir(parents=True)
        shutil.copyfile(path, target)
        (folder / side / "out").mkdir()
        wish = Wish(archive=folder / side, source="cam", begin=begin, end=end, form=form, masks=masks, more=more)
        done.append(engine.export(wish, folder / side / "out"))
    return done[0], done[1]


def mask(twins: Twins, name: str, points: Points | None = None) -> dict[str, Any]:
    """The mask over the twins' difference."""
    if name == "all":
        return {"points": points or twins.points}
    times = source_times(twins.a, twins.clip)
    after = times.get(twins.frames[-1] + 1, times[twins.frames[-1]] + 1)
    return {"points": points or twins.points, "begin": times[twins.frames[0]], "end": after}


def contents(done: Delivered) -> list[tuple[str, str]]:
    """(name, SHA-256) of each file with pictures."""
    return [(f.name, hashlib.sha256(f.read_bytes()).hexdigest()) for f in done.files]


@pytest.mark.parametrize(("name", "form", "where"), trials())
def test_twins_give_identical_files(name: str, form: str, where: str, the_engine: Engine, tmp_path: Path) -> None:
    """What lies under the mask leaves no trace in any byte of the output."""
    clip = CASES[name][0]
    twins = twin_pair(clip, L_SHAPE, stretch(clip, where))
    a, b = export_twins(the_engine, twins, form, tmp_path, [mask(twins, where)])
    assert contents(a) == contents(b)
    if form in ("mp4", "mkv", "avi"):
        assert [c.index for c in pyav_codes(a.files[0])[0]] == list(range(clip.frames))


@pytest.mark.parametrize("name", ["h264", "h265-open", "mjpeg-odd-vfr"])
def test_twins_without_the_mask_differ(name: str, the_engine: Engine, tmp_path: Path) -> None:
    """The twin test has teeth: without a mask the outputs are not the same."""
    twins = twin_pair(CASES[name][0], L_SHAPE, stretch(CASES[name][0], "middle"))
    a, b = export_twins(the_engine, twins, "mkv", tmp_path, [])
    assert contents(a)[0][1] != contents(b)[0][1]


@pytest.mark.parametrize(
    "more", [{"crop": [[0.1, 0.2], [0.9, 0.9]]}, {"rate_divisor": 2}, {"video_quality": 4}], ids=str
)
@pytest.mark.parametrize("name", ["h264", "h264-turned", "h265-b", "mjpeg-odd-vfr"])
def test_twins_hold_beside_other_wishes(name: str, more: dict[str, Any], the_engine: Engine, tmp_path: Path) -> None:
    """Crop, divisor and quality come after the mask, never before it."""
    twins = twin_pair(CASES[name][0], TRIANGLE, stretch(CASES[name][0], "middle"))
    a, b = export_twins(the_engine, twins, "mkv", tmp_path, [mask(twins, "middle")], **more)
    assert contents(a) == contents(b)


def test_an_inverted_mask_covers_all_but_its_polygon(the_engine: Engine, tmp_path: Path) -> None:
    """Twins that differ left of a line are equal under the inverse of the right half."""
    left = ((0.05, 0.3), (0.4, 0.3), (0.4, 0.7), (0.05, 0.7))
    twins = twin_pair(h264(), left, range(20, 50))
    right = {"points": ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)), "inverted": True}
    a, b = export_twins(the_engine, twins, "mp4", tmp_path, [right])
    assert contents(a) == contents(b)


def hashes_by_frame(path: Path) -> list[str]:
    """MD5 of each coded picture in display order."""
    with av.open(str(path)) as box:
        packets = sorted((p.pts, hashlib.md5(bytes(p)).hexdigest()) for p in box.demux(video=0) if p.size)
    return [digest for _, digest in packets]


@pytest.mark.parametrize("name", ["h264-b", "h264-nob", "h265-closed", "h265-open"])
def test_packets_under_a_mask_are_not_copied(name: str, the_engine: Engine, tmp_path: Path) -> None:
    """A mask on part of the range leaves copied packets outside it, none inside, and a flat fill inside."""
    clip = CLIPS[name][0]
    path, masked = make(clip), range(100, 131)
    target = tmp_path / "cam" / f"clip{path.suffix}"
    target.parent.mkdir()
    shutil.copyfile(path, target)
    times = source_times(path, clip)
    cover = {"points": L_SHAPE, "begin": times[100], "end": times[131]}
    wish = Wish(archive=tmp_path, source="cam", begin=0, end=times[clip.frames - 1] + 1, masks=[cover])
    (tmp_path / "out").mkdir()
    done = the_engine.export(wish, tmp_path / "out")
    source, found = hashes_by_frame(path), set(hashes_by_frame(done.files[0]))
    assert not {source[i] for i in masked} & found
    assert done.ledger["masked"] == len(masked)
    copied = sum(digest in found for digest in source)
    assert copied >= done.ledger["copied"] - 4 > clip.frames // 3
    assert [spread(f) <= 4 for f in luma_inside(done.files[0])] == [i in masked for i in range(clip.frames)]


def luma_inside(path: Path) -> list[Any]:
    """For each frame, the luma of a square well inside the polygon's left leg."""
    with av.open(str(path)) as box:
        grays = [f.to_ndarray(format="gray") for f in box.decode(video=0)]
    return [
        g[int(0.42 * g.shape[0]) : int(0.56 * g.shape[0]), int(0.2 * g.shape[1]) : int(0.3 * g.shape[1])] for g in grays
    ]


def spread(pixels: Any) -> int:
    """Largest minus smallest level."""
    return int(np.ptp(pixels))
