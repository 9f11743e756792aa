"""ExportSpec: JSON there and back, and every hostile value an error that names its field."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.spec import SCHEMA, ExportSpec, Mask
from workbench.core.timebase import Offset

PLAIN: dict[str, Any] = {"source": "hall", "begin": "+0", "end": "+2", "format": "mp4"}
POINTS = [[0.2, 0.2], [0.3, 0.7], [0.5, 0.5]]
BERLIN = ZoneInfo("Europe/Berlin")

moments = st.one_of(
    st.builds(Offset, st.integers(0, 10**15)),
    st.datetimes(
        min_value=datetime(1000, 1, 2),  # noqa: DTZ001
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]),
    ),
)
unit = st.floats(0, 1)


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, Any]:
    """A begin and an end of the same kind, in their order."""
    begin = draw(moments)
    if isinstance(begin, Offset):
        return {"begin": begin, "end": Offset(begin.us + draw(st.integers(1, 10**12)))}
    return {"begin": begin, "end": begin + timedelta(microseconds=draw(st.integers(1, 10**10)))}


@st.composite
def areas(draw: st.DrawFn) -> Area:
    """Any area that a picture has room for."""
    x0, y0 = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return Area(x0, y0, draw(st.floats(x0 + 0.01, 1)), draw(st.floats(y0 + 0.01, 1)))


masks = st.builds(
    Mask,
    points=st.lists(st.tuples(unit, unit), max_size=4).map(lambda more: [(0, 0), (1, 0), (0.3, 1), *more]),
    style=st.sampled_from(["fill", "pixelate", "blur"]),
    inverted=st.booleans(),
    reason=st.text(max_size=10),
)
optional_area = st.none() | areas()
specs = st.fixed_dictionaries(
    {
        "source": st.text(min_size=1, max_size=10),
        "format": st.sampled_from(["mp4", "mkv", "avi", "exe"]),
        "archive": st.none() | st.text(max_size=5),
        "video_quality": st.integers(0, 6),
        "audio_quality": st.integers(0, 6),
        "rate_divisor": st.sampled_from([1, 2, 4, 8]),
        "size_limit": st.integers(0, 2**62),
        "stamp_format": st.none() | st.text(max_size=20),
        "crop": optional_area,
        "masks": st.lists(masks, max_size=3),
        "text_color": st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True),
        "comment": st.text(max_size=30),
        "snapshot_area": optional_area,
        "layout": st.sampled_from(["portrait", "landscape"]),
        "cut": st.sampled_from(["exact", "keyframe"]),
        "burn": st.sampled_from([None, True, False]),
        "text_zone": st.sampled_from([None, "UTC", "Europe/Berlin", "+05:45"]),
        "audio": st.sampled_from(["keep", "drop"]),
        "gaps": st.sampled_from(["keep", "collapse"]),
    }
)


@given(given_range=ranges(), rest=specs)
def test_json_there_and_back(given_range: dict[str, Any], rest: dict[str, Any]) -> None:
    """A spec survives being written as JSON text and read again."""
    spec = ExportSpec(**given_range, **rest)
    assert ExportSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@given(given_range=ranges(), mask=masks)
def test_mask_times_there_and_back(given_range: dict[str, Any], mask: Mask) -> None:
    """A mask keeps its own time range in JSON."""
    timed = Mask(points=mask.points, **given_range)
    assert Mask.from_json(json.loads(json.dumps(timed.to_json()))) == timed


def test_short_form() -> None:
    """What JSON leaves out has its default, and the schema may be left out too."""
    assert ExportSpec.from_json(PLAIN) == ExportSpec(
        source="hall", begin=Offset(0), end=Offset(2_000_000), format="mp4"
    )
    assert ExportSpec.from_json(PLAIN).to_json()["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", ""),
        ("source", 5),
        ("begin", None),
        ("begin", 0),
        ("begin", "2026-03-01T10:00:00"),
        ("end", "+nan"),
        ("end", "-1"),
        ("format", "gif"),
        ("format", ["mp4"]),
        ("video_quality", 7),
        ("video_quality", -1),
        ("video_quality", "3"),
        ("video_quality", True),
        ("video_quality", 3.0),
        ("audio_quality", math.nan),
        ("rate_divisor", 0),
        ("rate_divisor", 3),
        ("rate_divisor", 1e9),
        ("rate_divisor", True),
        ("size_limit", -1),
        ("size_limit", 1e300),
        ("size_limit", math.nan),
        ("size_limit", 2**63),
        ("size_limit", "1e9"),
        ("stamp_format", "x" * 1001),
        ("crop", [[0, 0], [0, 0]]),
        ("crop", [[0, 0], [2, 2]]),
        ("crop", [[0, 0], [math.inf, 1]]),
        ("crop", "0,0!0,0"),
        ("masks", "all"),
        ("text_color", "red"),
        ("text_color", "#12345"),
        ("text_color", "#ffffff\n"),
        ("comment", None),
        ("comment", "x" * 1_000_001),
        ("layout", 1),
        ("cut", ""),
        ("burn", 1),
        ("burn", "yes"),
        ("text_zone", "../etc/passwd"),
        ("gaps", None),
        ("schema", "workbench.export-spec/99"),
        ("spec.fps", 1e9),
    ],
    ids=lambda v: repr(v)[:24],
)
def test_hostile_values_name_their_field(field: str, value: object) -> None:
    """Each value that cannot be is refused with the name of its field."""
    with pytest.raises(RequestError) as caught:
        ExportSpec.from_json({**PLAIN, field.removeprefix("spec."): value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("masks", {"points": []}),
        ("masks", {"points": [[0, 0]]}),
        ("masks", {"points": [[0, 0], [1, 1]]}),
        ("masks", {"points": [[0, 0], [1, 1], [math.nan, 0]]}),
        ("masks", {"points": [[0, 0], [1, 1], [0, 3]]}),
        ("masks", {"points": [[0, 0], [1, 1], [0]]}),
        ("masks.points", {"points": "0,0 1,1 1,0"}),
        ("masks.style", {"style": "smear"}),
        ("masks.inverted", {"inverted": "no"}),
        ("masks.reason", {"reason": 5}),
        ("masks.begin", {"begin": 5}),
        ("masks.end", {"begin": "+5", "end": "+4"}),
        ("masks.end", {"begin": "+5", "end": "+5"}),
        ("masks.colour", {"colour": "red"}),
    ],
    ids=repr,
)
def test_hostile_masks_name_their_field(field: str, change: dict[str, object]) -> None:
    """A mask that cannot be is refused with the name of its field, and never left out."""
    with pytest.raises(RequestError) as caught:
        ExportSpec.from_json({**PLAIN, "masks": [{"points": POINTS, **change}]})
    assert caught.value.field == field


@pytest.mark.parametrize("data", [None, [], "spec", 5])
def test_a_spec_is_an_object(data: object) -> None:
    """JSON that is no object is no spec."""
    with pytest.raises(RequestError):
        ExportSpec.from_json(data)


@pytest.mark.parametrize(
    ("begin", "end"), [("+2", "+1"), ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00+01:00")]
)
def test_end_before_begin(begin: str, end: str) -> None:
    """An end before the begin is an error with advice, zones taken into account."""
    with pytest.raises(RequestError, match="before") as caught:
        ExportSpec.from_json({**PLAIN, "begin": begin, "end": end})
    assert caught.value.field == "end" and caught.value.advice


@pytest.mark.parametrize(
    ("kind", "end"), [("jpg", "+1"), ("pdf", "+1"), ("mp4", "+0"), ("mkv", "+0"), ("avi", "+0")]
)
def test_frames_and_stretches(kind: str, end: str) -> None:
    """A picture wants begin and end equal, a film wants them apart."""
    with pytest.raises(RequestError) as caught:
        ExportSpec.from_json({**PLAIN, "format": kind, "end": end})
    assert caught.value.field == "end"


@pytest.mark.parametrize("year", [1000, 9999])
def test_far_years(year: int) -> None:
    """Years far away are only times."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    spec = ExportSpec(source="hall", begin=begin, end=begin, format="jpg")
    assert ExportSpec.from_json(spec.to_json()) == spec


