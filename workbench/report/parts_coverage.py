"""Part 5: what was asked, recorded and delivered; every gap with who says so; the claim of completeness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from workbench.core.timebase import shown
from workbench.evidence.claims import (
    LOST,
    complete,
    completeness,
    completeness_words,
    count,
    count_gaps,
    seconds,
    us_of,
)
from workbench.evidence.nouns import ExportRecord, SourceRecord
from workbench.evidence.remote import INTERVALS, ORIGINAL, lies_on_vms
from workbench.report.material import Material, Result
from workbench.report.model import Block, Facts, Lane, Mark, Notice, Paragraph, Section, Span, Timeline
from workbench.report.wording import listing

CAUSES = {
    "file times": "not recorded",
    "PTS jump": "unknown",
    "container": "damaged",
    "decoder": "undecodable",
    INTERVALS: "not recorded",
}
"""Witness of a gap → its cause."""
ABOUT_GAPS = (
    "Not recorded means: none of the files that were handed over holds this time. Whether a recording existed and was "
    "not handed over, they cannot say."
)
ABOUT_VMS = (
    "Of a VMS, coverage is its own list of intervals: not recorded then means that it lists no recording. Whether it "
    "had one once and deleted it, or does not show it to who asked, it does not say."
)
FINEST = 1_000
"""Parts of a timeline's length below which a hole inside one lane is not drawn; gaps are always drawn."""
_KINDS = {
    **{fate: fate for fate in ("copied", "reencoded", "masked", "delivered")},
    **dict.fromkeys(("undecodable", "missing"), "lost"),
}
"""Fate of a run → how its stretch is drawn."""


class Hole(NamedTuple):
    """A stretch without pictures."""

    begin: int
    end: int
    cause: str
    witness: str


def coverage(material: Material) -> Section:
    """Part 5."""
    blocks: list[Block] = [Paragraph(text=ABOUT_GAPS)]
    if any(map(lies_on_vms, material.state.sources)):
        blocks.append(Paragraph(text=ABOUT_VMS))
    for source in material.state.sources:
        blocks += _recorded(material, source)
    for export in material.state.exports:
        blocks += _export(material, export)
    if not material.state.exports:
        blocks.append(Paragraph(text="Nothing was exported, so nothing is said of what was delivered."))
    return Section(number=5, title="Coverage", blocks=tuple(blocks))


def gap_names(material: Material) -> set[str]:
    """The names by which comments may speak of gaps: ``E1-G1`` of an export, ``hall-G1`` of a source, …"""
    counts = {export.id: count_gaps(material.results[export.id]) for export in material.state.exports}
    counts |= {source.id: len(source.coverage.get("gaps", ())) for source in material.state.sources}
    return {name for of, number in counts.items() for name in _names(of, number)}


def _names(of: str, number: int) -> list[str]:
    return [f"{of}-G{n}" for n in range(1, number + 1)]


def _recorded(material: Material, source: SourceRecord) -> Iterator[Block]:
    """All that one source holds, as it joined the case."""
    told, name = source.coverage, material.source_name(source.id)
    by = INTERVALS if lies_on_vms(source) else ""
    rows = [(i["begin"], i["end"], _length(i), by or i["file"]) for i in told.get("intervals", ())]
    title = f"Recorded of {name}, when it joined the case"
    where = "the custody log"
    yield from listing(
        ("Begin", "End", "Length", "Who says so" if by else "File"),
        rows,
        where=where,
        title=title,
        widths=(0.28, 0.28, 0.12, 0.32),
    )
    gaps = [_hole(gap) for gap in told.get("gaps", ())]
    yield from _gap_table(gaps, source.dated, f"Gaps of {name}", source.id)
    yield from material.said_on(*_names(source.id, len(gaps)))
    overlaps = [(o["begin"], o["end"], _length(o), " and ".join(o["files"])) for o in told.get("overlaps", ())]
    if overlaps:
        head = ("Begin", "End", "Length", "Files that both claim it; the earlier was used")
        yield from listing(head, overlaps, where=where, title=f"Overlaps of {name}", widths=(0.28, 0.28, 0.12, 0.32))
    yield from (Paragraph(text=f"{name}: {note}", style="small") for note in told.get("notes", ()))


def _export(material: Material, export: ExportRecord) -> Iterator[Block]:
    result, source = material.results[export.id], material.state.source(export.source)
    plan = result["plan"]
    dated = not plan["begin"].startswith(("+", "-"))
    holes = list(_holes(result))
    yield Facts(title=f"{export.exhibit or export.id} ({export.id})", rows=tuple(_rows(material, export)))
    if us_of(plan["end"]) > us_of(plan["begin"]):
        yield _timeline(material, export, source, dated)
    yield from _gap_table(holes, dated, f"Gaps of {export.id}", export.id)
    found = completeness(result, source)
    rows = [(one.check, one.verdict.value, one.expected, one.note or one.found) for one in found]
    head, widths = ("Witness", "Verdict", "Expected", "Found"), (0.14, 0.14, 0.36, 0.36)
    yield from listing(head, rows, where="", title=f"Completeness of {export.id}", widths=widths)
    words = completeness_words(found)
    yield Paragraph(text=words) if complete(found) else Notice(text=words, large=False)
    yield from material.said_on(*_names(export.id, len(holes)))


