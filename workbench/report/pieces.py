"""The pieces that most of the report is made of: text, a box that must not be overlooked, columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from workbench.report import hatching, text
from workbench.report.flow import Flow, Sheet, begin, fill
from workbench.report.text import NORMAL, Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Lines of one style, plain or marked at their left."""

    lines: Sequence[str]
    style: Style = NORMAL
    inset: float = 0.0
    bar: bool = False
    """A line at the left."""
    edge: float = 0.0
    """White above and below."""
    keep: bool = False

    @classmethod
    def of(
        cls, words: str, style: Style, width: float, *, inset: float = 0.0, bar: bool = False, keep: bool = False
    ) -> Self:
        """The words set for a column of `width`."""
        return cls(lines=text.lines(words, style, width - inset), style=style, inset=inset, bar=bar, keep=keep)

    @property
    def height(self) -> float:
        """All lines, and the white around them."""
        return len(self.lines) * self.style.line + 2 * self.edge

    @property
    def least(self) -> float:
        """Three lines."""
        return min(len(self.lines), 3) * self.style.line + 2 * self.edge

    def split(self, room: float) -> tuple[Text, Text] | None:
        """Between two lines, never a single one left."""
        count = int((room - 2 * self.edge) / self.style.line)
        if count < 1 or count >= len(self.lines):
            return None
        if count > 2 and len(self.lines) - count == 1:
            count -= 1
        return replace(self, lines=self.lines[:count]), replace(self, lines=self.lines[count:])

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Line by line."""
        if self.bar:
            sheet.canvas.setStrokeGray(0.55)
            sheet.canvas.setLineWidth(1.2)
            sheet.canvas.line(x + 2, top, x + 2, top - self.height)
        base = (
            top - self.edge - self.style.line + self.style.size * (self.style.leading - 1) / 2 + self.style.size * 0.21
        )
        for line in self.lines:
            text.draw(sheet.canvas, x + self.inset, base, line, self.style)
            base -= self.style.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    """Text in a heavy frame with a hatched edge: what must not be overlooked."""

    text: Text
    width: float
    keep: bool = False

    @property
    def height(self) -> float:
        """That of the text."""
        return self.text.height

    @property
    def least(self) -> float:
        """That of the text."""
        return self.text.least

    def split(self, room: float) -> tuple[Boxed, Boxed] | None:
        """Two boxes."""
        parts = self.text.split(room)
        return (replace(self, text=parts[0]), replace(self, text=parts[1])) if parts else None

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """The frame, then the words."""
        hatching.box(sheet.canvas, x, top - self.height, self.width, self.height)
        self.text.draw(sheet, x, top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns of pieces beside each other; each goes on in its own column on the next page."""

    columns: tuple[tuple[Flow, ...], ...]
    offsets: tuple[float, ...]
    """Left edge of each column."""
    floor: float = 0.0
    """Height that it takes at least, so that a page holds so many and no more."""
    keep: bool = False

    @property
    def height(self) -> float:
        """The highest column."""
        return max(self.floor, *(sum(flow.height for flow in column) for column in self.columns))

    @property
    def least(self) -> float:
        """The beginning of each column, or the floor."""
        return max(self.floor, *(begin(column) for column in self.columns))

    def split(self, room: float) -> tuple[Columns, Columns] | None:
        """Each column by itself."""
        parts = [fill(column, room) for column in self.columns]
        if not any(placed for placed, _ in parts):
            return None
        first = replace(self, columns=tuple(tuple(flow for _, flow in placed) for placed, _ in parts), floor=0.0)
        return first, replace(self, columns=tuple(tuple(rest) for _, rest in parts), floor=0.0)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Column by column."""
        for column, offset in zip(self.columns, self.offsets, strict=True):
            down = 0.0
            for flow in column:
                flow.draw(sheet, x + offset, top - down)
                down += flow.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The line under a heading."""

    width: float
    height: float = 8.0
    keep: bool = True

    @property
    def least(self) -> float:
        """All of it."""
        return self.height

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """A heavy line."""
        sheet.canvas.setStrokeGray(0)
        sheet.canvas.setLineWidth(1.2)
        sheet.canvas.line(x, top - 1, x + self.width, top - 1)
