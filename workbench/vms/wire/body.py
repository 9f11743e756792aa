"""The body of an export request, both ways: `ExportSpec` ⇄ the API's JSON.

`write` says in the API's words what the API can say; `beyond` names the rest of a spec, each field with why. How a
server cuts (exactly or from the key frame before) is not part of a request, so `cut` is in neither: the plan tells.
`read` is lenient as the contract recommends (numeric strings, exponents, unknown keys); ``strict`` is not.
Our own key ``request`` carries a marker by which an export is found again whose answer was lost.

>>> read(b'{"format":"mp4","vc":4,"maxfilesize":1e+6}').maxfilesize
1000000
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.spec import DEFAULT_STAMP, ExportSpec, Mask
from workbench.core.timebase import Moment, zone
from workbench.vms.wire import document
from workbench.vms.wire.body_reading import AREAS, MOST_ZONE, Body, Reader

__all__ = ["BURNT", "Body", "beyond", "read", "spec", "write", "zone_offset"]

LAYOUTS = ("portrait", "landscape")
DIVISORS = (1, 2, 4, 8)
BURNT = ("avi", "jpg")
"""Formats into whose pixels a comment or stamp that was named is drawn."""


def write(spec: ExportSpec, *, zone_minutes: int | None = None, marker: str = "") -> dict[str, Any]:
    """The request in the API's words; what it has no words for (`beyond`) is left out.

    But for masks that move: at rest they would hide another place, so they are a RequestError.

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
    for name, area in zip(AREAS, (spec.crop, spec.snapshot_area, spec.comment_area, spec.stamp_area), strict=True):
        data |= {name: area.corners()} if area is not None else {}
    if any(mask.keys for mask in spec.masks):
        raise RequestError("masks", "the API's masks know no shape that moves", "Lay them here, on a master (derive).")
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
    reasons = ["shape that moves"] if any(mask.keys for mask in spec.masks) else []
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
    return Reader(document.request(data, "body"), strict=strict).body()


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
