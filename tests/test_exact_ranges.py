"""Figure 1: random ranges of truth clips: shown = contained = asked, none off by one, times exact to the
tick.

One range per clip and format runs by default; ``-m slow`` runs a thousand, `bench/exact_ranges.py`
prints them as a table.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from tests.engines import Engine, engine
from tests.ranges import CLIPS, PAIRS, Footage, place, random_ranges, trial

FEW, THOUSAND = 1, 1000


@pytest.fixture(scope="module")
def the_engine() -> Engine:
    """The engine under test, warm for the whole module."""
    return engine()


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Footage]:
    """Puts a named clip into one archive of this module."""
    folder = tmp_path_factory.mktemp("archive")
    done: dict[str, Footage] = {}

    def put(name: str) -> Footage:
        if name not in done:
            done[name] = place(CLIPS[name][0], folder)
        return done[name]

    return put


@pytest.mark.parametrize(("name", "form"), PAIRS, ids=[f"{n}-to-{f}" for n, f in PAIRS])
def test_a_range_holds_exactly_its_frames(
    name: str, form: str, the_engine: Engine, placed: Callable[[str], Footage], tmp_path: Path
) -> None:
    """Random ranges hold the frames asked for, in both readers, hidden ones included, at their times."""
    footage = placed(name)
    for span in islice(random_ranges(footage.times, f"{name}/{form}"), FEW):
        assert trial(the_engine, footage, form, span, tmp_path / "out") == [], span


@pytest.mark.slow
def test_a_thousand_ranges(the_engine: Engine, placed: Callable[[str], Footage], tmp_path: Path) -> None:
    """A thousand random ranges, spread over all clips and formats, hold exactly their frames."""
    wrong = {}
    for count in range(THOUSAND):
        name, form = PAIRS[count % len(PAIRS)]
        footage = placed(name)
        span = next(random_ranges(footage.times, f"{name}/{form}/{count}"))
        if findings := trial(the_engine, footage, form, span, tmp_path / str(count)):
            wrong[name, form, span] = findings
    assert not wrong
