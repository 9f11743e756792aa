"""One source's recordings laid on its time line: when each begins, which stretch of it counts, where gaps are.

    line = TimeLine.of(pieces)
    line.coverage("hall", Range(a, b)); line.within(Range(a, b))

Where two recordings overlap the earlier one is used up to its end. A recording that nobody dates cannot be placed
among dated ones; a source of which nothing is dated has a time line that begins at 0 with its first file's first
picture, its files laid end to end in the order of their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.archives.dating import Dating
from workbench.core.coverage import Coverage, Gap, Interval, Overlap
from workbench.core.errors import RequestError
from workbench.core.timebase import SECOND, Moment, Offset, Range, instant_us

_LAST_INSTANT = instant_us(datetime.max.replace(tzinfo=UTC))


SLACK = 1_000_000
"""Microseconds by which neighbouring recordings may seem to overlap before it counts as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One recording on a time line."""

    name: str
    """Path relative to the archive."""
    path: Path
    index: Path
    """Where its index is stored."""
    head: dict[str, Any]
    """The stored index without its rows (`media.index.load_head`)."""
    dating: Dating
    start: int = 0
    """Instant of its first picture."""
    used_from: int = 0
    """Instant from which it counts: later than `start` where an earlier recording reaches into it."""

    @property
    def end(self) -> int:
        """Instant at which its last picture's display time ends."""
        return self.start + int(self.head["summary"]["end_us"])

    @property
    def last(self) -> int:
        """Instant of its last picture."""
        return self.start + int(self.head["summary"]["last_us"])

    @property
    def picture(self) -> int:
        """Usual display time of a picture in microseconds."""
        return max(1, self.end - self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """All recordings of one source, in time order."""

    pieces: tuple[Piece, ...]
    dated: bool
    notes: tuple[str, ...] = field(default=())
    unread: tuple[str, ...] = field(default=())
    """Files of the source that cannot be read, each with the reason: where they belong, no gap is proven."""

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> TimeLine:
        """Lay recordings out; the order of `pieces` counts only where nothing is dated."""
        dated = [p for p in pieces if p.dating.start_us is not None]
        if not dated:
            return cls(pieces=_end_to_end(pieces), dated=False, notes=_undated_note(pieces))
        lost = [p.name for p in pieces if p.dating.start_us is None]
        notes = tuple(
            f"{name} is left out: nobody says when it was recorded, its neighbours are dated" for name in lost
        )
        placed = sorted((_moved(p, int(p.dating.start_us or 0)) for p in dated), key=lambda p: (p.start, p.name))
        laid, moved = _without_overlap(placed)
        return cls(pieces=laid, dated=True, notes=(*notes, *moved))

    @property
    def first(self) -> int | None:
        """Instant of the first picture."""
        return self.pieces[0].start if self.pieces else None

    @property
    def last(self) -> int | None:
        """Instant of the last picture."""
        return max((p.last for p in self.pieces), default=None)

    def within(self, wanted: Range) -> tuple[Piece, ...]:
        """The recordings that may hold pictures of a stretch."""
        return tuple(
            p for p in self.pieces if p.used_from < wanted.end and p.end > wanted.begin and p.used_from < p.end
        )

    def declaring(self, wanted: Range) -> tuple[Piece, ...]:
        """The recordings that end before a stretch, and declare more pictures than they hold that would lie in it."""
        return tuple(p for p in self.pieces if p.end <= wanted.begin < p.end + _declared_tail(p))

    def showing(self, when: int) -> Piece | None:
        """The recording whose picture is shown at an instant; None before, behind and in a gap.

        Less than a picture between two recordings is no gap: the last picture of the first is shown until the next.
        """
        held = self.within(Range(when, when + 1))
        if held:
            jumps = held[0].head["summary"]["jumps"]
            return None if any(held[0].start + a <= when < held[0].start + b for a, b in jumps) else held[0]
        before = [p for p in self.pieces if p.used_from < p.end <= when]
        behind = [p for p in self.pieces if when < p.used_from < p.end]
        last, following = max(before, key=lambda p: p.end, default=None), behind[0] if behind else None
        if last is None or following is None or following.used_from - last.end > following.picture:
            return None
        return last

    def whole(self) -> Range:
        """From the first picture to the end of the last one's display time."""
        return Range(self.pieces[0].start, max(p.end for p in self.pieces)) if self.pieces else Range(0, 0)

    def coverage(self, source: str, wanted: Range) -> Coverage:
        """Intervals, gaps and overlaps inside a stretch."""
        intervals: list[Interval] = []
        gaps: list[Gap] = []
        reached, by_end = wanted.begin, "container" if self.declaring(wanted) else "file times"
        for piece in self.within(wanted):
            for number, (begin, end) in enumerate(_runs(piece)):
                by_end = "PTS jump" if number else by_end
                part = Range(wanted.begin, wanted.end).meet(Range(begin, end)) if begin < end else None
                if part is None:
                    continue
                if part.begin - reached > (piece.picture if intervals else 0):
                    gaps.append(Gap(begin=reached, end=part.begin, witness=by_end))
                intervals.append(Interval(begin=part.begin, end=part.end, file=piece.name))
                reached = max(reached, part.end)
            if wanted.end >= piece.end:
                by_end = "container" if _declared_tail(piece) else "file times"
        if wanted.end > reached:
            gaps.append(Gap(begin=reached, end=wanted.end, witness=by_end))
        if self.unread:
            gaps = [replace(gap, witness=f"{gap.witness}; an unreadable file may lie there") for gap in gaps]
        return Coverage(
            source=source,
            dated=self.dated,
            range=wanted,
            intervals=tuple(intervals),
            gaps=tuple(gaps),
            overlaps=self._overlaps(wanted),
            notes=self.notes + self.unread + tuple(_loss_notes((*self.declaring(wanted), *self.within(wanted)))),
        )

    def _overlaps(self, wanted: Range) -> tuple[Overlap, ...]:
        out: list[Overlap] = []
        one: Piece | None = None
        for other in self.pieces:
            if one is not None and other.start < one.end:
                shared = Range(other.start, min(one.end, other.end)).meet(wanted)
                if shared is not None:
                    files = (one.name, other.name)
                    out.append(Overlap(begin=shared.begin, end=shared.end, files=files, witness="file times"))
            one = other if one is None or other.end > one.end else one
        return tuple(out)


def _runs(piece: Piece) -> list[tuple[int, int]]:
    """Stretches of a recording between its PTS jumps, from where it counts."""
    runs, at = [], piece.used_from
    for before, behind in piece.head["summary"]["jumps"]:
        runs.append((at, piece.start + before))
        at = max(at, piece.start + behind)
    return [*runs, (at, piece.end)]


def _declared_tail(piece: Piece) -> int:
    """Microseconds that a recording declares behind its last picture and does not hold.

    At least one where it cannot say how many, 0 where it holds what it declares.
    """
    losses = [loss for loss in piece.head["losses"] if loss["at_end"]]
    return max((max(1, int(loss["frames"] or 0) * piece.picture) for loss in losses), default=0)


def _loss_notes(pieces: Sequence[Piece]) -> list[str]:
    return [f"{p.name}: {loss['text']} ({loss['witness']})" for p in pieces for loss in p.head["losses"]]


def _undated_note(pieces: Sequence[Piece]) -> tuple[str, ...]:
    if not pieces:
        return ()
    note = "nobody says when this was recorded: times are offsets from the first picture"
    return (note,) if len(pieces) == 1 else (note, "its files are laid end to end in the order of their names")


def _moved(piece: Piece, start: int) -> Piece:
    return replace(piece, start=start, used_from=start)


def _end_to_end(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    out: list[Piece] = []
    for piece in pieces:
        out.append(_moved(piece, out[-1].end if out else 0))
    return tuple(out)


def _without_overlap(pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], list[str]]:
    """The pieces so that no instant is told twice, and a note for each that had to be moved for it.

    Names tell whole seconds, recordings end between them: one that seems to begin less than a second before its
    predecessor ends is laid directly behind it. To leave its first pictures out would lose them for nothing.
    """
    out: list[Piece] = []
    notes: list[str] = []
    reached: int | None = None
    for piece in pieces:
        early = 0 if reached is None else reached - piece.start
        coarse = piece.dating.by == "file name" and piece.start % SLACK == 0
        if coarse and 0 < early <= SLACK and piece.end > piece.start + early:
            notes.append(
                f"{piece.name} seems to begin {early / 1e6:.3f} s before the file before it ends; it is laid behind it"
            )
            piece = _moved(piece, piece.start + early)
        used = piece.start if reached is None else max(piece.start, reached)
        out.append(replace(piece, used_from=used))
        reached = piece.end if reached is None else max(reached, piece.end)
    return tuple(out), notes


def place(piece: Piece) -> dict[str, Any]:
    """A recording as the worker's jobs take it."""
    return {
        "name": piece.name,
        "path": str(piece.path),
        "index": str(piece.index),
        "start": piece.start,
        "used_from": piece.used_from,
    }


def resolve(moment: Moment, line: TimeLine, field: str, first: int | None = None) -> int:
    """A written time as microseconds on `line`; an offset counts from `first`, else from the first picture.

    Raises RequestError naming `field` for an instant on an undated line.
    """
    if isinstance(moment, Offset):
        zero = (line.first or 0) if first is None else first
        if zero + moment.us > _LAST_INSTANT:
            raise RequestError(field, f"+{moment.us // SECOND} s from the first frame lies behind the year 9999")
        return zero + moment.us
    if not line.dated:
        raise RequestError(
            field,
            "nobody says when this source was recorded, so an instant means nothing there",
            "Give +SECONDS from its first picture, or its start in archive.toml.",
        )
    return instant_us(moment)
