"""Parts 6, 7, 8 and 10: how each export was made, what its frames are, what is masked, which files came of it."""

from __future__ import annotations

import copy

import pytest

from tests.report.looking import part, pictures, report_of, rows, table, words_of
from tests.report.matters import SPECS, Matter, full, result, snapshot
from workbench.report.model import Facts, Paragraph, Table, Timeline


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
    for settings in made["encoder"].values():
        told = settings.get("video", settings)
        assert all(f"{key} = {value}" in said for key, value in told.items())


def test_an_export_that_was_added_says_so() -> None:
    """Nothing was on record before it was done: parts 2, 6 and 11 tell it, and no author is made up."""
    matter = Matter()
    matter.export(1, "plain", planned=False)
    report = report_of(matter)
    assert table(part(report, 2), "Intervals asked for").rows[0][0] == "none: added"
    assert rows(part(report, 6))["Planned by"] == "not stated"
    assert "what was asked was put on record after it was done" in words_of(part(report, 11))


def test_one_frame_has_no_timeline() -> None:
    """A jpg is one frame: asked for as one, complete as one, with nothing to draw to scale."""
    matter = Matter()
    matter.add_source("entrance")
    matter.export(1, "still")
    section = part(report_of(matter), 5)
    assert not any(isinstance(block, Timeline) for block in section.blocks)
    assert rows(section)["Asked"] == "one frame, that shown at 2026-03-01T10:00:28.000000Z"
    assert any(block.text.startswith("Complete: ") for block in section.blocks if isinstance(block, Paragraph))


def test_failed_exports_are_steps_too() -> None:
    """The log's failure stands in part 6 with its kind and message, and the plan is not carried out."""
    report = report_of(full())
    states = [row[4] for row in table(part(report, 6), "Steps in order").rows]
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


@pytest.mark.parametrize(
    ("begin", "end", "runs"),
    [
        ("10:01:01.950000", "10:01:01.960000", 0),
        ("10:01:03.950000", "10:01:03.960000", 1),
        ("10:01:03.900000", None, 1),
        ("10:01:04.000000", None, 0),
        (None, "10:01:02.000000", 0),
        (None, "10:01:02.000001", 1),
    ],
)
def test_which_masked_frames_a_time_range_reaches(begin: str | None, end: str | None, runs: int) -> None:
    """Frames that begin in it, and the one on screen at its begin; masked are those of 10:01:02 to 10:01:03.9."""
    plan = copy.deepcopy(result("gap")["plan"])
    for key, at in (("begin", begin), ("end", end)):
        plan["spec"]["masks"][0][key] = at and f"2026-03-01T{at}Z"
    matter = Matter()
    matter.export(1, "gap", plan=plan)
    found = next(
        b for b in part(report_of(matter), 8).blocks if isinstance(b, Table) and b.title.startswith("Runs of frames")
    )
    assert len(found.rows) == runs


def test_of_an_outline_with_many_corners_the_first_are_printed() -> None:
    """200,000 corners: a hundred rows, a count of the rest, and an outline that is drawn coarsely and says so."""
    plan = copy.deepcopy(result("crop")["plan"])
    plan["spec"]["masks"][0]["points"] = [[n / 2e5, n % 2 / 2] for n in range(200_000)]
    matter = Matter()
    matter.add_source("corridor")
    matter.export(1, "crop", plan=plan)
    section = part(report_of(matter), 8)
    assert len(table(section, "Corners of E1: mask 1").rows) == 100
    assert "199,900 more rows stand in the record of E1." in words_of(section)
    outline = pictures(section)["E1"].outlines[0]
    assert (len(outline.points), outline.label) == (2000, "mask 1 (every 100th corner drawn)")


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
