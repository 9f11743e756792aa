"""The signature block: a person's declaration with room to sign, and apart from it what the machine seal says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.report import grid, text
from workbench.report.flow import Flow, Sheet, Space
from workbench.report.model import SignatureBlock
from workbench.report.pictures import told
from workbench.report.pieces import Text
from workbench.report.text import NORMAL, SMALL, TITLE

TALL = 58.0
SEAL = (
    "The machine seal says which key sealed this file and that the file is unchanged since. "
    "It is no person's signature and says nothing about what the file tells."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Room for one person's place, date and signature by hand."""

    name: str
    width: float
    height: float = TALL
    keep: bool = False

    @property
    def least(self) -> float:
        """All of it."""
        return self.height

    def split(self, room: float) -> None:
        """Never."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Two rules, what goes on them below, the name above."""
        canvas, base = sheet.canvas, top - 38
        text.draw(canvas, x, top - 10, text.one_line(self.name, TITLE, self.width), TITLE)
        canvas.setStrokeGray(0)
        canvas.setLineWidth(0.7)
        for left, right, words in ((0.0, 0.38, "Place, date"), (0.44, 1.0, "Signature by hand")):
            canvas.line(x + left * self.width, base, x + right * self.width, base)
            text.draw(canvas, x + left * self.width, base - 9, words, SMALL)


def signature(block: SignatureBlock, width: float) -> Iterator[Flow]:
    """Declaration, lines to sign on, then the seal's facts."""
    yield Text.of("Declaration", TITLE, width, keep=True)
    yield Text.of(block.declaration, NORMAL, width)
    yield Space(8.0)
    for signer in block.signers:
        yield Line(name=signer, width=width)
    yield Space(6.0)
    yield Text.of("Machine seal", TITLE, width, keep=True)
    yield Text.of(SEAL, SMALL, width, keep=True)
    yield grid.facts(block.seal, width)
    words = (block.declaration, *block.signers, *(word for row in block.seal for word in row))
    yield from told(words, "this declaration", width)
