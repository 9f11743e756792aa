"""Patterns and frames: every kind of stretch has its own, so that a figure reads in black and white.

Colour is added to a pattern and never needed: `PATTERNS` differ in the direction and density of their lines, or are
empty, light or dark. Lines are drawn one by one, cut off by a clipping path; no tiling patterns, which some printers
lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a stretch or a shape is filled."""

    paper: tuple[float, float, float]
    ink: tuple[float, float, float]
    lines: str = ""
    """Any of ``/``, ``\\``, ``-``, ``|``: which lines run through it."""
    step: float = 4.0
    """Points between two lines."""
    words: str = ""
    """How the key explains it."""


WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
PATTERNS = {
    "asked": Pattern(WHITE, BLACK, words="asked for"),
    "recorded": Pattern((0.80, 0.86, 0.93), (0.25, 0.35, 0.5), words="recorded"),
    "copied": Pattern((0.13, 0.27, 0.47), BLACK, words="copied, bit-identical"),
    "reencoded": Pattern((0.99, 0.90, 0.74), (0.45, 0.25, 0.0), "/", 3.6, words="re-encoded"),
    "masked": Pattern((0.95, 0.80, 0.84), (0.45, 0.0, 0.15), "/\\", 4.4, words="re-encoded with a mask"),
    "delivered": Pattern((0.82, 0.92, 0.82), (0.1, 0.35, 0.15), "\\", 3.6, words="delivered by a VMS"),
    "gap": Pattern(WHITE, (0.45, 0.45, 0.45), "|", 2.6, words="gap: nothing recorded"),
    "lost": Pattern((1.0, 0.93, 0.55), BLACK, "-", 2.2, words="lost: recorded, cannot be read"),
}
"""Kind of a span → how it is drawn."""
MASK = Pattern(WHITE, BLACK, "/\\", 7.0)


def rectangle(canvas: Any, x: float, y: float, width: float, height: float, pattern: Pattern) -> None:
    """A filled, framed rectangle; `y` is its lower edge."""
    canvas.setFillColorRGB(*pattern.paper)
    canvas.rect(x, y, width, height, stroke=0, fill=1)
    if pattern.lines:
        polygon(canvas, [(x, y), (x + width, y), (x + width, y + height), (x, y + height)], pattern)
    canvas.setStrokeColorRGB(*pattern.ink)
    canvas.setLineWidth(0.6)
    canvas.rect(x, y, width, height, stroke=1, fill=0)


def polygon(canvas: Any, points: Sequence[Point], pattern: Pattern) -> None:
    """The pattern's lines inside the polygon, nothing else."""
    low, high = (min(y for _, y in points), max(y for _, y in points))
    left, right = (min(x for x, _ in points), max(x for x, _ in points))
    canvas.saveState()
    canvas.clipPath(path(canvas, points), stroke=0, fill=0)
    canvas.setStrokeColorRGB(*pattern.ink)
    canvas.setLineWidth(0.5)
    canvas.lines([line for kind in pattern.lines for line in _lines(kind, left, low, right, high, pattern.step)])
    canvas.restoreState()


def path(canvas: Any, points: Sequence[Point]) -> Any:
    """The closed path through the points."""
    outline = canvas.beginPath()
    outline.moveTo(*points[0])
    for point in points[1:]:
        outline.lineTo(*point)
    outline.close()
    return outline


def _lines(
    kind: str, left: float, low: float, right: float, high: float, step: float
) -> list[tuple[float, float, float, float]]:
    """Parallel lines over a rectangle, on a grid that is the same for all, so that neighbours join."""
    if kind == "-":
        return [(left, y, right, y) for y in _steps(low, high, step)]
    if kind == "|":
        return [(x, low, x, high) for x in _steps(left, right, step)]
    tall = high - low
    if kind == "/":
        return [(at, low, at + tall, high) for at in _steps(left - tall, right, step * 1.414)]
    return [(at, high, at + tall, low) for at in _steps(left - tall, right, step * 1.414)]


def _steps(begin: float, end: float, step: float) -> list[float]:
    return [number * step for number in range(int(begin // step) + 1, int(end // step) + 1)]


def box(canvas: Any, x: float, y: float, width: float, height: float) -> None:
    """The frame of a notice: a heavy line around it, a hatched edge at its left."""
    canvas.setFillColorRGB(1, 0.97, 0.86)
    canvas.rect(x, y, width, height, stroke=0, fill=1)
    edge = Pattern((1.0, 0.8, 0.2), BLACK, "/", 4.2)
    rectangle(canvas, x, y, 9, height, edge)
    canvas.setStrokeGray(0)
    canvas.setLineWidth(1.6)
    canvas.rect(x, y, width, height, stroke=1, fill=0)
