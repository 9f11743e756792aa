"""Wire forms of times, ids, paths and bodies: what one end writes the other reads back equal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import RequestError, WorkbenchError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask, MaskKey
from workbench.core.timebase import instant
from workbench.vms.wire import body, ids, paths, times
from workbench.vms.wire.paths import CALENDAR, CONTENTS, EVENTS, EXPORT, Family
from workbench.vms.wire.times import FUTURE, PAST, Time

VSID = "SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0"
NUMBERS = st.integers(times.EARLIEST, times.LATEST)
TIMES = st.one_of(NUMBERS, st.sampled_from([PAST, FUTURE]))
SEGMENTS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=20)
PARTS = SEGMENTS.filter(lambda s: s not in (".", ".."))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
UNIT = st.floats(0, 1, allow_nan=False)
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
MINUTE = datetime(2026, 3, 1, 10, 1, tzinfo=UTC)


@given(TIMES)
def test_times_come_back(time: Time) -> None:
    """A time written with six digits is read back equal, with a Z behind it too."""
    assert times.read(times.write(time)) == time
    if isinstance(time, int):
        assert times.read(times.write(time) + "Z") == time


@given(NUMBERS, st.integers(0, 6))
def test_fewer_digits_round_down(us: int, digits: int) -> None:
    """Fewer fraction digits cut the time off and never move it on."""
    step = 10 ** (6 - digits)
    assert times.read(times.write(us, digits)) == us // step * step


@pytest.mark.parametrize(
    "text",
    ["", "now", "PAST", "2026-03-01T10:00:00Z", "+5", "20260301T100000.", "20260301T100000.1234567", "20260230T100000",
     "20260301T240000", "20260301T235960", "00000301T100000", "٢٠٢٦٠٣٠١T١٠٠٠٠٠", "20260301T100000\n", "1" * 5000],
)  # fmt: skip
def test_other_times_are_refused(text: str) -> None:
    """What is not in the API's form, or not in the calendar, is a RequestError with the field's name."""
    with pytest.raises(RequestError) as error:
        times.read(text, "BEGINTIME")
    assert error.value.field == "BEGINTIME"
    assert len(str(error.value)) < 300


def test_1900_is_the_contracts_constant() -> None:
    """The contract's sample of the 1900 epoch is 28 October 2021."""
    assert instant(times.of_1900(3844368000000)) == datetime(2021, 10, 28, tzinfo=UTC)
    assert times.to_1900(times.of_1900(3844368000000)) == 3844368000000


@given(PARTS, PARTS, PARTS)
def test_ids_come_back(host: str, device: str, endpoint: str) -> None:
    """An id is read back from its bare form and from its access point."""
    source = ids.SourceId(host, device, endpoint)
    assert ids.source_id(ids.access_point(source)) == source
    if host != "hosts":
        assert ids.source_id(str(source)) == source


@pytest.mark.parametrize("text", ["", "a/b", "a/b/c/d", "a//c", "../b/c", "a/b/..", "a/b/c\n", "a/\x00/c", "/" * 999])
def test_other_ids_are_refused(text: str) -> None:
    """An id has three sound segments."""
    with pytest.raises(RequestError):
        ids.source_id(text)


@pytest.mark.parametrize(
    ("family", "first", "second", "newest_first"),
    [
        (CONTENTS, PAST, FUTURE, True), (CONTENTS, FUTURE, PAST, False), (CONTENTS, 1, 2, True),
        (CONTENTS, 2, 1, False),
        (EVENTS, PAST, FUTURE, True), (EVENTS, FUTURE, PAST, False), (EVENTS, 1, 2, False), (EVENTS, 2, 1, True),
        (EXPORT, 1, 2, False), (EXPORT, 2, 1, False), (CALENDAR, 2, 1, False),
    ],
)  # fmt: skip
def test_order_is_the_contracts_table(family: Family, first: Time, second: Time, newest_first: bool) -> None:
    """The two times of a path mean what the contract's table says of their family."""
    begin, end = (PAST, FUTURE) if isinstance(first, times.Bound) else (1, 2)
    assert paths.order(first, second, family) == (begin, end, newest_first)


def test_left_out_times_are_newest_first() -> None:
    """Without times an address means everything, newest first."""
    assert paths.order() == (PAST, FUTURE, True)


@given(TIMES, TIMES, st.booleans())
def test_paths_come_back(one: Time, other: Time, newest_first: bool) -> None:
    """A path written by the client is understood by the server: same begin, end and direction."""
    begin, end = sorted((one, other), key=times.position)
    made = {
        CONTENTS: paths.intervals(VSID, begin, end, newest_first),
        EVENTS: paths.alerts(VSID, begin, end, newest_first),
        EXPORT: paths.export_start("archive", VSID, begin, end),
        CALENDAR: paths.calendar(VSID, begin, end),
    }
    for family, path in made.items():
        assert VSID in path
        first, second = map(times.read, path.split("/")[-2:])
        found = paths.order(first, second, family)
        assert found[:2] == (begin, end)
        assert begin == end or found[2] is (newest_first and family in (CONTENTS, EVENTS))


