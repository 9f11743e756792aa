"""What may be claimed about an export, from its record alone: pure functions, shared by the report and the README.

    completeness(result, source)        verdicts of three witnesses of the recording, and of the ledger of the delivery
    completeness_words(findings)        *Complete* only where all four are ok
    fidelity(result)                    what became of the frames, as rows; `fidelity_words` as one sentence
    unsuitable(result, source, checks)  what the export must not be used for, each with its reasons
    clock_words(checks)                 what is known of a recorder's clock

`result` is an export's own record (`ExportResult.to_json()`), `source` the source as it joined the case. Nothing is
concluded from what was not checked, and a statement about a whole recording counts for every part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.timebase import SECOND, Offset, instant_us, parse_time
from workbench.evidence.clock import Clock, Corrected
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.nouns import ClockCheck, RecordingFacts, SourceRecord
from workbench.evidence.remote import counted_by, made_by_vms, objections, originals

Result = Mapping[str, Any]

FATES = {
    "copied": "copied bit-identical",
    "reencoded": "re-encoded",
    "masked": "masked and re-encoded",
    "dropped": "dropped by the rate divisor",
    "undecodable": "undecodable: recorded, but no decoder makes a picture of it",
    "missing": "missing: declared by the container, but not there",
    "delivered": "delivered by a VMS: copied or coded anew, it does not say",
}
"""Fates of the frame ledger, in words."""
LOST = ("undecodable", "missing")
"""Fates of frames of which there is no picture."""
CLOCK_NOT_CHECKED = "Clock not checked"
_TIMES = ("PTS", "PTS jump", "clock set back")
"""Witnesses of a loss that speak about times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuitable:
    """A use that the export does not carry, and why."""

    use: str
    why: tuple[str, ...]


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 frame``, ``2,000 frames``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def seconds(us: int, digits: int = 3, *, sign: bool = False) -> str:
    """Microseconds as seconds: ``25.000 s``; with `sign` ``+2.500 s``."""
    return f"{us / SECOND:{'+' if sign else ''},.{digits}f} s"


def us_of(text: str) -> int:
    """A time as records print it (`core.timebase.shown`) as microseconds on its source's time line."""
    if text.startswith("-"):
        return -us_of("+" + text[1:])
    moment = parse_time(text)
    return moment.us if isinstance(moment, Offset) else instant_us(moment)


def completeness(result: Result, source: SourceRecord | None) -> Findings:
    """What the witnesses say about the asked range: ``file times``, ``container``, ``decoder``, and the ``ledger``."""
    used = _used(result, source)
    return Findings((_file_times(result, source, used), _container(result, used), _decoder(result, used), _all(result)))


def complete(found: Findings) -> bool:
    """Whether *complete* may be said: every witness was asked and none objects."""
    return bool(found.all) and all(one.verdict is Verdict.OK for one in found)


def completeness_words(found: Findings) -> str:
    """The one sentence about completeness that may stand in a report."""
    if complete(found):
        return (
            "Complete: in the asked range the files' times and the frames' times leave no gap, the containers declare "
            "no more than they hold, every frame decodes, and every recorded frame was delivered. This speaks about "
            "the files that were handed over, not about what a recorder did before, and not about sound."
        )
    words = [f"{one.check}: {one.verdict.value} ({one.note or one.found})" for one in found if not _ok(one)]
    return f"Completeness is not claimed. {'; '.join(words)}."


def count_gaps(result: Result) -> int:
    """How many gaps a report numbers: those of the range, and runs of frames that no decoder shows or that are lost."""
    return len(result["gaps"]) + sum(run["fate"] in LOST for run in result["entries"])


def fidelity(result: Result) -> tuple[tuple[str, int], ...]:
    """Each fate of the ledger in words, with its number of frames."""
    return tuple((words, int(result["ledger"][fate])) for fate, words in FATES.items() if fate in result["ledger"])


def fidelity_words(result: Result) -> str:
    """What became of the frames, in one sentence."""
    ledger = result["ledger"]
    told = [(ledger.get(fate, 0), words.split(":")[0]) for fate, words in FATES.items()]
    parts = [f"{count(frames, 'frame')} {words}" for frames, words in told if frames]
    noun = "frame that came" if ledger.get("delivered", 0) == sum(frames for frames, _ in told) > 0 else "source frame"
    total = count(sum(frames for frames, _ in told), noun, "frames that came" if noun != "source frame" else "")
    return f"Of {total}: {', '.join(parts) or 'none'}{counted_by(result)}."


def unsuitable(result: Result, source: SourceRecord | None, checks: Sequence[ClockCheck]) -> tuple[Unsuitable, ...]:
    """Uses that the export does not carry, by explicit rules on its record; an empty list promises nothing."""
    reasons: dict[str, list[str]] = {}
    used = _used(result, source)
    rules = (_by_time(result, used), _by_coding(result, used), _by_hiding(result), _by_clock(source, checks))
    for rule in rules:
        for uses, why in rule:
            for use in uses:
                reasons.setdefault(use, []).append(why)
    if not complete(completeness(result, source)):
        reasons.setdefault("conclusions from what is not seen", []).append("completeness is not claimed")
    return tuple(Unsuitable(use=use, why=tuple(dict.fromkeys(why))) for use, why in reasons.items())


