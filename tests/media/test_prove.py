"""Parts of proving an export: likeness, accounts, what a finished file carries, whether two files show the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.evidence.forged import Planes, coded, decoded, muxed
from tests.ranges import CLIPS
from tests.truth import Clip, make
from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, Range
from workbench.media import likeness
from workbench.media.account import COPIED, Account, Pictures, without_silent
from workbench.media.carried import carried, foreign_sets, wanted_digest
from workbench.media.index import scan, scan_rows
from workbench.media.likeness import Picture, Region
from workbench.media.notes import MOST, Notes
from workbench.media.prove import same_frames
from workbench.media.prove_file import FileProof
from workbench.media.rebuilt import Rebuilder
from workbench.media.recording import Recording
from workbench.media.sameness import pixels
from workbench.media.steadiness import Steadiness

BASE = Clip(name="prove", frames=60, bframes=2, options=(("preset", "veryfast"),))
Claim = dict[str, Any]


def silent(message: dict[str, Any]) -> None:
    """Nobody watches."""


def recording(clip: Clip = BASE, zero: int = 0) -> Recording:
    """A truth clip, indexed."""
    path = make(clip)
    return Recording("cam/a", path, scan(path), zero)


def claim(of: Recording, low: int, high: int, **other: Any) -> Claim:
    """What a record would say of the ranks [low, high)."""
    pts, us = of.pts[[low, high - 1]].tolist(), of.us[[low, high - 1]].tolist()
    told = {"first_pts": pts[0], "last_pts": pts[1], "first": us[0], "last": us[1], "proof": ""}
    return {"file": of.name, "fate": "copied", "frames": high - low, **told, **other}


def picture(luma: Any) -> Picture:
    """A picture with that luma and colourless chroma."""
    luma = np.asarray(luma, np.float32)
    flat = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.float32)
    return Picture("yuv420p", (luma, flat, flat))


def noise(seed: int, spread: float) -> Any:
    """Luma of gray with noise."""
    return 128 + np.random.default_rng(seed).normal(0, spread, (64, 96))


def test_psnr_is_that_of_the_worst_plane() -> None:
    """Equal pictures have `SAME`; an error of one level everywhere has 48.13 dB."""
    one = picture(np.full((64, 96), 100.0))
    assert likeness.compare(one, one).psnr == likeness.SAME
    assert likeness.compare(one, picture(np.full((64, 96), 101.0))).psnr == pytest.approx(48.13, abs=0.01)


def test_a_small_object_shows_in_its_square() -> None:
    """An object of 16×16 samples that is not there hardly moves the PSNR, and stands out in its square."""
    luma = np.full((480, 640), 100.0)
    luma[32:48, 64:80] = 160
    seen = likeness.compare(picture(np.full((480, 640), 100.0)), picture(luma))
    assert seen.psnr > 35 and seen.square == 60 and seen.at == (32, 64)


def test_a_neighbour_is_told_from_the_picture_itself() -> None:
    """Coded with some noise, a moved object is nearer to where it was coded from."""
    here, there = np.full((64, 96), 60.0), np.full((64, 96), 60.0)
    here[20:40, 20:40], there[20:40, 26:46] = 200, 200
    error = noise(1, 6) - 128
    own, other = picture(here), picture(there)
    assert likeness.swapped(own, picture(there + error), other)
    assert not likeness.swapped(own, picture(here + error), other)
    assert not likeness.swapped(own, picture(here + error), own)


@pytest.mark.parametrize(("slip", "shown"), [(0, 0), (1, 16), (2, 32), (4, 64)])
def test_what_shows_through_is_counted(slip: int, shown: int) -> None:
    """A cover that slips by n columns shows n times 16 samples in the worst square."""
    beneath = np.full((64, 96), 180.0)
    covered, found = beneath.copy(), beneath.copy()
    covered[16:48, 16:64] = 16
    found[16:48, 16 + slip : 64] = 16
    bits = np.zeros((64, 96), bool)
    bits[16:48, 16:64] = True
    assert likeness.shows(picture(covered), picture(found), picture(beneath), Region(bits)) == (shown, 0)


def test_honest_coding_stays_within_the_bounds() -> None:
    """What the table in `likeness` measured lies within the bounds it gives."""
    assert all(a >= b for a, b in zip(likeness.PSNR_LEAST, likeness.PSNR_LEAST[1:], strict=False))
    measured = (
        (30.5, 31.0, 29.2, 27.1, 23.3, 19.5, 14.5),
        (4.0, 4.1, 4.3, 4.6, 5.1, 9.8, 16.4),
        (1, 2, 2, 4, 4, 8, 15),
    )
    bounds = zip(likeness.PSNR_LEAST, likeness.SQUARE_MOST, likeness.SHOWS_MOST, *measured, strict=True)
    assert all(p < mp and s > ms and n > mn for p, s, n, mp, ms, mn in bounds)


def test_an_account_names_what_the_recording_does_not_bear_out() -> None:
    """PTS that are none, counts that are wrong, frames told twice, instants that are others: each a fault."""
    of = recording()
    good = claim(of, 0, 20)
    assert not Account([good, claim(of, 20, 60)], {of.name: of}).faults
    bent: list[Claim] = [
        {**good, "first_pts": 1},
        {**good, "frames": 19},
        {**good, "last": good["last"] + 1},
        {**good, "file": "cam/b"},
        {**good, "last_pts": None},
    ]
    assert [len(Account([one], {of.name: of}).faults) for one in bent] == [1] * 5
    assert len(Account([good, claim(of, 19, 30)], {of.name: of}).faults) == 1
    assert Account([good, claim(of, 30, 40)], {of.name: of}).holes()[0].found == "nothing is told of 10 frames"


def test_pauses_are_taken_out_where_recordings_are_joined() -> None:
    """Collapsed, the second recording begins where the last picture of the first ends; kept, where it began."""
    one, other = recording(), recording(zero=10_000_000)
    other.name = "cam/b"
    account = Account([claim(one, 50, 60), claim(other, 0, 10)], {"cam/a": one, "cam/b": other})
    pictures = account.sequence()
    assert account.laid(pictures, collapse=False, slot=0)[10] == 10_000_000
    assert account.laid(pictures, collapse=True, slot=0)[10] == 60 * 40_000


def test_what_is_declared_and_missing_is_worked_out_again() -> None:
    """A loss that a recording does not declare is refuted; one that it does must be told."""
    of = recording()
    spec = ExportSpec(source="cam", begin=Offset(0), end=Offset(9_000_000), format="mp4")
    lost = {**claim(of, 0, 1), "fate": "missing", "first_pts": None, "last_pts": None}
    rest, faults = without_silent([claim(of, 0, 60), lost], [of], spec, Range(0, 9_000_000))
    assert rest == [claim(of, 0, 60)] and [f.found for f in faults] == ["1 missing"]


def columns(of: Recording, low: int, high: int) -> Pictures:
    """The ranks [low, high) as copied pictures."""
    ranks = np.arange(low, high)
    number = np.zeros(len(ranks), np.int32)
    return Pictures((of,), number, ranks, of.us[low:high], np.full(len(ranks), COPIED, np.uint8))


def finished(path: Path) -> Recording:
    """A finished file."""
    return Recording(path.name, path, scan_rows(path), 0)


@pytest.mark.parametrize("name", ["h264-b", "h265-open", "h264-ts", "mpeg4-b", "av1"])
def test_packets_are_equal_however_they_are_wrapped(name: str, tmp_path: Path) -> None:
    """The digests of a recording and of the same packets in Matroska are equal, and the parameter sets are there."""
    of = recording(CLIPS[name][0])
    out = finished(muxed(of.path, tmp_path / "x.mkv", lambda n, data: data))
    wanted = wanted_digest(columns(of, 0, len(of.pts)), lambda at: None)
    found = {row: (digest, extra) for row, digest, extra in carried(out, out.shown)}
    assert [found[row][0] for row in out.shown.tolist()] == wanted
    assert not any(extra for _, extra in found.values()) or name == "h264-ts"
    assert foreign_sets(columns(of, 0, 10), out) == ""


def test_parameter_sets_that_are_others_are_found(tmp_path: Path) -> None:
    """Pictures under other parameter sets decode to others: the header's must be the source's."""
    of = recording()
    other = finished(coded(of.path, tmp_path / "x.mp4", decoded(of.path)[:10]))
    assert "of cam/a is another" in foreign_sets(columns(of, 0, 10), other)


def test_parameter_sets_inside_a_packet_are_found(tmp_path: Path) -> None:
    """A packet that brings a parameter set of its own is not the source's, though its digest is."""
    of = recording()
    pps = bytes([0x68, 0xEB, 0xEC, 0xB2, 0x2C])
    evil = muxed(
        of.path, tmp_path / "x.mkv", lambda n, data: len(pps).to_bytes(4, "big") + pps + data if n == 5 else data
    )
    out = finished(evil)
    found = {row: (digest, extra) for row, digest, extra in carried(out, out.shown)}
    honest = {row: digest for row, digest, _ in carried(finished(of.path), of.shown)}
    assert {row for row, (_, extra) in found.items() if extra} == {5} and found[5][0] == honest[5]


