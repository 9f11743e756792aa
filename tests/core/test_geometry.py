"""Points, areas, polygons: what is refused, and where a turned picture has them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import RequestError
from workbench.core.geometry import MOST_POINTS, Area, point, polygon, turned, turned_area

UNIT = st.floats(0, 1)
SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1)]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1.1, -0.1, 1 + 2e-6, True, "0.5", None, 1e300]
)
def test_coordinates_outside_are_refused(value: object) -> None:
    """A coordinate that is no number of the picture is an error naming its field."""
    with pytest.raises(RequestError) as caught:
        point((0.5, value), "crop")
    assert caught.value.field == "crop"


def test_huge_whole_number() -> None:
    """A whole number too large for a float is refused like any other."""
    with pytest.raises(RequestError):
        point((0, 10**400), "crop")


@pytest.mark.parametrize("value", [(), (1,), (0, 0, 0), "01", 5, None, {"x": 1}])
def test_points_are_two_numbers(value: object) -> None:
    """Anything but two numbers is no point."""
    with pytest.raises(RequestError, match="not a point"):
        point(value, "masks")


def test_noise_is_clamped() -> None:
    """A millionth outside is noise of writing numbers down."""
    assert point((-1e-6, 1 + 1e-6), "crop") == (0.0, 1.0)


@pytest.mark.parametrize("corners", [((0, 0), (1, 1)), ((1, 1), (0, 0)), ((1, 0), (0, 1))])
def test_corners_in_any_order(corners: tuple[object, object]) -> None:
    """Two opposite corners give one area in whichever order they come."""
    assert Area.from_corners(*corners) == Area(0, 0, 1, 1)


@pytest.mark.parametrize("corner", [(0.2, 0.9), (0.9, 0.2), (0.2, 0.2)])
def test_flat_areas_are_refused(corner: tuple[float, float]) -> None:
    """An area without width or height is an error naming its field."""
    with pytest.raises(RequestError) as caught:
        Area.from_corners((0.2, 0.2), corner, "snapshot_area")
    assert caught.value.field == "snapshot_area"


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0, 0)],
        [(0, 0), (1, 1)],
        [(0, 0), (1, 1), (0, 0)],
        [(0, 0)] * 9,
        [(0, 0), (0.5, 0.5), (1, 1)],
    ],
    ids=["none", "one", "two", "two closed", "one repeated", "a line"],
)
def test_polygons_without_area(points: list[tuple[float, float]]) -> None:
    """Fewer than three different points, or all on one line, make no polygon."""
    with pytest.raises(RequestError) as caught:
        polygon(points)
    assert caught.value.field == "masks"


def test_too_many_points() -> None:
    """The number of points has a limit that is said."""
    with pytest.raises(RequestError, match=str(MOST_POINTS)):
        polygon(SQUARE * (MOST_POINTS // 4 + 1))


def test_self_crossing_and_repeated_points_are_kept() -> None:
    """A bow tie with a repeated corner is a polygon; only the closing point is dropped."""
    bow = [(0, 0), (1, 1), (1, 1), (1, 0), (0, 1), (0, 0)]
    assert polygon(bow) == tuple((float(x), float(y)) for x, y in bow[:-1])


@pytest.mark.parametrize(
    "points",
    [[(0, 0), (1e-7, 0), (0, 1e-7)], [(0.5, 0.5), (0.5, 0.5 + 1e-13), (1, 0), (0, 0)]],
    ids=["tiny", "first two close"],
)
def test_small_polygons_have_area(points: list[tuple[float, float]]) -> None:
    """A polygon is not taken for a line because it, or its first edge, is small."""
    assert len(polygon(points)) >= 3


@given(p=st.tuples(UNIT, UNIT), rotation=st.sampled_from([0, 90, 180, 270]))
def test_four_quarter_turns(p: tuple[float, float], rotation: int) -> None:
    """A point turned there and back by the same angle is where it was."""
    assert turned(turned(p, rotation), -rotation) == pytest.approx(p, abs=1e-15)


def test_turned_corner() -> None:
    """Where the player turns a quarter counter-clockwise, the coded top right corner is shown top left."""
    assert turned((0, 0), 90) == (1, 0)
    assert turned_area(Area(0, 0, 0.25, 0.5), 90) == Area(0.5, 0, 1, 0.25)
