"""One picture: recorded, or of the recording played as live. Forced masks are on it whatever is asked."""

from __future__ import annotations

from starlette.responses import Response

from workbench.archives.base import Frame
from workbench.core.errors import NothingRecorded, RequestError
from workbench.core.geometry import Area
from workbench.server import pictures
from workbench.server.call import Call, Endpoint, Query
from workbench.server.listing import Listed
from workbench.server.routes_cameras import CAMERA
from workbench.server.routes_recorded import ARCHIVE, scoped
from workbench.vms.wire.times import resolve, write

MOST_THRESHOLD = 86_400_000
STREAMS = ("speed", "format")
_SIDE = {"type": "integer", "minimum": 0, "maximum": pictures.MOST_SIDE}
_PART = {"type": "number", "minimum": 0, "maximum": 1}


async def recorded(call: Call) -> Response:
    """``archive/media``: one JPEG; ``X-Frame-Time`` says which picture it is."""
    listed = await scoped(call)
    if any(call.text(key) for key in STREAMS):
        raise RequestError("format", "this server hands out single pictures, no streams", "Leave speed and format out.")
    threshold = None
    if call.text("threshold"):
        threshold = call.whole("threshold", 0, 0, MOST_THRESHOLD) * 1000
    when = call.time("time", 0)
    whole = await call.service.desk.ask(call.service.listing.whole, listed)
    if whole is None:
        raise NothingRecorded("this camera has no footage")
    us = resolve(when, whole.begin, whole.end - 1)
    part, size = _asked(call)
    frame = await call.service.desk.ask(
        pictures.at, call.service.archive, listed, us, threshold, call.masks(listed), part
    )
    return await _answer(call, frame, size)


async def live(call: Call) -> Response:
    """``live/media/snapshot``: the picture that the recording, played as live, shows now."""
    listed = await call.camera()
    part, size = _asked(call)
    frame = await call.service.desk.ask(_now, call, listed, part)
    return await _answer(call, frame, size)


def _now(call: Call, listed: Listed, part: Area | None) -> Frame:
    first, last = listed.source.first, listed.source.last
    if first is None or last is None:
        raise NothingRecorded("this camera has no footage")
    us = call.service.live.at(first, last)
    return call.service.archive.frame(listed.source.id, listed.moment(us), call.masks(listed), part)


def _asked(call: Call) -> tuple[Area | None, tuple[int, int]]:
    """Crop and size of a query."""
    keys = (*pictures.OLD_CROP, *pictures.NEW_CROP)
    part = pictures.crop({key: call.number(key, 0.0) for key in keys if call.text(key)})
    return part, (pictures.side(call.whole("w", 0, 0, 2**31), "w"), pictures.side(call.whole("h", 0, 0, 2**31), "h"))


async def _answer(call: Call, frame: Frame, size: tuple[int, int]) -> Response:
    jpeg = await call.service.desk.ask(lambda: pictures.sized(frame.jpeg(), *size))
    headers = {"Cache-Control": "no-store", "X-Frame-Time": write(frame.instant), "X-Content-Type-Options": "nosniff"}
    return Response(jpeg, 200, headers, media_type="image/jpeg")


_QUERY = (
    Query(name="w", about="Width at most nearest to this, by halves", schema=_SIDE),
    Query(name="h", about="Height", schema=_SIDE),
    *(Query(name=name, about="Part of the picture", schema=_PART) for name in (*pictures.OLD_CROP, *pictures.NEW_CROP)),
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path=f"/archive/media/{CAMERA}/{{time}}",
        answer=recorded,
        about="One recorded picture",
        needs=("view",),
        query=(
            Query(name="threshold", about="ms to look ahead", schema={"type": "integer", "minimum": 0}),
            *_QUERY,
            ARCHIVE,
        ),
        gives={200: "image/jpeg"},
        fails=(400, 404, 503),
    ),
    Endpoint(
        method="GET",
        path=f"/live/media/snapshot/{CAMERA}",
        answer=live,
        about="The present picture",
        needs=("live",),
        query=_QUERY,
        gives={200: "image/jpeg"},
        fails=(400, 404, 503),
    ),
)
