"""Taking up a session that a case remembers: what is still there, what is gone, what belongs to other footage.

Nothing is lost and nothing is assumed: a camera that is gone keeps its masks in the memory; what was drawn over another
archive is set aside, told, and laid over this one only where somebody says that it is the same footage.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.archives import listing
from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.opening import open_archive
from workbench.core.errors import RequestError, WorkbenchError
from workbench.evidence.case import Case
from workbench.widgets import places
from workbench.widgets.state import State
from workbench.widgets.store import Kept, Memory, place_in

if TYPE_CHECKING:
    from workbench.widgets.session import Session

LEAVE = "Leave it aside"
TAKE_OVER = "It is the same footage: take it over"
KEEP_MINE = "Keep what this page shows"
TAKE_OTHER = "Take what the other saved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that only a person can decide; views show it until it is answered."""

    words: str
    answers: Mapping[str, Callable[[], object]]
    """What can be answered → what is done then."""


def opened(archive: Any, case: Case | None, remote: dict[str, Any]) -> Archive:
    """An archive, by itself, by its folder or URL, or by the memory of a case."""
    if archive is None:
        if case is None:
            raise RequestError("archive", "none is named, and no case that remembers one", "Name a folder or a URL.")
        return places.reopened(place_in(case.folder), **remote)
    if isinstance(archive, str | os.PathLike):
        return open_archive(archive if isinstance(archive, str) else Path(archive), **remote)
    known: Archive = archive
    return known


def remembered(session: Session, memory: Memory) -> State:
    """The state that the memory holds for the session's archive; what must be told is noted, or asked."""
    kept = _loaded(session, memory)
    if kept is None:
        return State()
    if places.same(kept.place, memory.place):
        return kept.state
    return of_this_archive(session, memory, kept)


def fitted(session: Session, state: State) -> State:
    """The state with the cameras that are there; those that are gone are told, and remembered as missing."""
    wanted = dict.fromkeys((*state.sources, *state.missing))
    there, gone, why = _parted(session, tuple(wanted))
    if gone:
        session.notes.append(_gone_words(gone, why))
    source = state.source if state.source in there else next(iter(there), "")
    return replace(state, sources=there, missing=gone, source=source)


def of_this_archive(session: Session, memory: Memory, kept: Kept) -> State:
    """What is known of this archive; what the other's was is set aside, and asked for."""
    own = memory.brought_back() or State()
    memory.set_aside("archive", kept)
    here, there = places.words(memory.place), places.words(kept.place)
    told = f"The session in this case's memory is of {there}; this is {here}."
    told += " What was chosen and drawn there is kept, and not laid over this footage."
    session.notes.append(told)
    answers = {TAKE_OVER: lambda: session.take_over(kept.state), LEAVE: lambda: None}
    session.questions["archive"] = Question(words=told, answers=answers)
    return replace(own, options=kept.state.options, texts=kept.state.texts)


def met(session: Session, memory: Memory, *, keep: bool) -> State:
    """What to go on with where another page wrote the memory: this state or the other's; that left is set aside."""
    mine = Kept(state=session.state, place=memory.place)
    other = _loaded(session, memory)
    session.questions.pop("changed", None)
    if other is None:
        return mine.state
    memory.set_aside("page", other if keep else mine)
    if keep:
        return mine.state
    return other.state if places.same(other.place, memory.place) else of_this_archive(session, memory, other)


def _loaded(session: Session, memory: Memory) -> Kept | None:
    """What the memory holds; why that is nothing is noted."""
    kept = memory.load()
    if memory.words:
        session.notes.append(memory.words)
        memory.words = ""
    return kept


def _parted(session: Session, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Cameras that are there, those that are not, and why where the archive itself does not answer."""
    if not names:
        return (), (), ""
    try:
        known = _listed(session)
    except WorkbenchError as exc:
        return (), names, exc.message
    there = tuple(name for name in names if name in known or _is_there(session, name))
    return there, tuple(name for name in names if name not in there), ""


def _listed(session: Session) -> Collection[str]:
    """Ids of the cameras; of a folder without looking through their recordings, which may take long."""
    if isinstance(session.archive, LocalArchive):
        return listing.names(session.archive.folder)
    return session.briefs()


def _is_there(session: Session, name: str) -> bool:
    try:
        session.source(name)
    except WorkbenchError:
        return False
    return True


def _gone_words(gone: tuple[str, ...], why: str) -> str:
    named = ", ".join(repr(name) for name in gone)
    verb, it = ("are", "them") if len(gone) > 1 else ("is", "it")
    told = f"{named}, chosen before, {verb} not in the archive now" + (f" ({why})" if why else "")
    return f"{told}; what was drawn on {it} is kept, and comes back with {it}."
