"""The export body as a client sent it, taken apart: `Body` and its `Reader`.

Every field is read by its API name and every RequestError names it. Lenient reading takes numeric strings, unknown keys
and the oldest clients' areas; strict reading refuses them. Masks in the words of a spec are refused by both.

>>> Reader({"format": "mp4", "vc": "3"}, strict=False).body().vc
3
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_args

from workbench.core.errors import RequestError
from workbench.core.geometry import WHOLE, Area, Point, polygon
from workbench.core.spec import MOST_COMMENT, Format, area_from_json
from workbench.vms.wire import document

FORMATS = get_args(Format)
WHITE = "#FFFFFF"
MOST_ZONE = 14 * 60
"""Minutes; no zone lies further from UTC."""
_MARKER = re.compile(r"[0-9A-Za-z-]{1,64}")
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.0*)?([eE]\+?[0-9]{1,2})?")
AREAS = ("croparea", "snapshotplace", "commentplace", "tsplace")
_KEYS = frozenset(
    {"format", "maxfilesize", "vc", "ac", "freq", "tsformat", "maskspace", "color", "comment", "layout"}
    | {"filename", "tocloud", "archive", "timezoneOffset", "request", *AREAS}
)
_SPEC_MASKS = ("masks", "keys")
"""Words of our own specs: to pass over them would hand out what somebody meant to hide."""


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


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes a body apart; every method raises RequestError with the key it could not read."""

    data: dict[str, Any]
    strict: bool

    def body(self) -> Body:
        ignored = tuple(sorted(document.one_line(key, 60) for key in self.data.keys() - _KEYS))
        if ignored and self.strict:
            raise RequestError(ignored[0], "no such field")
        if given := [key for key in _SPEC_MASKS if self.data.get(key) is not None]:
            said = "the API knows masks as maskspace: polygons at rest, for the whole export"
            raise RequestError(given[0], said, "Masks that move or have times are laid on a master, by who asks.")
        areas = {key: self.area(key) for key in AREAS}
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
