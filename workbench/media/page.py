"""The one-page pdf: one frame with its stamp, comment and facts, as a person prints it.

A4, portrait or landscape. An area given goes by the API: a part of the whole page, (0, 0) top left. Without
areas the picture stands on top, the stamp under it, the comment below; the facts are small print at the foot,
in landscape at the right. The picture keeps its shape and every sample: an array goes in deflated, JPEG bytes
as they are.

Text is real text in embedded fonts, each character in the first font that has it, and never markup. Text too
long for its area is set smaller, down to `SMALLEST` points, then cut with an ellipsis. A colour that paper
would swallow is printed black; text that lies on the picture gets white paper under it. The notes returned
say all this. The same call gives the same bytes; nothing in the file names a user, a machine or the present
time. Astral characters (emoji, mathematical letters) are written as ``\\U`` escapes: reportlab 5.1 embeds a
code map for them that no reader understands, and text that cannot be searched or copied is no real text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from workbench.core.errors import WorkError
from workbench.core.geometry import Area
from workbench.core.spec import Layout
from workbench.media import colors
from workbench.media.fonts import Font, drawn, font_for, fonts, runs
from workbench.media.writing import fit, notes, visible

MARGIN = 42.0
"""Points around the page; 72 are an inch."""
GAP = 12.0
STAMP_SIZE, COMMENT_SIZE, FACTS_SIZE, SMALLEST = 15.0, 11.0, 7.5, 6.0
LEADING, BASELINE = 1.3, 1.0
"""Line to line, and top of a line to its base, in sizes of the text."""
PICTURE_SHARE = 0.62
"""Most of the page's height that the picture takes by itself."""
FACTS_SHARE, FACTS_COLUMN = 0.45, 0.36
"""Most that the facts take of the room for text: of its height, in landscape of its width."""
LEAST_ROOM = 60.0
"""Points of height kept for text, over the picture if need be."""
LEAST_CONTRAST = 3.0
WHITE, BLACK, GRAY = (255, 255, 255), (0, 0, 0), (70, 70, 70)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
Picture = npt.NDArray[np.uint8] | bytes


class Box(NamedTuple):
    """A rectangle on the page, in points from its top left corner."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        """True where the two share more than an edge."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


@dataclass
class Setting:
    """Text broken into lines for a box."""

    box: Box
    lines: list[str]
    size: float
    cut: bool

    @property
    def height(self) -> float:
        """Points that the lines take."""
        return len(self.lines) * self.size * LEADING


@dataclass
class _Page:
    """The canvas, and what is to be told of it."""

    canvas: Canvas
    width: float
    height: float
    notes: dict[str, None]


def write_page(
    path: Path, picture: Picture, *, stamp: str = "", comment: str = "", snapshot_area: Area | None = None,
    stamp_area: Area | None = None, comment_area: Area | None = None, layout: Layout = "portrait",
    color: str = "#FFFFFF", facts: Mapping[str, str] | None = None, aspect: Fraction = Fraction(1),
    title: str = "Snapshot",
) -> tuple[str, ...]:  # fmt: skip
    """Write the page to `path` and return its notes.

    `picture` is uint8 (height, width, 3) RGB, upright, or the bytes of a JPEG or PNG file; `aspect` the shape
    of its pixels. `facts` are printed as they come, "name: value" a line.
    """
    width, height = A4 if layout == "portrait" else (A4[1], A4[0])
    page = _Page(_canvas(path, width, height, title), width, height, {})
    image = _image(picture)
    shape = Fraction(*image.size) * (aspect if aspect > 0 else 1)
    lines = "\n".join(f"{name}: {value}" for name, value in (facts or {}).items())

    seen = _draw_picture(page, image, picture, shape, snapshot_area)
    ink = _ink(page, color, bool(stamp or comment))
    room = _room(page, seen)
    stamp_box = _box(page, stamp_area) or room._replace(height=STAMP_SIZE * LEADING * 2)
    stamped = _setting(_safe(stamp), stamp_box, STAMP_SIZE)
    if stamp and stamp_area is None:
        room = _without_top(room, stamped.height + GAP)
    small, room = _facts(lines, room, layout)
    remark = _setting(_safe(comment), _box(page, comment_area) or room, COMMENT_SIZE)
    for what, text, setting, tint in (
        ("stamp", stamp, stamped, ink), ("comment", comment, remark, ink), ("facts", lines, small, GRAY),
    ):  # fmt: skip
        page.notes.update(dict.fromkeys(notes(_safe(text), what)))
        _print(page, what, setting, tint, seen)
    page.canvas.showPage()
    try:
        page.canvas.save()
    except OSError as exc:
        raise WorkError(f"{path} cannot be written: {exc}") from exc
    return tuple(page.notes)


def _canvas(path: Path, width: float, height: float, title: str) -> Canvas:
    font = _registered(fonts()[0])
    canvas = Canvas(str(path), pagesize=(width, height), invariant=1, pageCompression=1, initialFontName=font)
    canvas.setTitle(_safe(title))
    for say in (canvas.setAuthor, canvas.setSubject, canvas.setCreator, canvas.setKeywords):
        say("")
    canvas.setProducer("forensic-workbench")
    return canvas


def _image(picture: Picture) -> Image.Image:
    if isinstance(picture, bytes):
        try:
            return Image.open(io.BytesIO(picture))
        except OSError as exc:
            raise WorkError(f"the picture for the page cannot be read: {exc}") from exc
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"uint8 (height, width, 3) is wanted, got {picture.dtype} {picture.shape}")
    return Image.fromarray(picture)


