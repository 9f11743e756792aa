"""Masks that move: what a key may say, the shape between two keys, and JSON both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import RequestError
from workbench.core.geometry import Point
from workbench.core.mask import MOST_KEYS, shape_at, still_at, thinnest
from workbench.core.spec import ExportSpec, Mask, MaskKey
from workbench.core.timebase import Offset

SQUARE: tuple[Point, ...] = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3))
BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def moved(dx: float, dy: float = 0.0, points: tuple[Point, ...] = SQUARE) -> tuple[Point, ...]:
    """The square somewhere else."""
    return tuple((x + dx, y + dy) for x, y in points)


def key(us: int, points: tuple[Point, ...] = SQUARE, pts: int | None = None) -> MaskKey:
    """A key at an offset."""
    return MaskKey(at=Offset(us), points=points, pts=pts)


def test_the_shape_is_exact_at_keys_and_linear_between() -> None:
    """At a key it is the key's own, bit for bit; before the first and behind the last one it rests."""
    times = (1_000_000, 2_000_000, 5_000_000)
    shapes = (SQUARE, moved(0.2), moved(0.2, 0.6))
    mask = Mask(points=SQUARE, keys=tuple(key(us, points) for us, points in zip(times, shapes, strict=True)))
    for us, points in zip(times, shapes, strict=True):
        assert shape_at(mask, us, times) == points
    assert shape_at(mask, -5, times) == SQUARE and shape_at(mask, 10**12, times) == shapes[2]
    assert list(shape_at(mask, 1_500_000, times)) == [pytest.approx(p) for p in moved(0.1)]
    assert list(shape_at(mask, 4_000_000, times)) == [pytest.approx(p) for p in moved(0.2, 0.4)]


def test_a_resting_mask_stays_itself() -> None:
    """Without keys the shape at any instant is the mask's own, and so is the object."""
    mask = Mask(points=SQUARE)
    assert shape_at(mask, 77, ()) == SQUARE and still_at(mask, 77, ()) is mask


def test_the_still_mask_keeps_all_but_the_keys() -> None:
    """Style, reason and time range stay; the keys go."""
    mask = Mask(points=SQUARE, style="blur", reason="r", begin=Offset(5), keys=(key(0), key(100, moved(0.5))))
    still = still_at(mask, 50, (0, 100))
    assert (still.style, still.reason, still.begin, still.keys) == ("blur", "r", Offset(5), ())
    assert still.points[0] == pytest.approx((0.35, 0.1))


def test_json_goes_both_ways() -> None:
    """Keys survive JSON whole; a mask at rest is written as before, without a word of keys."""
    when = [BEGIN + timedelta(seconds=n) for n in range(3)]
    keys = tuple(MaskKey(at=at, points=moved(n / 10), pts=n * 512) for n, at in enumerate(when))
    spec = ExportSpec(source="a", begin=BEGIN, end=when[2], format="mp4", masks=(Mask(points=SQUARE, keys=keys),))
    assert ExportSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert "keys" not in Mask(points=SQUARE).to_json()
    assert Mask.from_json({"keys": [k.to_json() for k in keys]}) == spec.masks[0]


BAD: dict[str, dict[str, Any]] = {
    "not rising": {"keys": (key(5), key(5, moved(0.1)))},
    "other corners": {"keys": (key(0), key(5, SQUARE[:3]))},
    "mixed times": {"keys": (key(0), MaskKey(at=BEGIN, points=SQUARE))},
    "points of no key": {"points": moved(0.1), "keys": (key(0), key(5))},
    "no keys": {"keys": (SQUARE,)},
    "no list": {"keys": "ab"},
    "a number": {"keys": 7},
    "other way round": {"keys": (key(0), key(5, moved(0.1)[::-1]))},
    "half a turn": {"keys": (key(0), key(5, SQUARE[2:] + SQUARE[:2]))},
    "too many": {"keys": tuple(key(n) for n in range(MOST_KEYS + 1))},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_wrong_key_is_a_request_error(bad: dict[str, Any]) -> None:
    """The error names the field."""
    with pytest.raises(RequestError) as caught:
        Mask(**{"points": SQUARE, **bad})
    assert caught.value.field == "masks.keys"


@pytest.mark.parametrize(
    "data",
    [
        {"points": [[0, 0]]},
        {"at": "+1"},
        {"at": "noon", "points": SQUARE},
        {"at": 5, "points": SQUARE},
        {"at": "+1", "points": SQUARE, "pts": 1.5},
        {"at": "+1", "points": SQUARE, "pts": True},
        {"at": "+1", "points": SQUARE, "pts": 2**63},
        {"at": "+1", "points": SQUARE, "ease": "in"},
        {"at": "+1", "points": "abc"},
        {"at": "+1", "points": [[0, 0], [1, 1], [2, 2]]},
        "x",
        None,
    ],
    ids=str,
)
def test_wrong_json_of_a_key_is_a_request_error(data: Any) -> None:
    """Unknown words and wrong types name the field; there is no traceback."""
    with pytest.raises(RequestError) as caught:
        Mask.from_json({"points": SQUARE, "keys": [data]})
    assert str(caught.value.field).startswith("masks")


def test_the_thinnest_shape_on_the_way() -> None:
    """A quarter turn of a square halves it, a move leaves it whole, a turn over leaves nothing."""
    quarter = SQUARE[1:] + SQUARE[:1]
    assert thinnest(SQUARE, quarter) == pytest.approx(0.5)
    assert thinnest(SQUARE, moved(0.4)) == pytest.approx(1.0)
    assert thinnest(SQUARE, SQUARE[2:] + SQUARE[:2]) == pytest.approx(0.0)
    assert thinnest(SQUARE, SQUARE[::-1]) < 0


corner = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(st.tuples(corner, corner), min_size=3, max_size=3), st.integers(1, 10**7), st.integers(0, 10**7))
def test_no_corner_leaves_the_picture(pairs: list[tuple[Point, Point]], length: int, us: int) -> None:
    """Between two corners inside the picture every instant's corner is inside, however it is rounded."""
    one, two = ([pair[side] for pair in pairs] for side in (0, 1))
    try:
        mask = Mask(points=tuple(one), keys=(key(0, tuple(one)), key(length, tuple(two))))
    except RequestError:
        return
    for corners in (shape_at(mask, us, (0, length)), shape_at(mask, length - 1, (0, length))):
        assert all(0 <= n <= 1 for point in corners for n in point)


def test_a_shape_of_no_area_on_the_way_is_refused() -> None:
    """A bow tie's area says nothing beforehand; where its corners line up, nobody is told that it covers."""
    tie: tuple[Point, ...] = ((0.1, 0.1), (0.3, 0.3), (0.3, 0.1), (0.1, 0.3))
    flat = tuple((0.4 - x, y) for x, y in tie)
    mask = Mask(points=tie, keys=(key(0, tie), key(2, flat)))
    with pytest.raises(RequestError) as caught:
        still_at(mask, 1, (0, 2))
    assert caught.value.field == "masks.keys"
