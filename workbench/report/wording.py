"""The report's habits of speech: one way to write what nobody stated, what is unknown, a time, a size, a long text.

Times stand in UTC as ISO 8601 (`core.timebase.shown`) and, where a recorder's own clock is meant, in its zone with the
offset written out, so that an hour which occurs twice is never ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.stamp import render
from workbench.core.timebase import shown, zone
from workbench.evidence.claims import count
from workbench.evidence.clock import Corrected
from workbench.report.model import Paragraph, Table

NOT_STATED = "not stated"
UNKNOWN = "unknown"
NOT_CHECKED = "not checked"
LONGEST = 600
"""Characters of one cell of a table; what is longer is cut and says where it stands whole."""
MOST_ROWS = 200
"""Rows of a table of machine-made lists; what is left out is counted below it."""


def stated(text: str) -> str:
    """A person's words, or that there are none."""
    return text if text.strip() else NOT_STATED


def known(value: Any) -> str:
    """A fact of a file; None is *unknown*, never left out."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {known(one)}" for key, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(known(one) for one in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def size(number: int) -> str:
    """Bytes, all digits."""
    return count(number, "byte")


def cut(text: str, where: str, longest: int = LONGEST) -> str:
    """A text for a cell: whole where it fits, else its beginning and where the rest stands."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} […] ({count(len(text), 'character')}, whole in {where})"


def listing(
    head: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    *,
    where: str,
    title: str = "",
    widths: tuple[float, ...] = (),
    code: tuple[int, ...] = (),
    most: int = MOST_ROWS,
    total: int = 0,
) -> Iterator[Table | Paragraph]:
    """A table of at most `most` rows; what is not printed is counted below it, with the place where it stands.

    `total` is how many there are, where `rows` holds fewer.
    """
    yield Table(head=head, rows=tuple(rows[:most]), title=title, widths=widths, code=code)
    if (more := max(total, len(rows)) - most) > 0:
        verb = "stands" if more == 1 else "stand"
        yield Paragraph(text=f"{count(more, 'more row')} {verb} in {where}.", style="small")


def local(us: int, name: str, dated: bool = True) -> str:
    """A recorder's own time in its zone: ``2026-03-01 11:00:28.000000 +01:00 (Europe/Berlin)``."""
    if not dated:
        return f"{shown(us, False)} s from the first frame (undated)"
    try:
        return f"{render('%Y-%m-%d %H:%M:%S.%f %Q', us, zone(name))} ({name})"
    except RequestError:
        return f"{shown(us, True)} (UTC; the zone {name!r} is not known here)"


def corrected(found: Corrected | None) -> str:
    """Corrected UTC with its uncertainty, or that nobody checked the clock."""
    return NOT_CHECKED if found is None else f"{shown(found.us, True)} ± {found.plus_minus:g} s"


@lru_cache(maxsize=1024)
def pixels(x: float, y: float, width: int, height: int) -> str:
    """A normalised point in pixels of the shown picture, to a tenth."""
    return f"({x * width:.1f}, {y * height:.1f})"