@given(PARTS, PARTS)
def test_ids_stay_three_segments_in_paths(host: str, device: str) -> None:
    """Percent-encoding keeps whatever a host is called inside its segment."""
    path = paths.depth(ids.SourceId(host, device))
    assert path.isascii()
    assert not set("?#% \\") & set(unquote(path).replace(host, "").replace(device, ""))
    assert [unquote(s) for s in path.split("/")[4:6]] == [host, device]


AREAS = st.tuples(UNIT, UNIT, UNIT, UNIT).filter(lambda c: c[0] < c[2] and c[1] < c[3]).map(lambda c: Area(*c))
TRIANGLES = st.tuples(UNIT, UNIT).map(lambda p: Mask(points=((0.0, 0.0), (p[0], 1.0), (1.0, p[1] / 2))))
SPECS = st.builds(
    ExportSpec,
    source=st.just(VSID),
    begin=st.just(TEN),
    end=st.just(MINUTE),
    format=st.sampled_from(["mp4", "mkv", "avi"]),
    archive=st.none() | st.just("hosts/S/MultimediaStorage.A/MultimediaStorage"),
    video_quality=st.integers(0, 6),
    audio_quality=st.integers(0, 6),
    rate_divisor=st.sampled_from([1, 2, 4, 8]),
    size_limit=st.integers(0, 2**62),
    stamp_format=st.none() | TEXTS,
    crop=st.none() | AREAS,
    masks=st.lists(TRIANGLES, max_size=3).map(tuple),
    text_color=st.just("#e31e1e"),
    comment=TEXTS,
    snapshot_area=st.none() | AREAS,
    comment_area=st.none() | AREAS,
    stamp_area=st.none() | AREAS,
    layout=st.sampled_from(["portrait", "landscape"]),
    text_zone=st.none() | st.sampled_from(["+01:00", "-03:30", "+00:00"]),
)


@settings(max_examples=60)
@given(SPECS)
def test_requests_come_back(spec: ExportSpec) -> None:
    """A spec that the API can say is read back equal from its body, the strict way too."""
    spec = replace(spec, crop=None) if spec.crop == Area(0.0, 0.0, 1.0, 1.0) else spec
    assert body.beyond(spec) == {}
    sent = json.dumps(body.write(spec, marker="a-1")).encode()
    read = body.read(sent, strict=True)
    assert read.marker == "a-1"
    assert body.spec(read, spec.source, spec.begin, spec.end) == spec


def _spec(**fields: Any) -> ExportSpec:
    return ExportSpec(**{"source": VSID, "begin": TEN, "end": MINUTE, "format": "mp4", **fields})


CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))


@pytest.mark.parametrize(
    ("fields", "beyond"),
    [
        ({"burn": True}, ["burn"]),
        ({"burn": False}, []),
        ({"burn": True, "format": "avi"}, []),
        ({"burn": False, "format": "avi", "comment": "x"}, ["burn"]),
        ({"audio": "drop"}, ["audio"]),
        ({"gaps": "collapse"}, ["gaps"]),
        ({"text_zone": "Europe/Berlin"}, []),
        ({"text_zone": "Europe/Berlin", "end": datetime(2026, 7, 1, tzinfo=UTC)}, ["text_zone"]),
        ({"text_zone": "Europe/Berlin", "end": datetime(2027, 2, 1, tzinfo=UTC)}, ["text_zone"]),
        ({"text_zone": "+01:00"}, []),
        ({"masks": (Mask(points=CORNERS, inverted=True),)}, ["masks"]),
        ({"masks": (Mask(points=CORNERS, style="blur"),)}, ["masks"]),
        ({"masks": (Mask(points=CORNERS, begin=TEN),)}, ["masks"]),
        ({"masks": (Mask(points=CORNERS, reason="a passer-by"),)}, []),
        ({"masks": (Mask(points=CORNERS, keys=(MaskKey(at=TEN, points=CORNERS),)),)}, ["masks"]),
    ],
)
def test_beyond_names_what_the_api_cannot_say(fields: dict[str, Any], beyond: list[str]) -> None:
    """Each field without words in the API is named with a reason, and no other."""
    found = body.beyond(_spec(**fields))
    assert list(found) == beyond
    assert all(found.values())


