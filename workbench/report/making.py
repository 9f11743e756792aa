"""Making a report of a case: its words, its PDF, its machine seal, and the entry that says so.

    record = make_report(case, final=True, key=Key.load("examiner.p12", password))

A FINAL report is refused while the case does not check out: no report may speak for files that are not as the log
says. It comes only from a run that can be repeated (`evidence.run`): a program, or a notebook whose cells ran in their
order in a fresh kernel. From any other a DRAFT is made that says why; `record.why_draft` has the words. The PDF and
its machine-readable form get their names in ``reports/`` only when complete; nothing is overwritten.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import NameTaken, WorkError
from workbench.core.timebase import instant_us, iso
from workbench.evidence.case import Case
from workbench.evidence.here import here
from workbench.evidence.nouns import FileRecord, ReportRecord
from workbench.evidence.run import BY_HAND, RunRecord, why_not_final
from workbench.report.attached import attachments, dumped
from workbench.report.build import build_report
from workbench.report.model import Report

if TYPE_CHECKING:
    from workbench.evidence.keys import Key
    from workbench.evidence.timestamps import Authority

AS_ASKED = "no FINAL one was asked for"
"""Why a report is a DRAFT whose maker wanted one."""


def make_report(
    case: Case,
    *,
    final: bool = False,
    key: Key | None = None,
    stamps: Sequence[Authority] = (),
    paper: str = "A4",
    orientation: str = "portrait",
    per_page: int = 1,
    report_id: str = "",
    made_at: datetime | None = None,
    run: RunRecord | None = None,
) -> ReportRecord:
    """Build, print, seal and file a report of all that is in the case.

    `final` is a wish: `final` of what is given back says whether it was fulfilled. `run` is the run it is made in, this
    process where None. With `report_id`, `made_at` and `run` fixed, the same case gives the same bytes before signing.
    Raises WorkError where a
    FINAL report is asked for and a file of the case is not as the log says; nothing is left behind then.
    """
    from workbench.report.pdf import render

    if final:
        _must_check_out(case)
    number = case.next_id("R")
    at = datetime.now(UTC) if made_at is None else made_at
    run = here() if run is None else run
    why = why_not_final(run) if final else (AS_ASKED, *(why_not_final(run) if run.kind == BY_HAND else ()))
    report = build_report(
        case,
        id=report_id,
        status="DRAFT" if why else "FINAL",
        made_at=iso(instant_us(at)),
        run=run,
        why_draft=why,
    )
    look: dict[str, Any] = {"paper": paper, "orientation": orientation, "per_page": per_page}
    pdf = render(report, case.folder, attachments=attachments(case.state, case.folder), **look)
    if key is not None:
        from workbench.evidence.signing import sign_pdf

        pdf = sign_pdf(pdf, key, reason=f"Machine seal of report {report.id}", at=at, stamps=stamps)
    model = dumped({**report.to_json(), "layout": look})
    return _filed(case, report, number, pdf, model, key, stamps, {"run": run, "why_draft": why})


def _must_check_out(case: Case) -> None:
    failed = case.check().failed
    if failed:
        first = f"{failed[0].check} of {failed[0].file or 'the log'}"
        raise WorkError(
            f"no FINAL report: {len(failed)} checks of the case failed, the first is {first}",
            "`workbench case check` lists them; a DRAFT can be built meanwhile.",
        )


def _filed(
    case: Case,
    report: Report,
    number: str,
    pdf: bytes,
    model: bytes,
    key: Key | None,
    stamps: Sequence[Authority],
    how: dict[str, Any],
) -> ReportRecord:
    record = ReportRecord(
        id=number,
        version=report.version,
        final=report.status == "FINAL",
        file=_write(case.folder, f"reports/{number}.pdf", pdf, "report"),
        model=_write(case.folder, f"reports/{number}.json", model, "report model"),
        log_length=report.log_length,
        log_head=report.log_head,
        signer="" if key is None else key.fingerprint,
        signer_name="" if key is None else key.name,
        self_signed=key is not None and key.self_signed,
        time_stamps=tuple(stamp.url for stamp in stamps),
        **how,
    )
    case.append("report-built", record, after=(record.file, record.model))
    return record


def _write(folder: Path, name: str, data: bytes, kind: str) -> FileRecord:
    final = folder / name
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    final.parent.mkdir(exist_ok=True)
    try:
        with part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, final)
    except FileExistsError as exc:
        raise NameTaken(f"{final} exists already", "Nothing is overwritten; move it away.") from exc
    except OSError as exc:
        raise WorkError(f"{final} cannot be written: {exc.strerror or exc}", "Free some room.") from exc
    finally:
        part.unlink(missing_ok=True)
    return FileRecord(path=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), kind=kind)
