"""What a page says and draws, line by line, whatever codes its fonts use: to name the words in which two pages differ.

A font that is cut down to the characters in use numbers them by their first use, so one more letter anywhere may
change the codes on every page. Here each shown string is read through its font's ToUnicode map; everything else is
the operator with its operands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any

import pikepdf

from workbench.report.comparing import unpacked

_PAIR = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")
_MOST_MAP = 100_000
"""Bytes of a ToUnicode map; ours has at most 256 lines."""
_BEGIN = 60
QUOTES, NOTHING = ("'", '"'), "nothing more"
LINE = ("Tj", "'", '"', "TJ")
"""Operators that show text."""


def first_difference(ours: pikepdf.Page, theirs: pikepdf.Page) -> tuple[str, str] | None:
    """The first line of text that is not the same, ours and theirs, else the first stroke; None where all are."""
    marks = [list(_marks(page)) for page in (ours, theirs)]
    said = [[mark for mark in one if mark.startswith(QUOTES)] for one in marks]
    pairs = chain(zip_longest(*said, fillvalue=NOTHING), zip_longest(*marks, fillvalue=NOTHING))
    return next(((one, other) for one, other in pairs if one != other), None)


def pages_saying(pdf: pikepdf.Pdf, words: str) -> list[int]:
    """Numbers of the pages, from 1, on which `words` stand, however they are broken into lines; their begin decides."""
    wanted = "".join(words.split())[:_BEGIN]
    if not wanted:
        return []
    return [number for number, page in enumerate(pdf.pages, 1) if wanted in "".join(_text(page).split())]


def _text(page: pikepdf.Page) -> str:
    said = (mark for mark in _marks(page) if mark.startswith(QUOTES))
    return "".join(str(ast.literal_eval(mark.rpartition(" at size ")[0])) for mark in said)


def _marks(page: pikepdf.Page) -> Iterator[str]:
    fonts = page.obj.get("/Resources", pikepdf.Dictionary()).get("/Font", pikepdf.Dictionary())
    maps, code, line, size = dict[str, dict[int, str]](), dict[int, str](), list[str](), ""
    for step in pikepdf.parse_content_stream(page):
        operands, name = list(step.operands), str(step.operator)
        if name == "Tf" and len(operands) == 2:
            key, size = str(operands[0]), str(operands[1])
            if key not in maps:
                maps[key] = _codes(fonts.get(key))
            code = maps[key]
        elif name in LINE:
            line.append("".join(code.get(byte, "\ufffd") for byte in _bytes(operands)))
        else:
            if name == "ET" and line:
                yield f"{''.join(line)!r} at size {size}"
                line.clear()
            yield f"{name} {' '.join(map(_shown, operands))}".strip()


def _bytes(operands: Any) -> bytes:
    return b"".join(bytes(one) for one in operands if isinstance(one, pikepdf.String))


def _shown(operand: Any) -> str:
    return repr(operand) if isinstance(operand, pikepdf.Object) else str(operand)


def _codes(font: Any) -> dict[int, str]:
    """Code → character of a simple font."""
    mapping = font.get("/ToUnicode") if isinstance(font, pikepdf.Dictionary) else None
    data = unpacked(mapping, _MOST_MAP) if isinstance(mapping, pikepdf.Stream) else None
    return {int(code, 16): chr(int(char, 16)) for code, char in _PAIR.findall(data or b"")}
