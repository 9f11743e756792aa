"""Burning text in: the comment and the time stamp on decoded frames, without a way through RGB.

The stamp stands in the top left corner, the comment in the bottom left one, both as a person sees the picture
(the planes of a turned recording are drawn on turned). Letters are 1/24 of the shown height, at least
`SMALLEST` pixels; neither text takes more than a third of the height: what does not fit ends in an ellipsis
and is told in `notes`. A dark outline (a light one for dark colours) keeps letters readable anywhere and
hides less of the picture than a box.

Each line holds, per plane, `p * keep + add >> 8`: the two factors are worked out when letters change, only
from the first changed letter on, so that a stamp that counts costs little per frame.

    overlay = Overlay(1920, 1080, color="#e31e1e", comment="Entrance")
    frame = drawable(frame)
    overlay.draw(frame, "2026-Mar-01 10:00:00")
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt

from workbench.media import colors
from workbench.media.lettering import Face, Masks
from workbench.media.planes import samples
from workbench.media.writing import fit, notes, visible

Array = npt.NDArray[Any]
LINES_PER_HEIGHT = 24
SMALLEST = 10
"""Smallest letters, in pixels."""
LARGEST_SHARE = 3
"""One part in so many of the height is the most that either text takes."""
DARK = 0.1
"""Luminance below which letters get a light outline."""
_LAYOUTS = {
    "yuv420p": (1, 1), "yuvj420p": (1, 1), "yuv422p": (1, 0), "yuvj422p": (1, 0), "yuv440p": (0, 1),
    "yuvj440p": (0, 1), "yuv444p": (0, 0), "yuvj444p": (0, 0), "yuv411p": (2, 0), "yuv410p": (2, 2),
    "yuvj411p": (2, 0), "gray": (0, 0),
}  # fmt: skip
"""Planar formats drawn on directly, and how far their chroma is halved: (across, down)."""
_DEPTHS = ("", "9le", "10le", "12le", "14le", "16le")


def _layout(name: str) -> tuple[int, int] | None:
    base = next((name.removesuffix(d) for d in _DEPTHS[1:] if name.endswith(d)), name)
    return _LAYOUTS.get(base)


def drawable(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame itself if its format can be drawn on, else a converted copy of its matrix and range."""
    if _layout(frame.format.name) is not None:
        return frame
    deep = max(part.bits for part in frame.format.components) > 8
    matrix = colors.matrix(frame)
    range_ = colors.FULL if colors.full_range(frame) else colors.LIMITED
    made = frame.reformat(
        format="yuv444p10le" if deep else "yuv420p" if frame.format.name in ("nv12", "nv21") else "yuv444p",
        src_colorspace=matrix, dst_colorspace=matrix, src_color_range=range_, dst_color_range=range_,
    )  # fmt: skip
    made.colorspace, made.color_range = matrix, range_
    return made


@dataclass(frozen=True)
class _Ink:
    """The planes' shape and what the two colours are in them; a change of it draws everything anew."""

    halved: tuple[int, int]
    """How far chroma is halved across and down the *shown* picture."""
    text: tuple[int, int, int]
    edge: tuple[int, int, int]
    wide: bool
    """More than 8 bits."""
    planes: int


@dataclass
class _Line:
    """One line of text at a fixed place, and its factors per plane."""

    masks: Masks
    text: str = ""
    width: int = 0
    factors: list[tuple[Array, Array]] = field(default_factory=list)


