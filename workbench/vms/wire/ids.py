"""Ids of cameras: three segments, host / device / endpoint; paths carry them bare, documents with ``hosts/`` before.

>>> source = source_id("hosts/SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0")
>>> str(source), device_number(source)
('SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0', 3)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.core.errors import RequestError

HOSTS = "hosts/"
MAIN_STREAM = "SourceEndpoint.video:0:0"
MOST_SEGMENT = 255
_FORM = "A camera's id is HOST/DeviceIpint.N/SourceEndpoint.video:0:0."
_DEVICE = re.compile(r"DeviceIpint\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class SourceId:
    """Which stream of which device at which host."""

    host: str
    device: str
    endpoint: str = MAIN_STREAM

    def __str__(self) -> str:
        return f"{self.host}/{self.device}/{self.endpoint}"


def source_id(text: str, field: str = "source") -> SourceId:
    """A camera's id, with or without ``hosts/``; RequestError naming `field` unless it has three sound segments."""
    segments = text.removeprefix(HOSTS).split("/")
    if len(segments) != 3 or not all(_sound(segment) for segment in segments):
        raise RequestError(field, f"{text[:100]!r} is not a camera's id", _FORM)
    return SourceId(*segments)


def access_point(source: SourceId | str) -> str:
    """The id as documents carry it, with ``hosts/``."""
    return HOSTS + str(source).removeprefix(HOSTS)


def device_number(source: SourceId | str) -> int | None:
    """N of ``DeviceIpint.N``; None for a device that is named in another way."""
    device = source.device if isinstance(source, SourceId) else source_id(source).device
    match = _DEVICE.fullmatch(device)
    return int(match[1]) if match else None


def _sound(segment: str) -> bool:
    return 0 < len(segment) <= MOST_SEGMENT and segment.isprintable() and segment not in (".", "..")
