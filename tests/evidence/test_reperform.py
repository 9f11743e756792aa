"""Claims performed again: nothing fails that is honest, and each forgery is named by file, frame and PTS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.evidence.forged import CLIP, INTRA, Package, case_of, coded, decoded, muxed, package, said
from tests.mutants import mutant
from tests.ranges import CLIPS
from tests.truth import make
from tests.twins import L_SHAPE
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.evidence.findings import Findings, Verdict
from workbench.evidence.reperform import check
from workbench.media.masks import MaskPlan

COPY = {"begin": 400_000, "end": 2_400_000, "format": "mp4"}
CODED = {**COPY, "video_quality": 1}
MASK = Mask(points=tuple(L_SHAPE))
MASKED = {**CODED, "masks": (MASK,)}
FIRST = 10
"""Rank of the first picture of these exports."""


def verdicts(found: Findings) -> set[tuple[str, str]]:
    """Each check with how it ended."""
    return {(finding.check, finding.verdict.value) for finding in found}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """One export of each kind, to be copied before it is forged."""
    folder = tmp_path_factory.mktemp("honest")
    timed = Mask(points=tuple(L_SHAPE), begin=Offset(1_000_000), end=Offset(1_400_000))
    written = {**CODED, "format": "mkv", "crop": Area(0.05, 0.05, 1, 0.9), "comment": "Grüße", "burn": True}
    still = {"begin": 1_000_000, "end": 1_000_000, "masks": (MASK,)}
    specs = (
        COPY,
        MASKED,
        {**COPY, "masks": (timed,)},
        {**written, "rate_divisor": 2},
        {**still, "format": "jpg"},
        {**still, "format": "pdf"},
        {**MASKED, "format": "avi", "size_limit": 100_000},
    )
    return package(folder, *specs)


@pytest.fixture
def forged(honest: Package, tmp_path: Path) -> Package:
    """A copy of the honest package, for a forger."""
    shutil.copytree(honest.data, tmp_path / "data")
    return Package(tmp_path / "data", honest.sources, honest.state)


def only(found: Package, export: str) -> Package:
    """The package with one export, so that a test pays for no other."""
    found.state = replace(found.state, exports=tuple(e for e in found.state.exports if e.id == export))
    return found


def test_honest_exports_hold(honest: Package) -> None:
    """Every check of every kind of export is ok, and making each again gives the same bytes."""
    found = honest.check(again=True)
    assert verdicts(found) == {(c, "ok") for c in ("sources-hash", "source-facts", "ledger", "masks", "export-again")}
    assert {f.found for f in found if f.check == "export-again"} == {"byte-equal"}
    assert found.exit_code == 0


def test_progress_rises_to_one(honest: Package) -> None:
    """Whoever watches sees a fraction that ends at 1."""
    seen: list[tuple[str, float]] = []
    check(honest.data, honest.state, honest.sources, again=False, on_progress=lambda *now: seen.append(now))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_copied_that_was_coded_anew_is_found(forged: Package) -> None:
    """A ledger that calls coded pictures copied is refuted at the first of them."""
    only(forged, "E2")

    def claim(told: dict[str, Any]) -> None:
        told["ledger"].update(masked=0, copied=50)
        told["entries"] = [{**e, "fate": "copied", "proof": "normalised NAL units equal"} for e in told["entries"]]

    forged.rewrite(claim, "E2")
    failed = said(forged.check(), "ledger")
    assert any(f.expected == "the source's coded picture" and f"frame {FIRST}, PTS" in f.place for f in failed)
    assert said(forged.check(), "masks")[0].found == "copied by the ledger"


def test_a_copied_frame_that_is_its_neighbour_is_named(tmp_path: Path) -> None:
    """One packet that stands twice, in the place of another, is named by frame and PTS."""
    forged = package(tmp_path, {**COPY, "end": 1_600_000, "format": "avi"}, clip=INTRA)
    packets = {0: b""}

    def twice(number: int, data: bytes) -> bytes:
        packets[number] = data
        return packets[6] if number == 7 else data

    forged.replace_file(muxed(forged.file(), tmp_path / "x.avi", twice))
    (failed,) = said(forged.check(), "ledger")
    assert failed.place == f"frame 7, cam/20260301T100000.avi frame {FIRST + 7}, PTS {FIRST + 7}"


def test_a_coded_frame_that_is_its_neighbour_is_named(forged: Package, tmp_path: Path) -> None:
    """One picture coded from the one before it is named, though it resembles its own well enough."""
    pictures = decoded(only(forged, "E4").file("E4"))
    pictures[9] = (pictures[9][0], pictures[8][1])
    forged.replace_file(coded(forged.file("E4"), tmp_path / "x.mkv", pictures), "E4")
    failed = said(forged.check(), "ledger")
    assert [f.found for f in failed] == ["its neighbour"] and f"frame {FIRST + 18}, PTS" in failed[0].place


@pytest.mark.parametrize("hidden", [False, True], ids=["gap left", "later frames moved up"])
def test_a_missing_frame_is_named(forged: Package, tmp_path: Path, *, hidden: bool) -> None:
    """A picture that was taken out is missing in the file, whether the times behind it were mended or not."""
    pictures = decoded(only(forged, "E2").file("E2"))
    times = [pts for pts, _ in pictures]
    del pictures[20]
    if hidden:
        pictures = [(times[at], planes) for at, (_, planes) in enumerate(pictures)]
    forged.replace_file(coded(forged.file("E2"), tmp_path / "x.mp4", pictures), "E2")
    forged.rewrite(lambda told: told["files"][0].update(frames_shown=49, frames_contained=49), "E2")
    failed = said(forged.check(), "ledger")
    if hidden:
        assert any(f"frame {FIRST + 20}, PTS" in f.place for f in failed), failed
    else:
        (missing,) = (f.place for f in failed if f.found == "missing in the file")
        assert f"frame {FIRST + 20}, PTS" in missing


def test_counts_moved_between_fates_are_found(forged: Package) -> None:
    """The six numbers are held against the entries, the entries against the recording."""
    forged.rewrite(lambda told: told["ledger"].update(copied=49, dropped=1), "E1")
    failed = said(only(forged, "E1").check(), "ledger")
    assert [f.place for f in failed] == ["number of copied frames", "number of dropped frames"]


def test_a_shorter_story_is_found(forged: Package) -> None:
    """Entries that leave out the range's last pictures tell less than the range holds."""

    def shorten(told: dict[str, Any]) -> None:
        entry = told["entries"][-1]
        entry["frames"] -= 1
        entry["last_pts"] -= 512
        told["ledger"]["copied"] -= 1

    forged.rewrite(shorten, "E1")
    found = {f.expected: f.found for f in said(only(forged, "E1").check(), "ledger")}
    assert f"frames {FIRST} to {FIRST + 49}" in found


