"""Snapshots and marked copies made again: honest ones hold, and whatever of them is not so is named by its id."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
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
