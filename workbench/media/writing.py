"""Text before it has a font: made harmless, cut into lines, and warned about.

Text comes from anywhere. `visible` lets nothing in it act: control characters, invisible format characters,
bidirectional overrides, private codes and lone surrogates are written as escapes (``\\x1b``, ``\\u202e``); a
line feed ends a line, a tab is four spaces. Lines are measured character by character, without kerning.

>>> visible("a\\x1b[31mb")
'a\\\\x1b[31mb'
>>> fit("one two three", lambda char: 1.0, width=7, most=1)
(['one tw…'], True)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice

from workbench.media.fonts import missing_glyphs

Advance = Callable[[str], float]
"""Width of one character."""
ELLIPSIS = "…"
MOST_NAMED = 10
"""Missing characters named in a warning before it says how many more there are."""


def visible(text: str) -> str:
    """The text as it may be shown: every character that would act or hide is an escape."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    acting = {char: _escape(char) for char in set(text) if char != "\n" and _acts(char)}
    return "".join(acting.get(char, char) for char in text) if acting else text


def _acts(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def notes(text: str, what: str) -> tuple[str, ...]:
    """What a reader should know of how `text` (already visible) is drawn; `what` names it (``comment``)."""
    found = []
    if missing := missing_glyphs(text):
        named = ", ".join(f"U+{ord(char):04X}" for char in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        found.append(f"{what}: no font has {named}{more}; drawn as \ufffd")
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in set(text)):
        found.append(f"{what}: right-to-left letters are drawn unjoined and from left to right")
    return tuple(found)


def wrap(text: str, advance: Advance, width: float) -> Iterator[str]:
    """Lines no wider than `width`, broken at spaces, within words where one is too long; as lazy as asked.

    A character wider than `width` still gets a line of its own.
    """
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield from _wrap_line(text, start, end, advance, width)
        start = end + 1


def _wrap_line(text: str, start: int, end: int, advance: Advance, width: float) -> Iterator[str]:
    while True:
        at, used, space = start, 0.0, -1
        while at < end and (used := used + advance(text[at])) <= width:
            space = at if text[at] == " " else space
            at += 1
        if at >= end:
            yield text[start:end]
            return
        if text[at] == " ":
            space = at
        stop = space if text[start : max(space, start)].strip(" ") else max(at, start + 1)
        yield text[start:stop].rstrip(" ")
        start = stop
        while start < end and text[start] == " ":
            start += 1
        if start >= end:
            return


def fit(text: str, advance: Advance, *, width: float, most: int) -> tuple[list[str], bool]:
    """At most `most` lines of at most `width`, and whether the text was cut; a cut ends in an ellipsis."""
    lines = list(islice(wrap(text, advance, width), most + 1))
    if len(lines) <= most:
        return lines, False
    del lines[most:]
    if lines:
        last = lines[-1]
        while last and sum(map(advance, last + ELLIPSIS)) > width:
            last = last[:-1]
        lines[-1] = last + ELLIPSIS
    return lines, True
