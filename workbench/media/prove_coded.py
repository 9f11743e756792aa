"""Pictures of a finished file that were coded anew, decoded once beside the ones rebuilt from the source.

    proof = CodedProof(name, finished, spec, rebuilder, notes, tell)
    proof.look(low, pictures)       # for each stretch
    proof.alike, proof.conclude()   # what holds

How alike two pictures must be is in `likeness`. A picture of a damaged recording that decodes otherwise each time is
counted apart: nothing is claimed about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.media import likeness
from workbench.media.account import Pictures
from workbench.media.likeness import Picture
from workbench.media.notes import Notes
from workbench.media.rebuilt import Rebuilder, Rebuilt
from workbench.media.recording import Recording
from workbench.media.steadiness import Steadiness


@dataclass
class Tally:
    """What was looked at in one file."""

    alike: int = 0
    psnr: float = likeness.SAME
    square: float = 0.0
    masked: int = 0
    shows: tuple[int, int] = (0, 0)
    unsteady: int = 0
    """Frames that are not alike, or not there any more, of a recording that decodes otherwise each time."""


@dataclass
class CodedProof:
    """See the module."""

    name: str
    finished: Recording
    spec: ExportSpec
    rebuilder: Rebuilder
    notes: Notes
    tell: Callable[[int], None]
    tally: Tally = field(default_factory=Tally)
    steady: Steadiness = field(default_factory=Steadiness)

    def look(self, low: int, part: Pictures) -> None:
        """Look at a stretch of pictures: those of `part` should stand from shown picture `low` of the file on."""
        high = low + len(part)
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

    @property
    def alike(self) -> str:
        """How alike the pictures are that are, in words; empty where there is none."""
        tally = self.tally
        if not tally.alike:
            return ""
        return (
            f"{tally.alike} coded frames resemble the rebuilt ones: lowest PSNR {tally.psnr:.1f} dB (least: "
            f"{self._least:g}), means of squares up to {tally.square:.1f} apart (most: {self._most:g})"
        )

    def conclude(self) -> None:
        """Put into the notes what holds of the masks, and what could not be looked at."""
        tally = self.tally
        if tally.unsteady:
            why = "the recording is damaged there, and each decoding of it gives other pictures"
            said = f"{tally.unsteady} coded frames that differ from the rebuilt ones: {why}"
            self.notes.skip("ledger", self.name, said)
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

    def _fail(self, place: str, expected: str, found: str, kind: str) -> None:
        self.notes.fail("ledger", self.name, place, expected, found, kind=kind)

    @property
    def _least(self) -> float:
        return likeness.PSNR_LEAST[self.spec.video_quality]

    @property
    def _most(self) -> float:
        return likeness.squares_within(self.finished.index.facts.codec, self.spec.video_quality)

    @property
    def _through(self) -> tuple[int, int]:
        return likeness.shows_within(self.spec.video_quality, (mask.style for mask in self.spec.masks))

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
