"""Tables and lists of facts: cells of broken lines that go on over pages, heads repeated.

A row stays on one page unless it is taller than `TALL` lines; then it is cut between lines, so that a cell of a
megabyte prints like any other. Columns are set as wide as their shares say; in a column of its own width a digest
breaks into even groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import NamedTuple

from workbench.report import text
from workbench.report.flow import Sheet
from workbench.report.text import CELL, CELL_CODE, CELL_HEAD, FACT, FACT_CODE, FACT_NAME, Style

TALL = 14
"""Lines of a row that may be cut."""
ACROSS, DOWN = 5.0, 2.4
"""White at the sides of a cell, above and below."""
FACTS_SHARES, NARROW_SHARES = (0.27, 0.73), (0.31, 0.69)

Cell = tuple[Sequence[str], Style]


class Row(NamedTuple):
    """Cells beside each other."""

    cells: tuple[Cell, ...]
    height: float
    """That of the highest cell, without the white around it."""

    @classmethod
    def of(cls, cells: tuple[Cell, ...]) -> Row:
        """The row of these cells."""
        return cls(cells, max((len(lines) * style.line for lines, style in cells), default=0.0))

    @property
    def is_long(self) -> bool:
        """True where it may be cut."""
        return max((len(lines) for lines, _ in self.cells), default=0) > TALL

    def cut(self, room: float) -> tuple[Row, Row] | None:
        """The lines that fit into `room` points, and the rest; None where that is not even one of each cell."""
        counts = [int(room / style.line) for _, style in self.cells]
        if min(counts, default=0) < 1:
            return None
        both = tuple(zip(self.cells, counts, strict=True))
        first = Row.of(tuple((lines[:count], style) for (lines, style), count in both))
        return first, Row.of(tuple((lines[count:], style) for (lines, style), count in both))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows of cells under a head."""

    rows: tuple[Row, ...]
    edges: tuple[float, ...]
    """Left edge of each column, and the right edge of the last."""
    head: Row | None = None
    striped: bool = True
    down: float = DOWN
    across: float = ACROSS
    keep: bool = False

    @property
    def height(self) -> float:
        """The head and all rows."""
        return self._head + sum(row.height for row in self.rows) + len(self.rows) * 2 * self.down

    @property
    def least(self) -> float:
        """The head, and the first row or what may be cut off it."""
        if not self.rows:
            return self.height
        first = self.rows[0]
        line = max((style.line for _, style in first.cells), default=0.0)
        return self._head + 2 * self.down + (3 * line if first.is_long else first.height)

    @property
    def _head(self) -> float:
        return self._tall(self.head) if self.head else 0.0

    def _tall(self, row: Row) -> float:
        return row.height + 2 * self.down

    def split(self, room: float) -> tuple[Grid, Grid] | None:
        """Between two rows; a long row between two lines."""
        left, count = room - self._head, 0
        while count < len(self.rows) and self._tall(self.rows[count]) <= left:
            left -= self._tall(self.rows[count])
            count += 1
        first, rest = self.rows[:count], self.rows[count:]
        parts = rest[0].cut(left - 2 * self.down) if rest and rest[0].is_long else None
        if parts is not None:
            first, rest = (*first, parts[0]), (parts[1], *rest[1:])
        if not first or not rest:
            return None
        return replace(self, rows=first), replace(self, rows=rest)

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """The head dark, rows parted by fine lines."""
        canvas, right = sheet.canvas, x + self.edges[-1]
        if self.head:
            tall = self._tall(self.head)
            canvas.setFillGray(0.88)
            canvas.rect(x, top - tall, self.edges[-1], tall, stroke=0, fill=1)
            canvas.setStrokeGray(0)
            canvas.setLineWidth(0.9)
            canvas.line(x, top - tall, right, top - tall)
            top = self._row(sheet, self.head, x, top)
        canvas.setLineWidth(0.35)
        for row in self.rows:
            top = self._row(sheet, row, x, top)
            if self.striped:
                canvas.setStrokeGray(0.72)
                canvas.setLineWidth(0.35)
                canvas.line(x, top, right, top)

    def _row(self, sheet: Sheet, row: Row, x: float, top: float) -> float:
        for (lines, style), edge in zip(row.cells, self.edges, strict=False):
            base = top - self.down - style.line + style.size * (style.leading / 2 - 0.36)
            for line in lines:
                text.draw(sheet.canvas, x + edge + self.across, base, line, style)
                base -= style.line
        return top - self._tall(row)


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: float, *, widths: Sequence[float], code: Sequence[int]
) -> Grid:
    """A table as wide as `width`; columns in `code`, and cells that are one digest, in fixed width."""
    columns = max([len(head), *map(len, rows)])
    shares = widths if len(widths) == columns and min(widths, default=0) > 0 else [1.0] * columns
    edges = _edges(shares, width)
    rooms = [max(right - left - 2 * ACROSS, 4.0) for left, right in pairwise(edges)]

    def cells(words: Sequence[str]) -> Row:
        styles = [CELL_CODE if n in code or text.is_digest(word) else CELL for n, word in enumerate(words)]
        three = zip(words, styles, rooms, strict=False)
        return Row.of(tuple((text.lines(word, style, room), style) for word, style, room in three))

    titles = zip(head, rooms, strict=False)
    top = Row.of(tuple((text.lines(word, CELL_HEAD, room), CELL_HEAD) for word, room in titles))
    filled = tuple(map(cells, rows))
    if top.is_long:  # too tall to stand on every page
        return Grid(rows=(top, *filled), edges=edges)
    return Grid(rows=filled, edges=edges, head=top)


def facts(rows: Sequence[tuple[str, str]], width: float, *, small: bool = False) -> Grid:
    """Names and values in two columns; `small` for those beside a picture."""
    edges = _edges(NARROW_SHARES if small else FACTS_SHARES, width)
    across = 2.0 if small else ACROSS
    rooms = (edges[1] - 2 * across, edges[2] - edges[1] - 2 * across)
    name, plain, code = (FACT_NAME, FACT, FACT_CODE) if small else (replace(CELL, ink=0.3), CELL, CELL_CODE)

    def cells(label: str, value: str) -> Row:
        style = code if text.is_digest(value) else plain
        return Row.of(((text.lines(label, name, rooms[0]), name), (text.lines(value, style, rooms[1]), style)))

    return Grid(rows=tuple(cells(*row) for row in rows), edges=edges, down=1.1 if small else DOWN, across=across)


def _edges(shares: Sequence[float], width: float) -> tuple[float, ...]:
    whole = sum(shares)
    return tuple(accumulate((share / whole * width for share in shares), initial=0.0))
