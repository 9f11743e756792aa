"""One request on its way through the server: who asks, what the address and query say, what is there to answer with.

    async def depth(call: Call) -> Response:
        listed = await call.camera()
        ...
        return document(write_depth(...))

An `Endpoint` is one entry of the server's table (`endpoints`): the routes, the OpenAPI document and the test of rights
are all made from it, so that none of them can forget one.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from workbench.archives.base import Archive
from workbench.core.errors import RequestError
from workbench.core.spec import Mask
from workbench.server.audit import Audit
from workbench.server.auth import Authentication
from workbench.server.config import ServerConfig
from workbench.server.desk import Desk
from workbench.server.listing import Listed, Listing
from workbench.server.policy import Policy, check_camera
from workbench.server.tokens import Tokens
from workbench.server.users import User
from workbench.vms.wire import times
from workbench.vms.wire.ids import SourceId, source_id
from workbench.vms.wire.times import Time

if TYPE_CHECKING:
    from workbench.server.health import Health
    from workbench.server.jobs import Jobs
    from workbench.server.live import LiveClock


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a server answers with."""

    config: ServerConfig
    archive: Archive
    """For quick questions; exports run on archives of their own."""
    desk: Desk
    listing: Listing
    policy: Policy
    tokens: Tokens
    auth: Authentication
    audit: Audit
    jobs: Jobs
    live: LiveClock
    health: Health
    began: float
    """Monotonic seconds."""
    counted: dict[str, int] = field(default_factory=dict)
    """Requests so far."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose sender is known."""

    request: Request
    service: Service
    user: User

    def path(self, name: str) -> str:
        """A segment of the address, empty where it has none of that name."""
        return str(self.request.path_params.get(name, ""))

    async def camera(self) -> Listed:
        """The camera of the address; SourceError where there is none, NotAllowed where it is not the user's."""
        wanted = source_id("/".join(self.path(part) for part in ("host", "device", "endpoint")))
        return await self.find(wanted)

    async def find(self, wanted: SourceId) -> Listed:
        """A camera by its id."""
        listed = await self.service.desk.ask(self.service.listing.find, wanted)
        check_camera(self.user, listed.source.id)
        return listed

    def masks(self, listed: Listed) -> tuple[Mask, ...]:
        """The masks that this user's pictures of a camera must carry."""
        return self.service.policy.forced(self.user, listed.source.id)

    def time(self, name: str, default: Time) -> Time:
        """A time of the address."""
        text = self.path(name)
        return times.read(text, name) if text else default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number of the query, cut to `high`; RequestError below `low` or for anything else."""
        number = self.number(name, default)
        if number < low or not number.is_integer():
            raise RequestError(name, f"it is not a whole number from {low} on")
        return int(min(number, high))

    def number(self, name: str, default: float) -> float:
        """A number of the query."""
        text = self.request.query_params.get(name, "")
        try:
            number = (
                float(text) if text and text.isascii() and len(text) <= 40 else (math.nan if text else float(default))
            )
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise RequestError(name, "it is not a number")
        return number

    def text(self, name: str, default: str = "") -> str:
        """A text of the query."""
        return self.request.query_params.get(name, default)

    async def body(self) -> bytes:
        """The request's body; RequestError where it is too long or does not come."""
        config, found = self.service.config, bytearray()
        try:
            async with asyncio.timeout(config.body_seconds):
                async for chunk in self.request.stream():
                    found += chunk
                    if len(found) > config.most_body:
                        raise RequestError("body", f"it has more than {config.most_body} bytes")
        except TimeoutError as exc:
            raise RequestError("body", f"it did not come within {config.body_seconds:g} seconds") from exc
        except ClientDisconnect as exc:
            raise RequestError("body", "it broke off") from exc
        return bytes(found)


Answer = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One key of a query, as the OpenAPI document describes it."""

    name: str
    about: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one address."""

    method: str
    path: str
    """``/archive/list/{host}/{device}/{endpoint}``."""
    answer: Answer
    about: str
    needs: tuple[str, ...] | None = ()
    """Rights that are wanted; () any user, None nobody in particular."""
    also: tuple[str, ...] = ()
    """Shorter forms of the address, for parts that may be left out."""
    query: tuple[Query, ...] = ()
    gives: Mapping[int, str] = field(default_factory=lambda: {200: "application/json"})
    """Status → type of the body; an empty type for none."""
    fails: tuple[int, ...] = ()
    """Statuses of refusals besides 401 and 403."""
    body: Mapping[str, Any] | None = None
    """JSON schema of the request's body."""
    open_in_3: bool = False
    """Version 3.0 answers it to anybody."""
    token_in_3: int = 401
    """What version 3.0 answers to Basic."""


def document(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer, as the API labels it."""
    body = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    kind = "application/json; charset=utf-8"
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=kind)
