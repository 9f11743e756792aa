"""Pages out of pieces: what stands on which page, known before the first one is drawn.

A piece (`Flow`) knows its height when it is made, since it is made for a width. `paginate` puts pieces below each
other and cuts those that can be cut where a page ends. As nothing is drawn meanwhile, the number of pages and the
page of each heading are known to the table of contents and to *page n of m*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from workbench.report import text
from workbench.report.model import Picture

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(slots=True, kw_only=True)
class Sheet:
    """The page that is being drawn."""

    canvas: Any
    number: int
    total: int
    starts: dict[str, int]
    """Anchor → page."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    """What this page shows, by the names under which it calls for the pixels."""

    def place(self, picture: Picture, x: float, low: float, width: float, height: float) -> None:
        """Show a picture in a rectangle; its pixels join the PDF under the name that is used here."""
        name = image_name(picture)
        self.canvas.saveState()
        self.canvas.transform(width, 0, 0, height, x, low)
        self.canvas._code.append(f"/{name} Do")  # reportlab's own way would code the pixels anew
        self.canvas.restoreState()
        self.pictures[name] = picture


def image_name(picture: Picture) -> str:
    """The name of a picture's pixels in the PDF: their own digest, so that it says what they must be."""
    return f"P{picture.rgb_sha256}" if _DIGEST.fullmatch(picture.rgb_sha256) else "P"


class Flow(Protocol):
    """A piece of the report."""

    @property
    def height(self) -> float:
        """Points it takes."""

    @property
    def least(self) -> float:
        """Points below which it is not begun on a page."""

    @property
    def keep(self) -> bool:
        """True where it stands on the page of the piece that follows."""

    def split(self, room: float) -> tuple[Flow, Flow] | None:
        """What fits into `room` points, and the rest; None where it cannot be cut there."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Draw it from its top left corner down."""


@dataclass(frozen=True, slots=True)
class Space:
    """White between two pieces; none at the top of a page."""

    height: float
    keep: bool = False

    @property
    def least(self) -> float:
        """Nothing: it is swallowed by the end of the page."""
        return 0.0

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class NewPage(Space):
    """What follows begins on a new page."""

    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A place that the bookmarks lead to, and with a key the table of contents; takes no room."""

    title: str
    key: str = ""
    level: int = 0
    height: float = 0.0
    least: float = 0.0
    keep: bool = True

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Set the link's target and the bookmark."""
        key = self.key or f"{sheet.number}-{x:.0f}-{top:.0f}"
        title = text.one_line(self.title, text.NORMAL, 600)
        sheet.canvas.bookmarkHorizontal(key, x, top + 6)
        sheet.canvas.addOutlineEntry(title, key, self.level, closed=self.level == 0)


MOST_KEPT = 120.0
"""Points up to which text is kept with what follows; a heading that is longer may be cut."""
Placed = tuple[float, Flow]
"""Points from the top of the page, and the piece."""


def fill(flows: Iterable[Flow], room: float, *, fresh: bool = False) -> tuple[list[Placed], list[Flow]]:
    """The pieces that fit into `room` points, and what is left. On a `fresh` page something is placed always."""
    left, placed, used = list(flows), list[Placed](), 0.0
    left.reverse()
    while left:
        flow = left[-1]
        if isinstance(flow, NewPage) and placed:
            left.pop()
            break
        if isinstance(flow, Space) and (used == 0.0 or used + flow.height > room):
            left.pop()
            continue
        if not (fresh and used == 0.0) and used + begin(reversed(left)) > room + 0.01:
            break
        if used + flow.height <= room + 0.01:
            placed.append((used, left.pop()))
            used += flow.height
            continue
        parts = flow.split(room - used)
        if parts is not None:
            placed.append((used, parts[0]))
            left[-1] = parts[1]
        elif fresh and used == 0.0:
            placed.append((used, left.pop()))
        break
    return placed, left[::-1]


def begin(flows: Iterable[Flow]) -> float:
    """Points that the first piece needs, with all that must stand on the same page."""
    needed = 0.0
    for flow in flows:
        if not flow.keep or flow.height > MOST_KEPT:
            return needed + flow.least
        needed += flow.height
    return needed


def paginate(flows: Iterable[Flow], height: float) -> list[list[Placed]]:
    """All pieces on pages of `height` points."""
    pages, left = list[list[Placed]](), list(flows)
    while left:
        placed, left = fill(left, height, fresh=True)
        if placed:
            pages.append(placed)
    return pages or [[]]
