"""`ExportResult`: what was in fact delivered, measured on the finished files.

Nothing here is copied from the request. The frame ledger accounts for each source frame in the range once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from workbench.core.coverage import Gap, gap_json
from workbench.core.plan import ExportPlan
from workbench.core.timebase import shown

SCHEMA = "workbench.export-result/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is."""

    frames: int
    """Source frames dealt with so far."""
    fraction: float
    """0 … 1 of the whole work, never falling."""
    seconds_left: float | None
    """Estimate; None before there is one."""
    stage: str
    """``plan``, ``export``, ``measure`` or ``done``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The fate of each source frame in the range; the numbers add up to what the range should hold."""

    copied: int = 0
    """Carried over and proven equal to the source's coded picture."""
    reencoded: int = 0
    """Decoded and coded anew, no mask on them."""
    masked: int = 0
    """Decoded, masked and coded anew."""
    dropped: int = 0
    """Left out by the rate divisor."""
    undecodable: int = 0
    """Recorded, but no decoder makes a picture of it."""
    missing: int = 0
    """Declared by the container (or listed by the VMS), but not there."""
    delivered: int = 0
    """Shown by a file that a VMS made; whether they were copied or coded anew it does not say."""

    def to_json(self) -> dict[str, int]:
        """The numbers by name; `delivered` only where a VMS made the file."""
        numbers = {f.name: getattr(self, f.name) for f in fields(self)}
        return numbers if self.delivered else {k: n for k, n in numbers.items() if k != "delivered"}


FATES = tuple(f.name for f in fields(Ledger))
"""What may become of a source frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One run of frames of one recording that met the same fate."""

    file: str
    fate: str
    """A field of `Ledger`."""
    first: int
    """Instant of the run's first frame."""
    last: int
    frames: int
    first_pts: int | None = None
    last_pts: int | None = None
    reason: str = ""
    proof: str = ""
    """For copied: how it was proven, e.g. ``NAL units equal``; empty where nothing is claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One finished file, measured after it was closed."""

    path: str
    kind: str
    """``video``, ``picture``, ``page``, ``captions`` or ``record``; of a remote export also ``original`` (the master
    as the VMS delivered it, where the files are derived from it), ``server-record`` and ``flight``."""
    sha256: str
    size: int
    frames_shown: int | None = None
    """Pictures a player shows; None for files without pictures."""
    frames_contained: int | None = None
    """Coded pictures in the file, hidden ones and those that do not decode included."""
    first: int | None = None
    """Instant of the first frame shown."""
    last: int | None = None
    audio_seconds: float | None = None
    checks: tuple[str, ...] = ()
    """What was verified on the finished file, and how."""

    def to_json(self, dated: bool) -> dict[str, Any]:
        """The file as the command line prints it."""
        return {
            "path": self.path,
            "kind": self.kind,
            "sha256": self.sha256,
            "size": self.size,
            "frames_shown": self.frames_shown,
            "frames_contained": self.frames_contained,
            "first": None if self.first is None else shown(self.first, dated),
            "last": None if self.last is None else shown(self.last, dated),
            "audio_seconds": self.audio_seconds,
            "checks": list(self.checks),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A recording that was read."""

    file: str
    sha256: str | None
    """None where it was not hashed: then it is *not checked*."""
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """Everything that is known about one finished export."""

    plan: ExportPlan
    files: tuple[OutputFile, ...]
    ledger: Ledger
    entries: tuple[LedgerEntry, ...]
    sources: tuple[SourceFile, ...]
    gaps: tuple[Gap, ...]
    encoder: dict[str, Any]
    """Encoder names and every setting in force; empty where nothing was encoded."""
    versions: dict[str, str]
    warnings: tuple[str, ...] = ()
    remote: dict[str, Any] | None = None
    """What is known of the server and its work (form: `archives.remote_record`); None for a local export."""

    def to_json(self) -> dict[str, Any]:
        """The record that is written beside the files, and what ``workbench export --json`` prints."""
        dated = self.plan.dated
        return {
            "schema": SCHEMA,
            "files": [f.to_json(dated) for f in self.files if f.frames_shown is not None],
            "sidecars": [
                {"path": f.path, "kind": f.kind, "sha256": f.sha256, "size": f.size}
                for f in self.files
                if f.frames_shown is None
            ],
            "ledger": self.ledger.to_json(),
            "entries": [
                {
                    "file": e.file,
                    "fate": e.fate,
                    "first": shown(e.first, dated),
                    "last": shown(e.last, dated),
                    "frames": e.frames,
                    "first_pts": e.first_pts,
                    "last_pts": e.last_pts,
                    "reason": e.reason,
                    "proof": e.proof,
                }
                for e in self.entries
            ],
            "sources": [{"file": s.file, "sha256": s.sha256, "size": s.size} for s in self.sources],
            "gaps": [gap_json(g, dated) for g in self.gaps],
            "encoder": self.encoder,
            "versions": self.versions,
            "warnings": list(self.warnings),
            **({} if self.remote is None else {"remote": self.remote}),
            "plan": self.plan.to_json(),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any], plan: ExportPlan) -> ExportResult:
        """Read what another process said about a finished export; `plan` is what it was asked to do."""
        return cls(
            plan=plan,
            files=tuple(OutputFile(**{**f, "checks": tuple(f["checks"])}) for f in data["files"]),
            ledger=Ledger(**data["ledger"]),
            entries=tuple(LedgerEntry(**e) for e in data["entries"]),
            sources=tuple(SourceFile(**s) for s in data["sources"]),
            gaps=tuple(Gap(**g) for g in data["gaps"]),
            encoder=data["encoder"],
            versions=data["versions"],
            warnings=tuple(data["warnings"]),
            remote=data.get("remote"),
        )
