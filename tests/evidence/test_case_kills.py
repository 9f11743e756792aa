"""Processes that die while they write a case, and processes that write it at once.

Twelve kills by default, a hundred with ``-m slow``.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.evidence.kills import judge, start, strike
from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.evidence.case import Case

CLIP = Clip(name="evidence", frames=50, bframes=2)


def new(folder: Path) -> Case:
    """A case with one source, whose archive lies beside it."""
    (folder / "footage" / "hall").mkdir(parents=True)
    shutil.copyfile(make(CLIP), folder / "footage" / "hall" / "20260301T100000.mp4")
    case = Case.create(folder / "case", number="17/2026", examiner="A. Berg")
    archive = LocalArchive(folder / "footage", folder / "cache")
    case.add_source(archive, "hall")
    archive.close()
    return case


def kills(count: int, seed: int, folder: Path, case: Case) -> dict[int, list[str]]:
    """What was wrong after each of `count` kills, one behind the other, on one case."""
    rng, wrong = random.Random(seed), {}
    for number in range(count):
        if number % 3 == 2:
            process, seconds = start("work", case.folder, folder / "footage", folder / "cache"), 0.6
        else:
            process, seconds = start("comments", case.folder, 10_000), 0.15
        if found := judge(case.folder, strike(process, rng, seconds)):
            wrong[number] = found
    return wrong


@pytest.mark.slow
def test_twelve_kills(tmp_path: Path) -> None:
    """After each the case opens, its log holds, and everything that was done is in it."""
    assert kills(12, 1, tmp_path, new(tmp_path)) == {}


@pytest.mark.slow
def test_a_hundred_kills(tmp_path: Path) -> None:
    """The same, a hundred times on one case."""
    assert kills(100, 2, tmp_path, new(tmp_path)) == {}


def test_a_killed_creation_leaves_no_half_case(tmp_path: Path) -> None:
    """Every folder that has its name is a whole case."""
    rng = random.Random(3)
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = strike(start("create", folder), rng, 0.1)
        cases = [path for path in folder.iterdir() if not path.name.startswith(".")]
        assert {path.name for path in cases} >= set(done)
        assert all(Case.open(path).check().exit_code == 0 for path in cases)


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    """200 comments each, at once: 400 entries, no id twice, every line bound to the one before."""
    case = new(tmp_path)
    both = [start("comments", case.folder, 200) for _ in range(2)]
    done = [process.communicate()[0].split() for process in both]
    case.refresh()
    assert len(case.state.comments) == 400 and case.check().failed == ()
    assert sorted(done[0] + done[1]) == sorted(f"C{n}" for n in range(1, 401))
    writers = [entry.who for entry in case.entries if entry.what == "comment-written"]
    assert len(set(writers)) == 2
