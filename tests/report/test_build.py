"""The words of a report: every part, from matters with real exports, and from a whole case of the folder kind."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.whole_cases import HOSTILE, empty, whole
from tests.report.matters import AT, IDENTITY, SPECS, Matter, clock_check, full, result, snapshot, source
from workbench.core.errors import SourceError
from workbench.core.timebase import instant_us, parse_time
from workbench.evidence.nouns import AnnotationRecord, Comment, FileRecord
from workbench.report.build import build_report
from workbench.report.model import (
    Block,
    Facts,
    Notice,
    Paragraph,
    Picture,
    Report,
    Section,
    SignatureBlock,
    Table,
    Timeline,
)

TITLES = (
    *("Identity", "Question and scope", "Sources", "Clock", "Coverage", "Processing log", "Fidelity", "Masks and crop"),
    *("Snapshots and comments", "Outputs", "Limitations and deviations", "Custody", "How to verify this report"),
    "Declaration and signatures",
)
NEVER = re.compile(r"authentic|tamper.?proof|court.?proof|original", re.IGNORECASE)


def report_of(matter: Matter) -> Report:
    """The report of a matter at a fixed time."""
    return build_report(matter, made_at=AT)


def part(report: Report, number: int) -> Section:
    """One of the fourteen."""
    return report.sections[number - 1]


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


def words_of(section: Section) -> str:
    """All that a part says."""
    return "\n".join(texts([block_json(block) for block in section.blocks]))


def block_json(block: Block) -> Any:
    """A block as the machine-readable report holds it."""
    return Report.to_json(replace(EMPTY, sections=(Section(number=1, title="", blocks=(block,)),)))["sections"]


EMPTY = build_report(Matter(), made_at=AT)


def rows(section: Section) -> dict[str, str]:
    """All facts of a part."""
    return {label: value for block in section.blocks if isinstance(block, Facts) for label, value in block.rows}


def table(section: Section, title: str) -> Table:
    """The table of that title."""
    return next(block for block in section.blocks if isinstance(block, Table) and block.title == title)


def pictures(section: Section) -> dict[str, Picture]:
    """The pictures of a part by id."""
    return {block.id: block for block in section.blocks if isinstance(block, Picture)}


def test_fourteen_parts_in_order() -> None:
    """Full or empty, a report has the fourteen parts of the practice, none of them without words."""
    for report in (report_of(full()), EMPTY):
        assert tuple(section.title for section in report.sections) == TITLES
        assert [section.number for section in report.sections] == list(range(1, 15))
        assert all(section.blocks for section in report.sections)


def test_words_that_claim_too_much_are_never_written() -> None:
    """No text of ours, in any part, says more than unchanged since, derived from, not checked."""
    for report in (report_of(full()), EMPTY):
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


def test_every_recording_with_both_digests() -> None:
    """Part 3 prints each recording's SHA-256 and SHA-512 whole, when and where they were taken, and unknown facts."""
    section = part(report_of(full()), 3)
    said = words_of(section)
    for recording in (*source("entrance").recordings, *source("corridor").recordings):
        assert f"SHA-256 {recording.sha256}\nSHA-512 {recording.sha512}" in said
    assert "2026-03-10T09:00:00.000000Z (UTC) on Linux x86_64" in said
    assert "says nothing about what happened to it before" in said
    assert rows(section)["Camera signature"] == "not checked"
    assert rows(section)["Sample aspect ratio (SAR)"] == "unknown"


def test_a_clock_that_nobody_checked_is_a_notice() -> None:
    """Large, by name, for the source without a check only."""
    blocks = part(report_of(full()), 4).blocks
    assert [(b.text, b.large) for b in blocks if isinstance(b, Notice)] == [
        ("Clock not checked: Corridor (corridor)", True)
    ]


def test_checks_of_the_clock() -> None:
    """Every check is in the table, the corrected one says that it does not count, and the line leaves it out."""
    section = part(report_of(full()), 4)
    assert [row[0] for row in table(section, "Checks").rows] == ["K1", "K2 (superseded by K3, does not count)", "K3"]
    facts = next(b for b in section.blocks if isinstance(b, Facts))
    assert dict(facts.rows)["Drift"] == "+0.020 s a day"
    assert dict(facts.rows)["Device time of the first frame"] == "2026-03-01 11:00:00.000000 +01:00 (Europe/Berlin)"


