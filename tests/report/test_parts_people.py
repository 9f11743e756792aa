"""Parts 9 and 11 to 14: what people saw, wrote and left out, the log of it, how to check it, who signs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.looking import part, pictures, report_of, words_of
from tests.report.matters import full, snapshot
from workbench.evidence.nouns import AnnotationRecord, Comment, FileRecord
from workbench.report.model import Notice, SignatureBlock, Table


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


@pytest.mark.parametrize(("shows", "said"), [(False, "E1 does not show this frame"), (True, None), (None, None)])
def test_a_frame_that_its_export_does_not_show_is_told(shows: bool | None, said: str | None) -> None:
    """Beside the picture in part 9; nothing is said where it shows it, or where nobody knows."""
    matter = full()
    matter.append("snapshot-taken", snapshot(3, "E1", shown_by_export=shows))
    assert dict(pictures(part(report_of(matter), 9))["S3"].facts).get("Export") == said


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
    assert "[…] (5,000 characters, whole in the part that shows what it is on)" in printed[-2][2]
    assert printed[-1][2] == "something-newer (this version does not know the kind)"
    assert [entry["hash"] for entry in report.custody] == [entry.hash for entry in matter.entries]
    assert report.custody[11]["after"] == [{"file": "snapshots/S1.png", "sha256": f"{1:064x}"}]
    assert ("the custody log", "1 entry not understood") in {row[:2] for row in part(report, 11).blocks[1].rows}  # type: ignore[union-attr]


def test_an_entry_whose_data_is_wrong_does_not_stop_the_report() -> None:
    """A known kind with data of another shape is printed as such and counts for nothing."""
    matter = full()
    matter.append("clock-checked", {"id": "K9", "device_us": "yesterday"})
    printed = next(b for b in part(report_of(matter), 12).blocks if isinstance(b, Table)).rows
    assert "its data is not what the kind says" in printed[-1][2]


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
