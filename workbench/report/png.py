"""Pictures of the case: read, held against their digests, and handed on without coding anything anew.

A PNG of 8-bit RGB without interlacing is already what a PDF wants: its deflated rows with their predictors are taken
over byte for byte, so that embedding costs nothing and loses nothing. What is hashed is what the PDF's own reader
(qpdf) makes of exactly these bytes. Anything else in the file (text chunks, bytes behind the pixels) stays out.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pikepdf

from workbench.core.errors import WorkError
from workbench.report.model import Picture

LARGEST = 200_000_000
"""Pixels of a picture; more is refused before anything is unpacked."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = b"\x08\x02\x00\x00\x00"
"""Bit depth 8, colour type 2, deflate, adaptive filters, not interlaced."""


def embedded(pdf: pikepdf.Pdf, picture: Picture, folder: Path) -> pikepdf.Stream:
    """The picture as an image of `pdf`; WorkError unless file and pixels are those that `picture` names."""
    data = read(picture, folder)
    try:
        stream = image(pdf, data, picture)
        found = pixels_sha256(stream)
    except (ValueError, pikepdf.PdfError) as exc:
        raise WorkError(f"{picture.path} is no picture that a report can hold: {exc}", _ADVICE) from exc
    if found != picture.rgb_sha256:
        raise WorkError(f"the pixels of {picture.path} are {found}, on record is {picture.rgb_sha256}", _ADVICE)
    return stream


_ADVICE = "The file changed since it was put on record; restore it, or take the snapshot again."


def read(picture: Picture, folder: Path) -> bytes:
    """The file of `picture`; WorkError unless it lies in `folder` and has the SHA-256 on record."""
    try:
        path = (folder / picture.path).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise WorkError(f"{picture.path} lies outside the case", "Only files of the case can be printed.")
        if not path.is_file():
            raise WorkError(f"{picture.path} cannot be read: no such file", _ADVICE)
        data = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as exc:
        raise WorkError(f"{picture.path} cannot be read: {getattr(exc, 'strerror', None) or exc}", _ADVICE) from exc
    found = hashlib.sha256(data).hexdigest()
    if found != picture.sha256:
        raise WorkError(f"{picture.path} has the SHA-256 {found}, on record is {picture.sha256}", _ADVICE)
    return data


def image(pdf: pikepdf.Pdf, data: bytes, picture: Picture) -> pikepdf.Stream:
    """A PNG file as an image of `pdf`, its coded rows untouched; ValueError where it is not of the kind we write."""
    width, height = picture.width, picture.height
    if width < 1 or height < 1 or width * height > LARGEST:
        raise ValueError(f"{width} × {height} pixels")
    chunks = dict[bytes, list[bytes]]()
    for kind, content in _chunks(data):
        chunks.setdefault(kind, []).append(content)
    if chunks.get(b"IHDR") != [struct.pack(">II", width, height) + _RGB8] or b"tRNS" in chunks:
        raise ValueError(f"not a PNG of {width} × {height} pixels, RGB, 8 bit, opaque, not interlaced")
    rows = b"".join(chunks.get(b"IDAT", []))
    _whole(rows, height * (1 + 3 * width))
    stream = pikepdf.Stream(pdf, b"")
    stream.write(
        rows,
        filter=pikepdf.Name.FlateDecode,
        decode_parms=pikepdf.Dictionary(Predictor=15, Colors=3, BitsPerComponent=8, Columns=width),
    )
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height, stream.BitsPerComponent = width, height, 8
    stream.ColorSpace = pikepdf.Name.DeviceRGB
    return stream


def pixels_sha256(stream: pikepdf.Object) -> str:
    """SHA-256 of the pixels of an image as a PDF reader unpacks them."""
    return hashlib.sha256(stream.read_bytes()).hexdigest()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to IEND (PNG, ISO/IEC 15948, 5.3), their checksums held against their content."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise ValueError("the PNG ends too early")
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(content) != length or data[at + 8 + length : at + 12 + length] != zlib.crc32(kind + content).to_bytes(4):
            raise ValueError("a chunk of the PNG is damaged")
        yield kind, content
        at += 12 + length


def _whole(rows: bytes, size: int) -> None:
    """ValueError unless the deflated rows hold exactly `size` bytes and nothing stands behind them."""
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(rows, size + 1)
    except zlib.error as exc:
        raise ValueError(f"the PNG's pixels are damaged: {exc}") from exc
    if len(unpacked) != size or not unpacking.eof or unpacking.unused_data:
        raise ValueError("the PNG does not hold exactly its pixels")