def under(mask: Mask, planes: list[Any], move: tuple[int, int]) -> list[Any]:
    """Planes with a mask painted that many pixels off its place."""
    height, width = planes[0].shape
    dx, dy = move[0] / width, move[1] / height
    moved = replace(mask, points=tuple((x + dx, y + dy) for x, y in mask.points))
    region = MaskPlan(width, height, 0, "yuv420p").cover_for((moved,)).pixels
    out = [plane.copy() for plane in planes]
    for plane, black, step in zip(out, (16, 128, 128), (1, 2, 2), strict=True):
        plane[region[::step, ::step]] = black
    return out


@pytest.mark.parametrize("move", [None, (3, 0), (-2, -2), (0, 4)], ids=["missing", "3 right", "2 up left", "4 down"])
def test_a_mask_that_slips_for_one_frame_is_named(
    forged: Package, tmp_path: Path, move: tuple[int, int] | None
) -> None:
    """A mask that is not in its place in one frame is named by that frame, and no other is."""
    source = decoded(next(forged.sources.rglob("*.mp4")))
    pictures = decoded(only(forged, "E2").file("E2"))
    bare = source[FIRST + 30][1]
    pictures[30] = (pictures[30][0], bare if move is None else under(MASK, bare, move))
    forged.replace_file(coded(forged.file("E2"), tmp_path / "x.mp4", pictures), "E2")
    failed = said(forged.check(), "masks")
    assert len({f.place for f in failed}) == 1 and f"frame {FIRST + 30}, PTS" in failed[0].place


def test_another_content_under_a_mask_is_named(forged: Package, tmp_path: Path) -> None:
    """A region that holds neither fill nor what lies beneath is named, too."""
    pictures = decoded(only(forged, "E2").file("E2"))
    pictures[12][1][0][60:90, 40:60] = 90
    forged.replace_file(coded(forged.file("E2"), tmp_path / "x.mp4", pictures), "E2")
    failed = said(forged.check(), "masks")
    assert failed and all(f"frame {FIRST + 12}, PTS" in f.place for f in failed)


def test_a_still_with_another_picture_is_found(forged: Package) -> None:
    """The jpg of a masked frame must be that frame, masked."""
    path = only(forged, "E5").file("E5")
    with Image.open(path) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path, quality=95)
    forged.replace_file(shutil.copyfile(path, path.with_suffix(".copy")), "E5")
    assert said(forged.check(), "ledger") and said(forged.check(), "masks")


