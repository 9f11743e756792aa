"""Figure 1's cases: which clips, which random ranges, and the judge of one export.

A range begins and ends on a frame's instant or between two frames, away from their borders by more than the
rounding of a microsecond, so that which frames it asks for is beyond dispute.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from tests.engines import Delivered, Engine, Wish
from tests.readers import Reading, read_codes, source_times
from tests.truth import MICRO, Clip, make

ULTRA = ("preset", "ultrafast")
FAST = ("preset", "veryfast")
HEVC = "log-level=error:keyint=24:min-keyint=12:open-gop="
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)
LARGE = {"width": 320, "height": 240}


def _x264(params: str = "", bframes: int = 2, **more: object) -> Clip:
    options = (FAST, ("x264-params", params)) if params else (FAST,)
    return Clip(bframes=bframes, options=options, **more)  # type: ignore[arg-type]


def _x265(open_gop: int, **more: object) -> Clip:
    return Clip(codec="libx265", options=(ULTRA, ("x265-params", f"{HEVC}{open_gop}")), **more)  # type: ignore[arg-type]


CLIPS: dict[str, tuple[Clip, tuple[str, ...]]] = {
    clip.name: (clip, tuple(forms.split()))
    for clip, forms in (
        (_x264(name="h264-b"), "mp4 mkv"),
        (_x264(name="h264-nob", bframes=0, rate=Fraction(30000, 1001)), "mp4 mkv"),
        (_x264("open-gop=1", 3, name="h264-open"), "mp4 mkv"),
        (_x264("intra-refresh=1:keyint=30", 0, name="h264-refresh"), "mp4"),
        (_x264("b-pyramid=normal:slices=3:cabac=0", 3, name="h264-slices"), "mp4"),
        (_x264("tff=1", name="h264-mbaff-ts", container="ts", interlaced=True), "mkv"),
        (_x264(name="h264-vfr", vfr=True), "mp4 mkv"),
        (_x264(name="h264-vfr-mkv", vfr=True, container="mkv"), "mp4 mkv"),
        (_x264(name="h264-ts", container="ts", start=Fraction(7, 2)), "mp4 mkv"),
        (_x264(name="h264-start", start=Fraction(16, 5)), "mp4"),
        (_x264(name="h264-fragments", mux=FRAGMENTS), "mp4"),
        (_x264(name="h264-raw", container="h264"), "mp4"),
        (_x264(name="h264-turned", rotation=90), "mp4 mkv"),
        (_x264(name="h264-sound", audio=True), "mp4 mkv"),
        (_x265(0, name="h265-closed", bframes=2), "mp4 mkv"),
        (_x265(1, name="h265-open", bframes=3), "mp4 mkv"),
        (_x265(1, name="h265-ts", bframes=3, container="ts"), "mp4"),
        (_x265(0, name="h265-vfr-mkv", bframes=2, container="mkv", vfr=True), "mkv"),
        (Clip(name="mjpeg-avi", codec="mjpeg", container="avi", pix_fmt="yuvj420p"), "mkv avi mp4"),
        (
            Clip(
                name="mjpeg-odd-vfr",
                codec="mjpeg",
                container="mkv",
                pix_fmt="yuvj420p",
                vfr=True,
                width=167,
                height=121,
            ),
            "mkv",
        ),
        (Clip(name="mpeg4-b", codec="mpeg4", bframes=2), "mp4 mkv"),
        (Clip(name="mpeg4-avi", codec="mpeg4", container="avi"), "mp4 mkv"),
        (
            Clip(name="mpeg2-ts", codec="mpeg2video", container="ts", time_base=Fraction(1, 25), bframes=2),
            "mkv",
        ),
        (
            Clip(
                name="av1",
                codec="libsvtav1",
                options=(("preset", "8"), ("crf", "20"), ("svtav1-params", "irefresh-type=2")),
                **LARGE,  # type: ignore[arg-type]
            ),
            "mp4 mkv",
        ),
        (
            Clip(
                name="vp9",
                codec="libvpx-vp9",
                container="mkv",
                options=(("deadline", "realtime"), ("cpu-used", "8"), ("crf", "20")),
                **LARGE,  # type: ignore[arg-type]
            ),
            "mkv",
        ),
    )
}
PAIRS = [(name, form) for name, (_, forms) in CLIPS.items() for form in forms]


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip as a source in an archive, and when each of its frames really comes."""

    clip: Clip
    archive: Path
    times: dict[int, int]
    """Microseconds since the first frame, by index, as the file says."""


