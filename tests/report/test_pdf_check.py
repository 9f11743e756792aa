"""A report's PDF is checked against its model and its pictures: each change is named, nothing hostile gets further."""

from __future__ import annotations

import json
import os
import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from tests.report import samples
from workbench.core.errors import WorkError
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.report.check import check_report, look_of
from workbench.report.comparing import inflated
from workbench.report.model import Report
from workbench.report.pdf import machine_readable, render
from workbench.report.reading import report_of

LOOK = {"paper": "Letter", "orientation": "landscape", "per_page": 4}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with a report, unsigned."""
    folder = tmp_path_factory.mktemp("case")
    report = small(samples.report(folder, 3, "FINAL"))
    (folder / "r.pdf").write_bytes(render(report, folder, attachments={"plan.json": b"{}"}, **LOOK))  # type: ignore[arg-type]
    return folder


def small(report: Report) -> Report:
    """The sample without its long tables."""
    return replace(report, sections=tuple(section for section in report.sections if section.number != 10))


@pytest.fixture
def model(case: Path) -> dict[str, Any]:
    """The machine-readable report that lies beside the PDF."""
    with Pdf.open(case / "r.pdf") as pdf:
        found: dict[str, Any] = json.loads(pdf.attachments["report.json"].get_file().read_bytes())
    return found


def failed(found: Findings) -> list[tuple[str, str]]:
    """Check and place of what failed."""
    return [(finding.check, finding.place) for finding in found.failed]


def test_an_untouched_report_is_ok(case: Path, model: dict[str, Any]) -> None:
    """Pages, pictures, fonts, attachments: all ok, nothing failed, nothing left out."""
    found = check_report(case / "r.pdf", model, case, file="data/reports/R1.pdf")
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert {finding.check for finding in found} == {"report-form", "report-pictures"}
    assert {finding.file for finding in found} == {"data/reports/R1.pdf"}


def test_a_sealed_report_is_ok(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """A seal is an update behind our bytes and changes no finding; a change behind the seal does."""
    pytest.importorskip("pyhanko")
    from workbench.evidence.keys import Key
    from workbench.evidence.signing import sign_pdf

    plain = (case / "r.pdf").read_bytes()
    signed = sign_pdf(plain, Key.make_self_signed("A. Berg"), reason="seal", at=datetime.now(UTC))
    assert signed.startswith(plain)
    (tmp_path / "s.pdf").write_bytes(signed)
    assert {finding.verdict for finding in check_report(tmp_path / "s.pdf", model, case)} == {Verdict.OK}
    with Pdf.open(tmp_path / "s.pdf") as pdf:
        _say(pdf)
        pdf.save(tmp_path / "t.pdf")
    assert check_report(tmp_path / "t.pdf", model, case).failed


def _page(pdf: Pdf, of: str = "/P") -> int:
    """Index of the first page that shows a snapshot."""
    return next(n for n, page in enumerate(pdf.pages) if len(page.get_images()) > 1)


def _say(pdf: Pdf) -> None:
    page = pdf.pages[_page(pdf)]
    data = page.obj.Contents.read_bytes()
    assert b"(2: The car" not in data
    page.obj.Contents.write(data.replace(b"The car at mark 2", b"The car at mark 3"))


def _pixel(pdf: Pdf) -> None:
    image = next(iter(pdf.pages[_page(pdf)].get_images().values()))
    rows = bytearray(image.read_bytes())
    rows[5000] ^= 1
    image.write(bytes(rows))


def _swap(pdf: Pdf) -> None:
    objects = pdf.pages[_page(pdf)].obj.Resources.XObject
    one, other = list(objects.keys())[:2]
    objects[one], objects[other] = objects[other], objects[one]


def _mask(pdf: Pdf) -> None:
    next(iter(pdf.pages[_page(pdf)].get_images().values())).Decode = Array([1, 0, 1, 0, 1, 0])


def _drop_picture(pdf: Pdf) -> None:
    page = pdf.pages[_page(pdf)].obj
    del page.Resources.XObject[next(iter(page.Resources.XObject.keys()))]


def _cover(pdf: Pdf) -> None:
    look = pdf.make_stream(b"0 0 100 100 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100])
    note = Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=[9, 9, 99, 99], AP=Dictionary(N=look), F=4)
    pdf.pages[2].obj.Annots = Array([pdf.make_indirect(note)])


def _link(pdf: Pdf) -> None:
    pdf.pages[0].obj.Annots[0].Dest[0] = pdf.pages[-1].obj


def _glyphs(pdf: Pdf) -> None:
    fonts = pdf.pages[0].obj.Resources.Font
    font = fonts[next(iter(fonts.keys()))]
    program = bytearray(font.FontDescriptor.FontFile2.read_bytes())
    program[len(program) // 2] ^= 0xFF
    font.FontDescriptor.FontFile2.write(bytes(program))


def _attach(pdf: Pdf) -> None:
    pdf.attachments["more.json"] = pikepdf.AttachedFileSpec(pdf, b"{}", filename="more.json")


def _other_plan(pdf: Pdf) -> None:
    pdf.attachments["plan.json"].get_file().obj.write(b"[]")


def _other_model(pdf: Pdf) -> None:
    stream = pdf.attachments["report.json"].get_file().obj
    stream.write(stream.read_bytes().replace(b"The car at mark 2", b"The car at mark 9"))


def _crop(pdf: Pdf) -> None:
    pdf.pages[3].obj.CropBox = Array([0, 0, 300, 300])


def _act(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def _title(pdf: Pdf) -> None:
    pdf.docinfo["/Title"] = String("Another report")


def _bookmark(pdf: Pdf) -> None:
    pdf.Root.Outlines.First.Title = String("1  Something else")


def _remove(pdf: Pdf) -> None:
    del pdf.pages[2]


def _bomb(pdf: Pdf) -> None:
    zeros = zlib.compress(b" " * 50_000_000, 1)
    pdf.pages[1].obj.Contents.write(zeros, filter=Name.FlateDecode)


def _loop(pdf: Pdf) -> None:
    pdf.Root.Outlines.First.First = pdf.Root.Outlines


CHANGES: list[tuple[Callable[[Pdf], None], str, str]] = [
    (_say, "report-pictures", "page {shown}"),
    (_pixel, "report-pictures", "page {shown}"),
    (_swap, "report-pictures", "page {shown}"),
    (_mask, "report-pictures", "page {shown}"),
    (_drop_picture, "report-pictures", ""),
    (_cover, "report-form", "page 3"),
    (_link, "report-pictures", "page 1"),
    (_glyphs, "report-form", "fonts"),
    (_attach, "report-form", "/Names"),
    (_other_plan, "report-pictures", "page {last}"),
    (_other_model, "report-form", "report.json"),
    (_crop, "report-form", "page 4"),
    (_act, "report-form", "the catalog"),
    (_title, "report-form", "/Info"),
    (_bookmark, "report-form", "/Outlines"),
    (_remove, "report-form", ""),
    (_bomb, "report-pictures", "page 2"),
    (_loop, "report-form", "/Outlines"),
]


@pytest.mark.parametrize(("change", "check", "place"), CHANGES, ids=[change.__name__[1:] for change, _, _ in CHANGES])
def test_a_change_is_named(
    change: Callable[[Pdf], None], check: str, place: str, case: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever is changed in the PDF, the finding says what it is about and on which page."""
    with Pdf.open(case / "r.pdf") as pdf:
        place = place.format(shown=_page(pdf) + 1, last=len(pdf.pages))
        change(pdf)
        pdf.save(tmp_path / "r.pdf")
    found = failed(check_report(tmp_path / "r.pdf", model, case))
    assert any(one == check and where.startswith(place) for one, where in found), found


