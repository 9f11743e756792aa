"""Cameras of a VMS as sources: which one a name means, when it was recorded, and where its times stand.

A camera answers to its id (``SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0``, with or without ``hosts/``), its number
(``3``), its name (``Hall``), both (``3.Hall``) and, on our own server, the id in the archive it serves, where that
means one camera only. Its time line is UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.core.coverage import Source
from workbench.core.errors import NothingRecorded, RemoteError, RequestError, SourceError
from workbench.core.timebase import SECOND, Moment, Offset, Range, instant_us
from workbench.vms.client import Client
from workbench.vms.wire.ids import HOSTS
from workbench.vms.wire.nouns import Camera
from workbench.vms.wire.times import LATEST

DATED_BY = "VMS"
LAST_SECONDS = (2, 60)
"""Windows before the end of an archive in which its last picture is looked for."""


def find(cameras: Sequence[Camera], wanted: str) -> Camera:
    """The camera that a text means; SourceError naming the candidates where it means none or several."""
    wanted = wanted.strip()
    bare = wanted.removeprefix(HOSTS)
    by_id = [camera for camera in cameras if camera.id == bare]
    if by_id:
        return by_id[0]
    found = [camera for camera in cameras if wanted in _names(camera)]
    if len(found) == 1:
        return found[0]
    said = "there is no camera" if not found else "several cameras answer to"
    listed = ", ".join(f"{_label(camera)} ({camera.id})" for camera in (found or cameras)[:20]) or "none"
    more = len(found or cameras) - 20
    raise SourceError(f"{said} {wanted[:100]!r}", f"Cameras: {listed}{f' and {more} more' if more > 0 else ''}.")


def _names(camera: Camera) -> tuple[str, ...]:
    return tuple(name for name in (camera.display_id, camera.name, _label(camera), camera.served_id) if name)


def _label(camera: Camera) -> str:
    return f"{camera.display_id}.{camera.name}"


def source_of(client: Client, camera: Camera, zone: str, archive: str | None = None) -> Source:
    """A camera as a source, its first and last instant as the VMS tells them."""
    plain = Source(
        id=camera.id,
        name=camera.name or camera.id,
        files=(),
        first=None,
        last=None,
        dated_by=DATED_BY,
        zone=zone,
        zone_assumed=False,
        clock_offset=0.0,
        notes=_notes(camera),
        served_id=camera.served_id,
    )
    try:
        whole = span(client, camera, archive)
        last = _last_picture(client, camera, whole, archive)
    except (NothingRecorded, SourceError) as exc:
        return replace(plain, notes=(*plain.notes, f"nothing is recorded that it tells of: {exc.message}"))
    except RemoteError as exc:
        return replace(plain, notes=(*plain.notes, f"the server does not say what is recorded: {exc.message}"))
    if last is None:
        note = "its last instant is the end of the archive: the server lists no picture near it"
        return replace(plain, first=whole.begin, last=whole.end, notes=(*plain.notes, note))
    return replace(plain, first=whole.begin, last=last)


def span(client: Client, camera: Camera, archive: str | None = None) -> Range:
    """From the first instant of a camera's archive to the end of its last stretch; NothingRecorded for an empty one."""
    depth = client.depth(camera.id, archive=archive)
    if depth is None or depth.end <= depth.start:
        raise NothingRecorded(f"the archive of {camera.id} is empty")
    return Range(depth.start, depth.end)


def _last_picture(client: Client, camera: Camera, whole: Range, archive: str | None) -> int | None:
    for seconds in LAST_SECONDS:
        begin = max(whole.begin, whole.end - seconds * SECOND)
        found = client.frames(camera.id, begin, whole.end, limit=1, newest_first=True, archive=archive)
        if found.times:
            return max(found.times)
    return None


def storage_of(camera: Camera, wanted: str | None) -> str | None:
    """The storage that a spec's `archive` means; SourceError naming those there are. None stays the default."""
    if wanted is None:
        return None
    for storage in camera.storages:
        if wanted in (storage.name, storage.name.removeprefix(HOSTS), storage.display_name):
            return storage.name
    known = ", ".join(storage.name for storage in camera.storages) or "none"
    raise SourceError(f"{_label(camera)} has no archive {wanted[:100]!r}", f"It has: {known}.")


def within(client: Client, camera: Camera, moments: tuple[Moment | None, Moment | None], archive: str | None) -> Range:
    """Two written times on the camera's time line; what is left open, and offsets, count from what is recorded."""
    begin, end = moments
    needed = begin is None or end is None or isinstance(begin, Offset) or isinstance(end, Offset)
    whole = span(client, camera, archive) if needed else Range(0, 0)
    first = whole.begin if begin is None else at(begin, whole.begin, "begin")
    last = max(first, whole.end) if end is None else at(end, whole.begin, "end")
    if last < first:
        raise RequestError("end", "it lies before begin", "Exchange the two times.")
    return Range(first, last)


def at(moment: Moment, first: int, field: str) -> int:
    """A written time in microseconds since 1970; an offset counts from `first`."""
    if not isinstance(moment, Offset):
        return instant_us(moment)
    if first + moment.us > LATEST:
        raise RequestError(field, f"+{moment.us // SECOND} s from the first frame lies behind the year 9999")
    return first + moment.us


def zone_name(minutes: int) -> str:
    """A server's offset as a zone."""
    if not minutes:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _notes(camera: Camera) -> tuple[str, ...]:
    notes = [f"the VMS says: {camera.comment}"] if camera.comment else []
    if not camera.enabled:
        notes.append("it is switched off at the VMS")
    return tuple(notes)
