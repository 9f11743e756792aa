"""XMP packets: each word with the property it stands in (ISO 16684-1)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from workbench.evidence.disclosure.words import Tag

_RDF, _XML = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", "{http://www.w3.org/XML/1998/namespace}"
_SCHEMAS = ("{http://www.aiim.org/pdfa/ns/", "{adobe:ns:meta/}")
_HARMLESS = {
    "CreateDate", "ModifyDate", "MetadataDate", "CreatorTool", "Producer", "part", "conformance", "format", "Trapped",
    "DocumentID", "InstanceID", "RenditionClass", "PDFVersion", "rev", "language",
}  # fmt: skip
_MOST = 4 << 20


def tags(packet: bytes) -> list[Tag]:
    """The words of a packet that are not harmless; one tag that says so where it cannot be read."""
    if len(packet) > _MOST:
        return [("XMP", f"{len(packet)} bytes, too many to be read")]
    try:
        root = ElementTree.fromstring(packet.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return [("XMP", "a packet that cannot be read")]
    return list(_walk(root, "XMP"))


def _walk(element: ElementTree.Element, key: str) -> Iterator[Tag]:
    stack = [(element, key)]
    while stack:
        one, name = stack.pop()
        if one.tag.startswith(_SCHEMAS[0]):
            continue
        if not one.tag.startswith((_RDF, _SCHEMAS[1])):
            name = one.tag.rpartition("}")[2]
        words = [(name, one.text or ""), *((k.rpartition("}")[2], v) for k, v in one.attrib.items() if _told(k))]
        yield from ((k, v.strip()) for k, v in words if v.strip() and k not in _HARMLESS)
        stack += [(child, name) for child in one]


def _told(attribute: str) -> bool:
    """Whether an attribute is a property, and no part of XMP's own grammar."""
    return not attribute.startswith((_RDF, _XML, *_SCHEMAS)) and attribute.startswith("{")
