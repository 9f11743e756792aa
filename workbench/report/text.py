"""Text on paper: made harmless, cut into lines, printed with the font that each character needs.

Nothing in a text acts. `harmless` writes every character that would act or hide as an escape, as `media.writing`
does, and astral characters too (reportlab embeds a code map for them that no reader understands). Markup is text:
lines go to the canvas as they are, never through a parser. A character is drawn from the style's own font or the
first of `media.fonts` that has it; what none has becomes U+FFFD, and `remarks` says so.

>>> harmless("<b>\\u202e")
'<b>\\\\u202e'
>>> lines("one two three", NORMAL, 40)
['one two', 'three']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from workbench.media.fonts import REPLACEMENT, Font, fonts
from workbench.media.writing import fit, notes, visible, wrap

SANS, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_EMPTY = re.compile(r"\n(?:[ \t]*\n){4,}")
_DIGEST = re.compile(r"[0-9a-f]{32,}")
_GROUPS = (64, 32, 16, 8)
"""Where a digest may be broken: the largest of these that the column holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text looks."""

    font: str = SANS
    size: float = 9.0
    leading: float = 1.42
    """Line to line, in sizes."""
    ink: float = 0.0
    """Grey: 0 is black, 1 white."""
    struck: bool = False

    @property
    def line(self) -> float:
        """Points from line to line."""
        return self.size * self.leading


NORMAL, STRUCK = Style(), Style(struck=True, ink=0.3)
SMALL, CODE = Style(size=7.6, ink=0.15), Style(font=MONO, size=7.6)
CELL, CELL_CODE, CELL_HEAD = Style(size=7.6), Style(font=MONO, size=6.8, leading=1.58), Style(font=BOLD, size=7.6)
FACT, FACT_CODE, FACT_NAME = Style(size=6.6), Style(font=MONO, size=5.8, leading=1.616), Style(size=6.6, ink=0.3)
DENSE = Style(size=5.8, leading=1.3)
CAPTION, COMMENT = Style(font=BOLD, size=8.2), Style(size=7.8)
NOTICE, NOTICE_SMALL = Style(font=BOLD, size=14, leading=1.3), Style(font=BOLD, size=9)
PART, TITLE, LABEL = Style(font=BOLD, size=14), Style(font=BOLD, size=9.4), Style(size=7, ink=0.25)


class Glyph(NamedTuple):
    """How one character is drawn."""

    font: str
    """The font's name in reportlab."""
    char: str
    width: float
    """At size 1."""


class _Glyphs(dict[str, Glyph]):
    """Character → glyph, found when first asked for; one for each leading font."""

    def __init__(self, first: str) -> None:
        super().__init__()
        self.order = sorted(fonts(), key=lambda font: font.path.stem != first)

    def __missing__(self, char: str) -> Glyph:
        font = next((font for font in self.order if ord(char) in font.characters), None)
        shown, name = (char, registered(font)) if font else (REPLACEMENT, registered(self.order[0]))
        face: Any = pdfmetrics.getFont(name).face
        glyph = Glyph(name, shown, face.charWidths.get(ord(shown), face.defaultWidth) / 1000)
        self[char] = glyph
        return glyph


@lru_cache(maxsize=8)
def _glyphs(first: str) -> _Glyphs:
    return _Glyphs(first)


def registered(font: Font) -> str:
    """The font's name in reportlab, whose table of fonts is global: ours are named apart and put in once."""
    name = f"workbench-report-{font.path.stem}"
    if name not in pdfmetrics.getRegisteredFontNames():
        loaded = TTFont(name, str(font.path))
        _mend(loaded.face.hmetrics)
        pdfmetrics.registerFont(loaded)
    return name


def _mend(metrics: list[tuple[Any, int]]) -> None:
    """Give glyphs behind the font's last full metric its advance in font units, as the embedded font needs it.

    reportlab 5.1 keeps it scaled there, so that a fixed-width font embeds with widths that PDF/A calls wrong.
    """
    behind = next((n for n, (advance, _) in enumerate(metrics) if isinstance(advance, float)), 0)
    if behind:
        metrics[behind:] = [(metrics[behind - 1][0], bearing) for _, bearing in metrics[behind:]]


def font_name(style: Style) -> str:
    """The name in reportlab of the style's own font."""
    return _glyphs(style.font)[" "].font


def harmless(text: str) -> str:
    """The text as it is printed: nothing in it acts or hides; more than four empty lines are counted instead."""
    shown = _ASTRAL.sub(lambda found: f"\\U{ord(found[0]):08x}", visible(text))
    return _EMPTY.sub(lambda found: f"\n[{found[0].count(chr(10)) - 1} empty lines]\n", shown)


def remarks(text: str, what: str) -> tuple[str, ...]:
    """What a reader must know of how `text` is printed; `what` names it."""
    told = notes(harmless(text), what)
    return (*told[:-1], f"{told[-1]}; the exact text is in the attached report.json") if told else ()


def width_of(text: str, style: Style) -> float:
    """Points that one harmless line takes."""
    glyphs = _glyphs(style.font)
    return sum(glyphs[char].width for char in text) * style.size


def lines(text: str, style: Style, width: float) -> list[str]:
    """The text, made harmless, in lines of at most `width` points; a long digest breaks into even groups."""
    glyphs = _glyphs(style.font)
    fits = width / style.size
    safe = harmless(text)
    if _DIGEST.search(safe):
        room = int(fits / glyphs["0"].width)
        safe = _DIGEST.sub(lambda found: _grouped(found[0], room), safe)
    return list(wrap(safe, lambda char: glyphs[char].width, fits))


def _grouped(digest: str, room: int) -> str:
    """A digest that is too long for a line, cut into equal lines of 8, 16, 32 or 64 digits."""
    if len(digest) <= room:
        return digest
    step = next((group for group in _GROUPS if group <= room), len(digest))
    return "\n".join(digest[at : at + step] for at in range(0, len(digest), step))


def one_line(text: str, style: Style, width: float) -> str:
    """The text on one line of at most `width` points, with an ellipsis where it was cut."""
    glyphs = _glyphs(style.font)
    flat = harmless(text).replace("\n", " ")
    return "".join(fit(flat, lambda char: glyphs[char].width, width=width / style.size, most=1)[0])


def is_digest(text: str) -> bool:
    """True where the first line is one digest: such a text is set in fixed width wherever it stands."""
    return _DIGEST.fullmatch(text.partition("\n")[0]) is not None


def draw(canvas: Any, x: float, base: float, line: str, style: Style) -> None:
    """Print one harmless line from `x` on, its letters standing on `base`."""
    if not line:
        return
    text = canvas.beginText(x, base)
    text.setFillGray(style.ink)
    for name, part in _runs(line, style):
        text.setFont(name, style.size)
        text.textOut(part)
    canvas.drawText(text)
    if style.struck:
        canvas.setLineWidth(0.6)
        canvas.setStrokeGray(style.ink)
        middle = base + style.size * 0.3
        canvas.line(x, middle, x + width_of(line, style), middle)


def draw_right(canvas: Any, right: float, base: float, line: str, style: Style) -> None:
    """Print one harmless line that ends at `right`."""
    draw(canvas, right - width_of(line, style), base, line, style)


def _runs(line: str, style: Style) -> Iterator[tuple[str, str]]:
    """The line cut where the font changes, with U+FFFD for what no font has."""
    glyphs = _glyphs(style.font)
    for name, group in groupby((glyphs[char] for char in line), key=lambda glyph: glyph.font):
        yield name, "".join(glyph.char for glyph in group)
