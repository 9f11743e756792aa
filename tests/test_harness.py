"""The figures' own test: a right export passes every judge, and each wrong one is found.

No workbench is needed here: stand-ins make the exports (see `tests.engines.StandIn`).
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, chromium, judge_playback
from tests.driver import Outcome
from tests.engines import Delivered, StandIn, Wish
from tests.kills import Reference, judge, strike, undisturbed
from tests.long_cuts import judge_long
from tests.mutants import judge as judge_mutant
from tests.mutants import put
from tests.ranges import CLIPS, Footage, place, random_ranges, trial
from tests.readers import read_codes
from tests.test_mask_twins import contents, export_twins
from tests.truth import Clip, make, timeline
from tests.twins import L_SHAPE, h264, twin_pair

pytestmark = pytest.mark.slow  # what is judged here is the judges
SPAN = (1_234_567, 5_000_000)


@pytest.fixture
def footage(tmp_path: Path) -> Footage:
    """A truth clip with B-frames, placed."""
    return place(CLIPS["h264-b"][0], tmp_path / "archive")


@pytest.mark.parametrize("name", CLIPS)
def test_truth_clips_can_be_read(name: str) -> None:
    """Every frame of every clip is there in both readers, with its index and capture time."""
    clip = CLIPS[name][0]
    reading, frames = read_codes(make(clip), clip.block), list(range(clip.frames))
    assert [c.index for c in reading.shown] == [c.index for c in reading.contained] == frames
    assert reading.ffmpeg_shown == reading.ffmpeg_contained == frames
    assert [c.capture for c in reading.shown] == [s.us for s in timeline(clip)]
    assert (reading.messages, reading.stray_bytes) == ([], 0)


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_a_right_export_passes(form: str, footage: Footage, tmp_path: Path) -> None:
    """A plain re-encode of exactly the range is found right."""
    assert trial(StandIn(), footage, form, SPAN, tmp_path / "out") == []


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("late", "lost [31], extra [125]"),
        ("preroll", "contained"),
        ("lost", "lost [78]"),
        ("twice", "95 frames"),
        ("tail", "extra [125]"),
        ("slipped", "µs off"),
        ("stray", "belong to no sample"),
        ("garbled", ""),
    ],
)
def test_wrong_exports_are_found(fault: str, word: str, footage: Footage, tmp_path: Path) -> None:
    """Each fault of figure 1's kind is named by the judge."""
    findings = trial(StandIn(fault), footage, "mp4", SPAN, tmp_path / "out")
    assert findings and word in " ".join(findings)


def test_false_claims_are_found(footage: Footage, tmp_path: Path) -> None:
    """A right file with one wrong number in the result does not pass."""

    class Boaster(StandIn):
        def export(self, wish: Wish, out: Path) -> Delivered:
            done = super().export(wish, out)
            return Delivered(
                files=done.files,
                shown=done.shown,
                contained=done.contained + 1,
                first=done.first,
                last=done.last,
                ledger=done.ledger,
            )

    assert trial(Boaster(), footage, "mp4", SPAN, tmp_path / "out") == ["frames contained: says 95, is 94"]


def test_ranges_are_beyond_dispute() -> None:
    """No random range begins or ends within two microseconds of a frame without being on it."""
    times = {s.index: s.us for s in timeline(CLIPS["h264-vfr"][0])}
    ranges = random_ranges(times, "seed")
    for _ in range(500):
        for edge in next(ranges):
            assert min(abs(edge - us) for us in times.values()) in {0, *range(3, 100_000)}


@pytest.mark.parametrize(("fault", "same"), [("", True), ("thin-mask", False), ("late-mask", False)])
def test_twins_find_leaking_masks(fault: str, same: bool, tmp_path: Path) -> None:
    """A mask that is two pixels too small, or one frame late, makes twins differ; a sound one does not."""
    twins = twin_pair(h264(), L_SHAPE, range(30, 41))
    cover = {"points": L_SHAPE, "begin": 30 * 40_000, "end": 41 * 40_000}
    a, b = export_twins(StandIn(fault), twins, "mp4", tmp_path, [cover])
    assert (contents(a) == contents(b)) is same


