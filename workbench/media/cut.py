"""The cut: which pictures of a recording can be copied, and which must be coded anew. Pure arithmetic on its index.

A stretch of ranks is divided into runs. A COPY run enters at a picture where decoding may really begin, leaves out
what is shown before that picture, and takes the longest prefix in decode order whose pictures close up without a
hole before the stretch ends: so it holds no hidden picture and none outside. What is left over at its two edges
becomes ENCODE runs. Pictures under a mask's time range are coded anew with their whole groups: nothing that was
coded together with a masked picture is carried over.

    runs = divide(recording, 310, 900, touched=[(400, 450, "masked")], joinable=True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.core.plan import Mode
from workbench.media.access import Entry
from workbench.media.index import CORRUPT, HIDDEN, NO_PICTURE
from workbench.media.recording import Recording

Touched = tuple[int, int, str]
"""Ranks [low, high) that may not be copied, and why."""

JOINABLE = frozenset({"h264", "hevc", "mjpeg", "av1"})
"""Codings in which copied and re-encoded groups stand in one stream soundly (measured: smart-cut)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive ranks made in one way."""

    mode: Mode
    low: int
    high: int
    reason: str
    rows: tuple[int, int] | None = None
    """COPY: [from, to) in decode order; rows shown before `low` are left out."""
    cra: bool = False
    """COPY: it enters at a HEVC CRA picture."""


def divide(recording: Recording, low: int, high: int, touched: Sequence[Touched], joinable: bool) -> list[Run]:
    """Runs that cover the ranks [low, high) once, in order.

    `touched` may not be copied. Where the coding is not `joinable`, the stretch is copied in one run or not at all.
    """
    runs = _merged(_divided(recording, low, high, sorted(touched)))
    if joinable or all(run.mode is Mode.ENCODE for run in runs):
        return runs
    if len(runs) == 1:
        return runs
    codec = recording.index.facts.codec
    return [Run(Mode.ENCODE, low, high, f"{codec} cannot be joined soundly, and the cut needs new pictures at an edge")]


def keyframe_range(recording: Recording, low: int, high: int) -> tuple[int, int]:
    """The smallest stretch around [low, high) that one copied run can hold: from a key picture, closing up behind."""
    row = recording.entry_before(low)
    first = int(recording.ranks[row])
    if first < 0 or recording.index.rows["entry"][row] < Entry.CLOSED:
        return low, high
    ends = _closed_ends(recording, row, len(recording.index.rows))
    behind = ends[ends >= high]
    return (first, int(behind[0])) if len(behind) else (low, high)


def _divided(recording: Recording, low: int, high: int, touched: Sequence[Touched]) -> list[Run]:
    runs: list[Run] = []
    at = low
    for begin, end, reason in touched:
        begin, end = max(begin, at), min(end, high)
        if begin >= end:
            continue
        before, behind = _group_borders(recording, begin, end)
        before, behind = max(before, at), min(behind, high)
        runs += _copies(recording, at, before)
        if before < begin:
            runs.append(Run(Mode.ENCODE, before, begin, f"in one group with pictures that are {reason}"))
        runs.append(Run(Mode.ENCODE, begin, end, reason))
        if end < behind:
            runs.append(Run(Mode.ENCODE, end, behind, f"in one group with pictures that are {reason}"))
        at = behind
    return runs + _copies(recording, at, high)


def _group_borders(recording: Recording, begin: int, end: int) -> tuple[int, int]:
    """The ranks of the key pictures at or before `begin`, and at or behind `end`."""
    ranks = _entry_ranks(recording)
    before, behind = ranks[ranks <= begin], ranks[ranks >= end]
    return (
        int(before[-1]) if len(before) else 0,
        int(behind[0]) if len(behind) else len(recording.shown),
    )


def _entry_rows(recording: Recording) -> NDArray[np.intp]:
    rows: NDArray[np.intp] = np.flatnonzero(
        (recording.index.rows["entry"] >= Entry.CLOSED)
        & (recording.ranks >= 0)
        & (recording.index.rows["flags"] & CORRUPT == 0)
    )
    return rows


def _entry_ranks(recording: Recording) -> NDArray[np.int64]:
    return np.sort(recording.ranks[_entry_rows(recording)])


def _copies(recording: Recording, low: int, high: int) -> list[Run]:
    """The stretch [low, high) as copied runs with re-encoded edges."""
    runs: list[Run] = []
    entries = _entry_rows(recording)
    entries = entries[np.argsort(recording.ranks[entries], kind="stable")]
    ranks = recording.ranks[entries]
    at = low
    while at < high:
        found = int(np.searchsorted(ranks, at))
        enter = int(ranks[found]) if found < len(ranks) else high
        if enter >= high:
            runs.append(Run(Mode.ENCODE, at, high, _why_no_entry(recording, at, high)))
            return runs
        if at < enter:
            runs.append(Run(Mode.ENCODE, at, enter, _why_no_entry(recording, at, enter)))
        row = int(entries[found])
        ends = _closed_ends(recording, row, _last_row(recording, enter, high))
        ends = ends[ends <= high]
        if not len(ends):
            runs.append(Run(Mode.ENCODE, enter, high, "the group's pictures do not close up before the cut"))
            return runs
        at = int(ends[-1])
        stop = row + int(np.argmax(_prefix_ends(recording, row, _last_row(recording, enter, high)) == at)) + 1
        reason = "copied from a picture where decoding may begin"
        cra = bool(recording.index.rows["entry"][row] == Entry.CRA)
        runs.append(Run(Mode.COPY, enter, at, reason, (row, _with_trailing_leads(recording, row, stop, enter)), cra))
    return runs


def _last_row(recording: Recording, low: int, high: int) -> int:
    return int(recording.shown[low:high].max()) + 1


def _with_trailing_leads(recording: Recording, row: int, stop: int, enter: int) -> int:
    """`stop`, without rows at the end that are shown before `enter` and so left out anyway."""
    while stop > row + 1 and recording.ranks[stop - 1] < enter:
        stop -= 1
    return stop


def _prefix_ends(recording: Recording, row: int, last: int) -> NDArray[np.int64]:
    """For each row from `row`: the rank behind the prefix up to it where that prefix has no hole, else -1."""
    ranks = recording.ranks[row:last]
    enter = int(ranks[0])
    ours = ranks >= enter
    latest = np.maximum.accumulate(np.where(ours, ranks, enter))
    held = np.cumsum(ours)
    closed = (latest - enter + 1 == held) & ours
    broken = np.flatnonzero(_unfit(recording, row, last, enter))
    if len(broken):
        closed[broken[0] :] = False
    ends: NDArray[np.int64] = np.where(closed, latest + 1, -1)
    return ends


def _unfit(recording: Recording, row: int, last: int, enter: int) -> NDArray[np.bool_]:
    """Rows at which a copied run must end: not shown, damaged, or under other parameter sets."""
    rows = recording.index.rows[row:last]
    leading = (recording.ranks[row:last] >= 0) & (recording.ranks[row:last] < enter)
    bad = rows["flags"] & (HIDDEN | CORRUPT | NO_PICTURE) != 0
    unfit: NDArray[np.bool_] = (bad & ~leading) | (rows["config"] != rows["config"][0])
    return unfit


def _closed_ends(recording: Recording, row: int, last: int) -> NDArray[np.int64]:
    ends = _prefix_ends(recording, row, last)
    return np.unique(ends[ends >= 0])


def _why_no_entry(recording: Recording, low: int, high: int) -> str:
    rows = recording.shown[low:high]
    entries = recording.index.rows["entry"][rows]
    if (recording.index.rows["flags"] & NO_PICTURE).any():
        return "two packets make one picture, or some make none: packets cannot be told apart by picture"
    if (entries == Entry.GRADUAL).any():
        return "the source refreshes gradually (intra refresh): a copy cannot begin here"
    if (entries == Entry.OPEN).any():
        return "the source opens only at recovery points here: a copy would lose pictures"
    return "between a cut edge and the next picture where a copy may begin or end"


def _merged(runs: list[Run]) -> list[Run]:
    """Neighbouring ENCODE runs of one reason become one."""
    out: list[Run] = []
    for run in runs:
        if out and run.mode is Mode.ENCODE and out[-1].mode is Mode.ENCODE and out[-1].reason == run.reason:
            out[-1] = Run(Mode.ENCODE, out[-1].low, run.high, run.reason)
        elif run.low < run.high:
            out.append(run)
    return out
