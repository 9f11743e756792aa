"""Leaks to plant: each makes one file that discloses something, and names the questions that must find it.

`plant_all` puts every one into a folder of its own file; the originals they are made from are clean.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from workbench.evidence.disclosure.answers import (
    BEHIND,
    CROP,
    EMBEDDED,
    HIDDEN,
    INSIDE,
    KIND,
    MACHINE,
    OUTPUTS,
    PEOPLE,
    PLACES,
    SOUND,
    STATE,
    STRAY,
    TRACKS,
)  # fmt: skip

XMP = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Clean files to start from."""

    mp4: Path
    mkv: Path
    avi: Path
    sound: Path
    """An MP4 with sound."""
    export: Path
    """An MP4 that an export made, with sound, its record beside it."""
    report: Path
    """A report's PDF."""
    jpg: bytes
    png: bytes
    secret: bytes
    """A PNG that nobody may see."""


Plant = Callable[[Material, Path], None]


def ffmpeg(*arguments: str | Path) -> None:
    """Run Debian's ffmpeg quietly."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def box(kind: bytes, body: bytes) -> bytes:
    """An MP4 box."""
    return struct.pack(">I", len(body) + 8) + kind + body


def grown(data: bytes, path: tuple[bytes, ...], more: bytes) -> bytes:
    """An MP4 with `more` at the end of the box at `path`, whose parents grow with it; nothing may lie behind moov."""
    at, end = 0, len(data)
    out = bytearray(data)
    for kind in path:
        while data[at + 4 : at + 8] != kind:
            at += int.from_bytes(data[at : at + 4], "big")
        size = int.from_bytes(data[at : at + 4], "big")
        out[at : at + 4] = struct.pack(">I", size + len(more))
        end, at = at + size, at + 8
    return bytes(out[:end]) + more + bytes(out[end:])


def _cut_copy(m: Material, to: Path) -> None:
    ffmpeg("-ss", "1.3", "-i", m.mp4, "-t", "1", "-c", "copy", to)


def _shortened_edit(m: Material, to: Path) -> None:
    data = bytearray(m.mp4.read_bytes())
    at = data.index(b"elst") + 12
    data[at : at + 4] = struct.pack(">I", int.from_bytes(data[at : at + 4], "big") // 2)
    to.write_bytes(data)


def _doubled_instant(m: Material, to: Path) -> None:
    data = bytearray(m.mp4.read_bytes())
    at = data.index(b"stts") + 8
    count, delta = struct.unpack_from(">II", data, at + 4)
    data[at + 4 : at + 12] = struct.pack(">II", count, 0)
    assert delta
    to.write_bytes(data)


def _sps_crop(m: Material, to: Path) -> None:
    ffmpeg("-i", m.mp4, "-c", "copy", "-bsf:v", "h264_metadata=crop_left=48", to)


def _user_message(m: Material, to: Path) -> None:
    words = "086f3693-b7b3-4f2c-9653-21492feee5b8+Camera+of+John+Doe"
    ffmpeg("-i", m.mp4, "-c", "copy", "-bsf:v", f"h264_metadata=sei_user_data={words}", to)


def _stray_media(m: Material, to: Path) -> None:
    data = m.mp4.read_bytes()
    assert data.rindex(b"moov") > data.index(b"mdat")
    moved = len(m.secret)
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[data.index(b"mdat") - 4 : data.index(b"mdat")], "big")
    begin = data.index(b"mdat") - 4
    grown_media = struct.pack(">I", size + moved) + data[begin + 4 : at] + m.secret
    to.write_bytes(data[:begin] + grown_media + data[at:])


def _filled_free(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes() + box(b"free", m.secret))


def _unknown_box(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes() + box(b"hide", m.secret))


def _behind(original: str) -> Plant:
    def plant(m: Material, to: Path) -> None:
        data = getattr(m, original)
        to.write_bytes((data if isinstance(data, bytes) else data.read_bytes()) + m.secret)

    return plant


def _second_video(m: Material, to: Path) -> None:
    ffmpeg("-i", m.mp4, "-i", m.mp4, "-map", "0", "-map", "1", "-c", "copy", to)


def _subtitles(m: Material, to: Path) -> None:
    words = to.with_suffix(".srt.part")
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    ffmpeg("-i", m.mp4, "-f", "srt", "-i", words, "-map", "0", "-map", "1", "-c:v", "copy", "-c:s", "mov_text", to)
    words.unlink()


def _cover(m: Material, to: Path) -> None:
    art = box(b"covr", box(b"data", struct.pack(">II", 14, 0) + m.secret))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", art)))
    to.write_bytes(grown(m.mp4.read_bytes(), (b"moov",), meta))


def _user_data(kind: bytes, body: bytes) -> Plant:
    def plant(m: Material, to: Path) -> None:
        to.write_bytes(grown(m.mp4.read_bytes(), (b"moov",), box(b"udta", box(kind, body))))

    return plant


def _remuxed(*more: str) -> Plant:
    def plant(m: Material, to: Path) -> None:
        ffmpeg("-i", m.mp4, "-c", "copy", *more, to)

    return plant


def _attachment(m: Material, to: Path) -> None:
    art = to.with_suffix(".png.part")
    art.write_bytes(m.secret)
    ffmpeg("-i", m.mkv, "-c", "copy", "-attach", art, "-metadata:s:t", "mimetype=image/png", to)
    art.unlink()


def _void(m: Material, to: Path) -> None:
    data = m.mkv.read_bytes()
    at = data.index(b"\x1f\x43\xb6\x75")
    segment = data.index(b"\x18\x53\x80\x67") + 4
    more = b"\xec" + struct.pack(">Q", len(m.secret) | 1 << 56) + m.secret
    size = int.from_bytes(data[segment : segment + 8], "big") + len(more)
    to.write_bytes(data[:segment] + struct.pack(">Q", size) + data[segment + 8 : at] + more + data[at:])


def _other_track(m: Material, to: Path) -> None:
    data = bytearray(m.mkv.read_bytes())
    at = data.index(b"\xa3", data.index(b"\x1f\x43\xb6\x75") + 12)
    wide = 9 - data[at + 1].bit_length()
    assert data[at + 1 + wide] == 0x81
    data[at + 1 + wide] = 0x87
    to.write_bytes(data)


def _unlisted_chunk(m: Material, to: Path) -> None:
    data = bytearray(m.avi.read_bytes())
    at = data.rindex(b"idx1")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    begin = at + 8 + size - 16
    data[begin : begin + 16] = data[begin - 16 : begin]  # the last picture is listed no more
    to.write_bytes(data)


def _undeclared_sound(m: Material, to: Path) -> None:
    to.write_bytes(m.sound.read_bytes())


def _unwanted_sound(m: Material, to: Path) -> None:
    to.write_bytes(m.export.read_bytes())
    record = json.loads(m.export.with_name(f"{m.export.name}.json").read_text())
    record["plan"]["spec"]["audio"] = "drop"
    record["files"][0]["path"] = to.name
    to.with_name(f"{to.name}.json").write_text(json.dumps(record))


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


def _pdf(change: Callable[[pikepdf.Pdf, Material], None]) -> Plant:
    def plant(m: Material, to: Path) -> None:
        with pikepdf.open(m.report) as pdf:
            change(pdf, m)
            pdf.save(to)

    return plant


def image(pdf: pikepdf.Pdf, png: bytes) -> pikepdf.Object:
    """A picture as an object of a PDF."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    stream = pikepdf.Stream(pdf, picture.tobytes())
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height, stream.BitsPerComponent = picture.width, picture.height, 8
    stream.ColorSpace = pikepdf.Name.DeviceRGB
    return pdf.make_indirect(stream)