FOLD = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
FAULTS = {
    "year 1 there and back": lambda: ExportSpec.from_json(
        ExportSpec(source="a", begin=datetime(1, 1, 1, tzinfo=UTC), end=Offset(1), format="mp4").to_json()
    ),
    "hour of the fold is a stretch": lambda: ExportSpec(
        source="a", begin=FOLD, end=FOLD.replace(fold=1), format="mp4"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_sound_requests_are_taken(name: str) -> None:
    """A request that makes sense is not refused."""
    FAULTS[name]()


def test_fold_there_and_back() -> None:
    """An instant that the wall clock shows twice survives JSON."""
    spec = ExportSpec(source="a", begin=FOLD, end=FOLD, format="jpg")
    assert ExportSpec.from_json(spec.to_json()) == spec


NO_REQUESTS = {
    "masks an object": lambda: ExportSpec.from_json({**PLAIN, "masks": {}}),
    "masks zero": lambda: ExportSpec.from_json({**PLAIN, "masks": 0}),
    "masks no list": lambda: ExportSpec(**{**_plain(), "masks": 5}),
    "mask begin naive": lambda: Mask(points=POINTS, begin=datetime(2026, 1, 1)),  # type: ignore[arg-type]  # noqa: DTZ001
    "mask begin text": lambda: Mask(points=POINTS, begin="x"),  # type: ignore[arg-type]
    "mask inverted text": lambda: Mask(points=POINTS, inverted="no"),  # type: ignore[arg-type]
    "mask points a number": lambda: Mask(points=5),  # type: ignore[arg-type]
    "area out of the picture": lambda: Area(-5, 0, 9, 1),
}


def _plain() -> dict[str, Any]:
    return {"source": "a", "begin": Offset(0), "end": Offset(1), "format": "mp4"}


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_requests_that_mean_nothing(name: str) -> None:
    """A value of the wrong kind is an error when the spec is made, from Python as from JSON."""
    with pytest.raises(RequestError):
        NO_REQUESTS[name]()