def test_a_mask_that_moves_is_never_sent_at_rest() -> None:
    """It would hide another place: nothing is written, and the reason and the way out are told."""
    moving = Mask(points=CORNERS, keys=(MaskKey(at=TEN, points=CORNERS),))
    assert "no shape that moves" in body.beyond(_spec(masks=(moving,)))["masks"]
    with pytest.raises(RequestError, match="no shape that moves") as caught:
        body.write(_spec(masks=(moving,)))
    assert caught.value.field == "masks" and "master" in caught.value.advice


@pytest.mark.parametrize("more", [{"masks": []}, {"keys": [{"at": "+1"}]}, {"maskspace": [{"points": [], "keys": []}]}])
@pytest.mark.parametrize("strict", [False, True])
def test_masks_in_the_words_of_a_spec_are_refused(more: dict[str, Any], *, strict: bool) -> None:
    """A server that passed over them would hand out what somebody meant to hide."""
    with pytest.raises(RequestError) as caught:
        body.read(json.dumps({"format": "mp4", **more}).encode(), strict=strict)
    assert caught.value.field == next(iter(more))


def test_zone_is_sent_in_minutes() -> None:
    """A zone with one offset in the range is sent as minutes east of UTC."""
    assert body.write(_spec(text_zone="Europe/Berlin"))["timezoneOffset"] == 60
    assert "timezoneOffset" not in body.write(_spec())
    assert body.write(_spec(), zone_minutes=-90)["timezoneOffset"] == -90


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (b"", "body"), (b"[]", "body"), (b"null", "body"), (b"\xff{}", "body"), (b'{"format":NaN}', "body"),
        (b'{"format":"mp4","format":"mkv"}', "body"), (b"[" * 100_000, "body"),
        (b'{"vc":' + b"9" * 5000 + b"}", "body"),
        (b"{}", "format"), (b'{"format":"mov"}', "format"), (b'{"format":["mp4"]}', "format"),
    ],
)  # fmt: skip
def test_wrong_bodies_name_their_field(sent: bytes, field: str) -> None:
    """What cannot be meant is refused with the API's name of the field."""
    with pytest.raises(RequestError) as error:
        body.read(sent)
    assert error.value.field == field


WRONG = {
    "vc": ["7", "-1", "1.5", "true", "[]"],
    "ac": ['"x"', '"1e"'],
    "freq": ["4"],
    "layout": ["2"],
    "maxfilesize": ["1e300", "-1", '"1e99"', "1e999"],
    "croparea": ["[[0,0],[2,1]]", "[[0,0],[0,1]]", '"a"', '"0,0!.,."', "5"],
    "tsplace": ["[[0,0]]"],
    "maskspace": ["[[[0,0],[1,1]]]", "{}", "[[[0,0],[0.5,0.5],[1,1]]]", "[5]"],
    "color": ['"red"', "5"],
    "comment": ['"\\ud800"', "5"],
    "tsformat": ["[]"],
    "tocloud": ['"yes"'],
    "timezoneOffset": ["9999"],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_wrong_values_name_their_field(field: str, value: str) -> None:
    """A value that its field cannot have is refused with the API's name of the field."""
    with pytest.raises(RequestError) as error:
        body.read(f'{{"format":"mp4","{field}":{value}}}'.encode())
    assert error.value.field == field


@pytest.mark.parametrize("sent", [{"vc": "3"}, {"nosuch": 1}, {"request": {"a": 1}}, {"croparea": "0,0!0.5,0.5"}])
def test_strict_refuses_what_lenient_forgives(sent: dict[str, Any]) -> None:
    """Numeric strings, unknown keys and the oldest area form pass the lenient reader only."""
    data = json.dumps({"format": "mp4", **sent}).encode()
    body.read(data)
    with pytest.raises(RequestError):
        body.read(data, strict=True)


def test_the_web_clients_body_is_read() -> None:
    """The body that the vendor's own web client sends is understood whole."""
    sent = b"""{"format":"avi","comment":"","vc":3,"filename":"SERVER1_1.Cam[a_b]","tocloud":false,
               "archive":"hosts/SERVER1/MultimediaStorage.A/MultimediaStorage","timezoneOffset":180}"""
    read = body.read(sent, strict=True)
    assert (read.filename, read.timezone_offset) == ("SERVER1_1.Cam[a_b]", 180)
    assert body.spec(read, VSID, TEN, MINUTE).text_zone == "+03:00"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*body.write(_spec()), "maskspace", "croparea", "tsplace", "request"]), JSON))
def test_no_body_gives_a_traceback(sent: dict[str, Any]) -> None:
    """Whatever stands in the fields, reading ends in a body or in our own error."""
    try:
        read = body.read(json.dumps({"format": "mp4", **sent}).encode())
    except WorkbenchError:
        return
    assert body.spec(read, VSID, TEN, MINUTE).format in ("mp4", "mkv", "avi", "exe", "jpg", "pdf")
