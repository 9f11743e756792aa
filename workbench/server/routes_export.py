"""The life of an export: asked for (202, Location), looked after, fetched, deleted.

Only who asked for an export may see it, and only while he still has the rights that it took: an export made without
the forced masks is not handed out any more once the right to that is gone.

``waittimeout`` is checked and has no effect: a VMS waits so long for a frame to come in, and here every frame is on the
disk already. Taken as a bound on our own work it would make the outcome of an export hang on how busy the machine is.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from workbench.core.errors import NotAllowed, RequestError, SourceError
from workbench.core.spec import FRAME_FORMATS, ExportSpec
from workbench.core.timebase import SECOND, Moment, instant_us
from workbench.server import delivery
from workbench.server.call import Call, Endpoint, Query, document
from workbench.server.job_store import JobRequest
from workbench.server.listing import Listed, writable
from workbench.server.policy import check, check_camera
from workbench.server.routes_cameras import CAMERA
from workbench.server.routes_recorded import ARCHIVE, check_storage
from workbench.server.sending import Delivered
from workbench.vms.wire import body as bodies
from workbench.vms.wire import location, status
from workbench.vms.wire.body_reading import Body
from workbench.vms.wire.events import AUDIT_EXPORT
from workbench.vms.wire.paths import EXPORT, order
from workbench.vms.wire.times import Time, resolve

ID = "{id}"


async def start_archive(call: Call) -> Response:
    """``POST /export/archive``."""
    listed, body = await _asked(call)
    begin, end, _ = order(_time(call, "first"), _time(call, "second"), EXPORT)
    low, high = await _range(call, listed, body, begin, end)
    return await _start(call, listed, body, low, high)


async def start_live(call: Call) -> Response:
    """``POST /export/live``: what the recording, played as live, will show; an open end lasts until DELETE."""
    listed, body = await _asked(call)
    begin, end = _time(call, "first"), _time(call, "second")
    if body.format in FRAME_FORMATS and begin != end:
        _forgive(call, f"{body.format} is one frame: begin and end must be equal")
        end = begin
    window = call.service.live.window(begin, end)
    at = listed.source.first or 0
    upto = at if body.format in FRAME_FORMATS else at + SECOND
    if body.format not in (*FRAME_FORMATS, "exe") and window[1] == window[2]:
        raise RequestError("end", f"{body.format} needs a stretch of time", "Set end after begin, or take jpg or pdf.")
    return await _start(call, listed, body, at, upto, live=window)


async def state(call: Call) -> Response:
    """``GET /export/{id}/status``."""
    _own(call)
    found = await call.service.desk.quick(call.service.jobs.status, call.path("id"))
    if found is None:
        raise unknown()
    shown = replace(found, error=call.service.config.hide(found.error))
    return document(status.write(shown), headers={"Cache-Control": "no-cache"})


async def file(call: Call) -> Response:
    """``GET /export/{id}/file?name=``: names are looked up, never joined to a path."""
    request = _own(call)
    spec = ExportSpec.from_json(json.loads(request.spec_json))
    if not set(call.service.policy.forced(call.user, request.source)) <= set(spec.masks):
        raise NotAllowed("this export lacks masks that are wanted of you now", "Export it again.")
    name = call.request.query_params.get("name") or None
    if name is None and call.service.config.strict:
        raise RequestError("name", "it is missing", "The state of the export lists the names.")
    found = await call.service.desk.quick(call.service.jobs.file, call.path("id"), name)
    if found is None:
        raise SourceError("this export has no such file", "Its state lists the names; they come with state 2.")
    return Delivered(delivery.response(found, call.request.headers, method=call.request.method))


async def delete(call: Call) -> Response:
    """``DELETE /export/{id}``: cancels and removes."""
    _own(call)
    if not await call.service.desk.quick(call.service.jobs.delete, call.path("id")):
        raise unknown()
    return Response(status_code=204)


def unknown() -> SourceError:
    """There is no such export."""
    return SourceError("there is no such export", "It may have been deleted, or nobody asked after it for long.")


def _own(call: Call) -> JobRequest:
    """What the export of the address is about, if it is the user's and he still may."""
    request = call.service.jobs.request(call.path("id"))
    if request is None:
        raise unknown()
    if request.owner != call.user.name:
        raise NotAllowed("this export is somebody else's")
    check_camera(call.user, request.source)
    check(call.user, *(("live",) if request.kind == "live" else ()))
    return request


async def _asked(call: Call) -> tuple[Listed, Body]:
    """Camera and body of a request, its query and archive checked."""
    listed = await call.camera()
    call.whole("waittimeout", 10_000, 0, 2**31)
    body = bodies.read(await call.body(), strict=call.service.config.strict)
    check_storage(call, call.text("archive") or body.archive or "")
    if body.format == "exe":
        _forgive(call, "exe cannot be made by this server")
    return listed, body


def _time(call: Call, name: str) -> Time:
    return call.time(name, 0)


