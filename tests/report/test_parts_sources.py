"""Parts 3 to 5: the sources, their clocks, what is recorded, asked and delivered."""

from __future__ import annotations

import pytest

from tests.report.looking import part, report_of, rows, table, words_of
from tests.report.matters import Matter, full, result, source
from workbench.core.timebase import instant_us, parse_time
from workbench.report.model import Facts, Notice, Timeline


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
