"""Bits of a NAL unit: emulation prevention, reading, and replacing one field by another.

The bytes of a NAL unit on the wire are the *escaped* form: wherever the payload would hold ``00 00 0x``
(x ≤ 3) an encoder puts a ``03`` in between, so that no start code appears by chance (ISO/IEC 14496-10 7.4.1,
23008-2 7.4.2). Fields are read and changed in the *unescaped* form (the RBSP), then escaped again:

    rbsp = unescape(nal)
    reader = BitReader(rbsp, start=16)
    vps_id = reader.u(4)
    nal = escape(splice(rbsp, [Field(16, 20, 1, 4)]))

Rules: bytes in, bytes out; reading past the end raises `BitstreamError`, never anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_NEEDS_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_LONGEST_UE_PREFIX = 32


class BitstreamError(ValueError):
    """A coded bitstream breaks its own syntax; base of every error of the bitstream files."""


def unescape(nal: bytes) -> bytes:
    """Remove the emulation prevention bytes (14496-10 7.3.1)."""
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")


def escape(rbsp: bytes) -> bytes:
    """Insert emulation prevention bytes; a zero at the end gets a closing ``03`` (14496-10 7.4.1)."""
    escaped = _NEEDS_ESCAPE.sub(b"\x00\x00\x03", rbsp)
    return escaped + b"\x03" if escaped.endswith(b"\x00") else escaped


class BitReader:
    """A cursor over unescaped bytes; `pos` is the bit that is read next, counted from the first byte."""

    __slots__ = ("_data", "_end", "pos")

    def __init__(self, rbsp: bytes, start: int = 0) -> None:
        """Stand at bit `start` of an unescaped unit."""
        self._data = rbsp
        self._end = len(rbsp) * 8
        self.pos = start

    def u(self, count: int) -> int:
        """Read `count` bits as an unsigned number: u(n)."""
        end = self.pos + count
        if end > self._end:
            raise BitstreamError(f"{count} bits at bit {self.pos} run past the end ({self._end} bits)")
        window = int.from_bytes(self._data[self.pos >> 3 : (end + 7) >> 3], "big")
        self.pos = end
        return (window >> (-end & 7)) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Read one bit as a truth value: u(1)."""
        return bool(self.u(1))

    def skip(self, count: int) -> None:
        """Pass over `count` bits, which must exist."""
        if self.pos + count > self._end:
            raise BitstreamError(f"{count} bits at bit {self.pos} run past the end ({self._end} bits)")
        self.pos += count

    def ue(self, most: int = 0xFFFFFFFF) -> int:
        """Read an unsigned Exp-Golomb number (14496-10 9.1); above `most` is an error: loops stay short."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > _LONGEST_UE_PREFIX:
                raise BitstreamError(f"Exp-Golomb prefix at bit {self.pos} exceeds {_LONGEST_UE_PREFIX} bits")
        value = (1 << zeros) - 1 + self.u(zeros)
        if value > most:
            raise BitstreamError(f"value {value} before bit {self.pos} is above the limit of {most}")
        return value

    def se(self) -> int:
        """Read a signed Exp-Golomb number (14496-10 9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


class Field(NamedTuple):
    """One replacement: bits [start, end) give way to `value` written in `width` bits."""

    start: int
    end: int
    value: int
    width: int


def ue_width(value: int) -> int:
    """Bits that the Exp-Golomb code of `value` takes; the code itself is ``value + 1`` in that width."""
    return 2 * (value + 1).bit_length() - 1


def splice(rbsp: bytes, fields: Sequence[Field]) -> bytes:
    """Replace fields (in rising order) and close with fresh trailing bits (14496-10 7.3.2.11).

    Meant for parameter sets: the stop bit and its zeros are cut off and written anew for the new length.
    """
    whole = int.from_bytes(rbsp, "big")
    if not whole:
        raise BitstreamError("payload without a stop bit")
    stop = (whole & -whole).bit_length()
    total = len(rbsp) * 8 - stop
    payload = whole >> stop
    out = width = at = 0
    for field in [*fields, Field(total, total, 0, 0)]:
        if not at <= field.start <= field.end <= total:
            raise BitstreamError(f"bits {field.start}..{field.end} lie outside the payload of {total} bits")
        kept = field.start - at
        out = (out << kept) | ((payload >> (total - field.start)) & ((1 << kept) - 1))
        out = (out << field.width) | field.value
        width += kept + field.width
        at = field.end
    padding = -(width + 1) & 7
    return (((out << 1) | 1) << padding).to_bytes((width + 1 + padding) // 8, "big")
