"""Rewriting parameter set ids of our own HEVC parts, and CRA into BLA."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.bitstream_clips import CLOSED, OPEN, Coded, encode, read_number
from workbench.media.bits import BitstreamError, unescape
from workbench.media.hevc_ids import (
    HevcIds,
    RewriteError,
    assign_ids,
    cra_to_bla,
    rewrite_packet,
    rewrite_sets,
)
from workbench.media.nal import ANNEX_B, Access, access, join_annexb, nal_type, split
from workbench.media.parameter_sets import merge, read_extradata
from workbench.media.sps_hevc import HevcSps

CODED = encode("hevc", range(10), f"{CLOSED}:slices=2")
SETS = read_extradata(CODED.extradata, "hevc")
IDS = HevcIds(vps=1, sps=2, pps=17)


def numbers(extradata: bytes, packets: list[bytes]) -> list[int]:
    """The numbers of the pictures, decoded by PyAV."""
    decoder = av.CodecContext.create("hevc", "r")
    decoder.extradata = extradata
    frames = [frame for data in packets for frame in decoder.decode(av.Packet(data))] + decoder.decode(None)
    return [read_number(frame) for frame in frames]


@pytest.mark.parametrize("pps", [15, 16, 23, 30])
def test_rewritten_stream_decodes_alike(pps: int) -> None:
    """Under new ids the same pictures are decoded, several slices a picture included."""
    ids = HevcIds(vps=3, sps=4, pps=pps)
    sets = rewrite_sets(SETS, ids)
    packets = [rewrite_packet(data, ANNEX_B, ids) for _, data in CODED.packets]
    assert numbers(sets.record(), packets) == list(range(10))
    assert sets.by_key().keys() == {("vps", 3), ("sps", 4), ("pps", pps)}
    assert sets.hevc_sps()[0].vps_id == 3


def test_slices_grow_by_one_byte() -> None:
    """Each slice is one byte longer unescaped, and its bytes behind the changed two are the same."""
    for _, data in CODED.packets:
        before = [nal for nal in split(data, ANNEX_B) if nal_type(nal, "hevc") < 32]
        after = [nal for nal in split(rewrite_packet(data, ANNEX_B, IDS), 4) if nal_type(nal, "hevc") < 32]
        assert len(before) == len(after)
        for old, new in zip(map(unescape, before), map(unescape, after), strict=True):
            assert old[:2] == new[:2]
            assert old[3:] == new[4:]


def test_only_ids_change_in_sets() -> None:
    """A rewritten SPS says the same as before but for its ids."""
    (old,), (new,) = SETS.hevc_sps(), rewrite_sets(SETS, IDS).hevc_sps()
    assert (new.id, new.vps_id) == (2, 1)
    assert {**fields(old), "id": 2, "vps_id": 1} == fields(new)


def fields(sps: HevcSps) -> dict[str, object]:
    """An SPS as a dict."""
    return {field.name: getattr(sps, field.name) for field in dataclasses.fields(sps)}


def test_equal_parts_share_ids() -> None:
    """Parts with equal sets get one target, others a free one; the source's ids are avoided."""
    other = read_extradata(encode("hevc", range(2), f"{CLOSED}:ctu=32").extradata, "hevc")
    source = rewrite_sets(SETS, HevcIds(vps=1, sps=1, pps=15))
    ids = assign_ids([source], [SETS, other, SETS])
    assert ids == [HevcIds(2, 2, 16), HevcIds(3, 3, 17), HevcIds(2, 2, 16)]
    parts = [rewrite_sets(part, to) for part, to in zip([SETS, other, SETS], ids, strict=True)]
    assert merge([source, *parts]).ids("pps") == {15, 16, 17}


def test_too_many_parts() -> None:
    """When no id is left the error says so."""
    taken = [rewrite_sets(SETS, HevcIds(vps=n % 16, sps=n % 16, pps=15 + n % 16)) for n in range(16)]
    with pytest.raises(RewriteError, match="no free"):
        assign_ids(taken, [SETS])


def test_foreign_bitstreams_are_refused() -> None:
    """Ids other than 0 mean that the stream is not of our encoder: refused, not damaged."""
    with pytest.raises(RewriteError):
        rewrite_sets(rewrite_sets(SETS, IDS), IDS)
    with pytest.raises(RewriteError):
        rewrite_packet(rewrite_packet(CODED.packets[0][1], ANNEX_B, IDS), 4, IDS)
    with pytest.raises(RewriteError):
        HevcIds(vps=1, sps=1, pps=14)


def test_hrd_is_refused() -> None:
    """A buffering period SEI names an SPS id, so a part with HRD is not rewritten."""
    hrd = encode("hevc", range(2), f"{CLOSED}:hrd=1:vbv-maxrate=500:vbv-bufsize=500")
    with pytest.raises(RewriteError, match="buffering period"):
        rewrite_packet(hrd.packets[0][1], ANNEX_B, IDS)


def first_cra(coded: Coded) -> bytes:
    """The first packet that is a CRA picture."""
    return next(data for _, data in coded.packets if access(data, "hevc", ANNEX_B).kind is Access.CRA)


@pytest.mark.parametrize(
    ("radl", "kind"), [(False, Access.BLA_N_LP), (True, Access.BLA_W_RADL)], ids=["n", "radl"]
)
def test_cra_becomes_bla(radl: bool, kind: Access) -> None:
    """Only the type in the slice's NAL header changes."""
    cra = first_cra(encode("hevc", range(20), OPEN))
    bla = cra_to_bla(cra, ANNEX_B, radl_follow=radl)
    assert access(bla, "hevc", 4).kind is kind
    changed = [(a, b) for a, b in zip(split(cra, ANNEX_B), split(bla, 4), strict=True) if a != b]
    assert [(a[0] & 0x81, a[1:]) for a, _ in changed] == [(b[0] & 0x81, b[1:]) for _, b in changed]


def test_no_cra_no_bla() -> None:
    """A packet without a CRA picture is refused."""
    with pytest.raises(RewriteError):
        cra_to_bla(CODED.packets[0][1], ANNEX_B)


@given(st.data())
def test_damaged_packets_never_escape_the_error_family(data: st.DataObject) -> None:
    """A packet or set with a byte changed and cut short is rewritten or refused with a BitstreamError."""
    raw = bytearray(join_annexb(SETS.nals) + CODED.packets[0][1][:200])
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for attempt in (
        lambda: rewrite_packet(cut, ANNEX_B, IDS),
        lambda: rewrite_sets(read_extradata(cut, "hevc"), IDS),
        lambda: cra_to_bla(cut, ANNEX_B),
    ):
        with suppress(BitstreamError):
            attempt()
