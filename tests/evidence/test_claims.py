"""What may be claimed about an export: on the records of real exports, each changed in one way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.report.matters import clock_check, result, source
from workbench.evidence.claims import (
    CLOCK_NOT_CHECKED,
    clock_words,
    complete,
    completeness,
    completeness_words,
    count,
    fidelity,
    fidelity_words,
    seconds,
    unsuitable,
    us_of,
)
from workbench.evidence.findings import Findings, Verdict
from workbench.evidence.nouns import SourceRecord

Made = dict[str, Any]
GAP = {"begin": "2026-03-01T10:00:30.000000Z", "end": "2026-03-01T10:00:32.500000Z", "seconds": 2.5}
USED = "entrance/20260301T110000.mp4"
CHECKS = (clock_check(1, 1.2), clock_check(2, 1.4, "20260309T090000"))


def plain(change: Callable[[Made], object] = lambda made: None) -> Made:
    """The record of a lossless copy without a gap, changed."""
    made = copy.deepcopy(result("plain"))
    change(made)
    return made


def losing(*losses: str) -> SourceRecord:
    """The source of that copy, whose first recording says that something is lost."""
    first, *others = source("entrance").recordings
    return replace(source("entrance"), recordings=(replace(first, losses=losses), *others))


def verdicts(made: Made, of: SourceRecord | None) -> dict[str, str]:
    """What is not ok, by witness."""
    return {one.check: one.verdict.value for one in completeness(made, of) if one.verdict is not Verdict.OK}


def test_a_whole_copy_is_complete() -> None:
    """Where all witnesses were asked and agree, complete is claimed, in words that say for what."""
    found = completeness(plain(), source("entrance"))
    assert [one.check for one in found] == ["file times", "container", "decoder", "ledger"]
    assert complete(found)
    assert completeness_words(found) == (
        "Complete: in the asked range the files' times and the frames' times leave no gap, the containers declare no "
        "more than they hold, every frame decodes, and every recorded frame was delivered. This speaks about the files "
        "that were handed over, not about what a recorder did before, and not about sound."
    )


OBJECTIONS: dict[str, tuple[Callable[[Made], object], SourceRecord | None, dict[str, str]]] = {
    "a gap between files": (
        lambda made: made["gaps"].append({**GAP, "witness": "file times"}),
        source("entrance"),
        {"file times": "failed"},
    ),
    "a gap of which the container tells": (
        lambda made: made["gaps"].append({**GAP, "witness": "container"}),
        source("entrance"),
        {"container": "failed"},
    ),
    "two files claim one time": (
        lambda made: None,
        replace(
            source("entrance"),
            coverage={
                **source("entrance").coverage,
                "overlaps": [{**GAP, "files": ["a", "b"], "witness": "file times"}],
            },
        ),
        {"file times": "failed"},
    ),
    "a recording that nobody can place": (
        lambda made: None,
        replace(source("entrance"), coverage={**source("entrance").coverage, "intervals": []}),
        {"file times": "not checked"},
    ),
    "undated files": (lambda made: None, replace(source("entrance"), dated=False), {"file times": "not checked"}),
    "irregular times": (lambda made: None, losing("3 intervals are odd (PTS)"), {"file times": "failed"}),
    "a container that declares more": (lambda made: None, losing("holds 9 of 10 (container)"), {"container": "failed"}),
    "counters that break": (lambda made: None, losing("1 break (continuity counter)"), {"container": "failed"}),
    "no count to compare": (lambda made: None, losing("no count (nobody)"), {"container": "not checked"}),
    "a decoder that objects": (lambda made: None, losing("2 packets make no picture (decoder)"), {"decoder": "failed"}),
    "frames declared, not there": (
        lambda made: made["ledger"].update(missing=1),
        source("entrance"),
        {"container": "failed", "ledger": "failed"},
    ),
    "frames that do not decode": (
        lambda made: made["ledger"].update(undecodable=1),
        source("entrance"),
        {"decoder": "failed", "ledger": "failed"},
    ),
    "frames that nobody decoded": (
        lambda made: made["files"][0].update(checks=["decoding the whole file again: not checked"]),
        source("entrance"),
        {"decoder": "not checked"},
    ),
    "frames left out on request": (
        lambda made: made["ledger"].update(dropped=5),
        source("entrance"),
        {"decoder": "not checked", "ledger": "failed"},
    ),
    "another recording of the same name": (
        lambda made: made["sources"][0].update(sha256="0" * 64),
        source("entrance"),
        {"file times": "not checked", "container": "not checked"},
    ),
    "a recording that was not hashed": (
        lambda made: made["sources"][0].update(sha256=None),
        source("entrance"),
        {"file times": "not checked", "container": "not checked"},
    ),
    "a source that never joined": (lambda made: None, None, {"file times": "not checked", "container": "not checked"}),
}


@pytest.mark.parametrize(("change", "of", "expected"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_each_objection_forbids_the_claim(
    change: Callable[[Made], object], of: SourceRecord | None, expected: dict[str, str]
) -> None:
    """One witness that objects or was not asked is enough: it is named, and complete is not said."""
    found = completeness(plain(change), of)
    assert verdicts(plain(change), of) == expected
    assert not complete(found)
    assert completeness_words(found).startswith("Completeness is not claimed. ")
    assert all(f"{check}: {verdict} (" in completeness_words(found) for check, verdict in expected.items())


def test_a_container_without_any_claim_is_no_witness() -> None:
    """Where neither a count nor a duration is declared there is nothing to compare: not checked."""
    quiet = [
        replace(r, facts={**r.facts, "declared_frames": None, "declared_seconds": None})
        for r in source("entrance").recordings
    ]
    assert verdicts(plain(), replace(source("entrance"), recordings=tuple(quiet))) == {"container": "not checked"}


def test_a_gap_elsewhere_in_the_source_does_not_matter() -> None:
    """The claim is about the asked range: the source's gap a minute later is not in it."""
    assert source("entrance").coverage["gaps"]
    assert complete(completeness(plain(), source("entrance")))


