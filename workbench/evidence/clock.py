"""What the clock checks of a source say about true time: offset, drift, uncertainty.

    clock = Clock(state.checks_of("hall"))
    found = clock.corrected(device_us)        # None: clock not checked
    found.us, found.plus_minus, found.basis

Rules, all of them in exact arithmetic:

- One check gives the offset at its moment. Nothing is known of the drift, so its ± holds at that moment only.
- Two or more give a straight line by least squares through their offsets, over the recorder's time.
- ± is the largest of the checks' own uncertainties, plus the distance of the worst check from the line. The first part
  is multiplied by the sum of the weights (their amounts) that the checks have at the instant, where that is over 1:
  so far can the line be out if each check is out by as much as it says it may be. Between two checks that is 1, and it
  grows beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from workbench.core.errors import RequestError
from workbench.core.timebase import SECOND
from workbench.evidence.nouns import ClockCheck

DAY = 86_400
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The years 1 to 9999, which dates can be written for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """An instant of the recorder's clock as true time."""

    us: int
    """Microseconds since 1970 UTC."""
    plus_minus: float
    """Seconds."""
    basis: str
    """From which checks it comes, and whether between or beyond them, in words."""


class Clock:
    """The clock of one source, by its checks."""

    def __init__(self, checks: Sequence[ClockCheck]) -> None:
        self.checks = tuple(sorted(checks, key=lambda check: check.device_us))
        count = max(1, len(self.checks))
        self._middle = Fraction(sum(check.device_us for check in self.checks), count)
        self._mean = Fraction(sum(check.offset_us for check in self.checks), count)
        self._spread = sum(((c.device_us - self._middle) ** 2 for c in self.checks), Fraction(0))
        rise = sum(((c.device_us - self._middle) * (c.offset_us - self._mean) for c in self.checks), Fraction(0))
        self._slope = rise / self._spread if self._spread else Fraction(0)

    @property
    def offset(self) -> float | None:
        """Seconds to ADD to the recorder's time, in the middle of the checks; None: clock not checked."""
        return float(self._mean / SECOND) if self.checks else None

    @property
    def drift(self) -> float | None:
        """Seconds by which that offset grows in a day; None: not checked (it takes two checks apart in time)."""
        return float(self._slope * DAY) if self._spread else None

    def corrected(self, device_us: int) -> Corrected | None:
        """True time of an instant of the recorder's clock; None where the clock was not checked.

        RequestError where the checks contradict each other so much that it would lie outside the years 1 to 9999.
        """
        if not self.checks:
            return None
        us = round(device_us + self._at(device_us))
        if not FIRST_US <= us <= LAST_US:
            raise RequestError(
                "clock",
                f"by its checks ({self._names()}) the clock is wrong by more than calendars reach",
                "One of them must be mistaken: put a new check on record that replaces it.",
            )
        return Corrected(us=us, plus_minus=float(self._uncertain(device_us)), basis=self._basis(device_us))

    def _at(self, device_us: int) -> Fraction:
        """The offset at an instant, in microseconds."""
        return self._mean + self._slope * (device_us - self._middle)

    def _uncertain(self, device_us: int) -> Fraction:
        """Seconds ± (see the module)."""
        own = max(Fraction(str(check.uncertainty)) for check in self.checks)
        worst = max(abs(check.offset_us - self._at(check.device_us)) for check in self.checks) / SECOND
        return own * max(Fraction(1), self._weights(device_us)) + worst

    def _weights(self, device_us: int) -> Fraction:
        """Sum of the amounts of the weights that the checks' offsets have in the line's value at an instant."""
        if not self._spread:
            return Fraction(1)
        far = (device_us - self._middle) / self._spread
        each = Fraction(1, len(self.checks))
        return sum((abs(each + (check.device_us - self._middle) * far) for check in self.checks), Fraction(0))

    def _basis(self, device_us: int) -> str:
        first, last = self.checks[0], self.checks[-1]
        if not self._spread:
            away = abs(device_us - first.device_us)
            here = "it is that moment" if not away else f"this is {_length(away)} away from it"
            known = f"check {first.id}" if len(self.checks) == 1 else f"checks {self._names()}, made at one moment"
            return f"{known}; drift not checked: the ± holds at the moment of the check only, and {here}"
        line = f"line through {len(self.checks)} checks ({self._names()})"
        if device_us < first.device_us:
            return f"{line}, extrapolated: {_length(first.device_us - device_us)} before {first.id}"
        if device_us > last.device_us:
            return f"{line}, extrapolated: {_length(device_us - last.device_us)} behind {last.id}"
        return f"{line}, interpolated between {first.id} and {last.id}"

    def _names(self) -> str:
        return ", ".join(check.id for check in self.checks)


def _length(us: int) -> str:
    """A length of time in words, at most one digit behind the point."""
    for size, unit in ((DAY, "d"), (3600, "h"), (60, "min")):
        if us >= size * SECOND:
            return f"{us / (size * SECOND):.1f} {unit}"
    return f"{us / SECOND:.1f} s"
