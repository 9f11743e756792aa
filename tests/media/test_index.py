"""The index: its rows are what another demuxer reads, its times what the pictures say, and a cache is only a cache."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.media.made_up import STEP, Group, index_of, made_up, rows_of
from tests.ranges import CLIPS
from tests.readers import find_code, pyav_codes, source_times
from tests.truth import Clip, make, timeline
from workbench.core.errors import SourceError
from workbench.media.heads import load_head
from workbench.media.index import HIDDEN, KEY, NO_PICTURE, VideoIndex, jumps, load, save, scan, summary
from workbench.media.losses import Loss
from workbench.media.recording import Recording

SHORT = {name: replace(clip, frames=60) for name, (clip, _) in CLIPS.items()}
TIMED = [n for n, clip in SHORT.items() if clip.container in ("mp4", "mkv", "ts") and not clip.interlaced]
B_IN_AVI = Clip(name="b-in-avi", codec="libx264", container="avi", frames=60, bframes=2)


def ffprobe_packets(path: Path) -> list[tuple[int, int, bool]]:
    """(pts, size, key) of each video packet in file order, by Debian's ffprobe."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,size,flags"]
    text = subprocess.run([*command, "-of", "json", str(path)], capture_output=True, check=True).stdout
    packets = json.loads(text)["packets"]
    return [(int(p["pts"]), int(p["size"]), p["flags"].startswith("K")) for p in packets]


def instants(index: VideoIndex) -> list[int]:
    """Microseconds of each shown picture from the first."""
    return Recording("a", Path("a"), index, 0).us.tolist()


@pytest.mark.parametrize("name", TIMED)
def test_rows_are_what_another_demuxer_reads(name: str) -> None:
    """PTS, size and key flag of every row are those that ffprobe lists."""
    path = make(SHORT[name])
    rows = scan(path).rows
    ours = [(int(r["pts"]), int(r["size"]), bool(r["flags"] & KEY)) for r in rows]
    theirs = ffprobe_packets(path)
    if SHORT[name].container == "ts":  # versions differ in which bytes of a TS belong to which packet
        ours, theirs = [(p, 0, k) for p, _, k in ours], [(p, 0, k) for p, _, k in theirs]
    assert ours == theirs


@pytest.mark.parametrize("name", list(SHORT))
def test_each_shown_picture_stands_at_its_time(name: str) -> None:
    """As many pictures as the clip has, each at the time it carries in its pixels."""
    path = make(SHORT[name])
    times = source_times(path, SHORT[name])
    assert instants(scan(path)) == [times[i] for i in range(60)]


def test_avi_with_reordered_pictures_is_timed_by_its_decoder() -> None:
    """AVI tells no display times: the decoder's order, laid along the slots, gives them."""
    index = scan(make(B_IN_AVI))
    assert index.timing == "decoder"
    assert instants(index) == [stamp.us for stamp in timeline(B_IN_AVI)]


