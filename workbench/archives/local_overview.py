"""Overviews of a local archive: of one source after its files were listed, of all from their catalogues.

overviews(archive, shelf, None, 2000, checked=False)      # opens a timeline; each says whether it is checked
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from workbench.archives import listing
from workbench.archives.base import Archive
from workbench.archives.laying import Shelf
from workbench.archives.overview import check_most, merged, named, overview, told
from workbench.archives.timeline import TimeLine, resolve
from workbench.core.errors import RequestError, WorkbenchError
from workbench.core.overview import Overview
from workbench.core.timebase import Moment, Range

Within = tuple[Moment | None, Moment | None] | None


def overview_of(archive: Archive, source: str, within: Within, most: int) -> Overview:
    """One source, checked."""
    return named(overview(archive, source, within, most=most), archive.source(source))


def overviews(
    archive: Archive, shelf: Shelf, within: Within, most: int, checked: bool, sources: Sequence[str] | None = None
) -> tuple[Overview, ...]:
    """All sources, by id, or those named."""
    check_most(most)
    if sources is not None:
        quick = not checked and shelf.folder.is_dir()
        return tuple(told(name, partial(_one, archive, shelf, name, within, most, quick)) for name in sources)
    if checked or not shelf.folder.is_dir():
        return tuple(_asked(archive, shelf, name, within, most) for name in shelf.names())
    out = []
    for name, _ in listing.tops(shelf.folder):
        found = shelf.known(name)
        if found is not None:
            out.append(_from_catalogue(shelf, name, found, within, most))
        elif listing.holds(shelf.folder, name):
            out.append(_asked(archive, shelf, name, within, most))
    return tuple(out)


def _one(archive: Archive, shelf: Shelf, source: str, within: Within, most: int, quick: bool) -> Overview:
    found = shelf.known(source) if quick else None
    if found is not None:
        return _from_catalogue(shelf, source, found, within, most)
    return _asked(archive, shelf, source, within, most)


def _asked(archive: Archive, shelf: Shelf, source: str, within: Within, most: int) -> Overview:
    try:
        return overview_of(archive, source, within, most)
    except RequestError as exc:
        line = shelf.laid(source).line
        return _nothing(shelf, source, line.dated, exc, (line.first, line.last), checked=True)


def _from_catalogue(shelf: Shelf, source: str, found: dict[str, Any], within: Within, most: int) -> Overview:
    ends = found["first"], found["last"]
    begins, behind = found["runs"][::2], found["runs"][1::2]
    whole = Range(begins[0], max(behind[0], behind[-1])) if begins else Range(0, 0)
    line = TimeLine(pieces=(), dated=found["dated"])
    try:
        wanted = _range(line, found["first"] or 0, whole, within)
    except RequestError as exc:
        return _nothing(shelf, source, found["dated"], exc, ends, checked=False)
    return Overview(
        source=source,
        name=shelf.config.source(source).name or source,
        dated=found["dated"],
        first=found["first"],
        last=found["last"],
        range=wanted,
        stretches=merged(begins, behind, wanted, most),
        witness=found["witness"],
        notes=tuple(found["notes"]),
        zone=shelf.config.source(source).zone or "UTC",
        zone_assumed=shelf.config.source(source).zone is None,
        checked=False,
    )


def _range(line: TimeLine, first: int, whole: Range, within: Within) -> Range:
    begin, end = within or (None, None)
    return Range(
        whole.begin if begin is None else resolve(begin, line, "begin", first),
        whole.end if end is None else resolve(end, line, "end", first),
    )


def _nothing(
    shelf: Shelf, source: str, dated: bool, why: WorkbenchError, ends: tuple[int | None, int | None], *, checked: bool
) -> Overview:
    return Overview(
        source=source,
        name=shelf.config.source(source).name or source,
        dated=dated,
        first=ends[0],
        last=ends[1],
        range=Range(0, 0),
        stretches=(),
        witness="",
        notes=(f"nothing is told of this range: {why.message}",),
        checked=checked,
    )
