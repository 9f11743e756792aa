"""Figure 2, small: a cut at arbitrary points copies 99 % of its frames or more, counted by ffmpeg's framemd5.

`bench/long_cut.py` does it with ten minutes and with Chromium.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import Wish, engine
from tests.long_cuts import SHARE, judge_long, long_clip
from tests.ranges import place
from tests.truth import make

CUTS = [(1_234_567, 198_765_432), (40_000 * 49, 40_000 * 4_950), (7, 199_000_001)]
TRIALS = [
    pytest.param(*cut, form, marks=[] if (cut, form) in ((CUTS[0], "mp4"), (CUTS[2], "mkv")) else [pytest.mark.slow])
    for cut in CUTS
    for form in ("mp4", "mkv")
]


@pytest.mark.slow
@pytest.mark.parametrize(("begin", "end", "form"), TRIALS)
def test_a_long_cut_is_copied(begin: int, end: int, form: str, tmp_path: Path) -> None:
    """At least 99 % of the packets of a cut stand bit for bit in the source, and every frame is right."""
    footage = place(long_clip(5000), tmp_path / "archive")
    wish = Wish(archive=footage.archive, source=footage.clip.name, begin=begin, end=end, form=form)
    (tmp_path / "out").mkdir()
    verdict = judge_long(footage, make(footage.clip), begin, end, engine().export(wish, tmp_path / "out"))
    assert verdict.findings == []
    assert verdict.share >= SHARE
