"""A ledger read back against the recordings it speaks of: which pictures should be in the files, and in which order.

    account = Account(claims, recordings)           # claims: entries of an export's record, as plain data
    account.faults                                  # what the entries say that the recordings do not
    account.sequence()                              # every picture that the files should hold, in time order

A claim is ``{"file", "fate", "frames", "first_pts", "last_pts", "first", "last", "proof"}``, times in microseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.core.plan import ExportPlan
from workbench.core.spec import ExportSpec
from workbench.core.timebase import SECOND, Range
from workbench.media.clock import MOST_EMPTY_SLOTS
from workbench.media.index import jumps
from workbench.media.ledger import Book
from workbench.media.recording import Recording

NONE, COPIED, ALTERED, REENCODED, MASKED, DROPPED, UNDECODABLE = range(7)
FATES = {
    "copied": COPIED,
    "reencoded": REENCODED,
    "masked": MASKED,
    "dropped": DROPPED,
    "undecodable": UNDECODABLE,
}
NAMES = ("not told", "copied", "copied", "reencoded", "masked", "dropped", "undecodable")
ALTERATION = "CRA to BLA"
"""Words in the proof of a copied picture whose NAL type was changed."""


class Fault(NamedTuple):
    """Something that is not as claimed."""

    place: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures in time order, as columns."""

    recordings: tuple[Recording, ...]
    number: NDArray[np.int32]
    """Which of the recordings."""
    rank: NDArray[np.int64]
    us: NDArray[np.int64]
    fate: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.rank)

    def part(self, chosen: NDArray[np.intp] | slice) -> Pictures:
        """Some of the pictures."""
        number, rank, us, fate = self.number[chosen], self.rank[chosen], self.us[chosen], self.fate[chosen]
        return Pictures(self.recordings, number, rank, us, fate)

    def place(self, at: int) -> str:
        """Which picture that is, in words."""
        recording, rank = self.recordings[int(self.number[at])], int(self.rank[at])
        return f"{recording.name} frame {rank}, PTS {int(recording.pts[rank])}"


