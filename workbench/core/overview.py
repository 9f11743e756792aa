"""What is recorded, as coarse as a screen is: stretches, with the holes too small to be drawn counted.

    Overview(source="hall", …, stretches=(Stretch(begin=0, end=60_000_000, gaps=2),), checked=False)

`checked` says whether every file was listed and looked at for this answer; an answer from a catalogue alone is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.core.timebase import Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Recorded from `begin` to `end`, but for `gaps` holes too small to be drawn."""

    begin: int
    end: int
    gaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is recorded of one source in a range, coarsely."""

    source: str
    dated: bool
    range: Range
    stretches: tuple[Stretch, ...]
    witness: str
    """Who says what is missing."""
    notes: tuple[str, ...] = ()
    name: str = ""
    """Display name of the source."""
    first: int | None = None
    """Instant of the source's first picture, None where nothing is readable."""
    last: int | None = None
    """Instant of its last picture."""
    zone: str = "UTC"
    """Zone in which the recorder wrote its times."""
    zone_assumed: bool = False
    """True where nobody named a zone and UTC was taken; of an answer that is not checked: where none is configured."""
    checked: bool = True
    """True: every file was listed now and had the size and time that is known; False: not checked."""
