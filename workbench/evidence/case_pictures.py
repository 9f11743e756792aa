"""Pictures of a case: snapshots of exact frames, context pictures, and marked copies.

A snapshot belongs to an export or to none. If to one, that export's masks and crop are applied, since what was hidden
in the one must not be shown by the other; leaving them out takes a reason, which is recorded and printed. One of no
export is refused where every export of its instant hides something of it. A camera of a VMS has no recording that could
be hashed, so no snapshot is taken of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from workbench.archives.base import Archive, Snapshot
from workbench.core.errors import NameTaken, RequestError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Moment, parse_time
from workbench.evidence import annotate, case_exports, case_sources, snapshots
from workbench.evidence.book import Book, known, text
from workbench.evidence.clock import Clock
from workbench.evidence.disclosure.pictures import Bare, hidden_by
from workbench.evidence.nouns import AnnotationRecord, SnapshotRecord

T = TypeVar("T")
_DELIVERED = ("copied", "reencoded", "masked")
"""Fates of frames that an export shows."""


class Hidden(RequestError):
    """A picture of no export would show what each of `exports`, which show its instant, hides."""

    def __init__(self, exports: tuple[str, ...]) -> None:
        """Name them."""
        self.exports = exports
        what = f"{', '.join(exports)} hide{'s' * (len(exports) == 1)} a part of this picture"
        super().__init__(
            "export", what, "Name an export: its masks and crop are applied. To leave them out, say why, too."
        )


def snapshot(
    book: Book, archive: Archive, source: str, at: Moment, *, export: str, caption: str, unmasked: str
) -> SnapshotRecord:
    """The frame shown at `at`, with the masks and the crop of `export` unless `unmasked` says why not."""
    book.refresh()
    spec = _spec(book, export) if export else None
    if spec is not None and spec.source != source:
        raise RequestError("export", f"{export} is an export of {spec.source}, not of {source}")
    if unmasked and spec is None:
        raise RequestError("unmasked", "no export is named whose masks could be left out", "Name the export.")
    masks, crop = ((), None) if spec is None or unmasked else (spec.masks, spec.crop)
    reason = text("unmasked", unmasked, needed=unmasked != "")
    words = {"export": export, "caption": text("caption", caption), "unmasked": reason}
    return _taken(book, archive, source, at, masks, crop, words)


def context(book: Book, archive: Archive, export: str, at: Moment | None) -> SnapshotRecord:
    """The whole frame with the export's masks, at the first instant it shows unless another is named."""
    book.refresh()
    spec = _spec(book, export)
    if at is None:
        first = [file.get("first") for file in case_exports.result_of(book, export)["files"]]
        if not first or not isinstance(first[0], str):
            raise RequestError("at", f"{export} does not say what it shows first", "Give an instant.")
        at = parse_time(first[0], "at")
    return _taken(book, archive, spec.source, at, spec.masks, None, {"export": export}, context=True)


def marked(book: Book, name: str, marks: Sequence[Mapping[str, Any]]) -> AnnotationRecord:
    """A copy of a snapshot with marks drawn on it."""
    book.refresh()
    shot = known("snapshot", name, book.state.snapshots)
    book.path(shot.picture)
    made = _named(book, "A", lambda new: annotate.draw(shot, marks, id=new, folder=book.folder))
    book.append("annotation-made", made, before=[shot.picture], after=[made.picture])
    return made


def _taken(
    book: Book,
    archive: Archive,
    source: str,
    at: Moment,
    masks: tuple[Mask, ...],
    crop: Area | None,
    words: dict[str, str],
    *,
    context: bool = False,
) -> SnapshotRecord:
    """Take the frame and log it; the source joins the case where it had not."""
    record = case_sources.joined(book, archive, source, hashed=True)
    source = record.id
    clock, number = Clock(book.state.checks_of(source)), book.state.identity.number

    result = case_exports.result_of(book, words["export"]) if words["export"] else None

    def allowed(taken: Snapshot) -> None:
        if result is None and (names := hiding(book, source, taken.instant)):
            raise Hidden(names)

    def take(name: str) -> SnapshotRecord:
        taken = snapshots.take(
            archive,
            record,
            at,
            masks=masks,
            crop=crop,
            id=name,
            exhibit=f"{number}-{name}",
            folder=book.folder,
            clock=clock,
            context=context,
            allowed=allowed,
            **words,
        )
        return replace(taken, shown_by_export=None if result is None else shows(result, taken))

    made = _named(book, "S", take)
    read = {"file": made.file, "sha256": made.file_sha256}
    book.append("snapshot-taken", made, before=[read], after=[made.picture])
    return made


def hiding(book: Book, source: str, instant_us: int) -> tuple[str, ...]:
    """The exports of `source` that show `instant_us`, where each of them masks or cuts something there; else empty."""
    specs = {e.id: case_exports.result_of(book, e.id)["plan"] for e in book.state.exports if e.source == source}
    requests = {name: plan.get("spec") for name, plan in specs.items()}
    return tuple(hidden_by(Bare(source=source, instant_us=instant_us), requests, book.state))


def shows(result: Mapping[str, Any], taken: SnapshotRecord) -> bool | None:
    """Whether the export whose record is `result` shows the frame of a snapshot; None where its ledger cannot say."""
    read = {source["file"]: source["sha256"] for source in result["sources"]}
    if read.get(taken.file, taken.file_sha256) != taken.file_sha256:
        return None
    runs = [run for run in result["entries"] if run["file"] == taken.file and run["fate"] != "missing"]
    if any(run["first_pts"] is None or run["last_pts"] is None for run in runs):
        return None
    told = {run["fate"] in _DELIVERED for run in runs if run["first_pts"] <= taken.pts <= run["last_pts"]}
    return None if len(told) > 1 else True in told


def _named(book: Book, prefix: str, make: Callable[[str], T]) -> T:
    """What `make` makes under the next id, or under a later one where another process takes that meanwhile."""
    while True:
        name = book.next_id(prefix)
        try:
            return make(name)
        except NameTaken:
            if book.next_id(prefix) == name:
                raise


def _spec(book: Book, export: str) -> ExportSpec:
    """The request that an export carried out."""
    return ExportSpec.from_json(case_exports.result_of(book, export)["plan"].get("spec"))