def place(clip: Clip, folder: Path) -> Footage:
    """Put a clip into an archive `folder` as the undated source of its name."""
    path = make(clip)
    target = folder / clip.name / f"clip{path.suffix}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return Footage(clip, folder, source_times(path, clip))


def random_ranges(times: dict[int, int], seed: str, longest: int = 300) -> Iterator[tuple[int, int]]:
    """Endless random (begin, end): on frames and between them, the first frame more often than chance."""
    rng = random.Random(seed)
    at = [times[i] for i in sorted(times)]
    while True:
        first = rng.choice([0, rng.randrange(len(at)), rng.randrange(len(at))])
        last = min(len(at) - 1, first + rng.choice([0, 1, rng.randrange(longest), rng.randrange(longest)]))
        begin = at[first] if rng.random() < 0.5 or not first else _between(rng, at[first - 1], at[first])
        after = at[last + 1] if last + 1 < len(at) else at[last] + 40_000
        yield begin, after if rng.random() < 0.5 else _between(rng, at[last], after)


def _between(rng: random.Random, low: int, high: int) -> int:
    return rng.randrange(low + 3, high - 2)


def judge(footage: Footage, begin: int, end: int, done: Delivered, block: int = 0) -> list[str]:
    """Everything wrong with an export of [begin, end): an empty list is a pass."""
    if len(done.files) != 1:
        return [f"{len(done.files)} files instead of one"]
    try:
        reading = read_codes(done.files[0], block or footage.clip.block)
    except av.FFmpegError as exc:
        return [f"PyAV cannot read the file: {exc}"]
    return judge_reading(footage, begin, end, reading) + judge_claims(footage, begin, end, done)


def judge_reading(footage: Footage, begin: int, end: int, reading: Reading) -> list[str]:
    """What is wrong with the frames and times in the file."""
    wanted = [i for i, us in footage.times.items() if begin <= us < end]
    seen = {
        "shown (PyAV)": [c.index for c in reading.shown],
        "contained (PyAV)": [c.index for c in reading.contained],
        "shown (ffmpeg)": reading.ffmpeg_shown,
        "contained (ffmpeg)": reading.ffmpeg_contained,
    }
    findings = [f"{who}: {_difference(wanted, got)}" for who, got in seen.items() if got != wanted]
    findings += [f"ffmpeg says: {line}" for line in reading.messages[:3]]
    if reading.stray_bytes:
        findings.append(f"{reading.stray_bytes} media bytes belong to no sample")
    return findings or _judge_times(footage, reading)


def _judge_times(footage: Footage, reading: Reading) -> list[str]:
    start, origin = reading.shown[0].us, footage.times[reading.shown[0].index]
    slack = reading.tick * MICRO + 1
    off = {c.index: (c.us - start) - (footage.times[c.index] - origin) for c in reading.shown}
    worst = max(off, key=lambda i: abs(off[i]))
    return [f"frame {worst} stands {off[worst]} µs off"] if abs(off[worst]) > slack else []


def _difference(wanted: list[int], got: list[int]) -> str:
    lost, extra = sorted(set(wanted) - set(got))[:4], sorted(set(got) - set(wanted))[:4]
    ends = f"{got[0]}…{got[-1]}" if got else "nothing"
    asked = f"{len(wanted)} frames {wanted[0]}…{wanted[-1]}"
    return f"{len(got)} frames {ends} for {asked}; lost {lost}, extra {extra}"


def judge_claims(footage: Footage, begin: int, end: int, done: Delivered) -> list[str]:
    """What is wrong with what the engine says about the file."""
    wanted = [us for us in footage.times.values() if begin <= us < end]
    told = {
        "frames shown": (done.shown, len(wanted)),
        "frames contained": (done.contained, len(wanted)),
        "first frame": (done.first, wanted[0]),
        "last frame": (done.last, wanted[-1]),
        "ledger": (sum(done.ledger.values()), len(wanted)),
        "delivered": (sum(done.ledger[k] for k in ("copied", "reencoded", "masked")), len(wanted)),
    }
    slack = {"first frame": 1, "last frame": 1}
    return [f"{what}: says {a}, is {b}" for what, (a, b) in told.items() if abs(a - b) > slack.get(what, 0)]


def trial(engine: Engine, footage: Footage, form: str, span: tuple[int, int], out: Path) -> list[str]:
    """Export one range, judge it, and remove the files again unless something is wrong."""
    out.mkdir(parents=True, exist_ok=True)
    wish = Wish(archive=footage.archive, source=footage.clip.name, begin=span[0], end=span[1], form=form)
    findings = judge(footage, *span, engine.export(wish, out))
    if not findings:
        shutil.rmtree(out)
    return findings
