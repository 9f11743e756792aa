"""Snapshots and their marked copies, made again: the frame from recording and PTS, the marks from their record.

Everything that a snapshot's record says of its frame is compared, then the pixels of the picture in the package with
those of the rebuilt one, then its instant with the place of its PTS on the source's time line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, instant, shown
from workbench.evidence.filing import inside
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import AnnotationRecord, ExportRecord, SnapshotRecord
from workbench.evidence.reperform_export import Ground
from workbench.evidence.reperform_shot import CHECK, belongs, finding, times, worded
from workbench.evidence.reperform_sources import View
from workbench.evidence.reperform_then import Then

_TOLD = (
    "stream",
    "time_base",
    "rank",
    "picture_type",
    "pixel_format",
    "frame_sha256",
    "width",
    "height",
    "rgb_sha256",
)
"""Fields of a record that the worker's verb ``rebuild`` tells by the same names."""


def snapshots(
    ground: Ground,
    shots: Sequence[tuple[SnapshotRecord, View | None]],
    exports: Mapping[str, ExportRecord],
    specs: Mapping[str, ExportSpec],
    then: Then,
) -> Iterator[Finding]:
    """One finding for each fact of a snapshot that does not hold, or one that all do; `exports` and `specs` by id."""
    for number, (shot, view) in enumerate(shots):
        ground.tell(f"{shot.id}: rebuilding it", number / len(shots))
        try:
            yield from belongs(shot, exports, preceded=then.precedes(shot.export, shot.id))
            if view is not None:
                yield from times(shot, view.source, then.checks(shot.id, shot.source))
            yield from _snapshot(ground, shot, view, specs, then.tool(shot.id))
        except WorkbenchError as exc:
            yield finding(shot, Verdict.NOT_CHECKED, note=_scrubbed(exc, ground))


def marked_copies(
    ground: Ground, drawn: Sequence[AnnotationRecord], shots: Sequence[SnapshotRecord]
) -> Iterator[Finding]:
    """Marked copies: the marks drawn anew on the snapshot's picture give the same pixels."""
    known = {shot.id: shot for shot in shots}
    for record in drawn:
        path, place = f"data/{record.picture.path}", f"marked copy {record.id} of {record.snapshot}"
        shot = known.get(record.snapshot)
        if shot is None:
            note = f"there is no snapshot {record.snapshot}"
            yield Finding(check=CHECK, verdict=Verdict.NOT_CHECKED, file=path, place=place, note=note)
            continue
        try:
            there = _pixels(ground, record.picture.path)
            picture = inside(ground.data, shot.picture.path)
            job = {"path": str(picture), "sha256": shot.picture.sha256, "marks": list(record.marks)}
            made = ground.worker.call("annotate", job).data["rgb_sha256"]
        except WorkbenchError as exc:
            note = _scrubbed(exc, ground)
            yield Finding(check=CHECK, verdict=Verdict.NOT_CHECKED, file=path, place=place, note=note)
            continue
        good = made == there["rgb_sha256"] and record.rgb_sha256 in ("", made)
        verdict = Verdict.OK if good else Verdict.FAILED
        found = f"pixels {there['rgb_sha256']}"
        yield Finding(check=CHECK, verdict=verdict, file=path, place=place, expected=f"pixels {made}", found=found)


def _snapshot(
    ground: Ground, shot: SnapshotRecord, view: View | None, specs: Mapping[str, ExportSpec], tool: str
) -> Iterator[Finding]:
    if view is None or shot.file not in view.paths:
        why = (
            f"{shot.file}: not there, or changed; see sources-hash" if view else f"no source {shot.source} is on record"
        )
        yield finding(shot, Verdict.NOT_CHECKED, note=why)
        return
    found = [*_rebuilt(ground, shot, view, tool), *_picture(ground, shot), *_placed(ground, shot, view)]
    if not any(map(_failed, found)) and not view.lacking and shot.export in specs and not shot.unmasked:
        found += _as_exported(ground, shot, view, specs[shot.export])
    yield from found
    if not any(map(_failed, found)):
        yield finding(shot, Verdict.OK, expected=f"pixels {shot.rgb_sha256}", found="the same, rebuilt")
    if view.lacking:
        yield finding(shot, Verdict.NOT_CHECKED, note=f"its instant: {view.lacking}")


