"""The fields of sequence and picture parameter sets that a joint depends on, for H.264 and H.265.

    sps = parse_h264_sps(nal)              # ISO/IEC 14496-10 7.3.2.1.1, VUI: E.1.1
    sps.max_num_reorder_frames             # None: the stream does not say
    parse_hevc_sps(nal).profile_tier_level # ISO/IEC 23008-2 7.3.2.2, VUI: E.2.1

Input is one whole NAL unit with its header, escaped, as `nal.split` gives it. A unit that cannot be read
raises `BitstreamError`. VUI is optional advice and cameras write it wrongly: unreadable VUI counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from workbench.media.bits import BitReader, BitstreamError, unescape

_H264_WITH_CHROMA = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_EXTENDED_SAR = 255
_LARGEST_SIDE = 1 << 16


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HevcSps:
    """What a HEVC SPS says."""

    id: int
    vps_id: int
    max_sub_layers: int
    temporal_id_nesting: bool
    profile_tier_level: bytes
    """The 12 bytes general_profile_space .. general_level_idc, laid out as in `hvcC`."""
    chroma_format_idc: int
    bit_depth_luma: int
    bit_depth_chroma: int
    coded_width: int
    coded_height: int
    width: int
    """After the conformance window."""
    height: int
    """After the conformance window."""
    max_dec_pic_buffering: int
    max_num_reorder_pics: int
    vui: Vui

    @property
    def profile_idc(self) -> int:
        """general_profile_idc: 1 Main, 2 Main 10, 4 range extensions."""
        return self.profile_tier_level[0] & 0x1F

    @property
    def level_idc(self) -> int:
        """general_level_idc: level times thirty."""
        return self.profile_tier_level[11]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pps:
    """What a PPS of either codec says."""

    id: int
    sps_id: int
    cabac: bool
    """entropy_coding_mode_flag; always true in HEVC."""


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


def parse_hevc_pps(nal: bytes) -> Pps:
    """Read the two ids of a PPS (23008-2 7.3.2.3.1)."""
    reader = BitReader(unescape(nal[:64]), 16)
    return Pps(id=reader.ue(63), sps_id=reader.ue(15), cabac=True)


def parse_h264_sps(nal: bytes) -> H264Sps:
    """Read an SPS (14496-10 7.3.2.1.1)."""
    reader = BitReader(unescape(nal), 8)
    profile, constraints, level, sps_id = reader.u(8), reader.u(8), reader.u(8), reader.ue(31)
    chroma, luma_bits, chroma_bits = 1, 8, 8
    if profile in _H264_WITH_CHROMA:
        chroma = reader.ue(3)
        reader.skip(chroma == 3)
        luma_bits, chroma_bits = reader.ue(6) + 8, reader.ue(6) + 8
        reader.skip(1)
        if reader.flag():
            _skip_h264_scaling(reader, 12 if chroma == 3 else 8)
    reader.ue(12)
    poc_type = _skip_h264_poc(reader)
    references = reader.ue(16)
    reader.skip(1)
    across, down = reader.ue(_LARGEST_SIDE) + 1, reader.ue(_LARGEST_SIDE) + 1
    frames_only = reader.flag()
    mbaff = not frames_only and reader.flag()
    reader.skip(1)
    rows = 1 if frames_only else 2
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * rows
    left, right, top, bottom = _window(reader)
    width, height = across * 16, down * 16 * rows
    return H264Sps(
        id=sps_id,
        profile_idc=profile,
        constraints=constraints,
        level_idc=level,
        chroma_format_idc=chroma,
        bit_depth_luma=luma_bits,
        bit_depth_chroma=chroma_bits,
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


def _window(reader: BitReader) -> tuple[int, int, int, int]:
    """Left, right, top, bottom offsets behind their presence flag, in chroma units."""
    if not reader.flag():
        return (0, 0, 0, 0)
    most = _LARGEST_SIDE
    return (reader.ue(most), reader.ue(most), reader.ue(most), reader.ue(most))


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


def _vui_picture(reader: BitReader) -> tuple[bool | None, tuple[int, int, int] | None]:
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


def _tick(reader: BitReader) -> Fraction | None:
    units, scale = reader.u(32), reader.u(32)
    return Fraction(units, scale) if units and scale else None


def _h264_vui(reader: BitReader) -> Vui:
    try:
        full_range, colour = _vui_picture(reader)
        tick = None
        if reader.flag():
            tick = _tick(reader)
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


def hevc_sps_id_field(reader: BitReader) -> tuple[int, int, int]:
    """Read an SPS from behind its header up to its id; the id, and the half-open bit range of its code."""
    reader.skip(4)
    sub_layers = reader.u(3)
    reader.skip(1 + 96)
    _skip_sub_layers(reader, sub_layers)
    start = reader.pos
    return reader.ue(15), start, reader.pos


def _skip_sub_layers(reader: BitReader, sub_layers: int) -> None:
    present = [(reader.flag(), reader.flag()) for _ in range(sub_layers)]
    reader.skip(2 * (8 - sub_layers) if sub_layers else 0)
    for profile, level in present:
        reader.skip(88 * profile + 8 * level)


def parse_hevc_sps(nal: bytes) -> HevcSps:
    """Read an SPS (23008-2 7.3.2.2.1) of the base layer."""
    rbsp = unescape(nal)
    reader = BitReader(rbsp)
    if reader.u(16) >> 3 & 0x3F:
        raise BitstreamError("SPS of an enhancement layer: layered HEVC is not read")
    vps_id, sub_layers, nesting = reader.u(4), reader.u(3), reader.flag()
    reader.skip(96)
    _skip_sub_layers(reader, sub_layers)
    sps_id, chroma = reader.ue(15), reader.ue(3)
    reader.skip(chroma == 3)
    width, height = reader.ue(_LARGEST_SIDE), reader.ue(_LARGEST_SIDE)
    left, right, top, bottom = _window(reader)
    unit_x, unit_y = 2 if chroma in (1, 2) else 1, 2 if chroma == 1 else 1
    luma_bits, chroma_bits, poc_bits = reader.ue(8) + 8, reader.ue(8) + 8, reader.ue(12) + 4
    buffering = reorder = 0
    for _ in range(sub_layers + 1 if reader.flag() else 1):
        buffering, reorder = reader.ue(15) + 1, reader.ue(15)
        reader.ue()
    return HevcSps(
        id=sps_id,
        vps_id=vps_id,
        max_sub_layers=sub_layers + 1,
        temporal_id_nesting=nesting,
        profile_tier_level=rbsp[3:15],
        chroma_format_idc=chroma,
        bit_depth_luma=luma_bits,
        bit_depth_chroma=chroma_bits,
        coded_width=width,
        coded_height=height,
        width=width - unit_x * (left + right),
        height=height - unit_y * (top + bottom),
        max_dec_pic_buffering=buffering,
        max_num_reorder_pics=reorder,
        vui=_hevc_vui(reader, poc_bits),
    )


def _hevc_vui(reader: BitReader, poc_bits: int) -> Vui:
    try:
        _skip_hevc_tools(reader, poc_bits)
        if not reader.flag():
            return Vui()
        full_range, colour = _vui_picture(reader)
        reader.skip(1)
        field_seq = reader.flag()
        reader.skip(1)
        _window(reader)
        tick = _tick(reader) if reader.flag() else None
    except BitstreamError:
        return Vui()
    return Vui(full_range=full_range, colour=colour, tick=tick, field_seq=field_seq)


def _skip_hevc_tools(reader: BitReader, poc_bits: int) -> None:
    """From the coding block sizes to the flag before the VUI."""
    for _ in range(6):
        reader.ue()
    if reader.flag() and reader.flag():
        _skip_hevc_scaling(reader)
    reader.skip(2)
    if reader.flag():
        reader.skip(8)
        reader.ue()
        reader.ue()
        reader.skip(1)
    deltas: list[int] = []
    for index in range(reader.ue(64)):
        deltas.append(_reference_set_size(reader, deltas[-1] if index else None))
    if reader.flag():
        reader.skip(reader.ue(32) * (poc_bits + 1))
    reader.skip(2)


def _skip_hevc_scaling(reader: BitReader) -> None:
    """scaling_list_data (23008-2 7.3.4)."""
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not reader.flag():
                reader.ue()
                continue
            for _ in range((16 if size == 0 else 64) + (size > 1)):
                reader.se()


def _reference_set_size(reader: BitReader, previous: int | None) -> int:
    """Pass over one st_ref_pic_set (23008-2 7.3.7); how many pictures it names."""
    if previous is not None and reader.flag():
        reader.skip(1)
        reader.ue()
        return sum(1 for _ in range(previous + 1) if reader.flag() or reader.flag())
    named = reader.ue(16) + reader.ue(16)
    for _ in range(named):
        reader.ue()
        reader.skip(1)
    return named
