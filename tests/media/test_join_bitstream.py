"""End to end: copied groups around a re-encoded one, under one configuration record, read by two decoders."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.media.bitstream_clips import CLOSED, OPEN, Coded, encode, mux, numbers_shown, read_clip, write_clip
from workbench.media.hevc_ids import assign_ids, cra_to_bla, rewrite_packet, rewrite_sets
from workbench.media.nal import (
    ANNEX_B,
    NOT_PICTURE,
    Access,
    Codec,
    Leading,
    access,
    leading,
    normalised,
    to_length_prefixed,
)
from workbench.media.parameter_sets import free_sps_pps_id, merge, read_extradata

Packets = list[tuple[int, bytes]]


def reencode(codec: Codec, source: Coded, numbers: range, params: str = CLOSED) -> tuple[bytes, Packets]:
    """Code `numbers` anew beside `source`: the record for both, and the new packets with their own ids."""
    theirs = read_extradata(source.extradata, codec)
    if codec == "h264":
        coded = encode(codec, numbers, f"{params}:sps-id={free_sps_pps_id(theirs)}")
        ours = read_extradata(coded.extradata, codec)
        packets = [
            (p, to_length_prefixed(d, codec, ANNEX_B, drop=NOT_PICTURE[codec])) for p, d in coded.packets
        ]
        return merge([theirs, ours]).record(), packets
    coded = encode(codec, numbers, params)
    ours = read_extradata(coded.extradata, codec)
    (ids,) = assign_ids([theirs], [ours])
    return merge([theirs, rewrite_sets(ours, ids)]).record(), [
        (pts, rewrite_packet(data, ANNEX_B, ids)) for pts, data in coded.packets
    ]


def read_by_old_ffmpeg(path: Path) -> tuple[str, int]:
    """What ffmpeg complains about, and how many pictures it decodes; skips where there is no ffmpeg."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg command on this machine: the second decoder was not asked")
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "framemd5", "-fps_mode", "passthrough", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr, sum(not line.startswith("#") for line in done.stdout.splitlines())


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_reencoded_group_between_copied_ones(tmp_path: Path, codec: Codec, suffix: str) -> None:
    """Copy, re-encode, copy under one record shows every picture once, in order, in both decoders."""
    source = write_clip(tmp_path / "source.mp4", codec, range(30))
    record, middle = reencode(codec, source, range(10, 20))
    first, last = source.packets[:10], source.packets[20:]
    assert access(last[0][1], codec, 4).starts_here

    joined = tmp_path / f"joined{suffix}"
    mux(joined, codec, record, [*first, *middle, *last])

    assert numbers_shown(joined) == list(range(30))
    assert read_by_old_ffmpeg(joined) == ("", 30)
    written = read_clip(joined)
    assert read_extradata(written.extradata, codec).by_key() == read_extradata(record, codec).by_key()
    assert [data for _, data in written.packets] == [data for _, data in [*first, *middle, *last]]


def test_open_gop_behind_a_reencoded_part(tmp_path: Path) -> None:
    """A HEVC CRA turned into BLA, its RASL pictures left out, is a sound joint in both decoders."""
    source = write_clip(tmp_path / "source.mp4", "hevc", range(30), OPEN)
    entry = next(
        at for at, (p, d) in enumerate(source.packets) if p and access(d, "hevc", 4).kind is Access.CRA
    )
    head = source.packets[:4]
    pts, cra = source.packets[entry]
    tail = [item for item in source.packets[entry + 1 :] if item[0] > pts]
    assert all(leading(data, 4) is Leading.RASL for p, data in source.packets[entry:] if p < pts)
    assert sorted(p for p, _ in head) == [0, 1, 2, 3]

    record, middle = reencode("hevc", source, range(4, pts), "keyint=100:bframes=0")
    joined = tmp_path / "joined.mp4"
    mux(joined, "hevc", record, [*head, *middle, (pts, cra_to_bla(cra, 4)), *tail])

    assert numbers_shown(joined) == list(range(30))
    assert read_by_old_ffmpeg(joined) == ("", 30)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_copied_packets_stay_the_same_picture(tmp_path: Path, codec: Codec) -> None:
    """A packet from Annex B with sets in band and its copy in MP4 form have the same normalised units."""
    coded = encode(codec, range(10), CLOSED, headers=False)
    for _, data in coded.packets:
        copy = to_length_prefixed(data, codec, ANNEX_B, drop=NOT_PICTURE[codec])
        assert normalised(copy, codec, 4) == normalised(data, codec, ANNEX_B)
