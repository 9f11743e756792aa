"""Sources join a case: every recording hashed and described, so that all that follows can be held against it.

    record = add(book, archive, "hall", exhibit="")
    record = joined(book, archive, "hall")        # the source as it joined, added now where it had not

A source may join again when its folder has grown or its archive.toml changed; the newer record counts from then on.
What it may not do is change under the case: recordings that joined must be there, byte for byte, at the same distance
from the first picture (exports name their range so).

A camera of a VMS joins without recordings: nobody can hash what lies there. It goes on recording and forgets its
oldest, so it joins again where an export reaches beyond what was on record.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from workbench.archives.base import Archive, Description, Recorded
from workbench.archives.unchanged import check_unchanged
from workbench.core.errors import RequestError, SourceError
from workbench.core.timebase import Offset, Range, instant_us, iso, parse_time
from workbench.evidence.book import Book, system, word
from workbench.evidence.hashing import digests
from workbench.evidence.nouns import FileRecord, RecordingFacts, SourceRecord
from workbench.evidence.remote import ADVICE_FOOTAGE, NOT_HASHED, is_url, lies_on_vms

NO_PLAIN_FILE = "was not hashed: it is no plain file"
"""End of the note on a file that has a recording's name and is none."""


def add(book: Book, archive: Archive, source: str, exhibit: str = "") -> SourceRecord:
    """Hash and describe all recordings of a source, and log it.

    Raises RequestError where it joined before and nothing changed, SourceError where recordings that joined changed.
    """
    return _add(book, archive, source, exhibit, again=False)


def _add(book: Book, archive: Archive, source: str, exhibit: str, *, again: bool, hashed: bool = False) -> SourceRecord:
    """See `add`; with `again` the record that is there already is as good as a new one; `hashed` as for `joined`."""
    record = _record(archive, word("source", source, needed=True), word("exhibit", exhibit))
    _must_be_hashed(record, hashed)
    with book.turn() as write:
        known = book.state.source(record.id)
        if known is not None:
            record = replace(record, exhibit=record.exhibit or known.exhibit)
            if again and _same(record, known):
                return known
            _must_have_grown(known, record)
        if not record.exhibit:
            record = replace(record, exhibit=f"{book.state.identity.number}-SRC{len(book.state.sources) + 1}")
        write("source-added", record, before=[{"file": r.file, "sha256": r.sha256} for r in record.recordings])
    return record


def joined(book: Book, archive: Archive, source: str, *, hashed: bool = False) -> SourceRecord:
    """The source as it joined the case; it joins now where it had not.

    Raises SourceError where the archive lays it on another time line than when it joined, or where recordings that
    are `hashed` are needed and it has none, since they lie on a VMS.
    """
    book.refresh()
    found = archive.source(word("source", source, needed=True))
    known = book.state.source(found.id)
    if known is None:
        return _add(book, archive, found.id, "", again=True, hashed=hashed)  # another process may add it meanwhile
    _must_be_hashed(known, hashed)
    now = (found.dated, found.zone, found.clock_offset, found.first, found.last)
    then = (known.dated, known.zone, known.archive_offset, known.first_us, known.last_us)
    if now[:3] != then[:3] or (now != then and not lies_on_vms(known)):
        raise SourceError(
            f"{source} is not laid out as it was when it joined the case: its first or last picture, zone or offset "
            "is another",
            "If recordings were added or archive.toml was corrected, add the source again; else restore it.",
        )
    return known


def reaching(book: Book, archive: Archive, source: SourceRecord, wanted: Range) -> SourceRecord:
    """The source as it is on record; of a VMS, as it is now where `wanted` lies beyond what was on record."""
    first, last = source.first_us, source.last_us
    if not lies_on_vms(source) or (None not in (first, last) and first <= wanted.begin and wanted.end <= last):  # type: ignore[operator]
        return source
    return _add(book, archive, source.id, "", again=True)


