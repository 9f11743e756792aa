"""Measuring a finished file: a wrong one is found, a right one is said to be right and by what."""

from __future__ import annotations

import hashlib
from array import array
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.truth import Clip, make
from workbench.core.errors import WorkError
from workbench.media.coded import payload_digest
from workbench.media.index import scan_rows
from workbench.media.job import _compare_times
from workbench.media.measure import Measured, decode_again, library_versions, measure, sha256
from workbench.media.recording import Recording
from workbench.media.writer import Written

CLIP = Clip(name="measured", frames=40, gop=10)


def digests(path: Path) -> list[bytes]:
    """What `measure` is told to expect of a right file."""
    with av.open(str(path)) as box:
        return [payload_digest(bytes(packet), "h264", 4) for packet in box.demux(video=0) if packet.size]


def rewritten(path: Path, change: Any) -> Path:
    """The clip muxed again with its packets (data, pts, key) changed."""
    with av.open(str(make(CLIP))) as box, av.open(str(path), "w") as out:
        pattern = box.streams.video[0]
        stream = out.add_stream_from_template(pattern)
        packets = [(bytes(p), p.pts, p.is_keyframe) for p in box.demux(pattern) if p.size]
        for data, pts, key in change(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, pattern.time_base, key
            packet.pts = packet.dts = pts
            out.mux(packet)
    return path


def finished(path: Path) -> Recording:
    """A file as the engine reads what it made."""
    return Recording(path.name, path, scan_rows(path), 0)


def look(path: Path, wanted: list[bytes]) -> Measured:
    """Measure."""
    return measure(finished(path), "h264", wanted, lambda done: None)


def test_a_right_file_passes_and_says_what_was_checked() -> None:
    """Counts and the proof of copies stand in the checks; every picture decodes."""
    path = make(CLIP)
    found = look(path, digests(path))
    assert (found.problems, found.shown, found.contained) == ([], 40, 40)
    assert found.checks == ["40 copied pictures: normalised NAL units equal to the source's"]
    assert decode_again(finished(path), lambda done: None) == []


def test_a_missing_picture_is_found(tmp_path: Path) -> None:
    """One packet less than was written."""
    path = rewritten(tmp_path / "a.mp4", lambda packets: packets[:-1])
    assert "39 pictures, 40 were written" in " ".join(look(path, digests(make(CLIP))).problems)


def test_an_exchanged_picture_is_found(tmp_path: Path) -> None:
    """Two pictures in each other's place are not the ones that were copied."""

    def exchange(packets: list[Any]) -> list[Any]:
        (a, at, key), (b, behind, other) = packets[4:6]
        return [*packets[:4], (b, at, key), (a, behind, other), *packets[6:]]

    found = look(rewritten(tmp_path / "a.mp4", exchange), digests(make(CLIP)))
    assert sum("is not the one that was copied" in problem for problem in found.problems) == 2


def test_a_changed_byte_in_a_copied_picture_is_found(tmp_path: Path) -> None:
    """One bit in one packet."""

    def flip(packets: list[Any]) -> list[Any]:
        data, pts, key = packets[7]
        return [*packets[:7], (data[:-1] + bytes([data[-1] ^ 1]), pts, key), *packets[8:]]

    found = look(rewritten(tmp_path / "a.mp4", flip), digests(make(CLIP)))
    assert "picture 7 of a.mp4 is not the one that was copied" in found.problems
    assert not any("copied pictures" in check for check in found.checks)


def test_pictures_that_do_not_decode_are_found(tmp_path: Path) -> None:
    """Pictures of which a decoder makes nothing are named by their place."""
    empty = b"\0\0\0\1\t"
    path = rewritten(tmp_path / "a.mp4", lambda packets: [*packets[:4], (empty, *packets[4][1:]), *packets[5:9]])
    assert decode_again(finished(path), lambda done: None) == [4]


def test_nothing_is_claimed_of_pictures_without_a_digest() -> None:
    """Re-encoded pictures are counted, not compared."""
    found = look(make(CLIP), [b""] * 40)
    assert found.problems == [] and found.checks == []


def compared(ticks: list[int], meant: list[int], base: Fraction = Fraction(1, 1000)) -> Measured:
    """The verdict on a file's times."""
    found = Measured(ticks=np.array(ticks, np.int64), time_base=base)
    written = Written(Path("a.mp4"), "h264", Fraction(1, 1000), 0, 0, 1, ticks=array("q", meant))
    _compare_times(found, written)
    return found


@pytest.mark.parametrize(
    ("ticks", "right"),
    [([0, 40, 80], True), ([7, 47, 87], True), ([80, 0, 40], True), ([0, 42, 80], False), ([0, 40, 120], False)],
    ids=["same", "other start", "decode order", "one shifted", "last shifted"],
)
def test_a_shifted_time_is_found(ticks: list[int], right: bool) -> None:
    """Each picture stands at the time meant, from the file's first picture."""
    found = compared(ticks, [0, 40, 80])
    assert (found.problems == []) is right and bool(found.checks) is right


def test_a_time_may_differ_by_the_containers_tick() -> None:
    """A container with coarser ticks rounds, and no more."""
    assert compared([0, 4, 8], [0, 44, 80], Fraction(1, 100)).problems == []
    assert compared([0, 6, 8], [0, 44, 80], Fraction(1, 100)).problems != []


def test_the_hash_is_the_files(tmp_path: Path) -> None:
    """SHA-256 in hexadecimal, in blocks; an unreadable file is our error."""
    path = tmp_path / "a"
    path.write_bytes(bytes(3_000_000) + b"x")
    told: list[int] = []
    assert sha256(path, told.append) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told[-1] == 3_000_001
    with pytest.raises(WorkError, match="cannot be read"):
        sha256(tmp_path / "none")


def test_versions_name_what_did_the_work() -> None:
    """PyAV and the libraries inside it."""
    assert {"pyav", "ffmpeg", "libavcodec", "libavformat"} <= library_versions().keys()
