"""Twin clips: two recordings whose decoded pictures differ only inside a polygon, during a stretch of frames.

A mask that cannot be undone makes their exports byte-identical. For that the twins must be honest:

- decoded pictures are equal outside the polygon and outside the stretch, and differ in every frame of it;
- coded packets are equal outside the groups of pictures that the stretch touches, and in decode order before
  it, so that a copied packet can never differ for a reason that is the twin maker's own.

Both are checked each time a pair is made (`check`). Lossless coding and encoders without lookahead give
the first for inter-coded clips; intra-only coding of whole 16-pixel blocks gives it for MJPEG, MPEG-4 and
MPEG-2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.truth import Clip, Paint, Plane, cached, encode

Points = Sequence[tuple[float, float]]
L_SHAPE: Points = ((0.15, 0.30), (0.55, 0.30), (0.55, 0.42), (0.35, 0.42), (0.35, 0.68), (0.15, 0.68))
"""Concave, between the codes at top and bottom; its edges lie on no chroma grid."""
TRIANGLE: Points = ((0.52, 0.30), (0.95, 0.37), (0.61, 0.69))
X264 = "rc-lookahead=0:sync-lookahead=0:mbtree=0:weightp=0:scenecut=0:qp=0"
X265 = (
    "lossless=1:bframes={b}:b-adapt=0:rc-lookahead={l}:lookahead-slices=0:scenecut=0:no-weightp=1:no-cutree=1"
    ":open-gop={o}:keyint=24:min-keyint=24:log-level=error"
)
AV1 = "lossless=1:scd=0:irefresh-type=2:pred-struct=1"


class Twins(NamedTuple):
    """A pair of recordings and where they differ."""

    a: Path
    b: Path
    clip: Clip
    points: Points
    """The polygon, in normalised coordinates of the shown picture."""
    frames: range
    """Indices of the frames that differ."""


def h264(name: str = "h264", **more: Any) -> Clip:
    """A lossless H.264 clip whose coding decisions depend on no later frame (x264 makes no B-frames then)."""
    return Clip(name=name, frames=96, options=(("preset", "ultrafast"), ("x264-params", X264)), **more)


def h265(name: str = "h265", bframes: int = 0, open_gop: bool = False, **more: Any) -> Clip:
    """A lossless H.265 clip whose coding decisions depend on no later frame."""
    text = X265.format(b=bframes, o=int(open_gop), l=bframes + 1)
    options = (("preset", "ultrafast"), ("x265-params", text))
    return Clip(name=name, codec="libx265", frames=96, bframes=bframes, options=options, **more)


def av1(name: str = "av1", **more: Any) -> Clip:
    """A lossless AV1 clip in low-delay order."""
    options = (("preset", "10"), ("svtav1-params", AV1))
    return Clip(name=name, codec="libsvtav1", frames=72, options=options, **more)


def intra(codec: str, container: str, **more: Any) -> Clip:
    """A clip of independent pictures with a fixed quantiser."""
    options = (("qmin", "3"), ("qmax", "3"), ("flags", "+qscale"), ("global_quality", "354"))
    return Clip(name=codec, codec=codec, container=container, frames=60, gop=1, options=options, **more)


def twin_pair(clip: Clip, points: Points = L_SHAPE, frames: range | None = None) -> Twins:
    """Make (or find in the cache) and check the twins of `clip` under `points` in `frames` (None: all)."""
    frames = range(clip.frames) if frames is None else frames
    masks = _inside(clip, points)
    key = f"{clip!r} {points!r} {frames!r}"

    def made(seed: int) -> Path:
        paint = _paint(masks, frames, seed)
        return cached(f"twin {seed} {key}", f".{clip.container}", lambda path: encode(clip, path, paint))

    twins = Twins(made(7), made(11), clip, points, frames)
    check(twins)
    return twins


def coded_points(points: Points, rotation: int) -> list[tuple[float, float]]:
    """A polygon of the shown picture in the coded one's coordinates; `rotation` is clockwise as shown."""
    turned = {0: lambda x, y: (x, y), 90: lambda x, y: (y, 1 - x)}
    turned |= {180: lambda x, y: (1 - x, 1 - y), 270: lambda x, y: (1 - y, x)}
    return [turned[rotation % 360](x, y) for x, y in points]


