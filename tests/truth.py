"""Truth clips: recordings whose frames carry their own index and capture time as pixels.

Every frame shows a code of 80 blocks (4 rows of 20) at its top and again at its bottom: 8 bits of sync, 16 of
frame index, 40 of capture time (microseconds since the clip's first frame), 16 of CRC. The blocks are large
and of high contrast, so the code survives crf 40, and a frame that was mixed from two shows two codes that
disagree. Between them a background moves, so that inter coding has real work.

Clips are deterministic and kept in a cache outside the repository, keyed by all their parameters; the oldest
leave it when it grows past `CACHE_LIMIT`.

>>> clip = Clip(name="closed", frames=50)
>>> path, stamps = make(clip), timeline(clip)
>>> stamps[3].index, stamps[3].us
(3, 120000)

What x264 and FFmpeg's encoders cannot make is not here: field-coded (PAFF) pictures.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from workbench.media import priority

Plane = NDArray[np.uint8]
Paint = Callable[[int, list[Plane]], None]
"""Changes the planes of frame `index` in place; how twins are made different."""

COLUMNS, ROWS = 20, 4
SYNC = (1, 0, 1, 1, 0, 0, 1, 0)
DARK, BRIGHT = 40, 215
VERSION = 3
"""Raise it when the pictures of a given `Clip` change."""
CACHE_LIMIT = 6_000_000_000
FORMATS = {"ts": "mpegts", "mpg": "mpeg", "mkv": "matroska", "h265": "hevc"}
MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """All that decides the bytes of one truth clip."""

    name: str
    codec: str = "libx264"
    container: str = "mp4"
    """File suffix: mp4, mkv, avi, ts, mpg, h264, h265."""
    frames: int = 300
    width: int = 160
    height: int = 120
    rate: Fraction = Fraction(25)
    vfr: bool = False
    """Each frame comes up to 0.4 of a frame's time late: the shortest gap stays well above 0."""
    time_base: Fraction | None = None
    """Ticks of encoder and stream; None is the container's habit for this rate."""
    start: Fraction = Fraction(0)
    """Seconds before the first frame."""
    gop: int = 24
    bframes: int = 0
    options: tuple[tuple[str, str], ...] = ()
    """Encoder options."""
    mux: tuple[tuple[str, str], ...] = ()
    """Muxer options."""
    pix_fmt: str = "yuv420p"
    rotation: int = 0
    """Degrees clockwise a player turns the picture (mp4 only)."""
    interlaced: bool = False
    audio: bool = False
    """AAC: a quiet sine with a loud impulse at each full second."""

    @property
    def ticks(self) -> Fraction:
        """The time base that frames are stamped in."""
        if self.time_base is not None:
            return self.time_base
        if self.vfr or self.container == "ts":
            return Fraction(1, 90_000)
        return 1 / self.rate

    @property
    def block(self) -> int:
        """Side of a code block in pixels."""
        return 16 if self.width >= 16 * COLUMNS else 8


@dataclass(frozen=True, slots=True)
class Stamp:
    """One frame of a clip: its index, its PTS in ticks of the clip, microseconds since the first frame."""

    index: int
    pts: int
    us: int


def timeline(clip: Clip) -> list[Stamp]:
    """When each frame of `clip` was captured; strictly rising."""
    rng = random.Random(f"{clip.name}/{clip.frames}")
    late = [rng.random() * 0.4 if clip.vfr and i else 0.0 for i in range(clip.frames)]
    first = round(clip.start / clip.ticks)
    step = 1 / clip.rate / clip.ticks
    pts = [first + round(i * step) + int(late[i] * step) for i in range(clip.frames)]
    return [Stamp(i, p, int((p - first) * clip.ticks * MICRO)) for i, p in enumerate(pts)]


def bits(index: int, us: int) -> NDArray[np.uint8]:
    """The 80 bits of a frame's code."""
    word = index.to_bytes(2, "big") + us.to_bytes(5, "big")
    word += binascii.crc_hqx(word, 0xFFFF).to_bytes(2, "big")
    return np.concatenate([np.array(SYNC, np.uint8), np.unpackbits(np.frombuffer(word, np.uint8))])


