"""From a drawn PDF to PDF/A-3b: pictures, attachments, output intent, metadata; every byte decided by the input.

Colours are device RGB and grey under one sRGB output intent. Attachments are associated files of the whole document
(ISO 19005-3, 6.8). Dates are the report's own; the file's id is a digest of its content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Pdf, String

from workbench import __version__
from workbench.core.errors import WorkError
from workbench.report.text import harmless

PARTS = ("reportlab", "pikepdf", "matplotlib")
"""Whose versions decide the bytes of a report; matplotlib's for its fonts."""
TYPES = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".csv": "text/csv",
}
LONGEST = 500
"""Characters of a title in the metadata."""
ABOUT = {
    "report.json": "The machine-readable report: every word and number of this PDF",
    ".json": "Machine-readable record of the case",
    ".txt": "List in plain text",
}
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Document(NamedTuple):
    """What the metadata say."""

    title: str
    subject: str
    made: datetime


def producer() -> str:
    """The tools that made the PDF, with their versions."""
    return "; ".join([f"forensic-workbench {__version__}", *(f"{name} {version(name)}" for name in PARTS)])


def complete(
    pdf: Pdf,
    pages: Iterable[Iterable[str]],
    images: Mapping[str, pikepdf.Object],
    attachments: Mapping[str, bytes],
    document: Document,
) -> None:
    """Put in everything that a drawn PDF lacks. `pages` names the images of each page."""
    held = {name: pdf.make_indirect(stream) for name, stream in images.items()}
    for page, names in zip(pdf.pages, pages, strict=True):
        _complete(page.obj, {name: held[name] for name in names if name in held})
    for name, data in sorted(attachments.items()):
        _attach(pdf, name, data, document.made)
    _catalog(pdf, document)


def _complete(page: pikepdf.Object, images: Mapping[str, pikepdf.Object]) -> None:
    """Give a page its images, and what PDF/A wants of page and links."""
    for unwanted in ("/Trans", "/Rotate"):
        if unwanted in page:
            del page[unwanted]
    if images:
        resources = Dictionary(dict(page.Resources.items()))
        resources.XObject = Dictionary({f"/{name}": image for name, image in images.items()})
        page.Resources = resources
    for link in page.get("/Annots", Array()):
        link.F = 4  # printed; a link without it is no PDF/A


def _attach(pdf: Pdf, name: str, data: bytes, made: datetime) -> None:
    suffix = Path(name).suffix
    when = _pdf_date(made)
    spec = AttachedFileSpec(
        pdf,
        data,
        filename=name,
        description=ABOUT.get(name) or ABOUT.get(suffix, "File of the case"),
        mime_type=TYPES.get(suffix, "application/octet-stream"),
        creation_date=when,
        mod_date=when,
    )
    spec.obj.AFRelationship = Name.Data if suffix == ".json" else Name.Supplement
    pdf.attachments[name] = spec  # which lists it in /AF, too


def _catalog(pdf: Pdf, document: Document) -> None:
    root = pdf.Root
    root.Lang = String("en")
    root.PageMode = Name.UseOutlines
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    root.Metadata = pdf.make_stream(_xmp(document), Type=Name.Metadata, Subtype=Name.XML)
    root.OutputIntents = Array([pdf.make_indirect(_output_intent(pdf))])
    when = String(_pdf_date(document.made))
    pdf.trailer.Info = pdf.make_indirect(
        Dictionary(
            Title=String(_plain(document.title)),
            Subject=String(_plain(document.subject)),
            Producer=String(producer()),
            CreationDate=when,
            ModDate=when,
        )
    )


def _output_intent(pdf: Pdf) -> Dictionary:
    """The sRGB profile that pikepdf ships."""
    from pikepdf import pdfa  # only here: it takes a while, and brings fontTools and jsonschema

    profile = (Path(pdfa.__file__).parent / "data" / "sRGB.icc").read_bytes()
    stream = pdf.make_stream(profile, N=3)
    return Dictionary(
        Type=Name.OutputIntent,
        S=Name("/GTS_PDFA1"),
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB"),
        DestOutputProfile=stream,
    )


def _pdf_date(when: datetime) -> str:
    return when.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")


def _plain(words: str) -> str:
    """Words for the metadata: harmless, on one line, not too long for PDF/A, and only what XML may hold."""
    flat = _NOT_XML.sub("\ufffd", harmless(words).replace("\n", " "))
    return flat if len(flat) <= LONGEST else flat[:LONGEST] + "…"


def _xmp(document: Document) -> bytes:
    """The metadata packet (ISO 16684-1) with the PDF/A identification."""
    title, subject, made = escape(_plain(document.title)), escape(_plain(document.subject)), document.made
    when = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
   <pdf:Producer>{escape(producer())}</pdf:Producer>
   <xmp:CreateDate>{when}</xmp:CreateDate>
   <xmp:ModifyDate>{when}</xmp:ModifyDate>
   <xmp:MetadataDate>{when}</xmp:MetadataDate>
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def save(pdf: Pdf, path: Path) -> None:
    """Write the file; its id is a digest of its content."""
    try:
        pdf.save(
            path,
            deterministic_id=True,
            preserve_pdfa=True,
            fix_metadata_version=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=True,
            min_version="1.7",
        )
    except pikepdf.PdfError as exc:
        raise WorkError(f"the report's PDF cannot be written: {exc}", "Free some room for temporary files.") from exc
