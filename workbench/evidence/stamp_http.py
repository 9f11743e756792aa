"""One POST to a time-stamp authority: to the address given and no other, within a time and a size.

Redirects are refused, since they lead elsewhere than the person said. The proxy that this computer is set up with
is used, where there is one: it is the way out of many offices.
"""

from __future__ import annotations

import base64
import urllib.request
from http.client import HTTPException
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError

from workbench.core.errors import WorkError

ADVICE = "Try again, name another authority, or go on without it."
MOST_BYTES = 64 * 1024
"""Of an answer; real ones have 3 to 8 KiB."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the redirect then ends as an HTTPError."""


def post(url: str, body: bytes, *, timeout: float, username: str, password: str) -> bytes:
    """The body of the answer to a time-stamp request; WorkError naming the address where none came.

    `timeout` bounds the whole exchange, whatever the other side does in between.
    """
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    if username:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    request = urllib.request.Request(url, body, headers, method="POST")
    came: SimpleQueue[bytes | str] = SimpleQueue()
    Thread(target=lambda: came.put(_exchange(request, timeout)), daemon=True, name="time-stamp").start()
    try:
        answer = came.get(timeout=timeout)
    except Empty:
        answer = f"no answer within {timeout:g} s"
    if isinstance(answer, str):
        raise WorkError(f"time-stamp authority {url}: {answer}", ADVICE)
    return answer


def _exchange(request: urllib.request.Request, timeout: float) -> bytes | str:
    """The answer's body, or in words why there is none."""
    until = monotonic() + timeout
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as response:
            body = b""
            while len(body) <= MOST_BYTES and monotonic() < until and (more := response.read1(MOST_BYTES)):
                body += more
    except HTTPError as exc:
        exc.close()
        return f"it answered with HTTP status {exc.code}"
    except URLError as exc:
        return f"it cannot be reached ({exc.reason})"
    except (OSError, HTTPException, ValueError) as exc:
        return f"the connection failed ({str(exc) or type(exc).__name__})"
    return body if len(body) <= MOST_BYTES else f"it answered with more than {MOST_BYTES} bytes"
