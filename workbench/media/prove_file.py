"""One video file of an export against the pictures that should be in it.

Pictures are paired with the source's by their times, never by their numbers: one that is missing or too many shifts no
other. Then each pair is looked at by its fate:

    copied              the coded picture, normalised, has the digest of the source's; nothing is decoded
    reencoded, masked   decoded once, beside the picture rebuilt from the source (`rebuilt`): how alike they are,
                        whether a neighbour stands in its place, and what shows through the masks (`likeness`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.media import habits, likeness
from workbench.media.account import ALTERED, COPIED, MASKED, REENCODED, UNDECODABLE, Pictures, runs
from workbench.media.bits import BitstreamError
from workbench.media.carried import carried, foreign_sets, wanted_digest
from workbench.media.index import HIDDEN, NO_TIME
from workbench.media.likeness import Picture
from workbench.media.notes import Notes
from workbench.media.probe import open_media
from workbench.media.rebuilt import Rebuilder, Rebuilt
from workbench.media.recording import Recording
from workbench.media.steadiness import Steadiness

Tell = Callable[[int], None]
_ROUNDING = 2
"""Microseconds by which times rounded down on both sides may differ."""


@dataclass
class Tally:
    """What was looked at in one file, for the findings that hold."""

    copied: int = 0
    alike: int = 0
    psnr: float = likeness.SAME
    square: float = 0.0
    masked: int = 0
    shows: tuple[int, int] = (0, 0)
    unsteady: int = 0
    """Frames that are not alike, or not there any more, of a recording that decodes otherwise each time."""


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
    tally: Tally = field(default_factory=Tally)
    steady: Steadiness = field(default_factory=Steadiness)

    def run(self) -> None:
        """Put everything that is to be said about the file into the notes."""
        self._count()
        pairs = self._paired()
        if not self._shape(pairs):
            return
        self._copied(pairs)
        for low, high in runs(self._fates(pairs, REENCODED, MASKED)):
            self._coded(low, pairs[low:high])
        self._conclude()

    def _conclude(self) -> None:
        tally = self.tally
        if tally.unsteady:
            why = "the recording is damaged there, and each decoding of it gives other pictures"
            self.notes.skip(
                "ledger", self.name, f"{tally.unsteady} coded frames that differ from the rebuilt ones: {why}"
            )
        if not self.notes.failed("ledger", self.name):
            said = [f"{tally.copied} copied frames equal the source's"] if tally.copied else []
            if tally.alike:
                said.append(
                    f"{tally.alike} coded frames resemble the rebuilt ones: lowest PSNR {tally.psnr:.1f} dB (least: "
                    f"{self._least:g}), means of squares up to {tally.square:.1f} apart (most: {self._most:g})"
                )
            self.notes.ok("ledger", self.name, "; ".join(said), f"{len(self.pictures)} frames as the ledger tells")
        if tally.masked and not self.notes.failed("masks", self.name):
            styles = {mask.style for mask in self.spec.masks} - {"fill"}
            self.notes.ok(
                "masks",
                self.name,
                f"covered in {tally.masked} frames; in the worst square of {likeness.SIDE}×{likeness.SIDE} samples "
                f"{tally.shows[0]} are nearer to what lies beneath (colour: {tally.shows[1]})",
                f"at most {self._through[0]} (colour: {self._through[1]})",
                f"{' and '.join(sorted(styles))} may be recoverable" if styles else "",
            )

    @property
    def _least(self) -> float:
        return likeness.PSNR_LEAST[self.spec.video_quality]

    @property
    def _most(self) -> float:
        return likeness.squares_within(self.finished.index.facts.codec, self.spec.video_quality)

    @property
    def _through(self) -> tuple[int, int]:
        return likeness.shows_within(self.spec.video_quality, (mask.style for mask in self.spec.masks))

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
        self.tally.copied += len(chosen)

    def _coded(self, low: int, pairs: NDArray[np.int64]) -> None:
        """A stretch of pictures that were coded anew, from shown picture `low` of the file on."""
        part, high = self.pictures.part(pairs), low + len(pairs)
        decoded = self.finished.frames(low, high)
        number, frame = next(decoded, (high, None))
        own: tuple[Rebuilt, Picture | None, int] | None = None
        neighbour: Picture | None = None
        for at, rebuilt in self._rebuilt(part):
            if own is not None:
                self._compared(*own, part, [neighbour, rebuilt.picture])
                neighbour = own[0].picture
            while number < low + at:
                number, frame = next(decoded, (high, None))
            own = rebuilt, self._taken(frame, number) if number == low + at else None, at
            if at % 16 == 0:
                self.tell(low + at)
        if own is not None:
            self._compared(*own, part, [neighbour])

    def _taken(self, frame: Any, number: int) -> Picture | None:
        try:
            return Picture.of(frame)
        except SourceError:
            self._fail(f"frame {number}", "planes of luma and colour", frame.format.name, "form")
            return None

    def _rebuilt(self, part: Pictures) -> Iterator[tuple[int, Rebuilt]]:
        """The rebuilt pictures, each with its number in `part`; what does not decode any more is counted."""
        codec = self.finished.index.facts.codec
        for number in dict.fromkeys(part.number.tolist()):
            recording, mine = part.recordings[number], np.flatnonzero(part.number == number)
            wanted = dict(zip(part.rank[mine].tolist(), mine.tolist(), strict=True))
            for rank, frame in recording.frames(min(wanted), max(wanted) + 1):
                if rank in wanted:
                    yield wanted.pop(rank), self.rebuilder.picture(recording, rank, frame, codec)
            self.tally.unsteady += len(wanted)

    def _compared(
        self, rebuilt: Rebuilt, found: Picture | None, at: int, part: Pictures, neighbours: list[Picture | None]
    ) -> None:
        place, wanted = part.place(at), rebuilt.picture
        if found is None:
            self._fail(place, "a picture in the file", "it does not decode there", "decodes")
            return
        if found.shape != wanted.shape:
            self._fail(place, wanted.shape, found.shape, "shape")
            return
        seen = likeness.compare(wanted, found)
        faults = [*self._alike(rebuilt, found, seen, neighbours), *self._covered(rebuilt, found, seen)]
        recording, rank = part.recordings[int(part.number[at])], int(part.rank[at])
        if faults and not self.steady.decodes(recording, rank, rebuilt.source):
            self.tally.unsteady += 1
            return
        for check, kind, expected, said in faults:
            self.notes.fail(check, self.name, place, expected, said, kind=kind)
        tally = self.tally
        tally.alike += 1
        tally.psnr, tally.square = min(tally.psnr, seen.psnr), max(tally.square, seen.square)

    def _alike(
        self, rebuilt: Rebuilt, found: Picture, seen: likeness.Likeness, neighbours: list[Picture | None]
    ) -> Iterator[tuple[str, str, str, str]]:
        """What is wrong with a picture as a whole: check, kind, expected, found."""
        if any(n is not None and likeness.swapped(rebuilt.picture, found, n) for n in neighbours):
            yield "ledger", "swapped", "the frame itself", "its neighbour"
        elif seen.psnr < self._least:
            yield "ledger", "psnr", f"PSNR {self._least:g} dB or more", f"{seen.psnr:.1f} dB"
        elif seen.square > self._most:
            where = f"{seen.square:.1f} apart in the one at row {seen.at[0]}, column {seen.at[1]}"
            check = "masks" if rebuilt.covers(seen.at) else "ledger"
            yield check, "square", f"means of squares within {self._most:g}", where

    def _covered(
        self, rebuilt: Rebuilt, found: Picture, seen: likeness.Likeness
    ) -> Iterator[tuple[str, str, str, str]]:
        """What shows through the masks of a picture."""
        if rebuilt.region is None or rebuilt.beneath is None:
            return
        luma, colour = likeness.shows(rebuilt.picture, found, rebuilt.beneath, rebuilt.region)
        if luma > self._through[0] or colour > self._through[1]:
            most = f"covered: at most {self._through[0]} (colour: {self._through[1]}) nearer to what lies beneath"
            said = f"in a square of {likeness.SIDE}×{likeness.SIDE} samples {luma} (colour: {colour}) are"
            yield "masks", "shows", most, said
        else:
            tally = self.tally
            tally.masked, tally.shows = tally.masked + 1, (max(tally.shows[0], luma), max(tally.shows[1], colour))


def _other_videos(path: Path) -> int:
    with open_media(path) as container:
        return sum(not stream.disposition & Disposition.attached_pic for stream in container.streams.video) - 1
