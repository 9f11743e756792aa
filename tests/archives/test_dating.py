"""A recording's start: which forms of a name are read, which are not, and what clock changes do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.archives.config import SourceConfig
from workbench.archives.dating import date_file, times_in_name
from workbench.core.timebase import instant, instant_us

TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
BERLIN = SourceConfig(zone="Europe/Berlin")


@pytest.mark.parametrize(
    "name",
    [
        "20260301T100000.mp4",
        "20260301T100000",
        "2026-03-01_10-00-00.mkv",
        "2026-03-01T10:00:00.ts",
        "2026.03.01 10.00.00.avi",
        "2026_03_01_10_00_00.avi",
        "20260301100000.mp4",
        "20260301_100000.mp4",
        "20260301-100000.mp4",
        "20260301T100000Z.mp4",
        "20260301_100000_UTC.mp4",
        "20260301T110000+0100.mp4",
        "20260301T050000-0500.mp4",
        "cam2_20260301_100000.mp4",
        "VID20260301100000.mp4",
        "ch01/20260301_100000.mp4",
        "20261301100000_20260301_100000.mp4",
        "20260301T100000.264",
        "20260301T100000.h265",
        "20260301T100000.3gp",
        "20260301_100000-0001.mp4",
        "20260301100000_part2.mp4",
    ],
)
def test_forms_that_are_read(name: str) -> None:
    """Each accepted form, alone or inside a longer name, means ten o'clock UTC."""
    dating = date_file(name)
    assert dating.start_us == instant_us(TEN)
    assert dating.by == "file name"
    assert dating.end_us is None
    assert not dating.ambiguous


@pytest.mark.parametrize(
    "name",
    [
        "clip.mp4",
        "2026-03-01.mp4",
        "20260230T100000.mp4",
        "20260301T240000.mp4",
        "20260301T100060.mp4",
        "20261301100000.mp4",
        "120260301100000.mp4",
        "202603011000001.mp4",
        "2026-0301_100000.mp4",
        "2026-03-0110-00-00.mp4",
        "12345678901234.mp4",
        "",
    ],
)
def test_what_is_not_a_date(name: str) -> None:
    """Impossible dates, bare days and runs of further digits leave a file undated."""
    assert times_in_name(name) == ()
    assert date_file(name).by == "undated"
    assert date_file(name).start_us is None


def test_fraction() -> None:
    """A fraction of one to six digits is exact, with an extension behind it or without."""
    for name in ("20260301T100000.25.mp4", "20260301T100000.250000", "a[20260301T100000.25]b.mp4"):
        assert date_file(name).start_us == instant_us(TEN) + 250_000


def test_vms_name_has_both_times() -> None:
    """The VMS's own name gives first and last frame to the microsecond."""
    dating = date_file("S_DeviceIpint.14[20240923T113813.608000-20240923T113827.745000].mp4")
    assert instant(dating.start_us or 0).isoformat() == "2024-09-23T11:38:13.608000+00:00"
    assert instant(dating.end_us or 0).isoformat() == "2024-09-23T11:38:27.745000+00:00"


def test_vms_name_is_utc_whatever_the_zone() -> None:
    """The VMS writes UTC; a zone in archive.toml does not move its names, and a note says so."""
    dating = date_file("S[20240923T113813-20240923T113827].mp4", BERLIN)
    assert instant(dating.start_us or 0).hour == 11
    assert "UTC" in dating.notes[0]


def test_two_times_are_start_and_end() -> None:
    """Of two times the first is the start and the second the end."""
    dating = date_file("NVR_ch1_main_20260301100000_20260301103000.mp4")
    assert dating.start_us == instant_us(TEN)
    assert dating.end_us == instant_us(TEN + timedelta(minutes=30))
    assert dating.notes == ()


def test_end_before_start_is_no_end() -> None:
    """A second time that lies earlier is ignored and said."""
    dating = date_file("20260301100000_20250101000000.mp4")
    assert dating.start_us == instant_us(TEN)
    assert dating.end_us is None
    assert "before the first" in dating.notes[0]


def test_zone_behind_the_second_time_counts_for_both() -> None:
    """A Z behind one of two times is honoured for the other as well."""
    dating = date_file("20260301T100000-20260301T103000Z.mp4", BERLIN)
    assert dating.start_us == instant_us(TEN)
    assert not dating.zone_assumed


