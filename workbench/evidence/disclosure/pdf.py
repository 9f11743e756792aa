"""PDF: each picture in it must be one that the package declares; thumbnails, earlier versions, layers, words, files.

Every version of the file is read (each ends in ``%%EOF``; a later one may have replaced a picture that still lies in
the earlier), every object whether a page shows it or not, and the count of picture objects in the bytes is compared
with those that were found. Encrypted files are not checked.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Pdf, Stream

from workbench.evidence.disclosure import text, xmp
from workbench.evidence.disclosure.answers import (
    BEHIND,
    CROP,
    EMBEDDED,
    HIDDEN,
    MACHINE,
    PEOPLE,
    PLACES,
    Answer,
    listed,
    ok,
    settled,
    unchecked,
)  # fmt: skip
from workbench.evidence.disclosure.kinds import kind_of
from workbench.evidence.disclosure.words import Tag, judged
from workbench.evidence.findings import Verdict

QUESTIONS = (CROP, EMBEDDED, HIDDEN, BEHIND, PLACES, PEOPLE, MACHINE)
_END = re.compile(rb"%%EOF[ \t]*(\r\n|\n|\r)?")
_IMAGE = re.compile(rb"/Subtype\s*/Image\b")
_MEDIA = {"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
_MOST_VERSIONS, _MOST_PIXELS = 50, 500_000_000
_SIGNED = ("/Name", "/Location", "/ContactInfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a PDF may hold."""

    pictures: Mapping[str, str]
    """SHA-256 of the RGB pixels → what that picture is."""
    files: Mapping[str, str]
    """SHA-256 of a picture file → what it is; a JPEG in a PDF is such a file, byte for byte."""
    words: Collection[str]
    names: Collection[str]
    """Words of this machine that must not stand in attached texts."""
    paths: Collection[bytes] = ()
    """What looks like a path in requests to a VMS (`text.requests`), and is none of a machine."""
    made: bool = False
    """The PDF is, byte for byte, one that an export's record names: its own picture is declared by that."""


@dataclass(slots=True)
class _Found:
    pictures: dict[str, str] = field(default_factory=dict)
    """Digest of a picture's coded bytes → what it is, or why it may not be there (see `_Look.picture`)."""
    strange: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    machine: list[str] = field(default_factory=list)


def answers(data: bytes, expected: Expected) -> Iterator[Answer]:
    """What a PDF file discloses."""
    look = _Look(expected)
    try:
        look.versions(data)
    except pikepdf.PasswordError:
        yield from (unchecked(question, "it is encrypted") for question in QUESTIONS)
        return
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RecursionError) as exc:
        yield from (unchecked(question, f"it cannot be read: {type(exc).__name__}") for question in QUESTIONS)
        return
    found = look.found
    yield _pictures(found, expected)
    yield settled(EMBEDDED, found.embedded)
    yield settled(HIDDEN, found.hidden)
    yield settled(BEHIND, _around(data))
    yield from judged(found.tags, expected.words)
    yield settled(MACHINE, found.machine)


def _pictures(found: _Found, expected: Expected) -> Answer:
    if expected.made and len(found.strange) == 1:
        return ok(CROP, "its one picture is as the export's record says it was made")
    if found.strange:
        return settled(CROP, found.strange, expected="pictures that lie in this package as declared")
    return ok(CROP, f"its pictures are {listed(found.known)}" if found.known else "it holds no picture")


def _around(data: bytes) -> Iterator[str]:
    start = data.find(b"%PDF-")
    if start > 0:
        yield f"{start} bytes before the begin"
    ends = [match.end() for match in _END.finditer(data)]
    if not ends:
        yield "no end mark"
    elif rest := data[ends[-1] :].strip(b"\0\r\n\t "):
        yield f"{len(rest)} bytes behind the end"


