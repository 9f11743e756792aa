"""What no client may read: places of this machine, and where the archive is that a chained server serves.

>>> hide = Hiding(places=("/srv/footage",), urls=("http://vms.example:8000/p",))
>>> hide("http://vms.example:8000 cannot be reached: vms.example is none; /srv/footage/hall")
'… cannot be reached: … is none; …/hall'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HIDDEN = "…"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Hiding:
    """Takes places and addresses out of texts."""

    places: tuple[str, ...] = ()
    """Paths, wherever they stand in a text."""
    urls: tuple[str, ...] = ()
    """Servers, as `RemoteArchive.url` has them; their origins and hosts are hidden too, hosts as whole words."""

    def __call__(self, text: str) -> str:
        """The text without them."""
        for place in self.places:
            text = text.replace(place, HIDDEN)
        for url in self.urls:
            text = _without(text, url)
        return text

    def within(self, value: Any) -> Any:
        """A JSON value with all its texts, but not its keys, gone through."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.within(item) for item in value]
        if isinstance(value, dict):
            return {key: self.within(item) for key, item in value.items()}
        return value


def _without(text: str, url: str) -> str:
    parts = urlsplit(url)
    for whole in (url, f"{parts.scheme}://{parts.netloc}"):
        text = text.replace(whole, HIDDEN)
    host, port = re.escape(parts.hostname or parts.netloc), parts.port or PORTS[parts.scheme]
    return re.sub(rf"(?<![\w.-])\[?{host}\]?(:{port}\b)?(?![\w-]|\.\w)", HIDDEN, text, flags=re.IGNORECASE)
