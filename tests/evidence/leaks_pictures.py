"""Leaks in JPEG and PNG."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

from tests.evidence.leak_material import Material, Plant, behind
from workbench.evidence.disclosure.answers import BEHIND, EMBEDDED, HIDDEN, PEOPLE, PLACES, STRAY

XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MAP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_MAP += b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31N"/></rdf:RDF></x:xmpmeta>'


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def exif(*entries: tuple[int, bytes], gps: bool = False, thumbnail: bytes = b"") -> bytes:
    """A small EXIF body: texts in the first directory, a GPS directory, a thumbnail in the second."""
    count = len(entries) + gps
    at = 8 + 2 + 12 * count + 4
    rest = b""
    table = b""
    for key, value in entries:
        table += struct.pack("<HHII", key, 2, len(value), at + len(rest))
        rest += value + bytes(len(value) % 2)
    if gps:
        table += struct.pack("<HHII", 0x8825, 4, 1, at + len(rest))
        rest += struct.pack("<HHHI4sI", 1, 1, 2, 2, b"N\0\0\0", 0)
    following = at + len(rest) if thumbnail else 0
    if thumbnail:
        place = following + 2 + 24 + 4
        rest += struct.pack("<H", 2) + struct.pack("<HHII", 0x201, 4, 1, place)
        rest += struct.pack("<HHII", 0x202, 4, 1, len(thumbnail)) + bytes(4) + thumbnail
    return b"II*\0" + struct.pack("<IH", 8, count) + table + struct.pack("<I", following) + rest


def _jpeg(marker: int, body: bytes) -> Plant:
    def plant(m: Material, to: Path) -> None:
        to.write_bytes(m.jpg[:2] + segment(marker, body) + m.jpg[2:])

    return plant


def _jpeg_thumbnail(m: Material, to: Path) -> None:
    """What a mask covers in the picture, shown again by its EXIF thumbnail."""
    small = io.BytesIO()
    Image.open(io.BytesIO(m.secret)).convert("RGB").resize((80, 60)).save(small, "jpeg")
    to.write_bytes(m.jpg[:2] + segment(0xE1, b"Exif\0\0" + exif(thumbnail=small.getvalue())) + m.jpg[2:])


def _jfif_thumbnail(m: Material, to: Path) -> None:
    body = b"JFIF\0\x01\x02\0\0\x01\0\x01\x10\x10" + bytes(range(256)) * 3
    to.write_bytes(m.jpg[:2] + segment(0xE0, body) + m.jpg[2:])


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(kind: bytes, body: bytes) -> Plant:
    def plant(m: Material, to: Path) -> None:
        to.write_bytes(m.png[:33] + chunk(kind, body) + m.png[33:])

    return plant


def _png_old_rows(m: Material, to: Path) -> None:
    """A picture that was cut, with the rows that were cut off still in its data."""
    picture = Image.open(io.BytesIO(m.png))
    rows = picture.tobytes()
    wide = 3 * picture.width
    data = b"".join(b"\0" + rows[y * wide : (y + 1) * wide] for y in range(picture.height))
    header = struct.pack(">IIBBBBB", picture.width, picture.height // 2, 8, 2, 0, 0, 0)
    to.write_bytes(m.png[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def _png_alpha(m: Material, to: Path) -> None:
    picture = Image.open(io.BytesIO(m.secret)).convert("RGBA").rotate(180)
    picture.putalpha(0)
    picture.save(to)


PICTURES: list[tuple[str, set[str], Plant]] = [
    ("exif-thumbnail.jpg", {EMBEDDED}, _jpeg_thumbnail),
    ("jfif-thumbnail.jpg", {EMBEDDED}, _jfif_thumbnail),
    ("exif-gps.jpg", {PLACES}, _jpeg(0xE1, b"Exif\0\0" + exif(gps=True))),
    ("exif-owner.jpg", {PEOPLE}, _jpeg(0xE1, b"Exif\0\0" + exif((0xA430, b"John Doe\0")))),
    ("exif-serial.jpg", {PEOPLE}, _jpeg(0xE1, b"Exif\0\0" + exif((0xA431, b"SN-00012345\0")))),
    ("xmp-gps.jpg", {PLACES}, _jpeg(0xE1, XMP + _MAP)),
    ("xmp-gps.png", {PLACES}, _png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _MAP)),
    ("comment.jpg", {PEOPLE}, _jpeg(0xFE, b"taken by John Doe")),
    ("behind.jpg", {BEHIND}, behind("jpg")),
    ("text.png", {PEOPLE}, _png(b"tEXt", b"Author\0John Doe")),
    ("packed-text.png", {PEOPLE}, _png(b"zTXt", b"Author\0\0" + zlib.compress(b"John Doe"))),
    ("exif.png", {PLACES}, _png(b"eXIf", exif(gps=True))),
    ("private-chunk.png", {STRAY}, _png(b"seCR", bytes(range(200)))),
    ("old-rows.png", {STRAY}, _png_old_rows),
    ("alpha.png", {HIDDEN}, _png_alpha),
    ("animated.png", {HIDDEN}, _png(b"acTL", struct.pack(">II", 2, 0))),
    ("behind.png", {BEHIND}, behind("png")),
]
