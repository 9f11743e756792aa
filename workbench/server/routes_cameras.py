"""Which cameras there are and where their footage is kept."""

from __future__ import annotations

from starlette.responses import Response

from workbench.core.errors import RequestError
from workbench.server.call import Call, Endpoint, Query, document
from workbench.server.listing import Listed
from workbench.vms.wire import listing
from workbench.vms.wire.ids import HOSTS
from workbench.vms.wire.nouns import CameraPage

CAMERA = "{host}/{device}/{endpoint}"
LIMIT = 1000


async def cameras(call: Call) -> Response:
    """``/camera/list``: the user's cameras by number, a page at a time; the token of a page is the last number."""
    limit = call.whole("limit", LIMIT, 1, LIMIT)
    after = _after(call.text("next_page"))
    wanted, text = call.text("filter").removeprefix(HOSTS), call.text("query.query").casefold()
    listed = await call.service.desk.ask(call.service.listing.all, call.user)
    fitting = [one for one in listed if one.number > after and _fits(one, wanted, text)]
    page, more = fitting[:limit], len(fitting) > limit
    shown = tuple(call.service.listing.camera(one, call.user) for one in page)
    return document(listing.write_cameras(CameraPage(cameras=shown, next_page=str(page[-1].number) if more else "")))


async def archives(call: Call) -> Response:
    """``/archive/list/{VSID}``: the one volume."""
    await call.camera()
    return document(listing.write_archives([call.service.listing.storage()]))


def _after(token: str) -> int:
    if token and not (token.isascii() and token.isdigit() and len(token) <= 9):
        raise RequestError("next_page", "it is no token of this server")
    return int(token or 0)


def _fits(one: Listed, wanted: str, text: str) -> bool:
    """Whether a camera is of the host or has the id that was asked for, and shows the text."""
    named = not wanted or wanted in (one.id.host, str(one.id))
    return named and (not text or text in f"{one.number}.{one.source.name}".casefold())


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/camera/list",
        answer=cameras,
        about="The cameras",
        needs=("view",),
        query=(
            Query(name="limit", about="Cameras a page", schema={"type": "integer", "minimum": 1}),
            Query(name="next_page", about="nextPageToken of the page before", schema={"type": "string"}),
            Query(name="filter", about="A host's name or a camera's id", schema={"type": "string"}),
            Query(name="query.query", about="Text in number and name", schema={"type": "string"}),
        ),
        fails=(400,),
    ),
    Endpoint(
        method="GET",
        path=f"/archive/list/{CAMERA}",
        answer=archives,
        about="The archives of a camera",
        needs=("view",),
        fails=(400, 404),
    ),
)