def _rows(material: Material, export: ExportRecord) -> Iterator[tuple[str, str]]:
    result = material.results[export.id]
    plan, files = result["plan"], [f for f in result["files"] if f["first"] is not None]
    length = us_of(plan["end"]) - us_of(plan["begin"])
    missing = sum(us_of(gap["end"]) - us_of(gap["begin"]) for gap in result["gaps"])
    yield "Source", material.source_name(export.source)
    if length:
        yield "Asked", f"{plan['begin']} to {plan['end']} (excluded), {seconds(length)}"
        gaps = f"{count(len(result['gaps']), 'gap')}, {seconds(missing)} together"
        yield "Recorded", f"{seconds(max(0, length - missing))} of {seconds(length)}; {gaps}"
    else:
        yield "Asked", f"one frame, that shown at {plan['begin']}"
    for file in files:
        what = "Original that the VMS delivered," if file["kind"] == ORIGINAL else "Delivered in"
        yield f"{what} {file['path']}", f"{file['first']} to {file['last']} (times of the first and last frame)"


def _holes(result: Result) -> Iterator[Hole]:
    """The gaps of a result, and the runs of its ledger that hold no picture, in time order."""
    lost = [entry for entry in result["entries"] if entry["fate"] in LOST]
    runs = [
        Hole(
            us_of(entry["first"]),
            us_of(entry["last"]),
            f"{'undecodable' if entry['fate'] == 'undecodable' else 'damaged'}: {count(entry['frames'], 'frame')}",
            "decoder" if entry["fate"] == "undecodable" else "container",
        )
        for entry in lost
    ]
    yield from sorted([*map(_hole, result["gaps"]), *runs])


def _hole(gap: Mapping[str, Any]) -> Hole:
    witness = gap["witness"]
    cause = "unknown" if ";" in witness else CAUSES.get(witness, "unknown")
    return Hole(us_of(gap["begin"]), us_of(gap["end"]), cause, witness)


def _gap_table(holes: list[Hole], dated: bool, title: str, of: str) -> Iterator[Block]:
    if not holes:
        yield Paragraph(text=f"{title}: none told of.")
        return
    rows = [
        (
            name,
            shown(hole.begin, dated),
            shown(hole.end, dated),
            seconds(hole.end - hole.begin),
            hole.cause,
            hole.witness,
        )
        for name, hole in zip(_names(of, len(holes)), holes, strict=True)
    ]
    head, widths = ("Gap", "Begin", "End", "Length", "Cause", "Who says so"), (0.11, 0.28, 0.28, 0.1, 0.11, 0.12)
    yield from listing(head, rows, where="the export's record", title=title, widths=widths, most=500)


def _length(part: Mapping[str, Any]) -> str:
    return seconds(us_of(part["end"]) - us_of(part["begin"]))


def _timeline(material: Material, export: ExportRecord, source: SourceRecord | None, dated: bool) -> Timeline:
    """Asked, recorded and delivered of one export, to scale."""
    result = material.results[export.id]
    asked = Span(begin_us=us_of(result["plan"]["begin"]), end_us=us_of(result["plan"]["end"]), kind="asked")
    delivered = list(_delivered(result, (asked.end_us - asked.begin_us) // FINEST))
    begin = min([asked.begin_us, *(s.begin_us for s in delivered)])
    end = max([asked.end_us, *(s.end_us for s in delivered)])
    gaps = [Span(begin_us=h.begin, end_us=h.end, kind="gap", label=h.cause) for h in map(_hole, result["gaps"])]
    lanes = [
        Lane(label="asked", spans=(asked,)),
        Lane(label="recorded", spans=(*_intervals(source, begin, end), *gaps)),
        Lane(label="delivered", spans=(*delivered, *gaps)),
    ]
    marks = [
        Mark(at_us=p.instant_us, label=p.id)
        for p in material.state.snapshots
        if p.source == export.source and begin <= p.instant_us <= end
    ]
    if marks:
        lanes.append(Lane(label="snapshots", marks=tuple(marks)))
    title = f"{export.id}: asked, recorded and delivered"
    zone = source.zone if source else "UTC"
    return Timeline(title=title, begin_us=begin, end_us=end, dated=dated, zone=zone, lanes=tuple(lanes))


def _intervals(source: SourceRecord | None, begin: int, end: int) -> Iterator[Span]:
    """What the source holds of a stretch."""
    for interval in source.coverage.get("intervals", ()) if source else ():
        low, high = max(begin, us_of(interval["begin"])), min(end, us_of(interval["end"]))
        if low < high:
            yield Span(begin_us=low, end_us=high, kind="recorded", label=interval["file"])


def _delivered(result: Result, finest: int) -> Iterator[Span]:
    """Runs of one fate, joined over what the divisor dropped and over holes too fine to be drawn."""
    entries = sorted(result["entries"], key=lambda entry: us_of(entry["first"]))
    usual = _interval(entries)
    begin = end = 0
    kind = ""
    for entry in entries:
        first, last = us_of(entry["first"]), us_of(entry["last"]) + usual
        fate = _KINDS.get(entry["fate"], kind)
        if fate == kind and first - end <= max(finest, usual):
            end = max(end, last)
            continue
        if kind:
            yield Span(begin_us=begin, end_us=min(end, first), kind=kind)  # type: ignore[arg-type]
        begin, end, kind = first, last, fate
    if kind:
        yield Span(begin_us=begin, end_us=end, kind=kind)  # type: ignore[arg-type]


def _interval(entries: list[Mapping[str, Any]]) -> int:
    """The usual time from one frame to the next; an entry tells only when its last frame begins."""
    inside = [(us_of(e["last"]) - us_of(e["first"])) // (e["frames"] - 1) for e in entries if e["frames"] > 1]
    between = [us_of(b["first"]) - us_of(a["last"]) for a, b in pairwise(entries) if a["file"] == b["file"]]
    return max(1, int(median(inside or between or [1])))