def _must_be_hashed(source: SourceRecord, hashed: bool) -> None:
    if hashed and lies_on_vms(source):
        raise SourceError(f"{source.id} cannot be shown by a frame that is evidence: {NOT_HASHED}", ADVICE_FOOTAGE)


def _record(archive: Archive, source: str, exhibit: str) -> SourceRecord:
    described = archive.describe(source)
    source = described.source.id
    about = told(archive, source)
    hashed = [_hashed(recorded) for recorded in described.recordings if recorded.state is not None]
    lost = [f"{r.file} {NO_PLAIN_FILE}" for r in described.recordings if r.state is None]
    return SourceRecord(
        id=source,
        exhibit=exhibit,
        archive=described.archive,
        recordings=tuple(hashed),
        config=_config(described),
        hashed_at=iso(instant_us(datetime.now(UTC))),
        hashed_where=system(),
        **{**about, "notes": (*about["notes"], *lost)},
    )


def told(archive: Archive, source: str) -> dict[str, Any]:
    """What an archive says of a source as a whole, by the fields of `SourceRecord`; nothing is hashed."""
    found = archive.source(source)
    return {
        "name": found.name,
        "dated": found.dated,
        "dated_by": found.dated_by,
        "zone": found.zone,
        "zone_assumed": found.zone_assumed,
        "archive_offset": found.clock_offset,
        "first_us": found.first,
        "last_us": found.last,
        "coverage": archive.coverage(source).to_json(),
        "notes": found.notes,
    }


def _hashed(recorded: Recorded) -> RecordingFacts:
    found = digests(recorded.path)
    if recorded.state is not None:
        check_unchanged(recorded.path, recorded.state)
    return RecordingFacts(
        file=recorded.file,
        sha256=found.sha256,
        sha512=found.sha512,
        size=found.size,
        facts=recorded.facts,
        losses=recorded.losses,
    )


def _config(described: Description) -> FileRecord | None:
    if described.config is None:
        return None
    found = digests(described.config)
    return FileRecord(path=described.config.name, sha256=found.sha256, size=found.size, kind="archive.toml")


def _same(record: SourceRecord, known: SourceRecord) -> bool:
    return replace(record, hashed_at=known.hashed_at, hashed_where=known.hashed_where) == known


def _must_have_grown(known: SourceRecord, record: SourceRecord) -> None:
    """RequestError where a source that joins again is what it was; SourceError where it lost what it was.

    What a VMS forgot is no loss of the case: nothing of it was ever hashed.
    """
    if _same(record, known):
        raise RequestError(
            "source",
            f"{known.id} is in the case already, unchanged since it was added ({known.hashed_at})",
            "Nothing needs to be added.",
        )
    now = {r.file: r.sha256 for r in record.recordings}
    wrong = [f"{r.file} is gone" for r in known.recordings if r.file not in now]
    wrong += [f"{r.file} changed" for r in known.recordings if now.get(r.file, r.sha256) != r.sha256]
    if not wrong and not _places(known) <= _places(record):
        wrong = ["recordings lie at another distance from its first picture"]
    if is_url(known.archive) or is_url(record.archive):
        wrong = [] if known.archive == record.archive else [f"it was one of {known.archive}, now of {record.archive}"]
    if wrong:
        raise SourceError(
            f"{known.id} is not what it was when it joined the case: {', '.join(wrong)}",
            "Restore it from the copy that was hashed; put other recordings into a folder of their own.",
        )


def _places(record: SourceRecord) -> set[tuple[str, int]]:
    """Each recording with the distance of its stretches from the source's first picture, in microseconds."""
    intervals = record.coverage.get("intervals", ())
    return {(str(one["file"]), _us(str(one["begin"])) - (record.first_us or 0)) for one in intervals}


def _us(written: str) -> int:
    moment = parse_time(written)
    return moment.us if isinstance(moment, Offset) else instant_us(moment)
