"""The frame ledger while it is written: what became of each source picture in the range, each accounted for once.

Pictures come one by one from the muxing side (`wrote`), from the divisor (`dropped`) and from the decoder (`lost`);
`entries` joins them to runs of one fate. What recordings declare but do not hold is added at the end as missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from workbench.core.plan import ExportPlan
from workbench.core.result import Ledger, LedgerEntry
from workbench.core.timebase import Range
from workbench.media.coded import NAL_CODECS, Item
from workbench.media.index import NO_PICTURE
from workbench.media.recording import Recording

_FATES = ("", "copied", "altered", "reencoded", "masked", "dropped", "undecodable")
_CODES = {fate: code for code, fate in enumerate(_FATES)}


class Book:
    """Fates by recording and rank, one byte a picture."""

    def __init__(self, plan: ExportPlan) -> None:
        self.plan = plan
        self.segments = list(plan.segments)
        """How each stretch was made in fact; differs from the plan where a joint did not hold."""
        self._fates: dict[str, tuple[Recording, bytearray]] = {}
        self._missing: list[LedgerEntry] = []

    def wrote(self, item: Item) -> None:
        """A picture went into a file."""
        self._set(item.recording, item.rank, "altered" if item.altered else item.fate)

    def dropped(self, recording: Recording, rank: int) -> None:
        """The rate divisor left a picture out."""
        self._set(recording, rank, "dropped")

    def lost(self, pictures: Iterable[tuple[Recording, int]]) -> None:
        """No decoder made these pictures."""
        for recording, rank in pictures:
            self._set(recording, rank, "undecodable")

    def add_missing(self, recordings: Iterable[Recording], wanted: Range) -> None:
        """What a recording declares behind its last picture, as far as it would lie in the range."""
        recordings = list(recordings)
        for recording in recordings:
            self._add_silent(recording, wanted)
            end, picture = recording.end, max(1, recording.end - int(recording.us[-1]))
            until = min([wanted.end, *(other.zero for other in recordings if other.zero >= end)])
            skipped = max(0, -((end - wanted.begin) // picture))
            for loss in recording.index.losses:
                count = min(loss.frames or 0, round((until - end) / picture)) - skipped if loss.at_end else 0
                if count > 0:
                    first = end + skipped * picture
                    self._missing.append(
                        LedgerEntry(
                            file=recording.name,
                            fate="missing",
                            first=first,
                            last=first + (count - 1) * picture,
                            frames=count,
                            reason=loss.text,
                        )
                    )

    def _add_silent(self, recording: Recording, wanted: Range) -> None:
        """Packets of which the index found that no decoder makes a picture; second fields are not meant."""
        index = recording.index
        silent = np.flatnonzero(index.rows["flags"] & NO_PICTURE)
        if not 0 < len(silent) < len(recording.shown) / 4:
            return
        times = recording.zero + index.microseconds(index.rows["pts"][silent], int(recording.pts[0]))
        for us, pts in zip(times.tolist(), index.rows["pts"][silent].tolist(), strict=True):
            if us in wanted:
                self._missing.append(
                    LedgerEntry(
                        file=recording.name,
                        fate="undecodable",
                        first=us,
                        last=us,
                        frames=1,
                        first_pts=pts,
                        last_pts=pts,
                        reason="no decoder makes a picture of it; its time is that of its neighbour",
                    )
                )

    def entries(self) -> list[LedgerEntry]:
        """Runs of one fate, in time order of each recording, the missing last."""
        return [
            entry for recording, fates in self._fates.values() for entry in self._runs(recording, fates)
        ] + self._missing

    def ledger(self) -> Ledger:
        """The six numbers."""
        counts = dict.fromkeys(Ledger().to_json(), 0)
        for entry in self.entries():
            counts[entry.fate] += entry.frames
        return Ledger(**counts)

    def _set(self, recording: Recording, rank: int, fate: str) -> None:
        kept = self._fates.get(recording.name)
        if kept is None:
            kept = self._fates[recording.name] = (recording, bytearray(len(recording.shown)))
        kept[1][rank] = _CODES[fate]

    def _runs(self, recording: Recording, written: bytearray) -> list[LedgerEntry]:
        fates = np.frombuffer(written, np.uint8)
        starts = [int(recording.pts.searchsorted(s.first_pts)) for s in self.segments if s.file == recording.name]
        borders = sorted({0, *(np.flatnonzero(np.diff(fates)) + 1).tolist(), *starts, len(fates)})
        out = []
        for low, high in itertools.pairwise(borders):
            fate = _FATES[fates[low]]
            if fate:
                out.append(self._entry(recording, low, high, fate))
        return out

    def _entry(self, recording: Recording, low: int, high: int, fate: str) -> LedgerEntry:
        proof = ""
        if fate in ("copied", "altered"):
            proof = (
                "normalised NAL units equal" if recording.index.facts.codec in NAL_CODECS else "packet payloads equal"
            )
        if fate == "altered":
            fate, proof = "copied", "normalised NAL units equal but for the NAL type (CRA to BLA) that a joint needs"
        return LedgerEntry(
            file=recording.name,
            fate=fate,
            first=int(recording.us[low]),
            last=int(recording.us[high - 1]),
            frames=high - low,
            first_pts=int(recording.pts[low]),
            last_pts=int(recording.pts[high - 1]),
            reason=self._reason(recording, int(recording.pts[low]), fate),
            proof=proof,
        )

    def _reason(self, recording: Recording, pts: int, fate: str) -> str:
        if fate == "undecodable":
            return "no decoder makes a picture of it"
        if fate == "dropped":
            return f"one frame of {self.plan.spec.rate_divisor} is kept"
        for segment in self.segments:
            if segment.file == recording.name and segment.first_pts <= pts <= segment.last_pts:
                return segment.reason
        return ""
