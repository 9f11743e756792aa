"""`Mask`: what must not be seen, at rest or moving between key shapes.

A mask with `keys` moves: corner i of one key goes to corner i of the next, each coordinate linear in time. Before the
first key its shape holds, behind the last one that one's, and at a key it is the key's own, bit for bit. Nothing is
tracked: what lies between two keys is for a person to look at. A browser that computes `shape_at` in the same order
of operations, in doubles, gets the same numbers.

>>> there = ((0.25, 0.25), (0.5, 0.25), (0.5, 0.5))
>>> beyond = ((0.5, 0.25), (0.75, 0.25), (0.75, 0.5))
>>> keys = MaskKey(at=Offset(0), points=there), MaskKey(at=Offset(2_000_000), points=beyond)
>>> shape_at(Mask(points=there, keys=keys), 1_000_000, (0, 2_000_000))[0]
(0.375, 0.25)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, get_args

from workbench.core import checking as check
from workbench.core.errors import RequestError
from workbench.core.geometry import MOST_POINTS, Point, polygon
from workbench.core.timebase import Moment, Offset, instant_us, written

MaskStyle = Literal["fill", "pixelate", "blur"]
MOST_KEYS = 1000
LEAST_BETWEEN = 0.01
"""Share of the smaller key's area below which a shape between two keys counts as turned inside out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskKey:
    """The shape of a moving mask at one instant."""

    at: Moment
    """The instant of the frame it was drawn on."""
    points: tuple[Point, ...]
    """The corners at that instant, as many as at the mask's other keys and in the same order."""
    pts: int | None = None
    """PTS of that frame in the recording's ticks; a plan refuses where another frame is shown at `at`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", check.utc(self.at, "masks.keys"))
        object.__setattr__(self, "points", _corners(self.points, "masks.keys"))
        if self.pts is not None:
            check.number("masks.keys", self.pts, -(2**63), 2**63 - 1)

    def to_json(self) -> dict[str, Any]:
        """The key as JSON."""
        return {"at": written(self.at), "points": [list(p) for p in self.points], "pts": self.pts}

    @classmethod
    def from_json(cls, data: Any) -> MaskKey:
        """Read what `to_json` wrote; `pts` may be left out."""
        known = check.known(data, cls, "masks.keys")
        _listed(known.get("points"), "masks.keys")
        return cls(**{**known, "at": check.read_moment(known.get("at"), "masks.keys")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A polygon whose inside (or outside) is covered in every frame of its time range."""

    points: tuple[Point, ...]
    """Corners in normalised coordinates of the shown picture (see `geometry`); with keys, those of the first."""
    begin: Moment | None = None
    """First instant covered; None from the begin of the range."""
    end: Moment | None = None
    """First instant no longer covered; None to the end of the range."""
    style: MaskStyle = "fill"
    """``fill`` cannot be undone; ``pixelate`` and ``blur`` obscure and may be recoverable."""
    inverted: bool = False
    """True covers everything outside the polygon."""
    reason: str = ""
    """Why it is there, for the record."""
    keys: tuple[MaskKey, ...] = ()
    """The shapes between which it moves, rising in time; empty where it rests."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _corners(self.points, "masks.points"))
        for name in ("begin", "end"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, check.utc(getattr(self, name), f"masks.{name}"))
        check.typed("masks.inverted", self.inverted, bool)
        check.typed("masks.reason", self.reason, str)
        check.one_of("masks.style", self.style, get_args(MaskStyle))
        check.ordered("masks.end", self.begin, self.end)
        if self.begin is not None and self.begin == self.end:
            raise RequestError("masks.end", "the mask's time range is empty", "Leave begin and end out for all of it.")
        _check_keys(self)

    def to_json(self) -> dict[str, Any]:
        """The mask as JSON; `keys` is written only where there are some."""
        resting = {
            "points": [list(p) for p in self.points],
            "begin": None if self.begin is None else written(self.begin),
            "end": None if self.end is None else written(self.end),
            "style": self.style,
            "inverted": self.inverted,
            "reason": self.reason,
        }
        return {**resting, "keys": [key.to_json() for key in self.keys]} if self.keys else resting

    @classmethod
    def from_json(cls, data: Any) -> Mask:
        """Read what `to_json` wrote; unknown keys are an error, since a mask must never lose its meaning.

        Where `keys` are given, `points` may be left out: they are those of the first key.
        """
        known = check.known(data, cls, "masks")
        for name in ("begin", "end"):
            if known.get(name) is not None:
                known[name] = check.read_moment(known[name], f"masks.{name}")
        if not isinstance(known.get("keys", []), list):
            raise RequestError("masks.keys", "a list of keys is wanted")
        keys = tuple(MaskKey.from_json(key) for key in known.get("keys", ()))
        points = known.get("points", keys[0].points if keys else None)
        return cls(**{**known, "points": _listed(points, "masks.points"), "keys": keys})


def shape_at(mask: Mask, us: int, key_times: Sequence[int]) -> tuple[Point, ...]:
    """The corners at an instant; `key_times` are the instants of the mask's keys on the same time line."""
    after = bisect_right(key_times, us)
    if not mask.keys or after == 0:
        return mask.points
    one = mask.keys[after - 1].points
    if after == len(mask.keys) or us == key_times[after - 1]:
        return one
    two, begin = mask.keys[after].points, key_times[after - 1]
    share = (us - begin) / (key_times[after] - begin)
    return tuple((x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in zip(one, two, strict=True))


def still_at(mask: Mask, us: int, key_times: Sequence[int]) -> Mask:
    """The mask as it is at an instant, at rest; one that rests anyway is handed back itself.

    RequestError where its corners lie on one line just then, so that it would cover nothing.
    """
    if not mask.keys:
        return mask
    try:
        return replace(mask, points=shape_at(mask, us, key_times), keys=())
    except RequestError as exc:
        why = f"between two of its keys the mask covers nothing: {exc.message}"
        raise RequestError("masks.keys", why, "Add a key there, or draw its neighbours anew.") from exc


def thinnest(one: Sequence[Point], two: Sequence[Point]) -> float:
    """The least area on the way from one shape to another, as a share of the smaller of the two.

    Exact for shapes that do not cross themselves; 1 where either of the two encloses as much as it turns over.
    0 or less: the shape turns inside out, and covers next to nothing on the way.
    """
    middle = [((x + u) / 2, (y + v) / 2) for (x, y), (u, v) in zip(one, two, strict=True)]
    begin, half, end = _signed(one), _signed(middle), _signed(two)
    if abs(begin) < 1e-9 or abs(end) < 1e-9:
        return 1.0
    if begin < 0:
        begin, half, end = -begin, -half, -end
    # The area is a parabola over time: least at an end, or at its vertex where that lies between.
    bend, slope = 2 * (begin + end - 2 * half), 4 * half - 3 * begin - end
    vertex = -slope / (2 * bend) if bend > 0 else 0.0
    least = begin + slope * vertex + bend * vertex * vertex if 0 < vertex < 1 else min(begin, end)
    return least / min(abs(begin), abs(end))


def fidelity(masks: Sequence[Mask]) -> str:
    """In what our engine's pictures differ from what masks ask for, in words."""
    note = "rounded outwards to whole chroma blocks"
    if soft := sorted({mask.style for mask in masks} - {"fill"}):
        note += f"; {' and '.join(soft)}: obscured, may be recoverable"
    if moving := [mask for mask in masks if len(mask.keys) > 1]:
        keys = sum(len(mask.keys) for mask in moving)
        which = f"{len(moving)} of {len(masks)} move" if len(masks) > 1 else "it moves"
        note += f"; {which} in straight lines between {keys} key frames, nothing is tracked: look at what lies between"
    return note


def _check_keys(mask: Mask) -> None:
    keys: Any = mask.keys
    if isinstance(keys, str) or not isinstance(keys, Iterable):
        raise RequestError("masks.keys", "a list of keys is wanted")
    object.__setattr__(mask, "keys", tuple(keys))
    if not mask.keys:
        return
    if not all(isinstance(key, MaskKey) for key in mask.keys):
        raise RequestError("masks.keys", "each of them must be a MaskKey")
    if len(mask.keys) > MOST_KEYS or sum(len(key.points) for key in mask.keys) > MOST_POINTS:
        raise RequestError("masks.keys", f"more than {MOST_KEYS} keys, or {MOST_POINTS} corners in all of them")
    if mask.points != mask.keys[0].points:
        raise RequestError("masks.keys", "points are not the corners of the first key", "Give both the same corners.")
    for number, (one, two) in enumerate(pairwise(mask.keys), 1):
        _check_step(one, two, f"key {number}", f"key {number + 1}")


def _check_step(one: MaskKey, two: MaskKey, first: str, second: str) -> None:
    """That a mask can move from one key to the next without losing its meaning on the way."""
    if type(one.at) is not type(two.at):
        raise RequestError("masks.keys", f"{first} is an instant and {second} an offset", "Write all in one way.")
    if _us(one.at) >= _us(two.at):
        raise RequestError("masks.keys", f"{second} is not later than {first}", "Put the keys in the order of time.")
    if len(one.points) != len(two.points):
        counts = f"{first} has {len(one.points)} corners, {second} has {len(two.points)}"
        raise RequestError("masks.keys", counts, "Corner by corner, one becomes the other: give each as many.")
    if thinnest(one.points, two.points) <= LEAST_BETWEEN:
        raise RequestError(
            "masks.keys",
            f"the shape turns inside out between {first} and {second}: it would cover next to nothing on the way",
            "Begin both at the same corner and go round the same way, or add a key between them.",
        )


def _us(moment: Moment) -> int:
    return moment.us if isinstance(moment, Offset) else instant_us(moment)


def _signed(points: Sequence[Point]) -> float:
    """Twice the area, negative where the corners go round the other way."""
    ax, ay = points[0]
    return sum((x - ax) * (v - ay) - (u - ax) * (y - ay) for (x, y), (u, v) in pairwise(points))


def _listed(points: Any, field: str) -> tuple[Any, ...]:
    if not isinstance(points, list | tuple):
        raise RequestError(field, "a list of points is wanted")
    return tuple(points)


def _corners(points: Any, field: str) -> tuple[Point, ...]:
    if isinstance(points, str) or not isinstance(points, Iterable):
        raise RequestError(field, "a list of points is wanted")
    return polygon(points, "masks" if field == "masks.points" else field)