def clock_words(checks: Sequence[ClockCheck]) -> str:
    """What is known of a recorder's clock, in one sentence."""
    if not checks:
        return f"{CLOCK_NOT_CHECKED}: nobody compared the recorder's clock with a reference."
    clock = Clock(checks)
    told = f"Clock checked {count(len(checks), 'time')}: add {clock.offset:+.3f} s to the recorder's time"
    if clock.drift is None:
        return f"{told}, ± {max(c.uncertainty for c in checks):g} s at that moment; drift not checked."
    last = clock.corrected(clock.checks[-1].device_us)
    return f"{told} in the middle of the checks, {clock.drift:+.3f} s more each day, ± {_g(last)} s at the last check."


def _g(found: Corrected | None) -> str:
    return f"{found.plus_minus:g}" if found else "?"


def _ok(finding: Finding) -> bool:
    return finding.verdict is Verdict.OK


def _used(result: Result, source: SourceRecord | None) -> tuple[RecordingFacts, ...]:
    """The case's records of the recordings that the export read, where they have the hash that it read."""
    held = {r.file: r for r in source.recordings} if source else {}
    read = {s["file"]: s["sha256"] for s in result["sources"]}
    return tuple(held[file] for file, sha256 in read.items() if file in held and held[file].sha256 == sha256)


def _unknown(result: Result, used: tuple[RecordingFacts, ...]) -> str:
    """Recordings the export read of which the case holds no facts, in words; empty where it knows all."""
    own = originals(result)  # of which `objections` speak
    others = [s["file"] for s in result["sources"] if s["file"] not in {*own, *(r.file for r in used)}]
    return f"the case holds no facts of {', '.join(others)} as it was read" if others else ""


def _losses(used: tuple[RecordingFacts, ...]) -> Iterator[tuple[str, str]]:
    """Each loss of the used recordings: its witness, and the recording with what is said."""
    for recording in used:
        for loss in recording.losses:
            witness = loss.rpartition("(")[2].removesuffix(")") if loss.endswith(")") else ""
            yield witness, f"{recording.file}: {loss}"


def _gaps(result: Result, container: bool) -> list[Mapping[str, Any]]:
    """The result's gaps that the container tells of, or those that times do."""
    return [gap for gap in result["gaps"] if gap["witness"].startswith("container") is container]


def _verdict(result: Result, check: str, expected: str, against: list[str], unsure: list[str]) -> Finding:
    """Failed where anything speaks against it, not checked where anything is unsure, else ok."""
    more, unknown = objections(result, check)
    against, unsure = against + more, unsure + unknown
    verdict = Verdict.FAILED if against else Verdict.NOT_CHECKED if unsure else Verdict.OK
    told = "; ".join(against or unsure)
    found = "as expected" if verdict is Verdict.OK else told if against else ""
    return Finding(check=check, verdict=verdict, expected=expected, found=found, note=told)


def _file_times(result: Result, source: SourceRecord | None, used: tuple[RecordingFacts, ...]) -> Finding:
    gaps = _gaps(result, container=False)
    length = sum(us_of(gap["end"]) - us_of(gap["begin"]) for gap in gaps)
    against = [f"{count(len(gaps), 'gap')}, {seconds(length)} together"] if gaps else []
    against += [told for witness, told in _losses(used) if witness in _TIMES]
    unsure = [unknown] if (unknown := _unknown(result, used)) else []
    if source is not None:
        begin, end = us_of(result["plan"]["begin"]), us_of(result["plan"]["end"])
        claims = [o for o in source.coverage.get("overlaps", ()) if us_of(o["begin"]) < end and us_of(o["end"]) > begin]
        against += [f"{' and '.join(o['files'])} claim the same time" for o in claims]
        placed = {interval["file"] for interval in source.coverage.get("intervals", ())}
        unplaced = [r.file for r in source.recordings if r.file not in placed]
        unsure += [f"nobody can place {', '.join(unplaced)} in time"] if unplaced else []
        if not source.dated and len(result["sources"]) > 1:
            unsure.append("the recordings are undated: whether anything lies between them, nobody says")
    return _verdict(result, "file times", "no gap, no overlap and no irregular interval in the range", against, unsure)


def _container(result: Result, used: tuple[RecordingFacts, ...]) -> Finding:
    missing, gaps = result["ledger"]["missing"], _gaps(result, container=True)
    against = [f"{count(missing, 'frame')} declared but not there"] if missing else []
    against += [f"{count(len(gaps), 'gap')} where a container declares more than it holds"] if gaps else []
    told = [(witness, text) for witness, text in _losses(used) if witness not in (*_TIMES, "decoder")]
    against += [text for witness, text in told if witness != "nobody"]
    unsure = [text for witness, text in told if witness == "nobody"]
    unsure += [f"{r.file} declares neither a count nor a duration" for r in used if not _declares(r)]
    unsure += [unknown] if (unknown := _unknown(result, used)) else []
    return _verdict(
        result, "container", "the containers declare no more than they hold, and are whole", against, unsure
    )


