"""Pictures on paper: each with its caption, facts and comments, one, two or four a page.

The place of a picture is a *slot*: the page divided by their number. Within it the facts stand beside or below the
picture, whichever leaves the picture larger. Comments follow; what does not fit goes on in the same column of the
next page. The pixels themselves join the PDF later (`pdfa`): a page only names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from workbench.report import figures, grid, hatching, text
from workbench.report.flow import Anchor, Flow, NewPage, Sheet, Space
from workbench.report.hatching import Pattern
from workbench.report.model import Paragraph, Picture, Report
from workbench.report.pieces import Columns, Text
from workbench.report.text import CAPTION, CODE, COMMENT, DENSE, FACT, LABEL, SMALL, Style

GAP = 10.0
LEAST_SHARE, FACTS_SHARE = 0.45, 0.38
"""Least of the slot's height for the picture; share of its width that facts beside a picture take."""
SPOKEN_SHARE = 0.3
"""Most of the slot's height that is kept free for comments; longer ones go on over pages."""
LEAST_HALF = 150.0
"""Points that one of two columns of facts has at least."""
_EMPTY = Pattern((0.95, 0.95, 0.95), (0.0, 0.0, 0.0))
_KINDS = {"annotation": "annotated copy", "context": "context picture", "diagram": "diagram, no picture"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The picture itself, or the empty frame of a diagram, with its outlines."""

    picture: Picture
    width: float
    height: float
    inset: float = 0.0
    keep: bool = True

    @property
    def least(self) -> float:
        """All of it."""
        return self.height

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """The pixels where they will be, a hair line around them, the outlines over them."""
        canvas, left, low, tall = sheet.canvas, x + self.inset, top - self.height + 4, self.height - 4
        if self.picture.kind == "diagram":
            hatching.rectangle(canvas, left, low, self.width, tall, _EMPTY)
        else:
            sheet.place(self.picture, left, low, self.width, tall)
        canvas.setStrokeGray(0)
        canvas.setLineWidth(0.4)
        canvas.rect(left, low, self.width, tall, stroke=1, fill=0)
        canvas.saveState()
        corners = [(left, low), (left + self.width, low), (left + self.width, low + tall), (left, low + tall)]
        canvas.clipPath(hatching.path(canvas, corners), stroke=0, fill=0)
        for shape in self.picture.outlines:
            figures.outline(canvas, shape, left, low, self.width, tall)
        canvas.restoreState()


def pictures_of(report: Report) -> tuple[Picture, ...]:
    """All pictures that have pixels, in the order of the report."""
    blocks = (block for section in report.sections for block in section.blocks)
    return tuple(block for block in blocks if isinstance(block, Picture) and block.kind != "diagram")


def arranged(
    pictures: Sequence[Picture], width: float, height: float, per_page: int, lead: float = 0.0
) -> Iterator[Flow]:
    """Pictures in their slots, `per_page` on a page of `width` × `height` points; `lead` of the first is taken."""
    across = per_page if width > height else max(1, per_page // 2)
    down = per_page // across
    column = (width - (across - 1) * GAP) / across
    offsets = tuple(number * (column + GAP) for number in range(across))
    for row in range(-(-len(pictures) // across)):
        some = pictures[row * across : (row + 1) * across]
        slot = (height - (lead if row < down else 0.0)) / down - 1
        columns = tuple((*_card(picture, column, slot - GAP, small=per_page > 1), Space(GAP)) for picture in some)
        if row and row % down == 0:
            yield NewPage()
        yield Columns(columns=columns, offsets=offsets[: len(some)], floor=slot)


def figure(picture: Picture, width: float, height: float) -> Iterator[Flow]:
    """A context picture or diagram within the text: as wide as the page, at most half as high."""
    yield from _card(picture, width, height * (0.36 if picture.kind == "diagram" else 0.5))
    yield Space(GAP)


def _card(picture: Picture, width: float, slot: float, *, small: bool = True) -> Iterator[Flow]:
    """One picture with all that is said of it."""
    heading = Text.of(_title(picture), CAPTION, width, keep=True)
    yield Anchor(title=_title(picture), level=1)
    yield heading
    yield from _placed(picture, width, max(slot - heading.height, slot / 2), small)
    yield from told(_texts(picture), "this picture's texts", width)


def _texts(picture: Picture) -> Iterator[str]:
    yield picture.caption
    yield from (word for row in picture.facts for word in row)
    yield from (comment.text for comment in picture.comments)
    yield from (shape.label for shape in picture.outlines)


def _placed(picture: Picture, width: float, room: float, small: bool) -> Iterator[Flow]:
    """Picture, facts and comments, the facts beside or below, so that the picture is as large as can be."""
    shape, left = _shape(picture), width * (1 - FACTS_SHARE) - GAP
    comments = tuple(_comments(picture.comments, width))
    spoken = min(sum(flow.height for flow in comments), room * SPOKEN_SHARE)
    under = _facts_below(picture, width, (room - spoken) * (1 - LEAST_SHARE), small)
    aside = grid.facts(picture.facts, width - left - GAP, small=True)
    beside = _fitted(shape, left, room - spoken)
    below = _fitted(shape, width, max(room - spoken - under.height - 4, room * LEAST_SHARE))
    if beside > below * 1.02 and aside.height <= room:
        said = tuple(_comments(picture.comments, left))
        yield Columns(columns=((_image(picture, beside, shape), *said), (aside,)), offsets=(0.0, left + GAP))
        return
    yield _image(picture, below, shape, inset=(width - below) / 2)
    yield under
    yield from comments


def _facts_below(picture: Picture, width: float, room: float, small: bool) -> Flow:
    """The facts as wide as the picture: as a list, in two columns where these are wide enough, else run on."""
    half, middle = (width - GAP) / 2, -(-len(picture.facts) // 2)
    if half < LEAST_HALF * (1.0 if small else 1.7):
        made: Flow = grid.facts(picture.facts, width, small=small)
    else:
        pair = (picture.facts[:middle], picture.facts[middle:])
        columns = tuple((grid.facts(rows, half, small=small),) for rows in pair)
        made = Columns(columns=columns, offsets=(0.0, half + GAP))
    if made.height <= room or not small:
        return made
    words = " · ".join(f"{name}: {value}" for name, value in picture.facts).replace("\n", "; ")
    run_on = Text.of(words, FACT, width)
    return run_on if run_on.height <= room else Text.of(words, DENSE, width)


def _fitted(shape: float, width: float, height: float) -> float:
    """Width of the largest picture of that shape in a room."""
    return max(min(width, (height - 4) * shape), 8.0)


def _image(picture: Picture, wide: float, shape: float, inset: float = 0.0) -> Image:
    return Image(picture=picture, width=wide, height=wide / shape + 4, inset=inset)


def _shape(picture: Picture) -> float:
    """Width by height as it is shown, within what a page can hold."""
    try:
        aspect = Fraction(picture.aspect)
    except (ValueError, ZeroDivisionError):
        aspect = Fraction(1)
    shape = picture.width * (aspect if aspect > 0 else 1) / max(picture.height, 1)
    return min(max(float(shape), 0.05), 50.0)


def _title(picture: Picture) -> str:
    what = f" ({_KINDS[picture.kind]})" if picture.kind in _KINDS else ""
    return f"{picture.id}{what}: {picture.caption or 'no caption'}"


def _comments(comments: Sequence[Paragraph], width: float) -> Iterator[Flow]:
    for comment in comments:
        if comment.style == "small":
            yield Space(3.0)
        style = {"small": LABEL, "code": CODE, "struck": Style(size=COMMENT.size, ink=0.3, struck=True)}
        look = style.get(comment.style, COMMENT)
        yield Text.of(comment.text, look, width, inset=8, bar=True, keep=comment.style == "small")


def told(words: Iterable[str], what: str, width: float) -> Iterator[Flow]:
    """A line on characters that are not printed as they are; nothing where all are."""
    for remark in text.remarks("\n".join(words), what):
        yield Text.of(f"Note: {remark}.", Style(size=FACT.size, ink=SMALL.ink), width)
