"""NAL units of H.264 and H.265 packets: taking apart, putting together, telling what a packet is.

A packet (one coded picture) holds NAL units either behind start codes (Annex B: TS, raw files; here
``length_size=ANNEX_B``, which is 0) or behind a length of 1, 2 or 4 bytes (MP4, Matroska: ISO/IEC 14496-15
4.3.2). `parameter_sets.read_extradata(...).length_size` says which.

    data = bytes(packet)
    if access(data, "h264", 4).kind is Access.IDR: ...               # a copy may begin here
    out = to_length_prefixed(data, "h264", ANNEX_B, drop=NOT_PICTURE["h264"])
    assert normalised(data, "h264", ANNEX_B) == normalised(out, "h264", 4)   # the same coded picture

Rules: `bytes` in and out, no PyAV; malformed packets raise `MalformedPacket` and nothing else. Start codes
are found and cut by `bytes.find` and slices, so hours of packets cost seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from workbench.media.bits import BitReader, BitstreamError, unescape

Codec = Literal["h264", "hevc"]
"""Names as PyAV and FFmpeg give them."""

ANNEX_B = 0
"""The `length_size` of packets that use start codes."""

_START_CODE = b"\x00\x00\x01"
_HEADER_SIZE = {"h264": 1, "hevc": 2}

PARAMETER_SETS: dict[str, frozenset[int]] = {
    "h264": frozenset({7, 8, 13, 15}),
    "hevc": frozenset({32, 33, 34}),
}
"""SPS, PPS, SPS extension, subset SPS (14496-10 table 7-1); VPS, SPS, PPS (23008-2 table 7-1)."""

NOT_PICTURE: dict[str, frozenset[int]] = {
    "h264": PARAMETER_SETS["h264"] | {9, 10, 11, 12},
    "hevc": PARAMETER_SETS["hevc"] | {35, 36, 37, 38},
}
"""Types that carry nothing of the picture: parameter sets, delimiter, end of sequence and stream, filler."""

_H264_SEI = 6
_RECOVERY_POINT = 6


class MalformedPacket(BitstreamError):
    """A packet cannot be taken apart into NAL units."""


class Access(Enum):
    """What decoding may begin with at a picture (14496-10 7.4.1.2.4; 23008-2 table 7-1)."""

    PLAIN = "plain"
    """Needs earlier pictures, whatever the container's key flag says."""
    RECOVERY_POINT = "recovery point"
    """H.264 SEI: right only some frames later, and earlier references may be named. No sound joint."""
    IDR = "IDR"
    """H.264 instantaneous refresh: nothing later refers to anything before it."""
    IDR_W_RADL = "IDR_W_RADL"
    IDR_N_LP = "IDR_N_LP"
    CRA = "CRA"
    """HEVC clean random access: RASL pictures behind it need the pictures before it."""
    BLA_W_LP = "BLA_W_LP"
    BLA_W_RADL = "BLA_W_RADL"
    BLA_N_LP = "BLA_N_LP"


_HEVC_ACCESS = {
    16: Access.BLA_W_LP,
    17: Access.BLA_W_RADL,
    18: Access.BLA_N_LP,
    19: Access.IDR_W_RADL,
    20: Access.IDR_N_LP,
    21: Access.CRA,
}


@dataclass(frozen=True, slots=True)
class RandomAccess:
    """The random access class of one packet."""

    kind: Access
    recovery_frame_cnt: int | None = None
    """Frames until the picture is right after an H.264 recovery point (14496-10 D.2.8); None elsewhere."""

    @property
    def starts_here(self) -> bool:
        """Whether decoding may begin here with nothing earlier (after a CRA: its RASL pictures left out)."""
        return self.kind not in (Access.PLAIN, Access.RECOVERY_POINT)


class Leading(Enum):
    """Whether a HEVC picture comes before its random access picture in output order (23008-2 3.75)."""

    NO = "no"
    RADL = "RADL"
    """Decodable when decoding began at that random access picture."""
    RASL = "RASL"
    """Not decodable then: it refers to pictures before it."""