def draw_code(luma: Plane, index: int, us: int, block: int) -> None:
    """Write a frame's code at top and bottom of its luma plane."""
    levels = np.where(bits(index, us) > 0, BRIGHT, DARK).astype(np.uint8).reshape(ROWS, COLUMNS)
    blocks = levels.repeat(block, 0).repeat(block, 1)
    luma[: blocks.shape[0], : blocks.shape[1]] = blocks
    luma[-blocks.shape[0] :, : blocks.shape[1]] = blocks


def code_of(luma: NDArray[Any], block: int) -> tuple[int, int] | None:
    """(index, microseconds) read from a luma plane in coded orientation; None where no code is readable.

    Both codes are read; when both are sound they must agree, or the frame counts as unreadable.
    """
    tall, wide = ROWS * block, COLUMNS * block
    if luma.shape[0] < 2 * tall or luma.shape[1] < wide:
        return None
    found = {_decode(part, block) for part in (luma[:tall, :wide], luma[-tall:, :wide])} - {None}
    return found.pop() if len(found) == 1 else None


def _decode(area: NDArray[Any], block: int) -> tuple[int, int] | None:
    means = area.reshape(ROWS, block, COLUMNS, block)[:, 2:-2, :, 2:-2].mean((1, 3)).ravel()
    return decode_means(means)


def decode_means(means: NDArray[Any]) -> tuple[int, int] | None:
    """(index, microseconds) from the mean levels of the 80 blocks; None where sync or CRC fail."""
    sync = np.array(SYNC, bool)
    level = (means[:8][sync].mean() + means[:8][~sync].mean()) / 2
    word = means > level
    if not np.array_equal(word[:8], sync):
        return None
    data = np.packbits(word[8:]).tobytes()
    if binascii.crc_hqx(data[:7], 0xFFFF).to_bytes(2, "big") != data[7:]:
        return None
    return int.from_bytes(data[:2], "big"), int.from_bytes(data[2:7], "big")


