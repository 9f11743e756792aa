"""Drawings: the timeline of an export, the outlines of masks and crop. Vectors in the report's own fonts.

A timeline is drawn to scale between its two ends; what lies outside is cut off there. Stretches of one kind that lie
closer than a printer's dot are drawn as one. Labels that find no room are left out, and the figure says how many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.stamp import render
from workbench.core.timebase import SECOND, shown, zone
from workbench.report import hatching, text
from workbench.report.flow import Sheet
from workbench.report.hatching import MASK, PATTERNS, Point
from workbench.report.model import Lane, Mark, Outline, Span, Timeline
from workbench.report.text import LABEL, Style

NAMES = 112.0
"""Points for the names of the lanes."""
BAR, LANE, AXIS, KEY = 11.0, 27.0, 27.0, 13.0
MOST_LANES = 10
"""Lanes of one figure; more lanes make more figures."""
_DOT = 0.5
Label = tuple[float, str]
"""How far from the left, and what."""
_MINUTE, _HOUR, _DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
_STEPS = (
    *(factor * 10**power for power in range(6) for factor in (1, 2, 5)),
    *(factor * SECOND for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * _MINUTE for factor in (1, 2, 5, 10, 15, 30)),
    *(factor * _HOUR for factor in (1, 2, 3, 6, 12)),
    *(factor * _DAY for factor in (1, 2, 7, 14, 30, 90, 365, 3650, 36500)),
)
"""Microseconds between two ticks of the axis."""
_ON_DARK = Style(size=LABEL.size, ink=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Some lanes of a timeline, with axis and key."""

    timeline: Timeline
    lanes: tuple[Lane, ...]
    width: float
    labels: tuple[tuple[Label, ...], ...]
    """For each lane the labels that found room."""
    missing: int
    """Labels that did not."""
    key: tuple[tuple[Label, ...], ...]
    """Rows of the key: kinds of stretches, and where each is explained."""
    keep: bool = False

    @property
    def height(self) -> float:
        """Lanes, axis, key, and a line for what found no room."""
        return len(self.lanes) * LANE + AXIS + KEY * (len(self.key) + bool(self.missing)) + 4

    @property
    def least(self) -> float:
        """All of it."""
        return self.height

    def split(self, room: float) -> None:
        """Never; `charts` cuts a long timeline by lanes."""

    def draw(self, sheet: Sheet, x: float, top: float) -> None:
        """Lanes from the top, then axis and key."""
        canvas, low = sheet.canvas, top - len(self.lanes) * LANE
        free = 0.0
        for at, words in _ticks(self.timeline, self.width):
            free = _tick(canvas, x + _x(self.timeline, at, self.width), (top, low), words, (free, x + self.width))
        for number, lane in enumerate(self.lanes):
            self._lane(canvas, number, lane, x, top - number * LANE)
        canvas.setStrokeGray(0)
        canvas.setLineWidth(0.8)
        canvas.line(x + NAMES, low, x + self.width, low)
        self._below(canvas, x + NAMES, low - AXIS)

    def _below(self, canvas: Any, x: float, top: float) -> None:
        for row in self.key:
            for left, kind in row:
                hatching.rectangle(canvas, x + left, top - 8, 20, 7, PATTERNS[kind])
                text.draw(canvas, x + left + 24, top - 7, PATTERNS[kind].words, LABEL)
            top -= KEY
        if self.missing:
            words = f"Labels that find no room at this scale: {self.missing}; all are in report.json."
            text.draw(canvas, x, top - 7, text.one_line(words, LABEL, self.width - NAMES), LABEL)

    def _lane(self, canvas: Any, number: int, lane: Lane, x: float, top: float) -> None:
        low = top - LANE + 4
        text.draw(canvas, x, low + 3, text.one_line(lane.label, LABEL, NAMES - 8), LABEL)
        for left, right, span in _merged(lane.spans, lambda us: _x(self.timeline, us, self.width)):
            hatching.rectangle(canvas, x + left, low, max(right - left, 0.7), BAR, PATTERNS[span.kind])
            _inside(canvas, x + left, low, right - left, span)
        for at in {round(_x(self.timeline, mark.at_us, self.width), 1): None for mark in lane.marks}:
            _arrow(canvas, x + at, low + BAR)
        for left, words in self.labels[number]:
            text.draw(canvas, x + left, low + BAR + 4.5, words, LABEL)


