"""A report as a whole: fourteen parts, nothing claimed too much, the same each time, quick, and of a real case."""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.evidence.whole_cases import CLIP, HOSTILE, empty, whole
from tests.report.looking import part, pictures, report_of, rows, table, texts, words_of
from tests.report.matters import AT, IDENTITY, Matter, clock_check, full, snapshot
from tests.truth import make
from workbench.archives.local import LocalArchive
from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset
from workbench.evidence.nouns import Comment
from workbench.report.build import build_report
from workbench.report.model import Paragraph

TITLES = (
    *("Identity", "Question and scope", "Sources", "Clock", "Coverage", "Processing log", "Fidelity", "Masks and crop"),
    *("Snapshots and comments", "Outputs", "Limitations and deviations", "Custody", "How to verify this report"),
    "Declaration and signatures",
)
NEVER = re.compile(r"authentic|tamper.?proof|court.?proof|original", re.IGNORECASE)


def test_fourteen_parts_in_order() -> None:
    """Full or empty, a report has the fourteen parts of the practice, none of them without words."""
    for report in (report_of(full()), report_of(Matter())):
        assert tuple(section.title for section in report.sections) == TITLES
        assert [section.number for section in report.sections] == list(range(1, 15))
        assert all(section.blocks for section in report.sections)


def test_words_that_claim_too_much_are_never_written() -> None:
    """No text of ours, in any part, says more than unchanged since, derived from, not checked."""
    for report in (report_of(full()), report_of(Matter())):
        assert [text for text in texts(report.to_json()) if NEVER.search(text)] == []


def test_same_case_same_report() -> None:
    """With id and date fixed nothing else goes in: no clock, no order of chance."""
    matter = full()
    assert json.dumps(report_of(matter).to_json()) == json.dumps(report_of(matter).to_json())


def test_id_version_and_date_by_default() -> None:
    """The version counts the reports so far, the id is made of case number and version, the date is now."""
    matter = Matter()
    told = {"id": "R1", "version": 1, "final": False, "log_length": 1, "log_head": "0" * 64}
    file = {"path": "reports/R1.pdf", "sha256": "1" * 64, "size": 1, "kind": "report"}
    matter.append("report-built", {**told, "file": file, "model": file})
    report = build_report(matter)
    assert (report.id, report.version, report.log_length) == ("17/2026-R2", 2, 2)
    assert report.log_head == matter.entries[-1].hash
    assert abs(datetime.fromisoformat(report.made_at) - datetime.now(UTC)).total_seconds() < 60
    assert build_report(matter, id="X", version=9).id == "X"
    assert table(part(report, 1), "Earlier reports of this case").rows[0][4] == "1" * 64


def test_what_nobody_stated_is_printed_so() -> None:
    """Empty fields of the identity print not stated, in parts 1, 2 and 11."""
    report = report_of(Matter(replace(IDENTITY, requester="", question=" ", reviewer="")))
    assert rows(part(report, 1))["Requester"] == "not stated"
    assert rows(part(report, 1))["Second reviewer"] == "not stated"
    assert rows(part(report, 2))["Question"] == "not stated"
    assert rows(part(report, 11))["Deviations from procedure"] == "not stated"


def test_a_hostile_text_goes_through_as_it_is() -> None:
    """Words are raw in the model, character by character: making them harmless is the renderer's work."""
    matter = Matter(replace(IDENTITY, title=HOSTILE))
    matter.append("comment-written", Comment(id="C1", text=HOSTILE))
    report = report_of(matter)
    assert report.title == HOSTILE
    assert Paragraph(text=HOSTILE) in part(report, 9).blocks


@pytest.mark.parametrize("hostile", [False, True], ids=["plain", "hostile"])
def test_a_case_in_a_folder(tmp_path: Path, hostile: bool) -> None:
    """A real case gives a report whose pictures are files of the case, with the digests that the log has of them."""
    case = whole(tmp_path / "case", hostile=hostile)
    report = build_report(case, made_at=AT)
    assert (report.log_length, report.log_head) == (case.state.length, case.state.head)
    shown = {**pictures(part(report, 8)), **pictures(part(report, 9))}
    files = {f.path: f.sha256 for f in (p.picture for p in (*case.state.snapshots, *case.state.annotations))}
    assert {p.path: p.sha256 for p in shown.values() if p.path} == files
    json.dumps(report.to_json())


def test_an_empty_case(tmp_path: Path) -> None:
    """A case in which nothing happened yet has a report that says so."""
    report = build_report(empty(tmp_path / "case"), made_at=AT)
    assert "No source has joined the case." in words_of(part(report, 3))
    assert "Nothing was processed." in words_of(part(report, 6))


def test_a_case_that_nobody_dated(tmp_path: Path) -> None:
    """Times count from the first frame, the clock is not checked, and no zone or correction is made up."""
    (tmp_path / "footage" / "hall").mkdir(parents=True)
    shutil.copyfile(make(CLIP), tmp_path / "footage" / "hall" / "clip.mp4")
    case, archive = empty(tmp_path / "case"), LocalArchive(tmp_path / "footage", tmp_path / "cache")
    try:
        case.add_source(archive, "hall")
        case.export(ExportSpec(source="hall", begin=Offset(0), end=Offset(10**6), format="mkv"), archive)
        case.snapshot(archive, "hall", Offset(500_000))
    finally:
        archive.close()
    report = build_report(case, made_at=AT)
    assert rows(part(report, 3))["First frame"] == "+0.000000"
    assert rows(part(report, 5))["Asked"] == "+0.000000 to +1.000000 (excluded), 1.000 s"
    shot = dict(pictures(part(report, 9))["S1"].facts)
    assert (shot["Device time"], shot["Corrected UTC"]) == ("+0.480000 s from the first frame (undated)", "not checked")
    assert "nobody says when it was recorded; clock not checked" in words_of(part(report, 7))


def test_no_report_on_a_record_that_is_not_as_the_log_says(tmp_path: Path) -> None:
    """A changed export record stops it: words from it would be nobody's."""
    case = whole(tmp_path / "case")
    record = case.path(case.state.exports[0].record)
    record.write_bytes(record.read_bytes().replace(b'"copied": ', b'"copied":  ', 1))
    with pytest.raises(SourceError):
        build_report(case, made_at=AT)


def test_five_hundred_snapshots_and_two_thousand_comments() -> None:
    """It builds within seconds, and twice as much takes about twice as long."""

    def took(snapshots: int, comments: int) -> float:
        matter = Matter()
        matter.add_source("entrance")
        matter.append("clock-checked", clock_check(1, 1.2))
        for n in range(1, snapshots + 1):
            matter.append("snapshot-taken", snapshot(n))
        for n in range(1, comments + 1):
            corrects = f"C{n - 1}" if n % 5 == 0 else ""
            matter.append(
                "comment-written",
                Comment(id=f"C{n}", text="words " * 20, on=f"S{n % snapshots + 1}", replaces=corrects),
            )
        began = time.process_time()
        json.dumps(report_of(matter).to_json())
        return time.process_time() - began

    times = [took(250, 1000), took(500, 2000)]
    assert times[1] < 5
    assert all(more < 4 * less + 0.2 for less, more in pairwise(times))