class _Look:
    def __init__(self, expected: Expected) -> None:
        self.expected, self.found = expected, _Found()
        self._seen: set[str] = set()

    def versions(self, data: bytes) -> None:
        """Every version of the file; one before the last that cannot be opened is told."""
        ends = [match.end() for match in _END.finditer(data)][-_MOST_VERSIONS:]
        with pikepdf.open(io.BytesIO(data)) as pdf:
            images = self._version(pdf)
        for end in ends[:-1]:
            try:
                with pikepdf.open(io.BytesIO(data[:end])) as pdf:
                    images |= self._version(pdf)
            except pikepdf.PdfError:
                self.found.hidden.append(f"an earlier version that ends at byte {end} cannot be read")
        written = len(_IMAGE.findall(data))
        if written > len(images):
            self.found.hidden.append(f"{written - len(images)} picture objects that no table of the file lists")

    def _version(self, pdf: Pdf) -> set[str]:
        """Look at all objects of one version; gives the pictures it holds, by number and content."""
        images: set[str] = set()
        for number, thing in enumerate(pdf.objects):
            if isinstance(thing, Stream) and thing.get("/Subtype") == Name.Image:
                images.add(f"{number} {self._image(thing, number)}")
            if isinstance(thing, Stream | Dictionary):
                self._object(thing, number)
        self._words(pdf)
        if "/OCProperties" in pdf.Root:
            self._once(self.found.hidden, "layers, which may be switched off (optional content)")
        return images

    def _image(self, image: Stream, number: int) -> str:
        """Whether a picture is a declared one."""
        coded = hashlib.sha256(image.read_raw_bytes()).hexdigest()
        key = f"{coded} {image.get('/Width')} {image.get('/Height')}"
        if key in self._seen:
            return coded
        self._seen.add(key)
        wide, high = int(image.get("/Width", 0)), int(image.get("/Height", 0))
        known, why = self._known(image, coded, wide, high)
        if known:
            self._once(self.found.known, known)
        else:
            self._once(self.found.strange, f"picture of {wide}×{high} pixels (object {number + 1}): {why}")
        return coded

    def _known(self, image: Stream, coded: str, wide: int, high: int) -> tuple[str, str]:
        """What a picture is, or why it is none of the declared ones."""
        filters = image.get("/Filter")
        names = [str(f) for f in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
        if names[-1] in ("/DCTDecode", "/JPXDecode"):
            return self.expected.files.get(coded, ""), "its coded bytes are no file of this package"
        if wide * high > _MOST_PIXELS:
            return "", "it is too large to be compared"
        pixels = image.read_bytes()
        if len(set(pixels[:1024])) == 1 and pixels.count(pixels[:1]) == len(pixels):
            return "one flat colour", ""
        if len(pixels) != 3 * wide * high:
            return "", "it is no RGB picture of 8 bits, or holds more than it shows"
        return self.expected.pictures.get(hashlib.sha256(pixels).hexdigest(), ""), "its pixels are no picture of it"

    def _object(self, thing: Any, number: int) -> None:
        where = f"object {number + 1}"
        if "/Thumb" in thing:
            self._once(self.found.embedded, f"thumbnail of a page ({where})")
        if "/PieceInfo" in thing:
            self._once(self.found.tags, ("private data of a program (PieceInfo)", where))
        if str(thing.get("/Subtype")) in _MEDIA:
            self._once(self.found.embedded, f"media {thing.get('/Subtype')} ({where})")
        if "/EF" in thing and isinstance(thing.EF, Dictionary):
            self._attached(thing)
        if isinstance(thing, Stream) and thing.get("/Type") == Name.Metadata:
            self._all(xmp.tags(thing.read_bytes()))
        if "/ByteRange" in thing:
            told = [(f"signature {key[1:]}", str(thing[key])) for key in _SIGNED if key in thing]
            self._all([(key, value.removesuffix(" (self-signed key)")) for key, value in told])
        if isinstance(thing, Stream) and thing.get("/Type") != Name.Metadata and _inline(thing):
            self._once(self.found.strange, f"a picture inside a content stream ({where})")

    def _attached(self, spec: Any) -> None:
        """Attached texts are searched like texts beside it; anything else is a file that nobody declared."""
        name = str(spec.get("/UF", spec.get("/F", "?")))
        for stream in spec.EF.values():
            if not isinstance(stream, Stream):
                self._once(self.found.strange, f"an attached file {name[:80]!a} that is no file")
                continue
            body = stream.read_bytes()
            if kind_of(body[:4096]) != "text":
                self._once(self.found.embedded, f"attached file {name[:80]!a}, {len(body)} bytes")
                continue
            for answer in text.answers(body, self.expected.names, self.expected.paths):
                if answer.verdict is Verdict.FAILED:
                    into = self.found.machine if answer.question == MACHINE else self.found.embedded
                    self._once(into, f"{name[:80]!a}: {answer.found}")

    def _words(self, pdf: Pdf) -> None:
        info = pdf.trailer.get("/Info")
        if isinstance(info, Dictionary):
            self._all([(str(key)[1:], str(value)) for key, value in info.items()])

    def _all(self, tags: list[Tag]) -> None:
        for tag in tags:
            self._once(self.found.tags, tag)

    @staticmethod
    def _once(where: list[Any], thing: Any) -> None:
        if thing not in where:
            where.append(thing)


def _inline(stream: Stream) -> bool:
    """Whether a stream that draws holds a picture of its own (BI … ID … EI)."""
    form = stream.get("/Subtype") == Name.Form
    plain = not any(key in stream for key in ("/Subtype", "/Type", "/FunctionType", "/N", "/Length1", "/PatternType"))
    if not (form or plain):
        return False
    body = stream.read_bytes()
    return re.search(rb"(?<!\w)BI\s+/[A-Z][^<>]{0,400}\sID\s", body) is not None
