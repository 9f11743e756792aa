"""Pictures as the API hands them out: made smaller by halves, a part of them, one at or shortly after an instant.

Masks and crop are painted by the archive; here a finished JPEG is only made smaller.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image

from workbench.archives.base import Archive, Frame
from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.server.listing import Listed

OLD_CROP = ("crop_x", "crop_y", "crop_width", "crop_height")
NEW_CROP = ("left", "top", "right", "bottom")
QUALITY = 90
MOST_SIDE = 65_536
SMALLEST = 1 / 64


def crop(query: Mapping[str, float]) -> Area | None:
    """The part of the picture that a query asks for, in either dialect; None for the whole."""
    if any(key in query for key in NEW_CROP):
        x0, y0 = query.get("left", 0.0), query.get("top", 0.0)
        x1, y1 = query.get("right", 1.0), query.get("bottom", 1.0)
    elif any(key in query for key in OLD_CROP):
        x0, y0 = query.get("crop_x", 0.0), query.get("crop_y", 0.0)
        x1, y1 = x0 + query.get("crop_width", 1.0 - x0), y0 + query.get("crop_height", 1.0 - y0)
    else:
        return None
    area = Area.from_corners((x0, y0), (x1, y1), "crop")
    return None if area == Area(0.0, 0.0, 1.0, 1.0) else area


def at(
    archive: Archive, listed: Listed, us: int, threshold: int | None, masks: tuple[Mask, ...], part: Area | None
) -> Frame:
    """The picture shown at an instant; with a threshold (µs), the first that begins within it. NothingRecorded."""
    if threshold is not None:
        found = archive.instants(listed.source.id, (listed.moment(us), listed.moment(us + threshold + 1)), limit=1)
        if not found:
            raise NothingRecorded("no picture begins within the threshold", "Ask with a longer one.")
        us = found[0]
    return archive.frame(listed.source.id, listed.moment(us), masks, part)


def sized(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG made smaller by 2, 4, 8, … so that it comes nearest to a size; 0 leaves a side open."""
    if width <= 0 and height <= 0:
        return jpeg
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        factor = _factor(picture.size, (width, height))
        if factor == 1:
            return jpeg
        out = io.BytesIO()
        picture.reduce(factor).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _factor(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """The power of two that comes nearest to the smaller of the wanted scales; 1 where more than all is wanted."""
    scales = [want / have for want, have in zip(wanted, size, strict=True) if want > 0]
    scale = min(scales)
    factor = 1
    while 1 / factor > SMALLEST and abs(1 / (factor * 2) - scale) < abs(1 / factor - scale):
        factor *= 2
    return factor


def side(number: int, name: str) -> int:
    """A side in pixels; RequestError for nonsense."""
    if not 0 <= number <= MOST_SIDE:
        raise RequestError(name, f"it is not a number of pixels from 0 to {MOST_SIDE}")
    return number
