"""What stands beside a picture: which one it is, and its times; and the still of a saved notebook."""

from __future__ import annotations

import base64
import html
from typing import Any

from workbench.archives.base import Seen
from workbench.core.errors import WorkbenchError
from workbench.core.mask import Mask
from workbench.core.timebase import shown as written
from workbench.evidence.clock import Clock
from workbench.widgets.moments import moment
from workbench.widgets.session import Session

STILL_WIDTH = 960


def facts(seen: Seen, times: dict[str, str | None]) -> dict[str, Any]:
    """A picture as the front tells of it; a VMS names neither recordings nor PTS."""
    frame = seen.frame
    return {
        "at": frame.instant,
        "pts": str(frame.pts) if frame.file else None,
        "base": str(frame.time_base),
        "file": frame.file,
        "key": seen.key,
        "type": seen.picture_type,
        "of": list(seen.of),
        "width": seen.width,
        "times": times,
    }


def times_of(session: Session, name: str, us: int) -> dict[str, str | None]:
    """Recorder's, corrected and UTC time of a picture; None for what is not checked, or words that say why not."""
    source = session.source(name)
    if not source.dated:
        return {"offset": written(us, False), "device": None, "corrected": None, "utc": None}
    device = us - round(source.clock_offset * 1_000_000)
    checks = () if session.case is None else session.case.state.checks_of(name)
    try:
        true = Clock(checks).corrected(device)
        corrected = None if true is None else f"{written(true.us, True)} ± {true.plus_minus:.3f} s"
    except WorkbenchError as exc:  # one mistaken check takes no picture away
        corrected = f"clock not checked: {exc.message}"
    return {"offset": None, "device": str(device), "corrected": corrected, "utc": written(us, True)}


def still(session: Session, *, keep: bool) -> str:
    """The outlines on an empty frame and a table of the masks; with `keep`, the masked picture itself."""
    state = session.state
    masks = state.look().masks
    rows = "".join(
        f"<tr><td>{n}</td><td>{len(mask.points)} corners</td><td>{html.escape(mask.style)}</td>"
        f"<td>{html.escape(mask.reason)}</td></tr>"
        for n, mask in enumerate(masks, 1)
    )
    where = html.escape(f"{state.source} at {'–' if state.at is None else written(state.at, state.dated)}")
    picture = (_picture(session) if keep else "") or _outlines(masks)
    return f"{picture}<table><caption>Masks: {where}</caption>{rows}</table>"


def _outlines(masks: tuple[Mask, ...]) -> str:
    drawn = "".join(
        f'<polygon points="{" ".join(f"{x * 640:.1f},{y * 360:.1f}" for x, y in mask.points)}" '
        'fill="#000000" fill-opacity="0.7" stroke="#e69f00"/>'
        for mask in masks
    )
    return f'<svg viewBox="0 0 640 360" width="640" role="img" style="background:#dddddd">{drawn}</svg>'


def _picture(session: Session) -> str:
    """The shown frame with masks and crop applied, as an image; empty where none is shown."""
    state = session.state
    if state.at is None or not state.source:
        return ""
    look, when = state.look(), moment(state.at, state.dated)
    try:
        seen = session.archive.view(state.source, when, look.masks, look.crop, width=STILL_WIDTH)
    except WorkbenchError as exc:
        return f"<p>{html.escape(exc.message)}</p>"
    data = base64.b64encode(seen.jpeg).decode()
    return f'<img alt="The shown frame, masked" src="data:image/jpeg;base64,{data}">'