def test_a_full_reencode_is_no_lossless_cut(footage: Footage, tmp_path: Path) -> None:
    """The independent count sees that nothing was copied."""
    wish = Wish(archive=footage.archive, source=footage.clip.name, begin=SPAN[0], end=SPAN[1])
    verdict = judge_long(footage, make(footage.clip), *SPAN, StandIn().export(wish, tmp_path))
    assert verdict.copied == 0
    assert verdict.findings == ["only 0 of 94 packets stand in the source"]


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (Outcome(status="done", shown=300), ""),
        (Outcome(status="done", shown=290, ledger={"missing": 10}), ""),
        (Outcome(status="done", shown=290, gaps=1), ""),
        (Outcome(status="done", shown=290, warnings=["the file ends early"]), ""),
        (Outcome(status="refused", message="clip.mp4 has no index (moov)"), ""),
        (Outcome(status="done", shown=290), "silent loss: 10 of 300 frames"),
        (Outcome(status="done", shown=290, warnings=["always said"]), "silent loss"),
        (Outcome(status="refused"), "without a reason"),
        (Outcome(status="traceback", message="KeyError"), "KeyError"),
        (Outcome(status="died"), "died"),
        (Outcome(status="hung"), "hung"),
        (Outcome(status="done", shown=300, rss_mb=900), "900 MB"),
    ],
)
def test_the_judge_of_mutants(outcome: Outcome, found: str) -> None:
    """Accounted losses and named refusals pass; silence, death and hanging do not."""
    findings = judge_mutant(Outcome(status="done", warnings=["always said"]), outcome, 300)
    assert found in " ".join(findings) and bool(findings) == bool(found)


@pytest.mark.parametrize(("suffix", "right"), [(".ts", True), (".mp4", False)])
def test_a_standing_warning_is_enough_only_where_nothing_is_counted(suffix: str, right: bool) -> None:
    """A recording cut short may hide behind "cannot be verified" only in a container without a count."""
    warnings = ["completeness cannot be verified"]
    clean = Outcome(status="done", warnings=warnings)
    outcome = Outcome(status="done", shown=290, warnings=warnings)
    assert (judge_mutant(clean, outcome, 300, suffix) == []) is right


@pytest.mark.parametrize("way", ["careful", "careless"])
def test_kills_find_files_written_in_place(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kills find out a command that writes to the final name, and not one that renames."""
    monkeypatch.setenv("WORKBENCH_TEST_CLI", f"{sys.executable} -m tests.stand_in_cli {way}")
    put(make(Clip(name="small", frames=50)).read_bytes(), tmp_path / "archive", ".mp4")
    wish = Wish(archive=tmp_path / "archive", source="cam", begin=0, end=1)
    reference: Reference = undisturbed(wish, tmp_path / "out")
    findings, rng = [], random.Random(1)
    for number in range(4):
        out = tmp_path / str(number)
        findings += strike(wish, out, rng, reference.seconds * 0.95) + judge(out, reference)
    assert bool(findings) == (way == "careless")


@pytest.mark.browser
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed")
@pytest.mark.parametrize(("fault", "found"), [("", ""), ("late", "seeking to frame"), ("garbled", "Chromium")])
def test_chromium_finds_wrong_exports(fault: str, found: str, footage: Footage, tmp_path: Path) -> None:
    """Chromium reads the right frame of a right export, and its errors and wrong frames are reported."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    wish = Wish(archive=footage.archive, source=footage.clip.name, begin=SPAN[0], end=SPAN[1])
    done = StandIn(fault).export(wish, tmp_path)
    wanted = [(us - footage.times[31], i) for i, us in footage.times.items() if SPAN[0] <= us < SPAN[1]]
    with chromium() as browser:
        findings = judge_playback(browser, done.files[0], wanted, seeks=5)
    assert found in " ".join(findings) and bool(findings) == bool(found)
