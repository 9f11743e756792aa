"""Other parameter set ids for a finished H.265 bitstream, and CRA pictures turned into BLA.

x265 always writes VPS, SPS and PPS id 0, as most sources do, so a re-encoded part cannot stand beside copied
ones in one `hvcC`. Its ids are therefore rewritten. The PPS id stands at the head of every slice: id 0 is
coded in 1 bit, ids 15..30 in 9 (Exp-Golomb, ISO/IEC 23008-2 9.2), so with these the slice header grows by
one byte and all behind it, the byte-aligned slice data too, stays as it is (entry points count from there).

    parts = [read_extradata(encoder.extradata, "hevc") for encoder in encoders]
    source = read_extradata(stream.codec_context.extradata, "hevc")
    ids = assign_ids([source], parts)                       # equal parts share one target
    record = merge([source, *(rewrite_sets(part, to) for part, to in zip(parts, ids))]).record()
    data = rewrite_packet(bytes(packet), ANNEX_B, ids[0])   # 4-byte lengths, no sets in band

Rules: only for bitstreams of our own encoder, opened without HRD and whose sets all have id 0; anything else
raises `RewriteError`. Copied source packets are never rewritten, but for `cra_to_bla`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.media.bits import BitReader, BitstreamError, Field, escape, splice, ue_width, unescape
from workbench.media.nal import NOT_PICTURE, join_length_prefixed, nal_type, sei_messages, split
from workbench.media.parameter_sets import Kind, ParameterSets
from workbench.media.sps_hevc import hevc_sps_id_field

_PPS_IDS = range(15, 31)
"""Ids whose Exp-Golomb code has 9 bits."""

_CRA, _BLA_W_RADL, _BLA_N_LP = 21, 17, 18
_VPS, _SPS, _PPS = 32, 33, 34
_SEI = (39, 40)
_SEI_NAMING_SETS = {0: "buffering period", 129: "active parameter sets"}
_HEADER_BITS = 16


class RewriteError(BitstreamError):
    """A bitstream is not of the shape this file rewrites, or no id is free."""


@dataclass(frozen=True, slots=True)
class HevcIds:
    """The ids that a part's three parameter sets get."""

    vps: int
    """0..15."""
    sps: int
    """0..15."""
    pps: int
    """15..30."""

    def __post_init__(self) -> None:
        """Refuse ids that do not fit their fields or, for the PPS, the 9-bit code."""
        if not (0 <= self.vps < 16 and 0 <= self.sps < 16 and self.pps in _PPS_IDS):
            raise RewriteError(f"VPS and SPS id must be in 0..15 and PPS id in 15..30, got {self}")


def assign_ids(taken: Sequence[ParameterSets], parts: Sequence[ParameterSets]) -> list[HevcIds]:
    """Free ids for each re-encoded part beside the source's sets (record, in band); equal parts share theirs.

    Raises:
        RewriteError: more different parts than there are free ids (at most 15 beside a source that uses one).
    """
    used: dict[Kind, set[int]] = {"vps": set(), "sps": set(), "pps": set()}
    for sets in taken:
        for kind in used:
            used[kind] |= sets.ids(kind)
    given: dict[frozenset[bytes], HevcIds] = {}
    for part in parts:
        content = frozenset(part.nals)
        if content not in given:
            given[content] = HevcIds(
                vps=_claim(used["vps"], range(1, 16)),
                sps=_claim(used["sps"], range(1, 16)),
                pps=_claim(used["pps"], _PPS_IDS),
            )
    return [given[frozenset(part.nals)] for part in parts]


def _claim(used: set[int], candidates: range) -> int:
    free = next((number for number in candidates if number not in used), None)
    if free is None:
        raise RewriteError(f"no free parameter set id in {candidates.start}..{candidates.stop - 1}")
    used.add(free)
    return free


def rewrite_sets(sets: ParameterSets, ids: HevcIds) -> ParameterSets:
    """Our encoder's parameter sets under their new ids."""
    return ParameterSets("hevc", tuple(_rewrite_set(nal, ids) for nal in sets.nals), sets.length_size)


