"""Figure 4: real recordings export whole or are refused by name; damaged ones never lose frames silently.

Every file of the footage folder (see `tests.footage`), whole and cut; mutants of truth clips, whose frame
count is known. ``-m slow`` runs 500 mutants, `bench/mutants.py` any number with a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.driver import Driver, Outcome
from tests.engines import Wish
from tests.footage import footage
from tests.mutants import KINDS, cut, judge, mutant, put
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


def whole(driver: Driver, archive: Path, out: Path, end: int = -1, form: str = "mkv") -> Outcome:
    """Export all of source ``cam``."""
    return driver.run(Wish(archive=archive, source="cam", begin=0, end=end, form=form), out)


@pytest.mark.parametrize("path", FOOTAGE, ids=lambda p: p.name)
def test_real_recordings_are_exported_whole_or_refused_by_name(
    path: Path, driver: Driver, tmp_path: Path
) -> None:
    """The export of a whole recording has the frames that ffprobe counts, or the refusal says why."""
    put(path.read_bytes(), tmp_path / "archive", path.suffix)
    outcome = whole(driver, tmp_path / "archive", tmp_path / "out")
    assert outcome.status in ("done", "refused"), outcome.message
    if outcome.status == "refused":
        assert outcome.message and outcome.advice and not ffprobe_frames(path)
        return
    counted = ffprobe_frames(path)
    assert outcome.shown == counted
    assert sum(ffprobe_frames(Path(f)) or 0 for f in outcome.files) == counted


@pytest.mark.parametrize("percent", [10, 50, 90])
@pytest.mark.parametrize("path", FOOTAGE, ids=lambda p: p.name)
def test_truncated_recordings_say_what_is_missing(
    path: Path, percent: int, driver: Driver, tmp_path: Path
) -> None:
    """A recording cut short is refused by name, or its loss is listed."""
    frames = ffprobe_frames(path) or 0
    put(cut(path.read_bytes(), percent), tmp_path / "archive", path.suffix)
    outcome = whole(driver, tmp_path / "archive", tmp_path / "out")
    assert judge(Outcome(status="done"), outcome, frames) == []


def trial(name: str, kind: str, seed: int, driver: Driver, folder: Path, clean: Outcome) -> list[str]:
    """Export one mutant of a truth clip and judge the outcome."""
    clip = CLIPS[name][0]
    archive = folder / f"{name}-{kind}-{seed}"
    put(mutant(make(clip).read_bytes(), kind, f"{name}/{seed}"), archive, f".{clip.container}")
    return judge(clean, whole(driver, archive, archive / "out", _end(name)), clip.frames)


def _end(name: str) -> int:
    return timeline(CLIPS[name][0])[-1].us + 1000


@pytest.fixture(scope="module")
def clean(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What the undamaged truth clips give."""
    folder = tmp_path_factory.mktemp("clean")
    outcomes = {}
    for name in NAMES:
        clip = CLIPS[name][0]
        put(make(clip).read_bytes(), folder / name, f".{clip.container}")
        outcomes[name] = whole(driver, folder / name, folder / f"{name}-out", _end(name))
        assert (outcomes[name].status, outcomes[name].shown) == ("done", clip.frames), outcomes[name]
    return outcomes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES[:4])
def test_mutants_are_accounted_for(
    name: str, kind: str, driver: Driver, clean: dict[str, Outcome], tmp_path: Path
) -> None:
    """A damaged recording gives an accounted export or a named refusal."""
    assert trial(name, kind, 1, driver, tmp_path, clean[name]) == []


@pytest.mark.slow
def test_five_hundred_mutants(driver: Driver, clean: dict[str, Outcome], tmp_path: Path) -> None:
    """500 mutants over all clips and kinds: none kills, hangs, shows a traceback or loses frames silently."""
    jobs = [(NAMES[i % len(NAMES)], list(KINDS)[i // len(NAMES) % len(KINDS)], i) for i in range(500)]
    wrong = {job: found for job in jobs if (found := trial(*job, driver, tmp_path, clean[job[0]]))}
    assert not wrong
