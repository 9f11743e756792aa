"""Part 3: each source with every recording, its hashes, what its headers claim and what was counted in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.core.timebase import shown
from workbench.evidence.nouns import SourceRecord
from workbench.evidence.remote import NOT_HASHED, lies_on_vms
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Notice, Paragraph, Section, Table
from workbench.report.wording import NOT_CHECKED, UNKNOWN, known, size, stated

HASHED = (
    "Each recording was hashed when its source was added to this case, at the time and on the platform that are "
    "stated. The hash says that a file is unchanged since then. It says nothing about what happened to it before."
)
ON_VMS = (
    "NOTHING OF THIS SOURCE WAS HASHED. Its recordings lie on a VMS, which delivers exports of them. What is said here "
    "is what the VMS says of the camera; what its recordings are, and whether they changed, is not checked."
)
NO_SERVER = "none: recordings in a folder"
LABELS = {
    "container": "Container",
    "container_brand": "Brand of the container",
    "written_by": "Written by",
    "created": "Created, as the container says",
    "dated_by": "Dated by",
    "stream": "Stream",
    "codec": "Coding",
    "codec_tag": "Code of the coding in the container",
    "profile": "Profile",
    "level": "Level",
    "parameter_sets": "Parameter sets",
    "width": "Width of the coded picture",
    "height": "Height of the coded picture",
    "sample_aspect": "Sample aspect ratio (SAR)",
    "display_aspect": "Display aspect ratio (DAR)",
    "rotation": "Turned for display, degrees counter-clockwise",
    "pixel_format": "Pixel format",
    "field_order": "Field order",
    "color_range": "Colour range",
    "color_matrix": "Colour matrix",
    "color_primaries": "Colour primaries",
    "color_transfer": "Colour transfer",
    "frames": "Frames counted",
    "frames_hidden": "Frames hidden by the container, counted",
    "packets": "Packets counted",
    "packets_without_picture": "Packets without a picture, counted",
    "packets_marked_damaged": "Packets marked damaged, counted",
    "declared_frames": "Frames declared by the container",
    "key_frames": "Key frames",
    "longest_gop": "Longest group of pictures, packets",
    "b_frames": "B frames",
    "decoded": "Decoded to learn this",
    "times_from": "Times of the frames come from",
    "time_base": "Time base, s",
    "nominal_rate": "Nominal rate, frames a second",
    "measured_rate": "Measured rate, frames a second",
    "duration_seconds": "Duration measured, s",
    "declared_seconds": "Duration declared by the container, s",
    "usual_interval_seconds": "Usual interval between frames, s",
    "shortest_interval_seconds": "Shortest interval, s",
    "longest_interval_seconds": "Longest interval, s",
    "intervals_out_of_pattern": "Intervals out of pattern",
    "video_bit_rate": "Bit rate of the video, bit/s",
    "edit_list": "Edit list",
    "audio": "Sound",
}
"""Facts as the worker's verb ``describe`` names them, in the order of printing; others follow as they are."""
_PLACES = {key: place for place, key in enumerate(LABELS)}


def sources(material: Material) -> Section:
    """Part 3."""
    hashed = not material.state.sources or not all(map(lies_on_vms, material.state.sources))
    blocks: list[Block] = [Paragraph(text=HASHED)] if hashed else []
    for source in material.state.sources:
        blocks += _source(material, source)
    if not material.state.sources:
        blocks.append(Paragraph(text="No source has joined the case."))
    return Section(number=3, title="Sources", blocks=tuple(blocks))


def _source(material: Material, source: SourceRecord) -> Iterator[Block]:
    yield Facts(
        title=f"{stated(source.exhibit)}: {material.source_name(source.id)}", rows=tuple(_facts(material, source))
    )
    if lies_on_vms(source):
        yield Notice(text=ON_VMS, large=False)
    if lies_on_vms(source) and not source.recordings:
        yield from material.said_on(source.id)
        return
    yield Table(
        title="Recordings",
        head=("File", "Size", "Digests"),
        rows=tuple((r.file, size(r.size), f"SHA-256 {r.sha256}\nSHA-512 {r.sha512}") for r in source.recordings),
        widths=(0.3, 0.15, 0.55),
        code=(2,),
    )
    yield from _described(source)
    yield from material.said_on(source.id)


def _facts(material: Material, source: SourceRecord) -> Iterator[tuple[str, str]]:
    config = source.config
    yield "Camera (id in the archive)", source.id
    yield "Name", stated(source.name)
    vms = lies_on_vms(source)
    yield "Archive", f"VMS at {source.archive}" if vms else stated(source.archive)
    yield "Server, MAC address, line", f"{source.archive}; the rest: {NOT_CHECKED}" if vms else NO_SERVER
    yield "First frame", UNKNOWN if source.first_us is None else shown(source.first_us, source.dated)
    yield "Last frame", UNKNOWN if source.last_us is None else shown(source.last_us, source.dated)
    yield (
        "Dated by",
        source.dated_by if source.dated else f"nobody ({source.dated_by}): times count from the first frame",
    )
    yield "archive.toml in force", f"{config.path}, SHA-256 {config.sha256}" if config else "none"
    if vms:
        yield "Hashed", f"nothing: {NOT_HASHED}; the VMS was asked {stated(source.hashed_at)} (UTC)"
    else:
        yield "Hashed", f"{stated(source.hashed_at)} (UTC) on {stated(source.hashed_where)}"
    yield "Added by", material.by("source-added", source.id)
    yield "Camera signature", NOT_CHECKED
    yield "Notes", "\n".join(source.notes) or "none"


def _described(source: SourceRecord) -> Iterator[Block]:
    """What is the same in all recordings once, then what differs, recording by recording."""
    all_facts = [r.facts for r in source.recordings]
    same = _same(all_facts)
    if same:
        title = f"Coding, the same in {'both' if len(all_facts) == 2 else f'all {len(all_facts)}'} recordings"
        if len(all_facts) == 1:
            title = f"Coding of {source.recordings[0].file}"
        yield Facts(title=title, rows=tuple(_told(same)))
    for recording in source.recordings:
        rows = [*_told({key: value for key, value in recording.facts.items() if key not in same})]
        rows.append(("Damaged or missing, by its own witnesses", "\n".join(recording.losses) or "nothing found"))
        yield Facts(title=recording.file, rows=tuple(rows))


def _same(all_facts: list[dict[str, Any]]) -> dict[str, Any]:
    if not all_facts:
        return {}
    first, *others = all_facts
    return {key: value for key, value in first.items() if all(key in o and o[key] == value for o in others)}


def _told(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(facts, key=lambda key: (_PLACES.get(key, len(_PLACES)), key)):
        yield LABELS.get(key, key.replace("_", " ").capitalize()), known(facts[key])
