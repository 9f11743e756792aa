"""Masks: the only place that paints them, and the crop beside them.

    spec's polygons ──MaskPlan.cover_for──▶ Cover ──apply──▶ a fresh frame, masked

- Rounded outwards: each pixel that a polygon touches is covered, then each whole chroma block, since a colour
  sample belongs to all pixels of its block. In an interlaced 4:2:0 picture a block is four rows high, for the
  colour rows alternate between the fields. What is inside a polygon, `raster` says; inverted masks round
  outwards as well.
- ``fill`` is black: luma 16 (0 in full range, in gray and in RGB), chroma in the middle, alpha opaque. What
  was below takes no part in the result, bit for bit.
- ``pixelate`` shows means of squares of 16 pixels or 1/24 of the height, whichever is more; ``blur`` a mean
  over a window of twice that, taken twice. Both read covered pixels only, none of them under a fill; both
  may be recoverable.
- Where styles meet, fill wins over pixelate and pixelate over blur.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import ceil, floor
from typing import Any, TypeVar, cast

import av
import numpy as np
import numpy.typing as npt

from workbench.core.errors import RequestError, WorkError
from workbench.core.geometry import Area, turned
from workbench.core.spec import Mask
from workbench.media import raster
from workbench.media.planes import Box, Plane, Samples, chroma_shifts, fresh, is_full_range, planes, samples
from workbench.media.raster import Bits, Floats, Ints

_Scalar = TypeVar("_Scalar", bound=np.generic)
COVERS_KEPT = 8
SMALLEST_CROP = 16


class MaskPlan:
    """What a recording's pictures share: size, rotation and pixel format.

    `width`, `height` and `pixel_format` are those of the decoded frames, `rotation` is as in
    `geometry.turned`. A plan belongs to one thread; its covers may be shared. Raises SourceError for a pixel
    format that cannot be masked.
    """

    def __init__(self, width: int, height: int, rotation: int, pixel_format: str) -> None:
        self.width = width
        self.height = height
        self.rotation = rotation
        self.pixel_format = pixel_format
        shift_x, shift_y = chroma_shifts(pixel_format)
        self._block = (1 << shift_y, 1 << shift_x)
        self._known: dict[int, tuple[Mask, npt.NDArray[np.uint8]]] = {}
        self._covers: OrderedDict[tuple[int, ...], Cover] = OrderedDict()

    def cover_for(self, active: tuple[Mask, ...], moving: tuple[Mask, ...] = ()) -> Cover:
        """What these masks cover together, made once for each set of the same `active` objects.

        Masks are told apart by identity, for comparing a million corners a frame would cost more than
        painting. Those of `moving` are shapes of one picture: nothing of them is kept.
        """
        if moving:
            return self._cover(active, moving)
        key = tuple(map(id, active))
        if key not in self._covers:
            self._covers[key] = self._cover(active, ())
        self._covers.move_to_end(key)
        if len(self._covers) > COVERS_KEPT:
            self._covers.popitem(last=False)
        return self._covers[key]

    def _cover(self, active: tuple[Mask, ...], moving: tuple[Mask, ...]) -> Cover:
        fill, pixelate, blur = (self._union(active, moving, style) for style in ("fill", "pixelate", "blur"))
        pixelate &= ~fill
        blur &= ~(fill | pixelate)
        return Cover(self, fill, pixelate, blur)

    def _union(self, active: tuple[Mask, ...], moving: tuple[Mask, ...], style: str) -> Bits:
        """The chroma blocks that the masks of one style touch, one bit a block."""
        high, wide = self._block
        shape = (-(-self.height // high), -(-self.width // wide))
        blocks: Bits = np.zeros(shape, dtype=np.bool_)
        for mask in active:
            if mask.style == style:
                blocks |= np.unpackbits(self._packed(mask), count=blocks.size).reshape(shape).view(np.bool_)
        for mask in moving:
            if mask.style == style:
                blocks |= self._blocks(mask)
        return blocks

    def _packed(self, mask: Mask) -> npt.NDArray[np.uint8]:
        """The blocks one mask touches, eight to a byte; the mask is kept too: its id must stay its own."""
        if id(mask) not in self._known:
            self._known[id(mask)] = mask, np.packbits(self._blocks(mask))
        return self._known[id(mask)][1]

    def _blocks(self, mask: Mask) -> Bits:
        """The blocks one mask touches."""
        flat = np.fromiter(chain.from_iterable(mask.points), dtype=np.float64, count=2 * len(mask.points))
        # `turned` is arithmetic on x and y and takes whole columns as well as numbers.
        x, y = turned(cast(Any, (flat[0::2], flat[1::2])), self.rotation)
        corners: Floats = np.column_stack((np.multiply(x, self.width), np.multiply(y, self.height)))
        hidden = (raster.uncertain if mask.inverted else raster.covered)(corners, self.width, self.height)
        return _any_in_block(hidden, *self._block)


class Cover:
    """Which samples of a picture are hidden, and how. Made by `MaskPlan.cover_for`, painted by `apply`."""

    def __init__(self, plan: MaskPlan, fill: Bits, pixelate: Bits, blur: Bits) -> None:
        self.width = plan.width
        self.height = plan.height
        self.pixel_format = plan.pixel_format
        self._styles = fill, pixelate, blur

    @cached_property
    def pixels(self) -> Bits:
        """(height, width) bool of the coded, progressive picture: True where hidden in whatever style."""
        shift_x, shift_y = chroma_shifts(self.pixel_format)
        return _spread(np.logical_or.reduce(self._styles), 1 << shift_y, 1 << shift_x, self.height, self.width)

    @property
    def empty(self) -> bool:
        """True where nothing at all is hidden."""
        return not any(style.any() for style in self._styles)

    @cached_property
    def _progressive(self) -> tuple[_Painter, ...]:
        return self._painters(self._styles)

    @cached_property
    def _interlaced(self) -> tuple[_Painter, ...]:
        """Blocks of both fields where chroma has half the rows; fill still wins over what grew beside it."""
        if not chroma_shifts(self.pixel_format)[1]:
            return self._progressive
        fill, pixelate, blur = (_any_in_block(s, 2, 1).repeat(2, axis=0)[: s.shape[0]] for s in self._styles)
        return self._painters((fill, pixelate & ~fill, blur & ~(fill | pixelate)))

    def _painters(self, styles: tuple[Bits, ...]) -> tuple[_Painter, ...]:
        tile = max(16, -(-self.height // 24) + 7 & ~7)
        shift_x, shift_y = chroma_shifts(self.pixel_format)
        windows = [_window(blocks) for blocks in styles]
        painters: list[_Painter] = []
        for index, plane in enumerate(planes(self.pixel_format)):
            unit = 1 << shift_y - plane.shift_y, 1 << shift_x - plane.shift_x
            size = -(-self.height >> plane.shift_y), -(-self.width >> plane.shift_x)
            tiles = tile >> plane.shift_y, tile >> plane.shift_x
            for window, kind in zip(windows, (_Fill, _Pixelate, _Blur), strict=True):
                if window is not None:
                    painters.append(kind(index, plane, window.of_plane(unit, size), tiles))
        return tuple(painters)

    def paint(self, frame: av.VideoFrame) -> None:
        """Hide what is to be hidden in a frame that nobody else reads; `apply` sees to that."""
        views = samples(frame)
        full = is_full_range(frame)
        for painter in self._interlaced if frame.interlaced_frame else self._progressive:
            painter.paint(views[painter.index], full)


def apply(frame: av.VideoFrame, cover: Cover) -> av.VideoFrame:
    """A masked copy of a decoded frame; the frame itself stays untouched.

    Keeps pts, time base, colour tags and field order; carries no side data. Raises WorkError where the cover
    was made for pictures of another size or format: a mask in the wrong place hides nothing.
    """
    if (frame.width, frame.height, frame.format.name) != (cover.width, cover.height, cover.pixel_format):
        raise WorkError(
            f"a mask for {cover.width}x{cover.height} {cover.pixel_format} met a picture of "
            f"{frame.width}x{frame.height} {frame.format.name}",
            "Make a MaskPlan for each size and format that a recording changes to.",
        )
    masked = fresh(frame)
    cover.paint(masked)
    return masked


def crop_box(
    area: Area, width: int, height: int, rotation: int, shifts: tuple[int, int], *, interlaced: bool = False
) -> Box:
    """The pixels of the coded picture that lie in `area` of the shown one.

    Rounded inwards to whole chroma blocks and even sizes, in interlaced pictures to whole pairs of them, so
    that the fields stay where they are. `shifts` are `planes.chroma_shifts`. Raises RequestError naming
    ``crop`` where less than 16x16 pixels are left.
    """
    (ax, ay), (bx, by) = turned((area.x0, area.y0), rotation), turned((area.x1, area.y1), rotation)
    x, wide = _inwards(min(ax, bx) * width, max(ax, bx) * width, 1 << shifts[0])
    y, high = _inwards(min(ay, by) * height, max(ay, by) * height, (2 if interlaced else 1) << shifts[1])
    if wide < SMALLEST_CROP or high < SMALLEST_CROP:
        raise RequestError(
            "crop",
            f"{max(wide, 0)}x{max(high, 0)} pixels of the {width}x{height} picture are left",
            f"Choose an area of {SMALLEST_CROP}x{SMALLEST_CROP} pixels or more.",
        )
    return x, y, wide, high


def _inwards(low: float, high: float, unit: int) -> tuple[int, int]:
    """First pixel and even count of the whole units within [low, high]."""
    first = ceil((low - raster.SNAP) / unit) * unit
    count = floor(high + raster.SNAP) - first
    return first, count - count % max(unit, 2)


def crop(frame: av.VideoFrame, box: Box) -> av.VideoFrame:
    """A copy of the `box` (see `crop_box`) of a frame; it keeps and drops what `apply` does."""
    x, y, width, height = box
    if min(x, y) < 0 or min(width, height) < 1 or x + width > frame.width or y + height > frame.height:
        raise RequestError("crop", f"{box} reaches out of the {frame.width}x{frame.height} picture")
    return fresh(frame, box)


def _any_in_block(bits: Bits, high: int, wide: int) -> Bits:
    """One bit a block of high x wide, True where any of its bits is; the last ones may be smaller."""
    rows = bits[::high].copy()
    for nth in range(1, high):
        more = bits[nth::high]
        rows[: len(more)] |= more
    if wide > 1:
        return _any_in_block(rows.T, wide, 1).T
    return rows


def _spread(blocks: npt.NDArray[_Scalar], high: int, wide: int, rows: int, columns: int) -> npt.NDArray[_Scalar]:
    """Each block as high x wide samples, cut to the plane's size."""
    return blocks.repeat(high, axis=0).repeat(wide, axis=1)[:rows, :columns]


