"""Figure 3: a kernel killed in the middle of drawing, exporting, commenting: all that was shown as saved is there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("jupyter_client")
from tests.widgets.conftest import RECORDINGS
from tests.widgets.killing import Blow, moments


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder, and so one cache, for all kernels."""
    return tmp_path_factory.mktemp("kills")


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        pytest.param(n, seconds, marks=[] if n < 3 else [pytest.mark.slow], id=f"{n}-{seconds}s")
        for n, seconds in enumerate(moments(20, 2026))
    ],
)
def test_a_killed_kernel_loses_nothing_that_was_shown_as_saved(place: Path, number: int, seconds: float) -> None:
    """The case alone opens again with everything that was acknowledged; jobs are told as they are, no file is half."""
    blow = Blow(place / str(number), seconds, seed=number, archive=RECORDINGS)
    blow.folder.mkdir()
    blow.strike()
    assert blow.found() == [], f"{len(blow.acknowledged)} acknowledged"
    assert blow.acknowledged
