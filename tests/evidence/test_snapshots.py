"""Snapshots as records of a case: the picture on disk, the three times, and a recording that must be the one added."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.errors import NameTaken, RequestError, SourceError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.evidence.annotate import draw
from workbench.evidence.clock import Clock
from workbench.evidence.nouns import AnnotationRecord, ClockCheck, RecordingFacts, SnapshotRecord, SourceRecord
from workbench.evidence.snapshots import take

CLIP = Clip(name="evidence", frames=50, bframes=2)
TEN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
FACE = Mask(points=((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6)), reason="face")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[LocalArchive]:
    """One camera with one recording of 10:00:00."""
    (tmp_path / "footage" / "hall").mkdir(parents=True)
    shutil.copyfile(make(CLIP), tmp_path / "footage" / "hall" / "20260301T100000.mp4")
    made = LocalArchive(tmp_path / "footage", tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case folder."""
    (tmp_path / "case").mkdir()
    return tmp_path / "case"


def hall(**more: Any) -> SourceRecord:
    """The camera as the case knows it."""
    data = make(CLIP).read_bytes()
    facts = RecordingFacts(
        file="hall/20260301T100000.mp4", sha256=hashlib.sha256(data).hexdigest(), sha512="", size=len(data)
    )
    given: dict[str, Any] = {
        "id": "hall", "name": "hall", "exhibit": "X-S1", "archive": "footage", "dated": True, "dated_by": "file name",
        "zone": "UTC", "zone_assumed": True, "archive_offset": 0.0, "first_us": TEN, "last_us": TEN + 1_960_000,
        "recordings": (facts,),
    }  # fmt: skip
    return SourceRecord(**{**given, **more})


def shot(archive: LocalArchive, case: Path, **more: Any) -> SnapshotRecord:
    """A snapshot one second in."""
    given: dict[str, Any] = {"masks": (), "crop": None, "id": "S1", "exhibit": "X-1", "folder": case, "caption": "door"}
    source = more.pop("source", hall())
    return take(archive, source, Offset(1_000_000), **{**given, **more})


def test_the_record_is_what_lies_on_disk(archive: LocalArchive, case: Path) -> None:
    """Picture, pixels, recording and place are all named by hashes that hold, and the record survives JSON."""
    record = shot(archive, case, masks=(FACE,), crop=Area(0.1, 0.1, 0.9, 0.9), export="E1")
    data = (case / "snapshots/S1.png").read_bytes()
    assert record.picture.sha256 == hashlib.sha256(data).hexdigest() and record.picture.size == len(data)
    assert record.rgb_sha256 == hashlib.sha256(Image.open(io.BytesIO(data)).tobytes()).hexdigest()
    assert (record.rank, record.instant_us, record.dated) == (25, TEN + 1_000_000, True)
    assert record.masks == (FACE.to_json(),) and record.crop == ((0.1, 0.1), (0.9, 0.9))
    assert SnapshotRecord.from_json(record.to_json()).to_json() == record.to_json()
    assert [p.name for p in (case / "snapshots").iterdir()] == ["S1.png"]
    assert not any(str(case.parent) in text for text in record.transforms)


def test_three_times_are_told_apart(archive: LocalArchive, case: Path) -> None:
    """Device time is without the archive's offset; corrected time comes from the clock checks, or is None."""
    record = shot(archive, case, source=hall(archive_offset=2.5))
    assert (record.device_us, record.corrected_us, record.plus_minus) == (TEN - 1_500_000, None, None)
    check = ClockCheck(
        id="K1", source="hall", device_us=TEN, reference_us=TEN + 7_000_000, reference="GPS", by="A", uncertainty=0.5
    )
    dated = shot(archive, case, id="S2", clock=Clock((check,)))
    assert dated.corrected_us == dated.device_us + 7_000_000 and dated.plus_minus is not None


def test_a_recording_that_is_not_the_one_added_is_refused(archive: LocalArchive, case: Path) -> None:
    """Another hash, or a file the case never saw: SourceError, and no picture is written."""
    other = RecordingFacts(file="hall/20260301T100000.mp4", sha256="0" * 64, sha512="", size=1)
    for recordings in ((other,), ()):
        with pytest.raises(SourceError):
            shot(archive, case, source=hall(recordings=recordings))
    with (archive.folder / "hall/20260301T100000.mp4").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    with pytest.raises(SourceError, match="SHA-256"):
        shot(archive, case)
    assert not (case / "snapshots").exists()


