"""A report is held against the log that it speaks about: what somebody else wrote into it is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evidence import whole_cases
from workbench.evidence.case import Case
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import ReportRecord
from workbench.report import making
from workbench.report.attached import attachments
from workbench.report.build import build_report
from workbench.report.check import check_report
from workbench.report.check_words import check_words
from workbench.report.reading import report_of

Edit = Callable[[dict[str, Any]], dict[str, Any]]


def made(case: Case) -> tuple[ReportRecord, list[Finding]]:
    """A report of the case, and what is found about its words."""
    record = making.make_report(case, final=True)
    model = json.loads(case.path(record.model).read_bytes())
    assert not check_report(case.path(record.file), model, case.folder).failed, "the PDF itself is as it must be"
    return record, list(check_words(case.folder, record, case.entries, model))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case without a report."""
    return whole_cases.empty(tmp_path / "case")


def test_a_report_says_what_its_log_says(tmp_path: Path) -> None:
    """Words and attached files of an honest report hold, hostile texts and all, also when the log grew since."""
    case = whole_cases.whole(tmp_path / "case", hostile=True)
    record, found = made(case)
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.OK]
    case.comment("later")
    model = json.loads(case.path(record.model).read_bytes())
    assert {one.verdict for one in check_words(case.folder, record, case.entries, model)} == {Verdict.OK}


def said(old: str, new: str) -> Edit:
    """Another text wherever one stands."""
    return lambda model: dict(json.loads(json.dumps(model).replace(old, new)))


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (said("A. Berg", "B. Arg"), "sections[0].blocks"),
        (said("not stated", "stated"), "sections[0].blocks"),
        (lambda model: {**model, "sections": model["sections"][:-4]}, "sections"),
        (lambda model: {**model, "exhibits": "others"}, "exhibits"),
    ],
)
def test_other_words_are_found(case: Case, monkeypatch: pytest.MonkeyPatch, edit: Edit, place: str) -> None:
    """A report that was printed well, but with other words than the log gives, fails; page and place are named."""
    monkeypatch.setattr(making, "build_report", lambda *a, **k: report_of(edit(build_report(*a, **k).to_json())))
    _, found = made(case)
    assert [(one.check, one.verdict) for one in found][:1] == [("report-form", Verdict.FAILED)]
    page, _, where = found[0].place.rpartition(": ")
    assert where.startswith(place) and (page.startswith("page ") or place == "sections")


@pytest.mark.parametrize("files", [{}, {"manifest-sha256.txt": b"other"}, {"manifest-sha256.txt": None, "more": b"x"}])
def test_other_attached_files_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes | None]
) -> None:
    """A file that is attached to the PDF, but not what log and records give, and one that lacks, are named."""
    case = whole_cases.whole(tmp_path / "case")
    honest = attachments(case.state, case.folder)
    forged = {name: data if data is not None else honest[name] for name, data in files.items()}
    monkeypatch.setattr(making, "attachments", lambda *_: honest | forged if files else {})
    _, found = made(case)
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.FAILED]
    assert found[1].place.startswith("attached ")


@pytest.mark.parametrize("change", [{"log_length": 0}, {"log_length": 99}, {"log_length": -1}, {"log_head": "ab" * 32}])
def test_a_report_about_another_log_is_found(case: Case, change: dict[str, Any]) -> None:
    """Length and head that a report names are those of the log it lies beside."""
    record, found = made(case)
    assert {one.verdict for one in found} == {Verdict.OK}
    model = json.loads(case.path(record.model).read_bytes())
    (found_,) = check_words(case.folder, replace(record, **change), case.entries, model)
    assert (found_.verdict, found_.place) == (Verdict.FAILED, "custody log")


def test_words_of_another_version_are_not_checked(case: Case) -> None:
    """Another version may write other words: that is said, and nothing is claimed."""
    record, _ = made(case)
    model = json.loads(case.path(record.model).read_bytes())
    other = {**model, "tool": {"forensic-workbench": "9"}}
    (found,) = check_words(case.folder, record, case.entries, other)
    assert found.verdict is Verdict.NOT_CHECKED and "9" in found.note


def test_a_final_report_of_a_run_that_gives_none_is_found(case: Case) -> None:
    """FINAL over a run that speaks against it is a failed finding, whatever the words are."""
    record, _ = made(case)
    model = json.loads(case.path(record.model).read_bytes())
    assert record.run is not None and record.run.kind == "program" and record.final
    forged = replace(record, run=replace(record.run, hindrance="typed by hand"))
    found = [one.note for one in check_words(case.folder, forged, case.entries, model) if one.place == "status"]
    assert found == ["the run that made it gives none: typed by hand"]


def test_a_report_of_a_version_that_told_no_run_holds(case: Case) -> None:
    """Without a run on record the words are those of the versions before; nothing is missed in them."""
    told = build_report(case, made_at="2026-03-20T08:00:00.000000Z").to_json()
    record, _ = made(case)
    then = replace(record, run=None, final=False, log_head=told["log_head"], log_length=told["log_length"])
    plain = json.loads(json.dumps(told))
    words = [one for one in check_words(case.folder, then, case.entries, plain) if one.place == "words"]
    assert [one.verdict for one in words] == [Verdict.OK]
    assert "How this report was made" not in json.dumps(plain)
