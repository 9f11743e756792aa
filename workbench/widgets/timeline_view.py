"""`TimelineView`: what is recorded when, and the range that is wanted: one lane a camera, one window over all.

The front draws what it knows while one pans and zooms, and asks for more when the view rests; stretches, thumbnails and
instants travel as messages. In and out points are ``session.state.begin`` and ``.end``, the cursor is ``.at``.

Whatever moves a point runs in the view's own thread, in the order in which it was asked for; where another camera is
shown by the time it was looked up, nothing moves. What else is looked up runs beside it, and of each kind the newest
counts. Thumbnails are masked and cropped as the session says.
"""

from __future__ import annotations

import html
import struct
from dataclasses import replace
from typing import Any

from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.overview import Overview
from workbench.core.timebase import SECOND, Range
from workbench.core.timebase import shown as written
from workbench.widgets import points, timetext
from workbench.widgets.briefs import Brief
from workbench.widgets.looks import Versions
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.state import State
from workbench.widgets.timeline_marks import marks
from workbench.widgets.view import View, verb

MOST_TICKS = 2000
MOST_THUMBS = 40
MOST_STRETCHES = 4000


class TimelineView(View):
    """Recorded stretches, the cursor, the in and out points, and marks."""

    label = "Timeline"
    script = "timeline"
    parts = ("timeline_ruler", "timeline_draw", "timeline_ask", "timeline_hand", "timeline_list")

    def __init__(self, session: Session) -> None:
        """Show the chosen cameras of a session."""
        self._versions = Versions()
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        """Lanes, window, cursor and marks; no stretches: those are asked for."""
        state, case = self.session.state, self.session.case
        return {
            "lanes": [self._lane(name) for name in state.sources],
            "source": state.source,
            "dated": state.dated,
            "begin": state.begin,
            "end": state.end,
            "at": state.at,
            "view": None if state.view is None else list(state.view),
            "marks": [] if case is None else marks(case.state, state.sources, state.dated),
            "plan": list(self.session.overlay),
            "look": self._versions.of(state.source, state.look()),
            "keys": self.session.archive.knows_keys,
        }

    @verb(newest="stretches")
    def on_stretches(self, begin: int, end: int, most: int) -> dict[str, Any]:
        """What is recorded of each chosen camera in a stretch, as coarse as the screen; each says if it is checked."""
        state = self.session.state
        Range(begin, end)
        names = [name for name in state.sources if self._is_here(name)]
        within = (moment(max(0, begin), state.dated), moment(max(0, end), state.dated))
        most = max(1, min(most, MOST_STRETCHES))
        found = self.session.archive.overviews(within, most=most, sources=names)
        return {"begin": begin, "end": end, "lanes": dict(zip(names, map(_told, found), strict=True))}

    @verb(newest="exact")
    def on_exact(self, begin: int, end: int, most: int) -> dict[str, Any]:
        """The same of the shown camera alone, after its files were looked through."""
        camera = self._camera(self.session.state)
        within = (moment(max(0, begin), camera.dated), moment(max(0, end), camera.dated))
        found = self.session.archive.overview(camera.id, within, most=max(1, min(most, MOST_STRETCHES)))
        return {"begin": begin, "end": end, "lanes": {camera.id: _told(found)}}

    @verb(newest="thumbs")
    def on_thumbs(self, begin: int, end: int, n: int) -> int:
        """Small pictures of the shown camera over a stretch, masked and cropped, in one message; how many there are."""
        state = self.session.state
        camera, look = self._camera(state), state.look()
        if camera.first is None or camera.last is None:
            return 0
        low, high = max(begin, camera.first), min(end, camera.last + SECOND)
        if low >= high:
            return 0
        version = self._versions.of(camera.id, look)
        span = (moment(low, camera.dated), moment(high, camera.dated))
        n = max(1, min(n, MOST_THUMBS))
        frames = self.session.archive.thumbnails(camera.id, *span, n, look.masks, look.crop)
        told = {"source": camera.id, "look": version, "at": [frame.instant for frame in frames]}
        self.post("thumbs", told, [frame.jpeg(4) for frame in frames])
        return len(frames)

    @verb(newest="ticks")
    def on_ticks(self, begin: int, end: int) -> int:
        """The instants of the shown camera's pictures in a short stretch, in one message."""
        camera = self._camera(self.session.state)
        within = (moment(max(begin, camera.first or 0, 0), camera.dated), moment(max(end, 0), camera.dated))
        times = self.session.archive.instants(camera.id, within, limit=MOST_TICKS)
        self.post("ticks", {"source": camera.id, "begin": begin, "end": end}, [struct.pack(f"<{len(times)}d", *times)])
        return len(times)

    @verb(newest="seek", lane="hand")
    def on_seek(self, at: int) -> int | None:
        """Put the cursor on the picture shown at an instant, or on the next one where nothing is recorded."""
        return self._seek(self.session.state, at)

    @verb(lane="hand")
    def on_step(self, by: int, unit: str) -> int | None:
        """Move the cursor by frames, seconds, key frames or gap borders; None where there is none further."""
        state = self.session.state
        camera = self._camera(state)
        at = state.at if state.at is not None else camera.first
        if at is None:
            raise NothingRecorded(f"{camera.name} holds no picture that can be read")
        found = self.session.eye.step(camera.id, at, by, unit)  # type: ignore[arg-type]
        if found is not None:
            self._put(state, at=found)
        return found

    @verb(lane="hand")
    def on_range(self, begin: int | None, end: int | None) -> None:
        """Set the in and out points; None takes one away. The cursor goes along to a new range that it is not in."""
        was = self.session.state
        self.session.set(begin=begin, end=end)
        if begin in (None, was.begin) or end in (None, was.end) or was.at is None:
            return
        if not begin <= was.at < end:
            self._seek(was, begin)

    @verb(lane="hand")
    def on_mark(self, which: str) -> None:
        """Set the in point at the cursor, or the out point behind the picture under it; the other one gives way."""
        state = self.session.state
        if state.at is None:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        if which == "begin":
            late = state.end is not None and state.end <= state.at
            self._put(state, begin=state.at, **({"end": None} if late else {}))
            return
        end = points.behind(self.session.eye, state.source, state.dated, state.at)
        late = state.begin is not None and state.begin >= end
        self._put(state, end=end, **({"begin": None} if late else {}))

    @verb(lane="hand")
    def on_nudge(self, point: str, by: int, unit: str) -> int | None:
        """Move the in or out point by pictures or seconds; None, and nothing moves, where no picture follows."""
        state = self.session.state
        camera = self._camera(state)
        at = {"begin": state.begin, "end": state.end}.get(point)
        if at is None:
            raise RequestError("point", "that point is not set", "Set it first.")
        found = points.nudged(self.session.eye, camera.id, camera.dated, point, at, by, unit)  # type: ignore[arg-type]
        if found is not None:
            self._put(state, **{point: found})
        return found

    @verb(lane="hand")
    def on_typed(self, which: str, text: str) -> int | None:
        """A time that was typed: ``begin``, ``end`` or ``at``; empty takes the point away."""
        if which not in ("begin", "end", "at"):
            raise RequestError("which", f"{which[:20]!r} is no point in time", "Name begin, end or at.")
        if not text.strip():
            if which != "at":
                self.session.set(**{which: None})
            return None
        state = self.session.state
        camera = self._camera(state)
        first = camera.first or 0
        near = state.at if state.at is not None else first
        us = timetext.parse(text, near=near, first=first, dated=camera.dated, zone_name=camera.zone, field=which)
        if which == "at":
            return self._seek(state, us)
        self._put(state, **{which: us})
        return us

    @verb(newest="view", lane="hand")
    def on_view(self, begin: int, end: int) -> None:
        """What the timeline shows now; kept with the session."""
        self.session.set(view=(begin, end))

    @verb(lane="hand")
    def on_show(self, source: str) -> None:
        """Show another camera's frame."""
        self.session.show(source)

    def still(self) -> str:
        """A drawing of range and cursor per camera, and the times as a table."""
        state = self.session.state
        points = (("in", state.begin), ("out", state.end), ("shown", state.at))
        said = [(word, "–" if us is None else written(us, state.dated)) for word, us in points]
        rows = "".join(f"<tr><th>{word}</th><td>{html.escape(time)}</td></tr>" for word, time in said)
        names = html.escape(", ".join(state.sources) or "no camera")
        return f"<table><caption>Timeline: {names}</caption>{rows}</table>{self._drawing()}"

    def _drawing(self) -> str:
        """The chosen range within the shown stretch, as SVG."""
        state = self.session.state
        if state.view is None or state.begin is None or state.end is None:
            return ""
        low, high = state.view
        left, right = (max(0, min(600, (us - low) * 600 // (high - low))) for us in (state.begin, state.end))
        lanes = "".join(
            f'<g><rect y="{20 * i}" width="600" height="16" fill="#dddddd"/>'
            f'<rect x="{left}" y="{20 * i}" width="{max(1, right - left)}" height="16" fill="#e69f00"/></g>'
            for i in range(len(state.sources))
        )
        return f'<svg viewBox="0 0 600 {20 * max(1, len(state.sources))}" width="600" role="img">{lanes}</svg>'

    def _seek(self, was: State, at: int) -> int | None:
        found = points.picture_at(self.session.eye, self._camera(was), at)
        self._put(was, at=found)
        return found

    def _put(self, was: State, **changes: Any) -> None:
        """Change the session, unless another camera is shown meanwhile: a time means nothing on another time line."""
        with self.session.lock:
            now = self.session.state
            if (now.source, now.dated) == (was.source, was.dated):
                self.session.set(**changes)

    def _camera(self, state: State) -> Brief:
        """The camera whose frame a state shows; asked for where nobody did yet."""
        if not state.source:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        return replace(self.session.brief(state.source), id=state.source)

    def _is_here(self, name: str) -> bool:
        """Whether a camera lies on the shown kind of time line, as far as that is known."""
        camera = self.session.known(name)
        return camera is None or camera.dated == self.session.state.dated

    def _lane(self, name: str) -> dict[str, Any]:
        camera = self.session.known(name)
        if camera is None:
            nothing = {"first": None, "last": None, "dated": self.session.state.dated, "zone": "UTC"}
            return {"id": name, "name": name, **nothing, "zone_assumed": False, "here": True}
        keys = ("name", "first", "last", "dated", "zone", "zone_assumed")
        return {"id": name, **{key: getattr(camera, key) for key in keys}, "here": self._is_here(name)}


def _told(found: Overview) -> dict[str, Any]:
    """An overview as the front draws it."""
    return {
        "stretches": [[s.begin, s.end, s.gaps] for s in found.stretches],
        "witness": found.witness,
        "notes": list(found.notes)[:20],
        "checked": found.checked,
        "known": found.range.begin < found.range.end,
    }
