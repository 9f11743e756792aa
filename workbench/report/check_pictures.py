"""The pictures of a report's PDF held against the case: pixels, page by page, and the files they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream

from workbench.core.errors import WorkError
from workbench.evidence.findings import Finding, Verdict
from workbench.report import png
from workbench.report.comparing import CODING, inflated
from workbench.report.model import Picture

CHECK = "report-pictures"
_EXACTLY = frozenset({"/Type", "/Subtype", "/Width", "/Height", "/BitsPerComponent", "/ColorSpace"})
"""What an image of ours says of itself; anything more (a mask, a decoding table) would change what is seen."""


def check_pages(theirs: pikepdf.Pdf, pictures: Iterable[Picture], file: str) -> Iterator[Finding]:
    """Each image of each page has the pixels of the picture that it stands for, and every picture is on some page."""
    known = {picture.rgb_sha256: picture for picture in pictures}
    where = dict[str, int]()
    wrong = False
    for number, page in enumerate(theirs.pages, 1):
        shown = page.obj.get("/Resources", Dictionary()).get("/XObject", Dictionary())
        for name, image in shown.items():
            digest = name.removeprefix("/P")
            where.setdefault(digest, number)
            why = _fault(image, known.get(digest))
            if why:
                wrong = True
                yield _failed(file, number, known.get(digest), *why)
    for digest, picture in known.items():
        if digest not in where:
            wrong = True
            yield Finding(
                check=CHECK,
                verdict=Verdict.FAILED,
                file=file,
                expected=picture.path,
                found="on no page",
                note=_name(picture),
            )
    if not wrong:
        told = f"{len(known)} pictures, each with the pixels on record"
        yield Finding(check=CHECK, verdict=Verdict.OK, file=file, found=told)


def check_files(pictures: Iterable[Picture], folder: Path) -> Iterator[Finding]:
    """Each picture's file has the SHA-256 and the pixels that the report names."""
    with pikepdf.new() as scratch:
        for picture in {picture.path: picture for picture in pictures}.values():
            try:
                png.embedded(scratch, picture, folder)
            except WorkError as exc:
                yield Finding(
                    check=CHECK, verdict=Verdict.FAILED, file=picture.path, expected=picture.sha256, note=exc.message
                )


def _fault(image: Any, picture: Picture | None) -> tuple[str, str] | None:
    """What was expected and what was found, where an image is not the picture that it is named for."""
    if not isinstance(image, Stream) or image.get("/Subtype") != Name.Image:
        return "a picture of the report", "something else"
    if picture is None:
        return "a picture of the report", f"an image of {image.get('/Width')} × {image.get('/Height')} pixels"
    size: tuple[Any, Any] = image.get("/Width"), image.get("/Height")
    if size != (picture.width, picture.height):
        return f"{picture.width} × {picture.height} pixels", f"{size[0]} × {size[1]}"
    said = set(image.keys()) - CODING
    if said != _EXACTLY or image.ColorSpace != Name.DeviceRGB or image.BitsPerComponent != 8:
        return "RGB, 8 bit, nothing else", f"{', '.join(sorted(said))}, {image.get('/ColorSpace')}"
    found = _pixels(image, picture)
    return None if found == picture.rgb_sha256 else (f"pixels {picture.rgb_sha256}", f"pixels {found}")


def _pixels(image: Any, picture: Picture) -> str:
    """SHA-256 of an image's pixels; words where it is packed in a way that ours never is."""
    if image.get("/Filter") not in (Name.FlateDecode, None) or picture.width * picture.height > png.LARGEST:
        return "coded otherwise"
    most = picture.height * (1 + 3 * picture.width)
    raw = image.read_raw_bytes()
    if (image.get("/Filter") is None and len(raw) > most) or (image.get("/Filter") and inflated(raw, most) is None):
        return "that are damaged, or too many"
    return hashlib.sha256(image.read_bytes()).hexdigest()


def _failed(file: str, page: int, picture: Picture | None, expected: str, found: str) -> Finding:
    name = _name(picture) if picture else "no picture of the report"
    return Finding(
        check=CHECK, verdict=Verdict.FAILED, file=file, place=f"page {page}", expected=expected, found=found, note=name
    )


def _name(picture: Picture) -> str:
    return f"{picture.kind} {picture.id} ({picture.path})"
