"""One frame as a picture."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from workbench.media import colors
from workbench.media.planes import samples
from workbench.media.still import jfif, jfif_format, jpeg, png, rgb, thumbnail

RED = (200, 30, 40)


def flat(color: colors.Rgb, matrix: int, full: bool, fmt: str = "yuv420p") -> av.VideoFrame:
    """A frame of one colour, marked with its matrix and range."""
    frame = av.VideoFrame(64, 48, fmt)
    frame.colorspace, frame.color_range = matrix, colors.FULL if full else colors.LIMITED
    values = colors.levels(color, matrix=matrix, full=full, bits=frame.format.components[0].bits)
    for plane, value in zip(samples(frame), values, strict=True):
        plane[...] = value
    return frame


def picture(fmt: str = "yuv420p") -> av.VideoFrame:
    """A smooth picture without any symmetry."""
    y, x = np.mgrid[0:96, 0:128]
    made = np.stack([x * 2, y * 2, (x + y) % 200], axis=-1).astype(np.uint8)
    made[:30, :30] = RED
    return av.VideoFrame.from_ndarray(made, "rgb24").reformat(format=fmt)


def opened(data: bytes) -> np.ndarray:
    """What Pillow makes of a picture's bytes."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "yuv444p10le"])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [colors.BT709, colors.BT601, colors.BT2020])
def test_colours_survive(matrix: int, full: bool, fmt: str) -> None:
    """JPEG, PNG and array show the colour that the frame's matrix and range mean."""
    frame = flat(RED, matrix, full, fmt)
    for made in (opened(jpeg(frame)), opened(png(frame)), rgb(frame).astype(int)):
        assert np.abs(made[20:30, 20:30] - RED).max() <= 3


def test_unmarked_hd_is_709() -> None:
    """A frame of HD size without a matrix is read as BT.709."""
    frame = av.VideoFrame(1280, 720, "yuv420p")
    values = colors.levels(RED, matrix=colors.BT709, full=False, bits=8)
    for plane, value in zip(samples(frame), values, strict=True):
        plane[...] = value
    assert np.abs(opened(jpeg(frame))[100, 100] - RED).max() <= 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90])
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "yuvj444p", "gray", "nv12", "yuv420p10le"])
def test_turned_frames_stand_upright(rotation: int, fmt: str) -> None:
    """Turning is counter-clockwise, in JPEG as in the array."""
    frame = picture(fmt)
    upright = np.rot90(rgb(frame, 0), rotation // 90)
    assert (rgb(frame, rotation) == upright).all()
    assert np.abs(opened(jpeg(frame, 0, rotation)) - upright).mean() < 2


def test_full_range_planes_are_coded_as_they_are() -> None:
    """A frame that is JFIF's kind already loses nothing before the encoder: gray levels come back exactly."""
    frame = flat((77, 77, 77), colors.BT601, True)
    assert (opened(jpeg(frame)) == 77).all()


def test_quality_falls_in_even_steps() -> None:
    """Each step of quality gives a smaller file."""
    noise = np.random.default_rng(1).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, "rgb24").reformat(format="yuv420p")
    sizes = [len(jpeg(frame, quality)) for quality in range(7)]
    assert sizes == sorted(set(sizes), reverse=True)


def test_the_same_frame_gives_the_same_bytes() -> None:
    """Nothing of the time, the library or the run is in the file."""
    data = jpeg(picture())
    assert data == jpeg(picture())
    assert b"Lavc" not in data


def test_the_frame_is_left_alone() -> None:
    """Making a picture changes neither the frame's pixels nor its time."""
    frame = flat(RED, colors.BT601, True, "yuvj420p")
    frame.pts = 77
    before = [plane.copy() for plane in samples(frame)]
    jpeg(frame)
    assert frame.pts == 77
    assert all((a == b).all() for a, b in zip(before, samples(frame), strict=True))


def test_the_shape_of_pixels_is_noted() -> None:
    """The pixel aspect ratio is in JFIF and PNG, turned with the picture."""
    aspect = Fraction(16, 15)
    assert Image.open(io.BytesIO(jpeg(picture(), aspect=aspect))).info["jfif_density"] == (16, 15)
    assert Image.open(io.BytesIO(jpeg(picture(), 0, 90, aspect))).info["jfif_density"] == (15, 16)
    assert b"pHYs\x00\x00\x00\x0f\x00\x00\x00\x10\x00" in png(picture(), aspect=aspect)


def test_png_is_lossless() -> None:
    """PNG holds the same pixels as the array."""
    assert (opened(png(picture("yuv444p"))) == rgb(picture("yuv444p"))).all()


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (2, 1)])
def test_odd_sizes_hold(size: tuple[int, int]) -> None:
    """Odd sizes keep every row and column, turned or not."""
    frame = av.VideoFrame(*size, "yuv420p")
    assert opened(jpeg(frame, 0, 90)).shape == (size[0], size[1], 3)


@pytest.mark.parametrize(("rotation", "size"), [(0, (64, 24)), (90, (32, 86))], ids=["upright", "turned"])
def test_thumbnails_have_square_pixels(rotation: int, size: tuple[int, int]) -> None:
    """A thumbnail is as wide as asked, or narrower, and in the shape a player shows."""
    width = 64 if rotation == 0 else 32
    made = Image.open(io.BytesIO(thumbnail(picture(), width, rotation, Fraction(2))))
    assert abs(made.width - size[0]) <= 1 and abs(made.height - size[1]) <= 1


@pytest.mark.parametrize("fmt", ["yuv420p", "yuv422p", "yuv444p10le", "gray", "rgb24", "nv12"])
@pytest.mark.parametrize("rotation", [0, 90])
def test_the_jfif_format_is_told_beforehand(fmt: str, rotation: int) -> None:
    """The format that an encoder must be opened with is the one its frames then have."""
    assert jfif(picture(fmt), rotation).format.name == jfif_format(fmt, rotation)
