"""A server that misbehaves on purpose, for tests and training: a plan of faults, and the layer that commits them.

[[fault]]                          # a TOML file; each fault is tried in turn, the first that fits happens
kind = "drop"                      # break the connection …
path = "/export/*/file"            # … of answers under this path (* is anything; a prefix may stand before it)
at = 1000                          # … after so many bytes of the body
method = "GET"                     # only of this method; left out: any
times = 3                          # so often, then no more; 0 or left out: always
after = 1                          # let so many fitting requests pass first

kind      what happens                                       its keys
drop      the connection ends inside the body                at
status    an error is answered, nothing is done              code, retry_after
slow      the answer starts late, or drips                   seconds, bytes_per_second
length    Content-Length is wrong by so many bytes           by (below 0: the body is cut to it)
header    a header has another value, or is not there        name, value ("" removes it): ETag, Location, …
range     Range and If-Range are not seen                    –
body      another body is sent                               text
document  keys of the JSON document have other values        set (a table): state, files, …
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

KEYS: dict[str, tuple[str, ...]] = {
    "drop": ("at",),
    "status": ("code", "retry_after"),
    "slow": ("seconds", "bytes_per_second"),
    "length": ("by",),
    "header": ("name", "value"),
    "range": (),
    "body": ("text",),
    "document": ("set",),
}
"""Kind → keys that mean something for it."""
_ALWAYS = ("kind", "path", "method", "times", "after")
_MOST_BUFFERED = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave; see the module for the fields."""

    kind: str
    path: str = "*"
    method: str = ""
    times: int = 0
    after: int = 0
    at: int = 0
    code: int = 503
    retry_after: int | None = None
    seconds: float = 0.0
    bytes_per_second: int = 0
    by: int = 0
    name: str = ""
    value: str = ""
    text: str = ""
    set: dict[str, Any] = field(default_factory=dict)

    def fits(self, method: str, path: str) -> bool:
        """Whether the fault is meant for such a request."""
        return self.method in ("", method) and fnmatchcase(path, f"*{self.path}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Faults in the order in which they are tried."""

    faults: tuple[Fault, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Plan:
        """The plan in a TOML file; RequestError naming what is wrong with it."""
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise RequestError("faults", f"{Path(path).name} is no plan of faults: {exc}") from exc
        return cls.of(data)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Plan:
        """The plan in a document ``{"fault": [{…}, …]}``."""
        entries = data.get("fault", [])
        if not isinstance(entries, list) or set(data) - {"fault"}:
            raise RequestError("faults", "only [[fault]] tables are known")
        return cls(tuple(_fault(entry, number) for number, entry in enumerate(entries, 1)))


def _fault(entry: Any, number: int) -> Fault:
    where = f"fault {number}"
    if not isinstance(entry, dict) or entry.get("kind") not in KEYS:
        raise RequestError(f"{where}.kind", f"one of {', '.join(KEYS)} is wanted")
    types = {f.name: f.type for f in fields(Fault)}
    for key, value in entry.items():
        if key not in (*_ALWAYS, *KEYS[entry["kind"]]):
            raise RequestError(f"{where}.{key}", f"a fault of kind {entry['kind']} has no such key")
        if not _sound(value, str(types[key])):
            raise RequestError(f"{where}.{key}", f"{value!r} cannot be meant")
    if any(c in entry.get("name", "") + entry.get("value", "") for c in "\r\n"):
        raise RequestError(f"{where}.value", "a header is one line")
    if not 200 <= entry.get("code", 503) <= 599:
        raise RequestError(f"{where}.code", "a number from 200 to 599 is wanted")
    return Fault(**entry)


def _sound(value: Any, kind: str) -> bool:
    if kind.startswith("dict"):
        return isinstance(value, dict)
    if kind == "str":
        return isinstance(value, str)
    number = isinstance(value, int) or (kind == "float" and isinstance(value, float))
    return number and not isinstance(value, bool) and abs(value) < 10**12


class Faulty:
    """An ASGI application around another one, committing the faults of a plan."""

    def __init__(self, app: App, plan: Plan) -> None:
        self._app, self._plan = app, plan
        self._seen = [0] * len(plan.faults)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, with the fault that fits it."""
        fault = self._due(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "status":
            await _refuse(fault, send)
        elif fault.kind == "range":
            headers = [(k, v) for k, v in scope["headers"] if k.lower() not in (b"range", b"if-range")]
            await self._app({**scope, "headers": headers}, receive, send)
        else:
            await _WAYS[fault.kind](self._app, fault, scope, receive, send)

    def _due(self, scope: Message) -> Fault | None:
        for number, fault in enumerate(self._plan.faults):
            if fault.fits(scope["method"], scope["path"]):
                self._seen[number] += 1
                turn = self._seen[number] - fault.after
                if turn > 0 and (not fault.times or turn <= fault.times):
                    return fault
        return None


async def _refuse(fault: Fault, send: Send) -> None:
    headers = [(b"content-length", b"0")]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    await send({"type": "http.response.start", "status": fault.code, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _cut(app: App, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    """The body ends after some bytes, and with it the connection: an unfinished answer makes the server close it."""
    left = fault.at

    async def some(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.body":
            body = message.get("body", b"")[: max(0, left)]
            left -= len(message.get("body", b""))
            if left < 0 or not message.get("more_body", False):
                message = {**message, "body": body, "more_body": True}
            if not body:
                return
        await send(message)

    await app(scope, receive, some)


async def _slowly(app: App, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    await asyncio.sleep(fault.seconds)
    step = max(1, fault.bytes_per_second // 10)

    async def drip(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not fault.bytes_per_second:
            await send(message)
            return
        for at in range(0, len(body), step):
            await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
            await asyncio.sleep(step / fault.bytes_per_second)
        await send({**message, "body": b""})

    await app(scope, receive, drip)


async def _wrong_length(app: App, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    """More than there is: the connection ends before it. Less than there is: the rest is never sent."""
    left = 0

    async def lying(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            told = next((int(v) for k, v in message["headers"] if k.lower() == b"content-length"), 0)
            left = max(0, told + fault.by)
            headers = _with(message["headers"], "content-length", str(left))
            await send({**message, "headers": headers})
            return
        body = message.get("body", b"")[:left]
        left -= len(body)
        await send({**message, "body": body, "more_body": left > 0 or message.get("more_body", False)})

    await app(scope, receive, lying)


async def _other_header(app: App, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _with(message["headers"], fault.name, fault.value)}
        await send(message)

    await app(scope, receive, changed)


async def _other_body(app: App, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
    """The answer is held back until it is whole, then sent with another body."""
    start: Message = {}
    held = bytearray()

    async def hold(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        elif len(held) < _MOST_BUFFERED:
            held.extend(message.get("body", b""))

    await app(scope, receive, hold)
    body = fault.text.encode() if fault.kind == "body" else _document(bytes(held), fault.set)
    await send({**start, "headers": _with(start["headers"], "content-length", str(len(body)))})
    await send({"type": "http.response.body", "body": body})


def _document(data: bytes, changes: dict[str, Any]) -> bytes:
    try:
        document = json.loads(data)
    except ValueError:
        return data
    return json.dumps({**document, **changes}).encode() if isinstance(document, dict) else data


def _with(headers: Any, name: str, value: str) -> list[tuple[bytes, bytes]]:
    kept = [(k, v) for k, v in headers if k.lower() != name.lower().encode()]
    return [*kept, (name.lower().encode(), value.encode("latin-1", "replace"))] if value else kept


_WAYS: dict[str, Callable[[App, Fault, Message, Receive, Send], Awaitable[None]]] = {
    "drop": _cut,
    "slow": _slowly,
    "length": _wrong_length,
    "header": _other_header,
    "body": _other_body,
    "document": _other_body,
}