def test_a_changed_word_is_quoted(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """The finding on a changed caption gives both wordings and no other page."""
    with Pdf.open(case / "r.pdf") as pdf:
        _say(pdf)
        pdf.save(tmp_path / "r.pdf")
    found = check_report(tmp_path / "r.pdf", model, case).failed
    (finding,) = (one for one in found if one.check == "report-pictures")
    assert "The car at mark 2" in finding.expected and "The car at mark 3" in finding.found
    assert "S2" in finding.note


@pytest.mark.parametrize("words", ["another comment", "ещё один комментарий"], ids=["known letters", "new letters"])
def test_a_changed_model_is_named_by_page(words: str, case: Path, model: dict[str, Any]) -> None:
    """A comment that was changed in the model after printing: the page that shows the old one, no other."""
    section = next(section for section in model["sections"] if section["number"] == 9)
    section["blocks"][2]["comments"][1]["text"] = words
    found = check_report(case / "r.pdf", model, case)
    with Pdf.open(case / "r.pdf") as pdf:
        shown, last = _page(pdf) + 1, len(pdf.pages)
    pages = [(finding.place, finding.expected) for finding in found.failed if finding.check == "report-pictures"]
    assert [place for place, _ in pages] == [f"page {shown}", f"page {last}"]
    assert words[:10] in pages[0][1]
    assert ("report-form", "report.json") in failed(found)


def test_a_changed_picture_of_the_case_is_named(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """A snapshot's file that is another one, or a pipe, fails by its path; the PDF's own pixels stay ok."""
    samples.report(tmp_path, 3)
    (tmp_path / "snapshots/S2.png").write_bytes(samples.png(256, 144, 7))
    (tmp_path / "snapshots/S3.png").unlink()
    os.mkfifo(tmp_path / "snapshots/S3.png")
    found = check_report(case / "r.pdf", model, tmp_path)
    assert [finding.file for finding in found.failed] == ["snapshots/S2.png", "snapshots/S3.png"]


def test_other_versions_are_not_checked_unless_equal(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """Printed by other versions: pages that differ are not checked, with the reason; pixels and actions still are."""
    with Pdf.open(case / "r.pdf") as pdf:
        pdf.docinfo["/Producer"] = String("forensic-workbench 9.9; reportlab 4.0; pikepdf 9.0; matplotlib 3.0")
        _say(pdf)
        pdf.save(tmp_path / "r.pdf")
        _pixel(pdf)
        _act(pdf)
        pdf.save(tmp_path / "s.pdf")
    found = check_report(tmp_path / "r.pdf", model, case)
    left: tuple[Finding, ...] = found.of(Verdict.NOT_CHECKED)
    assert not found.failed and len(left) == 3 and all("reportlab 4.0" in finding.note for finding in left)
    assert len(check_report(tmp_path / "s.pdf", model, case).failed) >= 2


def test_nothing_hostile_raises(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """100 damaged files each give findings, never an exception, and none of them hangs."""
    good, path = (case / "r.pdf").read_bytes(), tmp_path / "r.pdf"
    chance = random.Random(4)
    small_part = [n for n in range(len(good)) if n < 3000 or n > len(good) - 12_000]
    for number in range(100):
        data = bytearray(good)
        if number % 10 == 0:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.choice((1, 1, 5))):
            if data:
                data[min(chance.choice(small_part), len(data) - 1)] = chance.randrange(256)
        path.write_bytes(data)
        assert check_report(path, model, case).all
    for junk in (b"", b"%PDF-1.7", b"\0" * 1000, b"%PDF-1.7\ntrailer<</Root 1 0 R>>"):
        path.write_bytes(junk)
        assert failed(check_report(path, model, case)) == [("report-form", "")]
    assert failed(check_report(tmp_path / "none.pdf", model, case)) == [("report-form", "")]


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.pop("sections"),
        lambda model: model.update(schema="other"),
        lambda model: model.update(made_at="never"),
        lambda model: model.update(version=True),
        lambda model: model.update(layout={"paper": ["A4"]}),
        lambda model: model.pop("layout"),
        lambda model: model.update(sections=[{"number": 1, "title": "x", "blocks": [{"block": "movie"}]}]),
        lambda model: model["sections"][0]["blocks"][0].update(rows=[["one"]]),
        lambda model: model["sections"][0]["blocks"][0].update(rows="text"),
        lambda model: model.update(tool={"a": 1}),
        lambda model: model["sections"].append(None),
    ],
)
def test_a_model_that_is_none_fails(change: Callable[[dict[str, Any]], Any], case: Path, model: dict[str, Any]) -> None:
    """A machine-readable report of another form is one failed finding that names the place."""
    change(model)
    (finding,) = check_report(case / "r.pdf", model, case)
    assert finding.verdict is Verdict.FAILED and finding.note


def test_a_broken_pdf_does_not_name_our_folders(case: Path, model: dict[str, Any], tmp_path: Path) -> None:
    """What a library says of a file names the file, not the place where it lies."""
    (tmp_path / "R1.pdf").write_bytes((case / "r.pdf").read_bytes()[:-40])
    (found,) = check_report(tmp_path / "R1.pdf", model, case)
    assert "R1.pdf" in found.found and str(tmp_path) not in found.found


def test_an_empty_attached_file_is_read() -> None:
    """Some writers store nothing as no bytes at all; bytes that are no Deflate stay refused."""
    assert (inflated(b"", 0), inflated(zlib.compress(b""), 0), inflated(b"x", 9)) == (b"", b"", None)


def test_the_model_reads_back(case: Path, model: dict[str, Any]) -> None:
    """JSON and report are each other's twin, layout included; numbers that are none are refused."""
    report = report_of(model)
    assert report == small(samples.report(case, 3, "FINAL"))
    assert json.loads(machine_readable(report, look_of(model))) == model
    shape = next(b for s in model["sections"] for b in s["blocks"] if b.get("outlines"))["outlines"][0]
    shape["points"][0][0] = float("nan")
    with pytest.raises(WorkError, match=r"points\[0\]: not a number"):
        report_of(model)


def test_comments_of_any_length_are_checked(tmp_path: Path) -> None:
    """A comment that fills pages is compared on each of them."""
    report = small(samples.report(tmp_path, 1, "FINAL", comment="word " * 20_000))
    (tmp_path / "r.pdf").write_bytes(render(report, tmp_path))
    model: Mapping[str, Any] = json.loads(machine_readable(report, look_of({"layout": _plain()})))
    assert check_report(tmp_path / "r.pdf", model, tmp_path).exit_code == 0
    other = small(samples.report(tmp_path, 1, "FINAL", comment="word " * 19_999 + "wood"))
    (tmp_path / "o.pdf").write_bytes(render(other, tmp_path))
    pages = [place for check, place in failed(check_report(tmp_path / "o.pdf", model, tmp_path)) if "page" in place]
    assert len(pages) == 2  # the comment's last page, and the list of digests


def _plain() -> dict[str, Any]:
    return {"paper": "A4", "orientation": "portrait", "per_page": 1}
