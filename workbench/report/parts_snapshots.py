"""Part 9: the snapshots and their annotated copies, each with every fact, its captions and its comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.timebase import shown
from workbench.evidence.nouns import AnnotationRecord, SnapshotRecord
from workbench.report.material import Material
from workbench.report.model import Block, Outline, Paragraph, Picture, Section
from workbench.report.parts_coverage import gap_names
from workbench.report.wording import NOT_STATED, UNKNOWN, corrected, local, stated

COUNTING = (
    "A frame is named by its recording (SHA-256), stream, PTS and time base. The display frame number counts from 0 at "
    "the first picture that the recording shows, in the order of display; programs count differently, the PTS is the "
    "frame's own. Every picture is stored losslessly; an annotated copy is a picture of its own, its snapshot is "
    "untouched."
)


def snapshots(material: Material) -> Section:
    """Part 9."""
    blocks: list[Block] = [Paragraph(text=COUNTING)]
    copies: dict[str, list[AnnotationRecord]] = {}
    for made in material.state.annotations:
        copies.setdefault(made.snapshot, []).append(made)
    for taken in material.state.ordered():
        if not taken.context:
            blocks.append(picture_of(material, taken))
        blocks += (_copy_of(material, made, taken) for made in copies.get(taken.id, ()))
    if not material.state.snapshots:
        blocks.append(Paragraph(text="No snapshot was taken."))
    blocks += _other_comments(material)
    return Section(number=9, title="Snapshots and comments", blocks=tuple(blocks))


def picture_of(material: Material, taken: SnapshotRecord, outlines: tuple[Outline, ...] = ()) -> Picture:
    """A snapshot, or a context picture with outlines on it, with every fact."""
    return Picture(
        id=taken.id,
        kind="context" if taken.context else "snapshot",
        path=taken.picture.path,
        sha256=taken.picture.sha256,
        rgb_sha256=taken.rgb_sha256,
        width=taken.width,
        height=taken.height,
        aspect=_aspect(material, taken),
        caption=taken.caption,
        facts=tuple(_facts(material, taken)),
        comments=(*_earlier_captions(material, taken), *material.said_on(taken.id)),
        outlines=outlines,
    )


def _aspect(material: Material, taken: SnapshotRecord) -> str:
    frame = material.frame(taken.source, taken.file)
    return "1" if frame is None else str(frame[2])


def _facts(material: Material, taken: SnapshotRecord) -> Iterator[tuple[str, str]]:
    yield "Exhibit", stated(taken.exhibit)
    yield "Source", material.source_name(taken.source)
    yield "Recording", taken.file
    yield "SHA-256 of the recording", taken.file_sha256
    yield "Stream, PTS, time base", f"stream {taken.stream}, PTS {taken.pts}, time base {taken.time_base} s"
    yield "Display frame number", f"{taken.rank:,} (counted from 0)"
    yield "Picture type", taken.picture_type if taken.picture_type != "?" else UNKNOWN
    yield from _times(material, taken)
    yield (
        "SHA-256 of the decoded frame",
        f"{taken.frame_sha256}\npixel format {taken.pixel_format}, before anything was done to it",
    )
    yield "Done to it, in order", "\n".join(f"{n}. {step}" for n, step in enumerate(taken.transforms, 1)) or "nothing"
    yield from _hidden(taken)
    yield "Picture", f"{taken.picture.path}, {taken.width} × {taken.height} pixels"
    yield "SHA-256 of the picture", taken.picture.sha256
    yield "SHA-256 of its pixels", f"{taken.rgb_sha256}\nRGB, 8 bits, rows from the top"
    yield "Taken by", material.by("snapshot-taken", taken.id)


def _times(material: Material, taken: SnapshotRecord) -> Iterator[tuple[str, str]]:
    """Device and corrected time; the correction is by the checks on record now, and by those when it was taken."""
    source = material.state.source(taken.source)
    yield "Device time", local(taken.device_us, source.zone if source else "UTC", taken.dated)
    clock = material.clocks.get(taken.source)
    found = clock.corrected(taken.device_us) if clock is not None and taken.dated else None
    yield "Corrected UTC", corrected(found)
    if found is not None:
        yield "Corrected by", found.basis
    if (taken.corrected_us, taken.plus_minus) != (found and found.us, found and found.plus_minus):
        then = (
            NOT_STATED if taken.corrected_us is None else f"{shown(taken.corrected_us, True)} ± {taken.plus_minus:g} s"
        )
        yield "Corrected UTC when it was taken", "not checked" if taken.corrected_us is None else then
    yield "Time on the archive's line", shown(taken.instant_us, taken.dated)


def _hidden(taken: SnapshotRecord) -> Iterator[tuple[str, str]]:
    """Masks and crop: of which export, painted or why not; and whether that export shows the frame."""
    if not taken.export:
        yield "Masks and crop", "it belongs to no export, none were applied"
        return
    if taken.shown_by_export is False:
        yield "Export", f"{taken.export} does not show this frame"
    if taken.unmasked:
        yield "Masks and crop", f"those of {taken.export} were NOT applied. Recorded reason: {taken.unmasked}"
        return
    painted = (
        f"{len(taken.masks)} of {taken.export} in force at this frame"
        if taken.masks
        else f"none of {taken.export} in force at this frame"
    )
    yield "Masks painted", painted
    whole = (
        f"not applied, so that it shows what was cut off from {taken.export}"
        if taken.context
        else "none: the whole picture"
    )
    yield "Crop", whole if taken.crop is None else ", ".join(f"{x:.6g}, {y:.6g}" for x, y in taken.crop)


def _earlier_captions(material: Material, taken: SnapshotRecord) -> Iterator[Paragraph]:
    """Captions that were replaced, struck, with who wrote them."""
    for entry, text in material.captions.get(taken.id, ())[:-1]:
        yield Paragraph(text=f"Earlier caption, {entry.who}, {entry.at}, superseded:", style="small")
        yield Paragraph(text=text or "(none)", style="struck")


def _copy_of(material: Material, made: AnnotationRecord, taken: SnapshotRecord) -> Picture:
    """An annotated copy."""
    rows = (
        ("Copy of", f"{taken.id}, exhibit {stated(taken.exhibit)}"),
        ("Marks", "\n".join(f"{n}. {_mark(mark)}" for n, mark in enumerate(made.marks, 1)) or "none"),
        ("Picture", f"{made.picture.path}, {taken.width} × {taken.height} pixels"),
        ("SHA-256 of the picture", made.picture.sha256),
        ("SHA-256 of the snapshot", taken.picture.sha256),
        ("Made by", material.by("annotation-made", made.id)),
    )
    return Picture(
        id=made.id,
        kind="annotation",
        path=made.picture.path,
        sha256=made.picture.sha256,
        rgb_sha256=made.rgb_sha256,
        width=taken.width,
        height=taken.height,
        aspect=_aspect(material, taken),
        caption=f"Annotated copy of {taken.id}: {taken.caption}" if taken.caption else f"Annotated copy of {taken.id}",
        facts=rows,
        comments=material.said_on(made.id),
    )


def _mark(mark: Mapping[str, Any]) -> str:
    color = mark.get("color", NOT_STATED)
    if mark["kind"] == "text":
        return f"text «{mark['text']}» at {_point(mark['at'])}, {color}"
    return f"{mark['kind']} from {_point(mark['from'])} to {_point(mark['to'])}, {color}"


def _point(point: Any) -> str:
    x, y = point
    return f"({x:.4g}, {y:.4g})"


def _other_comments(material: Material) -> Iterator[Block]:
    """Comments on the case, and on things that no other part prints."""
    state = material.state
    shown_on = (state.sources, state.clock_checks, state.exports, state.snapshots, state.annotations)
    printed = {record.id for group in shown_on for record in group}
    printed |= gap_names(material)
    for name in material.comments:
        if name not in printed:
            yield Paragraph(text=f"Comments on {name}" if name else "Comments on the case")
            yield from material.said_on(name)
