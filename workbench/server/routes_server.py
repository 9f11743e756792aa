"""What the server says of itself: version, hosts, user, counters, health."""

from __future__ import annotations

import os
import time
import uuid as uuids
from collections.abc import Callable

from starlette.responses import Response

from workbench import __version__
from workbench.core.errors import SourceError, WorkError
from workbench.server.call import Call, Endpoint, document
from workbench.server.health import FRESH, SILENT
from workbench.vms.wire import listing
from workbench.vms.wire.nouns import HostInfo

PRODUCT = f"forensic-workbench {__version__}"


async def version(call: Call) -> Response:
    """``/product/version``."""
    return document(listing.write_version(PRODUCT))


async def uuid(call: Call) -> Response:
    """``/uuid``: a fresh one each time."""
    return document({"uuid": str(uuids.uuid4())})


async def hosts(call: Call) -> Response:
    """``/hosts/``: this one."""
    return document(listing.write_hosts([call.service.config.host]))


async def host(call: Call) -> Response:
    """``/hosts/{NODE}``."""
    config, name = call.service.config, call.path("node")
    if name != config.host:
        raise SourceError("there is no such host here", "`/hosts/` names them.")
    system = "Win32" if os.name == "nt" else "Linux"
    return document(listing.write_host(HostInfo(name=name, time_zone=config.zone_minutes, os=system)))


async def user(call: Call) -> Response:
    """``/currentuser``."""
    return document({"currentuser": call.user.name})


async def webserver(call: Call) -> Response:
    """``/statistics/webserver``: the server's clock and counters; `uptime` in seconds."""
    uptime = int(time.monotonic() - call.service.began)
    requests = call.service.counted.get("requests", 0)
    return document(listing.write_now(time.time_ns() // 1000, requests=requests, uptime=uptime))


async def health(call: Call) -> Response:
    """``/health``: 503 where the server cannot do its work. Who is known hears what was found, others that alone."""
    report = await call.service.health.look()
    known = report.users != SILENT and await _known(call)
    told = report.to_json() if known else {}
    if not report.wrong:
        return document({"status": "ok", **told})
    why = f" ({'; '.join(report.wrong)})" if known else ""
    advice = "Its administrator has to see to it." if known else "Ask as a user of it to hear why."
    error = {"kind": "failed", "message": f"the server cannot do its work{why}", "advice": advice}
    headers = {"Retry-After": str(int(FRESH))}
    return document({"status": "failing", **told, "error": error}, 503, headers)


async def _known(call: Call) -> bool:
    """Whether the one who asks is a user; who is none is not refused, he only hears less."""
    try:
        await call.service.auth.who(call.request, token_only=call.service.config.auth == "bearer3")
    except WorkError:
        return False
    return True


def endpoints(openapi: Callable[[], object]) -> tuple[Endpoint, ...]:
    """This file's part of the table; `openapi` makes the document."""

    async def described(call: Call) -> Response:
        """``/openapi.json``."""
        return document(openapi())

    def get(path: str, answer: object, about: str, **more: object) -> Endpoint:
        return Endpoint(method="GET", path=path, answer=answer, about=about, **more)  # type: ignore[arg-type]

    return (
        get("/product/version", version, "Product and version"),
        get("/uuid", uuid, "A fresh id"),
        get("/hosts", hosts, "Names of the servers", open_in_3=True),
        get("/hosts/{node}", host, "One server: name, offset from UTC", fails=(404,)),
        get("/currentuser", user, "Who asks, as the server sees it"),
        get("/statistics/webserver", webserver, "Clock and counters", open_in_3=True),
        get("/health", health, "Whether the server can do its work", needs=None),
        get("/openapi.json", described, "This document", needs=None),
    )
