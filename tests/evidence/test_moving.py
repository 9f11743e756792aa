"""Masks that move in a case: proven frame by frame, snapshots in the frame's shape, the report's words, a package.

Honest, all of it verifies; a key that was moved, turned in time, taken away or given another frame is found.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.forged import CLIP, Package, case_of, decoded, package, said
from tests.moving import KEYS, mask_json
from tests.truth import make
from workbench.archives.local import LocalArchive
from workbench.core.spec import Mask
from workbench.core.timebase import Offset
from workbench.evidence import disclosure
from workbench.evidence.case import Case
from workbench.evidence.findings import Findings, Verdict
from workbench.evidence.package import seal
from workbench.evidence.reperform import check
from workbench.evidence.snapshots import take
from workbench.report.making import make_report
from workbench.verifying import verify

PTS = [us * 12_800 // 1_000_000 for us, _ in KEYS]
MOVING = Mask.from_json(mask_json(pts=PTS, reason="a cyclist"))
TIMED = Mask.from_json(mask_json(pts=PTS, begin="+1.0", end="+1.6"))
CODED = {"begin": 400_000, "end": 1_400_000, "format": "mp4", "video_quality": 1, "masks": (MOVING,)}
PLAIN = {"begin": 400_000, "end": 2_400_000, "format": "mkv", "masks": (TIMED,)}
STILL = {"begin": 840_000, "end": 840_000, "format": "jpg", "masks": (MOVING,)}
BETWEEN = Offset(840_000)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A case with exports under moving masks: coded anew, partly copied, one frame; with snapshots of the first."""
    folder = tmp_path_factory.mktemp("moving-case")
    made = package(folder, CODED, PLAIN, STILL, {**STILL, "format": "pdf"})
    archive, case = LocalArchive(made.sources, cache=folder / "cache"), Case.open(made.data)
    case.snapshot(archive, "cam", BETWEEN, export="E1", caption="Between two keys")
    case.context(archive, "E1", BETWEEN)
    archive.close()
    return Package(made.data, made.sources, case.state)


@pytest.fixture
def forged(honest: Package, tmp_path: Path) -> Package:
    """A copy for a forger."""
    shutil.copytree(honest.data, tmp_path / "data")
    return Package(tmp_path / "data", honest.sources, honest.state)


def test_honest_exports_hold(honest: Package) -> None:
    """Ledger, masks, snapshots and the same bytes once more: all ok."""
    found = honest.check(again=True)
    assert not found.failed and {f.verdict for f in found} == {Verdict.OK}
    assert {f.found for f in found if f.check == "export-again"} == {"byte-equal"}
    (shot, _) = honest.state.snapshots
    assert not shot.masks[0].get("keys") and shot.masks[0]["begin"] is None


def of_keys(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A forgery of the first mask's keys in a record."""

    def forge(told: dict[str, Any]) -> None:
        mask = told["plan"]["spec"]["masks"][0]
        change(mask["keys"])
        mask["points"] = mask["keys"][0]["points"]

    return forge


def moved(keys: list[dict[str, Any]]) -> None:
    """The middle key a little to the left."""
    keys[1]["points"] = [[x - 0.06, y] for x, y in keys[1]["points"]]


FORGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another place": (of_keys(moved), ", PTS "),
    "another time": (of_keys(lambda keys: keys[1].update(at="+1.480000", pts=18_944)), ", PTS "),
    "another frame": (of_keys(lambda keys: keys[1].update(pts=keys[1]["pts"] + 512)), "mask 1, key 2"),
    "one key less": (of_keys(lambda keys: keys.pop(1)), ", PTS "),
    "at rest": (lambda told: told["plan"]["spec"]["masks"][0].pop("keys"), ", PTS "),
}


@pytest.mark.parametrize(("change", "place"), FORGED.values(), ids=FORGED)
def test_a_forged_key_is_found(forged: Package, change: Callable[[dict[str, Any]], Any], place: str) -> None:
    """A record whose keys are not those that were painted is refuted by the pictures, or by the recording's PTS."""
    forged.rewrite(change, "E1")
    forged.state = replace(forged.state, exports=forged.state.exports[:1], snapshots=())
    failed = [f for check in ("masks", "ledger") for f in said(forged.check(), check)]
    assert any(place in f.place for f in failed), failed


