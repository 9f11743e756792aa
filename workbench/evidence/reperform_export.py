"""One export's claims: its record, the log and its files against each other, then all of it against the recordings.

What can be told without pictures is told here; the rest is the worker's verb ``prove``. Where the whole source is
there, its time line is laid anew and every instant is checked; where something of it lacks, the record's own instants
stand, the pictures are proven all the same, and the findings say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.archives.local import LocalArchive
from workbench.archives.mask_times import key_frames, masks_on
from workbench.archives.timeline import TimeLine, place, resolve
from workbench.core.coverage import gap_json
from workbench.core.errors import SourceError, WorkbenchError
from workbench.core.spec import Mask
from workbench.core.timebase import Moment, Offset, Range, instant_us, shown
from workbench.evidence.filing import inside
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.hashing import sha256
from workbench.evidence.nouns import ExportRecord, PlanRecord, SourceRecord
from workbench.evidence.remote import remote_of
from workbench.evidence.reperform_entry import agreeing, failed, planned
from workbench.evidence.reperform_record import Told, read
from workbench.evidence.reperform_sources import View, is_partly_laid, witnessed
from workbench.media.worker import Worker

CHECKS = ("ledger", "masks")
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An export whose record was read, for what follows: making it again."""

    export: ExportRecord
    told: Told
    paths: dict[str, Path]
    """Its files by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What exports are proven on."""

    data: Path
    worker: Worker
    scratch: Path
    archives: Callable[[View], LocalArchive]
    """The archive over a complete view."""
    tell: Tell


def opened(
    ground: Ground, export: ExportRecord, plans: Mapping[str, PlanRecord], tool: str
) -> tuple[Proven | None, list[Finding]]:
    """The export's record and files, and what is wrong with them before any picture is looked at.

    `tool` is the version of this program that the export's entry names; empty where nobody says.
    """
    try:
        told = read(inside(ground.data, export.record.path))
    except SourceError as exc:
        return None, [failed(export, "", "a record of an export", exc.message)]
    named = {Path(file.path).name: file for file in export.files}
    findings, paths = [*planned(export, told, plans), *agreeing(export, told, tool)], {}
    for file in (*told.outputs, *told.beside):
        record = named.pop(file["name"], None)
        try:
            if record is None or (record.sha256, record.size) != (file["sha256"], file["size"]):
                raise SourceError("another file, by name, size or SHA-256")
            path = inside(ground.data, record.path)
            if sha256(path) != (record.sha256, record.size):
                raise SourceError("a file with other content")
            paths[file["name"]] = path
        except SourceError as exc:
            findings.append(failed(export, file["name"], "the file that log and record speak of", exc.message))
    findings += [failed(export, name, "nothing the record does not tell of", "a further file") for name in named]
    if not told.outputs and remote_of(told.data) is None:
        findings.append(failed(export, "", "a file with pictures", "none"))
    return Proven(export=export, told=told, paths=paths), findings


def prove(ground: Ground, proven: Proven, view: View | None) -> Iterator[Finding]:
    """Hold the export's claims against its recordings; what cannot be is *not checked*."""
    export, told = proven.export, proven.told
    if view is None:
        yield from _unchecked(export, f"no source {export.source} is on record")
        return
    faults = list(_sources(export, told, view.source))
    yield from faults
    if faults:
        return
    needed = {claim["file"] for claim in told.claims} | set(told.sources)
    lacking = sorted(needed - view.paths.keys())
    if lacking:
        said = f"{', '.join(lacking[:3])}{' …' if len(lacking) > 3 else ''}"
        yield from _unchecked(export, f"not there, or changed: {said}; see sources-hash")
        return
    if any(file["name"] not in proven.paths for file in told.outputs):
        yield from _unchecked(export, "its files are not those that log and record speak of")
        return
    try:
        job, faults = _job(ground, proven, view)
        yield from faults
        reply = ground.worker.call("prove", job, on_progress=_progress(ground, export))
    except WorkbenchError as exc:
        yield from _unchecked(export, _scrubbed(exc.message, ground, view))
        return
    for found in reply.data["findings"]:
        name = found["file"]
        path = f"data/exports/{export.id}/{name}" if name else f"data/{export.record.path}"
        yield Finding(**{**found, "verdict": Verdict(found["verdict"]), "file": path})


def _sources(export: ExportRecord, told: Told, source: SourceRecord) -> Iterator[Finding]:
    """The recordings that the export read are the source's, by their hashes."""
    held = {recording.file: recording.sha256 for recording in source.recordings}
    if told.spec.source != export.source:
        yield failed(export, "", f"an export of {export.source}", f"one of {told.spec.source}")
    for file in sorted({claim["file"] for claim in told.claims} - held.keys()):
        yield failed(export, "", f"recordings of {source.id}", f"entries of {file}")
    for file, digest in told.sources.items():
        if held.get(file) != digest:
            expected, found = held.get(file, "a recording of the source"), str(digest)
            yield failed(export, "", f"{file}: {expected}", f"{found} was read")


