"""Parameter sets: reading what encoders and containers write, comparing, and merging into one record."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.codec.context import Flags
from hypothesis import given
from hypothesis import strategies as st

from tests.media.bitstream_clips import CLOSED, HEIGHT, RATE, WIDTH, Coded, add_encoder, encode, picture
from workbench.media.bits import BitstreamError
from workbench.media.nal import ANNEX_B, Codec, split
from workbench.media.parameter_sets import (
    MalformedRecord,
    ParameterSetConflict,
    added,
    free_sps_pps_id,
    in_band,
    key,
    merge,
    merge_avcc,
    merge_hvcc,
    read_extradata,
    replaced,
    same,
)

H264 = encode("h264", range(5)).extradata
H264_ID3 = encode("h264", range(5), f"{CLOSED}:sps-id=3").extradata
HEVC = encode("hevc", range(5)).extradata


def test_h264_fields() -> None:
    """Size, profile, reordering and tick come out as they were asked of x264."""
    (sps,) = read_extradata(H264, "h264").h264_sps()
    assert (sps.width, sps.height, sps.profile_idc, sps.chroma_format_idc) == (WIDTH, HEIGHT, 100, 1)
    assert (sps.frame_mbs_only, sps.bit_depth_luma) == (True, 8)
    assert sps.max_num_reorder_frames == 2
    assert sps.vui.tick == Fraction(1, 2 * RATE)


def test_hevc_fields() -> None:
    """Size, profile, reordering and tick come out as they were asked of x265."""
    (sps,) = read_extradata(HEVC, "hevc").hevc_sps()
    assert (sps.width, sps.height, sps.profile_idc, sps.bit_depth_luma) == (WIDTH, HEIGHT, 1, 8)
    assert sps.max_num_reorder_pics == 2
    assert sps.vui.tick == Fraction(1, RATE)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "chroma", "depth"),
    [("h264", "yuv444p", 3, 8), ("h264", "yuv420p10le", 1, 10), ("hevc", "yuv420p10le", 1, 10)],
    ids=["h264-444", "h264-10bit", "hevc-10bit"],
)
def test_other_formats(codec: Codec, pix_fmt: str, chroma: int, depth: int) -> None:
    """Chroma format and bit depth are read, and stand in the record."""
    sets = read_extradata(encode(codec, range(2), pix_fmt=pix_fmt).extradata, codec)
    sps = sets.h264_sps()[0] if codec == "h264" else sets.hevc_sps()[0]
    assert (sps.chroma_format_idc, sps.bit_depth_luma) == (chroma, depth)
    again = read_extradata(sets.record(), codec)
    assert same(again, sets)
    assert again.length_size == 4


def test_cropped_and_interlaced_h264() -> None:
    """90 x 52 in pairs of 16 x 16 blocks: coded 96 x 64, shown 90 x 52."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 90, 52, "yuv420p", Fraction(1, 25)
    encoder.flags |= Flags.global_header
    encoder.options = {"x264-params": "log=-1:tff=1"}
    encoder.open()
    (sps,) = read_extradata(encoder.extradata, "h264").h264_sps()
    assert (sps.coded_width, sps.coded_height, sps.width, sps.height) == (96, 64, 90, 52)
    assert (sps.frame_mbs_only, sps.mb_adaptive_frame_field) == (False, True)


def muxed(folder: Path, codec: Codec) -> Path:
    """An MP4 of eight pictures: of a single one, x265 gives a decode time out of nowhere, which no muxer takes."""
    path = folder / "clip.mp4"
    with av.open(path, "w") as out:
        stream = add_encoder(out, codec)
        for number in range(8):
            out.mux(stream.encode(picture(number)))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_record_equals_ffmpegs(tmp_path: Path, codec: Codec) -> None:
    """Our record holds the sets that FFmpeg's own muxer writes, with the same profile bytes."""
    with av.open(muxed(tmp_path, codec)) as container:
        theirs = container.streams.video[0].codec_context.extradata or b""
    ours = read_extradata(theirs, codec).record()
    assert same(read_extradata(ours, codec), read_extradata(theirs, codec))
    assert ours[: 6 if codec == "h264" else 13] == theirs[: 6 if codec == "h264" else 13]