class Overlay:
    """Draws one export's text; keeps what it drew, so use one per thread.

    `width`, `height` are those of the coded frames, `rotation` how far counter-clockwise a player turns them
    (`VideoFrame.rotation`), `color` is ``#RRGGBB``, `aspect` the shape of a coded pixel. The caller keeps the
    zone and the template of stamps to itself: `draw` takes the finished text.
    """

    def __init__(
        self, width: int, height: int, rotation: int = 0, *,
        color: str = "#FFFFFF", comment: str = "", aspect: Fraction = Fraction(1),
    ) -> None:  # fmt: skip
        self._turns = colors.right_angle(rotation) // 90
        self._coded = (width, height)
        self._width, self._height = (height, width) if self._turns % 2 else (width, height)
        aspect = aspect if aspect > 0 else Fraction(1)
        size = max(SMALLEST, round(self._height / LINES_PER_HEIGHT))
        self._face = Face(size, max(1, round(size / 16)), 1 / aspect if self._turns % 2 else aspect)
        self._margin = size // 4 * 2
        self._color = colors.parse(color)
        self._outline = (0, 0, 0) if colors.luminance(self._color) > DARK else (255, 255, 255)
        self._comment = visible(comment)
        self._notes: dict[str, None] = {}
        self._ink: _Ink | None = None
        self._lines: dict[tuple[str, int], _Line] = {}
        self._stamp = ""
        self._stamp_lines: list[str] = []
        self._comment_lines = self._fitted(self._comment, "comment") if comment else []

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: characters without a glyph, text cut short."""
        return tuple(self._notes)

    def draw(self, frame: av.VideoFrame, stamp: str) -> None:
        """Draw the comment and `stamp` (either may be empty) on a frame of a `drawable` format.

        A frame that somebody else still reads, as decoders do, is given planes of its own first.
        """
        if (frame.width, frame.height) != self._coded:
            raise ValueError(f"a frame of {self._coded} is wanted, got {(frame.width, frame.height)}")
        frame.make_writable()
        self._take_ink(frame)
        planes = [np.rot90(plane, self._turns) for plane in samples(frame)[: self._planes]]
        if stamp != self._stamp:
            self._stamp, self._stamp_lines = stamp, self._fitted(visible(stamp), "stamp") if stamp else []
        for number, line in enumerate(self._stamp_lines):
            self._put(planes, ("stamp", number), line, self._margin + number * self._face.height)
        bottom = self._height - self._margin - len(self._comment_lines) * self._face.height
        for number, line in enumerate(self._comment_lines):
            self._put(planes, ("comment", number), line, bottom + number * self._face.height)

    @property
    def _planes(self) -> int:
        return self._ink.planes if self._ink else 0

    def _fitted(self, text: str, what: str) -> list[str]:
        most = max(1, (self._height // LARGEST_SHARE - self._margin) // self._face.height)
        width = self._width - 2 * self._margin - 2 * self._face.outline
        lines, cut = fit(text, self._face.advance, width=width, most=most)
        self._notes.update(dict.fromkeys(notes(text[: sum(map(len, lines)) + most], what)))
        if cut:
            self._notes[f"{what}: too long for the picture; cut after {most} line(s)"] = None
        return lines

    def _take_ink(self, frame: av.VideoFrame) -> None:
        layout = _layout(frame.format.name)
        if layout is None:
            raise ValueError(f"{frame.format.name} cannot be drawn on; pass the frame through drawable()")
        across, down = reversed(layout) if self._turns % 2 else layout
        bits = frame.format.components[0].bits
        matrix, full = colors.matrix(frame), colors.full_range(frame)
        ink = _Ink(
            halved=(across, down),
            text=colors.levels(self._color, matrix=matrix, full=full, bits=bits),
            edge=colors.levels(self._outline, matrix=matrix, full=full, bits=bits),
            wide=bits > 8,
            planes=min(3, len(frame.planes)),
        )
        if ink != self._ink:
            self._ink, self._lines = ink, {}

    def _put(self, planes: list[Array], key: tuple[str, int], text: str, top: int) -> None:
        line = self._line(key, text)
        assert self._ink is not None
        for number, plane in enumerate(planes):
            across, down = self._ink.halved if number else (0, 0)
            y, x = max(0, top) // 2 * 2 >> down, self._margin >> across
            there = plane[y:, x : x + -(-line.width >> across)]
            keep, add = (part[: there.shape[0], : there.shape[1]] for part in line.factors[number])
            there = there[: keep.shape[0]]
            there[...] = (there * keep + add) >> 8

    def _line(self, key: tuple[str, int], text: str) -> _Line:
        """The line of that place, brought up to `text` from the first changed letter on."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = self._empty_line()
        if text != line.text:
            same = next((i for i, (a, b) in enumerate(zip(text, line.text, strict=False)) if a != b), None)
            same = min(len(text), len(line.text)) if same is None else same
            places = self._face.positions(text)
            # A letter may lean over its neighbour by less than its size, and chroma goes in blocks of four.
            begin = max(0, places[same] - self._face.size // 2) // 4 * 4
            line.masks.fill[:, begin:] = 0
            line.masks.edge[:, begin:] = 0
            self._face.draw(text, places, line.masks, begin)
            line.text, line.width = text, min(places[-1] + self._face.outline, line.masks.fill.shape[1])
            self._work_out(line, begin)
        return line

    def _empty_line(self) -> _Line:
        assert self._ink is not None
        shape = (-(-self._face.height // 4) * 4, -(-self._width // 4) * 4)
        wide = np.uint32 if self._ink.wide else np.uint16
        # All lies in memory as the coded planes do, which doubles the speed on turned pictures.
        order: Literal["C", "F"] = "F" if self._turns % 2 else "C"
        line = _Line(Masks(np.zeros(shape, np.uint8, order), np.zeros(shape, np.uint8, order)))
        for number in range(self._ink.planes):
            across, down = self._ink.halved if number else (0, 0)
            small = (shape[0] >> down, shape[1] >> across)
            line.factors.append((np.full(small, 256, wide, order), np.full(small, 128, wide, order)))
        return line

    def _work_out(self, line: _Line, begin: int) -> None:
        assert self._ink is not None
        end = -(-line.width // 4) * 4
        fill, edge = (_of_256(mask[:, begin:end]) for mask in (line.masks.fill, line.masks.edge))
        keep = ((256 - edge) * (256 - fill) + 128) >> 8
        for number, (keeps, adds) in enumerate(line.factors):
            halved = self._ink.halved if number else (0, 0)
            stays = _shrunk(keep, *halved).astype(keeps.dtype)
            # Means are rounded one by one; together above 256 they would overflow 16 bits.
            text = np.minimum(_shrunk(fill, *halved).astype(keeps.dtype), 256 - stays)
            there = slice(begin >> halved[0], (begin >> halved[0]) + stays.shape[1])
            keeps[:, there] = stays
            outline = 256 - stays - text
            adds[:, there] = self._ink.text[number] * text + self._ink.edge[number] * outline + 128


def _of_256(mask: Array) -> Array:
    """0 to 255 as 0 to 256, so that dividing is a shift."""
    wide = mask.astype(np.uint32)
    return wide + (wide >> 7)


def _shrunk(mask: Array, across: int, down: int) -> Array:
    """Means over blocks of 2**down by 2**across."""
    if not across and not down:
        return mask
    parts = [mask[y :: 1 << down, x :: 1 << across] for y in range(1 << down) for x in range(1 << across)]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return (total + (1 << across + down >> 1)) >> (across + down)
