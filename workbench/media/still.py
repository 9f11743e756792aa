"""One frame as a picture: JPEG, PNG or an RGB array, upright, in the frame's own matrix and range.

A JPEG is coded by FFmpeg straight from Y, U and V. JFIF knows one matrix (BT.601) and one range (full):
planes that are so already stay as they are, others are converted by swscale. Turning moves whole samples.

    quality         0   1   2   3   4   5   6
    qscale (mjpeg)  1   2   3   5   8  13  22
"""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.video.reformatter import Interpolation
from PIL import Image

from workbench.core.errors import WorkError
from workbench.media import colors
from workbench.media.planes import samples

QSCALES = (1, 2, 3, 5, 8, 13, 22)
"""The encoder's quantiser for each quality, 0 best … 6 smallest."""
_EXACT = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT)
_AFTER_IHDR = 33
"""Where the first chunk of a PNG ends (8 bytes of signature, 25 of IHDR)."""
_QUARTER = ("yuv420p", "yuvj420p", "nv12", "nv21", "p010le", "gray", "yuv410p")
_HALF = ("yuv411p", "yuvj411p", "yuv422p", "yuvj422p", "yuyv422", "uyvy422", "nv16")


def rgb(frame: av.VideoFrame, rotation: int | None = None) -> npt.NDArray[np.uint8]:
    """The shown picture as uint8 (height, width, 3), full-range sRGB order R, G, B.

    `rotation` is in degrees counter-clockwise; None takes the frame's own.
    """
    meaning = _meaning(frame)
    made = frame.reformat(format="rgb24", interpolation=_EXACT, dst_color_range=colors.FULL, **meaning)
    turned: npt.NDArray[np.uint8] = np.ascontiguousarray(np.rot90(made.to_ndarray(), _turns(frame, rotation)))
    return turned


def png(frame: av.VideoFrame, rotation: int | None = None, aspect: Fraction = Fraction(1)) -> bytes:
    """The shown picture as PNG; `aspect`, the shape of a coded pixel, is noted in it."""
    out = io.BytesIO()
    Image.fromarray(rgb(frame, rotation)).save(out, "png")
    data, shape = out.getvalue(), _shown_aspect(aspect, _turns(frame, rotation))
    return data if shape == 1 else data[:_AFTER_IHDR] + _physical(shape) + data[_AFTER_IHDR:]


def _physical(shape: Fraction) -> bytes:
    """A pHYs chunk of unit 0: pixels per unit each way, the inverse of a pixel's shape (PNG 3, 11.3.4.3)."""
    body = b"pHYs" + struct.pack(">IIB", shape.denominator, shape.numerator, 0)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def jpeg(frame: av.VideoFrame, quality: int = 0, rotation: int | None = None, aspect: Fraction = Fraction(1)) -> bytes:
    """The shown picture as JFIF at `quality` 0 best … 6 smallest; the same frame gives the same bytes.

    `aspect`, the shape of a coded pixel, is noted in the file. Raises WorkError where a side is over 65,535.
    """
    turns = _turns(frame, rotation)
    upright = jfif(frame, rotation)
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = upright.width, upright.height, upright.format.name
    encoder.time_base, encoder.color_range = Fraction(1, 25), colors.FULL
    encoder.qmin = encoder.qmax = QSCALES[quality]
    encoder.sample_aspect_ratio = _shown_aspect(aspect, turns)
    encoder.thread_count = 1
    encoder.flags |= Flags.bitexact
    try:
        return b"".join(bytes(packet) for packet in [*encoder.encode(upright), *encoder.encode(None)])
    except av.FFmpegError as exc:
        raise WorkError(f"no JPEG of {upright.width}x{upright.height} can be made: {exc}") from exc


def jfif(frame: av.VideoFrame, rotation: int | None = None) -> av.VideoFrame:
    """The frame as JFIF holds it, upright: full-range BT.601 planes, 4:2:0, 4:2:2 or 4:4:4."""
    turns = _turns(frame, rotation)
    full = frame.reformat(
        format=_target(frame.format.name, turns), dst_colorspace=colors.BT601, dst_color_range=colors.FULL,
        interpolation=_EXACT, **_meaning(frame),
    )  # fmt: skip
    return _turned(full, turns)


def jfif_format(name: str, rotation: int) -> str:
    """The pixel format that `jfif` gives for frames of a format."""
    return _target(name, colors.right_angle(rotation) // 90)


def quick(frame: av.VideoFrame, size: tuple[int, int], rotation: int) -> bytes:
    """A JPEG of the upright picture for eyes, made of that width and height: quicker than `jpeg`, and less exact."""
    turns = _turns(frame, rotation)
    width, height = size[::-1] if turns % 2 else size
    made = frame.reformat(width=width, height=height, format="rgb24", dst_color_range=colors.FULL, **_meaning(frame))
    picture = made.to_ndarray()
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture).save(out, "jpeg", quality=88)
    return out.getvalue()


def thumbnail(frame: av.VideoFrame, width: int, rotation: int, aspect: Fraction = Fraction(1)) -> bytes:
    """A JPEG of the upright picture, no wider than `width`, pixels square."""
    turned = colors.right_angle(rotation) // 90 % 2
    wide, high = frame.width * (aspect if aspect > 0 else 1), Fraction(frame.height)
    scale = min(Fraction(1), Fraction(width) / (high if turned else wide))
    small = frame.reformat(
        width=max(2, round(wide * scale)), height=max(2, round(high * scale)), format="yuvj420p",
        dst_colorspace=colors.BT601, dst_color_range=colors.FULL, **_meaning(frame),
    )  # fmt: skip
    small.color_range, small.colorspace = colors.FULL, colors.BT601
    return jpeg(small, 3, rotation)


def _target(name: str, turns: int) -> str:
    base = name.removesuffix("10le").removesuffix("12le").removesuffix("16le")
    if base in _QUARTER:
        return "yuvj420p"
    # Chroma halved across would be halved down once turned, which the encoder does not take.
    return "yuvj422p" if base in _HALF and turns % 2 == 0 else "yuvj444p"


def _meaning(frame: av.VideoFrame) -> dict[str, Any]:
    return {
        "src_colorspace": colors.matrix(frame),
        "src_color_range": colors.FULL if colors.full_range(frame) else colors.LIMITED,
    }


def _turns(frame: av.VideoFrame, rotation: int | None) -> int:
    return colors.right_angle(frame.rotation if rotation is None else rotation) // 90


def _shown_aspect(aspect: Fraction, turns: int) -> Fraction:
    aspect = aspect if aspect > 0 else Fraction(1)
    aspect = 1 / aspect if turns % 2 else aspect
    return aspect.limit_denominator(65535)


def _turned(frame: av.VideoFrame, turns: int) -> av.VideoFrame:
    """A copy of an 8-bit planar frame, turned counter-clockwise by so many quarters."""
    width, height = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
    made = av.VideoFrame(width, height, frame.format.name)
    for source, target in zip(samples(frame), samples(made), strict=True):
        target[...] = np.rot90(source, turns)
    made.color_range, made.pts = colors.FULL, 0
    return made
