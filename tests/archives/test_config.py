"""`archive.toml`: what is read, and that each wrong value names its file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.archives.config import PLAIN, parse_config, read_config
from workbench.core.errors import RequestError, SourceError, WorkbenchError
from workbench.core.timebase import iso

WHOLE = """
[source."entrance"]
name = "Entrance hall"
zone = "Europe/Berlin"
clock_offset = -2.1
[source."entrance".start]
"clip.mp4" = "2026-03-01T10:00:00+01:00"
"native.mp4" = 2026-03-01T10:00:00.5+01:00
[source.yard]
"""


def test_everything_is_read(tmp_path: Path) -> None:
    """All keys arrive, exact to the microsecond."""
    (tmp_path / "archive.toml").write_text(WHOLE, encoding="utf-8")
    entrance = read_config(tmp_path).source("entrance")
    assert (entrance.name, entrance.zone) == ("Entrance hall", "Europe/Berlin")
    assert entrance.clock_offset_us == -2_100_000
    assert entrance.clock_offset == -2.1
    assert iso(entrance.starts["clip.mp4"]) == "2026-03-01T09:00:00.000000Z"
    assert iso(entrance.starts["native.mp4"]) == "2026-03-01T09:00:00.500000Z"


def test_unmentioned_source_is_plain(tmp_path: Path) -> None:
    """Without a file, or without a word on a source, the defaults hold."""
    assert read_config(tmp_path).source("entrance") == PLAIN
    assert parse_config(WHOLE).source("yard") == PLAIN
    assert PLAIN.tz.utcoffset(None) is not None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sources = 1", "sources"),
        ("source = 1", "source"),
        ('source."a" = 1', 'source."a"'),
        ('[source."a"]\nzon = "UTC"', 'source."a".zon'),
        ('[source."a"]\nzone = "Mars/Base"', 'source."a".zone'),
        ('[source."a"]\nzone = 1', 'source."a".zone'),
        ('[source."a"]\nname = ""', 'source."a".name'),
        ('[source."a"]\nclock_offset = "2"', 'source."a".clock_offset'),
        ('[source."a"]\nclock_offset = true', 'source."a".clock_offset'),
        ('[source."a"]\nclock_offset = nan', 'source."a".clock_offset'),
        ('[source."a"]\nclock_offset = 1e30', 'source."a".clock_offset'),
        ('[source."a"]\nstart = "2026"', 'source."a".start'),
        ('[source."a".start]\n"b.mp4" = "2026-03-01T10:00:00"', 'source."a".start."b.mp4"'),
        ('[source."a".start]\n"b.mp4" = 2026-03-01T10:00:00', 'source."a".start."b.mp4"'),
        ('[source."a".start]\n"b.mp4" = "+5"', 'source."a".start."b.mp4"'),
        ('[source."a".start]\n"b.mp4" = "2026-02-30T10:00:00Z"', 'source."a".start."b.mp4"'),
        ('[source."a".start]\n"b.mp4" = 7', 'source."a".start."b.mp4"'),
    ],
)
def test_a_wrong_value_names_file_and_key(text: str, key: str) -> None:
    """Each wrong value is a RequestError that names the file and the key."""
    with pytest.raises(RequestError) as caught:
        parse_config(text, "footage/archive.toml")
    assert caught.value.message.startswith(f"footage/archive.toml: {key}: ")


@pytest.mark.parametrize("raw", [b"[source", b"\xff\xfe", b"a = " + b"[" * 5000, b"x = 1\nx = 2"])
def test_no_toml_is_a_source_error(tmp_path: Path, raw: bytes) -> None:
    """A file that is no TOML, or no text, is a SourceError naming it, never a traceback."""
    path = tmp_path / "archive.toml"
    path.write_bytes(raw)
    with pytest.raises(SourceError, match=r"archive\.toml"):
        read_config(tmp_path)


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    """A folder called archive.toml is an error, not an absent config."""
    (tmp_path / "archive.toml").mkdir()
    with pytest.raises(WorkbenchError):
        read_config(tmp_path)


def test_byte_order_mark(tmp_path: Path) -> None:
    """Windows editors' byte order mark and line ends are accepted."""
    (tmp_path / "archive.toml").write_bytes(b'\xef\xbb\xbf[source.a]\r\nname = "A"\r\n')
    assert read_config(tmp_path).source("a").name == "A"
