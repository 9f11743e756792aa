"""Parameter sets as a collection: read from extradata or packets, compared, merged, written as `avcC`/`hvcC`.

A file made of copied and re-encoded parts stays a plain `avc1`/`hvc1` file when ONE configuration record
holds the sets of all parts under different ids and no packet carries its own (ISO/IEC 14496-15 5.3.3, 8.3.3).

    source = read_extradata(stream.codec_context.extradata, "h264")      # avcC or Annex B alike
    number = free_sps_pps_id(source)                                     # open x264 with sps-id=number
    ours = read_extradata(encoder.extradata, "h264")
    out_stream.codec_context.extradata = merge([source, ours]).record()  # packets: 4-byte lengths, always

In-band sets: `replaced(active, in_band(packet, …))` is empty for a mere repeat (drop it from the packet) and
names the units that give a known id a new content: from there on the old record is wrong, a copied part ends.

Rules: sets are compared as bytes under their key (kind, id); equal sets are kept once, two different sets
under one key raise `ParameterSetConflict`, whatever cannot be read raises a `BitstreamError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from workbench.media.bits import BitReader, BitstreamError, unescape
from workbench.media.nal import ANNEX_B, PARAMETER_SETS, Codec, nal_type, spans, split
from workbench.media.sps_h264 import H264Sps, h264_sps_id, parse_h264_pps, parse_h264_sps
from workbench.media.sps_hevc import HevcSps, hevc_sps_id_field, parse_hevc_pps, parse_hevc_sps

Kind = Literal["vps", "sps", "sps ext", "subset sps", "pps"]
Key = tuple[Kind, int]

_T = TypeVar("_T")

_H264_KINDS: dict[int, Kind] = {7: "sps", 8: "pps", 13: "sps ext", 15: "subset sps"}
_HEVC_KINDS: dict[int, Kind] = {32: "vps", 33: "sps", 34: "pps"}
_LOW_H264_PROFILES = frozenset({66, 77, 88})
_H264_PROFILE_ORDER = (66, 88, 77, 100, 110, 122, 244)
_MOST = {"sps": 31, "pps": 255, "sps ext": 255}


class MalformedRecord(BitstreamError):
    """Extradata is neither a readable `avcC`/`hvcC` nor Annex B."""


class ParameterSetConflict(BitstreamError):
    """Sets cannot stand in one record: one id with two contents, or formats that one track cannot hold."""


def key(nal: bytes, codec: Codec) -> Key:
    """Which set a unit defines: a later unit with the same key replaces it."""
    kind = nal_type(nal, codec)
    if kind not in PARAMETER_SETS[codec]:
        raise BitstreamError(f"{codec} NAL type {kind} is no parameter set")
    if codec == "h264":
        return _H264_KINDS[kind], parse_h264_pps(nal).id if kind == 8 else h264_sps_id(nal)
    if kind == 34:
        return "pps", parse_hevc_pps(nal).id
    reader = BitReader(unescape(nal[:192]), 16)
    if kind == 32:
        return "vps", reader.u(4)
    return "sps", hevc_sps_id_field(reader)[0]


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The parameter sets of one stream or part of it, whole NAL units in the order they came."""

    codec: Codec
    nals: tuple[bytes, ...]
    length_size: int = ANNEX_B
    """How the packets beside this extradata are framed: `ANNEX_B`, or bytes a length takes."""

    def by_key(self) -> dict[Key, bytes]:
        """The sets under their (kind, id); of repeats the last counts, as in a decoder."""
        return {key(nal, self.codec): nal for nal in self.nals}

    def ids(self, kind: Kind) -> frozenset[int]:
        """Ids in use for one kind of set."""
        return frozenset(number for name, number in self.by_key() if name == kind)

    def of(self, kind: Kind) -> tuple[bytes, ...]:
        """The units of one kind, repeats left out."""
        return tuple(nal for (name, _), nal in self.by_key().items() if name == kind)

    def h264_sps(self) -> tuple[H264Sps, ...]:
        """The SPS units, read."""
        return tuple(parse_h264_sps(nal) for nal in self.of("sps"))

    def hevc_sps(self) -> tuple[HevcSps, ...]:
        """The SPS units, read."""
        return tuple(parse_hevc_sps(nal) for nal in self.of("sps"))

    def record(self) -> bytes:
        """The `avcC` or `hvcC` for these sets; packets beside it have 4-byte lengths."""
        return _build_avcc(self) if self.codec == "h264" else _build_hvcc(self)