def test_a_raw_stream_is_timed_by_its_nominal_rate_and_says_so() -> None:
    """No container, no times: the rate in the stream's headers is taken, with a note."""
    clip = replace(SHORT["h264-raw"], rate=Fraction(30000, 1001))
    index = scan(make(clip))
    assert index.timing == "nominal rate"
    assert instants(index) == [i * 1001 * 1_000_000 // 30000 for i in range(60)]
    assert "no times in the recording" in index.losses[0].text


@pytest.mark.parametrize("name", ["h264-raw", "b-in-avi"])
def test_display_order_without_times_is_the_true_one(name: str) -> None:
    """Pictures read rank by rank count up, where only the decoder knew the order."""
    path = make(B_IN_AVI if name == "b-in-avi" else SHORT[name])
    frames = Recording("a", path, scan(path), 0).frames(0, 60)
    codes = [find_code(frame.to_ndarray(format="gray"), 8) for _, frame in frames]
    assert [code and code[0] for code in codes] == list(range(60))


def test_a_clock_that_was_set_back_is_laid_behind() -> None:
    """Behind a backward jump pictures go on one picture later, and a loss names the jump."""
    late = make(Clip(name="late", container="ts", frames=40, vfr=True, start=Fraction(10)))
    index = scan(joined(late, make(Clip(name="early", container="ts", frames=40, vfr=True))))
    us = instants(index)
    assert (index.timing, len(us)) == ("container", 80)
    assert all(a < b for a, b in pairwise(us))
    assert any(loss.witness == "PTS jump" and "jumps back" in loss.text for loss in index.losses)


def test_a_clock_set_back_onto_the_same_ticks_keeps_its_times() -> None:
    """Two recordings in one stream, both from the same start: each keeps its own spacing."""
    clip = Clip(name="twice", container="ts", frames=40, vfr=True)
    index = scan(joined(make(clip), make(clip)))
    steps = np.diff(instants(index))
    assert index.timing == "container"
    assert abs(steps[:39] - steps[40:]).max() <= 1


def joined(*paths: Path) -> Path:
    """Transport streams written one behind the other."""
    out = paths[0].with_name(f"joined-{'-'.join(p.stem for p in paths)}.ts")
    out.write_bytes(b"".join(path.read_bytes() for path in paths))
    return out


@pytest.fixture
def with_pre_roll(tmp_path: Path) -> Path:
    """A copy whose first pictures an edit list hides."""
    path = tmp_path / "cut.mp4"
    command = ["ffmpeg", "-v", "error", "-ss", "1.2", "-i", str(make(SHORT["h264-b"])), "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    return path


def test_pictures_that_an_edit_list_hides_are_not_shown(with_pre_roll: Path) -> None:
    """Hidden rows are flagged, and what is shown is what a player shows."""
    index = scan(with_pre_roll)
    assert (index.rows["flags"] & HIDDEN).any()
    assert len(index.shown) == len(pyav_codes(with_pre_roll)[0]) < len(index.rows)


def test_a_rotation_is_read() -> None:
    """The degrees counter-clockwise that a player turns the coded picture."""
    assert scan(make(SHORT["h264-turned"])).rotation == 270


@pytest.mark.parametrize("name", ["h264-b", "h264-vfr-mkv", "h264-mbaff-ts", "h264-raw"])
def test_a_stored_index_reads_back_the_same(name: str, tmp_path: Path) -> None:
    """Saved and loaded, every row and every field is there again."""
    index = scan(make(SHORT[name]))
    save(index, tmp_path / "i")
    back = load(tmp_path / "i")
    assert back is not None
    assert np.array_equal(back.rows, index.rows)
    assert replace(back, rows=index.rows) == index


def damaged(folder: Path, how: str) -> Path:
    """A stored index, damaged."""
    path = folder / "i"
    save(index_of(rows_of([Group()])), path)
    head, rows = path.with_name("i.json"), path.with_name("i.npy")
    data = json.loads(head.read_bytes())
    spoil = {
        "no head": head.unlink,
        "no rows": rows.unlink,
        "half a head": lambda: head.write_bytes(head.read_bytes()[:50]),
        "half the rows": lambda: rows.write_bytes(rows.read_bytes()[:200]),
        "empty rows": lambda: rows.write_bytes(b""),
        "rows of another file": lambda: np.save(rows, rows_of([Group(), Group()])),
        "other columns": lambda: np.save(rows, np.zeros(13)),
        "another version": lambda: head.write_text(json.dumps({**data, "version": 1})),
        "a field missing": lambda: head.write_text(json.dumps({k: v for k, v in data.items() if k != "tail"})),
        "a list": lambda: head.write_text("[1, 2]"),
        "no text": lambda: head.write_bytes(b"\xff\xfe\x00{"),
        "a null": lambda: head.write_text(json.dumps({**data, "facts": None})),
        "time base 0": lambda: head.write_text(json.dumps({**data, "time_base": "1/0"})),
    }
    spoil[how]()
    return path


KINDS = (
    "no head",
    "no rows",
    "half a head",
    "half the rows",
    "empty rows",
    "rows of another file",
    "other columns",
    "another version",
    "a field missing",
    "a list",
    "no text",
    "a null",
    "time base 0",
)


@pytest.mark.parametrize("how", KINDS)
def test_a_damaged_cache_is_no_cache(how: str, tmp_path: Path) -> None:
    """Whatever is wrong with a stored index, loading it gives None and no error."""
    assert load(damaged(tmp_path, how)) is None


@pytest.mark.parametrize("how", [k for k in KINDS if k not in ("a field missing", "a null", "time base 0")])
def test_a_damaged_head_is_no_head(how: str, tmp_path: Path) -> None:
    """The part that archives read alone is refused in the same way."""
    assert load_head(damaged(tmp_path, how)) is None


def test_a_pause_inside_is_a_jump() -> None:
    """A stretch without pictures is told from the end of the last one to the next."""
    rows = rows_of([Group(runs=0), Group(runs=0), Group(runs=0)])
    rows["pts"][2] += 5000
    assert jumps(index_of(rows)) == [(80_000, 5_080_000)]


def test_rows_that_show_nothing_are_left_out() -> None:
    """Hidden rows and rows without a picture have no rank; display order is by PTS."""
    recording = made_up([Group()], flags={0: HIDDEN, 3: NO_PICTURE})
    assert recording.ranks[[0, 3]].tolist() == [-1, -1]
    assert recording.pts.tolist() == [STEP * place for place in range(13) if place not in (0, 2)]


def test_a_summary_counts_from_the_first_picture() -> None:
    """Counts and times for a list of cameras, whatever the container's start is."""
    rows = rows_of([Group()])
    rows["pts"] += 123_456
    assert summary(index_of(rows)) == {"frames": 13, "last_us": 480_000, "end_us": 520_000, "jumps": []}


def test_losses_travel_with_the_index(tmp_path: Path) -> None:
    """What was noticed is in the stored index as well."""
    loss = Loss("container", "declares 20 pictures and holds 13", 7, at_end=True)
    save(index_of(rows_of([Group()]), losses=(loss,)), tmp_path / "i")
    back = load(tmp_path / "i")
    assert back is not None and back.losses == (loss,)


@pytest.mark.parametrize("content", [b"", b"no video" * 500, b"\x00" * 5000], ids=["empty", "text", "zeros"])
def test_what_is_no_recording_is_refused(content: bytes, tmp_path: Path) -> None:
    """A file that holds no video is a SourceError that names it."""
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.mp4"):
        scan(path)