def _draw_picture(page: _Page, image: Image.Image, picture: Picture, shape: Fraction, area: Area | None) -> Box:
    """Draw the picture as large as its area lets it, and say where it is."""
    wide = page.width - 2 * MARGIN
    box = _box(page, area) or Box(MARGIN, MARGIN, wide, min(page.height * PICTURE_SHARE, wide / shape))
    width = min(box.width, box.height * float(shape))
    height = width / float(shape)
    seen = Box(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height)
    # JPEG bytes pass through reportlab untouched; anything else is deflated RGB.
    coded = isinstance(picture, bytes) and image.format == "JPEG"
    source = io.BytesIO(bytes(picture)) if coded else image.convert("RGB")
    page.canvas.drawImage(ImageReader(source), seen.x, page.height - seen.y - height, width, height)
    return seen


def _box(page: _Page, area: Area | None) -> Box | None:
    if area is None:
        return None
    width, height = (area.x1 - area.x0) * page.width, (area.y1 - area.y0) * page.height
    return Box(area.x0 * page.width, area.y0 * page.height, width, height)


def _ink(page: _Page, color: str, wanted: bool) -> colors.Rgb:
    ink = colors.parse(color)
    if colors.contrast(ink, WHITE) >= LEAST_CONTRAST:
        return ink
    if wanted:
        page.notes[f"text colour {color} cannot be read on white paper; printed black"] = None
    return BLACK


def _room(page: _Page, seen: Box) -> Box:
    """Where text goes by itself: under the picture, or above one that leaves more room there."""
    wide, low = page.width - 2 * MARGIN, seen.y + seen.height + GAP
    above, below = seen.y - GAP - MARGIN, page.height - MARGIN - low
    if below < LEAST_ROOM and above > below:
        return Box(MARGIN, MARGIN, wide, above)
    below = max(below, LEAST_ROOM)
    return Box(MARGIN, page.height - MARGIN - below, wide, below)


def _without_top(room: Box, height: float) -> Box:
    return room._replace(y=room.y + height, height=max(0.0, room.height - height))


def _facts(text: str, room: Box, layout: Layout) -> tuple[Setting, Box]:
    """The facts at the foot of the room, in landscape in its right column; and the room that is left."""
    if not text:
        return _setting("", room, FACTS_SIZE), room
    if layout == "landscape":
        column = room.width * FACTS_COLUMN
        box = room._replace(x=room.x + room.width - column, width=column)
        return _setting(_safe(text), box, FACTS_SIZE), room._replace(width=room.width - column - 2 * GAP)
    made = _setting(_safe(text), room._replace(height=room.height * FACTS_SHARE), FACTS_SIZE)
    made.box = made.box._replace(y=room.y + room.height - made.height)
    return made, room._replace(height=max(0.0, room.height - made.height - GAP))


def _safe(text: str) -> str:
    """`visible` text, with astral characters escaped too (see above)."""
    return _ASTRAL.sub(lambda found: f"\\U{ord(found[0]):08x}", visible(text))


def _setting(text: str, box: Box, size: float) -> Setting:
    """The text set in the box at the largest size up to `size` that holds it, or cut at the smallest."""
    while True:
        most = max(1, int(box.height / (size * LEADING)))
        lines, cut = fit(text, _advance, width=box.width / size, most=most) if text else ([], False)
        if size <= SMALLEST or not (cut or size * LEADING > box.height):
            return Setting(box, lines, size, cut)
        size = max(SMALLEST, size - 0.5)


def _print(page: _Page, what: str, setting: Setting, ink: colors.Rgb, seen: Box) -> None:
    """Print a setting from its box's top left corner."""
    if not setting.lines:
        return
    box, size = setting.box, setting.size
    if setting.cut:
        cut = f"{what}: too long for its area on the page; cut after {len(setting.lines)} line(s)"
        page.notes[cut] = None
    wide = max(sum(map(_advance, line)) for line in setting.lines) * size
    paper = Box(box.x - 2, box.y - 1, wide + 4, setting.height + 2)
    if paper.meets(seen):
        page.notes[f"{what}: lies on the picture and is set on white, hiding what is under it"] = None
        page.canvas.setFillColorRGB(1, 1, 1)
        bottom = page.height - paper.y - paper.height
        page.canvas.rect(paper.x, bottom, paper.width, paper.height, stroke=0, fill=1)
    page.canvas.setFillColorRGB(*(part / 255 for part in ink))
    for number, line in enumerate(setting.lines):
        _line(page.canvas, line, box.x, page.height - box.y - size * (number * LEADING + BASELINE), size)


def _line(canvas: Canvas, line: str, x: float, y: float, size: float) -> None:
    text = canvas.beginText(x, y)
    for font, part in runs(line):
        text.setFont(_registered(font), size)
        text.textOut(part)
    canvas.drawText(text)


def _registered(font: Font) -> str:
    """The font's name in reportlab, whose table of fonts is global: ours are named apart and put in once."""
    name = f"workbench-{font.path.stem}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, str(font.path)))
    return name


def _advance(char: str) -> float:
    """Width of a character at size 1."""
    face: Any = pdfmetrics.getFont(_registered(font_for(char))).face
    width: float = face.charWidths.get(ord(drawn(char)), face.defaultWidth) / 1000
    return width
