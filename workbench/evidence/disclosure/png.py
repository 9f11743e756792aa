"""PNG, chunk by chunk (W3C PNG 3): words, further pictures, pixels that are kept but not shown, bytes behind the end.

Pixel data must be exactly as long as the picture: a tool that cut a picture and left the old data behind discloses
what was cut off. A picture with transparency may hold colours below what nobody sees.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator

from workbench.evidence.disclosure import tiff, xmp
from workbench.evidence.disclosure.answers import (
    BEHIND,
    EMBEDDED,
    HIDDEN,
    STRAY,
    Answer,
    settled,
    unchecked,
)  # fmt: skip
from workbench.evidence.disclosure.container import Damaged
from workbench.evidence.disclosure.words import Tag, judged

_PLAIN = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"bKGD", b"iCCP", b"cICP",
          b"hIST", b"mDCV", b"cLLI", b"tIME"}  # fmt: skip
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type → samples a pixel."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_MOST_CHUNKS, _MOST_WORDS = 1_000_000, 1_000_000


def answers(data: memoryview, declared: Collection[str]) -> Iterator[Answer]:
    """What a PNG file discloses besides its picture."""
    walk = _Walk(data)
    unread = walk.run()
    leaks = ((EMBEDDED, walk.embedded), (STRAY, walk.stray), (HIDDEN, walk.hidden), (BEHIND, walk.behind))
    for question, found in leaks:
        yield unchecked(question, unread) if unread and not found else settled(question, found)
    for answer in judged(walk.tags, declared):
        yield unchecked(answer.question, unread) if unread and not answer.found else answer


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.embedded: list[str] = []
        self.stray: list[str] = []
        self.hidden: list[str] = []
        self.behind: list[str] = []
        self.tags: list[Tag] = []
        self._want = self._have = 0
        self._inflate = zlib.decompressobj()
        self._after = 0
        """Bytes in IDAT behind the end of the compressed stream."""

    def run(self) -> str:
        """Walk to the end; says why where that could not be done."""
        try:
            end = self._chunks()
        except (Damaged, IndexError, zlib.error) as exc:
            return str(exc) or "the file ends in the middle of a chunk"
        if self._have > self._want or self._after:
            spare = f"{max(0, self._have - self._want)} bytes of pixels and {self._after} others"
            self.stray.append(f"{spare} behind the last row of the picture")
        if len(self.data) > end:
            self.behind.append(f"{len(self.data) - end} bytes behind the end of the picture")
        return "" if self._have >= self._want else "its pixel data is not complete"

    def _chunks(self) -> int:
        at = 8
        for _ in range(_MOST_CHUNKS):
            size, kind = int.from_bytes(self.data[at : at + 4], "big"), bytes(self.data[at + 4 : at + 8])
            if at + 12 + size > len(self.data):
                raise Damaged(f"the chunk at byte {at} does not fit")
            self._chunk(kind, self.data[at + 8 : at + 8 + size], at)
            at += 12 + size
            if kind == b"IEND":
                return at
        raise Damaged("it has too many chunks")

    def _chunk(self, kind: bytes, body: memoryview, at: int) -> None:
        if kind == b"IHDR":
            self._want = _length(bytes(body))
            if body[9] in (4, 6):
                self.hidden.append("an alpha channel: pixels may be kept that nobody sees")
        elif kind == b"IDAT":
            self._pixels(bytes(body))
        elif kind == b"tRNS":
            self.hidden.append("transparency (tRNS): pixels may be kept that nobody sees")
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, words = _words(kind, bytes(body))
            self.tags += xmp.tags(words.encode()) if key == "XML:com.adobe.xmp" else [(key, words)]
        elif kind == b"eXIf":
            exif = tiff.look(bytes(body))
            self.embedded += exif.embedded
            self.tags += exif.tags
        elif kind in (b"acTL", b"fcTL", b"fdAT"):
            self.hidden.append("an animation: further pictures are in the file")
        elif kind not in _PLAIN:
            self.stray.append(f"chunk {kind!a} of {len(body)} bytes at byte {at}")

    def _pixels(self, part: bytes) -> None:
        """Count what the data inflates to, without keeping it, and stop when it is too much."""
        while part and self._have <= self._want + 1_000_000:
            self._have += len(self._inflate.decompress(part, 1 << 20))
            if self._inflate.unused_data:
                break
            part = self._inflate.unconsumed_tail
        self._after = len(self._inflate.unused_data)


def _length(header: bytes) -> int:
    """Bytes that the filtered rows of a picture take."""
    if len(header) != 13 or header[9] not in _SAMPLES:
        raise Damaged("its header is wrong")
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _SAMPLES[header[9]]
    passes = _PASSES if header[12] else ((0, 0, 1, 1),)
    sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes]
    return sum((1 + -(-wide * bits // 8)) * high for wide, high in sizes if wide > 0 and high > 0)


def _words(kind: bytes, body: bytes) -> Tag:
    """Key and text of a text chunk; compressed text is inflated up to a limit."""
    key, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        rest = _inflated(rest[1:])
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        rest = _inflated(rest) if packed else rest
    return key.decode("latin-1") or "text", rest.decode("utf-8", "replace") or "text"


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MOST_WORDS)
    except zlib.error:
        return b"text that cannot be inflated"
