"""``Location`` of a started export: we write ``/export/<id>``; of what others write, only the last segment counts.

Host, scheme and prefix in a Location are never followed, so no credentials can be led elsewhere by it.

>>> read("http://elsewhere.example/asip-api/export/3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd3")
'3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd3'
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from workbench.core.errors import RemoteError
from workbench.vms.wire.document import one_line

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_WORDS = frozenset({"export", "archive", "live", "status", "file", "result", "search"})
"""Segments of the API's own addresses; none of them is an id."""
MOST = 2048


def is_id(text: str) -> bool:
    """Whether text may be the id of an export."""
    return bool(_ID.fullmatch(text)) and text.strip("-") != "" and text.lower() not in _WORDS


def write(id: str) -> str:  # noqa: A002 - the API's own name
    """The header for an export: no host, no prefix."""
    return f"/export/{id}"


def read(header: str | None) -> str:
    """The id in a Location header; RemoteError where there is none."""
    if not header:
        raise _unusable("it sent no Location")
    if len(header) > MOST:
        raise _unusable(f"its Location has {len(header)} characters")
    found = _last_segment(header)
    if not is_id(found):
        raise _unusable(f"its Location {one_line(header, 80)!r} ends in no id")
    return found


def _last_segment(header: str) -> str:
    """The last path segment, one closing slash forgiven; empty where there is none."""
    if not header.isprintable():
        return ""
    try:
        path = urlsplit(header.strip()).path
    except ValueError:
        return ""
    return path.removesuffix("/").rpartition("/")[2]


def _unusable(why: str) -> RemoteError:
    return RemoteError(
        f"the server took the export, but {why}, so its state cannot be asked for",
        "The export may be running there; it cannot be followed. Check the address and its prefix.",
    )
