"""Names from servers as file names: harmless on any system, never two the same, always the same way."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.vms.wire import names

REAL = "LAPTOP-3UEDE0C4_DeviceIpint.14[20240923T113813.608000-20240923T113827.745000].mp4"
DEVICES = ("con", "prn", "aux", "nul", "com1", "lpt9", "com¹", "conin$")
SHAPES = [
    "../{}",
    "..\\{}",
    "/{}",
    "//{}/x",
    "C:\\{}",
    "C:{}",
    "\\\\srv\\{}",
    "{}\x00.mp4",
    "{}.",
    "{} ",
    " {}",
    ".{}",
    "-rf {}",
    "~{}",
    "{}\u202egpj.exe",
    "%2e%2e%2f{}",
    "{}\n",
    "{}\r\nSet-Cookie: a",
    "{}:stream",
    "{}*?",
    "{}|x",
    "{}<>",
    '{}"',
    "é{}",
    "e\u0301{}",
    "{}.MP4",
    "{}.mp4",
    "😀{}",
    "{}\ud800",
    "{}\u200b",
    "\ufeff{}",
    "$(x){}",
    "`x`{}",
    "{}\t.mp4",
]
HOSTILE = [
    *(shape.format(stem) for shape in SHAPES for stem in ("hall", "Hall", "x" * 300, "ä", "")),
    *(form.format(device) for device in DEVICES for form in ("{}", "{}.mp4", "{}.tar.gz")),
    ".", "..", "...", "", " ", "/", "\\", "x" * 5000 + ".mp4", "ﬁle.mp4",
    "file.mp4", "FILE.MP4", "ß.mp4", "SS.mp4", "ss.mp4",
]  # fmt: skip


def test_there_are_two_hundred_cases() -> None:
    """The list of hostile names is as long as the figure asks for."""
    assert len(set(HOSTILE)) >= 200


@pytest.mark.parametrize("name", [REAL, "hall.mp4", "Halle 1.mp4", "é.mkv", "😀.jpg"])
def test_sound_names_stay(name: str) -> None:
    """A name that is harmless everywhere is kept letter for letter."""
    assert names.harmless(name) == name


def _assert_harmless(name: str) -> None:
    assert 0 < len(name.encode()) <= names.MOST_BYTES
    assert not set('<>:"/\\|?*') & set(name)
    assert not any(unicodedata.category(c)[0] == "C" for c in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ".- ~"
    assert name[-1] not in ". "
    assert name.partition(".")[0].strip().lower() not in DEVICES


def test_hostile_names_stay_inside_and_apart(tmp_path: Path) -> None:
    """All hostile names become files of one folder, each its own even where case and Unicode form do not count."""
    taken: set[str] = set()
    for name in HOSTILE:
        made = names.harmless(name, taken)
        _assert_harmless(made)
        assert made not in taken
        taken.add(made)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / made).write_text(repr(name))
    assert {p.name for p in (tmp_path / "in").iterdir()} == taken
    assert len({names.key(made) for made in taken}) == len(HOSTILE)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_name_is_harmless_and_its_own(one: str, other: str) -> None:
    """Any text becomes a harmless name, the same one each time, and another one for another text."""
    first = names.harmless(one)
    _assert_harmless(first)
    assert names.harmless(one) == first
    second = names.harmless(other, {first})
    _assert_harmless(second)
    assert names.key(second) != names.key(first)