def read_extradata(extradata: bytes | None, codec: Codec) -> ParameterSets:
    """Read codec extradata in whichever form a container gave it: `avcC`, `hvcC` or Annex B."""
    data = bytes(extradata or b"")
    if len(data) < 4:
        raise MalformedRecord(f"{codec} extradata of {len(data)} bytes: sets are in band, if anywhere")
    # The test FFmpeg makes: old hvcC has version 0, so a start code is told from it by its third byte.
    if data[:2] == b"\x00\x00" and data[2] <= 1:
        wanted = PARAMETER_SETS[codec]
        nals = tuple(nal for nal in split(data, ANNEX_B) if nal_type(nal, codec) in wanted)
        return ParameterSets(codec, nals)
    return _parse_avcc(data) if codec == "h264" else _parse_hvcc(data)


def in_band(packet: bytes, codec: Codec, length_size: int) -> ParameterSets:
    """The parameter sets a packet carries itself; usually none."""
    wanted = PARAMETER_SETS[codec]
    units = (packet[begin:end] for begin, end in spans(packet, length_size))
    return ParameterSets(codec, tuple(nal for nal in units if nal_type(nal, codec) in wanted), length_size)


def replaced(active: ParameterSets, later: ParameterSets) -> tuple[bytes, ...]:
    """The units of `later` that give an id of `active` another content: a real change of parameter sets."""
    known = active.by_key()
    return tuple(nal for name, nal in later.by_key().items() if known.get(name, nal) != nal)


def added(active: ParameterSets, later: ParameterSets) -> tuple[bytes, ...]:
    """The units of `later` whose ids `active` does not know; harmless once merged into the record."""
    known = active.by_key()
    return tuple(nal for name, nal in later.by_key().items() if name not in known)


def same(one: ParameterSets, other: ParameterSets) -> bool:
    """Whether two collections define exactly the same sets, in whatever order and framing."""
    return one.by_key() == other.by_key()


def free_sps_pps_id(*used: ParameterSets) -> int:
    """The lowest number that is free as H.264 SPS id and as PPS id at once, for x264's ``sps-id`` (0..31)."""
    taken: set[int] = set()
    for sets in used:
        taken |= sets.ids("sps") | sets.ids("pps") | sets.ids("subset sps")
    free = next((number for number in range(32) if number not in taken), None)
    if free is None:
        raise ParameterSetConflict("all 32 ids that x264 can use are taken by the source")
    return free


def merge(parts: Sequence[ParameterSets]) -> ParameterSets:
    """All parts' sets together, each once; the first part's come first.

    Raises:
        ParameterSetConflict: two parts give one id different contents, or differ in codec.
    """
    if not parts:
        raise ParameterSetConflict("no parameter sets to merge")
    whole: dict[Key, bytes] = {}
    for part in parts:
        if part.codec != parts[0].codec:
            raise ParameterSetConflict(f"{parts[0].codec} and {part.codec} in one track")
        for name, nal in part.by_key().items():
            if whole.setdefault(name, nal) != nal:
                raise ParameterSetConflict(f"{part.codec} {name[0]} id {name[1]} has two different contents")
    return ParameterSets(parts[0].codec, tuple(whole.values()), 4)


def merge_avcc(*extradatas: bytes) -> bytes:
    """One `avcC` for H.264 extradata of any form; see `merge`."""
    return merge([read_extradata(data, "h264") for data in extradatas]).record()


def merge_hvcc(*extradatas: bytes) -> bytes:
    """One `hvcC` for HEVC extradata of any form; see `merge`. Ids must differ already: `hevc_ids`."""
    return merge([read_extradata(data, "hevc") for data in extradatas]).record()


