"""The time track."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest

from workbench.core.timebase import SECOND, iso
from workbench.media.captions import Cue, Shown, add_time_track, cues, packets, vtt

T0 = 1_772_359_200 * SECOND
Kind = Literal["mkv", "mp4"]


def shown(rate: int, count: int, first: int = 0, offset: int = 0) -> list[Shown]:
    """Frames of a constant rate from `first` microseconds; the instant is `offset` later."""
    step = SECOND // rate
    return [
        Shown(first + i * step, first + (i + 1) * step, T0 + first + offset + i * step) for i in range(count)
    ]


def seconds(us: int) -> str:
    """A stamp to the second."""
    return iso(us)[11:19]


def test_one_cue_a_second_on_the_walls_clock() -> None:
    """Cues turn where the wall-clock second does, not where the file's does."""
    made = list(cues(shown(25, 75, offset=400_000), seconds))
    assert [(c.begin_us, c.end_us) for c in made] == [
        (0, 600_000), (600_000, 1_600_000), (1_600_000, 2_600_000), (2_600_000, 3_000_000),
    ]  # fmt: skip


def test_no_cue_inside_a_gap() -> None:
    """A gap within a second ends the cue at the last frame before it."""
    frames = [*shown(25, 5), *shown(25, 5, first=600_000)]
    assert [(c.begin_us, c.end_us) for c in cues(frames, seconds)] == [(0, 200_000), (600_000, 800_000)]


def test_slow_recordings_have_a_cue_a_frame() -> None:
    """Frames farther apart than a second have a cue each, as long as they are shown."""
    frames = [Shown(i * 3 * SECOND, (i + 1) * 3 * SECOND, T0 + i * 3 * SECOND) for i in range(3)]
    assert [c.text for c in cues(frames, seconds)] == ["10:00:00", "10:00:03", "10:00:06"]


def test_fractions_have_a_cue_a_frame() -> None:
    """A stamp with fractions names each frame in a cue of its own."""
    assert len(list(cues(shown(25, 50), lambda us: iso(us)[11:23]))) == 50


def test_a_cue_is_never_late() -> None:
    """A cue begins at or before the frame that it names, within a millisecond."""
    frames = [Shown(i * 33_367, (i + 1) * 33_367, T0 + i * 33_367) for i in range(900)]
    begins = {seconds(f.instant_us): f.begin_us for f in reversed(frames)}
    assert all(0 <= begins[c.text] - c.begin_us < 1000 for c in cues(frames, seconds))


def test_the_comment_stands_in_the_first_seconds() -> None:
    """The comment is under the stamp for ten seconds, without empty lines, and cut when long."""
    made = list(cues(shown(5, 100), seconds, "Вход\n\n" + "x" * 1000))
    assert ["Вход" in c.text for c in made] == [True] * 10 + [False] * 10
    assert "\n\n" not in made[0].text and made[0].text.endswith("…")


def test_an_hour_streams() -> None:
    """Cues come one by one: the first is there after two seconds of frames."""
    taken = 0

    def frames() -> Iterator[Shown]:
        nonlocal taken
        for frame in shown(25, 25 * 3600):
            taken += 1
            yield frame

    next(cues(frames(), seconds))
    assert taken == 26


def test_vtt_escapes_and_notes() -> None:
    """Text cannot end a cue or open a tag, a note cannot end itself."""
    text = vtt([Cue(0, 3_661_001_000, "<i>&-->\u2026")], ["zone --> UTC\n\nWEBVTT", "undated"])
    assert text == (
        "WEBVTT\n\nNOTE\nzone --&gt; UTC\nWEBVTT\n\nNOTE\nundated\n\n"
        "00:00:00.000 --> 01:01:01.001\n&lt;i&gt;&amp;--&gt;…\n"
    )


def write(path: Path, kind: Kind, made: list[Cue]) -> bytes:
    """A small file with pictures and the time track."""
    muxer = {"mkv": "matroska", "mp4": "mp4"}[kind]
    with av.open(str(path), "w", format=muxer, options={"fflags": "+bitexact"}) as out:
        video = out.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        waiting = list(packets(made, add_time_track(out, kind), kind))
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 5)
            while waiting and waiting[0].pts is not None and waiting[0].pts <= i * 200:
                out.mux(waiting.pop(0))
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path.read_bytes()


CUES = [
    Cue(0, SECOND, "10:00:00\nВход"),
    Cue(SECOND, 2 * SECOND, "10:00:01"),
    Cue(4 * SECOND, 5 * SECOND, "10:00:04"),
]


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_ffmpeg_reads_the_track_back(kind: Kind, tmp_path: Path) -> None:
    """Another ffmpeg reads the same texts at the same times, and nothing inside the pause."""
    write(tmp_path / "a", kind, CUES)
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a"), "-map", "0:s", "-f", "srt", "-"]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    assert read.stderr == ""
    assert read.stdout.strip().split("\n\n") == [
        "1\n00:00:00,000 --> 00:00:01,000\n10:00:00\nВход",
        "2\n00:00:01,000 --> 00:00:02,000\n10:00:01",
        "3\n00:00:04,000 --> 00:00:05,000\n10:00:04",
    ]


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_two_files_are_identical(kind: Kind, tmp_path: Path) -> None:
    """The track keeps the file the same from run to run."""
    assert write(tmp_path / "a", kind, CUES) == write(tmp_path / "b", kind, CUES)


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_markup_is_not_obeyed(kind: Kind, tmp_path: Path) -> None:
    """Tags, styles and breaks in a text reach the player's renderer as letters."""
    write(tmp_path / "a", kind, [Cue(0, SECOND, "<b>x</b> {\\an8}y a\\Nz &amp;")])
    with av.open(str(tmp_path / "a")) as file:
        found = [s for p in file.demux(subtitles=0) for s in p.decode()]
    dialogue = found[0].dialogue.decode()
    assert dialogue.replace("\u2060", "") == "<b>x</b> ｛\\an8｝y a\\Nz &amp;"
    assert not any(tag in dialogue for tag in ("{", "\\N", "<b"))


def test_the_mkv_track_is_not_on_by_default(tmp_path: Path) -> None:
    """Players of mkv show the track only when asked."""
    write(tmp_path / "a", "mkv", CUES)
    with av.open(str(tmp_path / "a")) as file:
        assert not file.streams.subtitles[0].disposition
