"""`Case`: a folder that remembers. Everything that happens is one entry of its custody log; the state is what the log
says, and nothing is ever changed, only added.

    case = Case.create("17-2026", number="17/2026", examiner="A. Berg", question="Who enters at ten?")
    case.add_source(archive, "hall", exhibit="17/2026-V1")
    export = case.export(spec, archive)
    shot = case.snapshot(archive, "hall", instant, export=export.id, caption="The person in question")
    case.comment("The bag is on the left.", on=shot.id)

Each verb appends when its work is done and its files are on the disk, under an id that nobody else gets; if it raises,
nothing was appended (a failed export is logged as failed). What lies where:

    CASE/custody.jsonl          the log                 CASE/exports/E1/…             files of an export
    CASE/.lock                  who writes to it        CASE/snapshots/S1.png, A1.png
    CASE/clock/K1.jpg           photographs             CASE/reports/R1.pdf, R1.json

The verbs are in `case_words`, `case_sources`, `case_exports`, `case_pictures` and `case_check`; what they stand on,
and `state`, `entries`, `append`, `next_id`, `path`, is in `book`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive, OnProgress
from workbench.core.errors import NameTaken, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Moment
from workbench.evidence import case_check, case_exports, case_pictures, case_sources, case_words, custody, filing
from workbench.evidence.book import Book
from workbench.evidence.custody_log import Log
from workbench.evidence.findings import Findings
from workbench.evidence.nouns import (
    AnnotationRecord,
    Caption,
    ClockCheck,
    Comment,
    ExportRecord,
    Identity,
    Order,
    SnapshotRecord,
    SourceRecord,
)

Folder = str | os.PathLike[str]


class Case(Book):
    """See the module."""

    @classmethod
    def create(cls, folder: Folder, *, number: str, examiner: str, **identity: str) -> Case:
        """A new case, whole or not at all; `identity` are further fields of `nouns.Identity`.

        NameTaken where `folder` exists and holds anything.
        """
        stated = Identity(**case_words.stated({"number": number, "examiner": examiner, **identity}))
        final = Path(folder).absolute()
        part = final.with_name(f".{secrets.token_hex(8)}.part")
        try:
            part.mkdir(parents=True)
            try:
                Log.create(part / custody.NAME, "case-created", stated.to_json(), who=examiner)
                _take_name(part, final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except (OSError, ValueError) as exc:  # ValueError: a name that no file can have
            message = f"{folder} cannot be made: {getattr(exc, 'strerror', None) or exc}"
            raise WorkError(message, "Choose another folder, or check your right to write there.") from exc
        return cls(Path(folder))

    @classmethod
    def open(cls, folder: Folder, who: str | None = None) -> Case:
        """The case in `folder`; `who` is the name that entries carry from now on, the examiner's where None.

        A case whose log does not hold opens as far as it does: `check` says what is wrong, and nothing is appended.
        """
        return cls(Path(folder), who)

    def amend(self, **identity: str) -> Identity:
        """State fields of the case's identity anew; what was stated stays in the log."""
        return case_words.amend(self, identity)

    def add_source(self, archive: Archive, source: str, exhibit: str = "") -> SourceRecord:
        """Hash and describe all recordings of a source, and put them on record."""
        return case_sources.add(self, archive, source, exhibit)

    def clock_check(
        self,
        source: str,
        *,
        device: Moment,
        reference: Moment,
        what: str,
        uncertainty: float,
        by: str = "",
        photo: Folder | None = None,
        note: str = "",
        replaces: str = "",
    ) -> ClockCheck:
        """Put on record what the recorder's clock and a reference (`what` it was) showed at one moment.

        `uncertainty` is ± seconds of the comparison as a whole; `photo` a picture of it, which is copied; `by` who
        made it, else who writes; `replaces` the id of a check that was mistaken and shall count no more.
        """
        return case_words.check_clock(
            self,
            source,
            device,
            reference,
            what=what,
            uncertainty=uncertainty,
            by=by,
            photo=photo,
            note=note,
            replaces=replaces,
        )

    def plan(self, spec: ExportSpec, archive: Archive) -> ExportPlan:
        """Make a plan and log it whole; `export` carries it out."""
        return case_exports.plan(self, spec, archive)

    def export(
        self,
        wanted: ExportSpec | ExportPlan,
        archive: Archive,
        *,
        exhibit: str = "",
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportRecord:
        """Carry out a request, or a plan, into the case; its source joins where it had not.

        Raises what `run_export` raises, and WorkError where a recording is not what it was when its source joined;
        then nothing of the export stays but the entry that it failed.
        """
        return case_exports.export(self, wanted, archive, exhibit=exhibit, on_progress=on_progress, cancel=cancel)

    def add(self, result: ExportResult, exhibit: str = "") -> ExportRecord:
        """Copy an export that was made outside of the case into it; each file must be what the export made."""
        return case_exports.add(self, result, exhibit)

    def result(self, export: str | ExportRecord) -> dict[str, Any]:
        """The record of an export as JSON; SourceError where it is not the file that the log speaks of.

        WorkError where it is, but no record that anything can be built upon.
        """
        return case_exports.result_of(self, export)

    def snapshot(
        self, archive: Archive, source: str, at: Moment, *, export: str = "", caption: str = "", unmasked: str = ""
    ) -> SnapshotRecord:
        """Take the frame shown at `at`, with the masks and the crop of the export it belongs to.

        `unmasked` says why they are left out, and is printed. `Hidden` (a RequestError) where it belongs to no export
        and each that shows its instant hides something of it.
        """
        return case_pictures.snapshot(self, archive, source, at, export=export, caption=caption, unmasked=unmasked)

    def context(self, archive: Archive, export: str, at: Moment | None = None) -> SnapshotRecord:
        """Take the whole frame, with the export's masks and without its crop: what was cut off.

        `at` is by default the first instant that the export shows.
        """
        return case_pictures.context(self, archive, export, at)

    def annotate(self, snapshot: str, marks: Sequence[Mapping[str, Any]]) -> AnnotationRecord:
        """Draw marks (see `nouns.AnnotationRecord`) on a copy of a snapshot."""
        return case_pictures.marked(self, snapshot, marks)

    def comment(self, words: str, on: str = "", replaces: str = "") -> Comment:
        """Write a comment on something in the case (its id; ``E1-G1`` is a gap), or on the case.

        `replaces` names the comment that this one corrects.
        """
        return case_words.comment(self, words, on, replaces)

    def caption(self, snapshot: str, words: str) -> Caption:
        """Give a snapshot another caption; the old one stays in the log."""
        return case_words.caption(self, snapshot, words)

    def order(self, *snapshots: str) -> Order:
        """State in which order the report shall show the snapshots; those not named follow."""
        return case_words.order(self, snapshots)

    def check(self) -> Findings:
        """Whether the log holds and every file is as it says."""
        return case_check.check(self)


def _take_name(part: Path, final: Path) -> None:
    """Give a complete case its name."""
    taken = NameTaken(f"{final.name} exists already", "Choose a folder that does not exist; nothing is overwritten.")
    if os.path.lexists(final) and (final.is_symlink() or not final.is_dir() or any(final.iterdir())):
        raise taken
    if os.name == "nt" and final.exists():
        final.rmdir()  # an empty folder; elsewhere the rename takes its place
    try:
        part.rename(final)
    except OSError as exc:
        if os.path.lexists(final):  # somebody was quicker
            raise taken from exc
        raise
    filing.sync(final.parent)