_PLAIN = RandomAccess(Access.PLAIN)
_IDR = RandomAccess(Access.IDR)


def spans(packet: bytes, length_size: int) -> list[tuple[int, int]]:
    """Begin and end offset of each NAL unit, without copying; never an empty list or unit."""
    if not packet:
        raise MalformedPacket("empty packet")
    if length_size == ANNEX_B:
        return _annexb_spans(packet)
    if length_size in (1, 2, 4):
        return _prefixed_spans(packet, length_size)
    raise MalformedPacket(f"length size {length_size}: expected 0 (Annex B), 1, 2 or 4")


def _annexb_spans(packet: bytes) -> list[tuple[int, int]]:
    find = packet.find
    found = find(_START_CODE)
    if found < 0 or packet[:found].strip(b"\x00"):
        raise MalformedPacket("Annex B packet does not begin with a start code")
    out = []
    while found >= 0:
        begin = found + 3
        found = find(_START_CODE, begin)
        end = found if found >= 0 else len(packet)
        if end > begin and not packet[end - 1]:
            # Trailing zeros and the first byte of a 4-byte start code are not of the unit (14496-10 B.1.1).
            end = begin + len(packet[begin:end].rstrip(b"\x00"))
        if end == begin:
            raise MalformedPacket(f"NAL unit of zero length at byte {begin}")
        out.append((begin, end))
    return out


def _prefixed_spans(packet: bytes, length_size: int) -> list[tuple[int, int]]:
    out = []
    at, size = 0, len(packet)
    while at < size:
        begin = at + length_size
        length = int.from_bytes(packet[at:begin], "big")
        at = begin + length
        if at > size:
            raise MalformedPacket(f"NAL unit of {length} bytes at byte {begin} runs past the packet's {size}")
        if not length:
            raise MalformedPacket(f"NAL unit of zero length at byte {begin}")
        out.append((begin, at))
    return out


def split(packet: bytes, length_size: int) -> list[bytes]:
    """The NAL units of a packet, without start codes or lengths."""
    return [packet[begin:end] for begin, end in spans(packet, length_size)]


def join_length_prefixed(nals: Iterable[bytes]) -> bytes:
    """One packet in MP4 form: each unit behind its length in 4 bytes."""
    return b"".join(part for nal in nals for part in (len(nal).to_bytes(4, "big"), nal))


def join_annexb(nals: Iterable[bytes]) -> bytes:
    """One packet in Annex B form: each unit behind a 4-byte start code."""
    return b"".join(part for nal in nals for part in (b"\x00\x00\x00\x01", nal))


def nal_type(nal: bytes, codec: Codec) -> int:
    """The type in a NAL unit's header (14496-10 7.3.1: low 5 bits; 23008-2 7.3.1.2: bits 1 to 6)."""
    if len(nal) < _HEADER_SIZE[codec]:
        raise MalformedPacket(f"{codec} NAL unit of {len(nal)} bytes has no header")
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def _typed_spans(packet: bytes, codec: Codec, length_size: int) -> Iterator[tuple[int, int, int]]:
    header = _HEADER_SIZE[codec]
    for begin, end in spans(packet, length_size):
        if end - begin < header:
            raise MalformedPacket(f"{codec} NAL unit of {end - begin} bytes has no header")
        yield (packet[begin] & 0x1F if codec == "h264" else packet[begin] >> 1 & 0x3F), begin, end


def nal_types(packet: bytes, codec: Codec, length_size: int) -> list[int]:
    """The types of a packet's NAL units, in order."""
    return [kind for kind, _, _ in _typed_spans(packet, codec, length_size)]


