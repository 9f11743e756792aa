"""`ExportPlan`: how each stretch will be made and why, before anything is written.

A plan is made by an archive from a spec (`Archive.plan`) and is plain data: a person reads it, a worker
process carries it out. Times are microseconds on the source's own time line.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from workbench.core.coverage import Gap, gap_json
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, shown

SCHEMA = "workbench.export-plan/1"


class Mode(StrEnum):
    """What happens to the pictures of a segment."""

    COPY = "copy"
    """Coded pictures are carried over bit for bit."""
    ENCODE = "encode"
    """Pictures are decoded and coded anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of consecutive frames (in display order) of one file that is made in one way."""

    file: str
    """Path of the recording, relative to the archive."""
    mode: Mode
    begin: int
    """Instant of the first frame."""
    last: int
    """Instant of the last frame."""
    first_pts: int
    """PTS of the first frame in the recording's own ticks; the frame's key, with the file's hash."""
    last_pts: int
    frames: int
    """Frames of the source in this run."""
    codec: str
    """Coding of the pictures in the output, in FFmpeg's names."""
    reason: str
    """Why it is copied or re-encoded, in words."""
    packets: tuple[int, int] | None = None
    """For COPY: [from, to) in decode order, counted over the recording's video packets."""
    part: int = 0
    """Which output file it goes to, as far as the plan can tell (a size limit may split further)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPlan:
    """What this archive makes of one field of the spec."""

    field: str
    how: Literal["exact", "approximated", "refused"]
    note: str = ""
    """For approximated: how; for refused: why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPlan:
    """The whole way from a spec to its files."""

    spec: ExportSpec
    range: Range
    """The spec's range on the source's time line."""
    dated: bool
    segments: tuple[Segment, ...]
    fields: tuple[FieldPlan, ...]
    """One entry for every field of the spec."""
    gaps: tuple[Gap, ...] = ()
    extra_frames: int = 0
    """Frames before and behind the range that ``cut=keyframe`` brings along."""
    audio: str = ""
    """What happens to the sound, in words."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def refused(self) -> tuple[FieldPlan, ...]:
        """The fields this archive cannot honour; `run_export` will not start while there are any."""
        return tuple(f for f in self.fields if f.how == "refused")

    def count(self, mode: Mode) -> int:
        """Frames of the source that are copied, or re-encoded."""
        return sum(s.frames for s in self.segments if s.mode is mode)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "schema": SCHEMA,
            "spec": self.spec.to_json(),
            "begin": shown(self.range.begin, self.dated),
            "end": shown(self.range.end, self.dated),
            "segments": [_segment_json(s, self.dated) for s in self.segments],
            "fields": [{"field": f.field, "how": f.how, "note": f.note} for f in self.fields],
            "gaps": [gap_json(g, self.dated) for g in self.gaps],
            "frames": {"copy": self.count(Mode.COPY), "encode": self.count(Mode.ENCODE), "extra": self.extra_frames},
            "codecs": sorted({s.codec for s in self.segments}),
            "audio": self.audio,
            "warnings": list(self.warnings),
        }

    def to_data(self) -> dict[str, Any]:
        """The plan with nothing rounded or left out, for another process; `from_data` reads it back."""
        return {**asdict(self), "spec": self.spec.to_json()}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> ExportPlan:
        """Read what `to_data` wrote."""
        segments = [
            {**s, "mode": Mode(s["mode"]), "packets": s["packets"] and tuple(s["packets"])} for s in data["segments"]
        ]
        return cls(
            **{
                **data,
                "spec": ExportSpec.from_json(data["spec"]),
                "range": Range(**data["range"]),
                "segments": tuple(Segment(**s) for s in segments),
                "fields": tuple(FieldPlan(**f) for f in data["fields"]),
                "gaps": tuple(Gap(**g) for g in data["gaps"]),
                "warnings": tuple(data["warnings"]),
            }
        )


def _segment_json(segment: Segment, dated: bool) -> dict[str, Any]:
    return {
        "file": segment.file,
        "mode": segment.mode.value,
        "begin": shown(segment.begin, dated),
        "last": shown(segment.last, dated),
        "first_pts": segment.first_pts,
        "last_pts": segment.last_pts,
        "frames": segment.frames,
        "reason": segment.reason,
        "codec": segment.codec,
        "part": segment.part,
    }
