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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for the module."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    with chromium() as running:
        yield running


@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize(("name", "form"), CASES, ids=[f"{n}-to-{f}" for n, f in CASES])
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
