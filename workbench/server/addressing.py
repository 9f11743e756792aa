"""ASGI: addresses as clients really write them, made one form before they are looked up.

The prefix is taken off (``/export/…`` is served without it too), a closing slash forgiven, ``hosts/`` before a
camera's id dropped.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_HOSTS = re.compile(
    r"(/(?:archive/(?:list|media|calendar|contents/\w+|statistics/\w+|events/\w+)|export/\w+|live/media/snapshot))"
    r"/hosts(/[^/]+/[^/]+/[^/]+(?:/.*)?)",
    re.DOTALL,
)
_BARE = ("/export/", "/health", "/openapi.json")


class Addressing:
    """Rewrites the path of a request; an address without the prefix, where it is wanted, leads nowhere."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """Around `app`, which knows addresses without prefix."""
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its one form."""
        if scope["type"] == "http":
            path = plain(scope["path"], self.prefix)
            scope = {**scope, "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "root_path": ""}
        await self.app(scope, receive, send)


def plain(path: str, prefix: str) -> str:
    """The one form of an address; ``/`` alone for one that is outside the prefix."""
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        path = path[len(prefix) :] or "/"
    elif prefix and not path.startswith(_BARE):
        return "/"
    if match := _HOSTS.fullmatch(path):
        path = match[1] + match[2]
    return path.removesuffix("/") or "/"