def _pdf_clipped(pdf: pikepdf.Pdf, m: Material) -> None:
    """The whole picture, of which the page shows the upper half only."""
    pdf.pages[0].add_resource(image(pdf, m.secret), pikepdf.Name.XObject, pikepdf.Name("/Sec"))
    pdf.pages[0].contents_add(b"q 0 300 200 100 re W n 200 0 0 200 0 200 cm /Sec Do Q")


def _pdf_covered(pdf: pikepdf.Pdf, m: Material) -> None:
    """The picture without its mask, with a black rectangle drawn over the place."""
    pdf.pages[0].add_resource(image(pdf, m.secret), pikepdf.Name.XObject, pikepdf.Name("/Sec"))
    pdf.pages[0].contents_add(b"q 200 0 0 200 0 200 cm /Sec Do Q q 0 g 50 250 60 60 re f Q")


def _pdf_unused(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.Root.Unused = image(pdf, m.secret)


def _pdf_jpeg(pdf: pikepdf.Pdf, m: Material) -> None:
    body = io.BytesIO()
    Image.open(io.BytesIO(m.secret)).convert("RGB").save(body, "jpeg")
    stream = pikepdf.Stream(pdf, body.getvalue())
    stream.Subtype, stream.Filter, stream.Width, stream.Height = (
        pikepdf.Name.Image, pikepdf.Name.DCTDecode, 160, 120,
    )  # fmt: skip
    pdf.Root.Unused = pdf.make_indirect(stream)


def _pdf_soft_mask(pdf: pikepdf.Pdf, m: Material) -> None:
    """A grey copy of the secret, as the soft mask of a picture that may be there."""
    held = next(o for o in pdf.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image")
    gray = Image.open(io.BytesIO(m.secret)).convert("L")
    stream = pikepdf.Stream(pdf, gray.tobytes())
    stream.Subtype, stream.Width, stream.Height = pikepdf.Name.Image, gray.width, gray.height
    stream.BitsPerComponent, stream.ColorSpace = 8, pikepdf.Name.DeviceGray
    held.SMask = pdf.make_indirect(stream)


def _pdf_inline(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.pages[0].contents_add(b"q 9 0 0 9 0 0 cm BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI Q")


def _pdf_thumbnail(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.pages[0].obj.Thumb = image(pdf, m.secret)


def _pdf_author(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.trailer.Info.Author = pikepdf.String("John Doe")


def _pdf_xmp(pdf: pikepdf.Pdf, m: Material) -> None:
    with pdf.open_metadata() as metadata:
        metadata["dc:creator"] = ["Jane Roe"]
        metadata["photoshop:City"] = "Springfield"


def _pdf_layers(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=pikepdf.Array(), D=pikepdf.Dictionary())


def _pdf_attached_picture(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.attachments["x.png"] = pikepdf.AttachedFileSpec(pdf, m.secret, filename="x.png")


def _pdf_attached_path(pdf: pikepdf.Pdf, m: Material) -> None:
    pdf.attachments["x.txt"] = pikepdf.AttachedFileSpec(pdf, b"see /srv/cases/anna/17", filename="x.txt")


def _pdf_earlier_version(m: Material, to: Path) -> None:
    """A first version with the secret, replaced by an incremental update; the old bytes are still there."""
    page = io.BytesIO()
    canvas = Canvas(page, invariant=1)
    canvas.drawImage(ImageReader(io.BytesIO(m.secret)), 0, 0)
    canvas.save()
    data = page.getvalue()
    at = data.index(b"/Subtype /Image")
    number = data[data.rindex(b"\n", 0, data.rindex(b" 0 obj", 0, at)) + 1 : data.rindex(b" 0 obj", 0, at)]
    last = int(data[data.rindex(b"startxref") + 9 : data.rindex(b"%%EOF")])
    trailer = data[data.rindex(b"trailer") : data.rindex(b"startxref")]
    update = number + b" 0 obj\n<< /Gone true >>\nendobj\n"
    table = b"xref\n%s 1\n%010d 00000 n \n" % (number, len(data))
    trailer = trailer.replace(b">>", b"/Prev %d\n>>" % last)
    to.write_bytes(data + update + table + trailer + b"startxref\n%d\n%%%%EOF\n" % (len(data) + len(update)))


def _pdf_lost_object(m: Material, to: Path) -> None:
    """A picture object between two others that no table of the file knows."""
    data = m.report.read_bytes()
    secret = zlib.compress(Image.open(io.BytesIO(m.secret)).convert("RGB").tobytes())
    head = b"\n99999 0 obj\n<< /Subtype /Image /Width 160 /Height 120 /Filter /FlateDecode /Length %d >>\nstream\n"
    hidden = head % len(secret) + secret + b"\nendstream\nendobj\n"
    to.write_bytes(data + hidden + b"startxref\n" + data[data.rindex(b"startxref") + 10 :])


NOTEBOOK: dict[str, Any] = {
    "cells": [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["1 + 1"]}],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def _notebook(change: Callable[[dict[str, Any], str], None]) -> Plant:
    def plant(m: Material, to: Path) -> None:
        notebook = json.loads(json.dumps(NOTEBOOK))
        change(notebook, base64.b64encode(m.secret).decode())
        to.write_text(json.dumps(notebook))

    return plant


def _output(notebook: dict[str, Any], picture: str) -> None:
    notebook["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}]


def _output_picture(notebook: dict[str, Any], picture: str) -> None:
    notebook["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}]


def _widget_state(notebook: dict[str, Any], picture: str) -> None:
    state = {"state": {"1": {"model_name": "ImageModel", "state": {"value": "…"}}}}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}


def _attached(notebook: dict[str, Any], picture: str) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": [], "attachments": {"x.png": {"image/png": picture}}}
    notebook["cells"].append(cell)


def _text(words: str) -> Plant:
    return lambda m, to: to.write_text(words) and None


def _data_uri(m: Material, to: Path) -> None:
    to.write_text(f'<img src="data:image/png;base64,{base64.b64encode(m.secret).decode()}">')


def _plain_base64(m: Material, to: Path) -> None:
    to.write_text(json.dumps({"picture": base64.b64encode(m.secret).decode()}))


def _wrong_name(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes())


_MAP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_MAP += b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31N"/></rdf:RDF></x:xmpmeta>'

PLANTS: list[tuple[str, set[str], Plant]] = [
    ("cut-copy.mp4", {HIDDEN}, _cut_copy),
    ("shortened-edit.mp4", {HIDDEN}, _shortened_edit),
    ("doubled-instants.mp4", {HIDDEN}, _doubled_instant),
    ("sps-crop.mp4", {HIDDEN}, _sps_crop),
    ("stray-media.mp4", {STRAY}, _stray_media),
    ("filled-free.mp4", {STRAY}, _filled_free),
    ("unknown-box.mp4", {STRAY}, _unknown_box),
    ("behind.mp4", {BEHIND}, _behind("mp4")),
    ("second-video.mp4", {TRACKS}, _second_video),
    ("subtitles.mp4", {TRACKS}, _subtitles),
    ("cover.mp4", {EMBEDDED}, _cover),
    ("thumb.mp4", {EMBEDDED}, _user_data(b"thmb", b"jpeg" + bytes(range(256)))),
    ("xyz.mp4", {PLACES}, _user_data(b"\xa9xyz", b"\x00\x12\x15\xc7+52.5200+013.4050/")),
    ("loci.mp4", {PLACES}, _user_data(b"loci", bytes(6) + b"Springfield\0" + bytes(13))),
    ("artist.mp4", {PEOPLE}, _remuxed("-metadata", "artist=John Doe")),
    ("where.mp4", {PLACES}, _remuxed("-metadata", "comment=at +48.85+002.35/")),
    ("handler.mp4", {PEOPLE}, _remuxed("-metadata:s:v:0", "handler_name=ACME Cam 5 SN 123")),
    ("user-data.mp4", {INSIDE}, _user_message),
    ("undeclared-sound.mp4", {SOUND}, _undeclared_sound),
    ("unwanted-sound.mp4", {SOUND}, _unwanted_sound),
    ("attachment.mkv", {EMBEDDED}, _attachment),
    ("void.mkv", {STRAY}, _void),
    ("other-track.mkv", {STRAY}, _other_track),
    ("behind.mkv", {BEHIND}, _behind("mkv")),
    ("artist.mkv", {PEOPLE}, _remuxed("-metadata", "artist=John Doe")),
    ("unlisted.avi", {HIDDEN}, _unlisted_chunk),
    ("behind.avi", {BEHIND}, _behind("avi")),
    ("artist.avi", {PEOPLE}, _remuxed("-c:v", "mjpeg", "-metadata", "artist=John Doe")),
    ("exif-thumbnail.jpg", {EMBEDDED}, _jpeg_thumbnail),
    ("jfif-thumbnail.jpg", {EMBEDDED}, _jfif_thumbnail),
    ("exif-gps.jpg", {PLACES}, _jpeg(0xE1, b"Exif\0\0" + exif(gps=True))),
    ("exif-owner.jpg", {PEOPLE}, _jpeg(0xE1, b"Exif\0\0" + exif((0xA430, b"John Doe\0")))),
    ("exif-serial.jpg", {PEOPLE}, _jpeg(0xE1, b"Exif\0\0" + exif((0xA431, b"SN-00012345\0")))),
    ("xmp-gps.jpg", {PLACES}, _jpeg(0xE1, XMP + _MAP)),
    ("xmp-gps.png", {PLACES}, _png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _MAP)),
    ("comment.jpg", {PEOPLE}, _jpeg(0xFE, b"taken by John Doe")),
    ("behind.jpg", {BEHIND}, _behind("jpg")),
    ("text.png", {PEOPLE}, _png(b"tEXt", b"Author\0John Doe")),
    ("packed-text.png", {PEOPLE}, _png(b"zTXt", b"Author\0\0" + zlib.compress(b"John Doe"))),
    ("exif.png", {PLACES}, _png(b"eXIf", exif(gps=True))),
    ("private-chunk.png", {STRAY}, _png(b"seCR", bytes(range(200)))),
    ("old-rows.png", {STRAY}, _png_old_rows),
    ("alpha.png", {HIDDEN}, _png_alpha),
    ("animated.png", {HIDDEN}, _png(b"acTL", struct.pack(">II", 2, 0))),
    ("behind.png", {BEHIND}, _behind("png")),
    ("clipped.pdf", {CROP}, _pdf(_pdf_clipped)),
    ("covered.pdf", {CROP}, _pdf(_pdf_covered)),
    ("unused.pdf", {CROP}, _pdf(_pdf_unused)),
    ("as-jpeg.pdf", {CROP}, _pdf(_pdf_jpeg)),
    ("soft-mask.pdf", {CROP}, _pdf(_pdf_soft_mask)),
    ("inline.pdf", {CROP}, _pdf(_pdf_inline)),
    ("thumbnail.pdf", {EMBEDDED, CROP}, _pdf(_pdf_thumbnail)),
    ("author.pdf", {PEOPLE}, _pdf(_pdf_author)),
    ("xmp.pdf", {PEOPLE, PLACES}, _pdf(_pdf_xmp)),
    ("layers.pdf", {HIDDEN}, _pdf(_pdf_layers)),
    ("attached-picture.pdf", {EMBEDDED}, _pdf(_pdf_attached_picture)),
    ("attached-path.pdf", {MACHINE}, _pdf(_pdf_attached_path)),
    ("earlier-version.pdf", {CROP}, _pdf_earlier_version),
    ("lost-object.pdf", {HIDDEN}, _pdf_lost_object),
    ("behind.pdf", {BEHIND}, _behind("report")),
    ("output.ipynb", {OUTPUTS}, _notebook(_output)),
    ("output-picture.ipynb", {OUTPUTS, EMBEDDED}, _notebook(_output_picture)),
    ("widget-state.ipynb", {STATE}, _notebook(_widget_state)),
    ("attached.ipynb", {EMBEDDED}, _notebook(_attached)),
    ("path.json", {MACHINE}, _text(json.dumps({"path": "/srv/cases/anna/film.mp4"}))),
    ("drive.json", {MACHINE}, _text(json.dumps({"path": "D:\\Cases\\anna\\film.mp4"}))),
    ("share.txt", {MACHINE}, _text("copied from \\\\fileserver\\cases\\17")),
    ("url.txt", {MACHINE}, _text("see file:///D:/cases/17.mp4")),
    ("data-uri.html", {EMBEDDED}, _data_uri),
    ("base64.json", {EMBEDDED}, _plain_base64),
    ("wrong-name.jpg", {KIND}, _wrong_name),
    ("Thumbs.db", {EMBEDDED}, _text("a side file")),
]
"""Name of the file → the questions that must fail for it, all of them and no other."""


def plant_all(material: Material, folder: Path) -> None:
    """Make every planted file."""
    folder.mkdir(parents=True)
    for name, _, plant in PLANTS:
        plant(material, folder / name)
