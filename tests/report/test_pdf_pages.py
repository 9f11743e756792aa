"""Pages: headings, contents and bookmarks agree, heads repeat, pictures stand so many a page, DRAFT is on each."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from tests.report import samples
from workbench.report.figures import charts
from workbench.report.flow import Anchor, NewPage, Space, paginate
from workbench.report.hatching import PATTERNS
from workbench.report.model import Lane, Mark, Paragraph, Section, Span, Timeline
from workbench.report.pdf import render
from workbench.report.pieces import Text
from workbench.report.text import NORMAL


def words(path: Path) -> list[str]:
    """The text of each page, as poppler reads it."""
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, A4 upright, two pictures a page."""
    folder = tmp_path_factory.mktemp("case")
    path = folder / "r.pdf"
    path.write_bytes(render(samples.report(folder, status="FINAL"), folder))
    return path


def test_contents_headings_and_bookmarks_agree(printed: Path) -> None:
    """Each section begins on the page that the contents and its bookmark name; links lead there."""
    pages = words(printed)
    said = dict(re.findall(r"^ *\d+ +(\w[\w ]+?) +(\d+)$", pages[0], re.MULTILINE))
    assert list(said) == [
        "Identity", "Question and scope", "Clock", "Outputs", "Coverage", "Masks and crop", "Snapshots", "Signatures"
    ]  # fmt: skip
    reader = PdfReader(printed)
    marks = {
        re.sub(r"^\d+ +", "", str(mark.title)): reader.get_destination_page_number(mark)
        for mark in reader.outline
        if not isinstance(mark, list)
    }
    for title, page in said.items():
        assert re.search(rf"^ *\d+ +{title}$", pages[int(page) - 1], re.MULTILINE)
        assert marks[title] == int(page) - 1
    with pikepdf.open(printed) as pdf:
        numbers = {page.obj.objgen: n for n, page in enumerate(pdf.pages, 1)}
        links = [numbers[link.Dest[0].objgen] for link in pdf.pages[0].obj.Annots]
    assert links == [*map(int, said.values()), len(pages)]


def test_pictures_have_bookmarks_below_their_section(printed: Path) -> None:
    """Each snapshot is a bookmark below Snapshots, with its caption."""
    nested = [mark.title for group in PdfReader(printed).outline if isinstance(group, list) for mark in group]
    assert "S3: The car at mark 3" in nested and "S900 (context picture): What the crop leaves out" in nested


def test_every_page_says_which_of_how_many(printed: Path) -> None:
    """Header and footer: case, exhibits, report, first 16 digits of the log's head, page n of m."""
    pages = words(printed)
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Case 17/2026" in page and "Exhibits 17/2026-S1, 17/2026-E1" in page
        assert f"Report 17/2026-R1, version 1, log head {samples.HEAD[:16]}" in page


