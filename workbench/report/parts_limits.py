"""Part 11: limitations, gathered from the facts: what was not checked, what speaks against the material, deviations."""

from __future__ import annotations

from collections.abc import Iterator

from workbench import __version__
from workbench.evidence.claims import CLOCK_NOT_CHECKED, completeness, count
from workbench.evidence.findings import Verdict
from workbench.evidence.nouns import SourceRecord
from workbench.evidence.remote import lies_on_vms, limits
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Paragraph, Section
from workbench.report.wording import NOT_CHECKED, listing, stated

ALWAYS = (
    "A digest says that a file is unchanged since it was taken. What a recorder, a network or a person did to a "
    "recording before it was hashed is not checked.",
    "Coverage speaks about the files that were handed over. What was never recorded, or recorded and not handed over, "
    "they do not tell.",
    "A re-encoded frame is a new picture: what is measured on it is measured on the encoder's work as well.",
    "That a mask covers the right thing in every frame is for a person to see; the program proves where it is, not "
    "what is below.",
    "Lens geometry, exposure, and what the camera itself did to the picture are unknown unless a part of this report "
    "says otherwise. That recorded sound is complete is not checked.",
)
KNOWN_ISSUES = f"Known issues: README.md of forensic-workbench {__version__}, section Limits."


def limitations(material: Material) -> Section:
    """Part 11."""
    rows = [row for source in material.state.sources for row in _of_source(material, source)]
    rows += _of_exports(material)
    rows += _of_case(material)
    blocks: list[Block] = [
        Facts(rows=(("Deviations from procedure", stated(material.state.identity.deviations)),)),
        *listing(("About", "What", "Why"), rows, where="parts 3 to 9", widths=(0.22, 0.28, 0.5), most=1_000),
        *(Paragraph(text=text) for text in (*ALWAYS, KNOWN_ISSUES)),
    ]
    return Section(number=11, title="Limitations and deviations", blocks=tuple(blocks))


def _of_source(material: Material, source: SourceRecord) -> Iterator[tuple[str, str, str]]:
    name, clock = material.source_name(source.id), material.clocks[source.id]
    if clock.offset is None:
        yield name, CLOCK_NOT_CHECKED, "no comparison of the recorder's clock with a reference is on record"
    elif clock.drift is None:
        yield name, f"drift of the clock: {NOT_CHECKED}", "that takes two checks apart in time"
    if lies_on_vms(source):
        yield name, f"recordings: {NOT_CHECKED}", f"they lie on {source.archive}; none of them was hashed"
    if not source.dated:
        yield name, "undated", "nobody says when it was recorded: times count from the first frame"
    elif source.zone_assumed:
        yield name, "zone assumed", f"nobody named the zone of its times: {source.zone} was taken"
    yield name, f"signature of the camera: {NOT_CHECKED}", "this version reads none"
    yield from ((name, "damaged or missing", f"{r.file}: {loss}") for r in source.recordings for loss in r.losses)
    yield from (
        (name, "overlap", f"{' and '.join(o['files'])} claim the same time")
        for o in source.coverage.get("overlaps", ())
    )


def _of_exports(material: Material) -> Iterator[tuple[str, str, str]]:
    for export in material.state.exports:
        result = material.results[export.id]
        for one in completeness(result, material.state.source(export.source)):
            if one.verdict is not Verdict.OK:
                yield export.id, f"completeness, {one.check}: {one.verdict.value}", one.note or one.found
        yield from ((export.id, "warning", warning) for warning in result["warnings"])
        unhashed = [source["file"] for source in result["sources"] if source["sha256"] is None]
        yield from ((export.id, f"digest of a recording: {NOT_CHECKED}", file) for file in unhashed)
        yield from ((export.id, what, why) for what, why in limits(result))
        if not export.plan:
            yield export.id, "made outside of the case", "what was asked was put on record after it was done"


def _of_case(material: Material) -> Iterator[tuple[str, str, str]]:
    state = material.state
    if not state.identity.reviewer:
        yield "the examination", f"second review: {NOT_CHECKED}", "no reviewer is named"
    failed = sum(1 for entry in material.entries if entry.what == "export-failed")
    if failed:
        yield "the examination", count(failed, "failed export"), "they are in part 6"
    for taken in state.snapshots:
        if taken.unmasked:
            yield taken.id, f"shows what {taken.export} hides", f"recorded reason: {taken.unmasked}"
    if state.unknown:
        told = "this version cannot read them: they are in part 12 and count for nothing else"
        yield "the custody log", count(state.unknown, "entry", "entries") + " not understood", told
