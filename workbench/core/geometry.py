"""Points, areas and polygons in normalised coordinates of the picture as it is shown.

(0, 0) is the top left corner, (1, 1) the bottom right one, after the rotation that the recording asks for.
Numbers up to 1e-6 outside are noise of writing them down and are clamped; anything further out is an error.

>>> Area.from_corners((0.8, 0.8), (0.3, 0.3))
Area(x0=0.3, y0=0.3, x1=0.8, y1=0.8)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import RequestError

Point = tuple[float, float]
NOISE = 1e-6
MOST_POINTS = 1_000_000


def coordinate(value: Any, field: str) -> float:
    """One normalised coordinate, clamped within `NOISE`; RequestError naming `field` otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -2 < value < 2:
        raise RequestError(
            field, f"{str(value)[:40]} is not a number near 0 to 1", "Coordinates run from 0 to 1, origin top left."
        )
    if not -NOISE <= value <= 1 + NOISE:
        raise RequestError(
            field, f"{value!r} lies outside the picture", "Coordinates run from 0 to 1, origin top left."
        )
    return min(1.0, max(0.0, float(value)))


def point(value: Any, field: str) -> Point:
    """A point given as two numbers."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise RequestError(field, f"{value!r} is not a point", "A point is two numbers: x, y.")
    return coordinate(value[0], field), coordinate(value[1], field)


@dataclass(frozen=True, slots=True)
class Area:
    """An upright rectangle; x0 < x1 and y0 < y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        for value in (self.x0, self.y0, self.x1, self.y1):
            coordinate(value, "area")
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise RequestError("area", "it has no width or no height", "Give two opposite corners.")

    @classmethod
    def from_corners(cls, a: Any, b: Any, field: str = "area") -> Area:
        """The rectangle between two opposite corners, in whichever order they come."""
        (ax, ay), (bx, by) = point(a, field), point(b, field)
        if ax == bx or ay == by:
            raise RequestError(field, "the area has no width or no height", "Give two opposite corners.")
        return cls(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def corners(self) -> list[list[float]]:
        """The API's form: [[x0, y0], [x1, y1]]."""
        return [[self.x0, self.y0], [self.x1, self.y1]]


WHOLE = Area(0.0, 0.0, 1.0, 1.0)


def polygon(points: Iterable[Any], field: str = "masks") -> tuple[Point, ...]:
    """A closed polygon of three or more points, the repeated last point dropped.

    Concave and self-crossing shapes are allowed (the even-odd rule never applies: everything the outline
    encloses is covered). Raises RequestError for fewer than three different points or for a shape without area.
    """
    corners = [point(p, field) for p in points]
    if len(corners) > MOST_POINTS:
        raise RequestError(field, f"{len(corners)} points are more than the {MOST_POINTS} allowed")
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    if len(set(corners)) < 3:
        raise RequestError(field, "a polygon needs three different points or more")
    if _on_one_line(corners):
        raise RequestError(field, "all points of the polygon lie on one line")
    return tuple(corners)


def _on_one_line(corners: list[Point]) -> bool:
    """Whether the corners enclose nothing: judged from the corner farthest from the first, relative to its distance."""
    ax, ay = corners[0]
    bx, by = max(corners, key=lambda c: abs(c[0] - ax) + abs(c[1] - ay))
    length = abs(bx - ax) + abs(by - ay)
    return all(abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) <= 1e-12 * length * length for x, y in corners)


def turned(p: Point, rotation: int) -> Point:
    """A point of the shown picture in the coordinates of the coded one.

    `rotation` is how far, in degrees counter-clockwise (0, 90, 180, 270), a player turns the coded picture to
    show it: FFmpeg's `av_display_rotation_get`, and `VideoFrame.rotation` in PyAV.
    """
    x, y = p
    return {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[rotation % 360]


def turned_area(area: Area, rotation: int) -> Area:
    """An area of the shown picture in the coordinates of the coded one."""
    return Area.from_corners(turned((area.x0, area.y0), rotation), turned((area.x1, area.y1), rotation))
