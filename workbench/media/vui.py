"""What the parameter sets of H.264 and H.265 have in common: usability information, windows, the PPS ids.

    full_range, colour = read_vui_picture(reader)   # ISO/IEC 14496-10 E.1.1 and 23008-2 E.2.1 begin alike
    left, right, top, bottom = read_window(reader)  # cropping, conformance window

Rules: each `read_…` takes the reader where its syntax begins and leaves it behind its last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from workbench.media.bits import BitReader

LARGEST_SIDE = 1 << 16
"""Samples: far above what any level allows, so that a damaged size is refused."""

_EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Vui:
    """Video usability information; None where the stream does not say."""

    full_range: bool | None = None
    colour: tuple[int, int, int] | None = None
    """Primaries, transfer, matrix as code points of ISO/IEC 23091-2."""
    tick: Fraction | None = None
    """num_units_in_tick / time_scale in seconds; an H.264 frame lasts two ticks, a HEVC frame one."""
    field_seq: bool = False
    """HEVC only: every picture is a field."""
    max_num_reorder_frames: int | None = None
    """H.264 bitstream_restriction only."""
    max_dec_frame_buffering: int | None = None
    """H.264 bitstream_restriction only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pps:
    """What a PPS of either codec says."""

    id: int
    sps_id: int
    cabac: bool
    """entropy_coding_mode_flag; always true in HEVC."""


def read_window(reader: BitReader) -> tuple[int, int, int, int]:
    """Left, right, top, bottom offsets behind their presence flag, in chroma units."""
    if not reader.flag():
        return (0, 0, 0, 0)
    most = LARGEST_SIDE
    return (reader.ue(most), reader.ue(most), reader.ue(most), reader.ue(most))


def read_vui_picture(reader: BitReader) -> tuple[bool | None, tuple[int, int, int] | None]:
    """The part both codecs share: aspect ratio, overscan, signal type, chroma location."""
    full_range: bool | None = None
    colour: tuple[int, int, int] | None = None
    if reader.flag() and reader.u(8) == _EXTENDED_SAR:
        reader.skip(32)
    if reader.flag():
        reader.skip(1)
    if reader.flag():
        reader.skip(3)
        full_range = reader.flag()
        if reader.flag():
            colour = (reader.u(8), reader.u(8), reader.u(8))
    if reader.flag():
        reader.ue()
        reader.ue()
    return full_range, colour


def read_tick(reader: BitReader) -> Fraction | None:
    """num_units_in_tick / time_scale; None where either is zero, which means nothing."""
    units, scale = reader.u(32), reader.u(32)
    return Fraction(units, scale) if units and scale else None