class _Cursor:
    """Reads a configuration record; running past its end is a `MalformedRecord`."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def take(self, count: int) -> bytes:
        if self.at + count > len(self._data):
            raise MalformedRecord(f"{count} bytes at byte {self.at} run past the record's {len(self._data)}")
        self.at += count
        return self._data[self.at - count : self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    @property
    def left(self) -> int:
        return len(self._data) - self.at


def _parse_avcc(data: bytes) -> ParameterSets:
    """AVCDecoderConfigurationRecord, 14496-15 5.3.3.1.2."""
    if data[0] != 1:
        raise MalformedRecord(f"avcC version {data[0]}, expected 1")
    cursor = _Cursor(data, 4)
    length_size = (cursor.number(1) & 3) + 1
    nals = [cursor.take(cursor.number(2)) for _ in range(cursor.number(1) & 0x1F)]
    nals += [cursor.take(cursor.number(2)) for _ in range(cursor.number(1))]
    if data[1] not in _LOW_H264_PROFILES and cursor.left >= 4:
        cursor.take(3)
        nals += [cursor.take(cursor.number(2)) for _ in range(cursor.number(1))]
    return ParameterSets("h264", _sets_only(nals, "h264"), length_size)


def _parse_hvcc(data: bytes) -> ParameterSets:
    """HEVCDecoderConfigurationRecord, 14496-15 8.3.3.1.2."""
    cursor = _Cursor(data, 21)
    length_size = (cursor.number(1) & 3) + 1
    nals: list[bytes] = []
    for _ in range(cursor.number(1)):
        cursor.take(1)
        nals += [cursor.take(cursor.number(2)) for _ in range(cursor.number(2))]
    return ParameterSets("hevc", _sets_only(nals, "hevc"), length_size)


def _sets_only(nals: Iterable[bytes], codec: Codec) -> tuple[bytes, ...]:
    """Drop SEI and the like, and the zero bytes some writers leave behind a unit."""
    trimmed = (nal.rstrip(b"\x00") for nal in nals)
    return tuple(nal for nal in trimmed if nal and nal_type(nal, codec) in PARAMETER_SETS[codec])


def _one(values: Iterable[_T], name: str) -> _T:
    found = list(dict.fromkeys(values))
    if len(found) != 1:
        raise ParameterSetConflict(f"{name} must be one for the whole track, got {found}")
    return found[0]


def _rank(profile: int) -> tuple[int, int]:
    order = _H264_PROFILE_ORDER
    return (order.index(profile) if profile in order else len(order), profile)


def _build_avcc(sets: ParameterSets) -> bytes:
    parsed = sets.h264_sps()
    if not parsed:
        raise MalformedRecord("no SPS: an avcC cannot be made")
    profile = max((sps.profile_idc for sps in parsed), key=_rank)
    # A constraint holds for the stream only if it holds for each part (14496-15 5.3.3.1.3).
    constraints = 0xFF
    for sps in parsed:
        constraints &= sps.constraints
    sps_nals = [*sets.of("sps"), *sets.of("subset sps")]
    out = bytes([1, profile, constraints, max(sps.level_idc for sps in parsed), 0xFF])
    out += _counted("sps", sps_nals, 0xE0) + _counted("pps", sets.of("pps"), 0)
    formats = ((sps.chroma_format_idc, sps.bit_depth_luma, sps.bit_depth_chroma) for sps in parsed)
    chroma, luma, chroma_depth = _one(formats, "chroma format and bit depths")
    if profile in _LOW_H264_PROFILES:
        return out
    tail = bytes([0xFC | chroma, 0xF8 | (luma - 8), 0xF8 | (chroma_depth - 8)])
    return out + tail + _counted("sps ext", sets.of("sps ext"), 0)


def _counted(kind: str, nals: Sequence[bytes], reserved: int) -> bytes:
    if len(nals) > _MOST[kind]:
        raise ParameterSetConflict(f"{len(nals)} {kind} units: a record holds {_MOST[kind]}")
    return bytes([reserved | len(nals)]) + _units(nals)


def _units(nals: Sequence[bytes]) -> bytes:
    for nal in nals:
        if len(nal) > 0xFFFF:
            raise ParameterSetConflict(f"parameter set of {len(nal)} bytes: a record holds 65535 bytes each")
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _build_hvcc(sets: ParameterSets) -> bytes:
    parsed = sets.hevc_sps()
    if not parsed:
        raise MalformedRecord("no SPS: a hvcC cannot be made")
    formats = ((sps.chroma_format_idc, sps.bit_depth_luma, sps.bit_depth_chroma) for sps in parsed)
    chroma, luma, chroma_depth = _one(formats, "chroma format and bit depths")
    layers = max(sps.max_sub_layers for sps in parsed)
    nesting = all(sps.temporal_id_nesting for sps in parsed)
    out = b"\x01" + _profile_tier_level(parsed)
    # No spatial segmentation promised, parallelism unknown, frame rate unspecified; length size 4.
    out += bytes([0xF0, 0, 0xFC, 0xFC | chroma, 0xF8 | (luma - 8), 0xF8 | (chroma_depth - 8), 0, 0])
    out += bytes([layers << 3 | nesting << 2 | 3, 3])
    for kind, name in _HEVC_KINDS.items():
        nals = sets.of(name)
        # The top bit says that all sets of this kind are here, none in band: what the tag hvc1 demands.
        out += bytes([0x80 | kind]) + len(nals).to_bytes(2, "big") + _units(nals)
    return out


def _profile_tier_level(parsed: Sequence[HevcSps]) -> bytes:
    """What holds for all parts: profile and tier of the highest, flags common to all, highest level."""
    leader = max(parsed, key=lambda sps: (sps.profile_tier_level[0] >> 5 & 1, sps.profile_idc))
    flags = (1 << 80) - 1
    for sps in parsed:
        flags &= int.from_bytes(sps.profile_tier_level[1:11], "big")
    level = max(sps.level_idc for sps in parsed)
    return leader.profile_tier_level[:1] + flags.to_bytes(10, "big") + bytes([level])
