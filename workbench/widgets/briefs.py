"""What must be known of a camera to show it: from the archive's catalogue at once, exactly when it is asked for.

A brief that is not `checked` comes from what was learnt before; nothing was looked through for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.core.coverage import Source
from workbench.core.overview import Overview


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A camera in short."""

    id: str
    name: str
    first: int | None
    last: int | None
    dated: bool
    zone: str
    zone_assumed: bool
    checked: bool


def unknown(name: str, dated: bool) -> Brief:
    """The brief of a camera of which nothing is known yet."""
    return Brief(id=name, name=name, first=None, last=None, dated=dated, zone="UTC", zone_assumed=True, checked=False)


def of_source(source: Source) -> Brief:
    """The brief of a camera that was looked through."""
    return Brief(
        id=source.id,
        name=source.name,
        first=source.first,
        last=source.last,
        dated=source.dated,
        zone=source.zone,
        zone_assumed=source.zone_assumed,
        checked=True,
    )


def brief_of(found: Source | Brief) -> Brief:
    """The brief of a camera, however much is known of it."""
    return of_source(found) if isinstance(found, Source) else found


def of_overview(found: Overview) -> Brief:
    """The brief of a camera by its overview."""
    return Brief(
        id=found.source,
        name=found.name or found.source,
        first=found.first,
        last=found.last,
        dated=found.dated,
        zone=found.zone,
        zone_assumed=found.zone_assumed,
        checked=found.checked,
    )


def of_archive(archive: Archive) -> dict[str, Source | Brief]:
    """All cameras, by id, as far as they are known without looking through them; of a VMS, what it says of each."""
    if isinstance(archive, LocalArchive):
        return {found.source: of_overview(found) for found in archive.overviews(most=1)}
    return {found.id: found for found in archive.sources()}
