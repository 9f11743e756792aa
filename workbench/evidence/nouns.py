"""What a case knows, as plain frozen data: the data of custody entries, and the state they add up to.

Each record is written into the log once, as the ``data`` of one entry (`KINDS` says which), and never changed;
a correction is a new entry that names the old one. `to_json` and `from_json` go both ways. Instants ending in
``_us`` are microseconds since 1970 UTC, or from the source's first frame where ``dated`` is false. Paths are relative
to the case folder, with ``/``; no place of this machine is ever written into a case.

Three times, everywhere:

    device      what the recorder's own clock said: instant − archive_offset, shown in the source's zone
    corrected   device + offset of the clock checks, ± uncertainty; None where no clock check is recorded
    PTS         ticks and time base in the recording: the frame's key, with the recording's SHA-256
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.evidence.record import PARTS
from workbench.evidence.record import Record as Record
from workbench.evidence.run import CellRun, RunRecord

KINDS = {
    "case-created": "Identity",
    "case-amended": "Identity (the fields that changed)",
    "source-added": "SourceRecord",
    "clock-checked": "ClockCheck",
    "plan-made": "PlanRecord",
    "export-done": "ExportRecord",
    "export-failed": "{plan, kind, message}",
    "snapshot-taken": "SnapshotRecord",
    "caption-written": "Caption",
    "snapshots-ordered": "Order",
    "annotation-made": "AnnotationRecord",
    "comment-written": "Comment",
    "report-built": "ReportRecord",
    "package-sealed": "PackageRecord",
    "verified": "VerifiedRecord",
    "torn-line-set-aside": "{path, sha256, size}",
}
"""Kinds of custody entries and what their data is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord(Record):
    """A file of the case."""

    path: str
    """Relative to the case folder; for footage: relative to its archive."""
    sha256: str
    size: int
    kind: str = ""
    """``video``, ``picture``, ``page``, ``captions``, ``record``, ``recording``, ``archive.toml``, ``photo``, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Record):
    """Who asks, who examines, and what for. Every field is a person's words; empty means *not stated*."""

    number: str = ""
    """The case number."""
    title: str = ""
    examiner: str = ""
    role: str = ""
    organisation: str = ""
    requester: str = ""
    authority: str = ""
    """Legal basis of the request."""
    purpose: str = ""
    question: str = ""
    """What the examination was asked to answer."""
    scope: str = ""
    not_examined: str = ""
    """What was left out, in words."""
    reviewer: str = ""
    """Second person who reviews; empty where nobody did."""
    deviations: str = ""
    """Deviations from the laboratory's procedure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFacts(Record):
    """What one recording claims and what was counted in it."""

    file: str
    sha256: str
    sha512: str
    size: int
    facts: dict[str, Any] = field(default_factory=dict)
    """Container, coding, profile, width, height, sample aspect, pixel format, colour, field order, time base, nominal
    and measured rate, frames counted, edit list, audio: names as the worker's verb ``describe`` gives them; a value of
    None is printed *unknown*."""
    losses: tuple[str, ...] = ()
    """What its witnesses say is damaged or missing, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord(Record):
    """One camera whose recordings were hashed and described when it joined the case."""

    id: str
    """Id in its archive; the case's key."""
    name: str
    exhibit: str
    """Exhibit reference, e.g. ``17/2026-S1``."""
    archive: str
    """The archive folder's name (not its path), or a URL without credentials."""
    dated: bool
    dated_by: str
    zone: str
    zone_assumed: bool
    archive_offset: float
    """Seconds that archive.toml adds to the recorder's times (0 where it says nothing); not a clock check."""
    first_us: int | None
    last_us: int | None
    recordings: tuple[RecordingFacts, ...]
    config: FileRecord | None = None
    """The archive.toml in force, None where there is none."""
    coverage: dict[str, Any] = field(default_factory=dict)
    """`Coverage.to_json()` of all of it, at the time of adding."""
    hashed_at: str = ""
    """UTC instant at which hashing ended."""
    hashed_where: str = ""
    """Platform on which it was hashed (system and architecture, no host name)."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCheck(Record):
    """One comparison of a recorder's clock with a reference, made by a person."""

    id: str
    """``K1``, ``K2``, …"""
    source: str
    device_us: int
    """What the recorder's clock showed, as UTC (its zone taken off)."""
    reference_us: int
    """What the reference showed at that moment, UTC."""
    reference: str
    """What the reference was: ``GPS receiver``, ``NTP, ptbtime1``, ``speaking clock``."""
    by: str
    uncertainty: float
    """± seconds of this comparison as a whole: reading of the device, of the reference, and the reference's own."""
    photo: FileRecord | None = None
    note: str = ""
    replaces: str = ""
    """Id of the check that this one corrects (a slip of the pen); that one stays in the log and no longer counts."""

    @property
    def offset_us(self) -> int:
        """Microseconds to ADD to the device's time to get true time."""
        return self.reference_us - self.device_us


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord(Record):
    """A plan that was made, whole: what is asked is on record before anything is done."""

    id: str
    """``PL1``, …"""
    source: str
    plan: dict[str, Any] = field(default_factory=dict)
    """`ExportPlan.to_json()`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord(Record):
    """One finished export that lies in the case."""

    id: str
    """``E1``, ``E2``, …: also its folder, ``exports/E1``."""
    exhibit: str
    source: str
    plan: str
    """Id of its `PlanRecord`; empty for an export that was made outside and added."""
    record: FileRecord
    """The export's own record (``….json``), whose content is ``ExportResult.to_json()``."""
    files: tuple[FileRecord, ...]
    """All files but the record."""
    began: str = ""
    ended: str = ""
    platform: str = ""
    """Operating system, architecture and Python on which it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRecord(Record):
    """One exact frame of a hashed recording as lossless PNG."""

    id: str
    """``S1``, …"""
    exhibit: str
    source: str
    export: str
    """Id of the export whose mask and crop are applied; empty where it belongs to none."""
    file: str
    """Recording, relative to the archive."""
    file_sha256: str
    stream: int
    """Index of the video stream in the recording."""
    pts: int
    time_base: str
    """``1/10240``"""
    rank: int
    """Display frame number, counted from 0 at the first picture the recording shows."""
    picture_type: str
    """``I``, ``P``, ``B``, or ``?`` where the decoder does not say."""
    instant_us: int
    dated: bool
    device_us: int
    corrected_us: int | None
    """By the clock checks on record when it was taken; None: clock not checked."""
    plus_minus: float | None
    """Seconds ±, with `corrected_us`."""
    frame_sha256: str
    """SHA-256 of the decoded frame before anything was done to it: its planes in order, rows without padding."""
    pixel_format: str
    picture: FileRecord
    """``snapshots/S1.png``"""
    rgb_sha256: str
    """SHA-256 of the PNG's pixels: RGB, 8 bit, rows from the top, no padding."""
    width: int
    height: int
    """Pixels of the PNG."""
    masks: tuple[dict[str, Any], ...]
    """`Mask.to_json()` of the masks in force at this frame, their begin and end None: what was painted."""
    crop: tuple[tuple[float, float], ...] | None
    """`Area.corners()`, or None for the whole picture."""
    unmasked: str = ""
    """Why the export's masks or crop were NOT applied, in the person's words; empty where they were, or none exist."""
    context: bool = False
    """True for a context picture: the export's masks are applied, its crop is not; it shows what was cut off."""
    transforms: tuple[str, ...] = ()
    """What was done to the decoded frame, in order, in words, with every parameter."""
    caption: str = ""
    shown_by_export: bool | None = None
    """Whether the export shows this frame, by its ledger; None: not known, or it belongs to no export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption(Record):
    """A new caption for a snapshot; the old one stays in the log."""

    snapshot: str
    text: str
    replaces: int
    """Number of the entry that held the caption so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Record):
    """In which order the report shall show the snapshots; those that it does not name follow in order of entry."""

    snapshots: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationRecord(Record):
    """Marks drawn on a copy of a snapshot; the snapshot itself is never touched."""

    id: str
    """``A1``, …"""
    snapshot: str
    marks: tuple[dict[str, Any], ...]
    """``{"kind": "arrow" | "box", "from": [x, y], "to": [x, y], "color": "#rrggbb"}`` or
    ``{"kind": "text", "at": [x, y], "text": "…", "color": …}``; normalised coordinates of the snapshot."""
    picture: FileRecord
    """``snapshots/A1.png``"""
    rgb_sha256: str = ""
    """SHA-256 of the PNG's pixels, as of a snapshot's; empty in records that do not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Record):
    """What a person says about something in the case. Append-only: `replaces` names the comment it corrects."""

    id: str
    """``C1``, …"""
    text: str
    on: str = ""
    """Id of a snapshot, export, source or gap it is about; empty for the case."""
    replaces: str = ""
    """Id of the comment that this one corrects; that one stays in the log and is printed struck."""
    author: str = ""
    """Who wrote it: the entry's ``who``."""
    at: str = ""
    """When: the entry's ``at``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord(Record):
    """A PDF report that was built."""

    id: str
    """``R1``, …"""
    version: int
    final: bool
    file: FileRecord
    """``reports/R1.pdf``"""
    model: FileRecord
    """``reports/R1.json``, the machine-readable report, which is attached to the PDF too."""
    log_length: int
    """Number of entries the report speaks about."""
    log_head: str
    signer: str = ""
    """Fingerprint (SHA-256 of the certificate) of the machine seal; empty where unsigned."""
    signer_name: str = ""
    self_signed: bool = False
    time_stamps: tuple[str, ...] = ()
    why_draft: tuple[str, ...] = ()
    """Why it is a DRAFT, in words; empty for a FINAL one, and in records that do not tell it."""
    run: RunRecord | None = None
    """Where and by what it was made; None in records that do not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecord(Record):
    """A package that was sealed."""

    id: str
    """``P1``, …"""
    name: str
    seal: str
    """SHA-256 of tagmanifest-sha256.txt: with it in hand, nothing in the package can be exchanged unnoticed."""
    log_length: int
    log_head: str
    signer: str = ""
    self_signed: bool = False
    time_stamps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRecord(Record):
    """A verification that was run on a package of this case."""

    name: str
    seal: str
    counts: dict[str, int]
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState:
    """What the log says, added up; plain data, in order of entry."""

    identity: Identity
    created: str
    length: int
    """Entries in the log."""
    head: str
    """Hash of the last entry."""
    sources: tuple[SourceRecord, ...] = ()
    clock_checks: tuple[ClockCheck, ...] = ()
    plans: tuple[PlanRecord, ...] = ()
    exports: tuple[ExportRecord, ...] = ()
    snapshots: tuple[SnapshotRecord, ...] = ()
    """With the caption in force; the snapshot's own entry keeps the first one."""
    order: tuple[str, ...] = ()
    """Ids of snapshots in the order in which the report shall show them; the others follow."""
    annotations: tuple[AnnotationRecord, ...] = ()
    comments: tuple[Comment, ...] = ()
    reports: tuple[ReportRecord, ...] = ()
    packages: tuple[PackageRecord, ...] = ()
    verified: tuple[VerifiedRecord, ...] = ()
    unknown: int = 0
    """Entries that this version cannot read (another kind, other data): they count in `length` and nowhere else."""

    def source(self, name: str) -> SourceRecord | None:
        """The source of that id, or None."""
        return next((s for s in self.sources if s.id == name), None)

    def ordered(self) -> tuple[SnapshotRecord, ...]:
        """The snapshots as the report shows them."""
        place = {name: n for n, name in enumerate(self.order)}
        return tuple(sorted(self.snapshots, key=lambda s: place.get(s.id, len(place))))

    def checks_of(self, source: str) -> tuple[ClockCheck, ...]:
        """The clock checks of a source that count (none corrected it), by reference time."""
        corrected = {c.replaces for c in self.clock_checks}
        found = (c for c in self.clock_checks if c.source == source and c.id not in corrected)
        return tuple(sorted(found, key=lambda c: c.reference_us))


PARTS.update(
    {
        "cells": CellRun,
        "config": FileRecord,
        "files": FileRecord,
        "file": FileRecord,
        "model": FileRecord,
        "photo": FileRecord,
        "picture": FileRecord,
        "record": FileRecord,
        "recordings": RecordingFacts,
        "run": RunRecord,
    }
)
