"""Matroska, element by element (RFC 9559): blocks of no track, invisible ones, attachments, void that is not empty.

look(data) -> Container         nothing is decoded; damage ends the walk and is told
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.evidence.disclosure.container import Container, Damaged, not_zero

_EBML, _SEGMENT, _VOID, _CRC = 0x1A45DFA3, 0x18538067, 0xEC, 0xBF
_INFO, _TRACKS, _CLUSTER, _TAGS, _CHAPTERS, _ATTACHMENTS = (
    0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1254C367, 0x1043A770, 0x1941A469,
)  # fmt: skip
_SEEK, _CUES, _ATTACHED = 0x114D9B74, 0x1C53BB6B, 0x61A7
_ENTRY, _NUMBER, _TAG, _SIMPLE, _GROUP, _BLOCK, _LACED = 0xAE, 0xD7, 0x7373, 0x67C8, 0xA0, 0xA1, 0xA3
_IN_CLUSTER = {0xE7, _LACED, _GROUP, 0xA7, 0xAB, 0x5854, _VOID, _CRC}
_IN_GROUP = {_BLOCK, 0x9B, 0xFB, 0xFD, 0xFA, 0x75A2, _VOID, _CRC}
_WORDS = {0x7BA9: "title", 0x7384: "file name", 0x3C83AB: "previous file name", 0x3E83BB: "next file name",
          0x4D80: "muxingapp", 0x5741: "writingapp", 0x536E: "track name", 0x85: "chapter",
          0x258688: "codec name"}  # fmt: skip
_FILE = {0x466E: "name", 0x4660: "type", 0x465C: "data"}
_CROPS = (0x54AA, 0x54BB, 0x54CC, 0x54DD)
"""PixelCropBottom, -Top, -Left, -Right."""
_HOLDERS = {_ENTRY, 0xE0, 0xE1, 0x45B9, 0xB6, 0x80, 0x6D80, 0x6240, 0x5034, 0x5035}
_MOST, _DEEPEST = 20_000_000, 8
_UNKNOWN = -1


def look(data: memoryview) -> Container:
    """Walk all elements of a file."""
    return _Walk(data).done()


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data, self.found = data, Container()
        self._seen = 0
        self._tracks: set[int] = set()

    def done(self) -> Container:
        """Everything, or what could be read up to the damage."""
        try:
            self._top()
        except (Damaged, IndexError) as exc:
            self.found.unread = str(exc) or "an element does not fit"
        return self.found

    def _top(self) -> None:
        elements, end, segment = self._children(0, len(self.data)), 0, False
        while True:
            try:
                element = next(elements, None)
            except Damaged as exc:
                if not segment:
                    raise
                self.found.behind.append(f"{len(self.data) - end} bytes behind the segment ({exc})")
                return
            if element is None:
                return
            kind, begin, end = element
            if kind == _SEGMENT and not segment:
                segment = True
                self._segment(begin, end)
            elif kind == _VOID:
                self._void(begin, end)
            elif kind != _EBML or segment:
                self.found.behind.append(f"element {kind:X} of {end - begin} bytes beside the segment")

    def _children(self, at: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Id, begin and end of the body of each element."""
        while at < end:
            kind, size, body = self._head(at, end)
            self._seen += 1
            if size == _UNKNOWN or body + size > end or self._seen > _MOST:
                raise Damaged(f"the element at byte {at} does not say where it ends, or does not fit")
            yield kind, body, body + size
            at = body + size

    def _head(self, at: int, end: int) -> tuple[int, int, int]:
        """Id, size (-1: unknown) and begin of the body (RFC 8794)."""
        wide = 9 - self.data[at].bit_length()
        more = 9 - self.data[at + wide].bit_length() if at + wide < end else 9
        if wide > 4 or more > 8 or at + wide + more > end:
            raise Damaged(f"no element begins at byte {at}")
        bits = self._number(at + wide, at + wide + more) & ((1 << 7 * more) - 1)
        return self._number(at, at + wide), _UNKNOWN if bits == (1 << 7 * more) - 1 else bits, at + wide + more

    def _number(self, begin: int, end: int) -> int:
        return int.from_bytes(self.data[begin : min(end, begin + 8)], "big")

    def _segment(self, begin: int, end: int) -> None:
        for kind, low, high in self._children(begin, end):
            if kind == _CLUSTER:
                self._cluster(low, high)
            elif kind == _ATTACHMENTS:
                self._attachments(low, high)
            elif kind == _TAGS:
                self._tags(low, high)
            elif kind in (_INFO, _TRACKS, _CHAPTERS):
                self._words(low, high, 0)
            elif kind == _VOID:
                self._void(low, high)
            elif kind not in (_SEEK, _CUES, _CRC):
                self.found.stray.append(f"element {kind:X} of {high - low} bytes at byte {low}")

    def _void(self, low: int, high: int) -> None:
        if used := not_zero(self.data, low, high):
            self.found.stray.append(f"{used} bytes that are not zero in a void at byte {low}")

    def _words(self, begin: int, end: int, depth: int) -> None:
        """Names in the head of the segment, of tracks and of chapters."""
        if depth > _DEEPEST:
            raise Damaged("elements lie too deep in each other")
        for kind, low, high in self._children(begin, end):
            if kind in _HOLDERS:
                self._words(low, high, depth + 1)
            elif kind == _NUMBER:
                self._tracks.add(self._number(low, high))
            elif kind in _WORDS:
                self.found.tags.append((_WORDS[kind], self._text(low, high)))
            elif kind in _CROPS and self._number(low, high):
                cut = self._number(low, high)
                self.found.hidden.append(f"{cut} rows or columns are cut off for showing only (PixelCrop)")
            elif kind == _VOID:
                self._void(low, high)

    def _attachments(self, begin: int, end: int) -> None:
        for element, low, high in self._children(begin, end):
            if element != _ATTACHED:
                continue
            told = {_FILE[k]: (a, b) for k, a, b in self._children(low, high) if k in _FILE}
            name, kind = (self._text(*told[key]) if key in told else "?" for key in ("name", "type"))
            size = told["data"][1] - told["data"][0] if "data" in told else 0
            self.found.embedded.append(f"attachment {name!a} ({kind}, {size} bytes) at byte {low}")

    def _tags(self, begin: int, end: int) -> None:
        for kind, low, high in self._children(begin, end):
            if kind == _TAG:
                for inner, a, b in self._children(low, high):
                    if inner == _SIMPLE:
                        self._simple_tag(a, b, 0)

    def _simple_tag(self, begin: int, end: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise Damaged("tags lie too deep in each other")
        name = value = ""
        for kind, low, high in self._children(begin, end):
            if kind == 0x45A3:
                name = self._text(low, high)
            elif kind == 0x4487:
                value = self._text(low, high)
            elif kind == 0x4485:
                self.found.embedded.append(f"binary tag of {high - low} bytes at byte {low}")
            elif kind == _SIMPLE:
                self._simple_tag(low, high, depth + 1)
        self.found.tags.append((name, value))

    def _text(self, low: int, high: int) -> str:
        return bytes(self.data[low : min(high, low + 2000)]).decode("utf-8", "replace")

    def _cluster(self, begin: int, end: int) -> None:
        for kind, low, high in self._children(begin, end):
            if kind == _LACED:
                self._block(low, high, simple=True)
            elif kind == _GROUP:
                for inner, a, b in self._children(low, high):
                    if inner == _BLOCK:
                        self._block(a, b, simple=False)
                    elif inner == _VOID:
                        self._void(a, b)
                    elif inner not in _IN_GROUP:
                        self.found.stray.append(f"element {inner:X} of {b - a} bytes beside a block at byte {a}")
            elif kind == _VOID:
                self._void(low, high)
            elif kind not in _IN_CLUSTER:
                self.found.stray.append(f"element {kind:X} of {high - low} bytes among the blocks at byte {low}")

    def _block(self, low: int, high: int, *, simple: bool) -> None:
        wide = 9 - self.data[low].bit_length()
        track = self._number(low, low + wide) & ((1 << 7 * wide) - 1)
        flags = self.data[low + wide + 2]
        if track not in self._tracks:
            self.found.stray.append(f"blocks of track {track}, which the file does not list")
        if flags & 0x08:
            self.found.hidden.append(f"a block of track {track} at byte {low} is marked invisible")
