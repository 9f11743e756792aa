"""Each witness of a loss speaks where something is missing, and none where nothing is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.made_up import Group, facts, index_of, rows_of
from tests.truth import Clip, make
from workbench.media import losses
from workbench.media.index import scan

PACKET = 188
CLEAN = [
    Clip(name="loss-mp4", frames=60, bframes=2),
    Clip(name="loss-fragments", frames=60, mux=(("movflags", "frag_keyframe+empty_moov"),)),
    Clip(name="loss-vfr", frames=60, vfr=True, container="mkv"),
    Clip(name="loss-mkv-start", frames=60, container="mkv", start=Fraction(5)),
    Clip(name="loss-ts", frames=60, bframes=2, container="ts"),
    Clip(name="loss-ts-start", frames=60, container="ts", start=Fraction(3600)),
    Clip(name="loss-sound", frames=60, container="ts", audio=True),
    Clip(name="loss-avi", codec="mjpeg", pix_fmt="yuvj420p", container="avi", frames=60),
    Clip(name="loss-hevc", codec="libx265", container="mkv", frames=60, options=(("x265-params", "log-level=error"),)),
]


@pytest.mark.parametrize("clip", CLEAN, ids=lambda clip: clip.name)
def test_a_sound_recording_has_no_loss(clip: Clip) -> None:
    """Nothing is missing, no witness says so."""
    assert witnesses(make(clip)) == []


def test_a_recording_that_carries_no_count_says_so() -> None:
    """What cannot be verified never looks as if it had been."""
    (loss,) = scan(make(CLEAN[4])).losses
    assert loss.witness == "nobody" and "cannot be verified" in loss.text and loss.frames is None


def witnesses(path: Path) -> list[str]:
    """Who says that something is missing; that nobody can tell is no loss."""
    return [loss.witness for loss in scan(path).losses if loss.witness != "nobody"]


@pytest.fixture
def ts(tmp_path: Path) -> tuple[Path, bytearray]:
    """A place for a damaged transport stream, and the bytes of a sound one."""
    return tmp_path / "a.ts", bytearray(make(CLEAN[4]).read_bytes())


def pids(data: bytes) -> list[int]:
    """The PID of each packet of a transport stream."""
    return [(data[at + 1] & 0x1F) << 8 | data[at + 2] for at in range(0, len(data), PACKET)]


def video_packets(data: bytes) -> list[int]:
    """Numbers of the packets with video in them."""
    found = pids(data)
    return [n for n, pid in enumerate(found) if pid == max(set(found), key=found.count)]


def found(path: Path, data: bytes) -> list[str]:
    """What the continuity counters of `data` say."""
    path.write_bytes(data)
    return [loss.text for loss in losses.transport(path, facts(container="mpegts"))]


def test_a_dropped_transport_packet_breaks_the_counter(ts: tuple[Path, bytearray]) -> None:
    """One packet less is one break, found in the index as well."""
    path, data = ts
    at = video_packets(data)[40] * PACKET
    assert found(path, data[:at] + data[at + PACKET :]) == [
        "the transport stream's continuity counter breaks 1 times: data is missing"
    ]
    assert "continuity counter" in witnesses(path)


def test_breaks_are_counted_across_blocks_of_reading(ts: tuple[Path, bytearray]) -> None:
    """Twelve megabytes of stuffing between two packets change nothing for their counters."""
    path, data = ts
    at = video_packets(data)[40] * PACKET
    stuffing = (b"\x47\x1f\xff\x10" + bytes(184)) * 65_536
    assert found(path, data[:at] + stuffing + data[at:]) == []
    assert "breaks 1 times" in found(path, data[:at] + stuffing + data[at + PACKET :])[0]


def test_a_repeated_transport_packet_is_allowed(ts: tuple[Path, bytearray]) -> None:
    """The standard lets a packet be sent twice."""
    path, data = ts
    at = video_packets(data)[40] * PACKET
    assert found(path, data[: at + PACKET] + data[at:]) == []


def test_a_marked_transport_error_is_told(ts: tuple[Path, bytearray]) -> None:
    """The transport error indicator, and a lost sync byte, count as damage."""
    path, data = ts
    first, second = (video_packets(data)[n] * PACKET for n in (20, 30))
    data[first + 1] |= 0x80
    data[second] = 0
    assert "2 transport packets are marked or found damaged" in found(path, data)


def test_a_stream_that_begins_inside_a_packet_is_aligned(ts: tuple[Path, bytearray]) -> None:
    """Bytes before the first whole packet are passed over, as in a recording of a running stream."""
    path, data = ts
    assert found(path, data[100:]) == []


def test_an_mp4_with_fewer_samples_than_declared_says_so(tmp_path: Path) -> None:
    """A file cut short behind its index declares more than it holds."""
    path = tmp_path / "a.mp4"
    whole = make(Clip(name="loss-faststart", frames=60, mux=(("movflags", "faststart"),))).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    index = scan(path)
    (loss,) = [loss for loss in index.losses if loss.at_end]
    assert loss.witness == "container" and loss.frames == 60 - len(index.rows) > 0


def test_a_truncated_mkv_says_how_much_is_missing(tmp_path: Path) -> None:
    """The declared duration is longer than what the pictures fill."""
    path = tmp_path / "a.mkv"
    whole = make(Clip(name="loss-mkv", container="mkv", frames=100)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    index = scan(path)
    (loss,) = [loss for loss in index.losses if loss.at_end]
    assert abs((loss.frames or 0) + len(index.rows) - 100) <= 1


@pytest.mark.parametrize(
    ("seconds", "lost"), [(0.52, None), (0.6, None), (0.72, 5), (2.52, 50), (143_165.0, None)], ids=str
)
def test_a_declared_duration_counts_from_three_pictures_on(seconds: float, lost: int | None) -> None:
    """Rounding is no loss, and a claim of days for half a second proves nothing."""
    about = facts(container="matroska,webm", declared_seconds=seconds)
    found = losses.declared(index_of(rows_of([Group()]), facts=about))
    assert [loss.frames for loss in found] == ([] if lost is None else [lost])


def test_a_declared_count_is_compared_with_packets_not_pictures() -> None:
    """Hidden pictures are there: they are not missing."""
    rows = rows_of([Group()])
    rows["flags"][3:5] = 1
    assert losses.declared(index_of(rows, facts=facts(declared_frames=13))) == []


def test_a_declared_duration_means_nothing_to_laid_times() -> None:
    """Where we laid the times ourselves the container's duration is no witness."""
    about = replace(facts(container="avi"), declared_seconds=5.0)
    assert losses.declared(index_of(rows_of([Group()]), facts=about, timing="decoder")) == []
