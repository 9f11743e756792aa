"""What the numbers in a frame's planes mean: matrix, range, depth; and a colour in those numbers.

The rules are FFmpeg's own habits, said once so that a drawn colour, a JPEG and a PNG agree:

- A frame without a matrix is BT.601 up to 576 shown lines, BT.709 above.
- A frame without a range is limited; the ``yuvj`` formats and unmarked gray are full.

>>> levels((255, 255, 255), matrix=1, full=False, bits=8)
(235, 128, 128)
"""

from __future__ import annotations

import av

BT709, FCC, BT601, SMPTE240M, BT2020 = 1, 4, 5, 7, 9
"""The matrices that swscale knows, numbered as `VideoFrame.colorspace` is."""
LIMITED, FULL = 1, 2
"""Ranges as `VideoFrame.color_range` numbers them."""
_SAME = {BT709: BT709, FCC: FCC, BT601: BT601, 6: BT601, SMPTE240M: SMPTE240M, BT2020: BT2020, 10: BT2020}
_WEIGHTS = {
    BT709: (0.2126, 0.0722),
    FCC: (0.30, 0.11),
    BT601: (0.299, 0.114),
    SMPTE240M: (0.212, 0.087),
    BT2020: (0.2627, 0.0593),
}
"""Weights of red and blue in luma."""
SD_LINES = 576
Rgb = tuple[int, int, int]


def parse(color: str) -> Rgb:
    """The three parts, 0 to 255, of ``#RRGGBB``."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def right_angle(degrees: int) -> int:
    """A rotation as 0, 90, 180 or 270 counter-clockwise; skewed ones, which no player honours, are 0."""
    turned = degrees % 360
    return turned if turned % 90 == 0 else 0


def matrix(frame: av.VideoFrame) -> int:
    """The frame's matrix, one of the five above; guessed from the height where it has none."""
    shown_lines = min(frame.width, frame.height)
    return _SAME.get(int(frame.colorspace), BT601 if shown_lines <= SD_LINES else BT709)


def is_known(declared: int) -> bool:
    """Whether a frame's own `colorspace` names a matrix, so that none is guessed."""
    return declared in _SAME


def full_range(frame: av.VideoFrame) -> bool:
    """True where black is 0 and white the largest number."""
    if frame.format.name.startswith("yuvj"):
        return True
    if int(frame.color_range) in (LIMITED, FULL):
        return int(frame.color_range) == FULL
    return frame.format.name.startswith("gray")


def levels(color: Rgb, *, matrix: int, full: bool, bits: int) -> tuple[int, int, int]:
    """Y, U, V of an sRGB colour in a frame of that matrix, range and depth."""
    kr, kb = _WEIGHTS[matrix]
    r, g, b = (part / 255 for part in color)
    y = kr * r + (1 - kr - kb) * g + kb * b
    u, v = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    top, step = (1 << bits) - 1, 1 << (bits - 8)
    if full:
        raw = (y * top, 128 * step + u * top, 128 * step + v * top)
    else:
        raw = ((16 + 219 * y) * step, (128 + 224 * u) * step, (128 + 224 * v) * step)
    y_, u_, v_ = (min(top, max(0, round(part))) for part in raw)
    return y_, u_, v_


def luminance(color: Rgb) -> float:
    """Relative luminance, 0 black to 1 white (WCAG 2)."""
    r, g, b = (c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: Rgb, b: Rgb) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
