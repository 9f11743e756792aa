"""What an archive holds and what it lacks, each statement with the witness that makes it.

All times are microseconds on the source's own time line (see `timebase`); `dated` says which one that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.core.timebase import Range, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One camera of an archive."""

    id: str
    """Name by which requests address it: the sub-folder's or the file's name."""
    name: str
    """Display name; the id where `archive.toml` gives no other."""
    files: tuple[str, ...]
    """Paths of its recordings relative to the archive, in time order."""
    first: int | None
    """Instant of the first frame, None where nothing is readable."""
    last: int | None
    """Instant of the last frame."""
    dated_by: str
    """Who says when it was recorded: ``archive.toml``, ``file name``, ``container``, ``undated`` or a mix of them."""
    zone: str
    """Zone in which the recorder wrote its times."""
    zone_assumed: bool
    """True where nobody named a zone and UTC was taken."""
    clock_offset: float
    """Seconds added to the recorder's times to get true time (0 where no clock check is known)."""
    notes: tuple[str, ...] = ()
    """What a person should know: unreadable files, assumptions."""
    served_id: str = ""
    """Of a VMS of ours: the id in the archive that it serves; empty where nobody says."""

    @property
    def dated(self) -> bool:
        """False where ranges can only be offsets from the first frame."""
        return self.dated_by != "undated"

    def to_json(self) -> dict[str, Any]:
        """The source as the command line prints it."""
        return {
            "id": self.id,
            "name": self.name,
            "files": list(self.files),
            "first": None if self.first is None else shown(self.first, self.dated),
            "last": None if self.last is None else shown(self.last, self.dated),
            "dated_by": self.dated_by,
            "zone": self.zone,
            "zone_assumed": self.zone_assumed,
            "clock_offset": self.clock_offset,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch without interruption inside one file."""

    begin: int
    end: int
    """End of the last frame's display time."""
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which nothing is recorded."""

    begin: int
    end: int
    witness: str
    """Who says so: ``file times``, ``PTS jump``, ``container`` (declares more than it holds) or ``decoder``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A stretch that two files both claim; the earlier file is used up to its end."""

    begin: int
    end: int
    files: tuple[str, str]
    witness: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is recorded of one source in a range, and what is missing."""

    source: str
    dated: bool
    range: Range
    intervals: tuple[Interval, ...]
    gaps: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The coverage as the command line prints it."""

        def at(us: int) -> str:
            return shown(us, self.dated)

        return {
            "source": self.source,
            "begin": at(self.range.begin),
            "end": at(self.range.end),
            "intervals": [{"begin": at(i.begin), "end": at(i.end), "file": i.file} for i in self.intervals],
            "gaps": [gap_json(g, self.dated) for g in self.gaps],
            "overlaps": [
                {"begin": at(o.begin), "end": at(o.end), "files": list(o.files), "witness": o.witness}
                for o in self.overlaps
            ],
            "notes": list(self.notes),
        }


def gap_json(gap: Gap, dated: bool) -> dict[str, Any]:
    """One gap as JSON: begin, end, seconds, witness."""
    return {
        "begin": shown(gap.begin, dated),
        "end": shown(gap.end, dated),
        "seconds": (gap.end - gap.begin) / 1_000_000,
        "witness": gap.witness,
    }
