"""The body of an export request, both ways: `ExportSpec` ⇄ the API's JSON.

`write` says in the API's words what the API can say; `beyond` names the rest of a spec, each field with why. How a
server cuts (exactly or from the key frame before) is not part of a request, so `cut` is in neither: the plan tells.
`read` is lenient as the contract recommends (numeric strings, exponents, unknown keys); ``strict`` is not.
Our own key ``request`` carries a marker by which an export is found again whose answer was lost.

>>> read(b'{"format":"mp4","vc":4,"maxfilesize":1e+6}').maxfilesize
1000000
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from workbench.core.errors import RequestError
from workbench.core.geometry import WHOLE, Area, Point, polygon
from workbench.core.spec import DEFAULT_STAMP, MOST_COMMENT, ExportSpec, Format, Mask, area_from_json
from workbench.core.timebase import Moment, zone
from workbench.vms.wire import document

FORMATS = get_args(Format)
LAYOUTS = ("portrait", "landscape")
DIVISORS = (1, 2, 4, 8)
BURNT = ("avi", "jpg")
"""Formats into whose pixels a comment or stamp that was named is drawn."""
WHITE = "#FFFFFF"
MOST_ZONE = 14 * 60
"""Minutes; no zone lies further from UTC."""
_MARKER = re.compile(r"[0-9A-Za-z-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,19}(\.0*)?([eE]\+?[0-9]{1,2})?")
_AREAS = ("croparea", "snapshotplace", "commentplace", "tsplace")
_KEYS = frozenset(
    {"format", "maxfilesize", "vc", "ac", "freq", "tsformat", "maskspace", "color", "comment", "layout"}
    | {"filename", "tocloud", "archive", "timezoneOffset", "request", *_AREAS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An export request as the API says it; times and camera stand in the path."""

    format: Format
    maxfilesize: int = 0
    vc: int = 0
    ac: int = 0
    freq: int = 0
    """0 all frames, 1 one of 2, 2 one of 4, 3 one of 8."""
    tsformat: str | None = None
    croparea: Area | None = None
    """None for the whole picture."""
    maskspace: tuple[tuple[Point, ...], ...] = ()
    """Polygons without the repeated last point."""
    color: str = WHITE
    comment: str = ""
    snapshotplace: Area | None = None
    commentplace: Area | None = None
    tsplace: Area | None = None
    layout: int = 0
    """0 portrait, 1 landscape."""
    filename: str = ""
    """Name wanted for the file; the vendor's web client sends it."""
    tocloud: bool = False
    archive: str | None = None
    """Storage; the query of the same name wins over it."""
    timezone_offset: int | None = None
    """Minutes east of UTC in which stamps are written; None for the server's own zone."""
    marker: str = ""
    """Ours: what the client calls this request."""
    ignored: tuple[str, ...] = ()
    """Keys that nobody knows, sorted."""


def write(spec: ExportSpec, *, zone_minutes: int | None = None, marker: str = "") -> dict[str, Any]:
    """The request in the API's words; what it has no words for (`beyond`) is left out.

    `zone_minutes` overrides the zone of the stamps, which is else the spec's where that is one offset throughout.
    """
    data: dict[str, Any] = {
        "format": spec.format,
        "maxfilesize": spec.size_limit,
        "vc": spec.video_quality,
        "ac": spec.audio_quality,
        "freq": DIVISORS.index(spec.rate_divisor),
        "color": spec.text_color,
    }
    stamp = _stamp(spec)
    data |= {"tsformat": stamp} if stamp is not None else {}
    data |= {"comment": spec.comment} if spec.comment else {}
    data |= {"archive": spec.archive} if spec.archive is not None else {}
    data |= {"layout": LAYOUTS.index(spec.layout)} if spec.format == "pdf" or spec.layout != "portrait" else {}
    for name, area in zip(_AREAS, (spec.crop, spec.snapshot_area, spec.comment_area, spec.stamp_area), strict=True):
        data |= {name: area.corners()} if area is not None else {}
    if spec.masks:
        data["maskspace"] = [[list(p) for p in (*mask.points, mask.points[0])] for mask in spec.masks]
    minutes = zone_minutes if zone_minutes is not None else zone_offset(spec)
    data |= {"timezoneOffset": minutes} if minutes is not None else {}
    return data | ({"request": marker} if marker else {})


