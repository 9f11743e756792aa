"""Snapshots and marked copies made again: honest ones hold, and whatever of them is not so is named by its id."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.evidence.forged import Package, package, said
from tests.twins import L_SHAPE
from workbench.archives.local import LocalArchive
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.reperform import check

MASKED = {
    "begin": 400_000,
    "end": 2_400_000,
    "format": "mp4",
    "video_quality": 1,
    "masks": (Mask(points=tuple(L_SHAPE)),),
}


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A case with a masked snapshot and a marked copy of it."""
    folder = tmp_path_factory.mktemp("shots")
    found = package(folder, MASKED)
    archive, case = LocalArchive(found.sources, cache=folder / "cache"), Case.open(found.data)
    case.snapshot(archive, "cam", Offset(1_000_000), export="E1")
    case.snapshot(archive, "cam", Offset(1_000_000), export="E1", unmasked="The face was asked for")
    case.annotate("S1", [{"kind": "box", "from": [0.2, 0.2], "to": [0.5, 0.5]}])
    archive.close()
    return Package(found.data, found.sources, case.state)


def test_honest_snapshots_hold(shots: Package) -> None:
    """A snapshot and its marked copy are rebuilt to the same pixels."""
    found = [f for f in shots.check() if f.check == "snapshot"]
    assert [(f.verdict, f.place.split(",")[0]) for f in found] == [
        (Verdict.OK, "snapshot S1"),
        (Verdict.OK, "snapshot S2"),
        (Verdict.OK, "marked copy A1 of S1"),
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pts": 13_312}, "frame_sha256"),
        ({"pts": 12_801}, "a frame of the recording"),
        ({"rank": 24}, "rank 25"),
        ({"masks": ()}, "rgb_sha256"),
        ({"instant_us": 1_772_359_202_000_000}, "PTS"),
        ({"device_us": 0}, "device time"),
        ({"file_sha256": "0" * 64}, "SHA-256"),
        ({"pts": 2**70}, "a PTS of the recording"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, dict) else "",
)
def test_a_snapshot_of_another_frame_is_named(shots: Package, change: dict[str, Any], expected: str) -> None:
    """Any fact of a snapshot that the recording does not bear out is named with the snapshot's id."""
    shot = replace(shots.state.snapshots[0], **change)
    found = check(shots.data, replace(shots.state, snapshots=(shot,)), shots.sources)
    failed = said(found, "snapshot")
    assert any(expected in f.expected for f in failed) and all("snapshot S1" in f.place for f in failed)


def test_a_snapshot_without_its_exports_mask_needs_a_reason(shots: Package) -> None:
    """A picture that shows what its export hides is found, unless its record says why."""
    bare = replace(shots.state.snapshots[1], unmasked="")
    state = replace(shots.state, snapshots=(shots.state.snapshots[0], bare))
    (failed,) = said(check(shots.data, state, shots.sources), "snapshot")
    assert "snapshot S2" in failed.place and failed.expected.startswith("1 masks of E1")


@pytest.mark.parametrize("picture", ["S1", "A1"])
def test_one_changed_pixel_is_found(shots: Package, tmp_path: Path, picture: str) -> None:
    """A picture of which one sample differs by one is not the snapshot, even where all hashes were made to fit."""
    data = tmp_path / "data"
    shutil.copytree(shots.data, data)
    path = data / "snapshots" / f"{picture}.png"
    pixels = np.asarray(Image.open(path)).copy()
    pixels[30, 40, 1] ^= 1
    Image.fromarray(pixels).save(path)
    record = (shots.state.snapshots if picture == "S1" else shots.state.annotations)[0]
    file = replace(record.picture, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), size=path.stat().st_size)
    fitted = replace(record, picture=file, rgb_sha256=hashlib.sha256(pixels.tobytes()).hexdigest())
    parts = {"snapshots": (fitted,)} if picture == "S1" else {"annotations": (fitted,)}
    found = check(data, replace(shots.state, **parts), shots.sources)  # type: ignore[arg-type]
    assert any(f.file == f"data/snapshots/{picture}.png" for f in said(found, "snapshot"))


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A case with a snapshot between two clock checks."""
    folder = tmp_path_factory.mktemp("clocked")
    found = package(folder, MASKED)
    archive, case = LocalArchive(found.sources, cache=folder / "cache"), Case.open(found.data)
    day = datetime(2026, 3, 1, 10, tzinfo=UTC)
    for seconds in (1, 5):
        reference = day + timedelta(seconds=seconds)
        case.clock_check("cam", device=day, reference=reference, what="GPS receiver", uncertainty=0.5)
        if seconds == 1:
            case.snapshot(archive, "cam", Offset(1_000_000), export="E1")
    archive.close()
    return Package(found.data, found.sources, case.state)


BESIDE: dict[str, tuple[dict[str, Any], str]] = {
    "other true time": ({"corrected_us": 1_772_359_203_000_000}, "corrected time 2026-03-01T10:00:02"),
    "smaller ±": ({"plus_minus": 0.001}, "± 0.5 s"),
    "no true time": ({"corrected_us": None, "plus_minus": None}, "± 0.5 s"),
    "other steps": ({"transforms": ("decoded: nothing was masked",)}, "step 1: decoded"),
    "a step less": ({"transforms": ()}, "step 1: decoded"),
    "no export": ({"export": ""}, "the export whose masks"),
    "an export that is none": ({"export": "E99"}, "an export E99"),
    "a reason without effect": ({"unmasked": "The court asked"}, "no masks and no crop"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_stands_beside_the_pixels_is_held_too(clocked: Package, name: str) -> None:
    """True time by the checks on record by then, steps and export of a snapshot are performed again."""
    change, expected = BESIDE[name]
    shot = replace(clocked.state.snapshots[0], **change)
    failed = said(check(clocked.data, replace(clocked.state, snapshots=(shot,)), clocked.sources), "snapshot")
    assert any(expected in f.expected for f in failed), failed


def test_a_later_clock_check_does_not_count(clocked: Package) -> None:
    """A snapshot's true time is by the checks on record when it was taken, not by those of today."""
    assert not clocked.check().failed and len(clocked.state.clock_checks) == 2


def test_steps_of_another_decoder_accuse_nobody(clocked: Package) -> None:
    """Steps that differ by FFmpeg's version only are not checked."""
    shot = clocked.state.snapshots[0]
    first, *others = shot.transforms
    steps = (re.sub(r"FFmpeg [^,]+", "FFmpeg 4.4", first), *others)
    state = replace(clocked.state, snapshots=(replace(shot, transforms=steps),))
    found = [f for f in check(clocked.data, state, clocked.sources) if f.check == "snapshot"]
    assert [f.verdict for f in found] == [Verdict.NOT_CHECKED, Verdict.OK]


def test_endless_numbers_are_not_printed_whole(shots: Package) -> None:
    """A number of thousands of digits is cut where it is shown."""
    shot = replace(shots.state.snapshots[0], pts=10**4000, rank=10**4000)
    found = check(shots.data, replace(shots.state, snapshots=(shot,)), shots.sources)
    assert all(len(text) < 300 for f in found.failed for text in (f.place, f.expected, f.found))
