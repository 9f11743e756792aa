"""Clock checks: offset, drift, what ± means, and what is said where nothing is known."""

from __future__ import annotations

import itertools
import random

import pytest

from workbench.core.errors import RequestError
from workbench.core.timebase import SECOND
from workbench.evidence.clock import Clock
from workbench.evidence.nouns import ClockCheck

TEN = 1_772_359_200 * SECOND
"""2026-03-01T10:00:00Z."""
DAY = 86_400 * SECOND


def check(number: int, device: int, offset: float, uncertainty: float = 0.5) -> ClockCheck:
    """A check `device` microseconds after ten whose offset is in seconds."""
    shown = TEN + device
    return ClockCheck(
        id=f"K{number}",
        source="hall",
        device_us=shown,
        reference_us=shown + round(offset * SECOND),
        reference="GPS",
        by="A",
        uncertainty=uncertainty,
    )


def test_no_check_corrects_nothing() -> None:
    """Clock not checked is None, never zero."""
    clock = Clock(())
    assert (clock.offset, clock.drift, clock.corrected(TEN)) == (None, None, None)


def test_one_check_gives_its_offset_and_no_drift() -> None:
    """And says that its ± is good for one moment."""
    clock = Clock([check(1, 0, -2.5)])
    found = clock.corrected(TEN + 2 * DAY)
    assert found is not None and (clock.offset, clock.drift) == (-2.5, None)
    assert (found.us, found.plus_minus) == (TEN + 2 * DAY - 2_500_000, 0.5)
    assert "drift not checked" in found.basis and "2.0 d away" in found.basis and "K1" in found.basis


def test_two_checks_give_a_drift() -> None:
    """Half way between them the offset is half way, and ± is the larger of theirs."""
    clock = Clock([check(2, DAY, 3.0, 1.0), check(1, 0, 1.0, 0.25)])
    found = clock.corrected(TEN + DAY // 2)
    assert (clock.offset, clock.drift) == (2.0, 2.0)
    assert found is not None and (found.us, found.plus_minus) == (TEN + DAY // 2 + 2 * SECOND, 1.0)
    assert found.basis.endswith("interpolated between K1 and K2")


def test_beyond_the_checks_the_uncertainty_grows() -> None:
    """Two checks half a second out, each the other way: that is how far the line is out a day later."""
    checks = [check(1, 0, 0.0), check(2, DAY, 0.0)]
    found = Clock(checks).corrected(TEN + 2 * DAY)
    assert found is not None and found.plus_minus == 1.5 and "extrapolated: 1.0 d behind K2" in found.basis
    before = Clock(checks).corrected(TEN - DAY)
    assert before is not None and before.plus_minus == 1.5 and "1.0 d before K1" in before.basis


def test_checks_that_disagree_say_so_in_their_uncertainty() -> None:
    """The distance of the worst from the line is added."""
    found = Clock([check(1, 0, 0.0), check(2, DAY, 3.0), check(3, 2 * DAY, 0.0)]).corrected(TEN + DAY)
    assert found is not None and found.us == TEN + DAY + SECOND and found.plus_minus == 2.5


def test_checks_at_one_moment_show_no_drift() -> None:
    """Two readings of the same instant are averaged."""
    clock = Clock([check(1, 0, 1.0), check(2, 0, 2.0)])
    found = clock.corrected(TEN)
    assert (clock.offset, clock.drift) == (1.5, None)
    assert found is not None and found.plus_minus == 1.0 and "it is that moment" in found.basis


@pytest.mark.parametrize("seed", range(5))
def test_truth_lies_within_the_uncertainty(seed: int) -> None:
    """A drifting clock, checks out by up to what they say: between and beyond them, true time is within ±."""
    rng = random.Random(seed)
    for drift, count in itertools.product((-40e-6, 0.0, 7e-6), (2, 3, 7)):
        times = sorted(rng.randrange(0, 30 * DAY) for _ in range(count))
        said = [0.2 + rng.random() for _ in times]
        checks = [
            check(n, t, 5 + t / SECOND * drift + rng.uniform(-u, u), u)
            for n, (t, u) in enumerate(zip(times, said, strict=True))
        ]
        for t in (rng.randrange(-30 * DAY, 60 * DAY) for _ in range(50)):
            found = Clock(checks).corrected(TEN + t)
            assert found is not None
            off = (found.us - TEN - t) / SECOND - (5 + t / SECOND * drift)
            assert abs(off) <= found.plus_minus + 2e-6


def test_absurd_checks_are_an_error_with_words() -> None:
    """A drift that leaves the calendar."""
    clock = Clock([check(1, 0, 0.0), check(2, 1, 3600.0)])
    with pytest.raises(RequestError, match=r"K1, K2.*more than calendars reach"):
        clock.corrected(TEN + 365 * DAY)
