"""One video file of an export against the pictures that should be in it.

Pictures are paired with the source's by their times, never by their numbers: one that is missing or too many shifts no
other. Then each pair is looked at by its fate:

    copied              the coded picture, normalised, has the digest of the source's; nothing is decoded
    reencoded, masked   decoded once, beside the picture rebuilt from the source (`prove_coded`): how alike they are,
                        whether a neighbour stands in its place, and what shows through the masks
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from workbench.core.spec import ExportSpec
from workbench.media import habits
from workbench.media.account import ALTERED, COPIED, MASKED, REENCODED, UNDECODABLE, Pictures, runs
from workbench.media.bits import BitstreamError
from workbench.media.carried import carried, foreign_sets, wanted_digest
from workbench.media.index import HIDDEN, NO_TIME
from workbench.media.notes import Notes
from workbench.media.probe import open_media
from workbench.media.prove_coded import CodedProof
from workbench.media.rebuilt import Rebuilder
from workbench.media.recording import Recording

Tell = Callable[[int], None]
_ROUNDING = 2
"""Microseconds by which times rounded down on both sides may differ."""


@dataclass
class FileProof:
    """See the module. `pictures` are those that should be in the file, `laid` the times at which they should stand."""

    name: str
    told: dict[str, Any]
    finished: Recording
    pictures: Pictures
    laid: NDArray[np.int64]
    spec: ExportSpec
    rebuilder: Rebuilder
    notes: Notes
    tell: Tell
    _carried: int = 0
    """Copied pictures that were looked at."""

    def run(self) -> None:
        """Put everything that is to be said about the file into the notes."""
        self._count()
        pairs = self._paired()
        if not self._shape(pairs):
            return
        self._copied(pairs)
        coded = CodedProof(self.name, self.finished, self.spec, self.rebuilder, self.notes, self.tell)
        for low, high in runs(self._fates(pairs, REENCODED, MASKED)):
            coded.look(low, self.pictures.part(pairs[low:high]))
        self._conclude(coded)

    def _conclude(self, coded: CodedProof) -> None:
        coded.conclude()
        said = [f"{self._carried} copied frames equal the source's"] if self._carried else []
        said += [coded.alike] if coded.alike else []
        if said and not self.notes.failed("ledger", self.name):
            self.notes.ok("ledger", self.name, "; ".join(said), f"{len(self.pictures)} frames as the ledger tells")

    def _fail(self, place: str, expected: str, found: str, kind: str = "") -> None:
        self.notes.fail("ledger", self.name, place, expected, found, kind=kind)

    def _count(self) -> None:
        rows = self.finished.index.rows
        hidden = int(np.count_nonzero(rows["flags"] & HIDDEN))
        if hidden:
            self._fail("", "no frame that is not shown", f"{hidden} hidden frames")
        if (rows["pts"] == NO_TIME).any():
            self._fail("", "a time for each frame", "a frame without one")
        if others := _other_videos(self.finished.path):
            self._fail("", "one video track", f"{others} more")
        sure = int(np.count_nonzero(self.pictures.fate != UNDECODABLE))
        for what, count in (("contained", len(rows)), ("shown", sure)):
            if self.told[what] != count:
                self._fail("", f"{count} frames {what}", f"{self.told[what]} in the record", f"count {what}")

    def _paired(self) -> NDArray[np.int64]:
        """For each shown picture of the file the number of the one it should be, -1 where there is none."""
        index, pts = self.finished.index, self.finished.pts
        found = index.microseconds(pts, int(pts[0])) if len(pts) else np.zeros(0, np.int64)
        wanted = self.laid - self.laid[0]
        slack = self._slack(wanted)
        at = np.clip(np.searchsorted(wanted, found), 1, max(1, len(wanted) - 1))
        before = found - wanted[at - 1] < wanted[np.minimum(at, len(wanted) - 1)] - found
        pairs = np.where(before | (len(wanted) == 1), at - 1, at)
        good = np.abs(found - wanted[pairs]) <= slack
        good[1:] &= ~((pairs[1:] == pairs[:-1]) & good[:-1])
        for number in np.flatnonzero(~good).tolist():
            self._fail(f"frame {number}, {found[number] / 1e6:.6f} s", "a frame of the source", "none has that time")
        there = np.zeros(len(wanted), bool)
        there[pairs[good]] = True
        for number in np.flatnonzero(~there & (self.pictures.fate != UNDECODABLE)).tolist():
            self._fail(self.pictures.place(number), "shown at its time", "missing in the file")
        return np.where(good, pairs, -1).astype(np.int64)

    def _slack(self, wanted: NDArray[np.int64]) -> float:
        """Microseconds that a picture's time may be off: a tick of the container, never half a picture."""
        tick = float(self.finished.index.time_base) * 1e6
        several = len(np.unique(self.pictures.number)) > 1
        joint = max(float(r.index.time_base) for r in self.pictures.recordings) * 1e6 if several else 0.0
        least = float(np.diff(wanted).min()) if len(wanted) > 1 else np.inf
        return min(1.001 * tick + joint + _ROUNDING, max(0.49 * least, _ROUNDING))

    def _shape(self, pairs: NDArray[np.int64]) -> bool:
        """Whether coding and rotation are those that the pictures should have."""
        first = self.pictures.recordings[int(self.pictures.number[0])]
        facts, copies = first.index.facts, self._fates(pairs, COPIED, ALTERED).any()
        codec = facts.codec if copies else habits.target_codec(self.spec, facts)
        if self.finished.index.facts.codec != codec:
            self._fail("", f"pictures coded as {codec}", self.finished.index.facts.codec)
            return False
        turn = next((round(frame.rotation / 90) * 90 % 360 for _, frame in self.finished.frames(0, 1)), None)
        wanted = 0 if self.spec.format == "avi" else first.index.rotation
        if turn not in (None, wanted):
            self._fail("", f"turned by {wanted}°", f"turned by {turn}°")
        return True

    def _fates(self, pairs: NDArray[np.int64], *fates: int) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (pairs >= 0) & np.isin(self.pictures.fate[pairs], fates)
        return found

    def _copied(self, pairs: NDArray[np.int64]) -> None:
        """Compare digests; an undecodable picture that is there was copied, too."""
        chosen = np.flatnonzero(self._fates(pairs, COPIED, ALTERED, UNDECODABLE))
        if not len(chosen):
            return
        part = self.pictures.part(pairs[chosen])
        wanted = wanted_digest(part, self.tell)
        rows = self.finished.shown[chosen]
        for row, digest, extra in carried(self.finished, rows):
            number = int(self.finished.ranks[row])
            at = int(np.searchsorted(chosen, number))
            if digest != wanted[at]:
                place = f"frame {number}, {part.place(at)}"
                self._fail(place, "the source's coded picture", "another one", "copied")
            elif extra:
                self._fail(f"frame {number}", "no parameter sets inside", "some that replace the source's", "sets")
            if row % 256 == 0:
                self.tell(row)
        try:
            foreign = foreign_sets(part, self.finished)
        except BitstreamError as exc:
            foreign = str(exc)
        if foreign:
            self._fail("", "the source's parameter sets beside its pictures", foreign)
        self._carried += len(chosen)


def _other_videos(path: Path) -> int:
    with open_media(path) as container:
        return sum(not stream.disposition & Disposition.attached_pic for stream in container.streams.video) - 1
