"""Where a VMS is: ``http[s]://[user@]host[:port][/prefix]``, taken apart once.

>>> Address.parse("http://anna@vms.example:8000/asip-api/").url
'http://vms.example:8000/asip-api'
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from workbench.core.errors import RequestError

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(
    r"(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)
_PORTS = {"http": 80, "https": 443}
_FORM = "Write http://user@host:8000/prefix."


def is_url(text: object) -> bool:
    """Whether text names a server and not a folder."""
    return isinstance(text, str) and _SCHEME.match(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server's address; it never holds a password."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    """Empty, or a path that begins with ``/`` and does not end in one."""
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address; RequestError for anything else, a password inside it included."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
            host = _host(parts.hostname or "")
        except ValueError:  # its words may hold a part of a password that stands in the address
            raise RequestError("url", "it is not the address of a server", _FORM) from None
        if parts.scheme not in _PORTS or port == 0 or parts.query or parts.fragment:
            raise RequestError("url", "it is not the address of a server", _FORM)
        if parts.password is not None:
            raise RequestError(
                "url",
                "it holds a password, which would end up in shell histories and logs",
                "Leave it out: WORKBENCH_VMS_PASSWORD, the keyring or the prompt give it.",
            )
        prefix = parts.path.rstrip("/")
        if not _PREFIX.fullmatch(prefix) or re.search(r"/\.\.?(/|$)", prefix):
            raise RequestError("url", "its path is not a plain prefix such as /asip-api", _FORM)
        user = unquote(parts.username or "")
        return cls(scheme=parts.scheme, host=host, port=port or _PORTS[parts.scheme], prefix=prefix, user=user)

    @property
    def origin(self) -> str:
        """Scheme, host and port; the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The address without the user: fit for records."""
        return self.origin + self.prefix

    def is_same_origin(self, url: str) -> bool:
        """Whether an absolute or relative reference leads to this very server."""
        try:
            parts = urlsplit(url)
            if not parts.netloc and not parts.scheme:
                return not url.startswith("//")
            port = parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            return False
        return (parts.scheme, parts.hostname, port) == (self.scheme, self.host, self.port)


def _host(name: str) -> str:
    """A host's name in ASCII, or its IP address; ValueError for anything else."""
    if ":" in name:
        return str(ipaddress.IPv6Address(name))
    plain = name if name.isascii() else name.encode("idna").decode()
    if not _HOST.fullmatch(plain):
        raise ValueError("not the name of a host")
    return plain
