"""JPEG, segment by segment (ITU-T T.81, JFIF, EXIF): thumbnails, words, pictures in tow, bytes behind the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from workbench.evidence.disclosure import tiff, xmp
from workbench.evidence.disclosure.answers import BEHIND, EMBEDDED, Answer, settled, unchecked
from workbench.evidence.disclosure.container import Damaged
from workbench.evidence.disclosure.words import Tag, judged

_MOST_SEGMENTS = 100_000
_SOI, _EOI, _SOS, _COM, _APP0 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0
_ALONE = {0x01, *range(0xD0, 0xD8)}
_XMP, _LONG_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"


def answers(data: memoryview, declared: Collection[str]) -> Iterator[Answer]:
    """What a JPEG file discloses besides its picture."""
    walk = _Walk(data)
    unread = walk.run()
    for question, leaks in ((EMBEDDED, walk.embedded), (BEHIND, walk.behind)):
        yield unchecked(question, unread) if unread and not leaks else settled(question, leaks)
    for answer in judged(walk.tags, declared):
        yield unchecked(answer.question, unread) if unread and not answer.found else answer


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.embedded: list[str] = []
        self.behind: list[str] = []
        self.tags: list[Tag] = []
        self._unread = ""

    def run(self) -> str:
        """Walk to the end of the picture; says why where that could not be done."""
        try:
            end = self._segments()
        except (Damaged, IndexError) as exc:
            return str(exc) or "the file ends in the middle of the picture"
        if len(self.data) > end:
            self.behind.append(f"{len(self.data) - end} bytes behind the end of the picture")
        return self._unread

    def _segments(self) -> int:
        at = 2
        for _ in range(_MOST_SEGMENTS):
            if self.data[at] != 0xFF:
                raise Damaged(f"no marker stands at byte {at}")
            while self.data[at] == 0xFF:
                at += 1
            marker = self.data[at]
            at += 1
            if marker == _EOI:
                return at
            if marker in _ALONE:
                continue
            size = int.from_bytes(self.data[at : at + 2], "big")
            body = bytes(self.data[at + 2 : at + size])
            if size < 2 or len(body) != size - 2:
                raise Damaged(f"the segment at byte {at} does not fit")
            self._segment(marker, body)
            at += size
            if marker == _SOS:
                at = self._scan(at)
        raise Damaged("it has too many segments")

    def _scan(self, at: int) -> int:
        """Where the coded data ends: at a marker that is neither a stuffed byte nor a restart."""
        while True:
            part = bytes(self.data[at : at + (1 << 20)])
            found = part.find(b"\xff")
            if found < 0:
                if not part:
                    raise Damaged("the picture has no end marker")
                at += len(part)
                continue
            at += found
            following = self.data[at + 1]
            if following and following != 0xFF and not 0xD0 <= following <= 0xD7:
                return at
            at += 2 if following != 0xFF else 1

    def _segment(self, marker: int, body: bytes) -> None:
        if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 14 and body[12] * body[13]:
            self.embedded.append(f"JFIF thumbnail of {body[12]}×{body[13]} pixels")
        elif marker == _APP0 and body.startswith(b"JFXX\0"):
            self.embedded.append("JFIF extension thumbnail")
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = tiff.look(body[6:])
            self.embedded += exif.embedded
            self.tags += exif.tags
            self._unread = self._unread or exif.unread
        elif marker == 0xE1 and body.startswith((_XMP, _LONG_XMP)):
            self.tags += xmp.tags(body[len(_XMP) :]) if body.startswith(_XMP) else [("XMP", "a second packet")]
            if b"Thumbnails" in body or b"/9j/" in body:
                self.embedded.append("thumbnail in XMP")
        elif marker == 0xE2 and body.startswith(b"MPF\0"):
            self.embedded.append("index of further pictures (MPF)")
        elif marker == _COM:
            self.tags.append(("comment", _text(body)))
        elif 0xE0 < marker <= 0xEF and not _is_colour(marker, body):
            self.tags.append((f"APP{marker - 0xE0}", _text(body) or f"{len(body)} bytes"))


def _is_colour(marker: int, body: bytes) -> bool:
    """A colour profile, or Adobe's note on how colours are coded."""
    return (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0")) or (
        marker == 0xEE and body.startswith(b"Adobe") and len(body) == 12
    )


def _text(body: bytes) -> str:
    return "".join(c for c in body[:2000].decode("utf-8", "replace") if c.isprintable())
