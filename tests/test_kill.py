"""Figure 5, second half: random kills leave no incomplete file under a final name, and a new run finishes.

Five kills by default, fifty with ``-m slow``.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.engines import Wish
from tests.kills import Reference, judge, strike, undisturbed
from tests.truth import Clip, make
from tests.twins import L_SHAPE

CLIP = Clip(name="kill", frames=900, width=640, height=360, bframes=2, gop=50, options=(("preset", "ultrafast"),))


@pytest.fixture(scope="module")
def wish(tmp_path_factory: pytest.TempPathFactory) -> Wish:
    """An export that takes a while: every frame is masked and coded anew."""
    pytest.importorskip("workbench.cli", reason="there is no command line yet")
    archive = tmp_path_factory.mktemp("kill")
    (archive / "cam").mkdir()
    shutil.copyfile(make(CLIP), archive / "cam" / "clip.mp4")
    return Wish(archive=archive, source="cam", begin=500_000, end=35_000_000, masks=[{"points": L_SHAPE}])


@pytest.fixture(scope="module")
def reference(wish: Wish, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """What the export gives when nobody disturbs it."""
    return undisturbed(wish, tmp_path_factory.mktemp("undisturbed") / "out")


def kills(count: int, seed: int, wish: Wish, reference: Reference, folder: Path) -> dict[int, list[str]]:
    """Findings of `count` kills, each in an output folder of its own, by number."""
    rng = random.Random(seed)
    wrong = {}
    for number in range(count):
        out = folder / str(number)
        if found := strike(wish, out, rng, reference.seconds) + judge(out, reference):
            wrong[number] = found
    return wrong


@pytest.mark.slow
def test_five_kills(wish: Wish, reference: Reference, tmp_path: Path) -> None:
    """Five kills at random moments leave nothing that could pass for a finished file."""
    assert kills(5, 1, wish, reference, tmp_path) == {}


@pytest.mark.slow
def test_fifty_kills(wish: Wish, reference: Reference, tmp_path: Path) -> None:
    """Fifty kills at random moments leave nothing that could pass for a finished file."""
    assert kills(50, 2, wish, reference, tmp_path) == {}


@pytest.mark.slow
def test_a_run_after_a_kill_finishes(wish: Wish, reference: Reference, tmp_path: Path) -> None:
    """Leftovers of a killed run do not disturb the next one in the same folder."""
    out = tmp_path / "out"
    strike(wish, out, random.Random(3), reference.seconds * 0.6)
    again = undisturbed(wish, out, fresh=False)
    assert again.files == reference.files
