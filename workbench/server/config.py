"""How a server is set up: everything that its start decides, as one frozen value.

>>> ServerConfig(prefix="asip-api/").prefix
'/asip-api'
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from workbench.core.errors import RequestError
from workbench.server.hiding import Hiding

AuthMode = Literal["open", "basic", "bearer3"]
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,60}){0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What stays the same while a server runs."""

    host: str = "WORKBENCH"
    """The server's name in camera ids and file names."""
    prefix: str = ""
    """In front of every address: empty, or ``/asip-api``; ``/export/…`` is served without it too."""
    auth: AuthMode = "basic"
    """``open``: everybody may see and export, masks stay forced; ``basic``: Basic, Bearer and ``auth_token``;
    ``bearer3``: as version 3.0 does, Basic is good for a token only."""
    strict: bool = False
    """Refuse what the API calls wrong instead of putting up with it."""
    cut: Literal["exact", "keyframe"] = "exact"
    """``keyframe`` begins copies at the key frame before, as VMSs do."""
    storage: str = "ARCHIVE"
    """Name of the one volume that holds all footage."""
    zone_minutes: int = 0
    """The server's offset from UTC, minutes east."""
    most_body: int = 4 * 2**20
    """Bytes of a request's body."""
    body_seconds: float = 30.0
    """Seconds within which a body has to come."""
    most_waiting: int = 64
    """Questions to the archive that may wait at once; beyond, 503."""
    hide: Hiding = field(default_factory=Hiding)
    """What no answer may name."""
    answers_to: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]", "::1")
    """``Host`` headers that an open server answers to, so that no web page reaches it under another name."""

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) or self.host.lower() == "hosts":
            raise RequestError("host name", f"{self.host!r} cannot be a host's name", "Letters, digits, - _ and dots.")
        prefix = "/" + self.prefix.strip("/") if self.prefix.strip("/") else ""
        if not _PREFIX.fullmatch(prefix) or "/." in prefix:
            raise RequestError("prefix", f"{self.prefix!r} cannot stand in front of an address", "Such as /asip-api.")
        object.__setattr__(self, "prefix", prefix)
        if self.auth not in get_args(AuthMode):
            raise RequestError("auth", f"{self.auth!r} is none of {', '.join(get_args(AuthMode))}")

    @property
    def storage_name(self) -> str:
        """The volume as requests name it."""
        return f"hosts/{self.host}/MultimediaStorage.{self.storage}/MultimediaStorage"
