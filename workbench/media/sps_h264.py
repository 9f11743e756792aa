"""The fields of H.264 sequence and picture parameter sets that a joint depends on.

    sps = parse_h264_sps(nal)              # ISO/IEC 14496-10 7.3.2.1.1, VUI: E.1.1
    sps.max_num_reorder_frames             # None: the stream does not say

Input is one whole NAL unit with its header, escaped, as `nal.split` gives it. A unit that cannot be read
raises `BitstreamError`. VUI is optional advice and cameras write it wrongly: unreadable VUI counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.media.bits import BitReader, BitstreamError, unescape
from workbench.media.vui import LARGEST_SIDE, Pps, Vui, read_tick, read_vui_picture, read_window

_H264_WITH_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})


@dataclass(frozen=True, slots=True, kw_only=True)
class H264Sps:
    """What an H.264 SPS says."""

    id: int
    profile_idc: int
    constraints: int
    """constraint_set0..5_flag and two reserved bits as the byte stands in the SPS."""
    level_idc: int
    """Level times ten."""
    chroma_format_idc: int
    """0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
    bit_depth_luma: int
    bit_depth_chroma: int
    transform_bypass: bool
    """qpprime_y_zero_transform_bypass_flag: pictures may be coded without any loss."""
    coded_width: int
    coded_height: int
    width: int
    """After cropping."""
    height: int
    """After cropping; of the whole frame also for fields."""
    frame_mbs_only: bool
    """False: fields or MBAFF may occur."""
    mb_adaptive_frame_field: bool
    poc_type: int
    max_num_ref_frames: int
    vui: Vui

    @property
    def max_num_reorder_frames(self) -> int | None:
        """Frames that may come before a frame in decoding and after it in output; None: not said."""
        return 0 if self.poc_type == 2 else self.vui.max_num_reorder_frames


def h264_sps_id(nal: bytes) -> int:
    """seq_parameter_set_id of an SPS, subset SPS, or SPS extension (where it is the first field)."""
    reader = BitReader(unescape(nal[:64]))
    extension = reader.u(8) & 0x1F == 13
    reader.skip(0 if extension else 24)
    return reader.ue(31)


def parse_h264_pps(nal: bytes) -> Pps:
    """Read a PPS (14496-10 7.3.2.2) up to the entropy coding mode."""
    reader = BitReader(unescape(nal[:64]), 8)
    return Pps(id=reader.ue(255), sps_id=reader.ue(31), cabac=reader.flag())


def parse_h264_sps(nal: bytes) -> H264Sps:
    """Read an SPS (14496-10 7.3.2.1.1)."""
    reader = BitReader(unescape(nal), 8)
    profile, constraints, level, sps_id = reader.u(8), reader.u(8), reader.u(8), reader.ue(31)
    chroma, luma_bits, chroma_bits, bypass = 1, 8, 8, False
    if profile in _H264_WITH_CHROMA:
        chroma = reader.ue(3)
        reader.skip(chroma == 3)
        luma_bits, chroma_bits = reader.ue(6) + 8, reader.ue(6) + 8
        bypass = reader.flag()
        if reader.flag():
            _skip_h264_scaling(reader, 12 if chroma == 3 else 8)
    reader.ue(12)
    poc_type = _skip_h264_poc(reader)
    references = reader.ue(16)
    reader.skip(1)
    across, down = reader.ue(LARGEST_SIDE) + 1, reader.ue(LARGEST_SIDE) + 1
    frames_only = reader.flag()
    mbaff = not frames_only and reader.flag()
    reader.skip(1)
    rows = 1 if frames_only else 2
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * rows
    left, right, top, bottom = read_window(reader)
    width, height = across * 16, down * 16 * rows
    return H264Sps(
        id=sps_id,
        profile_idc=profile,
        constraints=constraints,
        level_idc=level,
        chroma_format_idc=chroma,
        bit_depth_luma=luma_bits,
        bit_depth_chroma=chroma_bits,
        transform_bypass=bypass,
        coded_width=width,
        coded_height=height,
        width=width - unit_x * (left + right),
        height=height - unit_y * (top + bottom),
        frame_mbs_only=frames_only,
        mb_adaptive_frame_field=mbaff,
        poc_type=poc_type,
        max_num_ref_frames=references,
        vui=_h264_vui(reader) if reader.flag() else Vui(),
    )


def _skip_h264_scaling(reader: BitReader, lists: int) -> None:
    for index in range(lists):
        if not reader.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + reader.se()) % 256
            last = following or last


def _skip_h264_poc(reader: BitReader) -> int:
    poc_type = reader.ue(2)
    if poc_type == 0:
        reader.ue(12)
    elif poc_type == 1:
        reader.skip(1)
        reader.se()
        reader.se()
        for _ in range(reader.ue(255)):
            reader.se()
    return poc_type


def _skip_h264_hrd(reader: BitReader) -> None:
    cpbs = reader.ue(31) + 1
    reader.skip(8)
    for _ in range(cpbs):
        reader.ue()
        reader.ue()
        reader.skip(1)
    reader.skip(20)


def _h264_vui(reader: BitReader) -> Vui:
    try:
        full_range, colour = read_vui_picture(reader)
        tick = None
        if reader.flag():
            tick = read_tick(reader)
            reader.skip(1)
        has_hrd = [_h264_hrd(reader), _h264_hrd(reader)]
        reader.skip(2 if any(has_hrd) else 1)
        reorder: int | None = None
        buffering: int | None = None
        if reader.flag():
            reader.skip(1)
            for _ in range(4):
                reader.ue()
            reorder, buffering = reader.ue(16), reader.ue(16)
    except BitstreamError:
        return Vui()
    return Vui(
        full_range=full_range,
        colour=colour,
        tick=tick,
        max_num_reorder_frames=reorder,
        max_dec_frame_buffering=buffering,
    )


def _h264_hrd(reader: BitReader) -> bool:
    present = reader.flag()
    if present:
        _skip_h264_hrd(reader)
    return present
