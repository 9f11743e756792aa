"""Figure 2, Chromium's part: a cut plays to its end and seeks to 20 random places, showing the right frames.

Seeking is what finds joins that straight playing forgives. H.265 is left out: Debian's Chromium has no
decoder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, chromium, judge_playback
from tests.engines import Wish, engine
from tests.ranges import CLIPS, place
from tests.twins import TRIANGLE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is not installed"),
]
CASES = [("h264-b", "mp4"), ("h264-b", "mkv"), ("h264-nob", "mp4"), ("h264-open", "mp4"), ("h264-vfr", "mp4")]
CASES += [("h264-slices", "mp4"), ("h264-ts", "mp4"), ("h264-start", "mp4"), ("av1", "mp4")]
PLAIN = ("h264-b",)
"""Clips that are tried without a mask too, every time: a masked cut has the joins of a plain one and two more."""


def trials() -> list[Any]:
    """Each clip and format, masked and plain; most plain ones are left to ``-m slow``."""
    return [
        pytest.param(name, form, masked, id=f"{name}-to-{form}-{'masked' if masked else 'plain'}", marks=marks)
        for name, form in CASES
        for masked in (False, True)
        for marks in ([] if masked or (name in PLAIN and form == "mp4") else [pytest.mark.slow],)
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the module."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as running:
        yield running


@pytest.mark.parametrize(("name", "form", "masked"), trials())
def test_chromium_plays_and_seeks(name: str, form: str, masked: bool, browser: Any, tmp_path: Path) -> None:
    """Chromium plays a cut to its end and shows the right frame at 20 random places."""
    footage = place(CLIPS[name][0], tmp_path / "archive")
    at = footage.times
    begin, end = at[31] + 5, at[271] + 5
    masks = [{"points": TRIANGLE, "begin": at[110], "end": at[140]}] if masked else []
    wish = Wish(archive=footage.archive, source=name, begin=begin, end=end, form=form, masks=masks)
    (tmp_path / "out").mkdir()
    done = engine().export(wish, tmp_path / "out")
    wanted = [(us - at[32], index) for index, us in at.items() if begin <= us < end]
    assert judge_playback(browser, done.files[0], wanted) == []
    shutil.rmtree(tmp_path / "out")