def test_nothing_is_overwritten(archive: LocalArchive, case: Path) -> None:
    """A name that is taken is an error, and what lies there stays."""
    (case / "snapshots").mkdir()
    (case / "snapshots/S1.png").write_bytes(b"mine")
    with pytest.raises(NameTaken):
        shot(archive, case)
    assert (case / "snapshots/S1.png").read_bytes() == b"mine"
    assert len(list((case / "snapshots").iterdir())) == 1


MARKS: list[dict[str, Any]] = [
    {"kind": "arrow", "from": [0.1, 0.4], "to": [0.3, 0.5]},
    {"kind": "box", "from": [0.7, 0.65], "to": [0.5, 0.4], "color": "#000000"},
    {"kind": "text", "at": [0.97, 0.7], "text": "red coat Ж \u202e漢", "color": "#FFFFFF"},
]


def test_marks_are_drawn_on_a_copy(archive: LocalArchive, case: Path) -> None:
    """The snapshot stays byte for byte; the copy differs where the marks are and nowhere else, each time the same."""
    snapshot = shot(archive, case)
    before = (case / "snapshots/S1.png").read_bytes()
    first, again = (draw(snapshot, MARKS, id=name, folder=case) for name in ("A1", "A2"))
    assert (case / "snapshots/S1.png").read_bytes() == before
    assert first.picture.sha256 == again.picture.sha256 != snapshot.picture.sha256
    assert first.rgb_sha256 == hashlib.sha256(Image.open(case / "snapshots/A1.png").tobytes()).hexdigest()
    assert first.marks[0]["color"] == "#e31e1e" and first.marks[2]["text"] == MARKS[2]["text"]
    assert AnnotationRecord.from_json(first.to_json()).to_json() == first.to_json()
    old, new = (np.asarray(Image.open(case / f"snapshots/{n}.png").convert("RGB")).astype(int) for n in ("S1", "A1"))
    changed = (old != new).any(axis=2)
    assert changed[48:61, 16:49].any() and changed[46:80, 78:114].any() and changed[80:, 60:].any()
    assert not changed[:44].any() and not changed[:, :12].any()


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ([], "marks"),
        ("arrow", "marks"),
        ([{"kind": "star"}], "marks[0].kind"),
        ([MARKS[0], {"kind": "box", "from": [0, 0], "to": [0, 1]}], "marks[1].to"),
        ([{"kind": "arrow", "from": [0, 0], "to": [2, 1]}], "marks[0].to"),
        ([{"kind": "arrow", "from": [0, 0], "to": [float("nan"), 1]}], "marks[0].to"),
        ([{"kind": "arrow", "from": [0, 0], "to": [0, 0]}], "marks[0].to"),
        ([{"kind": "text", "at": [0, 0], "text": " "}], "marks[0].text"),
        ([{"kind": "text", "at": [0, 0], "text": "x" * 501}], "marks[0].text"),
        ([{"kind": "box", "from": [0, 0], "to": [1, 1], "color": "red"}], "marks[0].color"),
        ([{"kind": "box", "from": [0, 0], "to": [1, 1], "width": 3}], "marks[0].width"),
    ],
)
def test_bad_marks_are_named(marks: Any, field: str, archive: LocalArchive, case: Path) -> None:
    """A wrong mark is a RequestError that names it, and nothing is written."""
    snapshot = shot(archive, case)
    with pytest.raises(RequestError) as caught:
        draw(snapshot, marks, id="A1", folder=case)
    assert caught.value.field == field
    assert not (case / "snapshots/A1.png").exists()


def test_marks_need_the_picture_that_was_taken(archive: LocalArchive, case: Path) -> None:
    """A snapshot's picture that was changed on disk is not drawn on."""
    snapshot = shot(archive, case)
    (case / "snapshots/S1.png").write_bytes(b"another")
    with pytest.raises(SourceError, match="not the picture that was taken"):
        draw(snapshot, MARKS, id="A1", folder=case)