def _rewrite_set(nal: bytes, ids: HevcIds) -> bytes:
    rbsp = unescape(nal)
    kind = nal_type(nal, "hevc")
    reader = BitReader(rbsp, _HEADER_BITS)
    if kind == _VPS:
        return escape(splice(rbsp, [_plain_field(reader, 4, ids.vps)]))
    if kind == _SPS:
        vps = _plain_field(reader, 4, ids.vps)
        reader.pos = _HEADER_BITS
        old, start, end = hevc_sps_id_field(reader)
        _expect_zero("SPS", old)
        return escape(splice(rbsp, [vps, _ue_field(start, end, ids.sps)]))
    if kind == _PPS:
        fields = [_read_ue(reader, "PPS", ids.pps), _read_ue(reader, "PPS's SPS", ids.sps)]
        return escape(splice(rbsp, fields))
    raise RewriteError(f"NAL type {kind} is no HEVC parameter set")


def _plain_field(reader: BitReader, width: int, new: int) -> Field:
    start = reader.pos
    _expect_zero("VPS", reader.u(width))
    return Field(start, reader.pos, new, width)


def _read_ue(reader: BitReader, name: str, new: int) -> Field:
    start = reader.pos
    _expect_zero(name, reader.ue(63))
    return _ue_field(start, reader.pos, new)


def _ue_field(start: int, end: int, new: int) -> Field:
    return Field(start, end, new + 1, ue_width(new))


def _expect_zero(name: str, found: int) -> None:
    if found:
        raise RewriteError(f"{name} id is {found}, expected 0: not the bitstream of our encoder")


def rewrite_packet(packet: bytes, length_size: int, ids: HevcIds) -> bytes:
    """One of our packets with its slices naming `ids`, in 4-byte lengths, without sets and delimiters."""
    out = []
    for nal in split(packet, length_size):
        kind = nal_type(nal, "hevc")
        if kind in NOT_PICTURE["hevc"]:
            continue
        if kind in _SEI:
            _refuse_sei_that_names_sets(nal)
        out.append(_rewrite_slice(nal, kind, ids.pps) if kind < 32 else nal)
    return join_length_prefixed(out)


def _rewrite_slice(nal: bytes, kind: int, pps: int) -> bytes:
    """Exchange slice_pic_parameter_set_id (23008-2 7.3.6.1): behind one flag, or two at an IRAP picture."""
    if len(nal) < 4:
        raise RewriteError(f"slice of {len(nal)} bytes is too short")
    rbsp = unescape(nal)
    flags = 2 if 16 <= kind <= 23 else 1
    if not rbsp[2] >> (7 - flags) & 1:
        raise RewriteError("slice names a PPS id other than 0: not the bitstream of our encoder")
    behind = 7 - flags
    kept = rbsp[2] >> (8 - flags)
    head = (kept << 9 | (pps + 1)) << behind | rbsp[2] & ((1 << behind) - 1)
    return escape(rbsp[:2] + head.to_bytes(2, "big") + rbsp[3:])


def _refuse_sei_that_names_sets(nal: bytes) -> None:
    for payload_type, _ in sei_messages(nal, "hevc"):
        if payload_type in _SEI_NAMING_SETS:
            name = _SEI_NAMING_SETS[payload_type]
            raise RewriteError(f"SEI '{name}' names a parameter set id: open x265 without it")


def cra_to_bla(packet: bytes, length_size: int, *, radl_follow: bool = False) -> bytes:
    """A CRA packet as BLA, in 4-byte lengths: what older decoders need behind a re-encoded part.

    A CRA in the middle of a stream does not start a new sequence, so new sets may not become active at it,
    and ffmpeg 5.1 drops pictures before it. Its slice header has the syntax of a BLA's (23008-2 7.3.6.1):
    only the type in the NAL header changes, and the packet is then no longer bit for bit the source's (say
    so). RASL pictures behind it must have been left out.

    Args:
        radl_follow: the source's RADL pictures are kept: BLA_W_RADL instead of BLA_N_LP, which allows none.

    Raises:
        RewriteError: the packet holds no CRA picture.
    """
    target = _BLA_W_RADL if radl_follow else _BLA_N_LP
    nals = split(packet, length_size)
    slices = [at for at, nal in enumerate(nals) if nal_type(nal, "hevc") == _CRA]
    if not slices:
        raise RewriteError("packet holds no CRA picture")
    for at in slices:
        nals[at] = bytes([nals[at][0] & 0x81 | target << 1]) + nals[at][1:]
    return join_length_prefixed(nals)
