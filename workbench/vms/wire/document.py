"""JSON documents from strangers: parsed with limits, then taken apart field by field with the field's name in errors.

`remote` reads what a server answered (RemoteError), `request` what a client sent (RequestError). Both refuse text
that is not UTF-8, NaN and Infinity, doubled keys, bottomless nesting and more bytes than allowed.

>>> Fields({"state": 2.0}, "status").whole("state", 0, 6)
2
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from workbench.core.errors import RemoteError, RequestError
from workbench.core.timebase import instant_us, parse_time

MOST_BYTES = 16 * 2**20
MOST_ENTRIES = 200_000
MOST_TEXT = 65_536
ADVICE = "The server's answer cannot be used; ask its administrator, or look at the flight record."


def one_line(text: str, most: int = 300) -> str:
    """Text from a stranger as one harmless line: no control or invisible characters, no more than `most` of them."""
    shown = "".join(c if c.isprintable() else " " for c in text[: most * 4])
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def remote(data: bytes, what: str, *, most: int = MOST_BYTES) -> Any:
    """The document a server sent; RemoteError saying `what` it should have been."""
    try:
        return _parse(data, most)
    except (ValueError, RecursionError) as exc:
        raise RemoteError(
            f"{what}: the server's answer is not usable JSON ({one_line(_why(exc), 120)})", ADVICE
        ) from exc


def request(data: bytes, field: str, *, most: int = 4 * 2**20) -> dict[str, Any]:
    """The JSON object a client sent; RequestError naming `field`."""
    try:
        value = _parse(data, most)
    except (ValueError, RecursionError) as exc:
        raise RequestError(field, f"it is not usable JSON ({one_line(_why(exc), 120)})") from exc
    if not isinstance(value, dict):
        raise RequestError(field, "a JSON object is wanted")
    return value


def _why(exc: Exception) -> str:
    return "nested too deeply" if isinstance(exc, RecursionError) else str(exc)


def _parse(data: bytes, most: int) -> Any:
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def whole(value: Any, low: int, high: int) -> int | None:
    """A whole number from `low` to `high`, however it is written (2, 2.0, 1e+6); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if low <= value <= high else None


def storable(text: str) -> bool:
    """Whether text can be written down (JSON may smuggle in half characters)."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of a server's answer; each reader raises RemoteError naming the field it could not read."""

    data: Any
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            raise RemoteError(f"{self.where}: an object is wanted, the server sent something else", ADVICE)

    def bad(self, key: str, why: str) -> RemoteError:
        """The error for a field."""
        return RemoteError(f"{self.where}: {key} {why}", ADVICE)

    def text(self, key: str, default: str | None = "", most: int = MOST_TEXT) -> str:
        """A text; `default` where the key is absent or null, required where that is None."""
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > most or not storable(value):
            raise self.bad(key, f"is not a text of at most {most} characters")
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number; required where there is no default."""
        if key not in self.data and default is not None:
            return default
        number = whole(self.data.get(key), low, high)
        if number is None:
            raise self.bad(key, f"is not a whole number from {low} to {high}")
        return number

    def flag(self, key: str, default: bool = False) -> bool:
        """True or False; `default` where the key is absent."""
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            raise self.bad(key, "is neither true nor false")
        return value

    def entries(self, key: str, *, required: bool = True, most: int = MOST_ENTRIES) -> list[Any]:
        """A list; empty where the key is absent and need not be there."""
        if key not in self.data and not required:
            return []
        value = self.data.get(key)
        if not isinstance(value, list):
            raise self.bad(key, "is not a list")
        if len(value) > most:
            raise self.bad(key, f"has {len(value)} entries, at most {most} are believed")
        return value

    def texts(self, key: str, *, required: bool = True, most: int = 10_000, longest: int = 4096) -> tuple[str, ...]:
        """A list of texts."""
        values = self.entries(key, required=required, most=most)
        for number, value in enumerate(values):
            if not isinstance(value, str) or len(value) > longest or not storable(value):
                raise self.bad(f"{key}[{number}]", f"is not a text of at most {longest} characters")
        return tuple(values)

    def objects(self, key: str, *, required: bool = True, most: int = MOST_ENTRIES) -> Iterator[Fields]:
        """The objects of a list."""
        for number, value in enumerate(self.entries(key, required=required, most=most)):
            yield Fields(value, f"{self.where}: {key}[{number}]")

    def time(self, key: str) -> int:
        """A time in any form that the API's answers use."""
        return time(self.data.get(key), f"{self.where}: {key}")


def time(value: Any, where: str) -> int:
    """Microseconds since 1970 of a time in an answer: basic ISO, or extended ISO with its zone."""
    try:
        moment = parse_time(value) if isinstance(value, str) and len(value) <= 40 else None
    except RequestError:
        moment = None
    if not isinstance(moment, datetime):
        raise RemoteError(f"{where}: {one_line(str(value)[:60])!r} is not a time", ADVICE)
    return instant_us(moment)
