"""The server's log: one JSON object a line, without secrets.

Of a query only harmless keys are written with their values, of headers and bodies nothing. Lines go to the logger
``workbench.server``; `serving.serve` shows them on stderr.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.core.timebase import iso
from workbench.vms.wire.document import one_line

LOGGER = logging.getLogger("workbench.server")
SHOWN = frozenset({"limit", "offset", "scale", "archive", "name", "waittimeout", "threshold", "w", "h", "next_page"})
"""Keys of a query whose values may be written down."""
USER = "workbench.user"
"""Where, in a request's scope, the dictionary is in which the name of the one who asked is left for the log."""


def note(event: str, **fields: Any) -> None:
    """Write one line; texts are cut and made harmless."""
    LOGGER.info(_line(event, fields))


def broke(error: BaseException) -> None:
    """Write down where a mistake of ours came to light: its kind and the way to it, not its words."""
    way = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    LOGGER.error(_line("mistake", {"error": type(error).__name__, "way": way[-20:]}))


def _line(event: str, fields: dict[str, Any]) -> str:
    shown = {key: one_line(value, 500) if isinstance(value, str) else value for key, value in fields.items()}
    return json.dumps({"at": iso(time.time_ns() // 1000), "event": event, **shown})


class RequestLog:
    """ASGI: one line for each request, when it is over."""

    def __init__(self, app: ASGIApp) -> None:
        """Around `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count what comes back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked: dict[str, str] = {}
        scope[USER] = asked
        began, seen = time.monotonic(), {"status": 0, "bytes": 0}
        method, path, query = scope["method"], scope["path"], shown_query(scope["query_string"])

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            seen["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            peer = (scope.get("client") or ("",))[0]
            user, seconds = asked.get("name", ""), round(time.monotonic() - began, 4)
            note("request", method=method, path=path, query=query, user=user, peer=peer, seconds=seconds, **seen)


def shown_query(query: bytes) -> str:
    """A query as the log may hold it."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return "…"
    return "&".join(
        f"{key}={value}" if key in SHOWN else f"{key[:30] if key.isidentifier() else ''}=…" for key, value in pairs
    )
