"""What a recording says of itself: claims and counts of clips whose truth is known."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.footage import ROOT
from tests.truth import Clip, make
from workbench.core.errors import SourceError
from workbench.media import index
from workbench.media.describe import describe

CLIPS = {
    "b": Clip(name="describe-b", frames=60, bframes=2, gop=20),
    "late": Clip(name="describe-late", frames=30, start=Fraction(3)),
    "vfr": Clip(name="local-vfr", frames=50, vfr=True),
    "sound": Clip(name="describe-sound", frames=50, audio=True),
    "turned": Clip(name="describe-turned", frames=25, rotation=90),
    "fields": Clip(name="describe-fields", frames=25, interlaced=True),
    "ten bits": Clip(name="describe-ten", frames=25, codec="libx265", pix_fmt="yuv420p10le"),
    "mkv": Clip(name="describe-mkv", frames=25, container="mkv"),
    "ts": Clip(name="describe-ts", frames=25, container="ts"),
    "raw": Clip(name="describe-raw", frames=25, container="h264"),
}


def facts_of(path: Path, folder: Path) -> dict[str, Any]:
    """The facts of a recording, indexed just now; they are plain JSON."""
    index.save(index.scan(path), folder / "index")
    facts: dict[str, Any] = describe({"path": str(path), "index": str(folder / "index")}, print)[0]["facts"]
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    return facts


EXPECTED: dict[str, dict[str, Any]] = {
    "b": {"frames": 60, "key_frames": 3, "longest_gop": 20, "b_frames": True, "codec": "h264", "width": 160},
    "late": {"frames": 30, "b_frames": False, "duration_seconds": 1.2, "measured_rate": 25.0},
    "sound": {"audio": ["aac, 48000 Hz, mono"], "frames": 50},
    "turned": {"rotation": 270, "width": 160, "height": 120},
    "fields": {"field_order": "interlaced, top field first"},
    "ten bits": {"pixel_format": "yuv420p10le", "codec": "hevc", "profile": "Main 10"},
    "mkv": {"edit_list": "none: matroska,webm has no such list", "declared_frames": None},
    "ts": {"container": "mpegts", "frames": 25, "times_from": "container", "decoded": "the first picture"},
    "raw": {"times_from": "nominal rate", "decoded": "every picture", "frames": 25},
}


@pytest.mark.parametrize("name", EXPECTED, ids=EXPECTED)
def test_facts_are_those_of_the_clip(name: str, tmp_path: Path) -> None:
    """Claims from its headers, counts from its packets."""
    found = facts_of(make(CLIPS[name]), tmp_path)
    assert {key: found[key] for key in EXPECTED[name]} == EXPECTED[name]


def test_intervals_out_of_pattern_are_counted(tmp_path: Path) -> None:
    """A steady clip has none; one whose frames come late has other shortest and longest intervals."""
    steady, uneven = (facts_of(make(CLIPS[name]), tmp_path) for name in ("b", "vfr"))
    assert steady["intervals_out_of_pattern"] == 0
    assert steady["shortest_interval_seconds"] == steady["longest_interval_seconds"] == 0.04
    assert uneven["shortest_interval_seconds"] < 0.04 < uneven["longest_interval_seconds"]


def test_an_edit_list_is_told(tmp_path: Path) -> None:
    """A stream copy that begins between key frames hides pictures behind one: both counts are there."""
    cut = tmp_path / "cut.mp4"
    command = ["ffmpeg", "-v", "error", "-ss", "0.4", "-i", str(make(CLIPS["b"])), "-c", "copy", str(cut)]
    subprocess.run(command, check=True)
    found = facts_of(cut, tmp_path)
    (edit,) = found["edit_list"]
    assert "what begins at tick" in edit and found["frames_hidden"] == found["packets"] - found["frames"] > 0


def test_what_nobody_says_is_unknown(tmp_path: Path) -> None:
    """Colours are never guessed."""
    found = facts_of(make(CLIPS["b"]), tmp_path)
    assert [found[key] for key in ("color_range", "color_matrix", "created")] == [None, None, None]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "recordings").glob("*/*.m*")), ids=lambda path: path.name)
def test_real_recordings_are_described(path: Path, tmp_path: Path) -> None:
    """FFprobe counts as many packets, and names the same coding and size."""
    found = facts_of(path, tmp_path)
    asked = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json", "-show_entries"]
    entries = "stream=nb_read_packets,codec_name,width,height,profile"
    done = subprocess.run([*asked, entries, str(path)], capture_output=True, text=True, check=True)
    stream = json.loads(done.stdout)["streams"][0]
    assert (found["codec"], found["width"], found["height"]) == (
        stream["codec_name"],
        stream["width"],
        stream["height"],
    )
    assert found["packets"] == int(stream["nb_read_packets"])


def test_an_index_that_is_gone_is_an_error_with_words(tmp_path: Path) -> None:
    """Caches may be emptied."""
    shutil.copyfile(make(CLIPS["b"]), tmp_path / "a.mp4")
    with pytest.raises(SourceError, match="index is gone"):
        describe({"path": str(tmp_path / "a.mp4"), "index": str(tmp_path / "none")}, print)