def file_proof(path: Path, of: Recording, **told: Any) -> list[dict[str, str]]:
    """What is said of a file that should hold all of a recording, copied."""
    spec, notes, out = ExportSpec(source="c", begin=Offset(0), end=Offset(9), format="mp4"), Notes(), finished(path)
    pictures = columns(of, 0, len(of.pts))
    counts = {"shown": len(of.pts), "contained": len(of.pts), **told}
    rebuilder = Rebuilder(spec, (), lambda us: "")
    FileProof("x", counts, out, pictures, of.us, spec, rebuilder, notes, lambda at: None).run()
    return [note for note in notes.to_data() if note["verdict"] == "failed"]


@pytest.mark.parametrize("name", ["h264-b", "h264-vfr", "h265-closed", "h264-start"])
def test_a_copy_is_proven_whatever_its_times(name: str, tmp_path: Path) -> None:
    """Copies with reordered, uneven or late times hold; a second video track is found."""
    of = recording(CLIPS[name][0])
    copy = tmp_path / "x.mp4"
    shutil.copyfile(of.path, copy)
    assert file_proof(copy, of) == []
    assert [f["expected"] for f in file_proof(copy, of, shown=299)] == ["300 frames shown"]


def test_a_second_video_track_is_found(tmp_path: Path) -> None:
    """What hides in a track beside the first is no part of the ledger."""
    of = recording()
    with av.open(str(of.path)) as box, av.open(str(tmp_path / "x.mkv"), "w") as out:
        streams = [out.add_stream_from_template(box.streams.video[0]) for _ in range(2)]
        for packet in box.demux(video=0):
            if packet.size:
                for stream in streams:
                    again = av.Packet(bytes(packet))
                    again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                    again.is_keyframe, again.stream = packet.is_keyframe, stream
                    out.mux(again)
    assert ("one video track", "1 more") in {(f["expected"], f["found"]) for f in file_proof(tmp_path / "x.mkv", of)}


