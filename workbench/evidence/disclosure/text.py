"""Text of any kind (JSON, captions, logs, pages): paths and names of a machine, pictures written as text.

A path counts where it is absolute, has two parts or more and does not belong to the system itself. Names are those of
the machine on which the check runs and of its user, which only the maker's own check can know. Requests to a VMS look
like paths; those that the records of exports declare are none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice
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


def requests(paths: Collection[str]) -> set[bytes]:
    """What `answers` would take for a path in these paths of requests: each of them and what it begins with."""
    found = {match[0] for path in paths for match in _PATHS.finditer(path.encode("utf-8", "replace"))}
    return {b"/".join(parts[:n]) for one in found for parts in [one.split(b"/")] for n in range(3, len(parts) + 1)}


def answers(data: mmap | bytes, names: Collection[str], declared: Collection[bytes] = ()) -> Iterator[Answer]:
    """What a text discloses; `names` are words that must not stand in it, `declared` come from `requests`."""
    found = bytes(data[:4])
    if found.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = bytes(data[:]).decode("utf-16", "replace").encode()
    yield settled(MACHINE, [*_matches(_PATHS, data, declared), *_named(data, names)])
    yield settled(EMBEDDED, (f"{text[:24]}… at byte {at}" for text, at in _located(_PICTURES, data)))


def _matches(pattern: re.Pattern[bytes], data: mmap | bytes, declared: Collection[bytes]) -> Iterator[str]:
    for text, at in _located(pattern, data, declared):
        yield f"{text} at byte {at}"


def _located(
    pattern: re.Pattern[bytes], data: mmap | bytes, declared: Collection[bytes] = ()
) -> Iterator[tuple[str, int]]:
    found = (match for match in pattern.finditer(data) if match[0] not in declared)
    for match in islice(found, _MOST_SHOWN):
        yield ascii(match[0][:_LONGEST].decode("utf-8", "replace")), match.start()


def _named(data: mmap | bytes, names: Collection[str]) -> Iterator[str]:
    for name in sorted(names):
        word = re.compile(rb"(?<![\w.-])" + re.escape(name.encode()) + rb"(?![\w-])", re.IGNORECASE)
        for _, at in _located(word, data):
            yield f"{name!a} at byte {at}"
