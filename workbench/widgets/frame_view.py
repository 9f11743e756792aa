"""`FrameView`: the exact frame at the cursor, and what is drawn on it: one crop, any number of masks.

Coordinates are those of `core.geometry`: 0 to 1 of the picture as it is shown, origin top left. Frames travel as
messages and are never saved; `keep_still` puts one into the saved notebook, masked by the engine.

Two threads of the view do its work: `eye` moves the cursor and makes pictures, `hand` changes what is drawn, each in
the order in which it was asked. What is drawn names the camera and the instant that the person saw, so that a step or
another camera in between moves nothing elsewhere. Which pictures a front shows it wishes once; they come whenever
cursor or masks change, without a question for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.geometry import point as checked_point
from workbench.core.mask import Mask
from workbench.core.timebase import Moment, Offset, instant_us
from workbench.widgets import drawing, frame_facts, timetext
from workbench.widgets.frame_pictures import Pictures
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.state import State
from workbench.widgets.view import View, verb


class FrameView(View):
    """The frame, its masks and its crop."""

    label = "Frame and masks"
    script = "frame"
    parts = ("frame_shapes", "frame_handles", "frame_stage", "frame_near", "frame_pictures", "frame_tables")

    def __init__(self, session: Session, *, keep_still: bool = False) -> None:
        """Show the frame of a session's cursor; `keep_still` embeds it, masked, in the saved notebook."""
        self.keep_still = keep_still
        self.pictures = Pictures(session, self.post)
        self._towards = 1
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        """What is drawn on the shown camera's pictures, and where the cursor is."""
        state = self.session.state
        look = state.look()
        here = self._here(state.source, state.at, drawn=True) if state.source and state.at is not None else None
        return {
            "source": state.source,
            "sources": [{"id": name, "name": self.session.glance(name).name} for name in state.sources],
            "at": state.at,
            "dated": state.dated,
            "zone": self.session.glance(state.source).zone if state.source else "UTC",
            "range": [state.begin, state.end],
            "crop": None if look.crop is None else look.crop.corners(),
            "masks": [self._mask(mask, here) for mask in look.masks],
            "drawing": [list(p) for p in look.drawing],
            "undo": list(self.session.undoable),
            "version": self.pictures.version(state.source, look),
        }

    def follow(self, before: State, after: State) -> None:
        """Send the pictures that the fronts show, where cursor or masks are others now."""
        if found := self.pictures.changed():
            for name, width in self.pictures.wished().items():
                self.later(name, partial(self._follow, name, found[0], found[1], width), lane="eye")

    def _follow(self, name: str, source: str, at: int, width: int) -> None:
        """Send a wished picture, and after the frame as recorded those beside it."""
        self.pictures.send_wished(name, source, at, width)
        if name == "frame":
            self._beside(source, at, width)

    def _beside(self, source: str, at: int, width: int) -> None:
        """Send the frames that a step from the cursor leads to, and one further on, when nothing else is to be done."""
        self._near(source, at, width, [(at, self._towards), (at, -self._towards)])

    def _near(self, source: str, cursor: int, width: int, todo: list[tuple[int, int]]) -> None:
        """Send one of them; the others queue behind whatever was asked meanwhile, and end with a move of the cursor."""

        def work() -> None:
            state, (at, by) = self.session.state, todo[0]
            if (state.source, state.at) != (source, cursor):
                return
            found = self.pictures.send_near(source, at, by, width)
            more = [(found, by)] if found is not None and by == self._towards and at == cursor else []
            if rest := [*todo[1:], *more]:
                self._near(source, cursor, width, rest)

        self.later("near", work, lane="eye")

    # --- pictures ---

    @verb
    def on_wish(self, front: str, frame: int | None = None, masked: int | None = None) -> None:
        """What a front shows from now on: the frame, the masked one, or both, each so wide (0: whole); None: not."""
        asked = {"frame": frame, "masked": masked}
        self.pictures.wish(front, {name: width for name, width in asked.items() if width is not None})

    @verb(newest="frame", lane="eye")
    def on_frame(self, source: str, at: int, width: int) -> None:
        """Send the frame shown at an instant, as it is recorded."""
        self.pictures.send("frame", source, at, width)
        self._beside(source, at, width)

    @verb(newest="masked", lane="eye")
    def on_masked(self, source: str, at: int, width: int) -> None:
        """Send the same frame with the masks laid on by the engine; it says which version of them."""
        self.pictures.send("masked", source, at, width)

    @verb(slow=True)
    def on_pixels(self, source: str, at: int, area: list[int], of: list[int]) -> None:
        """Send the pixels of a part of the frame without any loss.

        `area` is left, top, right and bottom in pixels of the whole picture, whose size is `of`.
        """
        self.pictures.send_pixels("frame", source, at, area, of)

    @verb(slow=True)
    def on_masked_pixels(self, source: str, at: int, area: list[int], of: list[int]) -> None:
        """The same with the masks laid on by the engine."""
        self.pictures.send_pixels("masked", source, at, area, of)

    # --- the cursor ---

    @verb(lane="hand")
    def on_show(self, source: str) -> None:
        """Show another of the chosen cameras."""
        self.session.show(source)

    @verb(lane="eye")
    def on_step(self, by: int, unit: str) -> int | None:
        """Move the cursor; None where nothing follows."""
        state = self.session.state
        if state.at is None:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        self._towards = 1 if by > 0 else -1
        found = self.session.eye.step(state.source, state.at, by, unit)  # type: ignore[arg-type]
        return None if found is None else self._go(found, state.source, state.at)

    @verb(newest="seek", lane="eye")
    def on_seek(self, at: int) -> int:
        """Put the cursor on the picture shown at an instant."""
        state = self.session.state
        if not state.source:
            raise RequestError("source", "no camera is chosen", "Choose one first.")
        found = self.session.eye.frame(state.source, moment(at, state.dated)).instant
        return self._go(found, state.source, state.at)

    # --- what is drawn ---

    @verb(lane="hand")
    def on_drawing(self, points: list[Any], source: str | None = None) -> None:
        """The corners of the polygon that is being drawn; none takes it away."""
        self.session.draw(source, drawing=tuple(checked_point(p, "drawing") for p in points))

    @verb(lane="hand")
    def on_close_polygon(self, source: str | None = None) -> int:
        """Make a mask of the corners drawn so far; its number."""
        with self.session.lock:
            look = self.session.state.look(source)
            self.session.draw(source, drawing=(), masks=(*look.masks, Mask(points=look.drawing)))
            return len(look.masks)

    @verb(lane="hand")
    def on_crop(self, area: list[list[float]] | None, source: str | None = None) -> None:
        """Set the crop to the rectangle between two corners, or take it away."""
        self.session.draw(source, crop=None if area is None else Area.from_corners(area[0], area[1], "crop"))

    @verb(lane="hand")
    def on_polygon(self, mask: int, points: list[Any], source: str | None = None, at: int | None = None) -> None:
        """Move corners of a mask; of a moving one, at an instant (the cursor's)."""
        self._keyed(mask, lambda one, here: drawing.reshaped(one, points, here), source, at)

    @verb(lane="hand")
    def on_insert(
        self, mask: int, after: int, place: list[float] | None = None, source: str | None = None, at: int | None = None
    ) -> None:
        """Put in a corner behind another; in a moving mask, `place` is meant at an instant (the cursor's)."""
        self._keyed(mask, lambda one, here: drawing.inserted(one, after, place, here), source, at)

    @verb(lane="hand")
    def on_remove_corner(self, mask: int, corner: int, source: str | None = None) -> None:
        """Take a corner away."""
        self._change(mask, lambda one: drawing.removed(one, corner), source)

    @verb(lane="hand")
    def on_key(self, mask: int, source: str | None = None, at: int | None = None) -> None:
        """Put a key at an instant (the cursor's): there the mask has exactly this shape."""
        self._keyed(mask, drawing.with_key, source, at, always=True)

    @verb(lane="hand")
    def on_remove_key(self, mask: int, key: int, source: str | None = None) -> None:
        """Take a key away."""
        self._change(mask, lambda one: drawing.without_key(one, key), source)

    @verb(lane="hand")
    def on_style(self, mask: int, style: str, inverted: bool, reason: str, source: str | None = None) -> None:
        """How a mask covers, which side, and why."""
        self._change(mask, lambda one: replace(one, style=style, inverted=inverted, reason=reason), source)  # type: ignore[arg-type]

    @verb(lane="hand")
    def on_time(self, mask: int, begin: str | None = None, end: str | None = None, source: str | None = None) -> None:
        """The stretch in which a mask covers, as typed; empty for all of the range, None leaves a border as it is."""
        texts = {"begin": begin, "end": end}
        times = {name: self._typed(text, f"masks.{name}", source) for name, text in texts.items() if text is not None}

        def limited(one: Mask) -> Mask:
            return replace(one, begin=times.get("begin", one.begin), end=times.get("end", one.end))

        self._change(mask, limited, source)

    @verb(lane="hand")
    def on_duplicate(self, mask: int, source: str | None = None) -> int:
        """A copy of a mask, behind all; its number."""
        with self.session.lock:
            masks = self.session.state.look(source).masks
            drawing.changed(masks, mask, lambda one: one)
            self.session.draw(source, masks=(*masks, masks[mask]))
            return len(masks)

    @verb(lane="hand")
    def on_delete(self, mask: int, source: str | None = None) -> None:
        """Take a mask away."""
        with self.session.lock:
            masks = drawing.changed(self.session.state.look(source).masks, mask, lambda one: one)
            self.session.draw(source, masks=masks[:mask] + masks[mask + 1 :])

    @verb(lane="hand")
    def on_undo(self, source: str | None = None) -> bool:
        """Take the last drawing step on a camera's pictures back."""
        return self.session.undo(source)

    @verb(lane="hand")
    def on_redo(self, source: str | None = None) -> bool:
        """Do again what was taken back there."""
        return self.session.redo(source)

    def still(self) -> str:
        """The outlines on an empty frame and a table of the masks; the masked frame itself only if asked for."""
        return frame_facts.still(self.session, keep=self.keep_still)

    def sketch(self) -> str:
        """The outlines and the table alone."""
        return frame_facts.still(self.session, keep=False)

    def _go(self, found: int, source: str, before: int | None) -> int:
        """Move the cursor, unless somebody moved it meanwhile."""
        with self.session.lock:
            if (self.session.state.source, self.session.state.at) == (source, before):
                self.session.set(at=found)
        return found

    def _change(self, number: int, change: Callable[[Mask], Mask], source: str | None) -> None:
        with self.session.lock:
            masks = drawing.changed(self.session.state.look(source).masks, number, change)
            self.session.draw(source, masks=masks)

    def _keyed(
        self,
        number: int,
        change: Callable[[Mask, drawing.Here], Mask],
        source: str | None,
        at: int | None,
        *,
        always: bool = False,
    ) -> None:
        """Change a mask at an instant; where that may make a key, the archive is asked for the frame's PTS first."""
        state = self.session.state
        name, when = source or state.source, state.at if at is None else at
        if when is None or not name:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        masks = state.look(name).masks
        moving = always or (0 <= number < len(masks) and bool(masks[number].keys))
        here = self._here(name, when, self.pictures.pts_at(name, when) if moving else None)
        self._change(number, lambda one: change(one, here), name)

    def _here(self, name: str, at: int, pts: int | None = None, *, drawn: bool = False) -> drawing.Here:
        source = self.session.glance(name) if drawn else self.session.brief(name)
        return drawing.Here(at=at, pts=pts, dated=source.dated, first=source.first or 0)

    def _us(self, when: Moment | None) -> int | None:
        if when is None:
            return None
        first = self.session.glance(self.session.state.source).first or 0
        return first + when.us if isinstance(when, Offset) else instant_us(when)

    def _mask(self, mask: Mask, here: drawing.Here | None) -> dict[str, Any]:
        points = mask.points if here is None else drawing.shape(mask, here)
        keys = [(self._us(key.at), key) for key in mask.keys]
        return {
            "points": [list(p) for p in points],
            "keys": [
                {"at": us, "pts": None if key.pts is None else str(key.pts), "points": [list(p) for p in key.points]}
                for us, key in keys
            ],
            "begin": self._us(mask.begin),
            "end": self._us(mask.end),
            "style": mask.style,
            "inverted": mask.inverted,
            "reason": mask.reason,
        }

    def _typed(self, text: str, field: str, name: str | None) -> Moment | None:
        if not text.strip():
            return None
        source = self.session.brief(name or self.session.state.source)
        near, first = self.session.state.at or source.first or 0, source.first or 0
        us = timetext.parse(text, near=near, first=first, dated=source.dated, zone_name=source.zone, field=field)
        return moment(us, source.dated)