def test_zone_of_the_source() -> None:
    """Digits without a zone are local time in the source's zone; without one, UTC is assumed and said."""
    assert date_file("20260301_110000.mp4", BERLIN).start_us == instant_us(TEN)
    assert not date_file("20260301_110000.mp4", BERLIN).zone_assumed
    assert date_file("20260301_100000.mp4").zone_assumed


@pytest.mark.parametrize(
    ("name", "utc", "word"),
    [
        ("20251026_023000.mp4", "2025-10-26T00:30:00+00:00", "occurs twice"),
        ("20260329_023000.mp4", "2026-03-29T00:30:00+00:00", "never occurs"),
    ],
    ids=["fold", "gap"],
)
def test_clock_change_is_not_guessed(name: str, utc: str, word: str) -> None:
    """A local time that occurs twice or never is marked, with the earlier instant and a note."""
    dating = date_file(name, BERLIN)
    assert dating.ambiguous
    assert instant(dating.start_us or 0).isoformat() == utc
    assert word in dating.notes[0]


def test_written_offset_settles_a_clock_change() -> None:
    """An offset in the name leaves nothing ambiguous."""
    dating = date_file("20251026T023000+0100.mp4", BERLIN)
    assert not dating.ambiguous
    assert instant(dating.start_us or 0).isoformat() == "2025-10-26T01:30:00+00:00"


def test_end_in_the_second_hour_of_a_clock_change() -> None:
    """A recording across the change ends after it starts: 02:50 to 02:10 is twenty minutes."""
    dating = date_file("20251026_025000_20251026_021000.mp4", BERLIN)
    assert (dating.end_us or 0) - (dating.start_us or 0) == 20 * 60 * 1_000_000


def test_clock_offset_is_added_to_the_recorders_times() -> None:
    """The offset moves name and container times, not a start that a person wrote."""
    config = SourceConfig(clock_offset_us=-2_500_000, starts={"a.mp4": instant_us(TEN)})
    assert date_file("20260301T100000.mp4", config).start_us == instant_us(TEN) - 2_500_000
    assert date_file("x.mp4", config, "2026-03-01T10:00:00Z").start_us == instant_us(TEN) - 2_500_000
    assert date_file("a.mp4", config).start_us == instant_us(TEN)


def test_order_of_witnesses() -> None:
    """archive.toml goes before the name, the name before the container."""
    config = SourceConfig(starts={"20250101T000000.mp4": instant_us(TEN)})
    container = "2024-01-01T00:00:00.000000Z"
    assert date_file("cam/20250101T000000.mp4", config, container).by == "archive.toml"
    assert date_file("20250101T000000.mp4", SourceConfig(), container).by == "file name"
    assert date_file("clip.mp4", SourceConfig(), container).by == "container"


def test_container_time_in_the_sources_zone() -> None:
    """The container's Z is FFmpeg's own; a named zone wins over it, a real offset wins over the zone."""
    assert date_file("a.mp4", BERLIN, "2026-03-01T11:00:00.000000Z").start_us == instant_us(TEN)
    assert date_file("a.mp4", SourceConfig(), "2026-03-01T10:00:00.000000Z").start_us == instant_us(TEN)
    assert date_file("a.mp4", BERLIN, "2026-03-01T12:00:00+02:00").start_us == instant_us(TEN)
    assert date_file("a.mp4", SourceConfig(), "2026-03-01 10:00:00").zone_assumed


@pytest.mark.parametrize("text", ["1904-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z", "yesterday", ""])
def test_unset_container_time(text: str) -> None:
    """An unset or unreadable creation time dates nothing."""
    assert date_file("a.mp4", SourceConfig(), text).by == "undated"


@given(st.datetimes(), st.integers(1970, 2099), st.text(max_size=6))
def test_every_written_time_is_found_again(when: datetime, year: int, tail: str) -> None:
    """Any real time in the compact form is read back exactly, whatever follows behind a border."""
    when = when.replace(year=year, day=min(when.day, 28))
    found = times_in_name(f"cam_{when:%Y%m%dT%H%M%S.%f}_{tail}.mp4")
    assert found[0].local == when


@given(st.text(alphabet="0123456789T-_.:[]Z+ a", max_size=60))
def test_no_name_breaks_it(name: str) -> None:
    """Any name gives a dating, never an exception, in a zone with clock changes too."""
    dating = date_file(name, BERLIN)
    assert (dating.start_us is None) == (dating.by == "undated")
    assert dating.end_us is None or dating.start_us is None or dating.end_us >= dating.start_us
