"""The state of a case: what the entries of its log add up to. Pure; the log is the only truth.

    state = state_of(entries)
    for entry, file in files_of(entries): ...      # every file in the case that the log speaks of

Rules: an entry is taken only if its data is what its kind says (`nouns.KINDS`), each field of the right type, and if
it uses no id twice; instants must be dates that can be written. Anything else, a kind of a newer version say, is
passed over and counted in `CaseState.unknown`; `Fold.findings` says which and why. A newer source of the same id takes
the older one's place, a caption that of the snapshot's, an amended field the stated one's.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from workbench.evidence import nouns
from workbench.evidence.clock import FIRST_US, LAST_US
from workbench.evidence.custody import NAME, START, Entry
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import CaseState, FileRecord, Identity, Record

R = TypeVar("R", bound=Record)

PREFIXES = {
    "K": ("clock-checked", nouns.ClockCheck),
    "PL": ("plan-made", nouns.PlanRecord),
    "E": ("export-done", nouns.ExportRecord),
    "S": ("snapshot-taken", nouns.SnapshotRecord),
    "A": ("annotation-made", nouns.AnnotationRecord),
    "C": ("comment-written", nouns.Comment),
    "R": ("report-built", nouns.ReportRecord),
    "P": ("package-sealed", nouns.PackageRecord),
}
"""Begin of an id → the kind of entry that gives it, and what that entry holds."""
_BY_KIND = {kind: (prefix, record) for prefix, (kind, record) in PREFIXES.items()}
_BESIDE_STATE = ("export-failed", "torn-line-set-aside")
"""Kinds that are told by the log alone."""


def state_of(entries: Iterable[Entry]) -> CaseState:
    """What the entries add up to."""
    fold = Fold()
    for entry in entries:
        fold.take(entry)
    return fold.state()


def files_of(entries: Iterable[Entry]) -> Iterator[tuple[Entry, FileRecord]]:
    """Every file of the case that the entries speak of, each with the entry that does."""
    for entry in entries:
        if entry.what in _BY_KIND:
            found = _record(_BY_KIND[entry.what][1], entry.data)
            yield from ((entry, file) for file in _files(found))
        elif entry.what == "torn-line-set-aside":
            torn = _record(FileRecord, entry.data)
            yield from [(entry, torn)] if torn is not None else []


class Fold:
    """A state that grows by one entry at a time."""

    def __init__(self) -> None:
        self._identity = Identity()
        self._last: Entry | None = None
        self._created = ""
        self._length = 0
        self._by_prefix: dict[str, dict[str, Any]] = {prefix: {} for prefix in PREFIXES}
        self._highest = dict.fromkeys(PREFIXES, 0)
        self._sources: dict[str, nouns.SourceRecord] = {}
        self._captions: dict[str, int] = {}
        self._order: tuple[str, ...] = ()
        self._verified: list[nouns.VerifiedRecord] = []
        self._state: CaseState | None = None
        self.findings: list[Finding] = []
        """A failed finding for each entry whose data is not what its kind says; unknown kinds: not checked."""

    def take(self, entry: Entry) -> None:
        """Add the next entry."""
        self._last, self._length, self._state = entry, self._length + 1, None
        why = self._taken(entry)
        if why:
            verdict = Verdict.FAILED if entry.what in nouns.KINDS else Verdict.NOT_CHECKED
            place = f"line {entry.n + 1}"
            self.findings.append(
                Finding(check="custody-form", verdict=verdict, file=NAME, place=place, found=why, note=_PASSED_OVER)
            )

    def state(self) -> CaseState:
        """The state by now."""
        if self._state is None:
            of = {prefix: tuple(found.values()) for prefix, found in self._by_prefix.items()}
            self._state = CaseState(
                identity=self._identity,
                created=self._created,
                length=self._length,
                head=START if self._last is None else self._last.hash,
                sources=tuple(self._sources.values()),
                clock_checks=of["K"],
                plans=of["PL"],
                exports=of["E"],
                snapshots=of["S"],
                order=self._order,
                annotations=of["A"],
                comments=of["C"],
                reports=of["R"],
                packages=of["P"],
                verified=tuple(self._verified),
                unknown=len(self.findings),
            )
        return self._state

    def caption_entry(self, snapshot: str) -> int:
        """Number of the entry that holds the caption in force of a snapshot of the case."""
        return self._captions[snapshot]

    def highest(self, prefix: str) -> int:
        """The highest number that an id of that kind has; 0 where there is none."""
        return self._highest[prefix]

    def _taken(self, entry: Entry) -> str:
        """Why an entry cannot be taken; empty where it was."""
        if entry.what in _BY_KIND:
            return self._numbered(entry, *_BY_KIND[entry.what])
        if entry.what in _BESIDE_STATE:
            return ""
        take = self._others().get(entry.what)
        return take(entry) if take is not None else f"{entry.what!r} is a kind that this version does not know"

    def _others(self) -> dict[str, Callable[[Entry], str]]:
        return {
            "case-created": self._create,
            "case-amended": self._amend,
            "source-added": self._add_source,
            "caption-written": self._caption,
            "snapshots-ordered": self._put_in_order,
            "verified": self._verify,
        }

    def _numbered(self, entry: Entry, prefix: str, kind: type[Record]) -> str:
        found: Any = _record(kind, entry.data)
        if found is None:
            return _no(kind)
        known = self._by_prefix[prefix]
        number = found.id.removeprefix(prefix)
        if found.id != f"{prefix}{number}" or not (number.isascii() and number.isdecimal()) or len(number) > 9:
            return f"{found.id!r} is no id of its kind"
        if found.id in known:
            return f"the id {found.id} is used twice"
        if isinstance(found, nouns.Comment):
            found = replace(found, author=entry.who, at=entry.at)
        if isinstance(found, nouns.SnapshotRecord):
            self._captions[found.id] = entry.n
        known[found.id] = found
        self._highest[prefix] = max(self._highest[prefix], int(number))
        return ""

    def _create(self, entry: Entry) -> str:
        found = _record(Identity, entry.data)
        if found is None or entry.n:
            return _no(Identity) if found is None else "a case is created once, by its first entry"
        self._identity, self._created = found, entry.at
        return ""

    def _amend(self, entry: Entry) -> str:
        found = _record(Identity, entry.data)
        if found is None:
            return _no(Identity)
        self._identity = replace(
            self._identity, **{f.name: entry.data[f.name] for f in fields(found) if f.name in entry.data}
        )
        return ""

    def _add_source(self, entry: Entry) -> str:
        found = _record(nouns.SourceRecord, entry.data)
        if found is None:
            return _no(nouns.SourceRecord)
        self._sources[found.id] = found
        return ""

    def _caption(self, entry: Entry) -> str:
        found = _record(nouns.Caption, entry.data)
        shot = self._by_prefix["S"].get(found.snapshot) if found is not None else None
        if found is None or shot is None:
            return _no(nouns.Caption) if found is None else f"there is no snapshot {found.snapshot!r}"
        self._by_prefix["S"][shot.id] = replace(shot, caption=found.text)
        self._captions[shot.id] = entry.n
        return ""

    def _put_in_order(self, entry: Entry) -> str:
        found = _record(nouns.Order, entry.data)
        if found is None:
            return _no(nouns.Order)
        unknown = [name for name in found.snapshots if name not in self._by_prefix["S"]]
        if unknown or len(set(found.snapshots)) != len(found.snapshots):
            return f"there is no snapshot {unknown[0]!r}" if unknown else "a snapshot is named twice"
        self._order = found.snapshots
        return ""

    def _verify(self, entry: Entry) -> str:
        found = _record(nouns.VerifiedRecord, entry.data)
        if found is None:
            return _no(nouns.VerifiedRecord)
        self._verified.append(found)
        return ""


_PASSED_OVER = "The entry is on record, but nothing is built upon it."


def _no(kind: type[Record]) -> str:
    return f"its data is no {kind.__name__}"


def _record(kind: type[R], data: Mapping[str, Any]) -> R | None:
    """The record that an entry's data holds; None where a field is missing or of another type."""
    try:
        found = kind.from_json(data)
    except (TypeError, AttributeError, RecursionError):
        return None
    return found if _fits(found, kind) else None


_HINTS: dict[type, dict[str, Any]] = {}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value, and all that is in it, is of the type that a record's field names."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin is types.UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        wanted = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return len(value) == len(wanted) and all(map(_fits, value, wanted))
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if is_dataclass(hint):
        return isinstance(value, typing.cast(type, hint)) and all(
            _fits(getattr(value, name), wanted) and _writable(name, getattr(value, name))
            for name, wanted in _hints(typing.cast(type, hint)).items()
        )
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]


def _writable(name: str, value: Any) -> bool:
    """Whether a field that is an instant can be written as a date."""
    return not name.endswith("_us") or value is None or FIRST_US <= value <= LAST_US


def _files(found: Any) -> Iterator[FileRecord]:
    """The files of the case that a record names."""
    if found is None:
        return
    for f in fields(found):
        value = getattr(found, f.name)
        yield from (one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, FileRecord))
