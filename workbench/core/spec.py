"""`ExportSpec`: what is wanted, as plain frozen data that means the same on every archive.

Validated once when made; an error names the field. `replace` makes a changed copy, JSON goes both ways with a
schema name. Names in square brackets are those of the VMS's HTTP export API.

>>> spec = ExportSpec(source="hall", begin=Offset(0), end=Offset(2_000_000), format="mp4")
>>> ExportSpec.from_json(spec.to_json()) == spec
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, get_args

from workbench.core import checking as check
from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.mask import Mask as Mask
from workbench.core.mask import MaskKey as MaskKey
from workbench.core.mask import MaskStyle as MaskStyle
from workbench.core.timebase import Moment, Offset, written, zone

SCHEMA = "workbench.export-spec/1"
Format = Literal["mp4", "mkv", "avi", "exe", "jpg", "pdf"]
Layout = Literal["portrait", "landscape"]
FRAME_FORMATS = ("jpg", "pdf")
DEFAULT_STAMP = "%Y-%b-%d %H:%M:%S"
MOST_COMMENT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpec:
    """One export request."""

    source: str
    """Id of the camera."""
    begin: Moment
    """First instant wanted."""
    end: Moment
    """First instant no longer wanted; equal to `begin` for one frame (jpg, pdf)."""
    format: Format
    """Container wanted [format]."""
    archive: str | None = None
    """Which archive of the camera, where it has several [archive]."""
    video_quality: int = 0
    """0 best … 6 smallest [vc]; 0 and 3 copy where nothing forces a re-encode."""
    audio_quality: int = 0
    """0 best … 6 smallest [ac]."""
    rate_divisor: int = 1
    """Keep one frame of 1, 2, 4 or 8 [freq 0–3]."""
    size_limit: int = 0
    """Bytes per file, 0 for one file [maxfilesize]."""
    stamp_format: str | None = None
    """Time-stamp template in Boost.Date_Time flags [tsformat]; None is the API's default and asks for no drawing."""
    crop: Area | None = None
    """Part of the shown picture to keep [croparea]."""
    masks: tuple[Mask, ...] = ()
    """What must not be seen [maskspace]."""
    text_color: str = "#FFFFFF"
    """Colour of comment and stamp where they are drawn, #RRGGBB [color]."""
    comment: str = ""
    """Text that goes with the pictures [comment]."""
    snapshot_area: Area | None = None
    """pdf: where on the page the frame goes [snapshotplace]."""
    comment_area: Area | None = None
    """pdf: where the comment goes [commentplace]."""
    stamp_area: Area | None = None
    """pdf: where the time stamp goes [tsplace]."""
    layout: Layout = "portrait"
    """pdf: the page's orientation [layout 0, 1]."""
    cut: Literal["exact", "keyframe"] = "exact"
    """``exact`` holds the range and nothing else; ``keyframe`` copies from the key frame before."""
    burn: bool | None = None
    """Draw the text into the pixels: True, False, or None for the format's habit (see README)."""
    text_zone: str | None = None
    """Zone in which stamps are written (IANA name, UTC or +HH:MM); None for the source's own."""
    audio: Literal["keep", "drop"] = "keep"
    """What happens to recorded sound."""
    gaps: Literal["keep", "collapse"] = "keep"
    """``keep`` leaves wall-clock spacing true across gaps; ``collapse`` joins the pictures."""

    def __post_init__(self) -> None:
        _check_texts(self)
        check.one_of("format", self.format, get_args(Format))
        check.number("video_quality", self.video_quality, 0, 6)
        check.number("audio_quality", self.audio_quality, 0, 6)
        check.one_of("rate_divisor", self.rate_divisor, (1, 2, 4, 8))
        check.number("size_limit", self.size_limit, 0, 2**62)
        check.one_of("layout", self.layout, get_args(Layout))
        check.one_of("cut", self.cut, ("exact", "keyframe"))
        check.one_of("burn", self.burn, (None, True, False))
        check.one_of("audio", self.audio, ("keep", "drop"))
        check.one_of("gaps", self.gaps, ("keep", "collapse"))
        masks: Any = self.masks
        if isinstance(masks, str) or not isinstance(masks, Iterable):
            raise RequestError("masks", "a list of masks is wanted")
        object.__setattr__(self, "masks", tuple(self.masks))
        for name in ("begin", "end"):
            object.__setattr__(self, name, check.utc(getattr(self, name), name))
        _check_range(self)

    @property
    def is_frame(self) -> bool:
        """True for the formats that hold one picture."""
        return self.format in FRAME_FORMATS

    def to_json(self) -> dict[str, Any]:
        """The request as JSON; every field is written, defaults included."""
        data: dict[str, Any] = {"schema": SCHEMA}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Area):
                value = value.corners()
            elif isinstance(value, datetime | Offset):
                value = written(value)
            elif f.name == "masks":
                value = [mask.to_json() for mask in self.masks]
            data[f.name] = value
        return data

    @classmethod
    def from_json(cls, data: Any) -> ExportSpec:
        """Read what `to_json` wrote, or a shorter form that leaves defaults out.

        Raises RequestError naming the field for wrong types, unknown keys or an unknown schema.
        """
        if not isinstance(data, Mapping):
            raise RequestError("spec", "a JSON object is wanted")
        schema = data.get("schema", SCHEMA)
        if schema != SCHEMA:
            raise RequestError("schema", f"{schema!r} is not {SCHEMA!r}", "This version reads that schema only.")
        known = check.known({k: v for k, v in data.items() if k != "schema"}, cls, "spec")
        for key in ("begin", "end"):
            known[key] = check.read_moment(known.get(key), key)
        for key in ("crop", "snapshot_area", "comment_area", "stamp_area"):
            if known.get(key) is not None:
                known[key] = area_from_json(known[key], key)
        masks = known.get("masks", [])
        if not isinstance(masks, list):
            raise RequestError("masks", "a list is wanted")
        known["masks"] = tuple(Mask.from_json(mask) for mask in masks)
        for key in ("source", "format"):
            if key not in known:
                raise RequestError(key, "it is missing")
        return cls(**known)