@dataclass(frozen=True, slots=True)
class _Window:
    """The least rectangle of a grid that holds every True of it: most masks are small, and some new on each picture."""

    bits: Bits
    top: int
    left: int

    def of_plane(self, unit: tuple[int, int], size: tuple[int, int]) -> _Window:
        """The same of a plane of `size`, in which each bit stands for a block of `unit`, both (rows, columns)."""
        top, left = self.top * unit[0], self.left * unit[1]
        return _Window(_spread(self.bits, *unit, size[0] - top, size[1] - left), top, left)


def _window(bits: Bits) -> _Window | None:
    """The window around what is True; None where nothing is."""
    rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not len(rows):
        return None
    top, left = int(rows[0]), int(columns[0])
    return _Window(bits[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1], top, left)


class _Painter:
    """Hides samples of one plane. `shape` tells which, at least one; nothing outside of it is read or written."""

    def __init__(self, index: int, plane: Plane, shape: _Window, tile: tuple[int, int]) -> None:
        self.index = index
        self.channels = plane.channels
        self.tile = tile
        # From the start of a tile on, so that tiles lie on one grid whatever the mask.
        top, left = shape.top // tile[0] * tile[0], shape.left // tile[1] * tile[1]
        self.hidden: Bits = np.pad(shape.bits, ((shape.top - top, 0), (shape.left - left, 0)))
        bottom, right = top + self.hidden.shape[0], left + self.hidden.shape[1]
        self.window = slice(top, bottom), slice(left * plane.channels, right * plane.channels)

    def paint(self, view: Samples, full: bool) -> None:
        """Hide the samples in `view`, a plane's (rows, columns * channels)."""
        for channel in range(self.channels):
            part = view[self.window][:, channel :: self.channels]
            shown = self.obscured(np.where(self.hidden, part, 0).astype(np.int64))
            np.copyto(part, shown, where=self.hidden, casting="unsafe")

    def obscured(self, values: Ints) -> Ints:
        """What to show instead of `values`, which are 0 where nothing is hidden."""
        raise NotImplementedError


