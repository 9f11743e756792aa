"""AVI, chunk by chunk: pictures that no index lists, junk that is not empty, words in its lists.

    look(data) -> Container         nothing is decoded; damage ends the walk and is told

Players find pictures by the index (``idx1``, OpenDML's ``ix00``); what only lies in ``movi`` is not shown by them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from workbench.evidence.disclosure.container import Container, Damaged, not_zero

_PLAIN = {b"avih", b"strh", b"strf", b"indx", b"vprp", b"dmlh", b"idx1"}
_DATA = re.compile(rb"\d\d(dc|db|wb|tx|pc)")
_MOST, _DEEPEST = 20_000_000, 8
_RESERVED = 32
"""Bytes at the begin of junk that muxers fill when they keep room for an index which they then do not need."""


def look(data: memoryview) -> Container:
    """Walk all chunks of a file."""
    return _Walk(data).done()


class _Walk:
    def __init__(self, data: memoryview) -> None:
        self.data, self.found = data, Container()
        self._held: set[int] = set()
        self._listed: set[int] = set()
        self._movi = 0
        self._indexes: list[tuple[int, int]] = []
        self._seen = 0

    def done(self) -> Container:
        """Everything, or what could be read up to the damage."""
        try:
            self._top()
            self._compare()
        except (Damaged, IndexError, struct.error) as exc:
            self.found.unread = str(exc) or "a chunk does not fit"
        return self.found

    def _top(self) -> None:
        chunks, end = self._chunks(0, len(self.data)), 0
        while True:
            try:
                chunk = next(chunks, None)
            except Damaged as exc:
                if not self._movi:
                    raise
                self.found.behind.append(f"{len(self.data) - end} bytes behind the last list ({exc})")
                return
            if chunk is None:
                return
            kind, begin, end = chunk
            if kind == b"RIFF" and bytes(self.data[begin : begin + 4]) in (b"AVI ", b"AVIX"):
                self._list(begin + 4, end, 0)
            else:
                self.found.behind.append(f"chunk {kind!a} of {end - begin} bytes at byte {begin}")

    def _chunks(self, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Kind, begin and end of the body of each chunk; odd ones are followed by a byte of padding."""
        while at + 8 <= end:
            kind, size = bytes(self.data[at : at + 4]), int.from_bytes(self.data[at + 4 : at + 8], "little")
            self._seen += 1
            if at + 8 + size > end or self._seen > _MOST:
                raise Damaged(f"the chunk at byte {at} does not fit")
            yield kind, at + 8, at + 8 + size
            at += 8 + size + size % 2
        if at < end and not_zero(self.data, at, end):
            raise Damaged(f"{end - at} bytes at byte {at} are no chunk")

    def _list(self, begin: int, end: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise Damaged("lists lie too deep in each other")
        for kind, low, high in self._chunks(begin, end):
            form = bytes(self.data[low : low + 4])
            if kind == b"LIST" and form == b"INFO":
                self.found.tags += [(_key(k), self._text(a, b)) for k, a, b in self._chunks(low + 4, high)]
            elif kind == b"LIST" and form == b"movi":
                self._movi = self._movi or low
                self._movie(low + 4, high)
            elif kind == b"LIST":
                self._list(low + 4, high, depth + 1)
            elif kind == b"JUNK":
                if used := not_zero(self.data, low + _RESERVED, high):
                    self.found.stray.append(f"{used} bytes that are not zero in junk at byte {low}")
            elif kind == b"idx1":
                self._indexes.append((low, high))
            elif kind in (b"strn", b"IDIT", b"ISMP"):
                self.found.tags.append((_key(kind), self._text(low, high)))
            elif kind not in _PLAIN:
                self.found.stray.append(f"chunk {kind!a} of {high - low} bytes at byte {low}")

    def _movie(self, begin: int, end: int) -> None:
        for kind, low, high in self._chunks(begin, end):
            if kind == b"LIST":
                self._movie(low + 4, high)
            elif kind.startswith(b"ix"):
                self._standard_index(low, high)
            elif _DATA.fullmatch(kind):
                if high > low:
                    self._held.add(low)
            elif kind != b"JUNK" or not_zero(self.data, low, high):
                self.found.stray.append(f"chunk {kind!a} of {high - low} bytes among the pictures at byte {low}")

    def _standard_index(self, low: int, high: int) -> None:
        """OpenDML: offsets of the chunks' bodies from a base (AVISTDINDEX)."""
        _, _, _, count, _, base, _ = struct.unpack_from("<HBBI4sQI", self.data, low)
        for at in range(low + 24, min(low + 24 + 8 * count, high - 7), 8):
            self._listed.add(base + int.from_bytes(self.data[at : at + 4], "little"))

    def _compare(self) -> None:
        for low, high in self._indexes:
            entries = [struct.unpack_from("<4sIII", self.data, at) for at in range(low, high - 15, 16)]
            first = entries[0][2] if entries else 0
            base = self._movi if first < self._movi else 0  # offsets count from movi or from the file's begin
            self._listed.update(base + offset + 8 for _, _, offset, _ in entries)
        if missing := sorted(self._held - self._listed):
            self.found.hidden.append(f"{len(missing)} chunks of pictures or sound that no index lists, first at byte "
                                     f"{missing[0]}")  # fmt: skip

    def _text(self, low: int, high: int) -> str:
        return bytes(self.data[low : min(high, low + 2000)]).decode("utf-8", "replace").strip("\0")


def _key(kind: bytes) -> str:
    known = {b"INAM": "title", b"ISFT": "encoder", b"IART": "artist", b"ICMT": "comment", b"ICRD": "date"}
    return known.get(kind, kind.decode("latin-1"))
