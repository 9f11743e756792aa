"""Coding anew: the same bytes each time, closed groups, display order, ids that the source leaves free."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.bitstream_clips import OPEN, encode
from workbench.core.errors import WorkError
from workbench.media.encode import Coded, Encoder, Picture, nearest_format, options, takes
from workbench.media.nal import Access, access
from workbench.media.parameter_sets import ParameterSets, read_extradata

BASE = Fraction(1, 1000)
CODECS = ("h264", "hevc", "av1", "mjpeg")


def shape(codec: str = "h264", **more: object) -> Picture:
    """Small pictures of 25 a second."""
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    width = 160 if codec == "av1" else 96
    given = {"width": width, "height": 96, "pix_fmt": pix_fmt, "time_base": BASE, "rate": Fraction(25), **more}
    return Picture(**given)  # type: ignore[arg-type]


def frames(picture: Picture, count: int = 12) -> list[av.VideoFrame]:
    """Pictures in which something moves."""
    out = []
    for number in range(count):
        image = (np.add.outer(np.arange(picture.height), np.arange(picture.width)) * 3 + 7 * number) % 256
        out.append(av.VideoFrame.from_ndarray(image.astype(np.uint8), format="gray").reformat(format=picture.pix_fmt))
    return out


def coded(
    codec: str, quality: int = 0, used: list[ParameterSets] | None = None, count: int = 12, step: int = 40
) -> list[Coded]:
    """A short clip, coded by a fresh encoder."""
    encoder = Encoder(shape(codec), codec, quality, used or [])
    out = [one for n, frame in enumerate(frames(shape(codec), count)) for one in encoder.encode(frame, n * step)]
    return out + encoder.finish()


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_pictures_give_the_same_bytes(codec: str) -> None:
    """Two encoders, one result."""
    assert coded(codec) == coded(codec)


@pytest.mark.parametrize("codec", CODECS)
def test_coded_order_is_display_order(codec: str) -> None:
    """No picture waits for a later one, and the first begins a group."""
    found = coded(codec)
    assert [one.pts for one in found] == [n * 40 for n in range(12)]
    assert found[0].key


@pytest.mark.parametrize("codec", CODECS)
def test_a_group_is_no_longer_than_two_seconds(codec: str) -> None:
    """Key pictures come each two seconds, so that an export can be searched."""
    found = coded(codec, quality=6, count=110)
    assert [n for n, one in enumerate(found) if one.key][:3] == ([0, 50, 100] if codec != "mjpeg" else [0, 1, 2])


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_groups_are_closed(codec: str) -> None:
    """Each key picture is an IDR, none a recovery point or CRA."""
    kinds = {access(one.data, codec, 4).kind for one in coded(codec, quality=6, count=60) if one.key}  # type: ignore[arg-type]
    assert kinds <= {Access.IDR, Access.IDR_N_LP, Access.IDR_W_RADL}


@pytest.mark.parametrize("codec", CODECS)
def test_quality_6_is_smaller_than_quality_0(codec: str) -> None:
    """The scale runs from best to smallest."""
    best, small = (sum(len(one.data) for one in coded(codec, quality)) for quality in (0, 6))
    assert small < best


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_parameter_set_ids_are_free_in_the_source(codec: str) -> None:
    """Both sets can stand in one record."""
    source = read_extradata(encode(codec, range(3)).extradata, codec)  # type: ignore[arg-type]
    ours = Encoder(shape(), codec, 0, [source]).sets
    assert ours is not None
    for kind in ("sps", "pps"):
        assert not ours.ids(kind) & source.ids(kind)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="only there the encoder asks for it")
def test_no_encoder_takes_the_machine() -> None:
    """No thread is real-time while an AV1 encoder is open, nor behind it; as root SVT-AV1 would make all of them so."""
    if os.geteuid():
        pytest.skip("only root is given it")
    encoder = Encoder(shape("av1"), "av1", 0, [])
    encoder.encode(frames(shape("av1"), 1)[0], 0)
    found = {
        os.sched_getscheduler(thread) for thread in map(int, (path.name for path in Path("/proc/self/task").iterdir()))
    }
    assert found == {os.SCHED_OTHER}


def test_all_ids_taken_is_an_error() -> None:
    """A source that leaves no id free cannot be joined to."""
    taken = [read_extradata(encode("h264", range(1), f"sps-id={n}").extradata, "h264") for n in range(32)]
    with pytest.raises(WorkError, match="all 32"):
        Encoder(shape(), "h264", 0, taken)


@pytest.mark.parametrize(("params", "depth"), [("bframes=0", 0), (OPEN, 2)], ids=["plain", "reordered"])
def test_our_declared_reordering_is_the_sources(params: str, depth: int) -> None:
    """FFmpeg drops pictures behind a joint where the declared depth rises, so ours says as much and uses none."""
    source = read_extradata(encode("h264", range(4), params).extradata, "h264")
    assert max(sps.max_num_reorder_frames or 0 for sps in source.h264_sps()) == depth
    encoder = Encoder(shape(), "h264", 0, [source])
    assert encoder.sets is not None
    assert max(sps.max_num_reorder_frames or 0 for sps in encoder.sets.h264_sps()) >= depth
    assert [one.pts for one in coded("h264", used=[source])] == [n * 40 for n in range(12)]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_packets_carry_no_parameter_sets(codec: str) -> None:
    """They stand in the record; a packet holds pictures, in lengths of four bytes."""
    for one in coded(codec):
        at = 0
        while at < len(one.data):
            size = int.from_bytes(one.data[at : at + 4], "big")
            kind = one.data[at + 4] & 31 if codec == "h264" else one.data[at + 4] >> 1 & 63
            assert kind not in ((7, 8, 9) if codec == "h264" else (32, 33, 34, 35))
            at += 4 + size
        assert at == len(one.data)


@pytest.mark.parametrize("codec", CODECS)
def test_every_setting_is_recorded(codec: str) -> None:
    """Encoder, threads, size and each option, for the record of the export."""
    said = Encoder(shape(codec), codec, 2).describe()
    assert said["threads"] == "4" and said["size"].endswith("x96")
    assert options(codec, 2, shape(codec)).items() <= said.items()


def test_a_picture_of_another_size_is_refused() -> None:
    """Nothing is rescaled in silence."""
    other = frames(shape(width=64))[0]
    with pytest.raises(WorkError, match="64×96"):
        Encoder(shape(), "h264", 0).encode(other, 0)


def test_a_size_that_the_encoder_cannot_take_is_our_error() -> None:
    """Its reason comes through as a WorkError."""
    with pytest.raises(WorkError, match="refuses"):
        Encoder(shape(width=97, height=95), "h264", 0)


@pytest.mark.parametrize(
    ("codec", "given", "kept"),
    [
        ("h264", "yuv420p", "yuv420p"),
        ("h264", "yuvj420p", "yuvj420p"),
        ("h264", "yuv422p10le", "yuv422p10le"),
        ("h264", "yuv420p12le", "yuv420p10le"),
        ("h264", "rgb24", "yuv444p"),
        ("h264", "pal8", "yuv420p"),
        ("hevc", "yuv420p10le", "yuv420p10le"),
        ("mjpeg", "yuv422p", "yuvj422p"),
        ("mjpeg", "rgb24", "yuvj444p"),
        ("av1", "yuv444p", "yuv420p"),
    ],
)
def test_the_nearest_format_keeps_the_most(codec: str, given: str, kept: str) -> None:
    """Chroma and depth stay where the encoder has them, and what comes out is taken by it."""
    assert nearest_format(codec, given) == kept
    assert takes(codec, kept)


def test_a_coding_without_encoder_takes_nothing() -> None:
    """MPEG-2 is read and copied, never written."""
    assert not takes("mpeg2video", "yuv420p")