def test_what_the_archive_adds_is_no_clock_check() -> None:
    """archive.toml's 2.5 s are stated apart, taken off the device time, and correct nothing."""
    facts = [b for b in part(report_of(full()), 4).blocks if isinstance(b, Facts)][-1]
    told = dict(facts.rows)
    assert told["Device time of the first frame"] == "2026-03-01 10:00:07.000000 +00:00 (UTC)"
    assert told["Corrected UTC of the first frame"] == "not checked"
    assert "a statement, not a clock check" in told["Offset in archive.toml"]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("20261025T003000", "at 2026-10-25T01:00:00.000000Z local time goes back by 60 minutes: these occur twice"),
        ("20260329T003000", "at 2026-03-29T01:00:00.000000Z local time goes forward by 60 minutes: these never occur"),
        ("20260601T003000", "none within a day of the recordings"),
    ],
    ids=["autumn", "spring", "summer"],
)
def test_a_change_of_the_clocks_nearby_is_told(first: str, words: str) -> None:
    """Within a day of the recordings the zone's change is named to the second, else that there is none."""
    begin = instant_us(parse_time(first))  # type: ignore[arg-type]
    matter = Matter()
    matter.add_source("entrance", first_us=begin, last_us=begin + 60_000_000)
    assert rows(part(report_of(matter), 4))["Change of the clocks nearby"].startswith(words)


