"""A report's PDF checked without trusting it: printed again from its model, and compared page by page.

    findings = check_report(case.folder / "reports/R1.pdf", json.loads(model), case.folder)

The PDF as it is seen now, after any update, must be what `pdf.render` makes of the model: every word, stroke and font
of every page, the bookmarks, the metadata, the attached files, and each picture's pixels. Only a seal may be added
(an invisible signature field and what belongs to it); whether that seal holds is checked elsewhere. Where other
versions of the tools printed it and pages differ, that is *not checked*; pixels are compared in any case.

Nothing is written, and nothing in a hostile file does more than make a finding fail.
"""

from __future__ import annotations

from workbench.report import libraries  # noqa: F401  (first: it says what is missing)

# isort: split
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from workbench.core.errors import WorkbenchError
from workbench.evidence.findings import Finding, Findings, Verdict, said
from workbench.report import check_pictures, pdfa
from workbench.report.comparing import Pages, difference, unpacked
from workbench.report.model import Report
from workbench.report.page_words import first_difference
from workbench.report.pages import Look, draw
from workbench.report.pdf import MODEL_NAME, machine_readable, particulars
from workbench.report.pictures import pictures_of
from workbench.report.reading import report_of

FORM, PICTURES = "report-form", check_pictures.CHECK
MOST_ATTACHED = 512 * 1024 * 1024
"""Bytes of all attached files together; a report that holds more is not read."""
_SEAL = frozenset({"/AcroForm", "/Perms", "/DSS", "/Extensions"})
"""What a signature adds to the catalog."""
_HOSTILE = (
    pikepdf.PdfError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading a PDF that was made to do harm may raise; all of it means that the file is not as we made it."""
_CATALOG = frozenset(
    {"/AF", "/Lang", "/Metadata", "/Names", "/Outlines", "/OutputIntents", "/PageMode", "/Pages", "/Type"}
)
_CATALOG |= {"/ViewerPreferences"} | _SEAL
"""All that the catalog of a report holds, sealed or not: no action, no script, no layer."""
_PAGE = frozenset({"/Annots", "/Contents", "/MediaBox", "/Parent", "/Resources", "/Type"})
_PRODUCER = re.compile(r"forensic-workbench [\w.+-]+(; (reportlab|pikepdf|matplotlib) [\w.+-]+){3}")


def check_report(pdf: Path, model: Mapping[str, Any], folder: Path, *, file: str = "") -> Findings:
    """Findings ``report-form`` and ``report-pictures`` of a PDF, its machine-readable form and the case's `folder`.

    `file` is what the findings call the PDF, e.g. ``data/reports/R1.pdf``.
    """
    found, name = list[Finding](), file or pdf.name
    try:
        report, look = report_of(model), look_of(model)
        particulars(report)
    except WorkbenchError as exc:
        return Findings((_failed(FORM, name, note=exc.message),))
    if not pdf.is_file():
        return Findings((_failed(FORM, name, found="no file", note="the PDF is missing"),))
    try:
        with Pdf.open(pdf, attempt_recovery=False) as theirs:
            for finding in _findings(theirs, model, report, look, folder, name):
                found.append(finding)
            if warnings := theirs.get_warnings():
                found.append(_failed(FORM, name, found=said(warnings[0], pdf), note="the file is damaged"))
    except WorkbenchError as exc:
        found.append(_failed(FORM, name, note=exc.message))
    except _HOSTILE as exc:
        found.append(_failed(FORM, name, found=said(exc, pdf), note="the PDF cannot be read"))
    return Findings(tuple(found))


def look_of(model: Mapping[str, Any]) -> Look:
    """The layout that a machine-readable report was printed in; RequestError where it names none that we know."""
    layout = model.get("layout")
    layout = layout if isinstance(layout, Mapping) else {}
    return Look(**{key: layout.get(key) for key in ("paper", "orientation", "per_page")})  # type: ignore[arg-type]


def _findings(
    theirs: Pdf, model: Mapping[str, Any], report: Report, look: Look, folder: Path, file: str
) -> Iterator[Finding]:
    attached = _attached(theirs)
    yield _model(attached.get(MODEL_NAME), model, file)
    pictures = pictures_of(report)
    yield from check_pictures.check_pages(theirs, pictures, file)
    yield from check_pictures.check_files(pictures, folder)
    files = {**attached, MODEL_NAME: machine_readable(report, look)}
    drawn = draw(report, look, files)
    with Pdf.open(io.BytesIO(drawn.data)) as ours:
        pdfa.complete(ours, [() for _ in ours.pages], {}, files, particulars(report))
        producer = str(theirs.docinfo.get("/Producer", ""))
        other = producer if producer != pdfa.producer() and _PRODUCER.fullmatch(producer) else ""
        shown = [[picture.id for picture in page.values()] for page in drawn.pages]
        for finding in _compared(ours, theirs, shown, file):
            yield _excused(finding, other) if other else finding
    yield from _added(theirs, file)


def _excused(finding: Finding, producer: str) -> Finding:
    """A difference that other versions of the tools may explain: neither proven nor disproven."""
    if finding.verdict is not Verdict.FAILED:
        return finding
    why = f"printed with other versions ({producer}; here are {pdfa.producer()})"
    note = f"{why}: install those to compare; {finding.note}"
    return Finding(check=finding.check, verdict=Verdict.NOT_CHECKED, file=finding.file, place=finding.place, note=note)


def _attached(theirs: Pdf) -> dict[str, bytes]:
    """The attached files by name."""
    found, left = dict[str, bytes](), MOST_ATTACHED
    for name, spec in theirs.attachments.items():
        data = unpacked(spec.get_file().obj, left)
        if data is None:
            raise ValueError(f"the attached file {name[:80]!r} is damaged or too large")
        found[name] = data
        left -= len(data)
    return found


def _model(attached: bytes | None, model: Mapping[str, Any], file: str) -> Finding:
    if attached is None:
        return _failed(
            FORM, file, place=MODEL_NAME, found="missing", note="the machine-readable report is not attached"
        )
    same = json.loads(attached) == model
    if not same:
        return _failed(
            FORM, file, place=MODEL_NAME, note="the attached report is not the machine-readable one beside it"
        )
    return Finding(check=FORM, verdict=Verdict.OK, file=file, place=MODEL_NAME, found="equal to the one beside the PDF")


def _compared(ours: Pdf, theirs: Pdf, shown: list[list[str]], file: str) -> Iterator[Finding]:
    """Ours and theirs, page by page, then what belongs to the whole document."""
    if len(ours.pages) != len(theirs.pages):
        yield _failed(FORM, file, expected=f"{len(ours.pages)} pages", found=f"{len(theirs.pages)}")
    pages, wrong = (Pages(ours), Pages(theirs)), False
    for number, (one, other) in enumerate(zip(ours.pages, theirs.pages, strict=False), 1):
        if why := _page(one, other, pages):
            wrong = True
            on_it = f"; it shows {', '.join(shown[number - 1])}" if shown[number - 1] else ""
            yield _failed(PICTURES, file, f"page {number}", why[0], why[1], note=f"the page differs{on_it}")
    if not wrong and len(ours.pages) == len(theirs.pages):
        told = f"{len(ours.pages)} pages, each as it is printed again from the model"
        yield Finding(check=PICTURES, verdict=Verdict.OK, file=file, found=told)
    yield from _document(ours, theirs, pages, file)


def _page(ours: pikepdf.Page, theirs: pikepdf.Page, pages: tuple[Pages, Pages]) -> tuple[str, str] | None:
    """What was expected and found where a page differs; fonts are compared once, with the document."""
    content = ours.obj.Contents.read_bytes()
    other = theirs.obj.get("/Contents")
    if not isinstance(other, Stream) or (said := unpacked(other, 4 * len(content) + 65536)) is None:
        return "one plain stream of content", "something else"
    if said != content and (words := first_difference(ours, theirs)):
        return words[0][:300], words[1][:300]
    where = difference(ours.obj, theirs.obj, pages, frozenset({"/Annots", "/Contents", "/Resources"}))
    where = where or difference(
        ours.obj.Resources, theirs.obj.get("/Resources"), pages, frozenset({"/Font", "/XObject"})
    )
    links = [link for link in theirs.obj.get("/Annots", Array()) if not _is_seal(link)]
    where = where or difference(ours.obj.get("/Annots", Array()), Array(links), pages)
    return (f"{where} as printed again", "another") if where else None


def _document(ours: Pdf, theirs: Pdf, pages: tuple[Pages, Pages], file: str) -> Iterator[Finding]:
    """Fonts, bookmarks, metadata, attachments, and whatever else the catalog holds."""
    wrong = [f"/Info{where}" for where in [difference(ours.docinfo, theirs.docinfo, pages)] if where]
    mine, other = (dict[str, Any](pdf.Root.items()) for pdf in (ours, theirs))
    for key in sorted((mine.keys() | other.keys()) - _SEAL - {"/Pages", "/Type"}):
        if (where := difference(mine.get(key), other.get(key), pages)) is not None:
            wrong.append(f"{key}{where}".rstrip("/"))
    for one, another in zip(ours.pages, theirs.pages, strict=False):
        if where := _fonts(one, another, pages):
            wrong.append(f"fonts{where}")
            break
    for place in wrong:
        yield _failed(FORM, file, place=place, note="not as it is printed again from the model")
    if not wrong:
        told = "fonts, bookmarks, metadata and attached files as they are printed again from the model"
        yield Finding(check=FORM, verdict=Verdict.OK, file=file, found=told)


def _fonts(ours: pikepdf.Page, theirs: pikepdf.Page, pages: tuple[Pages, Pages]) -> str | None:
    resources = theirs.obj.get("/Resources", Dictionary())
    return difference(ours.obj.Resources.Font, resources.get("/Font"), pages)


def _is_seal(annotation: Any) -> bool:
    """True for a signature field that shows nothing."""
    known = isinstance(annotation, Dictionary) and annotation.get("/FT") == Name.Sig and "/AP" not in annotation
    return known and list(annotation.get("/Rect", [1])) == [0, 0, 0, 0]


def _added(theirs: Pdf, file: str) -> Iterator[Finding]:
    """Nothing that acts, covers or hides may be in it, whatever version printed it."""
    form = theirs.Root.get("/AcroForm", Dictionary())
    places = [
        ("the catalog", set(theirs.Root.keys()) - _CATALOG),
        ("/Names", set(theirs.Root.get("/Names", Dictionary()).keys()) - {"/EmbeddedFiles"}),
        ("/AcroForm", set(form.keys()) - {"/Fields", "/SigFlags"}),
        (
            "/AcroForm/Fields",
            {"a field that is no seal"} if not all(map(_is_seal, form.get("/Fields", Array()))) else set(),
        ),
    ]
    for number, page in enumerate(theirs.pages, 1):
        places.append((f"page {number}", set(page.obj.keys()) - _PAGE))
        if not all(_is_seal(one) or _is_link(one) for one in page.obj.get("/Annots", Array())):
            places.append((f"page {number}", {"an annotation that is neither link nor seal"}))
    for place, extra in places:
        if extra:
            yield _failed(FORM, file, place=place, found=", ".join(sorted(extra)), note="a report of ours never has it")


def _is_link(annotation: Any) -> bool:
    """True for a link within the document."""
    known = isinstance(annotation, Dictionary) and annotation.get("/Subtype") == Name.Link
    return known and not {"/A", "/AA", "/AP"} & set(annotation.keys())


def _failed(check: str, file: str, place: str = "", expected: str = "", found: str = "", *, note: str = "") -> Finding:
    return Finding(
        check=check, verdict=Verdict.FAILED, file=file, place=place, expected=expected, found=found, note=note
    )
