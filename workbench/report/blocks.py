"""A report's blocks as pieces for pages: one function a kind of block.

Every text that is not printed character by character (no font has it, or it runs from right to left) is followed by
a small line that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby

from workbench.core.errors import WorkError
from workbench.report import figures, grid, pictures, text
from workbench.report.flow import Anchor, Flow, NewPage, Space
from workbench.report.model import (
    Block,
    Facts,
    Lane,
    Notice,
    Paragraph,
    Picture,
    Section,
    SignatureBlock,
    Table,
    Timeline,
)
from workbench.report.pictures import told
from workbench.report.pieces import Boxed, Rule, Text
from workbench.report.signature import signature
from workbench.report.text import CODE, NORMAL, NOTICE, NOTICE_SMALL, PART, SMALL, STRUCK, TITLE

STYLES = {"normal": NORMAL, "small": SMALL, "code": CODE, "struck": STRUCK}
MOST_LEAD = 0.25
"""Share of a page that a heading and what follows it may take above pictures."""
AFTER = 8.0
"""Points between two blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The part of a page that blocks are set in, and how many pictures it takes."""

    width: float
    height: float
    per_page: int


def sections(all_of_them: Sequence[Section], room: Room) -> Iterator[Flow]:
    """The sections with their headings; what leads to a series of pictures begins on a new page."""
    for n, section in enumerate(all_of_them):
        flows = list(heading(f"section-{n}", f"{section.number}  {section.title}", room.width))
        for is_series, run in groupby(section.blocks, _in_series):
            if is_series:
                yield NewPage()
                yield from flows
                yield from _series(run, room, sum(flow.height for flow in flows))
                flows = []
            else:
                flows += (flow for block in run for flow in _block(block, room))
        yield from flows


def _series(blocks: Iterable[Block], room: Room, lead: float) -> Iterator[Flow]:
    """Pictures in slots, on the page of what leads to them if its height `lead` is small."""
    series = [block for block in blocks if isinstance(block, Picture)]
    fits = lead <= room.height * MOST_LEAD
    if not fits:
        yield NewPage()
    yield from pictures.arranged(series, room.width, room.height, room.per_page, lead if fits else 0.0)


def heading(key: str, words: str, width: float) -> Iterator[Flow]:
    """The heading of a part: bookmark, words, rule."""
    yield Space(14.0)
    yield Anchor(key=key, title=words)
    yield Text.of(words, PART, width, keep=True)
    yield Rule(width=width)


def _in_series(block: Block) -> bool:
    return isinstance(block, Picture) and block.kind in ("snapshot", "annotation")


def _block(block: Block, room: Room) -> Iterator[Flow]:
    width = room.width
    if isinstance(block, Paragraph):
        yield Text.of(block.text, STYLES[block.style], width)
        yield from told([block.text], "this text", width)
    elif isinstance(block, Notice):
        yield from _notice(block, width)
    elif isinstance(block, Facts):
        yield from _titled(block.title, width)
        yield grid.facts(block.rows, width)
        yield from told((word for row in block.rows for word in row), "these facts", width)
    elif isinstance(block, Table):
        yield from _table(block, width)
    elif isinstance(block, Timeline):
        yield from _timeline(block, width)
    elif isinstance(block, Picture):
        yield from pictures.figure(block, width, room.height)
    elif isinstance(block, SignatureBlock):
        yield from signature(block, width)
    else:
        raise WorkError(f"a block of the kind {type(block).__name__} has no printed form", "Use those of report.model.")
    yield Space(AFTER)


def _titled(title: str, width: float) -> Iterator[Flow]:
    if title:
        yield Space(3.0, keep=True)
        yield Text.of(title, TITLE, width, keep=True)
        yield from told([title], "this title", width)


def _notice(block: Notice, width: float) -> Iterator[Flow]:
    style = NOTICE if block.large else NOTICE_SMALL
    edge = 9.0 if block.large else 5.0
    words = text.lines(block.text, style, width - 34)
    yield Boxed(text=Text(lines=words, style=style, inset=20, edge=edge), width=width)
    yield from told([block.text], "this notice", width)


def _table(block: Table, width: float) -> Iterator[Flow]:
    yield from _titled(block.title, width)
    if not block.rows:
        yield Text.of("None.", SMALL, width)
        return
    yield grid.table(block.head, block.rows, width, widths=block.widths, code=block.code)
    yield from told((word for row in (block.head, *block.rows) for word in row), "this table", width)


def _timeline(block: Timeline, width: float) -> Iterator[Flow]:
    yield from _titled(block.title, width)
    yield Text.of(figures.span_words(block), SMALL, width, keep=True)
    yield Space(4.0, keep=True)
    for chart in figures.charts(block, width):
        yield chart
        yield Space(4.0)
    yield from told(_labels(block.lanes), "this figure's labels", width)


def _labels(lanes: Iterable[Lane]) -> Iterator[str]:
    for lane in lanes:
        yield lane.label
        yield from (span.label for span in lane.spans)
        yield from (mark.label for mark in lane.marks)


def attached(files: Mapping[str, bytes], room: Room) -> Iterator[Flow]:
    """The list of the files that are attached to this PDF, with their digests."""
    rows = [(name, f"{len(data):,}", sha256(data).hexdigest()) for name, data in sorted(files.items())]
    yield NewPage()
    yield from heading("attached", "Files attached to this PDF", room.width)
    yield Text.of(
        "These files are embedded in the PDF as associated files (PDF/A-3); most readers list them as attachments. "
        "report.json holds every text of this report exactly as it was given, and all numbers at full precision.",
        NORMAL,
        room.width,
    )
    yield Space(AFTER)
    yield grid.table(("File", "Bytes", "SHA-256"), rows, room.width, widths=(0.3, 0.14, 0.56), code=(0, 2))
