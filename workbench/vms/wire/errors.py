"""Error documents: what we answer when a request fails, and one harmless line out of what others answer.

>>> read(b'{"error":{"message":"no such camera"}}', 404)
'404 Not Found: no such camera'
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from workbench.core.errors import RemoteError, RequestError, WorkbenchError
from workbench.vms.wire.document import one_line, remote

MOST_BYTES = 65_536
_KEYS = ("message", "error", "detail", "description", "error_message", "advice")
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^<>]*>", re.IGNORECASE | re.DOTALL)


def write(error: WorkbenchError) -> dict[str, Any]:
    """The document of an error: kind, message, advice, and the field of a wrong request."""
    data = {key: one_line(text, 1000) for key, text in error.to_json().items()}
    if isinstance(error, RequestError):
        data["field"] = one_line(error.field, 100)
    return {"error": data}


def read(data: bytes, status: int) -> str:
    """What a server's error answer says, as one line that is safe to print; never raises."""
    try:
        said = _message(remote(data[:MOST_BYTES], "error", most=MOST_BYTES))
    except RemoteError:
        said = _TAGS.sub(" ", data[:4096].decode("utf-8", "replace"))
    name = f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)
    line = one_line(said)
    return f"{name}: {line}" if line else name


def _message(value: Any, depth: int = 3) -> str:
    """The first text in the places where error documents keep it."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or not depth:
        return ""
    return next((said for key in _KEYS if (said := _message(value.get(key), depth - 1))), "")
