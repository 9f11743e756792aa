"""A report held against the log that it speaks about: written again from log and records, does it say the same?

    findings = check_words(package / "data", record, entries, model)

That the PDF says what its machine-readable form says is `check`'s to tell; that both say what the custody log says is
told here, so that nobody can print another caption, another clock or no gaps over a log that holds. What was attached
to the PDF is compared with the plans, records and digests of the case in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf

from workbench import __version__
from workbench.core.errors import SourceError, WorkbenchError
from workbench.evidence import filing
from workbench.evidence.custody import START, Entry
from workbench.evidence.export_form import of_form
from workbench.evidence.findings import Finding, Verdict, said
from workbench.evidence.nouns import CaseState, ExportRecord, ReportRecord
from workbench.evidence.package_derived import UNREADABLE
from workbench.evidence.reperform_record import load
from workbench.evidence.run import why_not_final
from workbench.evidence.state import state_of
from workbench.report.attached import attachments
from workbench.report.build import build_report
from workbench.report.comparing import unpacked
from workbench.report.page_words import pages_saying
from workbench.report.pdf import MODEL_NAME

CHECK = "report-form"
_SHOWN = 200
_MISSING = "nothing"
_MOST_PAGES = 5


class _Then:
    """The case as it was when the report was made (`material.CaseFile`)."""

    def __init__(self, folder: Path, entries: Sequence[Entry]) -> None:
        self._folder, self.entries = folder, tuple(entries)
        self.state: CaseState = state_of(entries)

    def result(self, export: str) -> Mapping[str, Any]:
        """The record of an export; SourceError where it is not the one that the log names, WorkError if it is none."""
        found: ExportRecord = next(one for one in self.state.exports if one.id == export)
        now = filing.record(self._folder, found.record.path)
        if (now.sha256, now.size) != (found.record.sha256, found.record.size):
            raise SourceError(f"{found.record.path} is not what the log says it was")
        return of_form(load(filing.inside(self._folder, found.record.path)), found.record.path)


def check_words(
    folder: Path, record: ReportRecord, entries: Sequence[Entry], model: Mapping[str, Any], *, file: str = ""
) -> Iterator[Finding]:
    """Findings ``report-form``: the report `record` of the case in `folder`, whose machine-readable form is `model`."""
    file = file or record.file.path
    then = entries[: max(record.log_length, 0)]
    head = then[-1].hash if then else START
    if (len(then), head) != (record.log_length, record.log_head):
        expected = f"{len(then)} entries, head {head}"
        yield _failed(file, "custody log", expected, f"{record.log_length} entries, head {record.log_head}")
        return
    yield from _of_the_run(record, file)
    told = model.get("tool")
    if told != {"forensic-workbench": __version__}:
        note = f"its words were written by {str(told)[:_SHOWN]}, this is {__version__}: install that one to compare"
        yield Finding(check=CHECK, verdict=Verdict.NOT_CHECKED, file=file, place="words", note=note)
        return
    try:
        case = _Then(folder, then)
        found = _words(case, record, model, file)
        yield found if found.verdict is Verdict.OK else _on_page(found, folder / record.file.path)
        yield _attached(folder / record.file.path, attachments(case.state, folder), file)
    except WorkbenchError as exc:
        yield _failed(file, "words", "a log and records to write it from", exc.message)
    except (*UNREADABLE, pikepdf.PdfError, OSError) as exc:
        yield _failed(file, "words", "a log and records to write it from", said(exc, folder))


def _words(case: _Then, record: ReportRecord, model: Mapping[str, Any], file: str) -> Finding:
    """The model against the report that is written anew; its own id and time are its maker's to choose."""
    status = "FINAL" if record.final else "DRAFT"
    made = build_report(
        case,
        id=str(model.get("id", "")),
        version=record.version,
        status=status,  # type: ignore[arg-type]
        made_at=str(model.get("made_at", "")),
        run=record.run,
        why_draft=record.why_draft,
    ).to_json()
    plain = json.loads(json.dumps(made))
    if apart := _difference(plain, {key: value for key, value in model.items() if key != "layout"}):
        note = "the report says something else than the log and the records that it speaks about"
        return _failed(file, *apart, note=note)
    told = f"its words are those that the first {record.log_length} entries of the log and the records give"
    return Finding(check=CHECK, verdict=Verdict.OK, file=file, place="words", found=told)


def _of_the_run(record: ReportRecord, file: str) -> Iterator[Finding]:
    """A FINAL report has nothing that makes it a DRAFT: neither in its record's words nor in the run it came from."""
    why = record.why_draft or (why_not_final(record.run) if record.run is not None else ())
    if record.final and why:
        yield _failed(file, "status", "DRAFT", "FINAL", note=f"the run that made it gives none: {why[0]}")


def _on_page(found: Finding, pdf: Path) -> Finding:
    """The finding with the pages on which the strange words stand."""
    with pikepdf.open(pdf) as theirs:
        pages = pages_saying(theirs, found.found)
    where = ", ".join(f"page {number}" for number in pages[:_MOST_PAGES])
    return replace(found, place=f"{where}: {found.place}") if where else found


def _attached(pdf: Path, wanted: Mapping[str, bytes], file: str) -> Finding:
    """The files attached to the PDF besides the machine-readable report."""
    with pikepdf.open(pdf) as theirs:
        names = set(theirs.attachments) - {MODEL_NAME}
        for name in sorted(names ^ wanted.keys()):
            expected, found = ("attached", _MISSING) if name in wanted else (_MISSING, "attached")
            return _failed(file, f"attached {name[:_SHOWN]}", expected, found)
        for name, data in wanted.items():
            if unpacked(theirs.attachments[name].get_file().obj, len(data)) != data:
                return _failed(file, f"attached {name}", "what log and records give", "something else")
    told = f"{len(wanted)} attached files, each as log and records give it"
    return Finding(check=CHECK, verdict=Verdict.OK, file=file, place="attachments", found=told)


def _difference(made: Any, told: Any) -> tuple[str, str, str] | None:
    """The first place where two JSON values differ, and what stands there in each."""
    waiting = [("", made, told)]
    while waiting:
        place, one, other = waiting.pop()
        if type(one) is not type(other):
            return place, _short(one), _short(other)
        if isinstance(one, dict):
            keys = sorted(one.keys() | other.keys(), reverse=True)
            waiting += [(f"{place}.{key}".strip("."), one.get(key, _MISSING), other.get(key, _MISSING)) for key in keys]
        elif isinstance(one, list) and len(one) == len(other):
            pairs = list(enumerate(zip(one, other, strict=True)))
            waiting += [(f"{place}[{number}]", *pair) for number, pair in reversed(pairs)]
        elif one != other:
            return place, _short(one), _short(other)
    return None


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:_SHOWN]


def _failed(file: str, place: str, expected: str, found: str, note: str = "") -> Finding:
    return Finding(
        check=CHECK, verdict=Verdict.FAILED, file=file, place=place, expected=expected, found=found, note=note
    )
