"""What goes over the wire, as plain frozen data. Instants are microseconds since 1970 UTC."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.vms.wire.times import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """An archive (a volume) that holds footage of a camera."""

    name: str
    """``hosts/SERVER1/MultimediaStorage.A/MultimediaStorage``, as requests take it."""
    display_name: str = ""
    default: bool = False
    embedded: bool = False
    """True for storage inside the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera of a VMS."""

    id: str
    """``SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0``: three segments, without ``hosts/``."""
    display_id: str = ""
    name: str = ""
    comment: str = ""
    enabled: bool = True
    access: str = "CAMERA_ACCESS_FULL"
    storages: tuple[Storage, ...] = ()
    served_id: str = ""
    """Ours: the camera's id in the archive that is served, so that one request means the same on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPage:
    """One page of the camera list."""

    cameras: tuple[Camera, ...]
    next_page: str = ""
    """Token of the next page; empty on the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Recorded stretches, ascending, each (begin, end)."""

    intervals: tuple[tuple[int, int], ...]
    more: bool = False
    """True where the answer was cut by its limit."""
    rising: bool | None = field(default=None, compare=False)
    """Whether they came oldest first (True) or newest first (False); None where their order does not tell."""
    unknown: tuple[tuple[Time, Time], ...] = ()
    """Of a list put together from pages: where nobody told what is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTimes:
    """Times of recorded pictures, ascending."""

    times: tuple[int, ...]
    more: bool = False
    """True where the answer was cut by its limit."""
    rising: bool | None = field(default=None, compare=False)
    """Whether they came oldest first (True) or newest first (False); None where their order does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """First and last instant of an archive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostInfo:
    """A server of the VMS."""

    name: str
    time_zone: int = 0
    """Minutes east of UTC; a fixed offset without rules."""
    os: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token."""

    value: str
    expires_us: int | None = None
    user_id: str = ""

    def __repr__(self) -> str:
        return "Token(value=…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of an export at the VMS."""

    id: str
    state: int
    """0 not yet, 1 running, 2 complete, 3 error, 4 no space, 5 name exists, 6 no data."""
    progress: float = 0.0
    """0 … 1."""
    error: str = ""
    files: tuple[str, ...] = ()
    """Names as the download takes them."""
    friendly: tuple[str, ...] = ()
    """Names for people, in the order of `files`; empty where the server gives none."""
    succeeded: bool | None = None
    """Undocumented; False makes state 2 a failure."""
    sidecars: tuple[str, ...] = ()
    """Ours: further files of the export (time text, record) that other clients need not know."""

    @property
    def terminal(self) -> bool:
        """True when nothing will change any more."""
        return self.state >= 2

    @property
    def complete(self) -> bool:
        """True when the files can be fetched."""
        return self.state == 2 and self.succeeded is not False