class _Fill(_Painter):
    """Black by bits, at memory speed: AND with 0 leaves nothing of the old value, OR puts black there."""

    def __init__(self, index: int, plane: Plane, shape: _Window, tile: tuple[int, int]) -> None:
        super().__init__(index, plane, shape, tile)
        wide = self.hidden.repeat(plane.channels, axis=1)
        self.keep = np.where(wide, 0, np.iinfo(plane.dtype).max).astype(plane.dtype)
        self.black = [
            np.where(wide, np.tile(value, self.hidden.shape[1]), 0).astype(plane.dtype) if any(value) else None
            for value in (plane.limited, plane.full)
        ]

    def paint(self, view: Samples, full: bool) -> None:
        part = view[self.window]
        np.bitwise_and(part, self.keep, out=part)
        black = self.black[full]
        if black is not None:
            np.bitwise_or(part, black, out=part)


class _Pixelate(_Painter):
    """The mean of each tile's hidden samples; a tile with few of them takes its neighbours' in as well."""

    def __init__(self, index: int, plane: Plane, shape: _Window, tile: tuple[int, int]) -> None:
        super().__init__(index, plane, shape, tile)
        self.counts = self._sums(self.hidden.astype(np.int64))
        self.thin = self.counts * 4 < tile[0] * tile[1]

    def _sums(self, values: Ints) -> Ints:
        for axis, size in enumerate(self.tile):
            values = np.add.reduceat(values, range(0, values.shape[axis], size), axis=axis)
        return values

    def obscured(self, values: Ints) -> Ints:
        sums = self._sums(values)
        sums, counts = (np.where(self.thin, _box_sums(a, 1, 1), a) for a in (sums, self.counts))
        means = (sums + counts // 2) // np.maximum(counts, 1)
        return _spread(means, *self.tile, *values.shape)


class _Blur(_Painter):
    """A box mean taken twice, over hidden samples only: sums over counts, in whole numbers."""

    def __init__(self, index: int, plane: Plane, shape: _Window, tile: tuple[int, int]) -> None:
        super().__init__(index, plane, shape, tile)
        self.weights = np.maximum(self._sums(self.hidden.astype(np.int64)), 1)

    def _sums(self, values: Ints) -> Ints:
        return _box_sums(_box_sums(values, *self.tile), *self.tile)

    def obscured(self, values: Ints) -> Ints:
        means: Ints = (self._sums(values) + self.weights // 2) // self.weights
        return means


def _box_sums(values: Ints, high: int, wide: int) -> Ints:
    """The sum of the (2 * high + 1) x (2 * wide + 1) values around each, with zeros beyond the rim."""
    for reach in (high, wide):
        padded = np.pad(values, ((reach + 1, reach), (0, 0)))
        sums = np.cumsum(padded, axis=0, out=padded)
        # Turned over after each pass, so that the second one runs along the other axis and undoes the turn.
        values = (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]).T
    return values