def to_length_prefixed(packet: bytes, codec: Codec, length_size: int, *, drop: frozenset[int] = frozenset()) -> bytes:
    """The packet with 4-byte lengths and without the NAL types in `drop`; b"" when nothing is left.

    A packet that has this form already is returned as it is.
    """
    found = list(_typed_spans(packet, codec, length_size))
    kept = [(begin, end) for kind, begin, end in found if kind not in drop]
    if length_size == 4 and len(kept) == len(found):
        return packet
    return join_length_prefixed(packet[begin:end] for begin, end in kept)


def access(packet: bytes, codec: Codec, length_size: int) -> RandomAccess:
    """The true random access class, read from NAL types and the recovery point SEI, never from the key flag.

    An SEI message that cannot be read is no recovery point: the picture counts as plain, the careful side.
    """
    if codec == "hevc":
        first = next((kind for kind in nal_types(packet, codec, length_size) if kind < 32), 0)
        return RandomAccess(_HEVC_ACCESS[first]) if first in _HEVC_ACCESS else _PLAIN
    recovery: int | None = None
    for kind, begin, end in _typed_spans(packet, codec, length_size):
        if kind == 5:
            return _IDR
        if 1 <= kind <= 4:
            break
        if kind == _H264_SEI and recovery is None:
            recovery = _recovery_frame_cnt(packet[begin:end])
    return _PLAIN if recovery is None else RandomAccess(Access.RECOVERY_POINT, recovery)


def sei_messages(nal: bytes, codec: Codec) -> Iterator[tuple[int, bytes]]:
    """(payload type, payload) of each message of an SEI unit (14496-10 7.3.2.3.1; 23008-2 7.3.5)."""
    rbsp = unescape(nal)
    at = _HEADER_SIZE[codec]
    while at + 2 <= len(rbsp):
        kind, at = _sei_number(rbsp, at)
        size, at = _sei_number(rbsp, at)
        if at + size > len(rbsp):
            raise BitstreamError(f"SEI message of {size} bytes at byte {at} runs past the unit's {len(rbsp)}")
        yield kind, rbsp[at : at + size]
        at += size


def _sei_number(rbsp: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(rbsp):
        value += rbsp[at]
        at += 1
        if rbsp[at - 1] != 0xFF:
            return value, at
    raise BitstreamError("SEI header runs past the end of its unit")


def _recovery_frame_cnt(nal: bytes) -> int | None:
    try:
        for kind, payload in sei_messages(nal, "h264"):
            if kind == _RECOVERY_POINT:
                return BitReader(payload).ue()
    except BitstreamError:
        return None
    return None


def leading(packet: bytes, length_size: int) -> Leading:
    """Whether a HEVC packet is a leading picture, and of which sort (23008-2 table 7-1: types 6 to 9)."""
    for kind in nal_types(packet, "hevc", length_size):
        if kind < 32:
            return Leading.RADL if kind in (6, 7) else Leading.RASL if kind in (8, 9) else Leading.NO
    return Leading.NO


def normalised(packet: bytes, codec: Codec, length_size: int) -> list[bytes]:
    """The units that make the coded picture, in order, whatever way the container wraps them.

    Left out: `NOT_PICTURE`. Zero bytes behind a unit go too (a unit never ends in zero: 14496-10 7.4.1).
    Two packets with equal lists carry the same coded picture bit for bit.
    """
    drop = NOT_PICTURE[codec]
    units = _typed_spans(packet, codec, length_size)
    kept = (packet[begin:end] for kind, begin, end in units if kind not in drop)
    return [nal.rstrip(b"\x00") if nal.endswith(b"\x00") else nal for nal in kept]


def picture_digest(packet: bytes, codec: Codec, length_size: int, algorithm: str = "sha256") -> bytes:
    """Digest over `normalised`, each unit behind its 4-byte length, so that unit borders count as well."""
    digest = hashlib.new(algorithm)
    for nal in normalised(packet, codec, length_size):
        digest.update(len(nal).to_bytes(4, "big"))
        digest.update(nal)
    return digest.digest()
