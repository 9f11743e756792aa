"""The fields of HEVC sequence and picture parameter sets that a joint depends on.

    sps = parse_hevc_sps(nal)      # ISO/IEC 23008-2 7.3.2.2, VUI: E.2.1
    sps.max_num_reorder_pics

Input is one whole NAL unit with its header, escaped, as `nal.split` gives it. A unit that cannot be read
raises `BitstreamError`; an unreadable VUI counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.media.bits import BitReader, BitstreamError, unescape
from workbench.media.vui import LARGEST_SIDE, Pps, Vui, read_tick, read_vui_picture, read_window


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


def parse_hevc_pps(nal: bytes) -> Pps:
    """Read the two ids of a PPS (23008-2 7.3.2.3.1)."""
    reader = BitReader(unescape(nal[:64]), 16)
    return Pps(id=reader.ue(63), sps_id=reader.ue(15), cabac=True)


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
    width, height = reader.ue(LARGEST_SIDE), reader.ue(LARGEST_SIDE)
    left, right, top, bottom = read_window(reader)
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
        full_range, colour = read_vui_picture(reader)
        reader.skip(1)
        field_seq = reader.flag()
        reader.skip(1)
        read_window(reader)
        tick = read_tick(reader) if reader.flag() else None
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
