"""What people put on record: the case's identity, clock checks, comments, captions. Corrected by new entries only."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.timebase import Moment, instant_us
from workbench.evidence import case_exports, filing
from workbench.evidence.book import FOLDERS, Book, known, text, word
from workbench.evidence.claims import count_gaps
from workbench.evidence.nouns import Caption, ClockCheck, Comment, FileRecord, Identity, Order

MOST_SECONDS = 1e9


def stated(identity: Mapping[str, Any]) -> dict[str, str]:
    """Fields of an identity, checked."""
    names = [field.name for field in fields(Identity)]
    for name in identity:
        if name not in names:
            raise RequestError(name, "a case has no such field", f"Known: {', '.join(names)}.")
    for name in {"number", "examiner"} & set(identity):
        word(name, identity[name], needed=True)
    return {name: text(name, value) for name, value in identity.items()}


def amend(book: Book, identity: Mapping[str, Any]) -> Identity:
    """State fields of the identity anew."""
    wanted = stated(identity)
    with book.turn() as write:
        now = book.state.identity
        changed = {name: value for name, value in wanted.items() if getattr(now, name) != value}
        if not changed:
            raise RequestError("identity", "nothing is stated otherwise than it was", "Name a field and its value.")
        write("case-amended", changed)
        return book.state.identity


def check_clock(
    book: Book,
    source: str,
    device: Moment,
    reference: Moment,
    *,
    what: str,
    uncertainty: float,
    by: str,
    photo: str | os.PathLike[str] | None,
    note: str,
    replaces: str,
) -> ClockCheck:
    """Log what the recorder's clock and a reference showed at one moment."""
    device_us, reference_us = _instant("device", device), _instant("reference", reference)
    plus_minus = _seconds("uncertainty", uncertainty)
    word("what", what, needed=True), word("by", by), text("note", note)
    with book.turn() as write:
        known("source", source, book.state.sources)
        if replaces:
            known("replaces", replaces, book.state.checks_of(source))
        name = book.next_id("K")
        picture = None if photo is None else _photo(book, Path(photo), name)
        check = ClockCheck(
            id=name,
            source=source,
            device_us=device_us,
            reference_us=reference_us,
            reference=what,
            by=by or book.who,
            uncertainty=plus_minus,
            photo=picture,
            note=note,
            replaces=replaces,
        )
        write("clock-checked", check, after=[picture] if picture else [])
    return check


def comment(book: Book, words: str, on: str, replaces: str) -> Comment:
    """Log a comment on something in the case, or on the case; a correction is on what the old one was on."""
    text("text", words, needed=True), word("on", on)
    with book.turn() as write:
        if replaces:
            old = known("replaces", replaces, book.state.comments)
            later = next((one.id for one in book.state.comments if one.replaces == replaces), None)
            if later is not None:
                raise RequestError("replaces", f"{replaces} was corrected by {later} already", f"Correct {later}.")
            if on and on != old.on:
                about = old.on or "the case"
                raise RequestError("on", f"{replaces} is on {about}, not on {on}", "Leave it out, or name that.")
            on = old.on
        if on:
            _must_be_in(book, on)
        name = book.next_id("C")
        write("comment-written", {"id": name, "text": words, "on": on, "replaces": replaces})
        return book.state.comments[-1]


def caption(book: Book, snapshot: str, words: str) -> Caption:
    """Log another caption of a snapshot."""
    text("text", words)
    with book.turn() as write:
        known("snapshot", snapshot, book.state.snapshots)
        made = Caption(snapshot=snapshot, text=words, replaces=book.caption_entry(snapshot))
        write("caption-written", made)
    return made


def order(book: Book, snapshots: Sequence[str]) -> Order:
    """Log the order in which the report shall show the snapshots."""
    names = tuple(snapshots)
    with book.turn() as write:
        for name in names:
            known("snapshots", name, book.state.snapshots)
        if len(set(names)) != len(names):
            raise RequestError("snapshots", "a snapshot is named twice", "Name each once.")
        made = Order(snapshots=names)
        write("snapshots-ordered", made)
    return made


def _must_be_in(book: Book, on: str) -> None:
    """RequestError unless something in the case has that id; gaps are numbered by what has them: ``E1-G2``."""
    state = book.state
    kinds: tuple[tuple[Any, ...], ...] = (
        state.sources,
        state.exports,
        state.snapshots,
        state.annotations,
        state.clock_checks,
        state.reports,
    )
    everything = [one for kind in kinds for one in kind]
    gap = re.fullmatch(r"(.+)-G([1-9]\d{0,8})", on, re.ASCII | re.DOTALL)
    if on in {one.id for one in everything} or gap is None or int(gap[2]) > _gaps(book, gap[1]):
        known("on", on, everything)


def _gaps(book: Book, of: str) -> int:
    """How many gaps a report numbers of an export or a source; 0 of anything else."""
    source = book.state.source(of)
    if source is not None:
        return len(source.coverage.get("gaps", ()))
    return count_gaps(case_exports.result_of(book, of)) if of in {one.id for one in book.state.exports} else 0


def _photo(book: Book, photo: Path, name: str) -> FileRecord:
    suffix = photo.suffix.lower()
    kept = suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ".bin"
    return filing.copy(photo, book.folder, f"{FOLDERS['K']}/{name}{kept}", "photo")


def _instant(field: str, moment: Any) -> int:
    if not isinstance(moment, datetime):
        raise RequestError(field, "an instant with its zone is wanted", "Write 2026-03-01T10:00:00+01:00.")
    return instant_us(moment)


def _seconds(field: str, value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not 0 <= value <= MOST_SECONDS:
        raise RequestError(field, f"{value!r} is no number of seconds from 0 on", "Write 0.5.")
    return float(value)