def test_coverage_of_an_export_with_a_gap() -> None:
    """The gap has its name, length, cause and witness; complete is not claimed; the lanes show it to scale."""
    section = part(report_of(full()), 5)
    assert table(section, "Gaps of E1").rows == (
        (
            *("E1-G1", "2026-03-01T10:01:10.000000Z", "2026-03-01T10:01:35.000000Z"),
            *("25.000 s", "not recorded", "file times"),
        ),
    )
    claims = [b.text for b in section.blocks if isinstance(b, Notice)]
    assert claims[0] == "Completeness is not claimed. file times: failed (1 gap, 25.000 s together)."
    drawn = next(b for b in section.blocks if isinstance(b, Timeline))
    lanes = {lane.label: lane for lane in drawn.lanes}
    assert list(lanes) == ["asked", "recorded", "delivered", "snapshots"]
    assert [(s.kind, (s.end_us - s.begin_us) // 1000) for s in lanes["delivered"].spans] == [
        ("copied", 2000),
        ("masked", 2000),
        ("copied", 6000),
        ("copied", 5000),
        ("gap", 25000),
    ]


def test_frames_dropped_between_kept_ones_do_not_tear_the_lane() -> None:
    """Every second frame is kept: one span from the first to the end, not one a frame."""
    matter = Matter()
    matter.add_source("corridor")
    matter.export(1, "crop")
    drawn = next(b for b in part(report_of(matter), 5).blocks if isinstance(b, Timeline))
    assert [s.kind for s in drawn.lanes[2].spans] == ["masked"]


@pytest.mark.parametrize(
    ("witness", "cause"),
    [
        ("file times", "not recorded"),
        ("PTS jump", "unknown"),
        ("container", "damaged"),
        ("decoder", "undecodable"),
        ("file times; an unreadable file may lie there", "unknown"),
        ("somebody else", "unknown"),
    ],
)
def test_causes_of_gaps(witness: str, cause: str) -> None:
    """The witness decides the cause; what no rule knows is unknown."""
    gap = {"begin": "2026-03-01T10:00:30.000000Z", "end": "2026-03-01T10:00:31.000000Z", "witness": witness}
    matter = Matter()
    matter.add_source("entrance")
    matter.export(1, "plain", gaps=[gap])
    assert table(part(report_of(matter), 5), "Gaps of E1").rows[0][4:] == (cause, witness)


def test_undecodable_frames_are_gaps_with_a_witness() -> None:
    """A run of the ledger without pictures stands among the gaps: who says so is the decoder."""
    entry = {**result("plain")["entries"][0], "fate": "undecodable", "frames": 3}
    matter = Matter()
    matter.export(1, "plain", entries=[entry])
    assert table(part(report_of(matter), 5), "Gaps of E1").rows[0][4:] == ("undecodable: 3 frames", "decoder")


@pytest.mark.parametrize("name", list(SPECS))
def test_every_parameter_is_printed(name: str) -> None:
    """Part 6 lists every field of the request, defaults too, and what was made of it; encoder and versions whole."""
    matter = Matter()
    matter.export(1, name)
    section, made = part(report_of(matter), 6), result(name)
    printed = table(section, "Parameters of E1").rows
    asked = {key for key in made["plan"]["spec"] if key != "schema"}
    assert {row[0] for row in printed} == asked
    assert {row[0] for row in printed if row[2] == "given"} >= {"source", "begin", "end"}
    said = words_of(section)
    assert all(version in said for version in made["versions"].values())
    for part_ in made["encoder"].values():
        assert all(f"{key} = {value}" in said for key, value in part_["video"].items())


def test_failed_exports_are_steps_too() -> None:
    """The log's failure stands in part 6 with its kind and message, and the plan is not carried out."""
    report = report_of(full())
    states = [row[5] for row in table(part(report, 6), "Steps in order").rows]
    assert "failed (source): the recording is gone" in states


def test_fidelity_of_each_output() -> None:
    """Shown and contained as two numbers, the ledger's runs with their PTS, the uses it does not carry."""
    section = part(report_of(full()), 7)
    said = words_of(section)
    assert "150 frames shown, 150 frames contained" in said
    assert table(section, "Frame ledger of E1").rows[1][1:5] == (
        *("masked", "20", "2026-03-01T10:01:02.000000Z\n2026-03-01T10:01:03.900000Z"),
        "276480\n295936",
    )
    assert {row[0] for row in table(section, "E2 is unsuitable for").rows} >= {
        "speed",
        "timing",
        "absolute time",
        "colour",
    }


def test_masks_in_source_pixels_with_their_frames() -> None:
    """Corners normalised and in pixels, time range resolved to instants, PTS of the masked run, reason and author."""
    section = part(report_of(full()), 8)
    assert table(section, "Corners of E1: mask 1").rows[1] == ("2", "0.7, 0.1", "(537.6, 43.2)")
    first = next(b for b in section.blocks if isinstance(b, Facts))
    told = dict(first.rows)
    assert told["Time range"].startswith("2026-03-01T10:01:02.000000Z to 2026-03-01T10:01:04.000000Z (excluded)")
    assert (told["Reason"], told["Author (who planned it)"], told["Reviewer"]) == (
        "a passer-by",
        "A. Berg",
        "not stated",
    )
    runs = [b for b in section.blocks if isinstance(b, Table) and b.title.startswith("Runs of frames")]
    assert runs[0].rows[0][1] == "276480 to 295936"
    assert [row[3] for row in runs[1].rows] == ["8"]
    assert "blur: obscured, may be recoverable" in words_of(section)


def test_without_a_context_picture_the_outlines_stand_on_an_empty_frame() -> None:
    """A diagram of the source's frame, and words that no picture was taken."""
    section = part(report_of(full()), 8)
    drawn = pictures(section)["E2"]
    assert (drawn.kind, drawn.path, drawn.width, drawn.height) == ("diagram", "", 768, 432)
    assert [(o.kind, len(o.points)) for o in drawn.outlines] == [("mask", 3), ("crop", 4)]
    assert "E2: No context picture was taken" in words_of(section)


def test_a_context_picture_bears_masks_and_crop() -> None:
    """It is printed in part 8 with both outlines, and not once more among the snapshots."""
    matter = full()
    mask = {**result("crop")["plan"]["spec"]["masks"][0]}
    matter.append("snapshot-taken", snapshot(3, "E2", source="corridor", context=True, masks=(mask,)))
    report = report_of(matter)
    drawn = pictures(part(report, 8))["S3"]
    assert (drawn.kind, [o.label for o in drawn.outlines]) == ("context", ["mask 1", "crop"])
    assert "S3" not in pictures(part(report, 9))
    assert "E2: No context picture" not in words_of(part(report, 8))


def test_a_snapshot_with_every_fact() -> None:
    """Exhibit, recording's digest, stream, PTS, time base, frame number, type, digests, transforms, hash, author."""
    matter, taken = full(), snapshot(1, "E1")
    shot = pictures(part(report_of(matter), 9))["S1"]
    told = dict(shot.facts)
    said = "\n".join(told.values())
    for fact in (taken.exhibit, taken.file_sha256, taken.frame_sha256, taken.picture.sha256, taken.rgb_sha256):
        assert fact in said
    assert told["Stream, PTS, time base"] == "stream 0, PTS 257024, time base 1/10240 s"
    assert told["Display frame number"] == "251 (counted from 0)"
    assert told["Device time"] == "2026-03-01 11:01:00.100000 +01:00 (Europe/Berlin)"
    assert told["Corrected UTC"] == "2026-03-01T10:01:01.340847Z ± 0.5 s"
    assert told["Corrected UTC when it was taken"] == "not checked"
    assert (shot.sha256, shot.rgb_sha256, shot.caption) == (taken.picture.sha256, taken.rgb_sha256, "The person, later")


def test_an_unmasked_snapshot_says_why() -> None:
    """The recorded reason stands with the picture and among the limitations."""
    report = report_of(full())
    assert (
        "NOT applied. Recorded reason: the face is the question"
        in dict(pictures(part(report, 9))["S2"].facts)["Masks and crop"]
    )
    assert ("S2", "shows what E1 hides", "recorded reason: the face is the question") in part(report, 11).blocks[1].rows  # type: ignore[union-attr]


def test_corrections_stand_behind_what_they_correct() -> None:
    """Superseded comments are struck and followed by their correction, with author and time; so are captions."""
    matter = full()
    matter.append("comment-written", Comment(id="C1", text="From the left.", on="S1"))
    matter.append("comment-written", Comment(id="C2", text="Something else.", on="S1"), who="B. Two")
    matter.append("comment-written", Comment(id="C3", text="From the right.", on="S1", replaces="C1"))
    said = [(p.style, p.text) for p in pictures(part(report_of(matter), 9))["S1"].comments]
    at = {entry.data["id"]: entry.at for entry in matter.entries if entry.what == "comment-written"}
    assert said == [
        ("small", f"Earlier caption, A. Berg, {matter.entries[11].at}, superseded:"),
        ("struck", "Caption of picture 1"),
        ("small", f"Comment C1, A. Berg, {at['C1']}, superseded by C3:"),
        ("struck", "From the left."),
        ("small", f"Comment C3, A. Berg, {at['C3']}, corrects C1:"),
        ("normal", "From the right."),
        ("small", f"Comment C2, B. Two, {at['C2']}:"),
        ("normal", "Something else."),
    ]


@pytest.mark.parametrize(
    ("on", "number"),
    [
        ("", 9),
        ("entrance", 3),
        ("K1", 4),
        ("E1", 10),
        ("E1-G1", 5),
        ("entrance-G1", 5),
        ("S1", 9),
        ("R7", 9),
        ("E1-G9", 9),
    ],
)
def test_every_comment_is_printed_once(on: str, number: int) -> None:
    """Where it belongs by what it is on; what no part shows is printed in part 9."""
    matter = full()
    matter.append("comment-written", Comment(id="C1", text="unmistakable words", on=on))
    found = {s.number: words_of(s).count("unmistakable words") for s in report_of(matter).sections}
    assert {n: times for n, times in found.items() if times} == {number: 1, 12: 1}


def test_an_annotated_copy_follows_its_snapshot() -> None:
    """With its marks in words, its own digest and that of the snapshot it was drawn on."""
    matter = full()
    marks = ({"kind": "text", "at": [0.5, 0.25], "text": "Person 1", "color": "#ffd000"},)
    file = FileRecord(path="snapshots/A1.png", sha256="a" * 64, size=9, kind="picture")
    matter.append(
        "annotation-made", AnnotationRecord(id="A1", snapshot="S1", marks=marks, picture=file, rgb_sha256="b" * 64)
    )
    found = pictures(part(report_of(matter), 9))
    assert list(found) == ["S1", "A1", "S2"]
    assert dict(found["A1"].facts)["Marks"] == "1. text «Person 1» at (0.5, 0.25), #ffd000"
    assert (found["A1"].sha256, found["A1"].rgb_sha256) == ("a" * 64, "b" * 64)


def test_outputs_with_size_digest_volume_and_player() -> None:
    """Every file of the export and its record."""
    section = part(report_of(full()), 10)
    printed = next(b for b in section.blocks if isinstance(b, Table)).rows
    assert [row[1] for row in printed] == [
        "volume 1 of 1",
        "time track beside the pictures (WebVTT)",
        "the export's own record (JSON)",
    ]
    assert printed[0][3] == result("gap")["files"][0]["sha256"]
    assert rows(section)["Player needed"].startswith("any player of Matroska")


def test_limitations_gather_what_was_not_checked() -> None:
    """Clock, zone, camera signature, completeness, second review: each from its own fact."""
    said = {(row[0], row[1]) for row in part(report_of(full()), 11).blocks[1].rows}  # type: ignore[union-attr]
    assert said >= {
        ("Corridor (corridor)", "Clock not checked"),
        ("Corridor (corridor)", "zone assumed"),
        ("Entrance hall (entrance)", "signature of the camera: not checked"),
        ("E1", "completeness, file times: failed"),
        ("the examination", "second review: not checked"),
        ("the examination", "1 failed export"),
    }


def test_custody_lists_every_entry_and_keeps_digests_whole_in_json() -> None:
    """One row an entry, in order; digests shortened in print, whole in the report's data; long texts cut, and told."""
    matter = full()
    matter.append("comment-written", Comment(id="C1", text="x" * 5000, on="S1"))
    matter.append("something-newer", {"id": "N1"})
    report = report_of(matter)
    printed = next(b for b in part(report, 12).blocks if isinstance(b, Table)).rows
    assert [row[0] for row in printed] == [str(n) for n in range(len(matter.entries))]
    assert "[…] (5,000 characters, whole in the part that shows what it is on)" in printed[-2][3]
    assert printed[-1][3] == "something-newer (this version does not know the kind)"
    assert [entry["hash"] for entry in report.custody] == [entry.hash for entry in matter.entries]
    assert report.custody[11]["after"] == [{"file": "snapshots/S1.png", "sha256": f"{1:064x}"}]
    assert ("the custody log", "1 entry not understood") in {row[:2] for row in part(report, 11).blocks[1].rows}  # type: ignore[union-attr]


def test_an_entry_whose_data_is_wrong_does_not_stop_the_report() -> None:
    """A known kind with data of another shape is printed as such and counts for nothing."""
    matter = full()
    matter.append("clock-checked", {"id": "K9", "device_us": "yesterday"})
    printed = next(b for b in part(report_of(matter), 12).blocks if isinstance(b, Table)).rows
    assert "its data is not what the kind says" in printed[-1][3]


def test_a_machine_clock_set_back_is_told() -> None:
    """Times of the log that go back are named, the order is the chain's."""
    matter = full()
    matter.entries[-1] = replace(matter.entries[-1], at="2020-01-01T00:00:00.000000Z")
    assert any(
        "set back 1 time: before entry 13" in b.text
        for b in part(report_of(matter), 12).blocks
        if isinstance(b, Notice)
    )


def test_how_to_verify_names_the_head_and_what_is_needed_from_elsewhere() -> None:
    """The command on the log prints 1 for the line and the hash that this report speaks about."""
    matter = full()
    report = report_of(matter)
    said = words_of(part(report, 13))
    assert f"sed -n 14p data/custody.jsonl | grep -c {matter.entries[-1].hash}" in said
    assert matter.entries[-1].line().decode().count(matter.entries[-1].hash) == 1
    assert "given by the sealer by another way" in said


def test_a_person_signs_and_the_seal_stands_apart() -> None:
    """The declaration is a draft with the facts filled in, for examiner and reviewer; the seal is no declaration."""
    section = part(report_of(full()), 14)
    block = next(b for b in section.blocks if isinstance(b, SignatureBlock))
    assert block.signers == ("Examiner: A. Berg", "Second reviewer: not stated")
    assert block.declaration.startswith("I, A. Berg (video analyst, Laboratory 4), declare for case 17/2026:")
    assert "2 sources with 4 recordings" in block.declaration
    assert "Corridor (corridor): Clock not checked" in block.declaration
    assert "It signs no declaration." in dict(block.seal)["What it is"]
    assert "This is a draft" in words_of(section)


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
