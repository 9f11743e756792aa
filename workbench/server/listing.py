"""The archive's sources as cameras of a VMS: ids, numbers, names, and which source a camera's id means.

A source is `{HOST}/DeviceIpint.{n}/SourceEndpoint.video:0:0`; n never changes (`camera_numbers`). What nobody dates is
served as if recorded from 1970-01-01T00:00:00Z, and the camera's comment says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.archives.base import Archive
from workbench.core.coverage import Coverage, Source
from workbench.core.errors import SourceError
from workbench.core.timebase import Moment, Offset, Range, instant
from workbench.server.camera_numbers import CameraNumbers
from workbench.server.config import ServerConfig
from workbench.server.users import User
from workbench.vms.wire.document import one_line
from workbench.vms.wire.ids import SourceId, device_number
from workbench.vms.wire.nouns import Camera, Storage
from workbench.vms.wire.times import EARLIEST, LATEST, Time, resolve

UNDATED = "Nobody says when this was recorded: it is served as if it began at 1970-01-01T00:00:00Z."


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A source of the archive under its number."""

    source: Source
    number: int
    id: SourceId

    def moment(self, us: int) -> Moment:
        """An instant of a request on the source's own time line."""
        us = min(max(us, EARLIEST), LATEST)
        return instant(us) if self.source.dated else Offset(max(0, us))


class Listing:
    """All sources as cameras; answers are as fresh as the archive's."""

    def __init__(self, archive: Archive, numbers: CameraNumbers, config: ServerConfig) -> None:
        """Nothing is asked yet."""
        self._archive, self._numbers, self._config = archive, numbers, config

    def all(self, user: User) -> tuple[Listed, ...]:
        """The cameras that a user may see, by number."""
        sources = [source for source in self._archive.sources() if user.sees(source.id)]
        numbers = self._numbers.numbers(source.id for source in sources)
        listed = (self._listed(source, numbers[source.id]) for source in sources)
        return tuple(sorted(listed, key=lambda one: one.number))

    def find(self, wanted: SourceId) -> Listed:
        """The source that a camera's id means; SourceError where there is none."""
        number = device_number(wanted)
        name = self._named(number)
        if number is None or name is None or wanted != self._id(number):
            raise unknown(wanted)
        try:
            return self._listed(self._archive.source(name), number)
        except SourceError as exc:
            raise unknown(wanted) from exc

    def _named(self, number: int | None) -> str | None:
        """The source of a number; sources that nobody listed yet get theirs first."""
        if number is None:
            return None
        if (name := self._numbers.source(number)) is None:
            self._numbers.numbers(source.id for source in self._archive.sources())
            name = self._numbers.source(number)
        return name

    def whole(self, listed: Listed) -> Range | None:
        """From a source's first picture to the end of its last; None where it has none."""
        whole = self._archive.coverage(listed.source.id)
        return whole.range if whole.intervals else None

    def within(self, listed: Listed, begin: Time, end: Time) -> Range | None:
        """A stretch of a source, ``past`` and ``future`` put in numbers; None where it is empty."""
        whole = self.whole(listed)
        if whole is None:
            return None
        low, high = (resolve(time, whole.begin, whole.end) for time in (begin, end))
        return Range(low, high) if low < high else None

    def coverage(self, listed: Listed, begin: Time, end: Time) -> Coverage | None:
        """What is recorded of a source from `begin` to `end`; None where that is no stretch of time."""
        within = self.within(listed, begin, end)
        if within is None:
            return None
        return self._archive.coverage(listed.source.id, (listed.moment(within.begin), listed.moment(within.end)))

    def storage(self) -> Storage:
        """The one volume."""
        return Storage(name=self._config.storage_name, display_name=self._config.storage, default=True)

    def camera(self, listed: Listed, user: User) -> Camera:
        """A source as the camera list shows it to a user."""
        return Camera(
            id=str(listed.id),
            display_id=str(listed.number),
            name=writable(listed.source.name),
            served_id=writable(listed.source.served_id or listed.source.id),
            comment="" if listed.source.dated else UNDATED,
            access="CAMERA_ACCESS_FULL" if user.may("live") else "CAMERA_ACCESS_ONLY_ARCHIVE",
            storages=(self.storage(),),
        )

    def _listed(self, source: Source, number: int) -> Listed:
        return Listed(source=source, number=number, id=self._id(number))

    def _id(self, number: int) -> SourceId:
        return SourceId(self._config.host, f"DeviceIpint.{number}")


def unknown(wanted: SourceId) -> SourceError:
    """There is no such camera."""
    return SourceError(f"there is no camera {one_line(str(wanted), 200)!r} here", "`/camera/list` names them.")


def writable(name: str) -> str:
    """A name that came from a file system as one line of sound text."""
    return one_line(name.encode("utf-8", "replace").decode(), 300)