def _inside(clip: Clip, points: Points) -> list[NDArray[np.bool_]]:
    """For each plane, the samples that lie wholly inside the polygon (block coders: whole 16x16 blocks)."""
    w, h, fine = clip.width, clip.height, 8
    image = Image.new("L", (w * fine, h * fine))
    corners = [(x * w * fine, y * h * fine) for x, y in coded_points(points, clip.rotation)]
    ImageDraw.Draw(image).polygon(corners, fill=1)
    pixels = np.asarray(np.asarray(image, bool).reshape(h, fine, w, fine).all(axis=(1, 3)))
    pixels = pixels & _shifted(pixels)
    lossless = any("qp=0" in v or "lossless=1" in v for _, v in clip.options)
    if not lossless:
        pixels = _blocks(pixels, 16)
    if not pixels.any():
        raise ValueError("the polygon holds no whole block: make it larger")
    return [pixels, *[pixels if clip.pix_fmt.endswith("444p") else _chroma(pixels)] * 2]


def _shifted(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Samples whose four neighbours are inside too: the rasteriser's own edge is left out."""
    padded = np.pad(pixels, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def _blocks(pixels: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    h, w = (n // side for n in pixels.shape)
    whole = np.asarray(pixels[: h * side, : w * side].reshape(h, side, w, side).all(axis=(1, 3)))
    result = np.zeros_like(pixels)
    result[: h * side, : w * side] = whole.repeat(side, 0).repeat(side, 1)
    return result


def _chroma(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    h, w = pixels.shape
    padded = np.pad(pixels, ((0, h % 2), (0, w % 2)), mode="edge")
    return np.asarray(padded.reshape((h + 1) // 2, 2, (w + 1) // 2, 2).all(axis=(1, 3)))


def _paint(masks: list[NDArray[np.bool_]], frames: range, seed: int) -> Paint:
    def paint(index: int, planes: list[Plane]) -> None:
        if index in frames:
            rng = np.random.default_rng((seed, index))
            for plane, mask in zip(planes, masks, strict=True):
                noise = rng.integers(20, 236, plane.shape, dtype=np.uint8)
                plane[mask] = (noise // 32 * 32 + seed)[mask]

    return paint


def check(twins: Twins) -> None:
    """Raise AssertionError unless the twins differ where they should and nowhere else (see the module)."""
    masks = _inside(twins.clip, twins.points)
    pairs = list(zip(_planes(twins.a), _planes(twins.b), strict=True))
    assert len(pairs) == twins.clip.frames, f"{len(pairs)} frames decode, {twins.clip.frames} were made"
    for index, (left, right) in enumerate(pairs):
        for one, two, mask in zip(left, right, masks, strict=True):
            differs = one != two
            assert not differs[~mask].any(), f"frame {index}: the twins differ outside the polygon"
            assert bool(differs.any()) == (index in twins.frames), f"frame {index}: wrong stretch"
    _check_packets(twins)


def _planes(path: Path) -> list[list[Plane]]:
    with av.open(str(path)) as box:
        return [_copy(f) for f in box.decode(video=0)]


def _copy(frame: Any) -> list[Plane]:
    return [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width].copy() for p in frame.planes]


def _check_packets(twins: Twins) -> None:
    """Packets differ only from the first differing frame to the next random access point."""
    left, right = _packets(twins.a), _packets(twins.b)
    assert [p[:2] for p in left] == [p[:2] for p in right], "the twins' packets have other times"
    order = sorted(p[0] for p in left)
    different = {order[i] for i in twins.frames}
    dirty = False
    for (pts, entry, one), (_, _, two) in zip(left, right, strict=True):
        dirty = pts in different or (dirty and not entry)
        assert dirty or one == two, f"packet at {pts}: the twins' coding differs without need"


def _packets(path: Path) -> list[tuple[int, bool, str]]:
    with av.open(str(path)) as box:
        packets = [p for p in box.demux(video=0) if p.size]
        return [(p.pts or 0, bool(p.is_keyframe), hashlib.md5(bytes(p)).hexdigest()) for p in packets]
