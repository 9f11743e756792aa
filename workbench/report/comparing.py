"""Two PDFs held against each other, object by object: ours, which we just made, and theirs, which may be hostile.

Streams are compared unpacked, so that another version of a compressor makes no difference; theirs is unpacked no
further than ours is long. Nothing is followed that ours does not have, so that no loop and no bomb of theirs is
entered.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

CODING = frozenset({"/Length", "/Filter", "/DecodeParms", "/DL"})
"""Keys of a stream that say how it is packed, not what it holds."""


class Pages:
    """Which object is which page, so that links are compared by the page they lead to."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}

    def number(self, thing: Any) -> int | None:
        """The page's number, or None for anything else."""
        return self.numbers.get(thing.objgen) if isinstance(thing, Object) and thing.is_indirect else None


def difference(ours: Any, theirs: Any, pages: tuple[Pages, Pages], skip: frozenset[str] = frozenset()) -> str | None:
    """Where the two differ first, as a path of keys; None where they are equal. `skip` names keys left out on top."""
    waiting, seen = [(ours, theirs, "", skip)], set[tuple[Any, Any]]()
    while waiting:
        one, other, where, without = waiting.pop()
        numbers = pages[0].number(one), pages[1].number(other)
        if where and numbers != (None, None):
            if numbers[0] != numbers[1]:
                return where
            continue
        if isinstance(one, Object) and isinstance(other, Object) and one.is_indirect and other.is_indirect:
            pair = (one.objgen, other.objgen)
            if pair in seen:
                continue
            seen.add(pair)
        found = _parts(one, other, without)
        if found is None:
            return where or "/"
        waiting += [(left, right, f"{where}{name}", frozenset[str]()) for left, right, name in found]
    return None


def _parts(one: Any, other: Any, without: frozenset[str]) -> list[tuple[Any, Any, str]] | None:
    """The parts of both to be compared next; None where the two differ already."""
    if isinstance(one, Stream):
        same = isinstance(other, Stream) and unpacked(other, len(data := one.read_bytes())) == data
        return _entries(one.stream_dict, other.stream_dict, CODING) if same else None
    if isinstance(one, Dictionary):
        return _entries(one, other, without) if isinstance(other, Dictionary) else None
    if isinstance(one, Array):
        if not isinstance(other, Array) or len(one) != len(other):
            return None
        return [(left, right, f"[{n}]") for n, (left, right) in enumerate(zip(one, other, strict=True))]
    return [] if type(one) is type(other) and one == other else None


def _entries(one: Any, other: Any, without: frozenset[str]) -> list[tuple[Any, Any, str]] | None:
    ours, theirs = (dict[str, Any](thing.items()) for thing in (one, other))
    if ours.keys() - without != theirs.keys() - without:
        return None
    return [(ours[key], theirs[key], key) for key in ours.keys() - without - {"/Parent"}]


def unpacked(stream: Object, most: int) -> bytes | None:
    """The content of a stream that is plain or deflated, if it is no longer than `most` bytes; else None."""
    coded = stream.get("/Filter")
    if isinstance(coded, Array) and len(coded) == 1:
        coded = coded[0]
    raw = stream.read_raw_bytes()
    if coded is None or (isinstance(coded, Array) and len(coded) == 0):
        return raw if len(raw) <= most else None
    if coded != Name.FlateDecode or _predicted(stream):
        return None
    return inflated(raw, most)


def inflated(raw: bytes, most: int) -> bytes | None:
    """Deflated bytes unpacked, if they are sound, end where they say, and are no longer than `most`; else None.

    Of no bytes nothing is unpacked: some writers leave an empty stream so.
    """
    if not raw:
        return b""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(raw, most + 1)
    except zlib.error:
        return None
    return data if len(data) <= most and unpacking.eof else None


def _predicted(stream: Object) -> bool:
    parms = stream.get("/DecodeParms")
    return isinstance(parms, Mapping | Dictionary) and parms.get("/Predictor", 1) != 1
