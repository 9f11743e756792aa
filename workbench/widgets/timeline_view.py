"""`TimelineView`: what is recorded when, and the range that is wanted: one lane a camera, one window over all.

The front draws what it knows while one pans and zooms, and asks for more when the view rests; stretches, thumbnails and
instants travel as messages. In and out points are ``session.state.begin`` and ``.end``, the cursor is ``.at``.
"""

from __future__ import annotations

import html
import struct
from typing import Any

from workbench.core.coverage import Source
from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.overview import Overview
from workbench.core.timebase import SECOND, Range
from workbench.core.timebase import shown as written
from workbench.widgets import timetext
from workbench.widgets.briefs import Brief
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.view import View, verb

MOST_TICKS = 2000
MOST_THUMBS = 40


class TimelineView(View):
    """Recorded stretches, the cursor, the in and out points, and marks."""

    label = "Timeline"
    script = "timeline"
    parts = ("timeline_draw",)

    def __init__(self, session: Session) -> None:
        """Show the chosen cameras of a session."""
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        """Lanes, window, cursor and marks; no stretches: those are asked for."""
        state = self.session.state
        lanes = [self._lane(self.session.brief(name)) for name in state.sources]
        return {
            "lanes": lanes,
            "source": state.source,
            "dated": state.dated,
            "begin": state.begin,
            "end": state.end,
            "at": state.at,
            "view": None if state.view is None else list(state.view),
            "marks": self._marks(),
            "plan": list(self.session.overlay),
        }

    @verb(newest="stretches")
    def on_stretches(self, begin: int, end: int, most: int) -> dict[str, Any]:
        """What is recorded of each chosen camera in a stretch, as coarse as the screen; each says if it is checked."""
        state = self.session.state
        Range(begin, end)
        within = (moment(max(0, begin), state.dated), moment(max(0, end), state.dated))
        found = self.session.archive.overviews(within, most=max(1, min(most, 4000)))
        return {"begin": begin, "end": end, "lanes": {o.source: _told(o) for o in found if o.source in state.sources}}

    @verb(newest="exact")
    def on_exact(self, begin: int, end: int, most: int) -> dict[str, Any]:
        """The same of the shown camera alone, after its files were looked through."""
        source = self._shown_source()
        within = (moment(max(0, begin), source.dated), moment(max(0, end), source.dated))
        found = self.session.archive.overview(source.id, within, most=max(1, min(most, 4000)))
        return {"begin": begin, "end": end, "lanes": {source.id: _told(found)}}

    @verb(newest="thumbs")
    def on_thumbs(self, begin: int, end: int, n: int) -> int:
        """Small pictures of the shown camera over a stretch, in one message; how many there are."""
        source = self._shown_source()
        if source.first is None or source.last is None:
            return 0
        low, high = max(begin, source.first), min(end, source.last + SECOND)
        if low >= high:
            return 0
        n = max(1, min(n, MOST_THUMBS))
        look = self.session.state.look(source.id)
        span = (moment(low, source.dated), moment(high, source.dated))
        frames = self.session.archive.thumbnails(source.id, *span, n, look.masks)
        self.post("thumbs", {"source": source.id, "at": [f.instant for f in frames]}, [f.jpeg(4) for f in frames])
        return len(frames)

    @verb(newest="ticks")
    def on_ticks(self, begin: int, end: int) -> int:
        """The instants of the shown camera's pictures in a short stretch, in one message."""
        source = self._shown_source()
        within = (moment(max(begin, source.first or 0), source.dated), moment(end, source.dated))
        times = self.session.archive.instants(source.id, within, limit=MOST_TICKS)
        self.post("ticks", {"source": source.id, "begin": begin, "end": end}, [struct.pack(f"<{len(times)}d", *times)])
        return len(times)

    @verb
    def on_seek(self, at: int) -> int | None:
        """Put the cursor on the picture shown at an instant, or on the next one where nothing is recorded."""
        source = self._shown_source()
        found = self._picture_at(source, at)
        self.session.set(at=found)
        return found

    @verb
    def on_step(self, by: int, unit: str) -> int | None:
        """Move the cursor by frames, seconds, key frames or gap borders; None where there is none further."""
        state = self.session.state
        at = state.at if state.at is not None else self._shown_source().first
        if at is None:
            raise NothingRecorded(f"{state.source} holds no picture that can be read")
        found = self.session.archive.step(state.source, at, by, unit)  # type: ignore[arg-type]
        if found is not None:
            self.session.set(at=found)
        return found

    @verb
    def on_range(self, begin: int | None, end: int | None) -> None:
        """Set the in and out points; None takes one away."""
        self.session.set(begin=begin, end=end)

    @verb
    def on_mark(self, which: str) -> None:
        """Set the in point at the cursor, or the out point behind the picture under it."""
        state = self.session.state
        if state.at is None:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        if which == "begin":
            behind = state.end is not None and state.end <= state.at
            self.session.set(begin=state.at, **({"end": None} if behind else {}))
            return
        after = self.session.archive.step(state.source, state.at, 1, "frame")
        end = state.at + SECOND // 25 if after is None else after
        before = state.begin is not None and state.begin >= end
        self.session.set(end=end, **({"begin": None} if before else {}))

    @verb
    def on_nudge(self, point: str, by: int, unit: str) -> None:
        """Move the in or out point by pictures or seconds."""
        state = self.session.state
        at = {"begin": state.begin, "end": state.end}.get(point)
        if at is None:
            raise RequestError("point", "that point is not set", "Set it first.")
        found = self.session.archive.step(state.source, at, by, unit)  # type: ignore[arg-type]
        self.session.set(**{point: at + by * SECOND if found is None else found})

    @verb
    def on_typed(self, which: str, text: str) -> int | None:
        """A time that was typed: ``begin``, ``end`` or ``at``; empty takes the point away."""
        source, state = self._shown_source(), self.session.state
        if which not in ("begin", "end", "at"):
            raise RequestError("which", f"{which[:20]!r} is no point in time")
        if not text.strip():
            if which != "at":
                self.session.set(**{which: None})
            return None
        near = state.at if state.at is not None else source.first or 0
        first = source.first or 0
        us = timetext.parse(text, near=near, first=first, dated=source.dated, zone_name=source.zone, field=which)
        if which == "at":
            return self.on_seek(us)
        self.session.set(**{which: us})
        return us

    @verb
    def on_view(self, begin: int, end: int) -> None:
        """What the timeline shows now; kept with the session."""
        self.session.set(view=(begin, end))

    @verb
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
        x, w = ((us - low) * 600 // (high - low) for us in (state.begin, state.end))
        x, w = max(0, min(600, x)), max(0, min(600, w))
        lanes = "".join(
            f'<g><rect y="{20 * i}" width="600" height="16" fill="#dddddd"/>'
            f'<rect x="{x}" y="{20 * i}" width="{max(1, w - x)}" height="16" fill="#e69f00"/></g>'
            for i in range(len(state.sources))
        )
        return f'<svg viewBox="0 0 600 {20 * max(1, len(state.sources))}" width="600" role="img">{lanes}</svg>'

    def _shown_source(self) -> Source:
        if not self.session.state.source:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        return self.session.source(self.session.state.source)

    def _picture_at(self, source: Source, at: int) -> int | None:
        """The picture shown at an instant; in a gap the next one behind it, else the last one before."""
        if source.first is None or source.last is None:
            return None
        at, archive = min(max(at, source.first), source.last), self.session.archive
        try:
            return archive.frame(source.id, moment(at, source.dated)).instant
        except NothingRecorded:
            behind = archive.step(source.id, at, 1, "frame")
            return archive.step(source.id, at, -1, "frame") if behind is None else behind

    def _lane(self, source: Brief) -> dict[str, Any]:
        keys = ("id", "name", "first", "last", "dated", "zone", "zone_assumed")
        return {key: getattr(source, key) for key in keys}

    def _marks(self) -> list[dict[str, Any]]:
        """Snapshots of the chosen cameras, with caption and comments."""
        case = self.session.case
        if case is None:
            return []
        said: dict[str, list[str]] = {}
        for comment in case.state.comments:
            said.setdefault(comment.on, []).append(comment.text)
        return [
            {"id": s.id, "source": s.source, "at": s.instant_us, "words": "; ".join([s.caption, *said.get(s.id, [])])}
            for s in case.state.snapshots
            if s.source in self.session.state.sources
        ]


def _told(found: Overview) -> dict[str, Any]:
    """An overview as the front draws it."""
    return {
        "stretches": [[s.begin, s.end, s.gaps] for s in found.stretches],
        "witness": found.witness,
        "notes": list(found.notes)[:20],
        "checked": found.checked,
    }