def cache_folder() -> Path:
    """Where clips live between runs: WORKBENCH_TEST_CACHE, else a folder of this user in the temp dir."""
    named = os.environ.get("WORKBENCH_TEST_CACHE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / f"workbench-truth-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached(key: str, suffix: str, build: Callable[[Path], None]) -> Path:
    """The cached file of `key`, built by `build(path)` when it is not there yet."""
    digest = hashlib.sha256(f"{VERSION} {av.__version__} {key}".encode()).hexdigest()[:20]
    path = cache_folder() / f"{digest}{suffix}"
    if not path.exists():
        _make_room(path.parent)
        part = path.with_name(f".{os.getpid()}-{path.name}")
        build(part)
        part.replace(path)
    os.utime(path)
    return path


def _make_room(folder: Path) -> None:
    files = sorted((f for f in folder.iterdir() if f.is_file()), key=lambda f: f.stat().st_mtime)
    size = sum(f.stat().st_size for f in files)
    for old in files:
        if size <= CACHE_LIMIT:
            return
        size -= old.stat().st_size
        old.unlink(missing_ok=True)


def make(clip: Clip) -> Path:
    """The file of a truth clip, from the cache where it is there."""
    return cached(repr(clip), f".{clip.container}", lambda path: encode(clip, path))


def encode(clip: Clip, path: Path, paint: Paint | None = None) -> None:
    """Encode `clip` to `path`; `paint` may change each frame's planes before."""
    os.environ.setdefault("SVT_LOG", "1")
    form = FORMATS.get(clip.container, clip.container)
    with priority.kept(), av.open(str(path), "w", format=form, options=dict(clip.mux)) as out:
        stream = _video_stream(out, clip)
        sound = _sound(out, clip) if clip.audio else iter(())
        packets = _pictures(stream, clip, paint)
        for packet in _interleaved(packets, sound):
            out.mux(packet)
    if clip.rotation:
        turn(path, clip.rotation)


def _video_stream(out: Any, clip: Clip) -> Any:
    rate = clip.rate if clip.ticks == 1 / clip.rate else Fraction(clip.rate).limit_denominator(1001)
    stream = out.add_stream(clip.codec, rate=rate, options=dict(clip.options))
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pix_fmt
    context = stream.codec_context
    context.time_base = stream.time_base = clip.ticks
    context.gop_size, context.max_b_frames = clip.gop, clip.bframes
    context.thread_count, context.thread_type = 1, "FRAME"
    if clip.interlaced:
        context.flags |= (1 << 18) | (1 << 29)  # ILDCT, ILME
    return stream


def _pictures(stream: Any, clip: Clip, paint: Paint | None) -> Iterator[Any]:
    for stamp in timeline(clip):
        planes = picture(clip, stamp)
        if paint:
            paint(stamp.index, planes)
        frame = av.VideoFrame(clip.width, clip.height, clip.pix_fmt)
        for plane, pixels in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            rows[: pixels.shape[0], : pixels.shape[1]] = pixels
        frame.pts, frame.time_base = stamp.pts, clip.ticks
        yield from stream.encode(frame)
    yield from stream.encode(None)


def picture(clip: Clip, stamp: Stamp) -> list[Plane]:
    """The planes (Y, U, V) of one frame: moving gradient and bar, and the code above and below."""
    w, h, i = clip.width, clip.height, stamp.index
    luma = _gradient(w, h)[:, (3 * i) % 256 : (3 * i) % 256 + w].copy()
    luma[:, (5 * i) % w : (5 * i) % w + 12] = 230 - (i % 64)
    if clip.pix_fmt.endswith("444p"):
        cw, ch = w, h
    else:
        cw, ch = (w + 1) // 2, (h + 1) // 2
    u = np.full((ch, cw), 100 + i % 56, np.uint8)
    v = np.full((ch, cw), 156 - i % 56, np.uint8)
    u[ch // 3 : ch // 2, (2 * i) % cw :] = 90
    draw_code(luma, i, stamp.us, clip.block)
    return [luma, u, v]


_gradients: dict[tuple[int, int], Plane] = {}


def _gradient(w: int, h: int) -> Plane:
    if (w, h) not in _gradients:
        x, y = np.arange(w + 256)[None, :], np.arange(h)[:, None]
        wave = np.abs((2 * x + y) % 256 - 128) // 2 + (x // 8 + y // 8) % 2 * 24 + 60
        _gradients[w, h] = wave.astype(np.uint8)
    return _gradients[w, h]


def _sound(out: Any, clip: Clip) -> Iterator[Any]:
    stream = out.add_stream("aac", rate=48_000, layout="mono")
    count = int(clip.frames / clip.rate * 48_000)
    at = np.arange(count)
    wave = 0.05 * np.sin(at * 2 * np.pi * 440 / 48_000) + 0.9 * (at % 48_000 < 48)
    first = round(clip.start * 48_000)

    def packets() -> Iterator[Any]:
        for begin in range(0, count - count % 1024, 1024):
            chunk = wave[begin : begin + 1024].astype(np.float32)[None, :]
            frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, first + begin, Fraction(1, 48_000)
            yield from stream.encode(frame)
        yield from stream.encode(None)

    return packets()


def _interleaved(video: Iterator[Any], sound: Iterator[Any]) -> Iterator[Any]:
    waiting = next(sound, None)
    for packet in video:
        while waiting is not None and waiting.dts * waiting.time_base < packet.dts * packet.time_base:
            yield waiting
            waiting = next(sound, None)
        yield packet
    if waiting is not None:
        yield waiting
    yield from sound


def turn(path: Path, degrees: int) -> None:
    """Write a rotation (clockwise, as shown) into the matrix of an mp4's first track header."""
    one = 0x10000
    a, b = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data = bytearray(path.read_bytes())
    at = data.rindex(b"tkhd") + 4
    at += 40 if data[at] == 0 else 52
    numbers = (a, b, 0, -b, a, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in numbers)
    path.write_bytes(data)