def test_failures_of_one_kind_are_told_up_to_a_number() -> None:
    """A thousand like failures make `MOST` findings, the last of which tells how many more there are."""
    notes = Notes()
    for number in range(1000):
        notes.fail("ledger", "a", f"frame {number}", "this", "that")
    assert len(notes.to_data()) == MOST and notes.to_data()[-1]["note"] == f"and {1000 - MOST} more like it"


def test_same_frames_names_the_first_difference(tmp_path: Path) -> None:
    """Files are the same as they decode, or the first picture that differs is named, by content, time or number."""
    of = make(BASE)
    same = muxed(of, tmp_path / "a.mkv", lambda n, data: data)
    pictures = decoded(of)

    def jpegs(name: str, change: Callable[[int, int, Planes], tuple[int, Planes]]) -> Path:
        changed = [change(n, pts, planes) for n, (pts, planes) in enumerate(pictures[:20])]
        return coded(of, tmp_path / name, changed, "mjpeg")

    short = jpegs("b.mkv", lambda n, pts, planes: (pts, planes))
    late = jpegs("c.mkv", lambda n, pts, planes: (pts + 512 * (n > 9), planes))
    other = jpegs("d.mkv", lambda n, pts, planes: (pts, [255 - planes[0], *planes[1:]] if n == 7 else planes))
    cases = [
        (of, of, True, ""),
        (of, same, True, ""),
        (short, late, False, "frame 10"),
        (short, other, False, "frame 7"),
    ]
    for one, two, equal, place in cases:
        found = same_frames({"a": str(one), "b": str(two)}, silent)[0]
        assert (found["equal"], found["place"]) == (equal, place)
    assert same_frames({"a": str(of), "b": str(same)}, silent)[0]["frames"] == 60


def test_pixels_are_those_of_the_png(tmp_path: Path) -> None:
    """The digest is over the pixels alone; what is no PNG is refused."""
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    image.save(tmp_path / "a.png", compress_level=0)
    image.save(tmp_path / "b.png", compress_level=9)
    one, two = (pixels({"path": str(tmp_path / name)}, silent)[0] for name in ("a.png", "b.png"))
    assert one == two and (one["width"], one["height"], one["rgb"]) == (4, 4, True)
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(SourceError):
        pixels({"path": str(tmp_path / "c.png")}, silent)


def test_a_whole_recording_decodes_the_same_twice() -> None:
    """Pictures of an undamaged recording are steady; one that was decoded to something else is not."""
    of = recording()
    frames = dict(of.frames(0, 30))
    steady = Steadiness()
    assert all(steady.decodes(of, rank, frame) for rank, frame in frames.items())
    assert not steady.decodes(of, 12, frames[13])


def test_times_are_paired_to_half_a_picture(tmp_path: Path) -> None:
    """Matroska's millisecond is allowed for; a picture that stands 3 ms off is not the one of that time."""
    of = recording(Clip(name="ntsc", frames=40, rate=Fraction(30_000, 1001)))
    assert file_proof(muxed(of.path, tmp_path / "a.mkv", lambda n, data: data), of) == []
    pictures = decoded(of.path)
    base = of.index.time_base
    moved = [
        (pts + (round(Fraction(3, 1000) / base) if n == 5 else 0), planes) for n, (pts, planes) in enumerate(pictures)
    ]
    failed = file_proof(coded(of.path, tmp_path / "b.mp4", moved), of)
    assert any("frame 5" in f["place"] and f["found"] == "missing in the file" for f in failed)
