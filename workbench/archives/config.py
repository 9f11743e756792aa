"""`archive.toml`: what people know about an archive and its files do not say.

Optional, at the top of the archive's folder; everything in it is optional too:

    [source."entrance"]
    name = "Entrance hall"        # display name
    zone = "Europe/Berlin"        # zone in which file names and container times are written; else UTC
    clock_offset = -2.5           # seconds to ADD to the recorder's times to get true time
    [source."entrance".start]
    "clip.mp4" = "2026-03-01T10:00:00+01:00"    # true start of one file; the clock offset is not added to it

Rules: an unknown key is an error, because a misspelt one would silently move evidence in time; each message
names the file and the key. A file that cannot be read or is no TOML is a SourceError, a wrong value in it a
RequestError.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.core.errors import RequestError, SourceError
from workbench.core.timebase import SECOND, Offset, instant_us, parse_time
from workbench.core.timebase import zone as zone_of

FILE_NAME = "archive.toml"
MOST_BYTES = 16 * 1024 * 1024
MOST_OFFSET_SECONDS = 100 * 366 * 86_400
"""A recorder whose clock was never set writes 1970, so the bound must span decades."""
_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """What `archive.toml` says of one source."""

    name: str | None = None
    """Display name; None for the id."""
    zone: str | None = None
    """Zone in which file names and container times are written; None where nobody said (UTC is taken)."""
    clock_offset_us: int = 0
    """Microseconds to add to the recorder's times to get true time."""
    starts: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    """True start of single files by file name, in microseconds since 1970."""

    @property
    def clock_offset(self) -> float:
        """The clock offset in seconds, for display."""
        return self.clock_offset_us / SECOND

    @property
    def tz(self) -> tzinfo:
        """The zone as an object, UTC where none is named."""
        return zone_of(self.zone or "UTC")


PLAIN = SourceConfig()
"""What holds for a source that `archive.toml` does not mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveConfig:
    """The whole of `archive.toml`; empty where there is none."""

    sources: Mapping[str, SourceConfig] = field(default_factory=lambda: MappingProxyType({}))

    def source(self, source_id: str) -> SourceConfig:
        """What is known of one source; the plain defaults where nothing is."""
        return self.sources.get(source_id, PLAIN)


def read_config(folder: Path) -> ArchiveConfig:
    """Read `folder`/archive.toml; an empty config where there is no such file.

    Raises SourceError where it cannot be read or is no TOML, RequestError naming the key for a wrong value.
    """
    path = folder / FILE_NAME
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return ArchiveConfig()
    except OSError as exc:
        raise SourceError(f"{path} cannot be read: {exc.strerror or exc}", "Make it readable.") from exc
    if len(raw) > MOST_BYTES:
        raise SourceError(f"{path} is larger than {MOST_BYTES} bytes", "Is it the right file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise SourceError(f"{path} is not UTF-8 text ({exc})", "Save it as UTF-8.") from exc
    return parse_config(text, str(path))


def parse_config(text: str, path: str = FILE_NAME) -> ArchiveConfig:
    """The config that `text` spells; `path` is only named in errors. Pure."""
    try:
        # Decimal keeps clock offsets exact: -2.1 must be -2100000 µs and nothing near it
        data = tomllib.loads(text.replace("\r\n", "\n"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError, ArithmeticError) as exc:
        raise SourceError(f"{path} is not valid TOML: {exc}", "Correct the line named.") from exc
    _only(data, ("source",), f"{path}:")
    sources = _table(data.get("source", {}), f"{path}: source")
    return ArchiveConfig(sources=MappingProxyType({key: _source(key, value, path) for key, value in sources.items()}))


def _source(key: str, value: Any, path: str) -> SourceConfig:
    where = f'{path}: source."{key}"'
    table = _table(value, where)
    _only(table, tuple(_READERS), where + ".")
    readers = {key: reader for key, reader in _READERS.items() if key in table}
    return SourceConfig(**{name: read(table[key], f"{where}.{key}") for key, (name, read) in readers.items()})


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RequestError(where, f"{value!r} is not a name", 'Write it in quotes: "Entrance hall".')
    return value


def _zone(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise RequestError(where, f"{value!r} is not a time zone", 'Write "Europe/Berlin" or "+01:00".')
    zone_of(value, where)
    return value


def _clock_offset(value: Any, where: str) -> int:
    advice = "Write seconds to add to the recorder's times, such as -2.5 for a clock 2.5 s fast."
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise RequestError(where, f"{value!r} is not a number of seconds", advice)
    seconds = Decimal(value)
    if abs(seconds) > MOST_OFFSET_SECONDS:
        raise RequestError(where, f"{seconds} s is more than a hundred years", advice)
    return round(seconds * SECOND)


def _starts(value: Any, where: str) -> Mapping[str, int]:
    starts = {file: _start(when, f'{where}."{file}"') for file, when in _table(value, where).items()}
    return MappingProxyType(starts)


def _start(value: Any, where: str) -> int:
    advice = 'Write "2026-03-01T10:00:00+01:00": a date and time with its zone.'
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise RequestError(where, f"{value.isoformat()} has no time zone", advice)
        return instant_us(value)
    if not isinstance(value, str):
        raise RequestError(where, f"{value!r} is not a date and time", advice)
    moment = parse_time(value, where)
    if isinstance(moment, Offset):
        raise RequestError(where, f"{value!r} is an offset, not a date and time", advice)
    return instant_us(moment)


_READERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "name": ("name", _name),
    "zone": ("zone", _zone),
    "clock_offset": ("clock_offset_us", _clock_offset),
    "start": ("starts", _starts),
}


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RequestError(where, f"{value!r} is not a table", 'Write [source."camera"] and keys below.')
    return value


def _only(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            gap = " " if where.endswith(":") else ""
            raise RequestError(f"{where}{gap}{key}", "no such key", f"Known: {', '.join(known)}.")