def charts(timeline: Timeline, width: float) -> Iterator[Chart]:
    """The figures of a timeline: one for each `MOST_LANES` lanes."""
    for at in range(0, max(len(timeline.lanes), 1), MOST_LANES):
        lanes = timeline.lanes[at : at + MOST_LANES]
        placed = [_labels(timeline, lane.marks, width) for lane in lanes]
        yield Chart(
            timeline=timeline,
            lanes=lanes,
            width=width,
            labels=tuple(labels for labels, _ in placed),
            missing=sum(missing for _, missing in placed),
            key=_key(lanes, width - NAMES),
        )


def _x(timeline: Timeline, us: int, width: float) -> float:
    """Where an instant lies, from the left edge of the figure."""
    begin, end = timeline.begin_us, max(timeline.end_us, timeline.begin_us + 1)
    return NAMES + (width - NAMES) * min(1.0, max(0.0, (us - begin) / (end - begin)))


def _labels(timeline: Timeline, marks: Sequence[Mark], width: float) -> tuple[tuple[Label, ...], int]:
    """The marks' labels from left to right, as far as they find room, and how many do not."""
    placed, free, missing = list[Label](), 0.0, 0
    for mark in sorted(marks, key=lambda one: one.at_us):
        left = _x(timeline, mark.at_us, width) + 3.5
        if left < free:
            missing += bool(mark.label)
            continue
        words = text.one_line(mark.label, LABEL, 90)
        wide = text.width_of(words, LABEL)
        left = min(left, width - wide)
        if left < free:
            missing += bool(words)
            continue
        placed.append((left, words))
        free = left + wide + 7
    return tuple(placed), missing


def _key(lanes: Sequence[Lane], width: float) -> tuple[tuple[Label, ...], ...]:
    """The key: only what is drawn, in rows that fit."""
    used = {span.kind for lane in lanes for span in lane.spans}
    rows, left = list[list[Label]](), math.inf
    for kind in (kind for kind in PATTERNS if kind in used):
        wide = 40 + text.width_of(PATTERNS[kind].words, LABEL)
        if left + wide > width:
            rows.append([])
            left = 0.0
        rows[-1].append((left, kind))
        left += wide
    return tuple(map(tuple, rows))


