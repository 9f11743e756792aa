"""Leaks in PDF."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.evidence.leak_material import Material, Plant, behind
from workbench.evidence.disclosure.answers import BEHIND, CROP, EMBEDDED, HIDDEN, MACHINE, PEOPLE, PLACES


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


PAPERS: list[tuple[str, set[str], Plant]] = [
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
    ("behind.pdf", {BEHIND}, behind("report")),
]
