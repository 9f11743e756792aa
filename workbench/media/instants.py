"""When the pictures of a stretch are shown: instants on the source's time line, as plain 64-bit numbers.

job     places (recordings, as `running.place` tells them), from, to (half-open), limit, newest
answer  one blob of little-endian 64-bit numbers, in order, for `limit` pictures at most
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.media.access import Entry
from workbench.media.places import recording_at


def instants(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], list[bytes]]:
    """The instants of the pictures with from <= instant < to; where two recordings overlap, the earlier one counts."""
    return _told(job, report, keys=False)


def key_instants(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], list[bytes]]:
    """The same of key pictures alone: those where decoding may begin."""
    return _told(job, report, keys=True)


def _told(
    job: dict[str, Any], report: Callable[[dict[str, Any]], None], *, keys: bool
) -> tuple[dict[str, Any], list[bytes]]:
    begin, end, limit, newest = int(job["from"]), int(job["to"]), int(job["limit"]), bool(job["newest"])
    found: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    held = 0
    for place in reversed(job["places"]) if newest else job["places"]:
        report({"stage": "frames", "file": place["name"]})
        recording = recording_at(place)
        low, high = recording.between(max(begin, int(place["used_from"])), end)
        part = recording.us[low:high]
        if keys:
            part = part[recording.index.rows["entry"][recording.shown[low:high]] >= Entry.CLOSED]
        part = part[::-1] if newest else part
        found.append(part[: limit - held])
        held += len(found[-1])
        if held >= limit:
            break
    times = np.concatenate(found) if found else np.zeros(0, np.int64)
    return {}, [times.astype("<i8").tobytes()]
