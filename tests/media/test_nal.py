"""NAL units: splitting, joining, random access classes, and the proof that two packets are one picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.bitstream_clips import CLOSED, OPEN, encode
from workbench.media.bits import BitReader, BitstreamError, escape, unescape
from workbench.media.nal import (
    ANNEX_B,
    NOT_PICTURE,
    PARAMETER_SETS,
    Access,
    Codec,
    Leading,
    MalformedPacket,
    access,
    join_annexb,
    join_length_prefixed,
    leading,
    nal_types,
    normalised,
    picture_digest,
    split,
    to_length_prefixed,
)

UNIT = st.binary(min_size=2, max_size=40).map(lambda raw: escape(b"\x41" + raw) + b"\x80")


@given(st.binary(max_size=200))
def test_escape_undone(raw: bytes) -> None:
    """Escaped bytes hold no start code and come back unchanged."""
    escaped = escape(raw + b"\x80")
    assert unescape(escaped) == raw + b"\x80"
    assert all(bad not in escaped for bad in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))


@given(st.lists(UNIT, min_size=1, max_size=5))
def test_both_framings_hold_the_same_units(units: list[bytes]) -> None:
    """Units come back whole from start codes and from lengths, and convert into each other."""
    annexb, prefixed = join_annexb(units), join_length_prefixed(units)
    assert split(annexb, ANNEX_B) == split(prefixed, 4) == units
    assert to_length_prefixed(annexb, "h264", ANNEX_B) == prefixed


def test_short_start_codes_and_trailing_zeros() -> None:
    """Three-byte start codes, leading zeros and zeros behind a unit are not part of units."""
    assert split(b"\0\0\0\1\x67\x42\0\0\0\0\1\x68\1\0\0\1\x65\x80\0\0", ANNEX_B) == [
        b"\x67\x42",
        b"\x68\1",
        b"\x65\x80",
    ]


@pytest.mark.parametrize("size", [1, 2])
def test_short_lengths_become_four_bytes(size: int) -> None:
    """Lengths of one and two bytes are widened; the units stay."""
    short = b"".join(len(unit).to_bytes(size, "big") + unit for unit in (b"\x67ab", b"\x65xyz"))
    assert to_length_prefixed(short, "h264", size) == b"\0\0\0\3\x67ab\0\0\0\4\x65xyz"


@pytest.mark.parametrize(
    ("packet", "length_size"),
    [
        (b"", 4),
        (b"", ANNEX_B),
        (b"\0\0\0\5abc", 4),
        (b"\0\0", 4),
        (b"\0\0\0\0", 4),
        (b"\0\0\1", ANNEX_B),
        (b"\0\0\1\0\0\1\x65", ANNEX_B),
        (b"junk\0\0\1\x65", ANNEX_B),
        (b"no start code", ANNEX_B),
        (b"\0\0\1\x65", 3),
    ],
    ids=[
        "empty",
        "empty-b",
        "past-end",
        "half-length",
        "zero",
        "zero-b",
        "zero-mid",
        "junk",
        "none",
        "size-3",
    ],
)
def test_malformed_packets_are_named(packet: bytes, length_size: int) -> None:
    """Each way to damage a packet's framing gives MalformedPacket."""
    with pytest.raises(MalformedPacket):
        split(packet, length_size)


@given(st.binary(max_size=120), st.sampled_from([0, 1, 2, 4]), st.sampled_from(["h264", "hevc"]))
def test_random_bytes_never_escape_the_error_family(data: bytes, size: int, codec: Codec) -> None:
    """Random bytes are read or refused with a BitstreamError, by every function."""
    try:
        access(data, codec, size)
        normalised(data, codec, size)
        leading(data, size)
        to_length_prefixed(data, codec, size, drop=NOT_PICTURE[codec])
    except BitstreamError:
        pass


@given(st.data())
def test_truncated_and_mutated_packets_never_escape_the_error_family(data: st.DataObject) -> None:
    """A real packet cut short with a byte changed is read or refused with a BitstreamError."""
    packet = bytearray(PACKET)
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(packet[: data.draw(st.integers(0, len(packet)))])
    for size in (ANNEX_B, 4):
        try:
            access(cut, "h264", size)
            picture_digest(cut, "h264", size)
        except BitstreamError:
            pass


@pytest.mark.parametrize(
    ("codec", "params", "kinds"),
    [
        ("h264", CLOSED, [Access.IDR] * 3),
        ("h264", OPEN, [Access.IDR, Access.RECOVERY_POINT, Access.RECOVERY_POINT]),
        ("hevc", CLOSED, [Access.IDR_N_LP] * 3),
        ("hevc", OPEN, [Access.IDR_N_LP, Access.CRA, Access.CRA]),
    ],
    ids=["h264-closed", "h264-open", "hevc-closed", "hevc-open"],
)
def test_access_classes_of_encoders(codec: Codec, params: str, kinds: list[Access]) -> None:
    """Closed groups begin with an IDR, open ones with a recovery point or CRA, which the key flag hides."""
    found = [access(data, codec, ANNEX_B) for _, data in encode(codec, range(30), params).packets]
    assert [each.kind for each in found if each.kind is not Access.PLAIN] == kinds
    assert {each.recovery_frame_cnt for each in found} <= {None, 0}


def test_intra_refresh_counts_frames() -> None:
    """A recovery point of intra refresh says how many frames it takes to be right."""
    coded = encode("h264", range(30), "keyint=10:intra-refresh=1:bframes=0")
    counts = [access(data, "h264", ANNEX_B).recovery_frame_cnt for _, data in coded.packets]
    assert any(counts)


def test_rasl_pictures_are_told() -> None:
    """Pictures before a CRA in output and behind it in decoding are RASL, the others not leading."""
    packets = encode("hevc", range(30), OPEN).packets
    newest = -1
    for pts, data in packets:
        newest = pts if access(data, "hevc", ANNEX_B).starts_here else newest
        assert leading(data, ANNEX_B) is (Leading.RASL if pts < newest else Leading.NO)


def test_normalised_forgets_wrapping_only() -> None:
    """Delimiters, sets and framing do not count; one changed bit of a slice does."""
    wrapped = join_annexb([b"\x09\xf0", *(nal for nal in split(PACKET, ANNEX_B)), b"\x0c\xff\x80"])
    bare = to_length_prefixed(PACKET, "h264", ANNEX_B, drop=NOT_PICTURE["h264"])
    assert picture_digest(wrapped, "h264", ANNEX_B) == picture_digest(bare, "h264", 4)
    assert not PARAMETER_SETS["h264"] & set(nal_types(bare, "h264", 4))
    other = bare[:-1] + bytes([bare[-1] ^ 2])
    assert picture_digest(other, "h264", 4) != picture_digest(bare, "h264", 4)


def test_bits_past_the_end() -> None:
    """Reading past the last bit is an error, not a zero."""
    with pytest.raises(BitstreamError):
        BitReader(b"\xff", 4).u(5)


PACKET = encode("h264", range(1), headers=False).packets[0][1]
"""An IDR picture with SPS, PPS and SEI in band."""