def test_a_snapshot_in_another_shape_is_found(honest: Package) -> None:
    """A snapshot whose mask is a key's shape, and not that of its own frame, lacks its export's mask."""
    shot = honest.state.snapshots[0]
    still = {**shot.masks[0], "points": [list(p) for p in KEYS[0][1]]}
    state = replace(honest.state, snapshots=(replace(shot, masks=(still,)),))
    assert said(check(honest.data, state, honest.sources), "snapshot")


def test_without_the_time_line_pts_are_not_checked(tmp_path: Path) -> None:
    """Where nobody can lay the time line, the pictures are proven all the same, and what is not checked is said."""
    sources = tmp_path / "sources"
    (sources / "cam").mkdir(parents=True)
    shutil.copyfile(make(CLIP), sources / "cam" / "20260301T100000.mp4")
    (sources / "archive.toml").write_text("[source.cam]\nclock_offset = 12.5\n")
    made = case_of(tmp_path, sources, (CODED,))
    assert not [f for f in made.check() if f.check == "masks" and f.verdict is not Verdict.OK]
    (sources / "archive.toml").unlink()
    found = made.check()
    assert not found.failed and "ok" in {f.verdict.value for f in found if f.check == "masks"}
    notes = [f.note for f in found if f.check == "masks" and f.verdict is Verdict.NOT_CHECKED]
    assert any("drawn on the frames they name" in note for note in notes)


def test_disclosure_takes_the_shape_of_the_frame(honest: Package, tmp_path: Path) -> None:
    """A snapshot in its frame's own shape discloses nothing; one in the shape of a key, on another frame, does."""
    case = Case.open(shutil.copytree(honest.data, tmp_path / "case"))
    assert not disclosure.check(case.folder).failed
    source = case.state.source("cam")
    assert source is not None
    archive = LocalArchive(honest.sources, cache=tmp_path / "cache")
    more: dict[str, Any] = {"exhibit": "", "folder": case.folder, "export": "E1", "crop": None}
    for name, mask in (("S8", MOVING), ("S9", Mask(points=KEYS[0][1]))):
        case.append("snapshot-taken", take(archive, source, BETWEEN, masks=(mask,), id=name, **more))
    archive.close()
    failed = disclosure.check(case.folder).failed
    assert [(f.file, f.found) for f in failed] == [("snapshots/S9.png", "1 mask of export E1 not applied")]


def test_sealed_package_verifies_and_tells_what_moves(honest: Package, tmp_path: Path) -> None:
    """The report names key frames and times; the sealed package holds, and with a forged record it does not."""
    shutil.copytree(honest.data, tmp_path / "case")
    case = Case.open(tmp_path / "case")
    make_report(case)
    text = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "case" / "reports").glob("*.json"))
    assert "moving, 3 key frames" in text and "2026-03-01T10:00:01.320000Z" in text and "16896" in text
    assert '"mask 1"' in text
    record = seal(case, tmp_path / "out")
    sealed = tmp_path / "out" / record.name
    assert not verify(sealed, honest.sources, again=False).failed
    path = next((sealed / "data" / "exports" / "E1").glob("*.json"))
    told = json.loads(path.read_text())
    moved(told["plan"]["spec"]["masks"][0]["keys"])
    path.write_text(json.dumps(told))
    found: Findings = verify(sealed, honest.sources, again=False)
    assert found.failed and found.exit_code != 0


def test_the_export_shows_the_shape_moving(honest: Package) -> None:
    """Black moves: where the mask was at the first key, the picture is seen again at the second."""
    pictures = decoded(honest.file("E1"))
    first, later = pictures[0][1][0], pictures[23][1][0]
    at = (int(0.45 * 144), int(0.25 * 192))
    assert first[at] < 30 and later[at] > 40