def test_a_page_with_another_picture_is_found(forged: Package, honest: Package, tmp_path: Path) -> None:
    """A page's picture must have the very pixels: that of another frame has not."""
    other = package(tmp_path / "other", {"begin": 2_000_000, "end": 2_000_000, "masks": (MASK,), "format": "pdf"})
    forged.replace_file(other.file(), "E6")
    (failed,) = said(only(forged, "E6").check(), "ledger")
    assert failed.expected == "the pixels of the rebuilt picture"


def test_frame_equal_is_told_apart_from_byte_equal(forged: Package, tmp_path: Path) -> None:
    """Another wrapping of the same packets is frame-equal; other pictures are different, at a named frame."""
    only(forged, "E1")
    path = muxed(forged.file(), tmp_path / "x.mp4", lambda n, data: data, comment="wrapped anew")
    forged.replace_file(path)
    found = {f.file[-4:]: f.found for f in forged.check(again=True) if f.check == "export-again"}
    assert found[".mp4"].startswith("frame-equal: 50 frames")
    pictures = decoded(forged.file())
    forged.replace_file(coded(forged.file(), tmp_path / "y.mp4", pictures))
    (failed,) = said(forged.check(again=True), "export-again")
    assert failed.place == "frame 0" and failed.found == "different: others"


def test_other_versions_are_no_proof_of_forgery(forged: Package, tmp_path: Path) -> None:
    """What other tools made may differ from what ours make: that is not checked."""
    only(forged, "E1")
    forged.replace_file(coded(forged.file(), tmp_path / "x.mp4", decoded(forged.file())))
    forged.rewrite(lambda told: told["versions"].update(ffmpeg="5.1.6"))
    found = [f for f in forged.check(again=True) if f.check == "export-again" and f.file.endswith(".mp4")]
    assert [f.verdict for f in found] == [Verdict.NOT_CHECKED] and "ffmpeg 5.1.6 then" in found[0].note


CONTRADICTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another workbench": lambda told: told["versions"].update({"forensic-workbench": "0.0.9"}),
    "a gap of its own": lambda told: told.update(gaps=[{"begin": "+0.0", "end": "+1.0"}]),
    "fewer warnings than planned": lambda told: told["plan"].update(warnings=["the recording is damaged"]),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_record_that_contradicts_itself_or_the_log_is_found(
    forged: Package, change: Callable[[dict[str, Any]], Any]
) -> None:
    """A record that says other things than its plan or the log's entry fails, whatever versions it names."""
    only(forged, "E1").rewrite(change)
    assert said(forged.check(), "ledger")


def test_words_of_another_ffmpeg_are_still_ours(forged: Package) -> None:
    """Captions that differ fail whatever FFmpeg a record names: it has no part in them."""

    def change(told: dict[str, Any]) -> None:
        told["versions"].update(ffmpeg="5.1.6")
        told["plan"]["spec"]["comment"] = "forged"

    only(forged, "E4").rewrite(change, "E4")
    failed = said(forged.check(again=True), "export-again")
    assert [f.file[-4:] for f in failed] == [".vtt"]


@pytest.mark.parametrize("plan", ["PL77", ""], ids=["unknown", "none"])
def test_an_export_without_its_plan_is_found(forged: Package, plan: str) -> None:
    """An export that the case made names a plan that is in the log."""
    (export,) = only(forged, "E1").state.exports
    forged.state = replace(forged.state, exports=(replace(export, plan=plan),))
    assert "plan" in said(forged.check(), "ledger")[0].expected


def test_an_export_made_elsewhere_has_no_plan_to_check(forged: Package) -> None:
    """An added export fails nothing for want of a plan, and it is said that none is on record."""
    (export,) = only(forged, "E1").state.exports
    added = replace(export, plan="", began="", ended="", platform="")
    forged.state = replace(forged.state, exports=(added,))
    found = forged.check()
    assert not found.failed and any("added" in f.note for f in found if f.verdict is Verdict.NOT_CHECKED)


def test_a_changed_recording_fails_and_its_exports_are_not_checked(forged: Package, tmp_path: Path) -> None:
    """One flipped bit of a recording is found; what came of it is not judged by it."""
    sources = tmp_path / "sources"
    shutil.copytree(forged.sources, sources)
    path = next(sources.rglob("*.mp4"))
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    forged.sources = sources
    found = only(forged, "E1").check(again=True)
    assert verdicts(found) == {
        ("sources-hash", "failed"),
        *((check, "not checked") for check in ("source-facts", "ledger", "masks", "export-again")),
    }