def _job(ground: Ground, proven: Proven, view: View) -> tuple[dict[str, Any], list[Finding]]:
    """The worker's job, and what is wrong with the record's times."""
    told, source = proven.told, view.source
    placed = not view.lacking
    if placed:
        archive = ground.archives(view)
        line = archive.line(source.id)
        laid, faults = _on_line(proven, source, line)
    else:
        laid, faults = _by_claims(ground, told, view), []
    outputs = [{**file, "path": str(proven.paths[file["name"]])} for file in told.outputs]
    job = {
        "spec": told.spec.to_json(),
        "dated": told.dated,
        "zone": told.spec.text_zone or source.zone,
        "claims": told.claims,
        "ledger": told.ledger,
        "outputs": outputs,
        "placed": placed,
        **laid,
    }
    return job, faults


def _on_line(proven: Proven, source: SourceRecord, line: TimeLine) -> tuple[dict[str, Any], list[Finding]]:
    told, export = proven.told, proven.export
    faults = []
    if (line.dated, line.first, line.last) != (source.dated, source.first_us, source.last_us):
        times = [shown(us, source.dated) if us is not None else "nothing" for us in (source.first_us, source.last_us)]
        now = [shown(us, line.dated) if us is not None else "nothing" for us in (line.first, line.last)]
        faults.append(failed(export, "", f"{source.id} from {now[0]} to {now[1]}", f"{times[0]} to {times[1]}"))
    wanted = Range(resolve(told.spec.begin, line, "begin"), resolve(told.spec.end, line, "end"))
    if (wanted.begin, wanted.end, line.dated) != (told.begin, told.end, told.dated):
        ranges = [f"{shown(a, d)} to {shown(b, d)}" for a, b, d in (
            (wanted.begin, wanted.end, line.dated), (told.begin, told.end, told.dated))]  # fmt: skip
        faults.append(failed(export, "", f"a range from {ranges[0]}", ranges[1]))
    faults += _gaps(proven, source, line, wanted)
    declaring = line.declaring(wanted)
    named = {claim["file"] for claim in told.claims}
    held = line.showing(wanted.begin) if told.spec.is_frame else None
    within = (held,) if held is not None else line.within(wanted)
    chosen = [p for p in line.pieces if p in declaring or p in within or p.name in named]
    places = [{**place(piece), "declares": piece in declaring} for piece in chosen]
    return {
        "begin": wanted.begin,
        "end": wanted.end,
        **masks_on(told.spec.masks, line),
        **key_frames(told.spec.masks, line),
        "places": places,
        "showing": held.name if held is not None else "",
    }, faults


def _gaps(proven: Proven, source: SourceRecord, line: TimeLine, wanted: Range) -> Iterator[Finding]:
    """The record's gaps are those of the time line, whatever it says it was made with."""
    now = [gap_json(gap, line.dated) for gap in line.coverage(source.id, wanted).gaps]
    then, partly = proven.told.data.get("gaps"), is_partly_laid(source)
    if witnessed(then, partly=partly) != witnessed(now, partly=partly):
        yield failed(proven.export, "", f"gaps: {now}", f"gaps: {then}")


def _by_claims(ground: Ground, told: Told, view: View) -> dict[str, Any]:
    """Places of the recordings that the claims name; the worker lays them where the claims say."""
    places: list[dict[str, Any]] = []
    for name in dict.fromkeys(claim["file"] for claim in told.claims):
        index = ground.scratch / f"index-{view.folder.name}" / str(len(places))
        ground.worker.call("index", {"path": str(view.paths[name]), "index": str(index)})
        places.append(
            {
                "name": name,
                "path": str(view.paths[name]),
                "index": str(index),
                "start": 0,
                "used_from": 0,
                "declares": False,
            }
        )
    first = view.source.first_us or 0

    def times(mask: Mask) -> list[int | None]:
        return [_us(mask.begin, first), _us(mask.end, first)]

    masks = {
        "mask_ranges": [times(mask) for mask in told.spec.masks],
        "mask_keys": [[_us(key.at, first) for key in mask.keys] for mask in told.spec.masks],
    }
    return {"begin": told.begin, "end": told.end, **masks, "places": places, "showing": ""}


def _us(moment: Moment | None, first: int) -> int | None:
    if moment is None:
        return None
    return first + moment.us if isinstance(moment, Offset) else instant_us(moment)


def _progress(ground: Ground, export: ExportRecord) -> Callable[[dict[str, Any]], None]:
    def told(message: dict[str, Any]) -> None:
        words = f"{export.id}: {message.get('file', '')} frame {message.get('position', '')}"
        ground.tell(words, float(message.get("fraction", 0.0)))

    return told


def _scrubbed(message: str, ground: Ground, view: View) -> str:
    """A worker's words without places of this machine."""
    for folder in (view.folder, ground.scratch, ground.data):
        message = message.replace(f"{folder}/", "").replace(str(folder), "")
    return message


def _unchecked(export: ExportRecord, note: str) -> Iterator[Finding]:
    for check in CHECKS:
        path = f"data/{export.record.path}"
        yield Finding(check=check, verdict=Verdict.NOT_CHECKED, file=path, note=note)
