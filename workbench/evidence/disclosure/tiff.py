"""EXIF: the TIFF structure inside JPEG and PNG (CIPA DC-008): thumbnails, places, people, devices.

look(body) -> Exif         bounded; damage ends the walk and is told
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.evidence.disclosure import xmp
from workbench.evidence.disclosure.container import Damaged
from workbench.evidence.disclosure.words import Tag

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_THUMBNAIL, _SUB, _GPS, _OTHER = 0x0201, 0x8769, 0x8825, 0xA005
_STRIPS = 0x0111
_NAMES = {
    0x010D: "document name", 0x010E: "image description", 0x010F: "make", 0x0110: "model", 0x0131: "software",
    0x013B: "artist", 0x013C: "host computer", 0x8298: "copyright", 0x927C: "maker note", 0x9286: "user comment",
    0x9C9B: "title (XP)", 0x9C9C: "comment (XP)", 0x9C9D: "author (XP)", 0x9C9E: "keywords (XP)",
    0x83BB: "IPTC", 0xA420: "unique image id", 0xA430: "owner", 0xA431: "body serial number", 0xA433: "lens make",
    0xA434: "lens model", 0xA435: "lens serial number", 0x0132: "datetime", 0xA436: "image title",
    0xA437: "photographer", 0xA438: "image editor",
}  # fmt: skip
_MOST_ENTRIES = 10_000


@dataclass(slots=True)
class Exif:
    """What was found."""

    embedded: list[str] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    unread: str = ""


def look(body: bytes) -> Exif:
    """Walk the directories of an EXIF body (behind ``Exif\\0\\0``)."""
    found = Exif()
    try:
        _Walk(body, found).directories()
    except (Damaged, IndexError) as exc:
        found.unread = f"its EXIF data is damaged: {exc}"
    return found


class _Walk:
    def __init__(self, body: bytes, found: Exif) -> None:
        if body[:4] not in (b"II*\0", b"MM\0*"):
            raise Damaged("it has no TIFF header")
        self.body, self.found = body, found
        self._order: str = "little" if body[:1] == b"I" else "big"
        self._entries = 0
        self._seen: set[int] = set()

    def directories(self) -> None:
        """The main directories, one behind the other; the second is that of the thumbnail."""
        at, number = self._number(4, 4), 0
        while at and at not in self._seen:
            if number:
                self.found.embedded.append("EXIF thumbnail directory")
            at = self._directory(at, "")
            number += 1

    def _number(self, at: int, size: int) -> int:
        if at + size > len(self.body):
            raise Damaged("an entry lies behind its end")
        return int.from_bytes(self.body[at : at + size], "little" if self._order == "little" else "big")

    def _directory(self, at: int, room: str) -> int:
        self._seen.add(at)
        count = self._number(at, 2)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            self._entries += 1
            if self._entries > _MOST_ENTRIES:
                raise Damaged("it has too many entries")
            self._entry(entry, room)
        return self._number(at + 2 + 12 * count, 4) if at + 6 + 12 * count <= len(self.body) else 0

    def _entry(self, at: int, room: str) -> None:
        key, kind, count = self._number(at, 2), self._number(at + 2, 2), self._number(at + 4, 4)
        if key in (_SUB, _GPS, _OTHER):
            place = self._number(at + 8, 4)
            if place not in self._seen:
                self._directory(place, "GPS " if key == _GPS else room)
            return
        size = _SIZES.get(kind, 1) * count
        place = at + 8 if size <= 4 else self._number(at + 8, 4)
        if key in (_THUMBNAIL, _STRIPS) and not room:
            self.found.embedded.append("EXIF thumbnail")
        elif key == 0x02BC:
            self.found.tags += xmp.tags(self.body[place : place + size])
        elif room:
            self.found.tags.append((f"{room}tag {key}", self._text(place, size) or "set"))
        elif key in _NAMES:
            self.found.tags.append((_NAMES[key], self._text(place, size) or f"{size} bytes"))

    def _text(self, at: int, size: int) -> str:
        raw = self.body[at : at + min(size, 2000)]
        text = raw.decode("utf-16-le" if raw[1:2] == b"\0" else "utf-8", "replace")
        return "".join(c for c in text if c.isprintable() and c != "\ufffd").strip()