def _ticks(timeline: Timeline, width: float) -> Iterator[tuple[int, tuple[str, ...]]]:
    begin, length = timeline.begin_us, max(timeline.end_us - timeline.begin_us, 1)
    most = max(2, int((width - NAMES) / 56))
    step = next((step for step in _STEPS if length / step <= most), length)
    place, fine = _zone(timeline), step % SECOND != 0
    for number in range(-(-begin // step), (begin + length) // step + 1):
        yield number * step, _words(number * step, timeline.dated, place, fine)


def span_words(timeline: Timeline) -> str:
    """From when to when the figure reaches, and in whose time its axis is written."""
    begin, end = (_shown(us, timeline.dated) for us in (timeline.begin_us, timeline.end_us))
    if not timeline.dated:
        return f"{begin} s to {end} s from the first frame"
    known = _zone(timeline) is not UTC or timeline.zone in ("", "UTC")
    axis = f"axis in {timeline.zone or 'UTC'}" if known else f"axis in UTC, zone {timeline.zone} is not known here"
    return f"{begin} to {end}; {axis}"


def _shown(us: int, dated: bool) -> str:
    try:
        return shown(us, dated)
    except OverflowError:
        return f"{us} µs"


def _zone(timeline: Timeline) -> tzinfo:
    try:
        return zone(timeline.zone or "UTC")
    except RequestError:
        return UTC


def _words(us: int, dated: bool, place: tzinfo, fine: bool) -> tuple[str, ...]:
    if not dated:
        seconds = us / SECOND
        return (f"{seconds:+.3f} s" if fine else f"{seconds:+.0f} s",)
    try:
        clock = render("%H:%M:%S", us, place) + (f".{us % SECOND:06d}".rstrip("0") if fine else "")
        return clock, render("%Y-%m-%d", us, place)
    except (OverflowError, ValueError):
        return (str(us),)


def _tick(canvas: Any, x: float, ends: tuple[float, float], words: tuple[str, ...], room: tuple[float, float]) -> float:
    """A line across the lanes with its words below, if they find room; where the room for the next one begins."""
    (top, low), wide = ends, max(text.width_of(word, LABEL) for word in words)
    canvas.setStrokeGray(0.82)
    canvas.setLineWidth(0.4)
    canvas.line(x, top, x, low)
    canvas.setStrokeGray(0)
    canvas.line(x, low, x, low - 3)
    left = min(x - wide / 2, room[1] - wide)
    if left < room[0]:
        return room[0]
    for number, word in enumerate(words):
        text.draw(canvas, left + (wide - text.width_of(word, LABEL)) / 2, low - 10 - number * 8.5, word, LABEL)
    return left + wide + 4


def _merged(spans: Sequence[Span], place: Any) -> Iterator[tuple[float, float, Span]]:
    """Each stretch with its edges on paper; neighbours of one kind that no printer can part are one."""
    held: tuple[float, float, Span] | None = None
    for span in sorted(spans, key=lambda one: (one.begin_us, one.end_us)):
        left, right = place(span.begin_us), place(span.end_us)
        if held and span.kind == held[2].kind and left - held[1] < _DOT and (right - left < 2 or held[1] - held[0] < 2):
            held = (held[0], max(held[1], right), held[2])
            continue
        if held:
            yield held
        held = (left, right, span)
    if held:
        yield held


def _inside(canvas: Any, left: float, low: float, room: float, span: Span) -> None:
    """A stretch's own label on white, where it has room."""
    if not span.label:
        return
    words = text.one_line(span.label, LABEL, 200)
    wide = text.width_of(words, LABEL)
    if wide + 8 > room:
        return
    if span.kind != "copied":
        canvas.setFillGray(1)
        canvas.rect(left + (room - wide) / 2 - 2, low + 1.2, wide + 4, BAR - 2.4, stroke=0, fill=1)
    text.draw(canvas, left + (room - wide) / 2, low + 3.2, words, _ON_DARK if span.kind == "copied" else LABEL)


def _arrow(canvas: Any, x: float, low: float) -> None:
    canvas.setFillGray(0)
    canvas.drawPath(hatching.path(canvas, [(x, low), (x - 2.6, low + 6), (x + 2.6, low + 6)]), stroke=0, fill=1)


def outline(canvas: Any, shape: Outline, left: float, low: float, width: float, height: float) -> None:
    """One outline over a picture that is `width` × `height` points: hatched for a mask, dashed for a crop."""
    points = [_place(point, left, low, width, height) for point in shape.points]
    if len(points) < 3:
        return
    if shape.kind == "mask":
        hatching.polygon(canvas, points, MASK)
    for ink, line, dash in ((1.0, 3.2, ()), (0.0, 1.3, (6, 3) if shape.kind == "crop" else ())):
        canvas.setStrokeGray(ink)
        canvas.setLineWidth(line)
        canvas.setDash(list(dash))
        canvas.drawPath(hatching.path(canvas, points), stroke=1, fill=0)
    canvas.setDash([])
    _tag(canvas, shape.label, points, left, width)


def _place(point: Point, left: float, low: float, width: float, height: float) -> Point:
    """A normalised point on paper, held inside the picture."""
    x, y = (min(1.0, max(0.0, part)) for part in point)
    return left + x * width, low + (1 - y) * height


def _tag(canvas: Any, label: str, points: Sequence[Point], left: float, width: float) -> None:
    """An outline's label on white paper at its top left corner."""
    words = text.one_line(label, LABEL, width * 0.6)
    wide, tall = text.width_of(words, LABEL) + 6, 10.0
    x = min(max(min(x for x, _ in points), left), left + width - wide)
    top = max(y for _, y in points)
    canvas.setFillGray(1)
    canvas.setStrokeGray(0)
    canvas.setLineWidth(0.6)
    canvas.rect(x, top - tall, wide, tall, stroke=1, fill=1)
    text.draw(canvas, x + 3, top - tall + 2.8, words, LABEL)
