"""Parts 7 and 10: what became of the frames of each output and what it must not be used for; the files themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.evidence.claims import count, fidelity, fidelity_words, unsuitable
from workbench.evidence.nouns import ExportRecord
from workbench.evidence.remote import FLIGHT, ORIGINAL, SERVER_RECORD, made_by_vms
from workbench.report.material import Material, Result
from workbench.report.model import Block, Facts, Paragraph, Section, Table
from workbench.report.wording import NOT_CHECKED, NOT_STATED, listing, size, stated

ABOUT_FIDELITY = (
    "Bit-identical means that the coded frame in the output is the one in the recording; for H.264 and H.265 its "
    "normalised NAL units are compared (no lengths, delimiters or parameter sets), else the packet. Shown is what a "
    "player shows, contained is what the file holds: both are counted in the finished file."
)
ABOUT_VMS = (
    "a VMS made the files. Nobody here compared their frames with its recordings, which it keeps: what is said of "
    "frames that were copied, coded anew or masked is the word of the server's record, where it gave one."
)
ABOUT_OUTPUTS = (
    "Each output is derived from its source and is an exhibit of its own. The recordings are not part of it: they stay "
    "with whoever holds them."
)
PLAYERS = {
    "mp4": "any player of MP4 with {codec}",
    "mkv": "any player of Matroska with {codec} (VLC, mpv, ffplay)",
    "avi": "any player of AVI with Motion JPEG",
    "jpg": "any viewer of JPEG pictures",
    "pdf": "any viewer of PDF",
}
_ROLES = {
    "captions": "time track beside the pictures (WebVTT)",
    "record": "the export's own record (JSON)",
    ORIGINAL: "the original: the master as the VMS delivered it",
    SERVER_RECORD: "the server's own record (JSON)",
    FLIGHT: "flight record: every call to the VMS",
}


def fidelities(material: Material) -> Section:
    """Part 7."""
    blocks: list[Block] = [Paragraph(text=ABOUT_FIDELITY)]
    for export in material.state.exports:
        blocks += _fidelity(material, export)
    if not material.state.exports:
        blocks.append(Paragraph(text="Nothing was exported."))
    return Section(number=7, title="Fidelity", blocks=tuple(blocks))


def _fidelity(material: Material, export: ExportRecord) -> Iterator[Block]:
    result, source = material.results[export.id], material.state.source(export.source)
    yield Facts(
        title=f"{stated(export.exhibit)} ({export.id})",
        rows=tuple((words.capitalize(), count(number, "frame")) for words, number in fidelity(result)),
    )
    yield Paragraph(text=fidelity_words(result))
    if made_by_vms(result):
        yield Paragraph(text=f"{export.id}: {ABOUT_VMS}")
    for file in result["files"]:
        yield Paragraph(text=_shown(file))
    yield from _runs(result, export)
    found = unsuitable(result, source, material.state.checks_of(export.source))
    if not found:
        yield Paragraph(
            text=f"{export.id}: no rule of this program says that it is unsuitable for a use; that promises nothing."
        )
        return
    rows = tuple((one.use, "; ".join(one.why)) for one in found)
    yield Table(title=f"{export.id} is unsuitable for", head=("Use", "Because"), rows=rows, widths=(0.35, 0.65))


def _shown(file: Mapping[str, Any]) -> str:
    shown, held = file["frames_shown"], file["frames_contained"]
    checks = "; ".join(file["checks"]) or NOT_CHECKED
    counted = f"{file['path']}: {count(shown, 'frame')} shown, {count(held, 'frame')} contained"
    return f"{counted}. Verified in the finished file: {checks}."


def _runs(result: Result, export: ExportRecord) -> Iterator[Block]:
    rows = [
        (
            e["file"],
            e["fate"],
            f"{e['frames']:,}",
            f"{e['first']}\n{e['last']}",
            NOT_STATED if e["first_pts"] is None else f"{e['first_pts']}\n{e['last_pts']}",
            "; ".join(filter(None, (e["reason"], e["proof"] and f"proven: {e['proof']}"))),
        )
        for e in result["entries"]
    ]
    head = ("Recording", "Fate", "Frames", "First and last frame", "Their PTS", "Why, and how proven")
    where = f"the record of {export.id}"
    yield from listing(
        head, rows, where=where, title=f"Frame ledger of {export.id}", widths=(0.18, 0.11, 0.09, 0.28, 0.1, 0.24)
    )


def outputs(material: Material) -> Section:
    """Part 10."""
    blocks: list[Block] = [Paragraph(text=ABOUT_OUTPUTS)]
    for export in material.state.exports:
        blocks += _files(material, export)
    if not material.state.exports:
        blocks.append(Paragraph(text="No output."))
    return Section(number=10, title="Outputs", blocks=tuple(blocks))


def _files(material: Material, export: ExportRecord) -> Iterator[Block]:
    result = material.results[export.id]
    spec = result["plan"]["spec"]
    videos = [f["path"] for f in result["files"] if f["kind"] != ORIGINAL]
    volume = {name: f"volume {n} of {len(videos)}" for n, name in enumerate(videos, 1)}
    rows = []
    for file in (*export.files, export.record):
        name = file.path.rpartition("/")[2]
        role = volume.get(name) or _ROLES.get(file.kind, stated(file.kind))
        rows.append((file.path, role, size(file.size), file.sha256))
    yield Table(
        title=f"{stated(export.exhibit)} ({export.id}), derived from {material.source_name(export.source)}",
        head=("File", "What", "Size", "SHA-256"),
        rows=tuple(rows),
        widths=(0.32, 0.17, 0.14, 0.37),
        code=(3,),
    )
    codec = ", ".join(result["plan"]["codecs"]) or "its coding, of which the plan does not tell"
    yield Facts(rows=(("Player needed", PLAYERS.get(spec["format"], NOT_STATED).format(codec=codec)), *_sound(result)))
    yield from material.said_on(export.id)


def _sound(result: Result) -> Iterator[tuple[str, str]]:
    lengths = [f["audio_seconds"] for f in result["files"] if f["audio_seconds"] is not None]
    yield "Sound", f"{sum(lengths):.3f} s; {result['plan']['audio']}" if lengths else stated(result["plan"]["audio"])
