"""Taking a snapshot into a case: one frame of a recording that is still what it was when its source was added.

    record = take(archive, source, at, masks=…, crop=…, id="S1", exhibit="17/2026-S1", folder=case_folder, …)

The picture is written to ``snapshots/<id>.png`` below the case folder: complete, synced, and never over another file.
Nothing is appended to the log here; a picture whose record never got there has no meaning and may be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.archives.base import Archive, Snapshot
from workbench.core.errors import SourceError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import SECOND, Moment
from workbench.evidence import filing
from workbench.evidence.clock import Clock
from workbench.evidence.nouns import SnapshotRecord, SourceRecord

FOLDER = "snapshots"


def take(
    archive: Archive,
    source: SourceRecord,
    at: Moment,
    *,
    masks: tuple[Mask, ...],
    crop: Area | None,
    id: str,  # noqa: A002
    exhibit: str,
    folder: Path,
    export: str = "",
    caption: str = "",
    unmasked: str = "",
    context: bool = False,
    clock: Clock | None = None,
    allowed: Callable[[Snapshot], None] | None = None,
) -> SnapshotRecord:
    """Take the frame shown at `at` and write its picture below the case folder `folder`.

    Raises SourceError where the recording is not the one that was added, NameTaken where the picture exists, what
    `Archive.snapshot` raises, and what `allowed` raises of the picture before anything is written.
    """
    taken = archive.snapshot(source.id, at, masks, crop)
    _check_source(taken, source)
    if allowed is not None:
        allowed(taken)
    picture = filing.write(folder, f"{FOLDER}/{id}.png", taken.png, "picture")
    device = taken.instant - round(source.archive_offset * SECOND) if taken.dated else taken.instant
    corrected = clock.corrected(device) if clock is not None and taken.dated else None
    return SnapshotRecord(
        id=id,
        exhibit=exhibit,
        source=source.id,
        export=export,
        file=taken.file,
        file_sha256=taken.file_sha256,
        stream=taken.stream,
        pts=taken.pts,
        time_base=str(taken.time_base),
        rank=taken.rank,
        picture_type=taken.picture_type,
        instant_us=taken.instant,
        dated=taken.dated,
        device_us=device,
        corrected_us=None if corrected is None else corrected.us,
        plus_minus=None if corrected is None else corrected.plus_minus,
        frame_sha256=taken.frame_sha256,
        pixel_format=taken.pixel_format,
        picture=picture,
        rgb_sha256=taken.rgb_sha256,
        width=taken.width,
        height=taken.height,
        masks=tuple(mask.to_json() for mask in taken.masks),
        crop=None if taken.crop is None else tuple((x, y) for x, y in taken.crop.corners()),
        unmasked=unmasked,
        context=context,
        transforms=taken.transforms,
        caption=caption,
    )


def _check_source(taken: Snapshot, source: SourceRecord) -> None:
    """SourceError unless the recording is among those of the source, with the hash it had then."""
    known = next((r for r in source.recordings if r.file == taken.file), None)
    if known is None:
        raise SourceError(
            f"{taken.file} was not there when {source.id} joined the case",
            "Add the source again; the case then knows its recordings of today.",
        )
    if known.sha256 != taken.file_sha256:
        raise SourceError(
            f"{taken.file} is not what it was when {source.id} joined the case: its SHA-256 is {taken.file_sha256}, "
            f"it was {known.sha256}",
            "Work on an unchanged copy of the recording, or add the source again and say why.",
        )
