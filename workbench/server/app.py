"""The server as an ASGI application: the table of endpoints, who may call them, and what a refusal looks like.

    app = build(service)

A request passes the log, `Addressing`, the page guard, authentication and the right its endpoint needs, in this order;
whatever an endpoint raises becomes a status and an error document here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from workbench.core.errors import (
    NotAllowed,
    NothingRecorded,
    RemoteError,
    RequestError,
    SourceError,
    WorkbenchError,
    WorkError,
)
from workbench.server import (
    openapi,
    routes_cameras,
    routes_events,
    routes_export,
    routes_grpc,
    routes_pictures,
    routes_recorded,
    routes_server,
)
from workbench.server.addressing import Addressing
from workbench.server.auth import CHALLENGE, Unknown
from workbench.server.call import Call, Endpoint, Service, document
from workbench.server.config import ServerConfig
from workbench.server.logs import USER, RequestLog, broke, note
from workbench.server.policy import check
from workbench.server.users import User
from workbench.vms.wire import errors

NOBODY = User(name="")
"""Who asks where nobody needs to be known: no rights at all."""
_STATUSES: tuple[tuple[type[WorkbenchError], int], ...] = (
    (Unknown, 401),
    (NotAllowed, 403),
    (RequestError, 400),
    (SourceError, 404),
    (NothingRecorded, 404),
    (RemoteError, 502),
    (WorkbenchError, 500),
)


def table(config: ServerConfig) -> tuple[Endpoint, ...]:
    """Every method of every address that a server answers."""
    found: tuple[Endpoint, ...] = (
        *routes_server.endpoints(lambda: openapi.document(found, config)),
        *routes_cameras.ENDPOINTS,
        *routes_recorded.ENDPOINTS,
        *routes_pictures.ENDPOINTS,
        *routes_events.ENDPOINTS,
        *routes_grpc.ENDPOINTS,
        *routes_export.ENDPOINTS,
    )
    return found


def build(service: Service) -> ASGIApp:
    """The application over a service."""
    routes = [
        Route(path, _respond(service, endpoint), methods=[endpoint.method])
        for endpoint in table(service.config)
        for path in (endpoint.path, *endpoint.also)
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _no_such})
    app.router.redirect_slashes = False
    return RequestLog(Addressing(app, service.config.prefix))


def _respond(service: Service, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        service.counted["requests"] = service.counted.get("requests", 0) + 1
        try:
            _guard(request, service.config)
            user = await _caller(request, service, endpoint)
            request.scope[USER]["name"] = user.name
            check(user, *(endpoint.needs or ()))
            return await endpoint.answer(Call(request=request, service=service, user=user))
        except WorkbenchError as exc:
            return refusal(exc, service.config)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the one who asked learns no more of it than this
            broke(exc)
            return refusal(WorkError(f"the server failed ({type(exc).__name__})", "Its log says more."), service.config)

    return respond


async def _caller(request: Request, service: Service, endpoint: Endpoint) -> User:
    """The user behind a request, as this version of the VMS wants to know it."""
    if endpoint.needs is None:
        return NOBODY
    third = service.config.auth == "bearer3"
    named = "authorization" in request.headers or "auth_token" in request.query_params
    if third and endpoint.open_in_3 and not named:
        return NOBODY
    basic = request.headers.get("authorization", "").lower().startswith("basic ")
    if third and basic and endpoint.token_in_3 == 403:
        raise NotAllowed("a token is wanted here", "Ask /grpc for one and send it as Bearer.")
    return await service.auth.who(request, token_only=third)


def _guard(request: Request, config: ServerConfig) -> None:
    """NotAllowed for what a web page of somebody else may have sent: another host's name, a foreign origin."""
    host = request.headers.get("host", "")
    name = urlsplit(f"//{host}").hostname if host.isprintable() and "@" not in host else None
    if config.auth == "open" and name not in config.answers_to:
        raise NotAllowed("this server answers on loopback only", "Use its own address.")
    origin = request.headers.get("origin", "")
    if origin and request.method not in ("GET", "HEAD") and origin.partition("://")[2] != host:
        raise NotAllowed("this comes from a page of another site")


def refusal(error: WorkbenchError, config: ServerConfig) -> Response:
    """Status and document of an error; places of this machine are left out of it."""
    headers: dict[str, str] = {}
    status = next(status for kind, status in _STATUSES if isinstance(error, kind))
    if isinstance(error, Unknown):
        headers["WWW-Authenticate"] = CHALLENGE
    if (after := getattr(error, "retry_after", None)) is not None:
        status, headers["Retry-After"] = 503, str(after)
    if status >= 500:
        note("failed", status=status, reason=error.message)
    data = errors.write(error)
    hidden = {key: config.hide(text) for key, text in data["error"].items()}
    return document({"error": hidden}, status, headers)


async def _no_such(request: Request, exc: Exception) -> Response:
    """404 for an address that is none, 405 for a method that it does not take."""
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    message = {404: "there is no such address", 405: "this address does not take that method"}.get(status, "no")
    said = {"kind": "bad-request", "message": message, "advice": "See /openapi.json."}
    headers = dict(getattr(exc, "headers", None) or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return document({"error": said}, status, headers)