def zone_offset(spec: ExportSpec) -> int | None:
    """Minutes east of UTC of the spec's stamps; None where no zone is set or no one whole minute holds throughout."""
    if spec.text_zone is None:
        return None
    where = zone(spec.text_zone, "text_zone")
    offsets = {moment.astimezone(where).utcoffset() for moment in _throughout(spec)} or {where.utcoffset(None)}
    only = offsets.pop()
    if offsets or only is None or only.total_seconds() % 60 or abs(only) > timedelta(minutes=MOST_ZONE):
        return None
    return only // timedelta(minutes=1)


def _throughout(spec: ExportSpec) -> Iterator[datetime]:
    """Moments of the range so close together that no change of an offset and back again slips through."""
    if not isinstance(spec.begin, datetime) or not isinstance(spec.end, datetime):
        return
    steps = max(1, (spec.end - spec.begin) // timedelta(days=20))
    for step in range(steps):
        yield spec.begin + step * timedelta(days=20)
    yield spec.end


def beyond(spec: ExportSpec) -> dict[str, str]:
    """The fields of a spec that the API cannot say, each with why; empty where it can say all of it."""
    found: dict[str, str] = {}
    if spec.burn is not None and spec.burn != _burnt_by_habit(spec):
        found["burn"] = f"the API has no switch for drawn text; for {spec.format} the server decides"
    if spec.audio == "drop":
        found["audio"] = "the API has no switch that leaves the sound out"
    if spec.gaps == "collapse":
        found["gaps"] = "the API cannot ask for pictures to be joined across gaps"
    if spec.text_zone is not None and zone_offset(spec) is None:
        found["text_zone"] = f"the API takes one offset in whole minutes; {spec.text_zone} is not that in the range"
    if spec.masks and (why := _why_masks(spec)):
        found["masks"] = why
    return found


def _why_masks(spec: ExportSpec) -> str:
    """What of the masks the API cannot say, as one phrase; empty where it can say them all."""
    reasons = []
    if any(mask.begin is not None or mask.end is not None for mask in spec.masks):
        reasons.append("a time range of their own")
    if any(mask.inverted for mask in spec.masks):
        reasons.append("covering the outside")
    if styles := sorted({mask.style for mask in spec.masks} - {"fill"}):
        reasons.append(" and ".join(styles))
    return f"the API's masks know no {', no '.join(reasons)}" if reasons else ""


def _stamp(spec: ExportSpec) -> str | None:
    """The template to send: where drawing is asked for, the default is named, since naming it is what draws it."""
    if spec.burn and spec.format in BURNT and spec.stamp_format is None:
        return DEFAULT_STAMP
    return spec.stamp_format


def _burnt_by_habit(spec: ExportSpec) -> bool:
    """Whether the server draws text into the pixels, given what `write` sends."""
    return spec.format in BURNT and (bool(spec.comment) or _stamp(spec) is not None)


def read(data: bytes, *, strict: bool = False) -> Body:
    """The body a client sent; RequestError naming the API's field for what cannot be meant."""
    return _Reader(document.request(data, "body"), strict).body()


def spec(body: Body, source: str, begin: Moment, end: Moment, *, cut: str = "exact") -> ExportSpec:
    """The request as the engine takes it; raises RequestError where times and format do not go together."""
    return ExportSpec(
        source=source,
        begin=begin,
        end=end,
        format=body.format,
        archive=body.archive,
        video_quality=body.vc,
        audio_quality=body.ac,
        rate_divisor=DIVISORS[body.freq],
        size_limit=body.maxfilesize,
        stamp_format=body.tsformat,
        crop=body.croparea,
        masks=tuple(Mask(points=points) for points in body.maskspace),
        text_color=body.color,
        comment=body.comment,
        snapshot_area=body.snapshotplace,
        comment_area=body.commentplace,
        stamp_area=body.tsplace,
        layout="landscape" if body.layout else "portrait",
        cut="keyframe" if cut == "keyframe" else "exact",
        text_zone=None if body.timezone_offset is None else _zone_name(body.timezone_offset),
    )


def _zone_name(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes a body apart; every method raises RequestError with the key it could not read."""

    data: dict[str, Any]
    strict: bool

    def body(self) -> Body:
        ignored = tuple(sorted(document.one_line(key, 60) for key in self.data.keys() - _KEYS))
        if ignored and self.strict:
            raise RequestError(ignored[0], "no such field")
        areas = {key: self.area(key) for key in _AREAS}
        return Body(
            format=self.format(),
            maxfilesize=self.number("maxfilesize", 0, 2**62),
            vc=self.number("vc", 0, 6),
            ac=self.number("ac", 0, 6),
            freq=self.number("freq", 0, 3),
            tsformat=self.text("tsformat", 1000) if self.data.get("tsformat") is not None else None,
            maskspace=self.polygons(),
            color=self.color(),
            comment=self.text("comment", MOST_COMMENT),
            layout=self.number("layout", 0, 1),
            filename=self.text("filename", 1000),
            tocloud=self.flag("tocloud"),
            archive=self.text("archive", 1000) or None,
            timezone_offset=self.zone(),
            marker=self.marker(),
            ignored=ignored,
            **{**areas, "croparea": None if areas["croparea"] == WHOLE else areas["croparea"]},
        )

    def format(self) -> Format:
        """The container wanted; the one field that must be there."""
        value = self.data.get("format")
        for known in FORMATS:
            if value == known:
                return known  # type: ignore[no-any-return]
        raise RequestError(
            "format", "it is missing" if value is None else "no such format", "Known: " + ", ".join(FORMATS)
        )

    def number(self, key: str, low: int, high: int) -> int:
        """A whole number, 0 where the key is absent or null."""
        value = self.data.get(key)
        if value is None:
            return 0
        if isinstance(value, str) and not self.strict and _NUMBER.fullmatch(value.strip()):
            value = float(value) if set(value) & set(".eE") else int(value)
        number = document.whole(value, low, high)
        if number is None:
            raise RequestError(key, f"it is not a whole number from {low} to {high}")
        return number

    def text(self, key: str, most: int) -> str:
        """A text, empty where the key is absent or null."""
        value = self.data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > most or not document.storable(value):
            raise RequestError(key, f"it is not a text of at most {most} characters")
        return value

    def flag(self, key: str) -> bool:
        """True or False; False where the key is absent."""
        value = self.data.get(key)
        if not isinstance(value, bool | None):
            raise RequestError(key, "it is neither true nor false")
        return bool(value)

    def color(self) -> str:
        """#RRGGBB."""
        value = self.text("color", 100)
        if value and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise RequestError("color", "it is not a colour", "Write #RRGGBB, such as #e31e1e.")
        return value or WHITE

    def area(self, key: str) -> Area | None:
        """Two opposite corners, or the oldest clients' text ``x,y!x,y``."""
        value = self.data.get(key)
        if isinstance(value, str) and not self.strict:
            value = _old_area(value, key)
        return None if value is None or value == [] else area_from_json(value, key)

    def polygons(self) -> tuple[tuple[Point, ...], ...]:
        """A list of polygons, each with its first point repeated at the end or not."""
        value = self.data.get("maskspace")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(points, list) for points in value):
            raise RequestError(
                "maskspace", "a list of polygons is wanted", "[[[0.2,0.2],[0.3,0.7],[0.5,0.5],[0.2,0.2]]]"
            )
        return tuple(polygon(points, "maskspace") for points in value)

    def zone(self) -> int | None:
        """Minutes east of UTC."""
        if self.data.get("timezoneOffset") is None:
            return None
        return self.number("timezoneOffset", -MOST_ZONE, MOST_ZONE)

    def marker(self) -> str:
        """Our key; what others may mean by it is left alone."""
        value = self.data.get("request")
        if isinstance(value, str) and _MARKER.fullmatch(value):
            return value
        if value is not None and self.strict:
            raise RequestError("request", "it is not a name of letters, digits and hyphens")
        return ""


def _old_area(text: str, key: str) -> list[list[float]]:
    """Corners from ``x,y!x,y``, the form before JSON arrays."""
    if not re.fullmatch(r"[0-9.]{1,20},[0-9.]{1,20}![0-9.]{1,20},[0-9.]{1,20}", text):
        raise RequestError(key, "it is not an area", "An area is two opposite corners: [[x, y], [x, y]].")
    try:
        return [[float(n) for n in corner.split(",")] for corner in text.split("!")]
    except ValueError as exc:
        raise RequestError(key, "it is not an area") from exc
