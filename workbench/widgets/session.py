"""`Session`: the one thing all views look at and change; plain Python, usable without a notebook.

    session = Session(LocalArchive("recordings"), case=Case.open("17-2026"))
    session.choose("hall", "yard")
    session.set(begin=…, end=…)                       # microseconds on the source's time line
    session.draw(masks=(*session.look.masks, Mask(points=…)))
    job = session.export()                            # in a thread; job.wait() for a script
    session.spec("hall")                              # the ExportSpec that was clicked together

Rules: state is frozen and replaced; each change is validated, saved in the case's memory (where there is a case), and
told to those who watch, in this order; `saved` tells whether what is seen lies on the disk. Only `draw` can be undone:
what the case's log holds is never taken back.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.core.coverage import Source
from workbench.core.errors import RequestError, WorkbenchError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.spec import ExportSpec
from workbench.evidence.case import Case
from workbench.widgets import as_python, places
from workbench.widgets.briefs import Brief, brief_of, of_archive, of_source, unknown
from workbench.widgets.jobs import Job, Jobs
from workbench.widgets.state import Look, State, check_window
from workbench.widgets.store import Changed, Kept, Memory
from workbench.widgets.taking_up import KEEP_MINE, TAKE_OTHER, Question, fitted, met, opened, remembered
from workbench.widgets.window import placed, spec_of

LOG = logging.getLogger(__name__)
Watcher = Callable[[State, State], None]
"""Called with the state before and after a change."""
MOST_UNDO = 200
CHANGED = "changed"
"""The question that is asked where another page wrote the memory."""


class Session:
    """See the module."""

    def __init__(
        self,
        archive: Archive | str | os.PathLike[str] | None = None,
        case: Case | str | os.PathLike[str] | None = None,
        **remote: Any,
    ) -> None:
        """Look at an archive (or a folder, or a URL), for a case (or its folder; None: nothing is kept).

        Without an archive it is the one that the case remembers; RequestError where that is none, or is gone.
        `remote` are the options of `open_archive`. What the case's memory holds is taken up again.
        """
        self.case = Case.open(case) if isinstance(case, str | os.PathLike) else case
        self.archive: Archive = opened(archive, self.case, remote)
        self.notes: list[str] = []
        """What a person must be told of the session itself."""
        self.questions: dict[str, Question] = {}
        """What only a person can decide, by what it is about (see `answer`)."""
        self.saved = self.case is not None
        """Whether the state lies in the case's memory; False without a case."""
        self.overlay: tuple[dict[str, Any], ...] = ()
        """What a view lays over the timeline: ``{"source", "begin", "end", "mode", "words"}``; never saved."""
        self.mark = secrets.token_hex(6)
        """By which the front tells outputs of this session from others."""
        self.closed = False
        self.lock = threading.RLock()
        self._asking = threading.Lock()
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="workbench-view")
        self._state = State()
        self._watchers: list[Watcher] = []
        self._done: dict[str, list[Look]] = {}
        self._undone: dict[str, list[Look]] = {}
        self._eye: Archive | None = None
        self._sources: dict[str, Source] = {}
        self._briefs: dict[str, Brief] = {}
        self._glanced = False
        self.jobs = Jobs(self)
        self._memory = None if self.case is None else Memory(self.case.folder, places.place_of(self.archive))
        if self._memory is None:
            self.notes.append("No case is open: exports go to a folder, and nothing of this session is kept.")
        else:
            with self.lock:  # exports that go on in this kernel are noted when all is taken up
                self.jobs.adopt()
                self._state = self._fitted(remembered(self, self._memory))

    @property
    def state(self) -> State:
        """What is chosen now."""
        return self._state

    @property
    def look(self) -> Look:
        """What is drawn on the shown camera's pictures."""
        return self._state.look()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Have changes told, in whichever thread makes them; returns what ends it."""
        self._watchers.append(watcher)

        def unwatch() -> None:
            with contextlib.suppress(ValueError):
                self._watchers.remove(watcher)

        return unwatch

    def set(self, **changes: Any) -> State:
        """Change fields of the state; RequestError naming the field, WorkError where it cannot be saved.

        A change that cannot be saved holds all the same, and `saved` says so.
        """
        with self.lock:
            before = self._state
            after = State.from_json(replace(before, **changes).to_json())
            check_window(after)
            if after == before:
                return after
            self._state = after
            try:
                self._save()
            finally:
                self._tell(before, after)
        return after

    def choose(self, *sources: str) -> State:
        """Choose cameras; the shown one stays if it is among them. SourceError for one that is not there."""
        chosen = tuple(dict.fromkeys(sources))
        found = [self.brief(name) for name in chosen]
        shown = self._state.source if self._state.source in chosen else next(iter(chosen), "")
        changes: dict[str, Any] = {"sources": chosen, "source": shown}
        if found:
            first = next(one for one in found if one.id == shown)
            changes.update(placed(self._state, first))
        return self.set(**changes)

    def show(self, source: str) -> State:
        """Show the frame of another of the chosen cameras, at the same instant where both are dated."""
        if source not in self._state.sources:
            raise RequestError("source", f"{source!r} is not among the chosen cameras", "Choose it first.")
        return self.set(source=source, **placed(self._state, self.brief(source)))

    def draw(self, source: str | None = None, **changes: Any) -> Look:
        """Change crop, masks or the open polygon of a camera's pictures; can be undone. RequestError as `Mask` has."""
        with self.lock:
            name = self._state.source if source is None else source
            if not name:
                raise RequestError("source", "no camera is chosen", "Choose one first.")
            before = self._state.look(name)
            after = Look.from_json(replace(before, **changes).to_json())
            if after != before:
                self._done[name] = [*self._done.get(name, [])[-MOST_UNDO:], before]
                self._undone.pop(name, None)
                self.set(looks={**self._state.looks, name: after})
        return after

    def undo(self, source: str | None = None) -> bool:
        """Take the last drawing step on a camera's pictures (the shown one's) back; False where there is none."""
        return self._swap(source, self._done, self._undone)

    def redo(self, source: str | None = None) -> bool:
        """Do again what was taken back there; False where there is nothing."""
        return self._swap(source, self._undone, self._done)

    @property
    def undoable(self) -> tuple[int, int]:
        """How many drawing steps on the shown camera's pictures can be taken back, and done again."""
        name = self._state.source
        return len(self._done.get(name, ())), len(self._undone.get(name, ()))

    @property
    def eye(self) -> Archive:
        """The archive that shows the frame at the cursor: its own, so that neither thumbnails nor exports delay it."""
        with self.lock:
            if self.closed:
                raise WorkError("the workbench is closed", "Run the cell again that made it.")
            if self._eye is None:
                self._eye = self.another_archive()
            return self._eye

    def source(self, name: str) -> Source:
        """One camera of the archive, asked for once; SourceError where it is not there."""
        found = self._sources.get(name)
        if found is None:
            found = self._sources[name] = self.archive.source(name)
        return found

    def known(self, name: str) -> Brief | None:
        """What is in memory of a camera; nothing is asked. None where nobody asked for it yet, or it is gone."""
        found = self._sources.get(name)
        return self._briefs.get(name) if found is None else of_source(found)

    def brief(self, name: str) -> Brief:
        """What must be known of a camera to show it, at once; SourceError where it is not there."""
        found = self.known(name) or self.briefs().get(name)
        return of_source(self.source(name)) if found is None else found

    def glance(self, name: str) -> Brief:
        """What is in memory of a camera, for drawing; where that is nothing, it is asked for in a thread, and told."""
        found = self.known(name)
        if found is None and not self._glanced:
            self._glanced = True
            self.pool.submit(self._ask_all)
        return found or unknown(name, self._state.dated)

    def briefs(self, *, anew: bool = False) -> dict[str, Brief]:
        """All cameras, by id, as far as they are known without looking through their recordings.

        Asking may take its time: the session can be changed meanwhile.
        """
        if self._briefs and not anew:
            return self._briefs
        with self._asking:
            if anew or not self._briefs:
                found = of_archive(self.archive)
                self._sources = {name: one for name, one in found.items() if isinstance(one, Source)}
                self._briefs = {name: brief_of(one) for name, one in found.items()}
            return self._briefs

    def spec(self, source: str | None = None) -> ExportSpec:
        """The request that is chosen for a camera (the shown one). RequestError for what is missing or wrong."""
        state = self._state
        name = state.source if source is None else source
        if not name:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        return spec_of(state, name, self.brief(name).dated)

    def specs(self) -> tuple[ExportSpec, ...]:
        """The requests of all chosen cameras: one window, each with its own masks."""
        return tuple(self.spec(name) for name in self._state.sources)

    def plan(self, source: str | None = None) -> ExportPlan:
        """What carrying out `spec` would do; nothing is written."""
        return self.archive.plan(self.spec(source))

    def export(self, source: str | None = None, *, out: str | os.PathLike[str] = "exports") -> Job:
        """Start the export of `spec` in a thread: into the case, or into the folder `out` where there is none."""
        return self.jobs.start(self.spec(source), Path(out))

    def answer(self, about: str, answer: str) -> None:
        """Decide one of `questions`; RequestError for one that is not asked, or an answer that is none of its own.

        Where that cannot be done the question stays.
        """
        with contextlib.suppress(WorkbenchError):
            self.briefs()  # an archive is not asked under the lock
        with self.lock:
            asked = self.questions.get(about)
            if asked is None or answer not in asked.answers:
                raise RequestError("question", f"{answer[:60]!r} answers nothing that is asked", "Look again.")
            del self.questions[about]
            try:
                asked.answers[answer]()
            except Exception:
                self.questions.setdefault(about, asked)
                raise
            finally:
                self.told()

    def keep_mine(self) -> None:
        """Save what this session shows over what another wrote meanwhile; the other's is set aside in the memory."""
        with self.lock:
            if self._memory is not None:
                self._taken(met(self, self._memory, keep=True))

    def take_other(self) -> None:
        """Show what another page saved meanwhile; what this session showed is set aside in the memory."""
        with self.lock:
            if self._memory is not None:
                self._taken(met(self, self._memory, keep=False))

    def take_over(self, state: State) -> None:
        """Show a state that was kept, as of this footage; what is shown now is set aside."""
        with self.lock:
            if self._memory is not None and self._state.looks:
                self._memory.set_aside("page", Kept(state=self._state, place=self._memory.place))
            self._taken(state)

    def python(self) -> str:
        """The cell that does again what was chosen and done here."""
        return as_python.cell(self)

    def lay(self, overlay: Iterable[dict[str, Any]]) -> None:
        """Lay stretches over the timeline (the segments of a plan)."""
        self.overlay = tuple(overlay)
        self.told()

    def note(self, words: str) -> None:
        """Tell a person something of the session itself, on all views at once."""
        with self.lock:
            self.notes = [*self.notes, words]
        self.told()

    def told(self) -> None:
        """Have all views look again: something besides the state changed (the case's log, the overlay)."""
        self._tell(self._state, self._state)

    def step(self, do: str, **what: Any) -> None:
        """Note something that was done, for `python`."""
        with self.lock:
            self.set(steps=(*self._state.steps, {"do": do, **what}))

    def write(self, **texts: str) -> None:
        """Keep words that are being written, by the control they stand in; empty ones are no longer kept."""
        with self.lock:
            held = {**self._state.texts, **texts}
            self.set(texts={name: words for name, words in held.items() if words})

    def another_archive(self) -> Archive:
        """An archive for long work, so that frames go on being shown meanwhile."""
        if isinstance(self.archive, LocalArchive):
            return LocalArchive(self.archive.folder, self.archive.cache)
        return self.archive

    def is_like(self, other: Session) -> bool:
        """Whether another session is of the same case and the same archive."""
        if self.case is None or other.case is None or self.case.folder.resolve() != other.case.folder.resolve():
            return False
        return places.same(places.place_of(self.archive), places.place_of(other.archive))

    def close(self) -> None:
        """Cancel what runs and let go of processes and threads; exports that a newer page took over go on."""
        self.jobs.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        with self.lock:
            self.closed = True
            eye, self._eye = self._eye, None
        if eye is not None and eye is not self.archive:
            eye.close()
        self.let_go()

    def let_go(self) -> None:
        """Close the archive of a closed session, once nothing works with it."""
        if self.closed and not self.jobs.needs_archive:
            self.archive.close()

    def _swap(self, source: str | None, here: dict[str, list[Look]], there: dict[str, list[Look]]) -> bool:
        with self.lock:
            name = self._state.source if source is None else source
            if not here.get(name):
                return False
            look = here[name].pop()
            there.setdefault(name, []).append(self._state.look(name))
            self.set(looks={**self._state.looks, name: look})
        return True

    def _save(self) -> None:
        """Write the memory; where somebody else wrote it meanwhile that is asked once, and nothing is overwritten."""
        if self._memory is None:
            return
        self.saved = False
        try:
            self._memory.save(self._state)
        except Changed as exc:
            if CHANGED not in self.questions:
                answers = {KEEP_MINE: self.keep_mine, TAKE_OTHER: self.take_other}
                self.questions[CHANGED] = Question(words=f"{exc.message}. {exc.advice}", answers=answers)
                raise
            return
        self.questions.pop(CHANGED, None)
        self.saved = True

    def _ask_all(self) -> None:
        with contextlib.suppress(WorkbenchError):  # the view of the cameras asks too, and shows what is wrong
            self.briefs()
            self.told()

    def _tell(self, before: State, after: State) -> None:
        for watcher in list(self._watchers):
            try:
                watcher(before, after)
            except Exception:
                LOG.exception("a view could not follow a change")

    def _fitted(self, state: State) -> State:
        """A state that was kept, as it can be shown now: cameras that are there, jobs as they really stand."""
        fit = fitted(self, replace(state, jobs=tuple(self.jobs.taken_up(state.jobs))))
        if fit.source == state.source or not fit.source:
            return fit
        return replace(fit, **placed(fit, self.brief(fit.source)))

    def _taken(self, state: State) -> None:
        """Show another state instead of this one, and save it."""
        before = self._state
        self._state = self._fitted(state)
        self._done, self._undone = {}, {}
        try:
            self._save()
        finally:
            self._tell(before, self._state)