def area_from_json(value: Any, field: str) -> Area:
    """An area from the API's [[x0, y0], [x1, y1]]."""
    if not isinstance(value, list) or len(value) != 2:
        raise RequestError(field, f"{value!r} is not an area", "An area is two opposite corners: [[x, y], [x, y]].")
    return Area.from_corners(value[0], value[1], field)


def _check_texts(spec: ExportSpec) -> None:
    for name in ("source", "comment", "text_color"):
        check.typed(name, getattr(spec, name), str)
    for name in ("archive", "stamp_format", "text_zone"):
        if getattr(spec, name) is not None:
            check.typed(name, getattr(spec, name), str)
    if not spec.source:
        raise RequestError("source", "it is empty", "Name a camera; `workbench sources` lists them.")
    if len(spec.comment) > MOST_COMMENT:
        raise RequestError("comment", f"it has {len(spec.comment)} characters, {MOST_COMMENT} are allowed")
    if spec.stamp_format is not None and len(spec.stamp_format) > 1000:
        raise RequestError("stamp_format", "it has more than 1000 characters")
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", spec.text_color):
        raise RequestError("text_color", f"{spec.text_color!r} is not a colour", "Write #RRGGBB, such as #e31e1e.")
    if spec.text_zone is not None:
        zone(spec.text_zone, "text_zone")
    for name in ("crop", "snapshot_area", "comment_area", "stamp_area"):
        if not isinstance(getattr(spec, name), Area | None):
            raise RequestError(name, "an Area is wanted")


def _check_range(spec: ExportSpec) -> None:
    check.ordered("end", spec.begin, spec.end)
    for mask in spec.masks:
        if not isinstance(mask, Mask):
            raise RequestError("masks", f"{mask!r} is not a Mask")
    if spec.format == "exe":
        return
    if spec.is_frame and spec.begin != spec.end:
        raise RequestError("end", f"{spec.format} is one frame: begin and end must be equal", "Set end to begin.")
    if not spec.is_frame and spec.begin == spec.end:
        raise RequestError("end", f"{spec.format} needs a stretch of time", "Set end after begin, or take jpg or pdf.")
