"""The report's pages: front page with the table of contents, running header and footer, DRAFT across each page.

`draw` gives a PDF that is whole but for the pixels of its pictures, the attachments and what PDF/A asks for, which
`pdfa` adds. The same report gives the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from workbench.core.errors import RequestError
from workbench.report import blocks, grid, text
from workbench.report.blocks import Room
from workbench.report.flow import Anchor, Flow, NewPage, Placed, Sheet, Space, paginate
from workbench.report.model import WHY_DRAFT, Facts, Picture, Report
from workbench.report.pieces import Columns, Rule, Text
from workbench.report.text import BOLD, NORMAL, Style

Paper = Literal["A4", "Letter"]
Orientation = Literal["portrait", "landscape"]
PAPERS = {"A4": A4, "Letter": LETTER}
SIDE, TOP, BOTTOM = 54.0, 60.0, 54.0
"""White at both sides, above and below what is set."""
RUNNING, TITLE, ENTRY = Style(size=7.2, ink=0.2), Style(font=BOLD, size=20, leading=1.25), Style(size=9.6)
STATUS = Style(font=BOLD, size=11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a report is laid out."""

    paper: Paper = "A4"
    orientation: Orientation = "portrait"
    per_page: Literal[1, 2, 4] = 1

    def __post_init__(self) -> None:
        for field, value, known in (
            ("paper", self.paper, tuple(PAPERS)),
            ("orientation", self.orientation, ("portrait", "landscape")),
            ("per_page", self.per_page, (1, 2, 4)),
        ):
            if value not in known or isinstance(value, bool):
                raise RequestError(field, f"{value!r} is none of {', '.join(map(str, known))}")

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page in points."""
        width, height = PAPERS[self.paper]
        return (width, height) if self.orientation == "portrait" else (height, width)

    @property
    def room(self) -> Room:
        """What is left between the margins."""
        width, height = self.size
        return Room(width=width - 2 * SIDE, height=height - TOP - BOTTOM, per_page=self.per_page)


class Drawn(NamedTuple):
    """A PDF without pixels, and what belongs where."""

    data: bytes
    pages: list[dict[str, Picture]]
    """For each page its pictures by the name that it calls them."""


def draw(report: Report, look: Look, attachments: Mapping[str, bytes]) -> Drawn:
    """Lay the report out and draw it."""
    pages = paginate(_flows(report, look, attachments), look.room.height)
    starts = {flow.key: n for n, page in enumerate(pages, 1) for flow in _anchors(flow for _, flow in page)}
    width, height = look.size
    stream, shown = io.BytesIO(), list[dict[str, Picture]]()
    canvas = Canvas(
        stream, pagesize=(width, height), invariant=1, pageCompression=0, initialFontName=text.font_name(NORMAL)
    )
    for number, page in enumerate(pages, 1):
        sheet = Sheet(canvas=canvas, number=number, total=len(pages), starts=starts)
        _page(sheet, page, report, look)
        shown.append(sheet.pictures)
    canvas.save()
    return Drawn(stream.getvalue(), shown)


def _anchors(flows: Iterator[Flow] | Sequence[Flow]) -> Iterator[Anchor]:
    for flow in flows:
        if isinstance(flow, Anchor):
            yield flow
        elif isinstance(flow, Columns):
            for column in flow.columns:
                yield from _anchors(column)


def _flows(report: Report, look: Look, attachments: Mapping[str, bytes]) -> Iterator[Flow]:
    yield from _front(report, look.room.width)
    yield NewPage()
    yield from blocks.sections(report.sections, look.room)
    yield from blocks.attached(attachments, look.room)


def _front(report: Report, width: float) -> Iterator[Flow]:
    """The front page: what this is, and the table of contents."""
    kind = "DRAFT: not for use as evidence" if report.status == "DRAFT" else report.status
    yield Text.of("Evidence report", Style(size=11, ink=0.25), width)
    yield Text.of(report.title or f"Case {report.case_number}", TITLE, width)
    yield Space(4.0)
    yield Rule(width=width)
    rows = (
        ("Case", report.case_number),
        ("Exhibits", report.exhibits),
        ("Report", f"{report.id}, version {report.version}"),
        ("Status", kind),
        *((label, value) for label, value in _first_facts(report) if label == WHY_DRAFT),
        ("Made", report.made_at),
        ("Custody log", f"{report.log_length} entries; the hash of the last one is"),
        ("", report.log_head),
        *((f"Made with {name}", version) for name, version in report.tool.items()),
    )
    yield grid.facts(rows, width)
    yield Space(16.0)
    yield Text.of("Contents", Style(font=BOLD, size=12), width, keep=True)
    yield Space(4.0, keep=True)
    for n, section in enumerate(report.sections):
        yield Entry(key=f"section-{n}", number=str(section.number), title=section.title, width=width)
    yield Entry(key="attached", number="", title="Files attached to this PDF", width=width)


def _first_facts(report: Report) -> tuple[tuple[str, str], ...]:
    blocks = report.sections[0].blocks if report.sections else ()
    return next((block.rows for block in blocks if isinstance(block, Facts)), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the table of contents: a link, and the page it leads to."""

    key: str
    number: str
    title: str
    width: float
    height: float = 17.0
    keep: bool = False

    @property
    def least(self) -> float:
        """All of it."""
        return self.height

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Number, title, dots, page."""
        canvas, base, right = sheet.canvas, top - 12, x + self.width
        page = str(sheet.starts[self.key])
        title = text.one_line(self.title, ENTRY, self.width - 70)
        text.draw(canvas, x, base, self.number, ENTRY)
        text.draw(canvas, x + 24, base, title, ENTRY)
        text.draw_right(canvas, right, base, page, ENTRY)
        canvas.setStrokeGray(0.6)
        canvas.setLineWidth(0.6)
        canvas.setDash([0.6, 3])
        canvas.line(x + 30 + text.width_of(title, ENTRY), base, right - 6 - text.width_of(page, ENTRY), base)
        canvas.setDash([])
        canvas.linkRect("", self.key, (x, base - 4, right, base + 10), thickness=0)


def _page(sheet: Sheet, page: Sequence[Placed], report: Report, look: Look) -> None:
    width, height = look.size
    if report.status == "DRAFT":
        _draft(sheet.canvas, width, height, 0.9, filled=True)
    for down, flow in page:
        flow.draw(sheet, SIDE, height - TOP - down)
    if report.status == "DRAFT" and sheet.pictures:
        _draft(sheet.canvas, width, height, 0.75, filled=False)
    _running(sheet, report, width, height)
    sheet.canvas.showPage()


def _draft(canvas: Any, width: float, height: float, ink: float, *, filled: bool) -> None:
    """DRAFT from corner to corner: light under the words, and a fine outline over pictures, which would hide it."""
    style = Style(font=BOLD, size=min(width, height) * 0.27)
    canvas.saveState()
    canvas.translate(width / 2, height / 2)
    canvas.rotate(math.degrees(math.atan2(height, width)))
    words = canvas.beginText(-text.width_of("DRAFT", style) / 2, -style.size * 0.36)
    words.setFont(text.font_name(style), style.size)
    words.setTextRenderMode(0 if filled else 1)
    canvas.setFillGray(ink)
    canvas.setStrokeGray(ink)
    canvas.setLineWidth(0.7)
    words.textOut("DRAFT")
    words.setTextRenderMode(0)
    canvas.drawText(words)
    canvas.restoreState()


def _running(sheet: Sheet, report: Report, width: float, height: float) -> None:
    """The running header and footer."""
    canvas, right, head, foot = sheet.canvas, width - SIDE, height - 36, 30.0
    canvas.setStrokeGray(0.4)
    canvas.setLineWidth(0.5)
    canvas.line(SIDE, head - 6, right, head - 6)
    canvas.line(SIDE, foot + 11, right, foot + 11)
    room = (right - SIDE) / 2 - 40
    text.draw(canvas, SIDE, head, text.one_line(f"Case {report.case_number}", RUNNING, room), RUNNING)
    text.draw_right(canvas, right, head, text.one_line(f"Exhibits {report.exhibits}", RUNNING, room), RUNNING)
    middle = text.one_line(report.status, STATUS, 80) if report.status == "DRAFT" else ""
    text.draw(canvas, (width - text.width_of(middle, STATUS)) / 2, head, middle, STATUS)
    page = f"Page {sheet.number} of {sheet.total}"
    said = f"Report {report.id}, version {report.version}, log head {report.log_head[:16]}"
    text.draw(canvas, SIDE, foot, text.one_line(said, RUNNING, right - SIDE - 90), RUNNING)
    text.draw_right(canvas, right, foot, page, RUNNING)
