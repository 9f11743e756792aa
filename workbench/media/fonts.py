r"""Fonts: the TrueType files that matplotlib ships, found without importing it.

No font of the machine is ever used, so the same text gives the same pixels everywhere. A character is drawn
from the first of `FILES` that has it. The other files are left out on purpose: `cm*` and `STIXSiz*` sit
mathematical signs on ordinary codes, `STIXNonUni` holds private ones, and `LastResort` has a box for
everything. What no font has is drawn as U+FFFD and named by `missing_glyphs`.

>>> font_for("Ж").path.name
'DejaVuSans.ttf'
>>> [font.path.stem for font, _ in runs("a\U0001d49cb")]
['DejaVuSans', 'STIXGeneral', 'DejaVuSans']
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from workbench.core.errors import WorkError

FILES = ("DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans-Bold", "STIXGeneral")
REPLACEMENT = "\ufffd"
"""Stands for a character that no font has."""


@dataclass(frozen=True)
class Font:
    """One font file and the characters it can draw."""

    path: Path
    characters: frozenset[int]

    def __hash__(self) -> int:
        return hash(self.path)


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where matplotlib keeps its fonts; WorkError where it is not installed."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise WorkError("the fonts for drawing text are missing", "Install them: pip install matplotlib.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


@lru_cache(maxsize=1)
def fonts() -> tuple[Font, ...]:
    """The fonts of `FILES` that are there, in that order; DejaVu Sans must be."""
    paths = [folder() / f"{name}.ttf" for name in FILES]
    if not paths[0].is_file():
        raise WorkError(f"the font {paths[0]} is missing", "Reinstall matplotlib, which ships it.")
    return tuple(Font(path, _characters(path.read_bytes())) for path in paths if path.is_file())


@lru_cache(maxsize=4096)
def _lookup(char: str) -> Font | None:
    return next((font for font in fonts() if ord(char) in font.characters), None)


def font_for(char: str) -> Font:
    """The font that draws `char`; the first one, with U+FFFD, where none has it."""
    return _lookup(char) or fonts()[0]


def drawn(text: str) -> str:
    """The text with every character that no font has replaced by U+FFFD; line ends stay."""
    lacking = set(missing_glyphs(text))
    return "".join(REPLACEMENT if char in lacking else char for char in text) if lacking else text


def missing_glyphs(text: str) -> str:
    """The characters that no font has, each once, in the order of the text."""
    return "".join(char for char in dict.fromkeys(text) if char != "\n" and _lookup(char) is None)


def runs(text: str) -> Iterator[tuple[Font, str]]:
    """The text cut where the font changes."""
    for font, group in groupby(drawn(text), font_for):
        yield font, "".join(group)


def _characters(data: bytes) -> frozenset[int]:
    """The characters with a glyph, from the file's `cmap` table (OpenType 1.9, formats 4 and 12)."""
    (tables,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sLLL", data, 12 + 16 * i) for i in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    found: set[int] = set()
    for i in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", data, start + 4 + 8 * i)
        (kind,) = struct.unpack_from(">H", data, start + offset)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            found.update({4: _format_4, 12: _format_12}.get(kind, _no_characters)(data, start + offset))
    return frozenset(found)


def _no_characters(data: bytes, at: int) -> Iterator[int]:
    return iter(())


def _format_4(data: bytes, at: int) -> Iterator[int]:
    (double,) = struct.unpack_from(">H", data, at + 6)
    columns = (at + 14, at + 16 + double, at + 16 + 2 * double, at + 16 + 3 * double)
    for i in range(0, double, 2):
        end, start, delta, offset = (struct.unpack_from(">H", data, p + i)[0] for p in columns)
        for char in range(start, min(end, 0xFFFE) + 1):
            glyph = char
            if offset:
                (glyph,) = struct.unpack_from(">H", data, columns[3] + i + offset + 2 * (char - start))
            if (glyph if offset and not glyph else (glyph + delta) & 0xFFFF) != 0:
                yield char


def _format_12(data: bytes, at: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">L", data, at + 12)
    for i in range(groups):
        first, last, glyph = struct.unpack_from(">LLL", data, at + 16 + 12 * i)
        yield from range(first + (glyph == 0), last + 1)
