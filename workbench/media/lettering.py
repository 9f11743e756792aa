"""Text as coverage masks: Pillow draws each character once, lines are put together from the cache.

A mask is uint8 (height, width), 0 nothing to 255 covered. Each line has two: `fill`, the letters, and `edge`,
the letters with their outline. Positions are whole pixels and depend only on the characters before, never on
the ones after (no kerning, no shaping), so a line that keeps its beginning keeps its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from workbench.media.fonts import REPLACEMENT, font_for, fonts, missing_glyphs

Mask = npt.NDArray[np.uint8]
MOST_GLYPHS = 2048
"""Characters kept drawn per face."""


class Glyph(NamedTuple):
    """One drawn character; `left` is where its masks start, counted from the pen."""

    advance: int
    left: int
    fill: Mask
    edge: Mask


@dataclass
class Masks:
    """The two masks of one line."""

    fill: Mask
    edge: Mask


@lru_cache(maxsize=64)
def _truetype(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


class Face:
    """Letters of one size.

    `size` is the height of the em in pixels, `outline` the width of the dark edge around the letters,
    `aspect` the shape of a pixel (width : height) that the letters are narrowed or widened for.
    """

    def __init__(self, size: int, outline: int, aspect: Fraction = Fraction(1)) -> None:
        ascent, descent = _truetype(fonts()[0].path, size).getmetrics()
        self.size, self.outline, self.aspect = size, outline, aspect
        self.baseline = ascent + outline
        self.height = ascent + descent + 2 * outline
        self._glyphs: dict[str, Glyph] = {}

    def advance(self, char: str) -> int:
        """How far the pen moves past `char`, in pixels."""
        return self._glyph(char).advance

    def positions(self, text: str) -> list[int]:
        """Where the pen stands at each character, and after the last."""
        places = [self.outline]
        for char in text:
            places.append(places[-1] + self.advance(char))
        return places

    def width(self, text: str) -> int:
        """Pixels that the line takes, outline included."""
        return self.positions(text)[-1] + self.outline

    def draw(self, text: str, places: list[int], into: Masks, begin: int) -> None:
        """Draw what reaches beyond column `begin` into the masks, which are empty from there on."""
        columns = into.fill.shape[1]
        for char, pen in zip(text, places, strict=False):
            glyph = self._glyph(char)
            x0, x1 = max(begin, pen + glyph.left), min(columns, pen + glyph.left + glyph.fill.shape[1])
            if x0 >= x1:
                continue
            part = slice(x0 - pen - glyph.left, x1 - pen - glyph.left)
            for target, source in ((into.fill, glyph.fill), (into.edge, glyph.edge)):
                there = target[: self.height, x0:x1]
                np.maximum(there, source[:, part], out=there)

    def _glyph(self, char: str) -> Glyph:
        glyph = self._glyphs.get(char)
        if glyph is None:
            if len(self._glyphs) >= MOST_GLYPHS:
                self._glyphs.clear()
            glyph = self._glyphs[char] = self._drawn(char)
        return glyph

    def _drawn(self, char: str) -> Glyph:
        font = _truetype(font_for(char).path, self.size)
        shown = REPLACEMENT if missing_glyphs(char) else char
        left, _, right, _ = font.getbbox(shown, anchor="ls", stroke_width=self.outline)
        left, right = int(left) - 1, int(right) + 1
        fill = self._image(shown, font, left, right, 0)
        edge = self._image(shown, font, left, right, self.outline)
        advance = max(0, round(font.getlength(shown) / self.aspect))
        return Glyph(advance, round(left / self.aspect), fill, np.maximum(fill, edge))

    def _image(self, char: str, font: ImageFont.FreeTypeFont, left: int, right: int, stroke: int) -> Mask:
        image = Image.new("L", (max(1, right - left), self.height))
        ImageDraw.Draw(image).text((-left, self.baseline), char, fill=255, font=font, anchor="ls", stroke_width=stroke)
        if self.aspect != 1:
            narrowed = max(1, round(image.width / self.aspect))
            image = image.resize((narrowed, image.height), Image.Resampling.BOX)
        return np.asarray(image, np.uint8)