@pytest.mark.parametrize("status", ["DRAFT", "FINAL"])
def test_draft_is_on_each_page_and_final_on_none(status: str, tmp_path: Path) -> None:
    """DRAFT lies across every page, upright words still extract; a FINAL report has no such word."""
    path = tmp_path / "r.pdf"
    path.write_bytes(render(samples.report(tmp_path, 2, status), tmp_path))
    with pikepdf.open(path) as pdf:
        sizes = [[float(step.operands[1]) for step in pikepdf.parse_content_stream(page, "Tf")] for page in pdf.pages]
    assert all((max(size) > 100) == (status == "DRAFT") for size in sizes)
    assert all(("DRAFT" in page) == (status == "DRAFT") for page in words(path))
    assert "The red car stands at mark 2; its plate cannot be read." in "".join(words(path))


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("orientation", ["portrait", "landscape"])
def test_so_many_pictures_stand_on_a_page(count: int, orientation: str, tmp_path: Path) -> None:
    """Eight snapshots make exactly 8, 4 or 2 pages of pictures."""
    report = samples.report(tmp_path, 8, "FINAL")
    report = replace(report, sections=tuple(section for section in report.sections if section.number == 9))
    path = tmp_path / "r.pdf"
    path.write_bytes(render(report, tmp_path, orientation=orientation, per_page=count))  # type: ignore[arg-type]
    with pikepdf.open(path) as pdf:
        shown = [len(page.get_images()) for page in pdf.pages]
    assert [one for one in shown if one] == [count] * (8 // count)


def test_heads_repeat_and_no_row_is_lost(printed: Path) -> None:
    """A table over three pages has its head on each, and every row once."""
    pages = [page for page in words(printed) if "E1/part-" in page]
    assert len(pages) > 1 and all(re.search(r"File +Bytes +SHA-256", page) for page in pages)
    assert re.findall(r"E1/part-(\d+)\.mp4", "".join(pages)) == [str(n) for n in range(60)]


def test_a_long_comment_goes_on_over_pages(tmp_path: Path) -> None:
    """Each of 5,000 numbered words stands in the PDF once, in order, with the picture on the first page of them."""
    path = tmp_path / "r.pdf"
    report = samples.report(tmp_path, 1, "FINAL", comment=" ".join(f"w{n}" for n in range(5000)))
    path.write_bytes(render(report, tmp_path))
    assert re.findall(r"\bw(\d+)\b", "".join(words(path))) == [str(n) for n in range(5000)]


def test_a_heading_stays_with_what_follows() -> None:
    """A kept piece moves to the next page together with the one below it; white at a page's top is dropped."""
    lines = Text(lines=["x"] * 3, style=NORMAL)
    head = replace(lines, lines=["head"], keep=True)
    high = 6 * NORMAL.line
    pages = paginate([lines, Space(5.0), lines, Space(5.0), head, lines], high + 10)
    assert [[flow for _, flow in page if isinstance(flow, Text)] for page in pages] == [[lines, lines], [head, lines]]
    assert [down for down, _ in pages[1]] == [0.0, NORMAL.line]


def test_new_page_and_empty_reports() -> None:
    """A new page is begun once, never an empty one; nothing at all is one page."""
    lines = Text(lines=["x"], style=NORMAL)
    assert len(paginate([NewPage(), lines, NewPage(), NewPage(), lines, NewPage()], 700)) == 2
    assert paginate([], 700) == [[]]
    assert len(paginate([Anchor(title="a"), Text(lines=["x"] * 100, style=NORMAL, keep=True)], 700)) == 2


def test_patterns_differ_without_colour() -> None:
    """Any two kinds of stretch differ in the lines that run through them, or clearly in lightness."""
    looks = list[tuple[str, float]]()
    for pattern in PATTERNS.values():
        red, green, blue = pattern.paper
        looks.append((pattern.lines, 0.299 * red + 0.587 * green + 0.114 * blue))
    for n, (lines, light) in enumerate(looks):
        assert all(lines != other or abs(light - other_light) > 0.1 for other, other_light in looks[:n])


def test_labels_without_room_are_counted() -> None:
    """Of 1,000 marks those are labelled that find room, and the figure counts the others."""
    marks = tuple(Mark(at_us=n * 1000, label=f"S{n}") for n in range(1000))
    spans = tuple(Span(begin_us=n * 100, end_us=n * 100 + 90, kind="copied") for n in range(10_000))
    line = Timeline(
        title="",
        begin_us=0,
        end_us=1_000_000,
        dated=True,
        zone="UTC",
        lanes=(Lane(label="x", spans=spans, marks=marks),),
    )
    (chart,) = charts(line, 480)
    assert chart.missing + len(chart.labels[0]) == 1000 and chart.missing > 900


def test_a_section_may_be_empty(tmp_path: Path) -> None:
    """Sections without blocks, or with the same number, are printed and linked all the same."""
    sections = (Section(number=1, title="One", blocks=()), Section(number=1, title="Two", blocks=(Paragraph(text=""),)))
    path = tmp_path / "r.pdf"
    path.write_bytes(render(replace(samples.report(tmp_path, 1), sections=sections), tmp_path))
    assert len(PdfReader(path).outline) == 3
