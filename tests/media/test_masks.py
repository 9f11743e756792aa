"""Masks on decoded pictures: what they cover, that nothing below shows, and what else stays as it was."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.media.masks import Cover, MaskPlan, apply, crop, crop_box
from workbench.media.planes import chroma_shifts, fresh, planes, samples, workable

IN_PLACE = [
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "yuva420p"),
    *("yuv420p10le", "yuv422p12le", "yuv444p16le", "nv12", "nv21", "nv16", "p010le", "p416le"),
    *("gray", "gray10le", "ya8", "rgb24", "bgra", "argb", "rgb0", "rgb48le", "gbrp", "gbrap", "gbrp12le"),
]
REWRITTEN = ["pal8", "rgb8", "rgb565le", "bgr444le", "yuyv422", "uyvy422", "monow", "gray16be", "rgb48be"]
CONCAVE = ((0.2, 0.2), (0.7, 0.3), (0.5, 0.8), (0.55, 0.4))
BLOCK = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
NEW = np.random.default_rng(7)


def _noise(name: str, width: int, height: int, pts: int = 7) -> av.VideoFrame:
    """A picture of random samples, all of them legal in its format."""
    frame = av.VideoFrame(width, height, name)
    frame.pts, frame.time_base = pts, Fraction(1, 25)
    part = frame.format.components[0]
    for plane in frame.planes:
        if part.bits in (8, 16) or part.bits < 8:
            memory = np.frombuffer(plane, np.uint8)
            memory[:] = NEW.integers(0, 256, memory.size)
        else:
            words = np.frombuffer(plane, np.uint16)
            words[:] = NEW.integers(0, 1 << part.bits, words.size) << (
                16 - part.bits if name[0] == "p" else 0
            )
    return frame


def _twin(frame: av.VideoFrame, cover: Cover) -> av.VideoFrame:
    """A copy of a picture in which every sample that is covered is another."""
    twin = fresh(frame)
    for view, plane in zip(samples(twin), planes(twin.format.name), strict=True):
        hidden = cover.pixels[:: 1 << plane.shift_y, :: 1 << plane.shift_x].repeat(plane.channels, axis=1)
        view[hidden] ^= 1
    return twin


def _same(a: av.VideoFrame, b: av.VideoFrame) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(samples(a), samples(b), strict=True))


def _plan(frame: av.VideoFrame, rotation: int = 0) -> MaskPlan:
    return MaskPlan(frame.width, frame.height, rotation, frame.format.name)


@pytest.mark.parametrize("inverted", [False, True], ids=["inside", "outside"])
@pytest.mark.parametrize("size", [(64, 48), (101, 77)], ids=["even", "odd"])
@pytest.mark.parametrize("name", IN_PLACE)
def test_twins_mask_alike(name: str, size: tuple[int, int], inverted: bool) -> None:
    """Two pictures that differ in every covered sample, and only there, are the same when masked."""
    frame = _noise(name, *size)
    cover = _plan(frame).cover_for((Mask(points=CONCAVE, inverted=inverted),))
    twin = _twin(frame, cover)
    assert not _same(frame, twin)
    assert _same(apply(frame, cover), apply(twin, cover))


@pytest.mark.parametrize("name", REWRITTEN)
def test_twins_mask_alike_in_rewritten_formats(name: str) -> None:
    """Rewriting a format into one that can be painted spreads no covered pixel to its neighbours."""
    frame, twin = _noise(name, 64, 48), av.VideoFrame(64, 48, name)
    for plane, copy in zip(frame.planes, twin.planes, strict=True):
        copy.update(plane)
    bits = frame.format.padded_bits_per_pixel
    rows = np.frombuffer(twin.planes[0], np.uint8).reshape(48, -1)
    rows[12:36, 16 * bits // 8 : 48 * bits // 8] ^= 0x55
    cover = _plan(frame).cover_for((Mask(points=BLOCK),))
    masked = apply(frame, cover)
    assert masked.format.name == workable(name)
    assert not _same(fresh(frame), fresh(twin))
    assert _same(masked, apply(twin, cover))


@pytest.mark.parametrize("name", IN_PLACE)
def test_the_rest_is_untouched(name: str) -> None:
    """Samples outside the cover keep their values, and the frame that was given keeps all of its own."""
    frame = _noise(name, 101, 77)
    before = [view.copy() for view in samples(frame)]
    cover = _plan(frame).cover_for((Mask(points=CONCAVE),))
    for old, new, plane in zip(before, samples(apply(frame, cover)), planes(name), strict=True):
        hidden = cover.pixels[:: 1 << plane.shift_y, :: 1 << plane.shift_x].repeat(plane.channels, axis=1)
        assert np.array_equal(old[~hidden], new[~hidden])
    assert all(np.array_equal(a, b) for a, b in zip(before, samples(frame), strict=True))


@pytest.mark.parametrize("name", [n for n in IN_PLACE if n not in ("yuv410p", "yuv411p")])
def test_fill_is_black(name: str) -> None:
    """A picture that is covered altogether is shown black."""
    frame = _noise(name, 64, 48)
    cover = _plan(frame).cover_for((Mask(points=((0, 0), (1, 0), (1, 1), (0, 1))),))
    shown = apply(frame, cover).reformat(format="rgb24").to_ndarray()
    assert cover.pixels.all() and shown.max() <= 1


@pytest.mark.parametrize(
    ("colour_range", "luma"), [(0, 16), (1, 16), (2, 0)], ids=["unmarked", "limited", "full"]
)
def test_black_follows_the_colour_range(colour_range: int, luma: int) -> None:
    """Black luma is 16, or 0 where the picture says that it uses the full range; chroma is 128."""
    frame = _noise("yuv420p", 64, 48)
    frame.color_range = colour_range
    y, u, v = samples(apply(frame, _plan(frame).cover_for((Mask(points=BLOCK),))))
    assert (y[12:36, 16:48] == luma).all() and (u[6:18, 8:24] == 128).all() and (v[6:18, 8:24] == 128).all()


@pytest.mark.parametrize(
    ("name", "block"), [("yuv420p", (2, 2)), ("yuv422p", (1, 2)), ("yuv440p", (2, 1)), ("yuv444p", (1, 1))]
)
def test_rounded_outwards_to_chroma_blocks(name: str, block: tuple[int, int]) -> None:
    """A polygon inside one pixel covers that pixel's chroma block, and nothing else."""
    tiny = Mask(points=((33.2 / 101, 21.2 / 77), (33.6 / 101, 21.2 / 77), (33.4 / 101, 21.6 / 77)))
    cover = MaskPlan(101, 77, 0, name).cover_for((tiny,))
    rows, columns = np.nonzero(cover.pixels)
    assert cover.pixels.sum() == block[0] * block[1]
    assert (rows.min() // block[0], columns.min() // block[1]) == (21 // block[0], 33 // block[1])


def test_inverted_rounds_outwards_too() -> None:
    """An inverted mask leaves only the blocks that lie in the polygon as a whole."""
    frame = Mask(points=((0.26, 0.26), (0.74, 0.26), (0.74, 0.74), (0.26, 0.74)), inverted=True)
    shown = ~MaskPlan(64, 48, 0, "yuv420p").cover_for((frame,)).pixels
    rows, columns = np.nonzero(shown)
    # 0.26 * 64 = 16.64 and 0.74 * 64 = 47.36; 0.26 * 48 = 12.48 and 0.74 * 48 = 35.52.
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (18, 45, 14, 33)
    assert shown.sum() == 28 * 20


def test_inverted_whole_picture_hides_nothing() -> None:
    """Everything but everything is nothing."""
    whole = Mask(points=((0, 0), (1, 0), (1, 1), (0, 1)), inverted=True)
    assert MaskPlan(101, 77, 0, "yuv420p").cover_for((whole,)).empty


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation(rotation: int) -> None:
    """The mask lies on the shown picture, and the cover on the coded one."""
    corner = Mask(points=((0, 0), (0.25, 0), (0.25, 0.25), (0, 0.25)))
    cover = MaskPlan(64, 64, rotation, "gray").cover_for((corner,))
    shown = np.zeros((64, 64), dtype=bool)
    shown[:16, :16] = True
    # np.rot90 turns counter-clockwise, as the player does to show the picture.
    assert (np.rot90(cover.pixels, rotation // 90) == shown).all()


def _interlaced(frame: av.VideoFrame) -> av.VideoFrame:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
    )
    graph.link_nodes(source, graph.add("setfield", "tff"), graph.add("buffersink")).configure()
    source.push(frame)
    return graph.vpull()


def test_interlaced_blocks_span_both_fields() -> None:
    """In an interlaced 4:2:0 picture both colour rows of a block of four rows are covered."""
    frame = _interlaced(_noise("yuv420p", 64, 48))
    line = Mask(points=((0.25, 13.2 / 48), (0.75, 13.2 / 48), (0.5, 13.8 / 48)))
    y, u, _ = samples(apply(frame, _plan(frame).cover_for((line,))))
    assert (y[12:16, 24:40] == 16).all() and (u[6:8, 12:20] == 128).all()
    assert (y[16:] == samples(frame)[0][16:]).all()


STYLES: Any = ["pixelate", "blur"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p12le", "nv12", "rgb24", "gray"])
def test_obscured_from_the_inside_only(name: str, style: Any) -> None:
    """What pixelate and blur show depends on no sample outside the polygon and on none under a fill."""
    frame = _noise(name, 101, 77)
    mask, fill = Mask(points=CONCAVE, style=style), Mask(points=((0.5, 0.3), (0.6, 0.3), (0.5, 0.5)))
    plan = _plan(frame)
    both, obscured, filled = (plan.cover_for(active) for active in ((mask, fill), (mask,), (fill,)))
    outside = Mask(points=((0, 0), (1, 0), (1, 0.1), (0, 0.1)))
    twin = _twin(_twin(frame, filled), plan.cover_for((outside,)))
    inside = obscured.pixels
    for a, b, plane in zip(
        samples(apply(frame, both)), samples(apply(twin, both)), planes(name), strict=True
    ):
        hidden = inside[:: 1 << plane.shift_y, :: 1 << plane.shift_x].repeat(plane.channels, axis=1)
        assert np.array_equal(a[hidden], b[hidden])


@pytest.mark.parametrize("style", STYLES)
def test_obscured_is_flat(style: Any) -> None:
    """Noise below pixelate or blur comes out at a small part of its spread."""
    frame = _noise("gray", 320, 240)
    shown = samples(apply(frame, _plan(frame).cover_for((Mask(points=BLOCK, style=style),))))[0]
    assert shown[60:180, 80:240].std() < samples(frame)[0].std() / 8
    assert 120 < shown[60:180, 80:240].mean() < 136


@pytest.mark.parametrize("style", STYLES)
def test_obscuring_one_value_keeps_it(style: Any) -> None:
    """Where all covered samples are the same, that is what they still are."""
    frame = av.VideoFrame(101, 77, "yuv420p")
    for view in samples(frame):
        view[...] = 77
    assert _same(frame, apply(frame, _plan(frame).cover_for((Mask(points=CONCAVE, style=style),))))


def _film() -> bytes:
    """Thirty pictures of H.264 with user data in its SEI messages."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(30):
            frame = _noise("yuv420p", 64, 48, pts=index)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return memory.getvalue()


def test_the_decoder_is_not_disturbed() -> None:
    """Masking each frame as it comes changes no later frame outside the mask."""
    film = _film()
    with av.open(io.BytesIO(film)) as plain, av.open(io.BytesIO(film)) as masked:
        cover = MaskPlan(64, 48, 0, "yuv420p").cover_for((Mask(points=BLOCK),))
        for a, b in zip(plain.decode(video=0), masked.decode(video=0), strict=True):
            apply(b, cover)
            assert _same(a, b)


def test_side_data_is_left_behind_and_the_rest_kept() -> None:
    """A masked frame carries no side data; its times, colour tags and field order are the source's."""
    with av.open(io.BytesIO(_film())) as film:
        frame = next(film.decode(video=0))
    assert len(list(frame.side_data)) > 0
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 1, 2, 1, 13
    frame = _interlaced(frame)
    cover = _plan(frame).cover_for((Mask(points=BLOCK),))
    for copy in (apply(frame, cover), crop(frame, (8, 8, 32, 16))):
        assert list(copy.side_data) == []
        kept = (
            "pts",
            "time_base",
            "colorspace",
            "color_range",
            "color_primaries",
            "color_trc",
            "interlaced_frame",
        )
        assert [getattr(copy, name) for name in kept] == [getattr(frame, name) for name in kept]
        assert copy.pict_type == 0


def test_a_cover_fits_one_size_and_format() -> None:
    """A cover made for other pictures is an error, not a mask in the wrong place."""
    cover = MaskPlan(64, 48, 0, "yuv420p").cover_for((Mask(points=BLOCK),))
    for frame in (_noise("yuv420p", 48, 64), _noise("yuv422p", 64, 48)):
        with pytest.raises(WorkError, match="64x48 yuv420p"):
            apply(frame, cover)


def test_covers_are_made_once() -> None:
    """The same masks give the same cover, others another."""
    plan = MaskPlan(64, 48, 0, "yuv420p")
    a, b = Mask(points=BLOCK), Mask(points=CONCAVE)
    assert plan.cover_for((a, b)) is plan.cover_for((a, b))
    assert plan.cover_for((a,)) is not plan.cover_for((a, b))
    assert plan.cover_for(()).empty


@pytest.mark.parametrize("name", ["cuda", "bayer_rggb8", "gbrpf32le", "xyz12le", "x2rgb10le"])
def test_formats_that_cannot_be_masked_are_refused(name: str) -> None:
    """A format that cannot be painted is named before any work is done."""
    with pytest.raises(SourceError, match=name):
        MaskPlan(64, 48, 0, name)


@pytest.mark.parametrize(
    ("area", "size", "name", "box"),
    [
        (Area(0, 0, 1, 1), (101, 77), "yuv420p", (0, 0, 100, 76)),
        (Area(0.3, 0.3, 0.7, 0.7), (1920, 1080), "yuv420p", (576, 324, 768, 432)),
        (Area(0.301, 0.301, 0.699, 0.699), (1920, 1080), "yuv420p", (578, 326, 764, 428)),
        (Area(0.25, 0.25, 0.75, 0.75), (102, 78), "yuv444p", (26, 20, 50, 38)),
        (Area(0.25, 0.25, 0.75, 0.75), (102, 78), "yuv410p", (28, 20, 48, 36)),
    ],
)
def test_crop_rounds_inwards(area: Area, size: tuple[int, int], name: str, box: object) -> None:
    """A crop is made of whole chroma blocks inside the area, in even sizes."""
    assert crop_box(area, *size, 0, chroma_shifts(name)) == box


def test_crop_of_a_turned_picture() -> None:
    """The area lies on the shown picture, the box on the coded one."""
    assert crop_box(Area(0, 0, 0.25, 0.5), 640, 480, 90, (1, 1)) == (320, 0, 320, 120)


def test_crop_keeps_fields_apart() -> None:
    """In an interlaced picture the box begins and ends between pairs of colour rows."""
    area = Area(0, 0.305, 1, 0.695)
    _, y, _, height = crop_box(area, 640, 480, 0, (1, 1), interlaced=True)
    assert y % 4 == 0 and height % 4 == 0 and y >= 0.305 * 480 and y + height <= 0.695 * 480


@pytest.mark.parametrize("area", [Area(0, 0, 0.02, 1), Area(0, 0.5, 1, 0.52), Area(0.5, 0.5, 0.5 + 1e-9, 1)])
def test_crop_has_a_least_size(area: Area) -> None:
    """A crop of less than 16x16 pixels is an error that names the field."""
    with pytest.raises(RequestError) as caught:
        crop_box(area, 640, 480, 0, (1, 1))
    assert caught.value.field == "crop"


@pytest.mark.parametrize("name", IN_PLACE)
def test_crop_copies_the_box(name: str) -> None:
    """A cropped frame holds the samples of the box, in memory of its own."""
    frame = _noise(name, 101, 77)
    x, y, width, height = box = (12, 8, 40, 32)
    small = crop(frame, box)
    assert (small.width, small.height) == (width, height)
    for old, new, plane in zip(samples(frame), samples(small), planes(name), strict=True):
        rows = slice(y >> plane.shift_y, y + height >> plane.shift_y)
        columns = slice((x >> plane.shift_x) * plane.channels, (x + width >> plane.shift_x) * plane.channels)
        assert np.array_equal(old[rows, columns], new)
        new[...] = 0
    assert any(view.any() for view in samples(frame))


@pytest.mark.parametrize("box", [(-2, 0, 16, 16), (0, 0, 0, 16), (90, 0, 16, 16)])
def test_crop_stays_in_the_picture(box: tuple[int, int, int, int]) -> None:
    """A box that reaches out of the picture is an error."""
    with pytest.raises(RequestError, match="crop"):
        crop(_noise("gray", 101, 77), box)
