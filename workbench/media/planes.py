"""Decoded pictures as numpy planes: where each sample lies, what black is, and how to get a copy to paint on.

A decoded frame must never be painted: the decoder still predicts from it. `fresh` gives a copy in memory of
its own, with pts, time base, colour tags and field order kept, and with all side data (captions, motion
vectors, regions of interest, user data) left behind, since any of that may tell what a mask hides.

Formats, by `workable`:

    as they are    planar YUV and YUVA, 8 to 16 bits little endian, any subsampling · gray, gray + alpha
                   · nv12 and p010 and their kin · planar RGB · packed RGB of 8 or 16 bits a channel
    rewritten      pal8, rgb8, rgb565 and the like to rgb24 · yuyv422, uyvy422, yvyu422 to yuv422p
                   · uyyvyy411 to yuv411p · one bit a pixel to gray · big endian to little; all pixel by pixel
    refused        hardware surfaces, Bayer, float, XYZ and rarer packings: SourceError
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.format import VideoFormat, VideoFormatComponent

from workbench.core.errors import SourceError, WorkError

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels of the coded picture."""
FULL_RANGE = 2
"""AVCOL_RANGE_JPEG: samples from 0 to their maximum."""
_IN_PLACE = re.compile(
    r"yuvj?a?4\d\dp((9|10|12|14|16)le)?|nv(12|16|21|24|42)|nv20le|p[024]1[026]le"
    r"|gray((9|10|12|14|16)le)?|ya8|ya16le|gbra?p((9|10|12|14|16)le)?"
    r"|(rgb|bgr)(24|0|48le|a|a64le)|0(rgb|bgr)|a(rgb|bgr)"
)
_REWRITTEN = {
    **dict.fromkeys(("pal8", "rgb8", "bgr8", "rgb4_byte", "bgr4_byte"), "rgb24"),
    **dict.fromkeys(
        (f"{rgb}{bits}{end}" for rgb in ("rgb", "bgr") for bits in (444, 555, 565) for end in ("le", "be")),
        "rgb24",
    ),
    **dict.fromkeys(("yuyv422", "uyvy422", "yvyu422"), "yuv422p"),
    **dict.fromkeys(("monow", "monob"), "gray"),
    "uyyvyy411": "yuv411p",
}


@dataclass(frozen=True, slots=True)
class Plane:
    """How one plane of a pixel format is laid out."""

    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    channels: int
    """Samples per pixel, side by side."""
    shift_x: int
    """The plane is 2 ** shift_x times narrower than the picture, rounded up."""
    shift_y: int
    limited: tuple[int, ...]
    """Black (alpha: opaque), per channel, in limited colour range: luma 16 of 255."""
    full: tuple[int, ...]
    """The same in full range: luma 0."""


@lru_cache(maxsize=512)
def workable(name: str) -> str:
    """The pixel format in which pictures of format `name` are masked and cropped (see the table above)."""
    if _IN_PLACE.fullmatch(name):
        return name
    target = _REWRITTEN.get(name, f"{name[:-2]}le" if name.endswith("be") else "")
    if not _IN_PLACE.fullmatch(target):
        raise SourceError(
            f"pictures in pixel format {name} cannot be masked or cropped",
            "Export them without masks and without crop.",
        )
    return target


@lru_cache(maxsize=512)
def planes(name: str) -> tuple[Plane, ...]:
    """The planes of a pixel format; `name` may be any that `workable` knows and means what it gives."""
    name = workable(name)
    layout = VideoFormat(name, 64, 64)
    count = 1 + max(c.plane for c in layout.components)
    return tuple(_plane(layout, [c for c in layout.components if c.plane == index], count) for index in range(count))


def _plane(layout: VideoFormat, parts: list[VideoFormatComponent], count: int) -> Plane:
    bits = parts[0].bits
    size = 1 if bits <= 8 else 2
    channels = len(parts) if count > 1 else layout.padded_bits_per_pixel // (8 * size)
    # In p010 and its kin the value sits in the upper bits of its 16.
    scale = 16 - bits if re.fullmatch(r"p[024]1\dle", layout.name) else 0
    top = ((1 << bits) - 1) << scale
    limited = full = [0] * channels
    if layout.name.startswith(("yuv", "nv", "p")):
        luma, middle = 16 << (bits - 8 + scale), 1 << (bits - 1 + scale)
        limited, full = ([luma], [0]) if parts[0].is_luma else ([middle] * channels, [middle] * channels)
    if any(c.is_alpha for c in parts):
        limited = list(limited) if len(parts) > 1 else [0]
        limited[0 if layout.name.startswith("a") else -1] = top
        full = limited
    shift_x, shift_y = (64 // parts[0].width).bit_length() - 1, (64 // parts[0].height).bit_length() - 1
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16] = np.dtype(np.uint8) if size == 1 else np.dtype("<u2")
    return Plane(dtype, channels, shift_x, shift_y, tuple(limited), tuple(full))


def chroma_shifts(name: str) -> tuple[int, int]:
    """(x, y): a colour sample of this pixel format covers 2 ** x by 2 ** y pixels."""
    layout = planes(name)
    return max(p.shift_x for p in layout), max(p.shift_y for p in layout)


def is_full_range(frame: av.VideoFrame) -> bool:
    """Whether luma black is 0 and not 16; an unmarked picture counts as limited, as players take it."""
    return frame.color_range == FULL_RANGE or frame.format.name.startswith("yuvj")


def samples(frame: av.VideoFrame) -> tuple[Samples, ...]:
    """Views of the picture's samples, one (rows, columns * channels) array a plane, line padding left out."""
    return tuple(_view(plane, how) for plane, how in zip(frame.planes, planes(frame.format.name), strict=True))


def _view(plane: av.video.plane.VideoPlane, how: Plane) -> Samples:
    pitch, step = plane.line_size, how.dtype.itemsize
    start = 0 if pitch > 0 else (plane.height - 1) * -pitch
    # A plane is a buffer, though numpy's stubs know only some of the types that are.
    memory = cast(memoryview, plane)
    return np.ndarray((plane.height, plane.width * how.channels), how.dtype, memory, start, (pitch, step))


def fresh(frame: av.VideoFrame, box: Box | None = None) -> av.VideoFrame:
    """A copy of a picture, or of the `box` of it, in memory that nobody else reads, without side data.

    Its pixel format is `workable` of the frame's; its picture type is left to the encoder.
    """
    try:
        name = workable(frame.format.name)
        if name != frame.format.name:
            frame = frame.reformat(format=name)
        copy = _stripped(frame, box)
        # The filters hand over the decoder's own memory; this is what copies it.
        copy.make_writable()
    except av.FFmpegError as exc:
        raise WorkError(
            f"a {frame.width}x{frame.height} picture ({frame.format.name}) cannot be copied: {exc}"
        ) from exc
    copy.pict_type = 0
    return copy


def _stripped(frame: av.VideoFrame, box: Box | None) -> av.VideoFrame:
    """The picture through FFmpeg's own filters: PyAV can neither set field order nor drop side data itself.

    A graph of its own for each call costs 0.1 ms and shares nothing between threads.
    """
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base=str(frame.time_base or Fraction(1, 1_000_000)),
        colorspace=str(int(frame.colorspace)),
        range=str(int(frame.color_range)),
    )
    nodes = [source, graph.add("sidedata", "mode=delete")]
    if box is not None:
        x, y, width, height = box
        nodes.append(graph.add("crop", f"{width}:{height}:{x}:{y}:exact=1"))
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    source.push(frame)
    return graph.vpull()