def test_sps_id_option_sets_both_ids() -> None:
    """x264's sps-id gives SPS and PPS the same id, and the PPS points at that SPS."""
    sets = read_extradata(H264_ID3, "h264")
    assert sets.ids("sps") == sets.ids("pps") == frozenset({3})


def test_free_id_skips_used_ones() -> None:
    """The number chosen is free among all sets given, SPS and PPS alike."""
    assert free_sps_pps_id(read_extradata(H264, "h264")) == 1
    merged = merge([read_extradata(H264, "h264"), read_extradata(encode_id(1), "h264")])
    assert free_sps_pps_id(merged, read_extradata(encode_id(2), "h264")) == 3


def encode_id(number: int) -> bytes:
    """Extradata of x264 with this set id."""
    return encode("h264", range(1), f"{CLOSED}:sps-id={number}").extradata


def test_merged_avcc() -> None:
    """The record of several parts has all their sets once, the highest level and four-byte lengths."""
    high = encode("h264", range(1), f"{CLOSED}:sps-id=4:level=41").extradata
    record = merge_avcc(H264, H264_ID3, high, H264_ID3)
    sets = read_extradata(record, "h264")
    assert sets.ids("sps") == sets.ids("pps") == frozenset({0, 3, 4})
    assert sets.length_size == 4
    assert record[3] == 41


def test_equal_ids_conflict() -> None:
    """Two contents under one id cannot stand in one record."""
    other = encode("h264", range(1), f"{CLOSED}:cabac=0").extradata
    with pytest.raises(ParameterSetConflict, match="pps id 0"):
        merge_avcc(H264, other)
    with pytest.raises(ParameterSetConflict):
        merge_hvcc(HEVC, encode("hevc", range(1), f"{CLOSED}:ref=1:ctu=32").extradata)


def test_bit_depths_conflict() -> None:
    """Eight and ten bit parts cannot share a record."""
    deep = encode("h264", range(1), f"{CLOSED}:sps-id=1", pix_fmt="yuv420p10le").extradata
    with pytest.raises(ParameterSetConflict, match="bit depths"):
        merge_avcc(H264, deep)


def test_in_band_repeat_and_change() -> None:
    """A repeat in band replaces nothing; another content under a known id does; a new id is an addition."""
    active = read_extradata(H264, "h264")

    def first(coded: Coded) -> bytes:
        return coded.packets[0][1]

    repeat = in_band(first(encode("h264", range(5), headers=False)), "h264", ANNEX_B)
    change = in_band(first(encode("h264", range(5), f"{CLOSED}:cabac=0", headers=False)), "h264", ANNEX_B)
    addition = in_band(first(encode("h264", range(5), f"{CLOSED}:sps-id=7", headers=False)), "h264", ANNEX_B)
    assert len(repeat.nals) == 2
    assert same(active, repeat)
    assert replaced(active, repeat) == added(active, repeat) == ()
    assert ("pps", 0) in {key(nal, "h264") for nal in replaced(active, change)}
    assert replaced(active, addition) == ()
    assert len(added(active, addition)) == 2


@pytest.mark.parametrize(
    "data", [b"", b"\1\2", b"\2" * 40, b"\1" * 30], ids=["none", "short", "version", "past"]
)
def test_unreadable_extradata(data: bytes) -> None:
    """Extradata that is no record and no Annex B is refused by name."""
    with pytest.raises(BitstreamError):
        read_extradata(data, "h264")
    with pytest.raises(MalformedRecord):
        read_extradata(b"", "hevc")


@given(st.data(), st.sampled_from([("h264", H264), ("hevc", HEVC)]))
def test_damaged_extradata_never_escapes_the_error_family(
    data: st.DataObject, kind: tuple[Codec, bytes]
) -> None:
    """Extradata with bytes changed and an end cut off is read or refused with a BitstreamError."""
    codec, good = kind
    raw = bytearray(read_extradata(good, codec).record() if data.draw(st.booleans()) else good)
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        sets = read_extradata(bytes(raw[: data.draw(st.integers(0, len(raw)))]), codec)
        merge([sets, read_extradata(good, codec)]).record()
        free_sps_pps_id(sets)
    except BitstreamError:
        pass


def test_annexb_extradata_without_sei() -> None:
    """Extradata of x265 in Annex B form gives three sets; its SEI units are left out."""
    assert len(split(HEVC, ANNEX_B)) >= 3
    assert len(read_extradata(HEVC, "hevc").nals) == 3
