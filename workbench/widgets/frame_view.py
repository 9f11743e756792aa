"""`FrameView`: the exact frame at the cursor, and what is drawn on it: one crop, any number of masks.

Coordinates are those of `core.geometry`: 0 to 1 of the picture as it is shown, origin top left. Frames travel as
messages and are never saved; `keep_still` puts one into the saved notebook, masked by the engine.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.core.errors import RequestError, WorkbenchError
from workbench.core.geometry import Area
from workbench.core.geometry import point as checked_point
from workbench.core.mask import Mask
from workbench.core.timebase import Moment, Offset, instant_us
from workbench.core.timebase import shown as written
from workbench.evidence.clock import Clock
from workbench.widgets import drawing, timetext
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.view import View, verb

STYLES = {"fill": "fill", "pixelate": "pixelate (may be recoverable)", "blur": "blur (may be recoverable)"}
WIDEST = 7680


class FrameView(View):
    """The frame, its masks and its crop."""

    label = "Frame and masks"
    script = "frame"
    parts = ("frame_shapes", "frame_stage", "frame_tables")

    def __init__(self, session: Session, *, keep_still: bool = False) -> None:
        """Show the frame of a session's cursor; `keep_still` embeds it, masked, in the saved notebook."""
        self.keep_still = keep_still
        self._pts: dict[tuple[str, int], int] = {}
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        """What is drawn on the shown camera's pictures, and where the cursor is."""
        state = self.session.state
        look = state.look()
        here = self._here() if state.source and state.at is not None else None
        return {
            "source": state.source,
            "sources": [{"id": name, "name": self.session.brief(name).name} for name in state.sources],
            "at": state.at,
            "dated": state.dated,
            "zone": self.session.brief(state.source).zone if state.source else "UTC",
            "range": [state.begin, state.end],
            "crop": None if look.crop is None else look.crop.corners(),
            "masks": [self._mask(mask, here) for mask in look.masks],
            "drawing": [list(p) for p in look.drawing],
            "undo": list(self.session.undoable),
        }

    @verb(newest="frame")
    def on_frame(self, source: str, at: int, width: int, masked: bool) -> None:
        """Send the frame shown at an instant, raw or with what is drawn laid on by the engine."""
        state, camera = self.session.state, self.session.brief(source)
        look = state.look(source)
        laid = (look.masks, look.crop) if masked else ((), None)
        seen = self.session.archive.view(source, moment(at, camera.dated), *laid, width=max(0, min(width, WIDEST)))
        self._pts[source, seen.frame.instant] = seen.frame.pts
        told = {
            "source": source,
            "asked": at,
            "at": seen.frame.instant,
            "pts": str(seen.frame.pts),
            "base": str(seen.frame.time_base),
            "file": seen.frame.file,
            "key": seen.key,
            "type": seen.picture_type,
            "of": list(seen.of),
            "width": seen.width,
            "masked": masked,
            "times": self._times(source, seen.frame.instant),
        }
        self.post("frame", told, [seen.jpeg])

    @verb
    def on_show(self, source: str) -> None:
        """Show another of the chosen cameras."""
        self.session.show(source)

    @verb
    def on_step(self, by: int, unit: str) -> int | None:
        """Move the cursor; None where nothing follows."""
        state = self.session.state
        if state.at is None:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        found = self.session.archive.step(state.source, state.at, by, unit)  # type: ignore[arg-type]
        if found is not None:
            self.session.set(at=found)
        return found

    @verb
    def on_seek(self, at: int) -> None:
        """Put the cursor on the picture shown at an instant."""
        source = self.session.source(self.session.state.source)
        self.session.set(at=self.session.archive.frame(source.id, moment(at, source.dated)).instant)

    @verb
    def on_drawing(self, points: list[Any]) -> None:
        """The corners of the polygon that is being drawn; none takes it away."""
        self.session.draw(drawing=tuple(checked_point(p, "drawing") for p in points))

    @verb
    def on_close_polygon(self) -> int:
        """Make a mask of the corners drawn so far; its number."""
        look = self.session.look
        mask = Mask(points=look.drawing)
        self.session.draw(drawing=(), masks=(*look.masks, mask))
        return len(look.masks)

    @verb
    def on_crop(self, area: list[list[float]] | None) -> None:
        """Set the crop to the rectangle between two corners, or take it away."""
        self.session.draw(crop=None if area is None else Area.from_corners(area[0], area[1], "crop"))

    @verb
    def on_polygon(self, mask: int, points: list[Any]) -> None:
        """Move corners of a mask; of a moving one, at the shown frame."""
        self._change(mask, lambda one: drawing.reshaped(one, points, self._here()))

    @verb
    def on_insert(self, mask: int, after: int, at: list[float] | None = None) -> None:
        """Put in a corner behind another."""
        self._change(mask, lambda one: drawing.inserted(one, after, at, self._here()))

    @verb
    def on_remove_corner(self, mask: int, corner: int) -> None:
        """Take a corner away."""
        self._change(mask, lambda one: drawing.removed(one, corner))

    @verb
    def on_key(self, mask: int) -> None:
        """Put a key at the shown frame: there the mask has exactly this shape."""
        self._change(mask, lambda one: drawing.with_key(one, self._here()))

    @verb
    def on_remove_key(self, mask: int, key: int) -> None:
        """Take a key away."""
        self._change(mask, lambda one: drawing.without_key(one, key))

    @verb
    def on_style(self, mask: int, style: str, inverted: bool, reason: str) -> None:
        """How a mask covers, which side, and why."""
        self._change(mask, lambda one: replace(one, style=style, inverted=inverted, reason=reason))  # type: ignore[arg-type]

    @verb
    def on_time(self, mask: int, begin: str, end: str) -> None:
        """The stretch in which a mask covers, as typed; empty for all of the range."""
        given = [self._typed(text, f"masks.{name}") for name, text in (("begin", begin), ("end", end))]
        self._change(mask, lambda one: replace(one, begin=given[0], end=given[1]))

    @verb
    def on_duplicate(self, mask: int) -> int:
        """A copy of a mask, behind all; its number."""
        masks = self.session.look.masks
        drawing.changed(masks, mask, lambda one: one)
        self.session.draw(masks=(*masks, masks[mask]))
        return len(masks)

    @verb
    def on_delete(self, mask: int) -> None:
        """Take a mask away."""
        masks = drawing.changed(self.session.look.masks, mask, lambda one: one)
        self.session.draw(masks=masks[:mask] + masks[mask + 1 :])

    @verb
    def on_undo(self) -> bool:
        """Take the last drawing step back."""
        return self.session.undo()

    @verb
    def on_redo(self) -> bool:
        """Do again what was taken back."""
        return self.session.redo()

    def still(self) -> str:
        """The outlines on an empty frame and a table of the masks; the masked frame itself only if asked for."""
        state = self.session.state
        look = state.look()
        outlines = "".join(
            f'<polygon points="{" ".join(f"{x * 640:.1f},{y * 360:.1f}" for x, y in mask.points)}" '
            'fill="#000000" fill-opacity="0.7" stroke="#e69f00"/>'
            for mask in look.masks
        )
        rows = "".join(
            f"<tr><td>{n}</td><td>{len(mask.points)} corners</td><td>{html.escape(mask.style)}</td>"
            f"<td>{html.escape(mask.reason)}</td></tr>"
            for n, mask in enumerate(look.masks, 1)
        )
        where = html.escape(f"{state.source} at {'–' if state.at is None else written(state.at, state.dated)}")
        drawn = f'<svg viewBox="0 0 640 360" width="640" role="img" style="background:#dddddd">{outlines}</svg>'
        return f"{self._kept() or drawn}<table><caption>Masks: {where}</caption>{rows}</table>"

    def _kept(self) -> str:
        """The shown frame with masks and crop applied, as an image; empty where nobody asked for it."""
        state = self.session.state
        if not self.keep_still or state.at is None or not state.source:
            return ""
        look, when = state.look(), moment(state.at, state.dated)
        try:
            seen = self.session.archive.view(state.source, when, look.masks, look.crop, width=960)
        except WorkbenchError as exc:
            return f"<p>{html.escape(exc.message)}</p>"
        data = base64.b64encode(seen.jpeg).decode()
        return f'<img alt="The shown frame, masked" src="data:image/jpeg;base64,{data}">'

    def _change(self, number: int, change: Callable[[Mask], Mask]) -> None:
        self.session.draw(masks=drawing.changed(self.session.look.masks, number, change))

    def _here(self) -> drawing.Here:
        state = self.session.state
        if state.at is None or not state.source:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        source = self.session.brief(state.source)
        pts = self._pts.get((state.source, state.at))
        return drawing.Here(at=state.at, pts=pts, dated=source.dated, first=source.first or 0)

    def _us(self, when: Moment | None) -> int | None:
        if when is None:
            return None
        first = self.session.brief(self.session.state.source).first or 0
        return first + when.us if isinstance(when, Offset) else instant_us(when)

    def _mask(self, mask: Mask, here: drawing.Here | None) -> dict[str, Any]:
        points = mask.points if here is None else drawing.shape(mask, here)
        return {
            "points": [list(p) for p in points],
            "keys": [{"at": self._us(key.at), "points": [list(p) for p in key.points]} for key in mask.keys],
            "begin": self._us(mask.begin),
            "end": self._us(mask.end),
            "style": mask.style,
            "inverted": mask.inverted,
            "reason": mask.reason,
        }

    def _typed(self, text: str, field: str) -> Moment | None:
        if not text.strip():
            return None
        source = self.session.source(self.session.state.source)
        near, first = self.session.state.at or source.first or 0, source.first or 0
        us = timetext.parse(text, near=near, first=first, dated=source.dated, zone_name=source.zone, field=field)
        return moment(us, source.dated)

    def _times(self, name: str, us: int) -> dict[str, str | None]:
        """Device, corrected and UTC time of a frame; None for what is not checked."""
        source = self.session.source(name)
        if not source.dated:
            return {"offset": written(us, False), "device": None, "corrected": None, "utc": None}
        device = us - round(source.clock_offset * 1_000_000)
        checks = () if self.session.case is None else self.session.case.state.checks_of(name)
        true = Clock(checks).corrected(device)
        corrected = None if true is None else f"{written(true.us, True)} ± {true.plus_minus:.3f} s"
        return {"offset": None, "device": str(device), "corrected": corrected, "utc": written(us, True)}