def test_nothing_checked_is_not_complete() -> None:
    """No finding at all is no claim."""
    assert not complete(Findings(()))


def test_fidelity_accounts_for_every_frame() -> None:
    """The rows are the ledger's, the sentence names what happened and nothing else."""
    made = result("gap")
    assert [number for _, number in fidelity(made)] == list(made["ledger"].values())
    assert (
        fidelity_words(made)
        == "Of 150 source frames: 130 frames copied bit-identical, 20 frames masked and re-encoded."
    )


def test_a_whole_copy_with_a_checked_clock_has_no_rule_against_it() -> None:
    """Bit-identical, whole, clock checked: no rule fires."""
    assert unsuitable(plain(), source("entrance"), CHECKS) == ()


UNSUITABLE: dict[str, tuple[Callable[[Made], object], set[str]]] = {
    "rate divisor": (lambda made: made["plan"]["spec"].update(rate_divisor=4), {"speed", "timing"}),
    "gaps closed up": (
        lambda made: (
            made["gaps"].append({**GAP, "witness": "file times"}),
            made["plan"]["spec"].update(gaps="collapse"),
        ),
        {"speed", "timing", "what happened in the gaps", "conclusions from what is not seen"},
    ),
    "slots": (lambda made: made["warnings"].append("1 gaps are too long for AVI's slots"), {"speed", "timing"}),
    "re-encoded": (
        lambda made: made["ledger"].update(reencoded=1),
        {"pixel-level comparison", "fine detail", "colour"},
    ),
    "pixelated": (
        lambda made: made["plan"]["spec"].update(masks=[{"style": "pixelate"}]),
        {"what lies under the masks", "hiding an identity for certain"},
    ),
    "cropped": (lambda made: made["plan"]["spec"].update(crop=[[0, 0], [1, 1]]), {"what lies outside the crop"}),
    "text": (
        lambda made: made["entries"][0].update(reason="text is drawn into the pictures"),
        {"what lies under the drawn text"},
    ),
    "cut at key frames": (lambda made: made["plan"]["frames"].update(extra=3), {"disclosing the asked range alone"}),
    "hidden frames": (
        lambda made: made["files"][0].update(frames_shown=27, frames_contained=77),
        {"disclosing only what is shown"},
    ),
    "sound left out": (lambda made: made["plan"]["spec"].update(audio="drop"), {"analysis of sound"}),
    "sound re-encoded": (
        lambda made: made["encoder"].update({"part 1": {"sound": {"encoder": "aac"}}}),
        {"analysis of sound"},
    ),
}


@pytest.mark.parametrize(("change", "uses"), UNSUITABLE.values(), ids=UNSUITABLE)
def test_each_rule_names_its_uses(change: Callable[[Made], object], uses: set[str]) -> None:
    """One change of the record, the uses it forbids, each with a reason."""
    found = unsuitable(plain(change), source("entrance"), CHECKS)
    assert {one.use for one in found} == uses
    assert all(one.why for one in found)


def test_an_unchecked_clock_and_no_date_forbid_absolute_time() -> None:
    """Both reasons stand under one use."""
    (found,) = unsuitable(plain(), replace(source("entrance"), dated=True), ())
    assert (found.use, found.why) == ("absolute time", ("clock not checked",))
    undated = unsuitable(plain(), replace(source("entrance"), dated=False), ())
    assert undated[0].why == ("nobody says when it was recorded", "clock not checked")


def test_unknown_colour_and_made_up_times_are_told() -> None:
    """Facts of the recording that was read: an unknown range, a rate taken for times."""
    first, *others = source("entrance").recordings
    facts = {**first.facts, "color_range": None, "times_from": "nominal rate"}
    of = replace(source("entrance"), recordings=(replace(first, facts=facts), *others))
    found = {one.use: one.why for one in unsuitable(plain(), of, CHECKS)}
    assert found["colour"] == (f"the colour range of {USED} is unknown",)
    assert found["speed"] == (f"{USED} has no times of its own: its nominal rate is taken",)


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ((), f"{CLOCK_NOT_CHECKED}: nobody compared the recorder's clock with a reference."),
        (
            CHECKS[:1],
            "Clock checked 1 time: add +1.200 s to the recorder's time, ± 0.5 s at that moment; drift not checked.",
        ),
        (
            CHECKS,
            "Clock checked 2 times: add +1.300 s to the recorder's time in the middle of the checks, "
            "+0.020 s more each day, ± 0.5 s at the last check.",
        ),
    ],
    ids=["none", "one", "two"],
)
def test_the_clock_in_a_sentence(checks: tuple[Any, ...], words: str) -> None:
    """None, one and two checks: not checked, an offset, an offset with its drift."""
    assert clock_words(checks) == words


def test_small_words() -> None:
    """Plurals, seconds, and times as records print them."""
    assert (count(1, "frame"), count(2000, "frame"), count(0, "entry", "entries")) == (
        "1 frame",
        "2,000 frames",
        "0 entries",
    )
    assert (seconds(25_000_000), seconds(-1_500, sign=True)) == ("25.000 s", "-0.002 s")
    assert (us_of("+1.500000"), us_of("-1.500000"), us_of("1970-01-01T00:00:01.000000Z")) == (
        1_500_000,
        -1_500_000,
        10**6,
    )
