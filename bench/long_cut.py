"""Figure 2 in full: a 10-minute H.264 recording cut at arbitrary points, judged by everybody.

The groups at the two borders are a fixed cost, so the 99 % belongs to ten minutes and more.
``python3 bench/long_cut.py [--minutes M] [--cuts N]``: frames and times in PyAV and in Debian's ffmpeg,
ffmpeg's error messages, packets equal to the source's (framemd5), and Chromium playing to the end and
seeking to 20 places.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.browser import CHROMIUM, chromium, judge_playback
from tests.engines import Wish, engine
from tests.long_cuts import judge_long, long_clip
from tests.ranges import Footage, place
from tests.truth import make


def main() -> int:
    """Make the cuts and print one line each; exit code 1 where one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--cuts", type=int, default=3)
    args = parser.parse_args()
    clip = long_clip(round(args.minutes * 60 * 25), 640, 360, gop=100)
    rng, wrong = random.Random(2), 0
    print("| cut (s) | to | frames | copied | share | findings |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        footage = place(clip, Path(folder) / "archive")
        for number in range(args.cuts):
            form = ("mp4", "mkv")[number % 2]
            begin = rng.randrange(1, 20_000_000)
            end = clip.frames * 40_000 - rng.randrange(1, 20_000_000)
            wrong += _cut(footage, begin, end, form, Path(folder) / str(number))
    return int(bool(wrong))


def _cut(footage: Footage, begin: int, end: int, form: str, out: Path) -> bool:
    out.mkdir()
    wish = Wish(archive=footage.archive, source=footage.clip.name, begin=begin, end=end, form=form)
    done = engine().export(wish, out)
    verdict = judge_long(footage, make(footage.clip), begin, end, done)
    findings = verdict.findings + _played(footage, begin, end, done.files[0])
    span = f"{begin / 1e6:.6f} … {end / 1e6:.6f}"
    told = "; ".join(findings) or "none"
    print(
        f"| {span} | {form} | {verdict.frames} | {verdict.copied} | {verdict.share:.4%} | {told} |",
        flush=True,
    )
    return bool(findings)


def _played(footage: Footage, begin: int, end: int, path: Path) -> list[str]:
    if not Path(CHROMIUM).exists():
        return ["Chromium is not installed: not checked"]
    inside = [(us, index) for index, us in footage.times.items() if begin <= us < end]
    with chromium() as browser:
        wanted = [(us - inside[0][0], index) for us, index in inside]
        return judge_playback(browser, path, wanted, speed=16)


if __name__ == "__main__":
    sys.exit(main())