def _rebuilt(ground: Ground, shot: SnapshotRecord, view: View, tool: str) -> Iterator[Finding]:
    held = next((r.sha256 for r in view.source.recordings if r.file == shot.file), "")
    if shot.file_sha256 != held:
        yield finding(shot, Verdict.FAILED, expected=f"{shot.file} with SHA-256 {held}", found=shot.file_sha256)
    if abs(shot.pts) >= 2**62:
        yield finding(shot, Verdict.FAILED, expected="a PTS of the recording", found="a number that is none")
        return
    wanted = {"pts": shot.pts, "masks": list(shot.masks), "crop": shot.crop}
    job = {"path": str(view.paths[shot.file]), "wanted": [wanted]}
    made: dict[str, Any] = ground.worker.call("rebuild", job).data["pictures"][0]
    if "problem" in made:
        yield finding(shot, Verdict.FAILED, expected="a frame of the recording", found=made["problem"])
        return
    for name in _TOLD:
        if getattr(shot, name) != made[name]:
            yield finding(shot, Verdict.FAILED, expected=f"{name} {made[name]}", found=f"{name} {getattr(shot, name)}")
    yield from worded(shot, made["transforms"], tool)


def _picture(ground: Ground, shot: SnapshotRecord) -> Iterator[Finding]:
    """The PNG in the package has the pixels of its record."""
    try:
        there = _pixels(ground, shot.picture.path)
    except WorkbenchError as exc:
        yield finding(shot, Verdict.FAILED, expected="a PNG", found=_scrubbed(exc, ground))
        return
    size = (there["width"], there["height"])
    if there["rgb_sha256"] != shot.rgb_sha256 or size != (shot.width, shot.height) or not there["rgb"]:
        wanted = f"{shot.width}×{shot.height}, pixels {shot.rgb_sha256}"
        found = f"{size[0]}×{size[1]}, pixels {there['rgb_sha256']}{'' if there['rgb'] else ', not plain RGB'}"
        yield finding(shot, Verdict.FAILED, expected=wanted, found=found, note="the picture in the package is another")


def _placed(ground: Ground, shot: SnapshotRecord, view: View) -> Iterator[Finding]:
    """Its instant is that of its PTS, by the time line laid anew."""
    if view.lacking:
        return
    source = view.source
    try:
        at = instant(shot.instant_us) if shot.dated else Offset(shot.instant_us)
        frame = ground.archives(view).frame(source.id, at)
        found = (frame.file, frame.pts, frame.instant)
        if found != (shot.file, shot.pts, shot.instant_us):
            there = f"{frame.file} PTS {frame.pts} since {shown(frame.instant, frame.dated)}"
            told = f"{shot.file} PTS {shot.pts}"
            yield finding(
                shot, Verdict.FAILED, expected=f"at {shown(shot.instant_us, shot.dated)}: {there}", found=told
            )
    except (WorkbenchError, OverflowError) as exc:
        words = exc.message if isinstance(exc, WorkbenchError) else "no instant that can be written"
        yield finding(shot, Verdict.FAILED, expected="an instant at which the source shows a frame", found=words)


def _as_exported(ground: Ground, shot: SnapshotRecord, view: View, spec: ExportSpec) -> Iterator[Finding]:
    """The masks and the crop of its export are on it: nobody's word says that they were left out."""
    at = instant(shot.instant_us) if shot.dated else Offset(shot.instant_us)
    crop = None if shot.context else spec.crop
    taken = ground.archives(view).snapshot(view.source.id, at, spec.masks, crop)
    wanted = [[mask.to_json() for mask in taken.masks], None if crop is None else crop.corners()]
    masks, cut = json.loads(json.dumps(wanted))
    if (masks, cut) != tuple(json.loads(json.dumps([shot.masks, shot.crop]))):
        found = f"{len(shot.masks)} masks, crop {shot.crop}{_apart(masks, shot.masks)}"
        expected = f"{len(masks)} masks of {shot.export}, crop {cut}"
        note = "its record gives no reason for leaving them out"
        yield finding(shot, Verdict.FAILED, expected=expected, found=found, note=note)


def _apart(wanted: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]) -> str:
    """In what a mask of a record differs from that of the export, in words; empty where none does."""
    for number, (one, other) in enumerate(zip(wanted, json.loads(json.dumps(told)), strict=False), 1):
        if names := [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]:
            return f"; mask {number} has another {', '.join(names)}"
    return ""


def _failed(one: Finding) -> bool:
    return one.verdict is Verdict.FAILED


def _pixels(ground: Ground, path: str) -> dict[str, Any]:
    return ground.worker.call("pixels", {"path": str(inside(ground.data, path))}).data


def _scrubbed(exc: WorkbenchError, ground: Ground) -> str:
    message = exc.message
    for folder in (ground.scratch, ground.data):
        message = message.replace(f"{folder}/", "")
    return message
