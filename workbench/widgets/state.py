"""`State`: everything a person has chosen, as frozen plain data; what the session holds and the case's memory keeps.

Times are microseconds on the source's own time line (`core.timebase`); `dated` says which kind the window is of. What
is drawn belongs to a camera: a polygon of one says nothing about the picture of another.

>>> state = State(sources=("hall",), source="hall", begin=0, end=2_000_000, dated=False)
>>> State.from_json(state.to_json()) == state
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.geometry import Area, Point
from workbench.core.geometry import point as checked_point
from workbench.core.spec import Mask, area_from_json

SCHEMA = "workbench.session/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is drawn on the pictures of one camera."""

    crop: Area | None = None
    masks: tuple[Mask, ...] = ()
    drawing: tuple[Point, ...] = ()
    """Corners of a polygon that is not closed yet."""

    def to_json(self) -> dict[str, Any]:
        """The look as JSON."""
        return {
            "crop": None if self.crop is None else self.crop.corners(),
            "masks": [mask.to_json() for mask in self.masks],
            "drawing": [list(p) for p in self.drawing],
        }

    @classmethod
    def from_json(cls, data: Any) -> Look:
        """Read what `to_json` wrote; RequestError for anything else."""
        if not isinstance(data, Mapping):
            raise RequestError("look", "a JSON object is wanted")
        masks, drawing = data.get("masks", []), data.get("drawing", [])
        if not isinstance(masks, list) or not isinstance(drawing, list):
            raise RequestError("look", "masks and drawing are lists")
        crop = data.get("crop")
        return cls(
            crop=None if crop is None else area_from_json(crop, "crop"),
            masks=tuple(Mask.from_json(mask) for mask in masks),
            drawing=tuple(checked_point(p, "drawing") for p in drawing),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """See the module."""

    sources: tuple[str, ...] = ()
    """Chosen cameras, in the order in which they were chosen."""
    source: str = ""
    """The one whose frame is shown."""
    missing: tuple[str, ...] = ()
    """Cameras that had been chosen and were not in the archive when the session was taken up again."""
    dated: bool = True
    """Whether the times below are UTC or count from a first frame."""
    begin: int | None = None
    """In point: first instant wanted."""
    end: int | None = None
    """Out point: first instant no longer wanted."""
    at: int | None = None
    """Instant of the frame that is shown."""
    view: tuple[int, int] | None = None
    """Stretch that the timeline shows."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """By camera."""
    options: Mapping[str, Any] = field(default_factory=lambda: {"format": "mp4"})
    """Further fields of ExportSpec by name, as JSON."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Words that are being written and belong nowhere yet, by the control they stand in."""
    order: tuple[str, ...] = ()
    """Ids of snapshots in the order in which they shall stand in the report."""
    steps: tuple[Mapping[str, Any], ...] = ()
    """What was done in this session, in order (see `as_python`)."""
    jobs: tuple[Mapping[str, Any], ...] = ()
    """Exports that were started: ``{"id", "spec", "state", "export", "words", "kernel", "entry", "resume"}``."""

    def look(self, source: str | None = None) -> Look:
        """What is drawn on a camera's pictures; on the shown one's where None."""
        return self.looks.get(self.source if source is None else source, Look())

    def to_json(self) -> dict[str, Any]:
        """The state as JSON; `from_json` reads it back equal."""
        data: dict[str, Any] = {"schema": SCHEMA}
        for f in fields(self):
            value = getattr(self, f.name)
            data[f.name] = list(value) if isinstance(value, tuple) else value
        data["looks"] = {source: look.to_json() for source, look in self.looks.items()}
        for name in ("options", "texts"):
            data[name] = dict(data[name])
        for name in ("steps", "jobs"):
            data[name] = [dict(one) for one in data[name]]
        return data

    @classmethod
    def from_json(cls, data: Any) -> State:
        """Read what `to_json` wrote; RequestError naming the field for anything else."""
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise RequestError("session", f"it is not {SCHEMA!r}")
        known: dict[str, Any] = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        for name, (kind, words) in _FORMS.items():
            if name in known and not kind(known[name]):
                raise RequestError(f"session.{name}", f"{words} is wanted")
        for name in ("sources", "missing", "order", "steps", "jobs"):
            known[name] = tuple(known.get(name, ()))
        if known.get("view") is not None:
            known["view"] = (known["view"][0], known["view"][1])
        known["looks"] = {source: Look.from_json(look) for source, look in known.get("looks", {}).items()}
        return cls(**known)


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53)


def _is_list_of(kind: type) -> Any:
    return lambda value: isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_view(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_is_time, value)))


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


_FORMS: dict[str, tuple[Any, str]] = {
    "sources": (_is_list_of(str), "a list of camera ids"),
    "missing": (_is_list_of(str), "a list of camera ids"),
    "source": (lambda value: isinstance(value, str), "a camera id"),
    "dated": (lambda value: isinstance(value, bool), "true or false"),
    "begin": (_is_time, "a time in microseconds"),
    "end": (_is_time, "a time in microseconds"),
    "at": (_is_time, "a time in microseconds"),
    "view": (_is_view, "a pair of times"),
    "looks": (lambda value: isinstance(value, dict), "an object by camera"),
    "options": (lambda value: isinstance(value, dict), "an object"),
    "texts": (_is_words, "an object of texts"),
    "order": (_is_list_of(str), "a list of ids"),
    "steps": (_is_list_of(dict), "a list of objects"),
    "jobs": (_is_list_of(dict), "a list of objects"),
}


def check_window(state: State) -> None:
    """RequestError where range or shown stretch end before they begin."""
    if state.begin is not None and state.end is not None and state.end <= state.begin:
        raise RequestError("end", "the out point does not lie behind the in point", "Set it later, or exchange them.")
    if state.view is not None and state.view[1] <= state.view[0]:
        raise RequestError("view", "the shown stretch is empty")
