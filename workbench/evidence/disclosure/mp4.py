"""MP4 and its kin, box by box (ISO/IEC 14496-12): bytes that no sample refers to, and words and pictures in the boxes.

    look(data) -> Container         nothing is decoded; damage ends the walk and is told

Media data may hold more than its tracks show: a cut by a careless tool leaves whole pictures in ``mdat``, in ``free``
boxes, or behind the last box. Each byte of ``mdat`` must belong to a sample of a track, or be zero.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from workbench.evidence.disclosure import xmp
from workbench.evidence.disclosure.container import Container, Damaged, not_zero

_TOP = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}
_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta"}
_PLAIN = {
    b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"vmhd", b"smhd", b"nmhd", b"sthd", b"gmhd", b"elst", b"dref", b"stsd",
    b"stts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"ctts", b"sgpd", b"sbgp", b"sdtp", b"iods", b"tref",
    b"cslg", b"stsh", b"stz2", b"edts", b"hmhd", b"tapt", b"load", b"code",
}  # fmt: skip
"""Boxes of a movie that hold numbers and no words; `look` reads some of them."""
_MOST_BOXES, _MOST_SAMPLES, _DEEPEST = 100_000, 50_000_000, 8
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@dataclass(slots=True)
class _Track:
    """The tables of one track, as they are read."""

    number: int = 0
    handler: bytes = b""
    off: bool = False
    sizes: list[int] | int = 0
    count: int = 0
    chunks: list[int] = field(default_factory=list)
    runs: list[tuple[int, int]] = field(default_factory=list)
    """(first chunk, samples per chunk)."""


def look(data: memoryview) -> Container:
    """Walk all boxes of a file."""
    return _Walk(data).done()


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data, self.found = data, Container()
        self._boxes = 0
        self._tracks: list[_Track] = []
        self._media: list[tuple[int, int]] = []
        self._fragmented = False

    def done(self) -> Container:
        """Everything, or what could be read up to the damage."""
        try:
            self._top()
            if self._fragmented:
                raise Damaged("its samples are listed in fragments, which are not read here")
            self._account()
            self._switched_off()
        except (Damaged, IndexError, ValueError) as exc:
            self.found.unread = str(exc) or "a table does not fit its box"
        return self.found

    def _children(self, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Kind, begin and end of the body of each box."""
        at = begin
        while at + 8 <= end:
            size, kind, head = self._number(at), bytes(self.data[at + 4 : at + 8]), 8
            if size == 1:
                size, head = self._number(at + 8, 8), 16
            size = end - at if size == 0 else size
            self._boxes += 1
            if size < head or at + size > end or self._boxes > _MOST_BOXES:
                raise Damaged(f"the box at byte {at} does not fit")
            yield kind, at + head, at + size
            at += size
        if at < end and any(self.data[at:end]):
            raise Damaged(f"{end - at} bytes at byte {at} are no box")

    def _number(self, at: int, size: int = 4) -> int:
        if at + size > len(self.data):
            raise Damaged(f"the file ends at byte {len(self.data)}, in the middle of a box")
        return int.from_bytes(self.data[at : at + size], "big")

    def _top(self) -> None:
        boxes, end = self._children(0, len(self.data)), 0
        while True:
            try:
                box = next(boxes, None)
            except Damaged as exc:
                if not self._media or not self._tracks:
                    raise
                self.found.behind.append(f"{len(self.data) - end} bytes behind the last box ({exc})")
                return
            if box is None:
                return
            end = box[2]
            self._top_box(*box)

    def _top_box(self, kind: bytes, begin: int, end: int) -> None:
        if kind in (b"free", b"skip", b"wide"):
            self._blank(kind, begin, end)
        elif kind == b"mdat":
            self._media.append((begin, end))
        elif kind == b"moov":
            self._movie(begin, end, 0, None)
        elif kind in (b"moof", b"styp", b"sidx", b"mfra"):
            self._fragmented = True
        elif kind == b"uuid" and bytes(self.data[begin : begin + 16]) == _XMP:
            self.found.tags += xmp.tags(bytes(self.data[begin + 16 : end]))
        elif kind not in _TOP:
            self.found.stray.append(f"box {_name(kind)} of {end - begin} bytes at byte {begin}")

    def _blank(self, kind: bytes, begin: int, end: int) -> None:
        if used := not_zero(self.data, begin, end):
            self.found.stray.append(f"{used} bytes that are not zero in the box {_name(kind)} at byte {begin}")

    def _movie(self, begin: int, end: int, depth: int, track: _Track | None) -> None:
        if depth > _DEEPEST:
            raise Damaged("boxes lie too deep in each other")
        for kind, low, high in self._children(begin, end):
            if kind == b"trak":
                track = _Track()
                self._tracks.append(track)
            if kind == b"udta":
                self._user_data(low, high)
            elif kind == b"meta":
                self._meta(low, high)
            elif kind in _HOLDERS:
                self._movie(low, high, depth + 1, track)
            elif kind in (b"free", b"skip"):
                self._blank(kind, low, high)
            elif kind == b"mvex":
                self._fragmented = True
            elif kind not in _PLAIN:
                self.found.stray.append(f"box {_name(kind)} of {high - low} bytes at byte {low}")
            elif track is not None:
                self._table(kind, low, high, track)

    def _table(self, kind: bytes, low: int, high: int, track: _Track) -> None:
        if kind == b"tkhd":
            version = self.data[low]
            track.number = self._number(low + (20 if version else 12))
            track.off = not self.data[low + 3] & 1
        elif kind == b"hdlr" and high - low >= 24:
            track.handler = bytes(self.data[low + 8 : low + 12])
            self.found.tags.append(("handler_name", _text(self.data[low + 24 : high])))
        elif kind == b"stsz":
            size, track.count = self._number(low + 4), self._number(low + 8)
            track.sizes = size or self._numbers(low + 12, track.count, high)
        elif kind in (b"stco", b"co64"):
            track.chunks = self._numbers(low + 8, self._number(low + 4), high, 8 if kind == b"co64" else 4)
        elif kind == b"stsc":
            flat = self._numbers(low + 8, 3 * self._number(low + 4), high)
            track.runs = list(zip(flat[0::3], flat[1::3], strict=True))
        elif kind == b"stz2":
            raise Damaged("compact sample sizes (stz2) are not read here")
        elif kind == b"stsd":
            self._description(low, high, track)

    def _description(self, low: int, high: int, track: _Track) -> None:
        """A clean aperture shows a part of the picture and keeps the rest."""
        if track.handler == b"vide" and b"clap" in bytes(self.data[low:high]):
            self.found.hidden.append(f"track {track.number} has a clean aperture (clap): what lies outside is kept")

    def _numbers(self, at: int, count: int, end: int, size: int = 4) -> list[int]:
        if count > _MOST_SAMPLES or at + count * size > end:
            raise Damaged(f"the table at byte {at} claims {count} entries, which do not fit")
        numbers = array("I" if size == 4 else "Q", bytes(self.data[at : at + count * size]))
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers.tolist()

    def _user_data(self, begin: int, end: int) -> None:
        for kind, low, high in self._children(begin, end):
            if kind == b"meta":
                self._meta(low, high)
            elif kind in (b"thmb", b"PICT", b"pnot"):
                self.found.embedded.append(f"thumbnail of {high - low} bytes ({_named(kind)}) at byte {low}")
            elif kind in (b"free", b"skip"):
                self._blank(kind, low, high)
            elif kind == b"chpl":
                self.found.tags += [("chapter", title) for title in self._chapters(low, high)]
            else:
                self.found.tags.append((_named(kind), _text(self.data[low:high]) or f"{high - low} bytes"))

    def _chapters(self, low: int, high: int) -> Iterator[str]:
        """Nero's list: a time of 8 bytes, a length of one, a title (behind version, flags, and a count)."""
        at = low + 9
        while at + 9 <= high:
            end = min(high, at + 9 + self.data[at + 8])
            yield _text(self.data[at + 9 : end])
            at = end

    def _meta(self, begin: int, end: int) -> None:
        """Item lists of iTunes (four-character keys) and QuickTime (numbered keys)."""
        begin += 4 if bytes(self.data[begin : begin + 4]) == bytes(4) else 0
        names: list[str] = []
        for kind, low, high in self._children(begin, end):
            if kind == b"keys":
                names = [_text(self.data[a:b]) for _, a, b in self._children(low + 8, high)]
            elif kind == b"ilst":
                for item, a, b in self._children(low, high):
                    self._item(item, a, b, names)
            elif kind in (b"free", b"skip"):
                self._blank(kind, low, high)
            elif kind != b"hdlr":
                self.found.stray.append(f"box {_name(kind)} of {high - low} bytes in the box meta at byte {low}")

    def _item(self, item: bytes, begin: int, end: int, names: list[str]) -> None:
        number = int.from_bytes(item, "big")
        key = names[number - 1] if 0 < number <= len(names) else _named(item)
        for kind, low, high in self._children(begin, end):
            if kind == b"name" and item == b"----":
                key = _text(self.data[low + 4 : high])
            elif kind == b"data" and item == b"covr":
                self.found.embedded.append(f"cover picture of {high - low - 8} bytes (covr) at byte {low}")
            elif kind == b"data":
                self.found.tags.append((key, _text(self.data[low + 8 : high]) or f"{high - low - 8} bytes"))

    def _account(self) -> None:
        """Which bytes of the media data belong to a sample."""
        if self._media and not self._tracks:
            raise Damaged("there is no moov box that says what the media data is")
        used = sorted(piece for track in self._tracks for piece in self._pieces(track))
        ends: list[tuple[int, int]] = []
        for low, high in used:
            if ends and low <= ends[-1][1]:
                ends[-1] = (ends[-1][0], max(ends[-1][1], high))
            else:
                ends.append((low, high))
        for begin, end in self._media:
            for low, high in _gaps(ends, begin, end):
                if stray := not_zero(self.data, low, high):
                    self.found.stray.append(f"{stray} bytes of media data at byte {low} that no sample refers to")

    def _switched_off(self) -> None:
        """A track of chapter titles always is; one of pictures, sound or captions is hidden that way."""
        numbers = [track.number for track in self._tracks if track.off and track.handler != b"text"]
        self.found.hidden += [f"track {number} is switched off: no player shows it" for number in numbers]

    def _pieces(self, track: _Track) -> Iterator[tuple[int, int]]:
        """Begin and end of each chunk of a track."""
        self.found.samples[track.number] = track.count
        at = run = 0
        for number, place in enumerate(track.chunks, 1):
            while run + 1 < len(track.runs) and track.runs[run + 1][0] <= number:
                run += 1
            if not track.runs:
                raise Damaged(f"track {track.number} does not say how its samples lie")
            count = min(track.runs[run][1], track.count - at)
            size = count * track.sizes if isinstance(track.sizes, int) else sum(track.sizes[at : at + count])
            yield place, place + size
            at += count


def _gaps(used: list[tuple[int, int]], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of [begin, end) that no used piece covers; `used` is sorted and apart."""
    at = max(0, bisect_right(used, (begin, begin)) - 1)
    for low, high in used[at:]:
        if low >= end:
            break
        if low > begin:
            yield begin, low
        begin = max(begin, high)
    if begin < end:
        yield begin, end


def _text(part: memoryview) -> str:
    """The readable text of a tag's body: QuickTime's length and language before it are left out."""
    body = bytes(part[:2000])
    if len(body) > 4 and int.from_bytes(body[:2], "big") == len(body) - 4:
        body = body[4:]
    return "".join(c for c in body.decode("utf-8", "replace") if c.isprintable()).strip()


def _name(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))


def _named(kind: bytes) -> str:
    return kind.decode("latin-1")
