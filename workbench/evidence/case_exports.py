"""Plans and exports of a case: what is asked is on record before anything is done, what came of it after.

    plan-made      the plan, whole
    export-done    the files, in ``exports/E1``: all of them, or the export failed
    export-failed  why; its files are gone, and so is the folder

The folder of an export is taken before it runs, so two processes never share an id. An export that was killed leaves a
folder that the log does not speak of; its number is not given again.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, TypeVar

from workbench.archives.base import Archive, OnProgress
from workbench.core.errors import SourceError, WorkbenchError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile
from workbench.core.spec import ExportSpec
from workbench.core.timebase import instant_us, iso
from workbench.evidence import case_sources, filing
from workbench.evidence.book import FOLDERS, Book, known, system, word
from workbench.evidence.export_form import of_form
from workbench.evidence.hashing import open_plain
from workbench.evidence.nouns import ExportRecord, FileRecord, PlanRecord, SourceRecord
from workbench.evidence.remote import FLIGHT, ORIGINAL, lies_on_vms, server_url
from workbench.export import plan_export, run_export

MOST_RECORD = 1 << 30


def plan(book: Book, spec: ExportSpec, archive: Archive) -> ExportPlan:
    """Make a plan and log it; the source joins the case where it had not."""
    source = case_sources.joined(book, archive, spec.source)
    made = _of(plan_export(_of(spec, source), archive), source)
    _logged(book, made, case_sources.reaching(book, archive, source, made.range))
    return made


def export(
    book: Book,
    wanted: ExportSpec | ExportPlan,
    archive: Archive,
    *,
    exhibit: str = "",
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> ExportRecord:
    """Carry out a spec, or a plan of this archive, into the case; all is logged, failure too."""
    word("exhibit", exhibit)
    spec = wanted.spec if isinstance(wanted, ExportPlan) else wanted
    source = case_sources.joined(book, archive, spec.source)
    made = _of(wanted if isinstance(wanted, ExportPlan) else plan_export(_of(spec, source), archive), source)
    source = case_sources.reaching(book, archive, source, made.range)
    planned = _logged(book, made, source)
    began, (name, folder) = _now(), _reserved(book)
    try:
        result = run_export(made, archive, folder, on_progress=on_progress, cancel=cancel)
        _must_be_of(result, source)
        files = [_placed(file, name) for file in result.files]
        return _done(book, result, source, name, exhibit=exhibit, plan_id=planned, files=files, began=began)
    except BaseException as exc:
        if _taken_back(book, name, folder):
            _log_failure(book, planned, exc, source)
        raise


def add(book: Book, result: ExportResult, exhibit: str = "") -> ExportRecord:
    """Copy an export that was made outside of the case into it; its source must have joined, and its files be whole."""
    word("exhibit", exhibit)
    book.refresh()
    source = known("source", result.plan.spec.source, book.state.sources)
    _must_be_of(result, source)
    name, folder = _reserved(book)
    try:
        files = [_copied(book, file, name) for file in result.files]
        return _done(book, result, source, name, exhibit=exhibit, plan_id="", files=files)
    except BaseException:
        _taken_back(book, name, folder)
        raise


def result_of(book: Book, wanted: str | ExportRecord) -> dict[str, Any]:
    """The record of an export as JSON, of the form that `export_form` says, or WorkError.

    SourceError where it is not the file that the log speaks of.
    """
    found = known("export", wanted if isinstance(wanted, str) else wanted.id, book.state.exports)
    file = filing.record(book.folder, found.record.path)
    if (file.sha256, file.size) != (found.record.sha256, found.record.size) or file.size > MOST_RECORD:
        raise SourceError(f"{found.record.path} is not what the log says it was", "`workbench case check` names all.")
    with open_plain(book.path(found.record)) as stream:
        data = stream.read()
    try:
        record: Any = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise WorkError(f"{found.record.path} is no JSON", "It was not written by this program.") from exc
    return of_form(record, found.record.path)


Wanted = TypeVar("Wanted", ExportSpec, ExportPlan)


def _of(wanted: Wanted, source: SourceRecord) -> Wanted:
    """A spec or a plan under the source's one id: a VMS's camera answers to several names."""
    if isinstance(wanted, ExportPlan):
        return replace(wanted, spec=_of(wanted.spec, source))
    return wanted if wanted.source == source.id else replace(wanted, source=source.id)


def _logged(book: Book, made: ExportPlan, source: SourceRecord) -> str:
    """Id of a plan: of the last one on record where that is the same and nothing came of it yet, else a new one."""
    data = json.loads(json.dumps(made.to_json()))
    with book.turn() as write:
        last = book.entries[-1] if book.entries else None
        if last is not None and last.what == "plan-made" and last.data.get("plan") == data:
            return str(last.data["id"])
        record = PlanRecord(id=book.next_id("PL"), source=source.id, plan=data)
        write("plan-made", record)
    return record.id


def _reserved(book: Book) -> tuple[str, Path]:
    """The next id of an export and its folder, which is made now and is nobody else's."""
    while True:
        name = book.next_id("E")
        folder = book.path(f"{FOLDERS['E']}/{name}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as exc:
            message = f"{FOLDERS['E']}/{name} cannot be made: {exc.strerror or exc}"
            raise WorkError(message, "Check your right to write to the case folder.") from exc
        return name, folder


def _must_be_of(result: ExportResult, source: SourceRecord) -> None:
    """WorkError unless every recording that the export read is one of the source's, unchanged since it joined.

    What a VMS delivered is read from the export's own files: its original.
    """
    _must_come_from(result, source)
    held = {r.file: r.sha256 for r in source.recordings}
    own = {file.sha256 for file in result.files if file.kind == ORIGINAL}
    for read in result.sources:
        if result.remote is not None and read.sha256 in own:
            continue
        if read.file not in held:
            problem = f"{read.file} was not there when {source.id} joined the case"
        elif read.sha256 != held[read.file]:
            problem = f"{read.file} is not what it was when {source.id} joined the case: it was SHA-256 "
            problem += f"{held[read.file]}, the export read {read.sha256 or 'a file that nobody hashed'}"
        else:
            continue
        raise WorkError(problem, "Export from an unchanged copy of the recordings, or add the source again.")


def _must_come_from(result: ExportResult, source: SourceRecord) -> None:
    """WorkError unless the export came from where the source lies, and tells its flight if that is a VMS."""
    remote = result.remote
    if lies_on_vms(source) is (remote is None) or (remote and server_url(remote) != source.archive.rstrip("/")):
        came = "recordings in a folder" if remote is None else server_url(remote)
        problem = f"{source.id} joined the case from {source.archive}, the export was made from {came}"
        raise WorkError(problem, "Export from where the source joined, or add the other source under its own id.")
    flights = {file.sha256 for file in result.files if file.kind == FLIGHT}
    if remote is not None and remote["flight"]["sha256"] not in flights:
        raise WorkError("the export has no record of the calls that were made for it", "Make it again.")


def _placed(file: OutputFile, name: str) -> FileRecord:
    """An output as it lies in the folder of the export `name`."""
    path = f"{FOLDERS['E']}/{name}/{PurePath(file.path).name}"
    return FileRecord(path=path, sha256=file.sha256, size=file.size, kind=file.kind)


def _copied(book: Book, file: OutputFile, name: str) -> FileRecord:
    wanted = _placed(file, name)
    made = filing.copy(Path(file.path), book.folder, wanted.path, wanted.kind)
    if made != wanted:
        raise SourceError(
            f"{Path(file.path).name} is not the file that the export made: it changed since",
            "Make the export again, into the case.",
        )
    return made


def _done(
    book: Book,
    result: ExportResult,
    source: SourceRecord,
    name: str,
    *,
    exhibit: str,
    plan_id: str,
    files: list[FileRecord],
    began: str = "",
) -> ExportRecord:
    """Log a finished export whose files lie in the case."""
    records = [file for file in files if file.kind == "record"]
    if len(records) != 1:
        raise WorkError("the export has no record, or several", "Make it again, into the case.")
    made = ExportRecord(
        id=name,
        exhibit=exhibit or f"{book.state.identity.number}-{name}",
        source=source.id,
        plan=plan_id,
        record=records[0],
        files=tuple(file for file in files if file.kind != "record"),
        began=began,
        ended=_now() if began else "",
        platform=system() if began else "",
    )
    filing.sync(book.folder / FOLDERS["E"])
    filing.sync(book.folder)
    own = {file.sha256 for file in files}  # an original is no recording of the source, but came with the export
    read = [
        {"file": s.file, "sha256": s.sha256} for s in result.sources if s.sha256 is not None and s.sha256 not in own
    ]
    book.append("export-done", made, before=read, after=files)
    return made


def _taken_back(book: Book, name: str, folder: Path) -> bool:
    """Remove the folder of an export that came to nothing; not if it is logged: Ctrl-C may come when all is done."""
    try:
        book.refresh()
    except WorkbenchError:
        return False  # nobody can tell; the check of the case names what lies there
    if any(done.id == name for done in book.state.exports):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _log_failure(book: Book, planned: str, exc: BaseException, source: SourceRecord) -> None:
    """Log why an export failed; where even that fails, the error says so."""
    kind = exc.kind if isinstance(exc, WorkbenchError) else type(exc).__name__
    message = _placeless(str(exc) or kind, book.folder, source)
    try:
        book.append("export-failed", {"plan": planned, "kind": kind, "message": message})
    except WorkbenchError as unlogged:
        exc.add_note(f"The failure could not be logged: {unlogged.message}.")


def _placeless(message: str, folder: Path, source: SourceRecord) -> str:
    """A message without any place of this machine: files by their names in the case and in the archive."""
    for place in (str(folder.resolve()), str(folder.absolute())):
        message = message.replace(place, "CASE")
    for recording in source.recordings:
        name, told = re.escape(recording.file).replace("/", r"[/\\]"), recording.file.replace("\\", r"\\")
        message = re.sub(rf"(?:[A-Za-z]:)?[/\\][^\n]*?{name}", told, message)
    return message


def _now() -> str:
    return iso(instant_us(datetime.now(UTC)))
