"""Text of any kind (JSON, captions, logs, pages): paths and names of a machine, pictures written as text.

A path counts where it is absolute, has two parts or more and does not belong to the system itself. Names are those of
the machine on which the check runs and of its user, which only the maker's own check can know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from mmap import mmap

from workbench.evidence.disclosure.answers import EMBEDDED, MACHINE, Answer, settled

_PATHS = re.compile(
    rb"(?<![\w.$}/~:%+#&=?*)\]<-])/(?!(?:dev|bin|sbin|lib|usr|etc|proc|sys)/)(?:[\w.@+~-]+/)+[\w.@+~-]+"
    rb"|(?<!\w)[A-Za-z]:\\{1,2}(?:[\w.$~@-]+(?: [\w.$~@-]+){0,9}\\{1,2})+[\w.$~@-]+"
    rb"|(?<![\\\w])(?:\\{2}|\\{4})(?!u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2})[\w.-]{2,100}\\{1,2}[\w$.-]{2,}"
    rb"|(?i:file:/{2,3}[^\s\"'<>]+)"
)
_PICTURES = re.compile(
    rb"data:(?:image|video|audio|application)/[\w.+-]+;base64,"
    rb"|(?:iVBORw0KGgo|/9j/[0-9A-Za-z+]|R0lGOD|JVBERi0|UklGR|GkXfo|AAAA[0-9A-Za-z+/]{2}Z0eXA)[0-9A-Za-z+/\\n]{200}"
)
_MOST_SHOWN = 20
_LONGEST = 80


def answers(data: mmap | bytes, names: Collection[str]) -> Iterator[Answer]:
    """What a text discloses; `names` are words that must not stand in it."""
    found = bytes(data[:4])
    if found.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = bytes(data[:]).decode("utf-16", "replace").encode()
    yield settled(MACHINE, [*_matches(_PATHS, data), *_named(data, names)])
    yield settled(EMBEDDED, (f"{text[:24]}… at byte {at}" for text, at in _located(_PICTURES, data)))


def _matches(pattern: re.Pattern[bytes], data: mmap | bytes) -> Iterator[str]:
    for text, at in _located(pattern, data):
        yield f"{text} at byte {at}"


def _located(pattern: re.Pattern[bytes], data: mmap | bytes) -> Iterator[tuple[str, int]]:
    for number, match in enumerate(pattern.finditer(data)):
        if number >= _MOST_SHOWN:
            return
        yield ascii(match[0][:_LONGEST].decode("utf-8", "replace")), match.start()


def _named(data: mmap | bytes, names: Collection[str]) -> Iterator[str]:
    for name in sorted(names):
        word = re.compile(rb"(?<![\w.-])" + re.escape(name.encode()) + rb"(?![\w-])", re.IGNORECASE)
        for _, at in _located(word, data):
            yield f"{name!a} at byte {at}"