class Account:
    """Fates by recording and rank, as an export's record tells them."""

    def __init__(self, claims: Sequence[Mapping[str, Any]], recordings: Mapping[str, Recording]) -> None:
        self.faults: list[Fault] = []
        self._recordings = recordings
        self._fates: dict[str, NDArray[np.uint8]] = {}
        for claim in claims:
            if claim["file"] in recordings:
                self._take(claim, recordings[claim["file"]])
            else:
                self.faults.append(Fault(str(claim["file"]), "a recording of the source", "no such recording"))

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Those of which pictures are accounted for, in time order."""
        found = [r for name, r in self._recordings.items() if name in self._fates and self._fates[name].any()]
        return tuple(sorted(found, key=lambda r: (r.zero, r.name)))

    def span(self, recording: Recording) -> tuple[int, int]:
        """The ranks [low, high) from the first picture that is accounted for to the last."""
        told = np.flatnonzero(self._fates.get(recording.name, np.zeros(0, np.uint8)))
        return (int(told[0]), int(told[-1]) + 1) if len(told) else (0, 0)

    def holes(self) -> list[Fault]:
        """Pictures between accounted ones of which nothing is told."""
        out = []
        for recording in self.recordings:
            low, high = self.span(recording)
            silent = np.flatnonzero(self._fates[recording.name][low:high] == NONE)
            if len(silent):
                place = f"{recording.name} frame {low + int(silent[0])}, PTS {int(recording.pts[low + int(silent[0])])}"
                out.append(Fault(place, "the fate of each frame", f"nothing is told of {len(silent)} frames"))
        return out

    def undecodable(self) -> Iterable[tuple[Recording, int, int]]:
        """Runs [low, high) of ranks of which no decoder is said to make a picture."""
        for recording in self.recordings:
            yield from ((recording, *run) for run in runs(self._fates[recording.name] == UNDECODABLE))

    def sequence(self) -> Pictures:
        """The pictures that the files should hold; undecodable ones among them, which may be there as they are."""
        wanted = self.recordings
        parts = [np.flatnonzero(np.isin(self._fates[r.name], (COPIED, ALTERED, REENCODED, MASKED, UNDECODABLE)))
                 for r in wanted]  # fmt: skip
        none = np.zeros(0, np.int64)
        return Pictures(
            wanted,
            np.repeat(np.arange(len(wanted), dtype=np.int32), [len(p) for p in parts]),
            np.concatenate([none, *parts]),
            np.concatenate([none, *(r.us[p] for r, p in zip(wanted, parts, strict=True))]),
            np.concatenate([none, *(self._fates[r.name][p] for r, p in zip(wanted, parts, strict=True))]).astype("u1"),
        )

    def laid(self, sequence: Pictures, collapse: bool, slot: int) -> NDArray[np.int64]:
        """Microseconds at which each picture should be shown in one line of output, pauses taken out where asked.

        `slot` is the length of a container's slots, 0 where it counts no slots: pauses too long for them are joined.
        """
        out, shift, end = sequence.us.copy(), 0, None
        for number, recording in enumerate(sequence.recordings):
            low, high = self.span(recording)
            breaks = [(recording.zero + b, recording.zero + e) for b, e in jumps(recording.index)]
            first, last = int(recording.us[low]), int(recording.us[high - 1])
            pauses = [(b, e) for b, e in breaks if first < e <= last]
            if end is not None and end < first:
                pauses.insert(0, (end, first))
            end = last + int(recording.index.tail * recording.index.time_base * SECOND)
            mine = sequence.number == number
            out[mine] -= shift
            for begin, stop in pauses:
                if collapse or (slot and stop - begin > MOST_EMPTY_SLOTS * slot):
                    out[mine & (sequence.us >= stop)] -= stop - begin
                    shift += stop - begin
        return out

    def _take(self, claim: Mapping[str, Any], recording: Recording) -> None:
        first, last = (_rank(recording, claim[key]) for key in ("first_pts", "last_pts"))
        place = f"{recording.name} PTS {claim['first_pts']}…{claim['last_pts']}"
        if first is None or last is None:
            self.faults.append(Fault(place, "frames of the recording", "it shows none with these PTS"))
            return
        if last < first or last - first + 1 != claim["frames"]:
            self.faults.append(Fault(place, f"{claim['frames']} frames", f"{last - first + 1} frames"))
            return
        fates = self._fates.setdefault(recording.name, np.zeros(len(recording.shown), np.uint8))
        if fates[first : last + 1].any():
            self.faults.append(Fault(place, "each frame once", "frames that another entry tells of"))
        fate = ALTERED if claim["fate"] == "copied" and ALTERATION in claim["proof"] else FATES[claim["fate"]]
        fates[first : last + 1] = fate
        told, true = (claim["first"], claim["last"]), (int(recording.us[first]), int(recording.us[last]))
        if told != true:
            self.faults.append(Fault(place, f"instants {true[0]}…{true[1]} µs", f"{told[0]}…{told[1]} µs"))


def without_silent(
    claims: Sequence[Mapping[str, Any]], recordings: Iterable[Recording], spec: ExportSpec, wanted: Range
) -> tuple[list[Mapping[str, Any]], list[Fault]]:
    """The claims about pictures that are there, and what is wrong with those about what recordings only declare."""
    book = Book(ExportPlan(spec=spec, range=wanted, dated=True, segments=(), fields=()))
    book.add_missing(sorted(recordings, key=lambda r: (r.zero, r.name)), wanted)
    expected = Counter((e.file, e.fate, e.first, e.last, e.frames, e.first_pts, e.last_pts) for e in book.entries())
    rest, faults = [], []
    for claim in claims:
        key = tuple(claim[k] for k in ("file", "fate", "first", "last", "frames", "first_pts", "last_pts"))
        if expected[key]:
            expected[key] -= 1
        elif claim["fate"] == "missing":
            faults.append(Fault(claim["file"], "nothing declared that is missing", f"{claim['frames']} missing"))
        else:
            rest.append(claim)
    faults += [Fault(key[0], f"{key[4]} {key[1]} at {key[2]} µs", "not told") for key, n in expected.items() if n]
    return rest, faults


def runs(chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[low, high) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False])).astype(np.int8)))
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def _rank(recording: Recording, pts: Any) -> int | None:
    if not isinstance(pts, int) or not -(2**63) < pts < 2**63:
        return None
    rank = int(recording.pts.searchsorted(pts))
    return rank if rank < len(recording.pts) and int(recording.pts[rank]) == pts else None
