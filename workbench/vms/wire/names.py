"""A name that a server gives, made a file name that is harmless on any system.

No path, no drive, no stream, no reserved device, nothing invisible, no dot or space at its ends, at most 150 bytes (so
that ``.flight.jsonl`` and a temporary ending still fit). A name that had to be changed carries eight digits of the
SHA-256 of what it was, so that two different names stay two files and one name always becomes the same; a name that
differs from one already taken only in case or Unicode form gets ``~2``.

>>> harmless("SERVER1_DeviceIpint.1[20260301T100000-20260301T100100].mp4")
'SERVER1_DeviceIpint.1[20260301T100000-20260301T100100].mp4'
>>> harmless("../../etc/passwd")
'_._.._etc_passwd~3754d6cb'
>>> harmless("hall.mp4", {"Hall.MP4"})
'hall~2.mp4'
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterable

MOST_BYTES = 150
_FORBIDDEN = frozenset("<>:\"/\\|?*%$`!&;'")
"""What a file system, a shell or an address would read as more than a character."""
_SUFFIX = re.compile(r"(?<=[^.])\.[0-9A-Za-z]{1,10}\Z")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def harmless(name: str, taken: Container[str] = ()) -> str:
    """`name` as a file name that no system misreads and that is none of `taken`, not even by case."""
    clean = _clean(name)
    if clean != name:
        clean = _ended(clean, "~" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8])
    keys = {key(t) for t in taken} if isinstance(taken, Iterable) else set()
    candidate, number = clean, 1
    while candidate in taken or key(candidate) in keys:
        number += 1
        candidate = _ended(clean, f"~{number}")
    return candidate


def key(name: str) -> str:
    """What two names share that some file system takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).casefold()


def _clean(name: str) -> str:
    """The name without what is dangerous in it; not yet told apart from others cleaned alike."""
    text = unicodedata.normalize("NFC", name[:4096])
    text = "".join("_" if c in _FORBIDDEN or unicodedata.category(c) in _INVISIBLE else c for c in text)
    text = re.sub(r"\s", " ", text).strip(" ").rstrip(". ")
    if text.startswith((".", "-", "~")) or not text:
        text = "_" + text[1:]
    if _DEVICES.fullmatch(text.partition(".")[0].strip()):
        text = "_" + text
    return _cut(text, MOST_BYTES)


def _ended(name: str, ending: str) -> str:
    """The name with an ending before its suffix, still short enough."""
    suffix = _suffix(name)
    stem = name.removesuffix(suffix)
    return _cut(stem, MOST_BYTES - len((ending + suffix).encode())) + ending + suffix


def _cut(text: str, most: int) -> str:
    """As much of the text as fits into `most` bytes of UTF-8, its suffix kept."""
    if len(text.encode()) <= most:
        return text
    suffix = _suffix(text)
    room = most - len(suffix)
    return text.removesuffix(suffix).encode()[:room].decode("utf-8", "ignore").rstrip(". ") + suffix


def _suffix(name: str) -> str:
    match = _SUFFIX.search(name)
    return match[0] if match else ""
