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
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.opening import open_archive
from workbench.core.coverage import Source
from workbench.core.errors import RequestError
from workbench.core.plan import ExportPlan
from workbench.core.spec import ExportSpec
from workbench.core.timebase import SECOND
from workbench.evidence.case import Case
from workbench.widgets import as_python, store
from workbench.widgets.briefs import Brief, of_archive, of_source
from workbench.widgets.jobs import Job, Jobs
from workbench.widgets.moments import moment
from workbench.widgets.state import Look, State

LOG = logging.getLogger(__name__)
Watcher = Callable[[State, State], None]
"""Called with the state before and after a change."""
MOST_UNDO = 200


class Session:
    """See the module."""

    def __init__(
        self,
        archive: Archive | str | os.PathLike[str],
        case: Case | str | os.PathLike[str] | None = None,
        **remote: Any,
    ) -> None:
        """Look at an archive (or a folder, or a URL), for a case (or its folder; None: nothing is kept).

        `remote` are the options of `open_archive`. What the case's memory holds is taken up again.
        """
        where = archive if isinstance(archive, str | os.PathLike) else None
        self.archive: Archive = open_archive(where, **remote) if where is not None else archive  # type: ignore[arg-type, assignment]
        self.case = Case.open(case) if isinstance(case, str | os.PathLike) else case
        self.notes: list[str] = []
        """What a person must be told of the session itself."""
        self.saved = self.case is not None
        """Whether the state lies in the case's memory; False without a case."""
        self.overlay: tuple[dict[str, Any], ...] = ()
        """What a view lays over the timeline: ``{"source", "begin", "end", "mode", "words"}``; never saved."""
        self.lock = threading.RLock()
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="workbench-view")
        self._state = State()
        self._watchers: list[Watcher] = []
        self._done: list[tuple[str, Look]] = []
        self._undone: list[tuple[str, Look]] = []
        self._sources: dict[str, Source] = {}
        self._briefs: dict[str, Brief] = {}
        self.jobs = Jobs(self)
        self._take_up()

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
            _check_window(after)
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
            changes.update(self._placed(first))
        return self.set(**changes)

    def show(self, source: str) -> State:
        """Show the frame of another of the chosen cameras, at the same instant where both are dated."""
        if source not in self._state.sources:
            raise RequestError("source", f"{source!r} is not among the chosen cameras", "Choose it first.")
        return self.set(source=source, **self._placed(self.brief(source)))

    def draw(self, source: str | None = None, **changes: Any) -> Look:
        """Change crop, masks or the open polygon of a camera's pictures; can be undone. RequestError as `Mask` has."""
        with self.lock:
            name = self._state.source if source is None else source
            if not name:
                raise RequestError("source", "no camera is chosen", "Choose one first.")
            before = self._state.look(name)
            after = Look.from_json(replace(before, **changes).to_json())
            if after != before:
                self._done = [*self._done[-MOST_UNDO:], (name, before)]
                self._undone.clear()
                self.set(looks={**self._state.looks, name: after})
        return after

    def undo(self) -> bool:
        """Take the last drawing step back; False where there is none."""
        return self._swap(self._done, self._undone)

    def redo(self) -> bool:
        """Do again what was taken back; False where there is nothing."""
        return self._swap(self._undone, self._done)

    @property
    def undoable(self) -> tuple[int, int]:
        """How many drawing steps can be taken back, and done again."""
        return len(self._done), len(self._undone)

    def source(self, name: str) -> Source:
        """One camera of the archive, asked for once; SourceError where it is not there."""
        if name not in self._sources:
            self._sources[name] = self.archive.source(name)
        return self._sources[name]

    def brief(self, name: str) -> Brief:
        """What must be known of a camera to show it, at once; SourceError where it is not there."""
        if name in self._sources:
            return of_source(self._sources[name])
        if name not in self.briefs():
            return of_source(self.source(name))
        return self._briefs[name]

    def briefs(self, *, anew: bool = False) -> dict[str, Brief]:
        """All cameras, by id, as far as they are known without looking through their recordings."""
        with self.lock:
            if anew or not self._briefs:
                self._briefs = of_archive(self.archive)
            return self._briefs

    def spec(self, source: str | None = None) -> ExportSpec:
        """The request that is chosen for a camera (the shown one). RequestError for what is missing or wrong."""
        state = self._state
        name = state.source if source is None else source
        if not name:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        options = {key: value for key, value in state.options.items() if value is not None}
        options.setdefault("format", "mp4")
        single = options["format"] in ("jpg", "pdf")
        begin, end = (state.at, state.at) if single else (state.begin, state.end)
        if begin is None or end is None:
            raise RequestError("begin", "no stretch of time is chosen", "Set the in point and the out point.")
        dated = self.brief(name).dated
        if dated != state.dated:
            raise RequestError("begin", f"the range is of another kind of time line than {name}'s", "Set it anew.")
        look = state.look(name)
        wanted = ExportSpec.from_json({**options, "source": name, "begin": "+0", "end": "+1" if not single else "+0"})
        where = {"begin": moment(begin, dated), "end": moment(end, dated)}
        return replace(wanted, **where, crop=look.crop, masks=look.masks)  # type: ignore[arg-type]

    def specs(self) -> tuple[ExportSpec, ...]:
        """The requests of all chosen cameras: one window, each with its own masks."""
        return tuple(self.spec(name) for name in self._state.sources)

    def plan(self, source: str | None = None) -> ExportPlan:
        """What carrying out `spec` would do; nothing is written."""
        return self.archive.plan(self.spec(source))

    def export(self, source: str | None = None, *, out: str | os.PathLike[str] = "exports") -> Job:
        """Start the export of `spec` in a thread: into the case, or into the folder `out` where there is none."""
        return self.jobs.start(self.spec(source), Path(out))

    def python(self) -> str:
        """The cell that does again what was chosen and done here."""
        return as_python.cell(self)

    def lay(self, overlay: Iterable[dict[str, Any]]) -> None:
        """Lay stretches over the timeline (the segments of a plan)."""
        self.overlay = tuple(overlay)
        self.told()

    def told(self) -> None:
        """Have all views look again: something besides the state changed (the case's log, the overlay)."""
        self._tell(self._state, self._state)

    def step(self, do: str, **what: Any) -> None:
        """Note something that was done, for `python`."""
        self.set(steps=(*self._state.steps, {"do": do, **what}))

    def another_archive(self) -> Archive:
        """An archive for long work, so that frames go on being shown meanwhile."""
        if isinstance(self.archive, LocalArchive):
            return LocalArchive(self.archive.folder, self.archive.cache)
        return self.archive

    def close(self) -> None:
        """Cancel what runs and let go of processes and threads."""
        self.jobs.close()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.archive.close()

    def _placed(self, source: Brief) -> dict[str, Any]:
        """Window and cursor for a camera: kept where they mean something on its time line."""
        state = self._state
        if source.first is None or source.last is None:
            return {}
        end = source.last + SECOND
        changes: dict[str, Any] = {"dated": source.dated}
        if source.dated != state.dated or state.at is None:
            changes.update(begin=None, end=None, at=source.first, view=[source.first, end])
        elif state.view is None or not (state.view[0] < end and source.first < state.view[1]):
            changes.update(at=source.first, view=[source.first, end])
        return changes

    def _swap(self, here: list[tuple[str, Look]], there: list[tuple[str, Look]]) -> bool:
        with self.lock:
            if not here:
                return False
            name, look = here.pop()
            there.append((name, self._state.look(name)))
            self.set(looks={**self._state.looks, name: look})
        return True

    def _save(self) -> None:
        if self.case is not None:
            self.saved = False
            store.save(self.case.folder, self._state)
            self.saved = True

    def _tell(self, before: State, after: State) -> None:
        for watcher in list(self._watchers):
            try:
                watcher(before, after)
            except Exception:
                LOG.exception("a view could not follow a change")

    def _take_up(self) -> None:
        if self.case is None:
            self.notes.append("No case is open: exports go to a folder, and nothing of this session is kept.")
            return
        found, word = store.load(self.case.folder)
        if word:
            self.notes.append(word)
        if found is not None:
            self._state = replace(found, jobs=tuple(self.jobs.taken_up(found.jobs)))


def _check_window(state: State) -> None:
    if state.begin is not None and state.end is not None and state.end <= state.begin:
        raise RequestError("end", "the out point does not lie behind the in point", "Set it later, or exchange them.")
    if state.view is not None and state.view[1] <= state.view[0]:
        raise RequestError("view", "the shown stretch is empty")