def test_recordings_are_found_elsewhere(forged: Package, tmp_path: Path) -> None:
    """A recording under another name is known by size and hash, and everything is checked with it."""
    moved = tmp_path / "found" / "some" / "disk"
    moved.mkdir(parents=True)
    shutil.copyfile(next(forged.sources.rglob("*.mp4")), moved / "copy of it.bin")
    forged.sources = tmp_path / "found"
    found = only(forged, "E1").check(again=True)
    assert {verdict for _, verdict in verdicts(found)} == {"ok"}
    assert next(iter(found)).note == "found as some/disk/copy of it.bin"


def test_a_lost_archive_toml_costs_the_times_only(tmp_path: Path) -> None:
    """Without archive.toml copied pictures are proven all the same; what it decides is not checked."""
    sources = tmp_path / "sources"
    (sources / "cam").mkdir(parents=True)
    shutil.copyfile(make(CLIP), sources / "cam" / "20260301T100000.mp4")
    (sources / "archive.toml").write_text('[source.cam]\nclock_offset = 12.5\nzone = "Europe/Berlin"\n')
    found = case_of(tmp_path, sources, ({**MASKED, "stamp_format": "%H:%M:%S", "burn": True},))
    assert {verdict for _, verdict in verdicts(found.check(again=True))} == {"ok"}
    (sources / "archive.toml").unlink()
    lost = found.check(again=True)
    assert not lost.failed
    assert {("ledger", "ok"), ("masks", "ok"), ("ledger", "not checked"), ("export-again", "not checked")} <= verdicts(
        lost
    )


def test_a_damaged_recording_accuses_nobody(tmp_path: Path) -> None:
    """Where a recording is damaged each decoding gives other pictures: an honest export of it fails nothing."""
    sources = tmp_path / "sources"
    (sources / "cam").mkdir(parents=True)
    data = mutant(make(CLIPS["h264-vfr-mkv"][0]).read_bytes(), "flip", "h264-vfr-mkv/1")
    (sources / "cam" / "a.mkv").write_bytes(data)
    timed = Mask(points=MASK.points, begin=Offset(6_863_916), end=Offset(9_128_581))
    spec = {"begin": 3_567_563, "end": 10_193_344, "format": "mp4", "masks": (timed,)}
    found = case_of(tmp_path, sources, (spec,)).check(again=True)
    assert not found.failed
    assert any("damaged" in f.note for f in found if f.check == "ledger" and f.verdict is Verdict.NOT_CHECKED)


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "entries of another shape": lambda told: told.update(entries=[{"file": 7}]),
    "no plan": lambda told: told.pop("plan"),
    "a number for a list": lambda told: told.update(files=5),
    "a file outside": lambda told: told["files"][0].update(path="../../../etc/passwd"),
    "a recording outside": lambda told: told["entries"][0].update(file="../../etc/passwd"),
    "far too many frames": lambda told: told["entries"][0].update(frames=2**52),
    "a PTS beyond all": lambda told: told["entries"][0].update(last_pts=2**61),
    "no instant": lambda told: told["entries"][0].update(first="yesterday"),
    "another fate": lambda told: told["entries"][0].update(fate="blessed"),
    "a mask of no corners": lambda told: told["plan"]["spec"].update(masks=[{"points": []}]),
    "entries told twice": lambda told: told.update(entries=told["entries"] * 2),
    "no entries": lambda told: told.update(entries=[]),
    "no files": lambda told: told.update(files=[]),
    "a range backwards": lambda told: told["plan"].update(begin=told["plan"]["end"], end=told["plan"]["begin"]),
    "another source": lambda told: told["plan"]["spec"].update(source="nobody"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_hostile_records_end_as_findings(forged: Package, change: Callable[[dict[str, Any]], Any]) -> None:
    """A record that was bent fails by name, and nothing else happens."""
    only(forged, "E1").rewrite(change)
    found = forged.check(again=True)
    assert said(found, "ledger")
    assert "Traceback" not in json.dumps(found.to_json())


@pytest.mark.parametrize("data", [b"", b"\0" * 5000, b"#EXTM3U\n/etc/passwd\n", b"RIFF"], ids=["", "0", "m3u", "riff"])
def test_hostile_files_end_as_findings(forged: Package, tmp_path: Path, data: bytes) -> None:
    """What is no video fails as one, whatever its hashes say."""
    (tmp_path / "x").write_bytes(data)
    only(forged, "E1").replace_file(tmp_path / "x")
    found = forged.check(again=True)
    assert said(found, "ledger") and str(tmp_path) not in json.dumps(found.to_json())


def test_links_in_a_package_are_not_followed(forged: Package, tmp_path: Path) -> None:
    """A file of an export that is a link to elsewhere is refused by name."""
    path = only(forged, "E1").file()
    shutil.move(path, tmp_path / "elsewhere.mp4")
    path.symlink_to(tmp_path / "elsewhere.mp4")
    (failed,) = said(forged.check(), "ledger")
    assert "passes a link" in failed.found
