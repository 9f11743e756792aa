"""Marks on a copy of a snapshot: arrows, boxes and text, each with an edge that shows in black and white too.

    annotate   the PNG at ``path``, its SHA-256, and marks → a marked PNG of the same size

Coordinates are normalised to the picture, (0, 0) top left. Lines are as thick as the picture is large; text is drawn
by the fonts that matplotlib ships, characters that act or that no font has shown as in `writing` and `fonts`. The same
picture and marks give the same bytes; outside the marks each pixel is the snapshot's.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from workbench.core.errors import SourceError
from workbench.media import colors
from workbench.media.lettering import Face, Masks
from workbench.media.writing import fit, visible

Answer = tuple[dict[str, Any], list[bytes]]
Point = tuple[float, float]
LINES_PER_HEIGHT = 26
SMALLEST = 12
"""Smallest letters, in pixels."""
DARK = 0.3
"""Luminance below which a mark gets a light edge."""
_FINE = 3
"""Marks are drawn so many times larger and scaled down, for smooth edges."""
_AFTER_IHDR, _PHYS = 33, 21
"""Where the first chunk behind IHDR begins, and the length of a whole pHYs chunk."""


def annotate(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> Answer:
    """A marked copy of the PNG at ``path``, whose SHA-256 must be ``sha256``; the copy is the only blob.

    ``marks`` are those of `AnnotationRecord`, checked by whoever calls. Answers with the copy's ``rgb_sha256``.
    """
    path = Path(job["path"])
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise SourceError(f"{path.name}: {exc.strerror or exc}", "The case's own picture is missing.") from exc
    if hashlib.sha256(data).hexdigest() != job["sha256"]:
        raise SourceError(f"{path.name} is not the picture that was taken", "Take the snapshot again.")
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for mark in job["marks"]:
        _DRAWN[mark["kind"]](picture, mark)
    out = io.BytesIO()
    picture.save(out, "png")
    made = out.getvalue()
    shape = data[_AFTER_IHDR : _AFTER_IHDR + _PHYS] if data[_AFTER_IHDR + 4 : _AFTER_IHDR + 8] == b"pHYs" else b""
    pixels = hashlib.sha256(picture.tobytes()).hexdigest()
    return {"rgb_sha256": pixels}, [made[:_AFTER_IHDR] + shape + made[_AFTER_IHDR:]]


def _arrow(picture: Image.Image, mark: dict[str, Any]) -> None:
    (x0, y0), (x1, y1) = _pixels(picture, mark["from"]), _pixels(picture, mark["to"])
    thick = _thickness(picture)
    length = math.hypot(x1 - x0, y1 - y0)
    head = min(6.0 * thick, length)
    along = ((x1 - x0) / length, (y1 - y0) / length)
    neck = (x1 - along[0] * head, y1 - along[1] * head)
    wings = [(neck[0] - s * along[1] * head / 2, neck[1] + s * along[0] * head / 2) for s in (1, -1)]

    def draw(pen: ImageDraw.ImageDraw, scale: int, grow: float) -> None:
        _line(pen, [(x0, y0), neck], thick + 2 * grow, scale)
        corners = [_scaled(p, scale) for p in ((x1, y1), *wings)]
        pen.polygon(corners, fill=255)
        if grow:
            _line(pen, [(x1, y1), *wings, (x1, y1)], 2 * grow, scale)

    _paint(picture, mark["color"], draw)


def _box(picture: Image.Image, mark: dict[str, Any]) -> None:
    (x0, y0), (x1, y1) = _pixels(picture, mark["from"]), _pixels(picture, mark["to"])
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    thick = _thickness(picture)

    def draw(pen: ImageDraw.ImageDraw, scale: int, grow: float) -> None:
        _line(pen, corners, thick + 2 * grow, scale)

    _paint(picture, mark["color"], draw)


def _text(picture: Image.Image, mark: dict[str, Any]) -> None:
    size = max(SMALLEST, round(min(picture.size) / LINES_PER_HEIGHT))
    face = Face(size, max(1, round(size / 10)))
    most = max(1, picture.height // face.height)
    lines, _ = fit(visible(mark["text"]), face.advance, width=picture.width - 2 * face.outline, most=most)
    width, height = max(map(face.width, lines), default=1), face.height * len(lines)
    x, y = _pixels(picture, mark["at"])
    left, top = max(0, min(round(x), picture.width - width)), max(0, min(round(y), picture.height - height))
    for number, line in enumerate(lines):
        blank = Masks(*(np.zeros((face.height, face.width(line) + face.size), np.uint8) for _ in range(2)))
        face.draw(line, face.positions(line), blank, 0)
        place = (left, top + number * face.height)
        ink, edge = _inks(mark["color"])
        picture.paste(edge, place, Image.fromarray(blank.edge))
        picture.paste(ink, place, Image.fromarray(blank.fill))


_DRAWN: dict[str, Callable[[Image.Image, dict[str, Any]], None]] = {"arrow": _arrow, "box": _box, "text": _text}


def _paint(picture: Image.Image, color: str, draw: Callable[[ImageDraw.ImageDraw, int, float], None]) -> None:
    """Edge first, then ink; `draw` gets a pen, the scale to draw at, and how much wider than the ink to draw."""
    scale = _FINE if picture.width * picture.height < 12_000_000 else 1
    ink, edge = _inks(color)
    for tint, grow in ((edge, max(1.0, _thickness(picture) / 3)), (ink, 0.0)):
        mask = Image.new("L", (picture.width * scale, picture.height * scale))
        draw(ImageDraw.Draw(mask), scale, grow)
        picture.paste(tint, mask=mask.resize(picture.size, Image.Resampling.BOX) if scale > 1 else mask)


def _line(pen: ImageDraw.ImageDraw, points: Sequence[Point], thick: float, scale: int) -> None:
    """A line with round joints and ends."""
    wide = max(1, round(thick * scale))
    scaled = [_scaled(p, scale) for p in points]
    pen.line(scaled, fill=255, width=wide)
    for x, y in scaled:
        pen.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=255)


def _scaled(point: Point, scale: int) -> Point:
    return point[0] * scale, point[1] * scale


def _pixels(picture: Image.Image, point: Sequence[float]) -> Point:
    return point[0] * picture.width, point[1] * picture.height


def _thickness(picture: Image.Image) -> float:
    return max(2.0, min(picture.size) / 180)


def _inks(color: str) -> tuple[colors.Rgb, colors.Rgb]:
    """A mark's colour, and that of its edge."""
    ink = colors.parse(color)
    return ink, (0, 0, 0) if colors.luminance(ink) > DARK else (255, 255, 255)
