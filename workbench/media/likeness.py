"""Is a coded picture the one it should be? Three measures of it beside the rebuilt one, each with a bound.

    psnr        the lowest peak signal-to-noise ratio of its planes, in dB (`SAME` where all samples are equal)
    square      the largest difference of means over squares of 16x16 luma samples: an object that is not there
    shows       under masks: the most samples of one square that are nearer to what lies beneath than to its cover

Bounds by video quality 0 … 6. Over 126 exports by our four encoders (H.264, H.265, AV1, MJPEG; white noise, grain,
hard edges, real recordings) the worst that honest coding left was:

    quality                                             0     1     2     3     4     5     6
    psnr, white noise or hard edges                  30.5  31.0  29.2  27.1  23.3  19.5  14.5
    psnr, real recordings                            48.6  46.9  44.5  41.7  39.2  36.9  34.6
    square                                            4.0   4.1   4.3   4.6   5.1   9.8  16.4
    shows, luma                                         1     2     2     4     4     8    15
    shows, luma, a mask that slips by two samples      20 to 32 at every quality

AV1 is left out of `square`: about one picture in 300 of hard edges had a square that our encoder itself got wrong, by
up to 175. What differs from the cover by less than `CONTRAST` cannot be told from it by `shows`; `square` sees it from
its own bound on. Samples of more than 8 bits count in steps of 8-bit ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from workbench.media.planes import samples

Plane = npt.NDArray[np.float32]
Bits = npt.NDArray[np.bool_]
PSNR_LEAST = (27.0, 27.0, 26.0, 24.0, 20.0, 16.0, 11.0)
SQUARE_MOST = (8.0, 9.0, 10.0, 12.0, 16.0, 24.0, 36.0)
_UNBOUND = frozenset({"av1"})
"""Codings of which honest pictures may hold wrong squares."""
SHOWS_MOST = (6, 6, 8, 10, 12, 16, 19)
"""Luma samples of a square; of colour the encoders leave up to 16 in one, so `COLOUR_SHOWS_MOST` counts there."""
COLOUR_SHOWS_MOST = 40
SIDE = 16
"""Side of a square, in samples."""
CONTRAST = 24
"""Least difference between cover and what lies beneath, and between neighbouring pictures, that is looked at."""
SAME = 99.0
"""PSNR that stands for equal pictures."""
_SWAPPED = 4.0
"""Honest pictures were up to 2.3 times nearer to a neighbour than to their own, where both differ."""
_MOVING = 64
"""Least number of luma samples in which neighbours differ, before they can be told apart."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a decoded picture is to the one it should be."""

    psnr: float
    square: float
    at: tuple[int, int]
    """Row and column at which that square begins."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The samples of a picture, plane by plane, in 8-bit steps."""

    form: str
    planes: tuple[Plane, ...]

    @classmethod
    def of(cls, frame: VideoFrame) -> Picture:
        """A copy of a frame's samples; formats that differ in their range alone have one name."""
        bits = max(part.bits for part in frame.format.components)
        step = np.float32(1.0 / (1 << max(0, bits - 8)))
        form = frame.format.name.replace("yuvj", "yuv")
        return cls(form, tuple(view.astype(np.float32) * step for view in samples(frame)))

    @property
    def shape(self) -> str:
        """Size and format, in words."""
        high, wide = self.planes[0].shape
        return f"{wide}×{high} {self.form}"


def squares_within(codec: str, quality: int) -> float:
    """The most by which means of squares may differ in pictures of a coding."""
    return 255.0 if codec in _UNBOUND else SQUARE_MOST[quality]


def shows_within(quality: int, styles: Iterable[str]) -> tuple[int, int]:
    """The most samples of a square, of luma and of colour, that may show what lies under masks of these styles."""
    times = 1 if set(styles) <= {"fill"} else 3  # what is pixelated or blurred is nearer to what lies beneath
    return times * SHOWS_MOST[quality], times * COLOUR_SHOWS_MOST


def compare(wanted: Picture, found: Picture) -> Likeness:
    """The two measures of a whole picture; both pictures are of one shape."""
    differences = [one - other for one, other in zip(found.planes, wanted.planes, strict=True)]
    worst = max(float(np.vdot(d, d)) / d.size for d in differences)
    psnr = SAME if worst == 0 else min(SAME, 10 * math.log10(255**2 / worst))
    apart = np.abs(_squares(differences[0])) / SIDE**2
    row, column = divmod(int(apart.argmax()), apart.shape[1])
    return Likeness(psnr, float(apart[row, column]), (row * SIDE, column * SIDE))


class Region:
    """Pixels of a picture that masks cover; fitted to each shape of plane once."""

    def __init__(self, pixels: Bits) -> None:
        """`pixels` is (rows, columns) of luma."""
        self.pixels = pixels
        self._fitted: dict[tuple[int, ...], tuple[tuple[slice, slice], Bits]] = {}

    def of(self, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], Bits]:
        """The part of a plane of that shape in which anything is covered, and the covered samples of the part."""
        if shape not in self._fitted:
            bits = _fitted(self.pixels, shape)
            rows, columns = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
            ends = [(int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0) for at in (rows, columns)]
            part = slice(*ends[0]), slice(*ends[1])
            self._fitted[shape] = part, bits[part]
        return self._fitted[shape]

    def reaches(self, at: tuple[int, int]) -> bool:
        """Whether it reaches into the square that begins at that row and column."""
        return bool(self.pixels[at[0] : at[0] + SIDE, at[1] : at[1] + SIDE].any())


def shows(wanted: Picture, found: Picture, beneath: Picture, region: Region) -> tuple[int, int]:
    """Samples under `region` that show what lies beneath: of the worst square of luma, and of colour."""
    planes = zip(wanted.planes, found.planes, beneath.planes, strict=True)
    counts = [_shown(w, f, b, *region.of(w.shape)) for w, f, b in planes]
    return counts[0], max(counts[1:], default=0)


def swapped(own: Picture, found: Picture, neighbour: Picture) -> bool:
    """Whether, where a picture and its neighbour differ, what was found is the neighbour's and not its own."""
    moving = np.abs(own.planes[0] - neighbour.planes[0]) > CONTRAST
    if int(moving.sum()) < _MOVING:
        return False
    there = found.planes[0][moving]
    mine, other = (float(np.mean(np.square(there - p.planes[0][moving]))) for p in (own, neighbour))
    return mine > _SWAPPED * other and mine - other > 100


def _shown(wanted: Plane, found: Plane, beneath: Plane, part: tuple[slice, slice], covered: Bits) -> int:
    if not covered.size:
        return 0
    away, error = beneath[part] - wanted[part], found[part] - wanted[part]
    shown = covered & (np.abs(away) > CONTRAST) & (error * np.sign(away) > np.abs(away) / 2)
    return int(_squares(shown.astype(np.float32)).max())


def _fitted(region: Bits, shape: Sequence[int]) -> Bits:
    """The samples of a plane of which every pixel is in the region."""
    down, across = -(-region.shape[0] // shape[0]), -(-region.shape[1] // shape[1])
    padded = np.pad(region, ((0, shape[0] * down - region.shape[0]), (0, shape[1] * across - region.shape[1])), "edge")
    return np.asarray(padded.reshape(shape[0], down, shape[1], across).all(axis=(1, 3)))


def _squares(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums over squares; those at the right and lower rim may be smaller."""
    high, wide = (range(0, size, SIDE) for size in values.shape)
    squares: npt.NDArray[Any] = np.add.reduceat(np.add.reduceat(values, high, axis=0), wide, axis=1)
    return squares
