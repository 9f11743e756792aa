"""``POST /grpc``: tokens, one's own exports, and the lists that clients take from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from workbench.core.errors import NotAllowed, RequestError
from workbench.server.auth import Unknown
from workbench.server.call import Call, Endpoint, document
from workbench.server.policy import ANYONE, check
from workbench.server.routes_server import PRODUCT
from workbench.vms.wire import grpc, listing
from workbench.vms.wire.events import AUDIT_LOGIN, AUDIT_LOGIN_FAILED
from workbench.vms.wire.nouns import CameraPage

Data = dict[str, Any]


async def gateway(call: Call) -> Response:
    """One call of a service, by its full name."""
    method, data = grpc.read_call(await call.body())
    if method in (grpc.AUTHENTICATE, grpc.AUTHENTICATE_2):
        return await _authenticate(call, data)
    known = _CALLS.get(method)
    if known is None:
        raise RequestError("method", "this server knows no such method", ", ".join(sorted(_CALLS)))
    user = await call.service.auth.who(call.request)
    return await known(Call(request=call.request, service=call.service, user=user))


async def _authenticate(call: Call, data: Data) -> Response:
    """A token for a name and password; without, the answer's code says why."""
    name, password = grpc.read_credentials(data)
    service = call.service
    try:
        user = ANYONE if service.auth.mode == "open" else await service.auth.check(name, password)
    except Unknown:
        await service.desk.quick(service.audit.note, AUDIT_LOGIN_FAILED, name)
        return document(grpc.write_token(None, grpc.WRONG_CREDENTIALS))
    await service.desk.quick(service.audit.note, AUDIT_LOGIN, user.name)
    return document(grpc.write_token(service.tokens.issue(user.name)))


async def _renew(call: Call) -> Response:
    token = _bearer(call)
    fresh = call.service.tokens.issue(call.user.name)
    call.service.tokens.close(token)
    return document(grpc.write_token(fresh))


async def _close(call: Call) -> Response:
    call.service.tokens.close(_bearer(call))
    return document(grpc.write_closed())


async def _sessions(call: Call) -> Response:
    check(call.user, "export")
    return document(grpc.write_sessions(call.service.jobs.sessions(call.user.name)))


async def _nodes(call: Call) -> Response:
    return document({"items": [{"node_name": call.service.config.host}]})


async def _cameras(call: Call) -> Response:
    check(call.user, "view")
    listed = await call.service.desk.ask(call.service.listing.all, call.user)
    cameras = tuple(call.service.listing.camera(one, call.user) for one in listed)
    return document({"items": listing.write_cameras(CameraPage(cameras=cameras))["cameras"]})


async def _archives(call: Call) -> Response:
    check(call.user, "view")
    return document({"items": listing.write_archives([call.service.listing.storage()])["archives"]})


async def _version(call: Call) -> Response:
    return document(listing.write_version(PRODUCT))


def _bearer(call: Call) -> str:
    """The token that came with the request; NotAllowed where none did."""
    scheme, _, given = call.request.headers.get("authorization", "").partition(" ")
    token = given.strip() if scheme.lower() == "bearer" else call.text("auth_token")
    if not token or call.service.tokens.user(token) is None:
        raise NotAllowed("a valid token is wanted with this", "Send the token as Bearer.")
    return token


_CALLS: dict[str, Callable[[Call], Awaitable[Response]]] = {
    grpc.RENEW: _renew,
    grpc.CLOSE: _close,
    grpc.LIST_SESSIONS: _sessions,
    grpc.LIST_NODES: _nodes,
    grpc.LIST_CAMERAS: _cameras,
    grpc.LIST_ARCHIVES: _archives,
    grpc.GET_VERSION: _version,
}

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/grpc",
        answer=gateway,
        about="Tokens, sessions, lists",
        needs=None,  # each method asks for itself: a name and password stand in the body of the first call
        fails=(400,),
        body={
            "type": "object",
            "required": ["method"],
            "properties": {"method": {"type": "string"}, "data": {"type": "object"}},
        },
    ),
)
