"""Burning text in."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from workbench.media import colors
from workbench.media.overlay import Overlay, drawable
from workbench.media.planes import samples

STAMP = "2026-Mar-01 10:00:00"
FORMATS = [
    "yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "yuv440p", "gray",
    "yuv420p10le", "yuv422p10le", "yuv444p12le", "gray10le",
]  # fmt: skip


def blank(width: int = 320, height: int = 240, fmt: str = "yuv420p", luma: int = 100) -> av.VideoFrame:
    """A frame of one gray."""
    frame = av.VideoFrame(width, height, fmt)
    deeper = frame.format.components[0].bits - 8
    for number, plane in enumerate(samples(frame)):
        plane[...] = (luma if number == 0 else 128) << deeper
    return frame


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    """Copies of the frame's planes."""
    return [plane.copy() for plane in samples(frame)]


@pytest.mark.parametrize("fmt", FORMATS)
def test_only_the_corner_changes(fmt: str) -> None:
    """The stamp reaches the text's levels in the top left corner and leaves the rest untouched."""
    frame, untouched = blank(fmt=fmt), planes(blank(fmt=fmt))
    Overlay(320, 240).draw(frame, STAMP)
    deep = frame.format.components[0].bits
    white = colors.levels((255, 255, 255), matrix=5, full=colors.full_range(frame), bits=deep)[0]
    drawn = planes(frame)
    assert drawn[0].max() == white
    for now, before in zip(drawn, untouched, strict=True):
        assert (now[now.shape[0] // 3 :] == before[before.shape[0] // 3 :]).all()


@pytest.mark.parametrize("rotation", [90, 180, 270, -90])
@pytest.mark.parametrize("fmt", ["yuv420p", "yuv444p10le"])
def test_turned_recordings_read_upright(rotation: int, fmt: str) -> None:
    """What a player turns upright is what is drawn on an upright frame."""
    turns = rotation // 90 % 4
    coded, upright = (240, 320) if turns % 2 else (320, 240), blank(fmt=fmt)
    Overlay(320, 240, comment="Вход").draw(upright, STAMP)
    frame = blank(*coded, fmt=fmt)
    Overlay(*coded, rotation, comment="Вход").draw(frame, STAMP)
    for shown, wanted in zip(planes(frame), planes(upright), strict=True):
        assert (np.rot90(shown, turns) == wanted).all()


def test_counting_equals_drawing_anew() -> None:
    """A stamp brought up to date letter by letter is the one drawn at once."""
    counting = Overlay(320, 240, color="#e31e1e")
    for stamp in ("1:09.96", "1:10.00", "1:1", "11 11.04", "", "i:10.08W", "1:10.12"):
        frame, anew = blank(), blank()
        counting.draw(frame, stamp)
        Overlay(320, 240, color="#e31e1e").draw(anew, stamp)
        assert all((a == b).all() for a, b in zip(planes(frame), planes(anew), strict=True))


def test_a_shared_frame_is_not_painted() -> None:
    """A frame that somebody else still refers to keeps its pixels there."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=320, height=240, format="yuv420p", time_base=Fraction(1, 25))
    split, one, two = graph.add("split"), graph.add("buffersink"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(one, 0)
    split.link_to(two, 1)
    graph.configure()
    source.push(blank())
    first, second = one.pull(), two.pull()
    assert isinstance(first, av.VideoFrame) and isinstance(second, av.VideoFrame)
    Overlay(320, 240).draw(first, STAMP)
    assert (planes(second)[0] == 100).all()


@pytest.mark.parametrize("height", [480, 1080])
def test_the_colour_is_the_frames_own(height: int) -> None:
    """Solid text has the asked colour after the frame's matrix and range are undone."""
    frame = blank(height * 16 // 9, height, "yuv444p", luma=16)
    Overlay(frame.width, height, color="#1ee31e").draw(frame, "█")
    matrix = colors.matrix(frame)
    assert matrix == (colors.BT601 if height == 480 else colors.BT709)
    rgb = frame.reformat(format="rgb24", src_colorspace=matrix, src_color_range=1).to_ndarray()
    greenest = rgb.reshape(-1, 3)[rgb[..., 1].argmax()]
    assert np.abs(greenest.astype(int) - (0x1E, 0xE3, 0x1E)).max() <= 3


@pytest.mark.parametrize("luma", [16, 125, 235])
@pytest.mark.parametrize("color", ["#FFFFFF", "#000000"])
def test_text_stands_out_on_any_gray(luma: int, color: str) -> None:
    """Letters and outline are far apart whatever lies under them."""
    frame = blank(luma=luma)
    Overlay(320, 240, color=color).draw(frame, STAMP)
    luma_plane = planes(frame)[0]
    assert int(luma_plane.max()) - int(luma_plane.min()) > 200


def test_a_long_comment_is_cut_and_told() -> None:
    """A comment takes a third of the height at most; the cut is in the notes."""
    frame = blank(luma=100)
    overlay = Overlay(320, 240, comment="word " * 1000)
    overlay.draw(frame, "")
    assert (planes(frame)[0][:160] == 100).all()
    assert any("cut" in note for note in overlay.notes)


def test_missing_glyphs_are_told() -> None:
    """A character that no font has is in the notes."""
    assert Overlay(320, 240, comment="中").notes == ("comment: no font has U+4E2D; drawn as \ufffd",)


def test_hostile_text_is_drawn_as_escapes() -> None:
    """A bidirectional override is drawn as the six letters of its escape."""
    frame, literal = blank(), blank()
    Overlay(320, 240, comment="\u202eabc").draw(frame, "")
    Overlay(320, 240, comment="\\u202eabc").draw(literal, "")
    assert all((a == b).all() for a, b in zip(planes(frame), planes(literal), strict=True))


@pytest.mark.parametrize("size", [(160, 120), (33, 17), (2, 2), (1, 1)])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_small_pictures_hold(size: tuple[int, int], rotation: int) -> None:
    """No picture is too small to be drawn on."""
    overlay = Overlay(*size, rotation, comment="Entrance")
    overlay.draw(blank(*size), STAMP)


def test_wide_pixels_get_narrow_letters() -> None:
    """With pixels twice as wide as high, letters take half the columns."""
    square, wide = blank(), blank()
    Overlay(320, 240).draw(square, "0000")
    Overlay(320, 240, aspect=Fraction(2)).draw(wide, "0000")
    columns = [np.flatnonzero((planes(frame)[0] != 100).any(axis=0)) for frame in (square, wide)]
    first, second = (int(found[-1] - found[0]) for found in columns)
    assert abs(second / first - 0.5) < 0.1


@pytest.mark.parametrize("fmt", ["nv12", "rgb24", "yuyv422", "p010le"])
def test_other_formats_are_converted(fmt: str) -> None:
    """A format that is not planar comes back as one that is."""
    frame = drawable(av.VideoFrame(64, 48, fmt))
    Overlay(64, 48).draw(frame, "1")


def test_a_frame_of_another_size_is_refused() -> None:
    """A change of size within one overlay is an error, not a stamp in the wrong place."""
    with pytest.raises(ValueError, match="wanted"):
        Overlay(320, 240).draw(blank(160, 120), STAMP)
