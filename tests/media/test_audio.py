"""The sound of an export: in step, inside the range, and never the end of the pictures."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media import sound_clips as clips
from workbench.core.errors import WorkError
from workbench.media.audio import (
    AudioFacts,
    AudioMode,
    AudioTrack,
    Clip,
    audio_facts,
    audio_span,
    choose,
    coding_changes,
)

FOOTAGE = Path(__file__).parents[3] / "shared" / "footage"
FFMPEG = shutil.which("ffmpeg")
SECOND = 1_000_000
PICTURE = SECOND // clips.FPS
SOURCES = {
    "aac.mp4": {"codec": "aac", "rate": 24_000, "layout": "mono"},
    "aac.mkv": {"codec": "aac", "rate": 44_100, "layout": "mono"},
    "g711.avi": {"codec": "pcm_alaw", "rate": 8000, "layout": "mono"},
    "mp2.ts": {"codec": "mp2", "rate": 32_000, "layout": "mono"},
    "opus.mkv": {"codec": "libopus", "layout": "mono"},
}
WAYS = [("mp4", 0), ("mp4", 2), ("mkv", 0), ("mkv", 2), ("avi", 0)]
TICK = {"mp4": 0, "mkv": 1000, "avi": 0}
"""Microseconds that a container's rounding may add to an end."""


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One recording of each kind, clicks in step with flashes."""
    folder = tmp_path_factory.mktemp("sound")
    return {name: clips.make(folder / name, **kind) for name, kind in SOURCES.items()}  # type: ignore[arg-type]


def facts(codec: str = "aac", rate: int = 48_000, channels: int = 2, extradata: bytes = b"") -> AudioFacts:
    """Facts of a stream that was never opened."""
    layout = {1: "mono", 2: "stereo", 6: "5.1(side)"}[channels]
    ticks = Fraction(1, rate)
    return AudioFacts(
        stream=1, codec=codec, rate=rate, channels=channels, layout=layout, frame=1024, time_base=ticks,
        extradata=extradata,
    )  # fmt: skip


def messages(path: Path) -> str:
    """What Debian's ffmpeg says while it decodes a file."""
    if FFMPEG is None:
        return ""
    command = [FFMPEG, "-v", "error", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()


def pcm(path: Path) -> NDArray[np.int16]:
    """The samples of a file's PCM stream, first channel."""
    with av.open(str(path)) as container:
        return np.concatenate([(clips.mono(f) * 32_768).astype(np.int16) for f in container.decode(audio=0)])


@pytest.mark.parametrize(
    ("codec", "container", "quality", "mode", "coding"),
    [
        ("aac", "mp4", 0, AudioMode.COPY, "aac"),
        ("aac", "mp4", 3, AudioMode.COPY, "aac"),
        ("aac", "mp4", 1, AudioMode.AAC, "aac"),
        ("mp2", "mp4", 0, AudioMode.AAC, "aac"),
        ("pcm_alaw", "mp4", 3, AudioMode.AAC, "aac"),
        ("aac", "mkv", 0, AudioMode.COPY, "aac"),
        ("opus", "mkv", 3, AudioMode.COPY, "opus"),
        ("pcm_alaw", "mkv", 0, AudioMode.PCM, "pcm_s16le"),
        ("pcm_mulaw", "mkv", 5, AudioMode.AAC, "aac"),
        ("aac", "avi", 0, AudioMode.PCM, "pcm_s16le"),
        ("pcm_s16le", "avi", 6, AudioMode.PCM, "pcm_s16le"),
        ("unknown", "mkv", 0, AudioMode.NONE, ""),
    ],
)
def test_choice(codec: str, container: str, quality: int, mode: AudioMode, coding: str) -> None:
    """Copy at 0 and 3 where the container holds the coding, else AAC or 16-bit PCM; or nothing."""
    plan = choose([facts(codec)], container, quality)  # type: ignore[arg-type]
    assert (plan.mode, plan.codec) == (mode, coding)
    assert bool(plan.warnings) == (mode is AudioMode.NONE)


def test_bit_rates_fall_with_quality_and_stay_inside_what_aac_can_hold() -> None:
    """The table is per channel; at 8 kHz a frame holds no more than 6 bits a sample."""
    rates = [choose([facts("mp2")], "mp4", quality).bit_rate for quality in range(7)]
    assert rates == [256_000, 224_000, 192_000, 160_000, 128_000, 96_000, 64_000]
    assert choose([facts("pcm_alaw", 8000, 1)], "mp4", 0).bit_rate == 40_000


def test_a_change_of_coding_is_reported_and_coded_anew() -> None:
    """A copy needs one coding; recordings without sound between them change nothing."""
    row = [facts(), None, facts(), facts("mp2", 16_000, 1), facts("mp2", 16_000, 1)]
    assert coding_changes(row) == (3,)
    assert choose([row[0], None, row[2]], "mp4", 0).mode is AudioMode.COPY
    plan = choose(row, "mp4", 0)
    assert (plan.mode, plan.rate, plan.layout) == (AudioMode.AAC, 48_000, "stereo")


def test_odd_rates_and_layouts_are_said() -> None:
    """What AAC cannot hold is converted, with a warning."""
    plan = choose([facts("pcm_s16le", 10_000, 6)], "mp4", 0)
    assert (plan.rate, plan.layout, len(plan.warnings)) == (11_025, "stereo", 2)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("quality", [0, 2], ids=["copy", "encode"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_sync(sources: dict[str, Path], tmp_path: Path, container: str, quality: int, kind: str) -> None:
    """Each click is heard within 2 ms of its flash, and no packet ends after the range."""
    if (kind, container) == ("mp2.ts", "avi"):
        pytest.skip("AVI copies no MPEG-2 pictures soundly; the engine makes MJPEG there")
    source, dice = sources[kind], random.Random(f"{kind} {container} {quality}")
    plan = choose([audio_facts(source)], container, quality)  # type: ignore[arg-type]
    first = Fraction(audio_start(source))
    for turn in range(20 if kind == "aac.mp4" else 3):
        begin = int(first + PICTURE * dice.randrange(200))
        length = dice.randrange(SECOND // 2, 5 * SECOND // 2)
        out = tmp_path / f"{turn}.{container}"
        track = clips.cut(source, out, plan, begin, begin + length)
        assert not track.notes()
        check(out, length, container, plan.mode)
    assert messages(out) == ""


def audio_start(source: Path) -> int:
    """Time of the first picture, in microseconds."""
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        return int((stream.start_time or 0) * stream.time_base * SECOND)


def check(out: Path, length: int, container: str, mode: AudioMode) -> None:
    """Clicks and flashes of a finished file agree; only those at the edges of a copy may be missing."""
    clicks, _ = clips.heard(out)
    flashes = clips.seen(out)
    assert all(min(abs(c - f) for f in flashes) < Fraction(2, 1000) for c in clicks)
    edge = Fraction(50, 1000) if mode is AudioMode.COPY else Fraction(10, 1000)
    inner = [f for f in flashes if edge < f < Fraction(length, SECOND) - edge]
    assert len(clicks) >= len(inner)
    first, end, packets = audio_span(out)
    assert packets and 0 <= first <= 64_000
    assert length - 64_000 <= end <= length + TICK[container]


def test_nothing_is_looked_at_beyond_the_time_asked_for(sources: dict[str, Path], tmp_path: Path) -> None:
    """After `packets_until(t)` a part may end at t: nothing of the time behind it was given or coded."""
    for quality in (0, 2):
        plan = choose([audio_facts(sources["aac.mp4"])], "mp4", quality)
        with av.open(str(tmp_path / "a.mp4"), "w") as output:
            track = AudioTrack(plan, [Clip(sources["aac.mp4"], None, SECOND, 9 * SECOND, -SECOND)])
            track.add_to(output)
            given = list(track.packets_until(2 * SECOND))
            assert 41 <= len(given) <= 47 and given[-1].end <= 2
            given += track.finish(2 * SECOND + 30_000)
            assert Fraction(2) <= given[-1].end <= Fraction(203, 100)


def test_parts_join_without_losing_a_sample(sources: dict[str, Path], tmp_path: Path) -> None:
    """PCM of two parts is the PCM of the whole; of copied packets none is lost where the parts meet."""
    source, middle = sources["g711.avi"], 2 * SECOND + 7 * PICTURE
    plan = choose([audio_facts(source)], "avi")
    for name, begin, end in (("w", SECOND, 4 * SECOND), ("a", SECOND, middle), ("b", middle, 4 * SECOND)):
        clips.cut(source, tmp_path / f"{name}.avi", plan, begin, end)
    whole, *parts = (pcm(tmp_path / f"{name}.avi") for name in "wab")
    assert np.array_equal(whole, np.concatenate(parts))

    source = sources["aac.mp4"]
    copy = choose([audio_facts(source)], "mp4")
    first = AudioTrack(copy, [Clip(source, None, SECOND, 4 * SECOND, -SECOND)])
    second = AudioTrack(copy, [Clip(source, None, middle, 4 * SECOND, -middle)])
    given = [*first.packets_until(middle - SECOND), *first.finish(middle - SECOND, straddling=True)]
    joined = [p.data for p in given] + [p.data for p in second.finish()]
    single = AudioTrack(copy, [Clip(source, None, SECOND, 4 * SECOND, -SECOND)])
    assert joined == [p.data for p in single.finish()]


def test_g711_in_matroska_changes_no_sample(sources: dict[str, Path], tmp_path: Path) -> None:
    """The PCM of the cut is, sample for sample, what the source decodes to."""
    source, out = sources["g711.avi"], tmp_path / "a.mkv"
    clips.cut(source, out, choose([audio_facts(source)], "mkv"), 3 * SECOND, 5 * SECOND)
    assert np.array_equal(pcm(out), pcm(source)[24_000:40_000])


@pytest.mark.parametrize(("container", "quality"), WAYS)
def test_a_hole_keeps_its_time(tmp_path: Path, container: str, quality: int) -> None:
    """Sound behind missing packets stays in step: by time stamps if copied, by digital silence if coded."""
    source = clips.make(tmp_path / "hole.mkv", "aac", rate=24_000, hole=(3100, 4900))
    out = tmp_path / f"out.{container}"
    plan = choose([audio_facts(source)], container, quality)  # type: ignore[arg-type]
    track = clips.cut(source, out, plan, 2 * SECOND, 8 * SECOND)
    clicks, _ = clips.heard(out)
    flashes = clips.seen(out)
    assert len(clicks) >= 4 and all(min(abs(c - f) for f in flashes) < Fraction(2, 1000) for c in clicks)
    silence = Fraction(track.tally.silence, plan.rate)
    assert Fraction(17, 10) < silence < Fraction(19, 10) if plan.mode is not AudioMode.COPY else silence == 0
    assert bool(track.notes()) == bool(silence)
    assert messages(out) == ""


@pytest.mark.parametrize(("container", "quality"), WAYS)
@pytest.mark.parametrize("second", ["aac.mp4", "g711.avi"])
def test_recordings_in_a_row(
    sources: dict[str, Path], tmp_path: Path, container: str, quality: int, second: str
) -> None:
    """Two recordings three seconds apart, of one coding or of two, make one stream in step."""
    paths = [sources["aac.mp4"], sources[second]]
    plan = choose([audio_facts(path) for path in paths], container, quality)  # type: ignore[arg-type]
    row = [
        Clip(paths[0], None, 1 * SECOND, 4 * SECOND, -1 * SECOND),
        Clip(paths[1], None, 5 * SECOND, 9 * SECOND, 1 * SECOND),
    ]
    out = tmp_path / f"row.{container}"
    with av.open(str(out), "w") as output, AudioTrack(plan, row) as track:
        stream = track.add_to(output)
        assert stream is not None
        for at in range(0, 10 * SECOND, PICTURE):
            for packet in track.packets_until(at):
                output.mux(packet.to_av(stream))
        for packet in track.finish():
            output.mux(packet.to_av(stream))
    clicks, _ = clips.heard(out)
    times = [Fraction(ms, 1000) for ms in clips.click_times(12)]
    wanted = [t - 1 for t in times if 1 <= t < 4] + [t + 1 for t in times if 5 <= t < 9]
    assert len(clicks) == len(wanted)
    assert max(abs(c - w) for c, w in zip(clicks, wanted, strict=True)) < Fraction(2, 1000)
    assert 9 * SECOND + 900_000 <= audio_span(out)[1] <= 10 * SECOND + TICK[container]
    assert messages(out) == ""


def test_a_change_of_coding_in_a_copy_is_an_error(sources: dict[str, Path], tmp_path: Path) -> None:
    """A caller that plans one recording and copies two codings is told, not given a broken stream."""
    plan = choose([audio_facts(sources["aac.mp4"])], "mkv")
    row = [Clip(sources[name], None, 0, SECOND, at * SECOND) for at, name in enumerate(("aac.mp4", "mp2.ts"))]
    row[1] = Clip(row[1].path, None, 2 * SECOND, 4 * SECOND, 0)
    with pytest.raises(WorkError, match="coding changes"):
        list(AudioTrack(plan, row).finish())


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("quality", [0, 2], ids=["copy", "encode"])
def test_twice_the_same_bytes(sources: dict[str, Path], tmp_path: Path, container: str, quality: int) -> None:
    """The same cut made twice is one file."""
    plan = choose([audio_facts(sources["aac.mp4"])], container, quality)  # type: ignore[arg-type]
    digests = set()
    for turn in range(2):
        out = tmp_path / f"{turn}.{container}"
        clips.cut(sources["aac.mp4"], out, plan, SECOND, 4 * SECOND)
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["aac.mp4", "opus.mkv", "mp2.ts"])
def test_damage_is_stepped_over(sources: dict[str, Path], tmp_path: Path, kind: str, seed: int) -> None:
    """Flipped bytes and a missing end never raise; what decodes stays inside the range."""
    dice = random.Random(seed)
    data = bytearray(sources[kind].read_bytes())
    for _ in range(200):
        data[dice.randrange(2000, len(data) * 9 // 10)] ^= 1 << dice.randrange(8)
    broken = tmp_path / kind
    kept = len(data) if kind == "aac.mp4" else dice.randrange(len(data) // 2, len(data))
    broken.write_bytes(bytes(data[:kept]))
    plan = choose([audio_facts(sources[kind])], "mp4", 2)
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        track = AudioTrack(plan, [Clip(broken, 1, 2 * SECOND, 9 * SECOND, -2 * SECOND)])
        stream = track.add_to(output)
        assert stream is not None
        given = list(track.finish())
        for packet in given:
            output.mux(packet.to_av(stream))
    assert all(packet.end <= 7 for packet in given)
    assert all(isinstance(note, str) for note in track.notes())


def test_no_sound(tmp_path: Path) -> None:
    """A recording without sound has none in its export, and that is no warning."""
    silent = tmp_path / "silent.mp4"
    with av.open(str(silent), "w") as out:
        video = out.add_stream("mjpeg", rate=25, width=32, height=32, pix_fmt="yuvj420p")
        out.mux(video.encode(av.VideoFrame(32, 32, "yuvj420p")))
        out.mux(video.encode(None))
    assert audio_facts(silent) is None
    plan = choose([None], "mp4")
    track = AudioTrack(plan, [Clip(silent, None, 0, SECOND, 0)])
    assert (plan.mode, plan.words, plan.warnings) == (AudioMode.NONE, "none recorded", ())
    with av.open(str(tmp_path / "a.mp4"), "w") as output:
        assert track.add_to(output) is None
    assert [*track.packets_until(SECOND), *track.finish()] == []
    assert audio_span(silent) == (0, 0, 0)


REAL = [
    "original/opencv_cup.mp4",
    "original/gopro_karma.mp4",
    "original/udacity_solidWhiteRight.mp4",
    "original/tc_nasa_13013.mp4",
    "original/exo_sample_fragmented.mp4",
    "original/exo_sample_with_increasing_timestamps_360p.mp4",
    "original/exo_sample_h262_mpeg_audio.ps",
    "derived/person_h264_g711a.mkv",
    "derived/person_mpeg2_ps.mpg",
]


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the shared footage is not here")
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("name", REAL, ids=[Path(name).name for name in REAL])
def test_real_footage(tmp_path: Path, name: str, container: str) -> None:
    """Real recordings: packets in order, none outside the range, no message from an old ffmpeg."""
    source = FOOTAGE / name
    known = audio_facts(source)
    assert known is not None
    first, end, _ = audio_span(source)
    end = min(end, first + 5 * SECOND)
    low, high = first + (end - first) // 5, end - (end - first) // 5
    for quality in (0, 2) if container != "avi" else (0,):
        plan = choose([known], container, quality)  # type: ignore[arg-type]
        out = tmp_path / f"{quality}.{container}"
        row = [Clip(source, None, low, high, -low)]
        with av.open(str(out), "w") as output, AudioTrack(plan, row) as track:
            stream = track.add_to(output)
            assert stream is not None
            given = [*track.packets_until((high - low) // 2), *track.finish()]
            for packet in given:
                output.mux(packet.to_av(stream))
        frame = Fraction(known.frame or 1024, known.rate)
        assert all(a.pts < b.pts for a, b in pairwise(given))
        assert given[-1].end * SECOND <= high - low
        assert given[-1].end > Fraction(high - low, SECOND) - 2 * frame - Fraction(1, 10)
        assert audio_span(out)[1] <= high - low + TICK[container]
        assert messages(out) == ""
