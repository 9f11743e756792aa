"""Events: a folder of recordings holds no alarms, detectors or bookmarks, so those lists are empty; the audit is ours.

Somebody sees in the audit what he did himself, nothing of others.
"""

from __future__ import annotations

from starlette.responses import Response

from workbench.core.errors import SourceError
from workbench.server.call import Answer, Call, Endpoint, Query, document
from workbench.server.policy import check
from workbench.server.routes_cameras import CAMERA
from workbench.server.routes_recorded import span
from workbench.vms.wire import events
from workbench.vms.wire.paths import CONTENTS, EVENTS
from workbench.vms.wire.times import EARLIEST, FUTURE, LATEST, PAST, resolve

MOST = 10_000


async def alerts(call: Call) -> Response:
    """``archive/events/alerts``: none."""
    await _scope(call)
    return document(events.write_alerts(()))


async def detectors(call: Call) -> Response:
    """``archive/events/detectors``: none."""
    await _scope(call)
    return document(events.write_detections(()))


async def bookmarks(call: Call) -> Response:
    """``archive/contents/bookmarks``: none."""
    _check_host(call)
    span(call, CONTENTS)
    return document(events.write_bookmarks(()))


async def create_bookmark(call: Call) -> Response:
    """Version 3.0 does not do this here either."""
    return document({"error": {"kind": "not-implemented", "message": "this server keeps no bookmarks"}}, 501)


async def delete_video(call: Call) -> Response:
    """The API's way to delete recorded video: never done here."""
    said = {"kind": "not-allowed", "message": "nothing that is recorded can be deleted here"}
    return document({"error": said}, 405, {"Allow": "GET"})


async def audit(call: Call) -> Response:
    """``audit/{HOST}``: what the user did here, by his account."""
    _check_host(call)
    begin, end, newest_first = span(call, EVENTS)
    codes = events.read_codes(call.text("filter"))
    found = await call.service.desk.quick(
        call.service.audit.of,
        call.user.name,
        resolve(begin, EARLIEST, LATEST),
        resolve(end, EARLIEST, LATEST),
        codes=codes,
        newest_first=newest_first,
        most=call.whole("limit", 1000, 1, MOST),
    )
    return document(events.write_audit(found))


async def _scope(call: Call) -> None:
    """Host or camera of the address, where it names one; its two times."""
    if call.path("device"):
        await call.camera()
    elif call.path("host"):
        _check_host(call)
    call.time("first", PAST), call.time("second", FUTURE)


def _check_host(call: Call) -> None:
    check(call.user, "view")
    if call.path("host") != call.service.config.host:
        raise SourceError("there is no such host here", "`/hosts/` names them.")


_LIMIT = Query(name="limit", about="Entries at most", schema={"type": "integer", "minimum": 1})
_FILTER = Query(name="filter", about="Codes and ranges: 17-20,6", schema={"type": "string"})


def _get(path: str, answer: Answer, about: str, *query: Query, also: tuple[str, ...] = (), v3: int = 401) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        also=also,
        answer=answer,
        about=about,
        needs=("view",),
        query=query,
        fails=(400, 404),
        token_in_3=v3,
    )


def _scoped(name: str, answer: Answer, about: str) -> tuple[Endpoint, ...]:
    """An event list of everything, of a host, of a camera."""
    base = f"/archive/events/{name}"
    return tuple(
        _get(f"{base}{scope}/{{first}}/{{second}}", answer, about, _LIMIT) for scope in ("", "/{host}", f"/{CAMERA}")
    )


ENDPOINTS = (
    *_scoped("alerts", alerts, "Alarms; times END/BEGIN"),
    *_scoped("detectors", detectors, "Detector events; times END/BEGIN"),
    _get(
        "/archive/contents/bookmarks/{host}/{first}/{second}",
        bookmarks,
        "Comments in the archive; times END/BEGIN",
        _LIMIT,
        also=("/archive/contents/bookmarks/{host}", "/archive/contents/bookmarks/{host}/{first}"),
        v3=403,
    ),
    Endpoint(
        method="POST",
        path="/archive/contents/bookmarks/create",
        answer=create_bookmark,
        about="Not done by this server",
        needs=("view",),
        gives={501: "application/json"},
        body={"type": "array"},
        token_in_3=403,
    ),
    Endpoint(
        method="DELETE",
        path="/archive/contents/bookmarks",
        answer=delete_video,
        about="Would delete video: never",
        needs=("view",),
        gives={405: "application/json"},
        token_in_3=403,
    ),
    _get(
        "/audit/{host}/{first}/{second}",
        audit,
        "What the user did; times END/BEGIN",
        _FILTER,
        _LIMIT,
        also=("/audit/{host}", "/audit/{host}/{first}"),
    ),
)
