"""The numbers that bound a server's exports: checked before anything of it begins.

>>> check(slots=2, queue=32, keep_hours=10)
"""

from __future__ import annotations

import math

from workbench.core.errors import RequestError

MOST_SLOTS = 256
MOST_QUEUE = 1_000_000


def check(*, slots: int, queue: int, keep_hours: float) -> None:
    """RequestError naming the number with which exports would never be made, be refused all, or go at once."""
    _whole("slots", slots, MOST_SLOTS, "--slots says how many exports run at once.")
    _whole("queue", queue, MOST_QUEUE, "--queue says how many exports may wait.")
    if not _is_span(keep_hours):
        why = f"{keep_hours!r} is not a number of hours above 0"
        raise RequestError("keep_hours", why, "--keep-hours says how long an export that nobody asks after is kept.")


def _whole(name: str, number: object, most: int, advice: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise RequestError(name, f"{number!r} is not a whole number from 1 to {most}", advice)


def _is_span(hours: object) -> bool:
    return isinstance(hours, int | float) and not isinstance(hours, bool) and math.isfinite(hours) and hours > 0