def _declares(recording: RecordingFacts) -> bool:
    """Whether its container says anything that can be compared with what it holds."""
    return any(recording.facts.get(claim) for claim in ("declared_frames", "declared_seconds"))


def _decoder(result: Result, used: tuple[RecordingFacts, ...]) -> Finding:
    ledger = result["ledger"]
    bad = ledger["undecodable"]
    against = [f"{count(bad, 'frame')} undecodable"] if bad else []
    against += [told for witness, told in _losses(used) if witness == "decoder"]
    unsure = [
        f"not every frame of {file['path']} was decoded again"
        for file in result["files"]
        if ledger["copied"] and not any(c.startswith("all ") and c.endswith("decode") for c in file["checks"])
    ]
    unsure += [f"{count(ledger['dropped'], 'dropped frame')} not looked at"] if ledger["dropped"] else []
    return _verdict(result, "decoder", "every frame of the range decodes", against, unsure)


def _all(result: Result) -> Finding:
    ledger = result["ledger"]
    left = [f"{count(ledger[fate], 'frame')} {fate}" for fate in ("dropped", "undecodable", "missing") if ledger[fate]]
    return _verdict(result, "ledger", "every recorded frame of the range was delivered", left, [])


_Reasons = Iterator[tuple[tuple[str, ...], str]]
"""Uses, and why the export does not carry them."""


def _by_time(result: Result, used: tuple[RecordingFacts, ...]) -> _Reasons:
    spec, gaps = result["plan"]["spec"], result["gaps"]
    motion = ("speed", "timing")
    if spec["rate_divisor"] > 1:
        yield motion, f"one frame of {spec['rate_divisor']} was kept"
    if gaps and spec["gaps"] == "collapse":
        yield motion, f"{count(len(gaps), 'gap')} closed up: the time between frames is not the recorded one"
    for field in result["plan"]["fields"]:
        if field["field"] == "gaps" and field["how"] == "approximated":
            yield motion, field["note"]
    for warning in result["warnings"]:
        if "slots" in warning:
            yield motion, warning
    for recording in used:
        if recording.facts.get("times_from") == "nominal rate":
            yield motion, f"{recording.file} has no times of its own: its nominal rate is taken"
    if gaps:
        yield ("what happened in the gaps",), f"{count(len(gaps), 'gap')} in the recording"


def _by_coding(result: Result, used: tuple[RecordingFacts, ...]) -> _Reasons:
    ledger = result["ledger"]
    if anew := ledger["reencoded"] + ledger["masked"]:
        yield ("pixel-level comparison", "fine detail", "colour"), f"{count(anew, 'frame')} re-encoded"
    if ledger.get("delivered"):
        why = f"whether {count(ledger['delivered'], 'frame')} were coded anew, the VMS does not say"
        yield ("pixel-level comparison", "fine detail", "colour"), why
    for recording in used:
        unknown = [key for key in ("color_range", "color_matrix") if recording.facts.get(key, "") is None]
        if unknown:
            what = " and ".join(key.replace("color_", "") for key in unknown)
            yield ("colour",), f"the colour {what} of {recording.file} {'are' if len(unknown) > 1 else 'is'} unknown"
    if any(isinstance(part, dict) and part.get("sound") for part in result["encoder"].values()):
        yield ("analysis of sound",), "the sound was re-encoded"
    if result["plan"]["spec"]["audio"] == "drop":
        yield ("analysis of sound",), "sound was left out on request"


def _by_hiding(result: Result) -> _Reasons:
    spec = result["plan"]["spec"]
    if spec["masks"]:
        masked = "masked by the VMS" if made_by_vms(result) else f"{count(result['ledger']['masked'], 'frame')} masked"
        yield ("what lies under the masks",), masked
    if soft := sorted({mask["style"] for mask in spec["masks"]} - {"fill"}):
        yield ("hiding an identity for certain",), f"{' and '.join(soft)}: obscured, may be recoverable"
    if spec["crop"]:
        yield ("what lies outside the crop",), "the pictures were cropped"
    if any("text is drawn" in entry["reason"] for entry in result["entries"]):
        yield ("what lies under the drawn text",), "text is drawn into the pictures"
    elif made_by_vms(result) and (spec["comment"] or spec["stamp_format"]):
        yield ("what lies under the drawn text",), "whether text is drawn into the pictures, the VMS decides"
    if extra := result["plan"]["frames"]["extra"]:
        yield ("disclosing the asked range alone",), f"{count(extra, 'frame')} outside of it are in the files"
    for file in result["files"]:
        if hidden := file["frames_contained"] - file["frames_shown"]:
            yield (
                ("disclosing only what is shown",),
                f"{file['path']} contains {count(hidden, 'frame')} it does not show",
            )


def _by_clock(source: SourceRecord | None, checks: Sequence[ClockCheck]) -> _Reasons:
    if source is not None and not source.dated:
        yield ("absolute time",), "nobody says when it was recorded"
    if not checks:
        yield ("absolute time",), CLOCK_NOT_CHECKED.lower()
