"""Figure 4: real recordings export whole or are refused by name; damaged ones never lose frames silently.

Every file of the footage folder (see `tests.footage`), whole and cut; mutants of truth clips, whose frame
count is known. ``-m slow`` runs 500 mutants, `bench/mutants.py` any number with a table.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.driver import Driver, Outcome
from tests.engines import Wish
from tests.footage import footage
from tests.mutants import KINDS, campaign, cut, judge, mutant, put
from tests.ranges import CLIPS
from tests.readers import ffprobe_frames
from tests.truth import make, timeline

FOOTAGE = footage()
NAMES = [
    "h264-b",
    "h264-fragments",
    "h264-vfr-mkv",
    "h264-ts",
    "h265-open",
    "mjpeg-avi",
    "mpeg4-avi",
    "h264-raw",
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """One warm engine process for the module, with a limit of 30 s a file."""
    with Driver() as running:
        yield running


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One archive for the module, so that the engine stays warm; each test adds a source."""
    return tmp_path_factory.mktemp("archive")


def whole(data: bytes, name: str, driver: Driver, archive: Path, out: Path, end: int = -1) -> Outcome:
    """Export all of a recording, given as bytes; `name` is its file's."""
    path = put(data, archive, Path(name).suffix, name)
    try:
        return driver.run(Wish(archive=archive, source=name, begin=0, end=end, form="mkv"), out)
    finally:
        path.unlink()


@pytest.mark.parametrize("path", FOOTAGE, ids=lambda p: p.name)
def test_real_recordings_are_exported_whole_or_refused_by_name(
    path: Path, driver: Driver, archive: Path, tmp_path: Path
) -> None:
    """The export of a whole recording has the frames that ffprobe counts, or the refusal says why."""
    outcome = whole(path.read_bytes(), path.name, driver, archive, tmp_path)
    assert outcome.status in ("done", "refused"), outcome.message
    counted = ffprobe_frames(path)
    if outcome.status == "refused":
        assert outcome.message and outcome.advice and not counted
        return
    assert outcome.shown == counted
    assert sum(ffprobe_frames(Path(f)) or 0 for f in outcome.files) == counted


@pytest.mark.parametrize("percent", [10, 50, 90])
@pytest.mark.parametrize("path", FOOTAGE, ids=lambda p: p.name)
def test_truncated_recordings_say_what_is_missing(
    path: Path, percent: int, driver: Driver, archive: Path, tmp_path: Path
) -> None:
    """A recording cut short is refused by name, or its loss is listed."""
    data = cut(path.read_bytes(), percent)
    outcome = whole(data, f"{percent}-{path.name}", driver, archive, tmp_path)
    assert judge(Outcome(status="done"), outcome, ffprobe_frames(path) or 0, path.suffix) == []


def trial(
    name: str, kind: str, seed: int, driver: Driver, archive: Path, clean: Outcome, out: Path
) -> tuple[Outcome, list[str]]:
    """Export one mutant of a truth clip and judge the outcome."""
    clip = CLIPS[name][0]
    data = mutant(make(clip).read_bytes(), kind, f"{name}/{seed}")
    source = f"{name}-{kind}-{seed}.{clip.container}"
    outcome = whole(data, source, driver, archive, out, timeline(clip)[-1].us + 1000)
    return outcome, judge(clean, outcome, clip.frames, f".{clip.container}")


def cleanly(name: str, driver: Driver, archive: Path, out: Path) -> Outcome:
    """What the undamaged truth clip gives."""
    clip = CLIPS[name][0]
    data, end = make(clip).read_bytes(), timeline(clip)[-1].us + 1000
    outcome = whole(data, f"{name}.{clip.container}", driver, archive, out, end)
    assert (outcome.status, outcome.shown) == ("done", clip.frames), outcome
    return outcome


@pytest.fixture(scope="module")
def clean(driver: Driver, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What the undamaged truth clips give, by name."""
    return {name: cleanly(name, driver, archive, tmp_path_factory.mktemp("clean")) for name in NAMES}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES[:4])
def test_mutants_are_accounted_for(
    name: str, kind: str, driver: Driver, archive: Path, clean: dict[str, Outcome], tmp_path: Path
) -> None:
    """A damaged recording gives an accounted export or a named refusal."""
    assert trial(name, kind, 1, driver, archive, clean[name], tmp_path)[1] == []


@pytest.mark.slow
def test_five_hundred_mutants(driver: Driver, archive: Path, clean: dict[str, Outcome], tmp_path: Path) -> None:
    """500 mutants over all clips and kinds: none kills, hangs, shows a traceback or loses frames silently."""
    wrong = {}
    for name, kind, seed in islice(campaign(NAMES), 500):
        out = tmp_path / f"{name}-{kind}-{seed}"
        if found := trial(name, kind, seed, driver, archive, clean[name], out)[1]:
            wrong[name, kind, seed] = found
        shutil.rmtree(out, ignore_errors=True)
    assert not wrong
