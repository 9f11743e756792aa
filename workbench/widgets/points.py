"""In and out points, and the cursor, in whole pictures: where a place on the time line lies between them.

    picture_at(archive, camera, at)             # the cursor: the picture shown there, in a gap the next one
    behind(archive, "hall", True, at)           # an out point: the instant at which that picture is shown no longer
    nudged(archive, "hall", True, "end", at, 1, "frame")

Places are microseconds on the source's time line. An out point lies behind a picture, so it is moved by that picture:
behind the last picture before a gap it is the gap's begin, behind the very last one the end of the recording.
"""

from __future__ import annotations

from workbench.archives.base import Archive
from workbench.archives.stepping import Unit
from workbench.core.errors import NothingRecorded
from workbench.widgets.briefs import Brief
from workbench.widgets.moments import moment


def picture_at(archive: Archive, camera: Brief, at: int) -> int | None:
    """Instant of the picture shown at a place; in a gap of the next one behind it, else of the last one before."""
    if camera.first is None or camera.last is None:
        return None
    at = min(max(at, camera.first), camera.last)
    try:
        return archive.frame(camera.id, moment(at, camera.dated)).instant
    except NothingRecorded:
        following = archive.step(camera.id, at, 1, "frame")
        return archive.step(camera.id, at, -1, "frame") if following is None else following


def behind(archive: Archive, source: str, dated: bool, at: int) -> int:
    """First instant at which the picture shown at `at` is shown no longer."""
    after = archive.step(source, at, 1, "frame")
    found = archive.coverage(source, (moment(at, dated), None if after is None else moment(after, dated)))
    gap = min((gap.begin for gap in found.gaps if gap.begin > at), default=found.range.end)
    return max(gap, at + 1)


def nudged(archive: Archive, source: str, dated: bool, point: str, at: int, by: int, unit: Unit) -> int | None:
    """The in (``begin``) or out (``end``) point `by` units on; None where no picture follows."""
    if point == "begin":
        return archive.step(source, at, by, unit)
    picture = archive.step(source, max(at - 1, 0), by, unit)
    return None if picture is None else behind(archive, source, dated, picture)
