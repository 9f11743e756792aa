"""The exact frame for eyes, and steps between frames: quick, and never another picture than the exact one."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.mutants import mutant
from tests.ranges import CLIPS as CLIPS_OF_RANGES
from tests.readers import find_code
from tests.truth import Clip, make, timeline
from workbench.archives.local import LocalArchive
from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.media import reel as reel_module
from workbench.media.index import scan
from workbench.media.recording import Recording
from workbench.media.reel import Reel

CLIPS = {
    "B-frames": Clip(name="view-b", frames=90, gop=24, bframes=2),
    "open groups": Clip(name="view-open", frames=90, gop=24, bframes=2, options=(("x264-params", "open-gop=1"),)),
    "H.265": Clip(
        name="view-h265", codec="libx265", frames=60, gop=24, bframes=2, options=(("x265-params", "log-level=0"),)
    ),
    "VFR": Clip(name="view-vfr", frames=60, vfr=True),
}
CLIP = CLIPS["B-frames"]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[LocalArchive]:
    """One undated camera: two clips with a hole of a second between them."""
    folder = tmp_path / "recordings"
    (folder / "hall").mkdir(parents=True)
    for name in ("20260301T100000.mp4", "20260301T100004.600000.mp4"):
        (folder / "hall" / name).write_bytes(make(CLIP).read_bytes())
    opened = LocalArchive(folder, tmp_path / "cache")
    yield opened
    opened.close()


def planes(frame: object) -> bytes:
    """All samples of a picture."""
    return bytes(frame.to_ndarray().tobytes())  # type: ignore[attr-defined]


@pytest.mark.parametrize("clip", CLIPS.values(), ids=list(CLIPS))
def test_kept_pictures_are_those_of_a_fresh_decode(clip: Clip) -> None:
    """Forward, backward and at random, the reel hands out the very samples that a fresh decode of each gives."""
    path = make(clip)
    recording = Recording("a", path, scan(path), 0)
    reel, n = Reel(recording), len(recording.pts)
    rng = random.Random(1)
    walk = [*range(n), *range(n - 1, -1, -1), *(rng.randrange(n) for _ in range(30))]
    fresh = {rank: planes(frame) for rank, frame in recording.frames(0, n)}
    assert [rank for rank in walk if planes(reel.picture(rank)) != fresh[rank]] == []
    alone = next(iter(recording.frames(n // 2, n // 2 + 1)))[1]
    assert planes(alone) == fresh[n // 2]


@pytest.mark.parametrize(
    "damage", ["h264-b/flip/3", "h264-slices/zero/2", "h264-mbaff-ts/insert/3", "h264-open/head/2"]
)
def test_kept_pictures_of_damaged_places_are_those_of_a_fresh_decode(damage: str, tmp_path: Path) -> None:
    """Where decoders hide damage with what they have at hand, each picture is still the one decoded alone."""
    name, kind, seed = damage.split("/")
    clip = replace(CLIPS_OF_RANGES[name][0], frames=75)
    path = tmp_path / f"a.{clip.container}"
    path.write_bytes(mutant(make(clip).read_bytes(), kind, seed))
    recording = Recording("a", path, scan(path), 0)
    count = len(recording.pts)
    alone = {n: planes(f) for rank in range(count) for n, f in recording.frames(rank, rank + 1, threads="SLICE")}
    for walk in (range(count), range(count - 1, -1, -1)):
        reel = Reel(recording)
        assert [rank for rank in walk if rank in alone and planes(reel.picture(rank)) != alone[rank]] == []
        reel.close()


def test_kept_pictures_stay_below_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long group only so many pictures are kept as the bound allows, and they are the nearest ones."""
    monkeypatch.setattr(reel_module, "MOST_BYTES", 500_000)
    path = make(replace(CLIP, name="view-long", gop=200, frames=150))
    recording = Recording("a", path, scan(path), 0)
    shown = [planes(reel_module.picture(recording, rank)) for rank in (140, 139, 138, 10, 149)]
    fresh = [planes(next(recording.frames(rank, rank + 1))[1]) for rank in (140, 139, 138, 10, 149)]
    assert shown == fresh
    assert sum(reel.trim(-1, 1 << 40) for reel in reel_module._REELS.values()) <= 500_000


def test_a_view_shows_the_frame_of_its_instant(archive: LocalArchive) -> None:
    """The number that is readable in the pixels is that of the instant asked for, and PTS and type are told."""
    shot = [(s.index, archive.view("hall", Offset(s.us))) for s in timeline(CLIP)[::7]]
    read = [find_code(np.asarray(Image.open(io.BytesIO(seen.jpeg)).convert("L"))) for _, seen in shot]
    assert [code and code[0] for code in read] == [index for index, _ in shot]
    assert all(seen.of == (160, 120) == (seen.width, seen.height) for _, seen in shot)
    assert shot[0][1].key is True and shot[0][1].picture_type == "I"
    assert shot[1][1].frame.time_base == Fraction(1, 12800)


def test_a_view_is_masked_and_cropped(archive: LocalArchive) -> None:
    """What is seen has masks and crop laid on, and is no wider than asked."""
    mask = Mask(points=((0, 0), (1, 0), (1, 1), (0, 1)))
    seen = archive.view("hall", Offset(0), (mask,), Area(0.0, 0.0, 0.5, 0.5), width=40)
    assert (seen.width, seen.height, seen.of) == (40, 30, (80, 60))
    assert np.asarray(Image.open(io.BytesIO(seen.jpeg)).convert("L")).max() < 40


def test_a_changed_recording_is_noticed(archive: LocalArchive) -> None:
    """A recording that was replaced meanwhile is never answered from what was kept."""
    archive.view("hall", Offset(0))
    path = archive.folder / "hall" / "20260301T100000.mp4"
    path.write_bytes(make(replace(CLIP, name="view-other", width=320, height=240)).read_bytes())
    assert archive.view("hall", Offset(0)).of == (320, 240)


def test_nothing_is_shown_in_a_gap(archive: LocalArchive) -> None:
    """An instant at which nothing is recorded shows no picture."""
    with pytest.raises(NothingRecorded):
        archive.view("hall", Offset(4_000_000))


def test_steps_land_on_pictures(archive: LocalArchive) -> None:
    """Frames, seconds, key frames and gap borders: each step ends on the instant of a picture."""
    first = archive.source("hall").first or 0
    at = {s.index: first + s.us for s in timeline(CLIP)}

    def go(index: int, by: int, unit: str) -> int | None:
        return archive.step("hall", at[index], by, unit)  # type: ignore[arg-type]

    assert go(0, 1, "frame") == at[1] and go(5, -1, "frame") == at[4] and go(5, -5, "frame") == at[0]
    assert go(0, -1, "frame") is None and go(89, 1, "frame") == first + 4_600_000
    assert go(0, 1, "second") == at[25] and go(30, -1, "second") == at[5]
    assert go(0, 1, "key") == at[24] and go(30, -1, "key") == at[24] and go(24, -1, "key") == at[0]
    assert go(3, 1, "gap") == at[89] and go(89, 1, "gap") == first + 4_600_000
    assert archive.step("hall", first + 4_600_000, -1, "gap") == at[89]


@pytest.mark.parametrize(("by", "unit"), [(0, "frame"), (1, "day"), (True, "frame"), (10**9, "frame")])
def test_a_step_that_means_nothing_is_refused(archive: LocalArchive, by: int, unit: str) -> None:
    """A number or unit that no step can have is an error that names it."""
    with pytest.raises(RequestError):
        archive.step("hall", 0, by, unit)  # type: ignore[arg-type]