def _forgive(call: Call, why: str) -> None:
    """RequestError on a strict server."""
    if call.service.config.strict:
        raise RequestError("format" if why.startswith("exe") else "end", why)


async def _range(call: Call, listed: Listed, body: Body, begin: Time, end: Time) -> tuple[int, int]:
    """Begin and end in numbers, as the format wants them."""
    whole = await call.service.desk.ask(call.service.listing.whole, listed)
    first, last = (whole.begin, whole.end) if whole is not None else (0, 1)
    now = time.time_ns() // 1000 if listed.source.dated else last
    low, high = resolve(begin, first, min(last, now)), resolve(end, first, min(last, now))
    low, high = min(low, high), max(low, high)
    if body.format in FRAME_FORMATS and low != high:
        _forgive(call, f"{body.format} is one frame: begin and end must be equal")
        within = listed.moment(low), listed.moment(high)
        found = await call.service.desk.ask(call.service.archive.instants, listed.source.id, within, limit=1)
        low = high = found[0] if found else low
    return low, high


async def _start(
    call: Call, listed: Listed, body: Body, low: int, high: int, live: tuple[int, int, int | None] | None = None
) -> Response:
    """Queue the export, forced masks added: 202 with its place."""
    spec = bodies.spec(
        replace(body, archive=None),
        listed.source.id,
        listed.moment(low),
        listed.moment(high),
        cut=call.service.config.cut,
    )
    spec = replace(spec, masks=(*call.masks(listed), *spec.masks))
    request = JobRequest(
        kind="archive" if live is None else "live",
        source=listed.source.id,
        spec_json=json.dumps(spec.to_json()),
        host=listed.id.host,
        device=listed.id.device,
        display=f"{listed.number}.{writable(listed.source.name)}",
        owner=call.user.name,
        marker=body.marker,
        live=live,
        filename=body.filename,
    )
    id_ = await call.service.desk.quick(call.service.jobs.start, request)
    said = {"export": id_, "camera": str(listed.id), "begin": _said(spec.begin), "end": _said(spec.end)}
    await call.service.desk.quick(call.service.audit.note, AUDIT_EXPORT, call.user.name, **said)
    headers = {"Location": location.write(id_), "Cache-Control": "no-cache", "Connection": "close"}
    return Response(status_code=202, headers=headers)


def _said(moment: Moment) -> str:
    return str(instant_us(moment)) if isinstance(moment, datetime) else str(moment.us)


_BODY = {
    "type": "object",
    "required": ["format"],
    "properties": {
        "format": {"type": "string", "enum": ["mp4", "mkv", "avi", "exe", "jpg", "pdf"]},
        "maxfilesize": {"type": "number", "minimum": 0},
        "vc": {"type": "integer", "minimum": 0, "maximum": 6},
        "ac": {"type": "integer", "minimum": 0, "maximum": 6},
        "freq": {"type": "integer", "minimum": 0, "maximum": 3},
        "tsformat": {"type": "string"},
        "croparea": {"type": "array"},
        "maskspace": {"type": "array"},
        "color": {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        "comment": {"type": "string"},
        "filename": {"type": "string"},
        "archive": {"type": "string"},
        "timezoneOffset": {"type": "integer", "minimum": -840, "maximum": 840},
        "layout": {"type": "integer", "minimum": 0, "maximum": 1},
    },
}
_WAIT = Query(
    name="waittimeout",
    about="ms to wait for a frame; without effect, every frame is there already",
    schema={"type": "integer", "minimum": 0},
)

ENDPOINTS = (
    Endpoint(
        method="POST",
        path=f"/export/archive/{CAMERA}/{{first}}/{{second}}",
        answer=start_archive,
        about="Export from the archive; times BEGIN/END",
        needs=("export",),
        query=(_WAIT, ARCHIVE),
        gives={202: ""},
        fails=(400, 404, 503),
        body=_BODY,
    ),
    Endpoint(
        method="POST",
        path=f"/export/live/{CAMERA}/{{first}}/{{second}}",
        answer=start_live,
        about="Export of what is shown live; times BEGIN/END",
        needs=("export", "live"),
        query=(_WAIT, ARCHIVE),
        gives={202: ""},
        fails=(400, 404, 503),
        body=_BODY,
    ),
    Endpoint(
        method="GET",
        path=f"/export/{ID}/status",
        answer=state,
        about="State of an export",
        needs=("export",),
        fails=(404,),
    ),
    Endpoint(
        method="GET",
        path=f"/export/{ID}/file",
        answer=file,
        about="A file of an export",
        needs=("export",),
        query=(Query(name="name", about="A name that the state lists", schema={"type": "string"}),),
        gives={200: "*/*", 206: "*/*"},
        fails=(400, 404, 416),
    ),
    Endpoint(
        method="DELETE",
        path=f"/export/{ID}",
        answer=delete,
        about="Cancel and remove an export",
        needs=("export",),
        gives={204: ""},
        fails=(404,),
    ),
)
