"""Figure 1 in full: ``python3 bench/exact_ranges.py [N] [--seed S]`` judges N random ranges (1,000).

Prints a table by clip and format.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.engines import engine
from tests.ranges import CLIPS, PAIRS, place, random_ranges, trial


def main() -> int:
    """Run the ranges in one warm engine; exit code 1 where one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", default="figure 1")
    args = parser.parse_args()
    running, right, wrong, begin = engine(), Counter[str](), Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        placed = {name: place(CLIPS[name][0], Path(folder) / "archive") for name in CLIPS}
        for number in range(args.count):
            name, form = PAIRS[number % len(PAIRS)]
            span = next(random_ranges(placed[name].times, f"{args.seed}/{number}"))
            try:
                findings = trial(running, placed[name], form, span, Path(folder) / f"out{number}")
            except Exception as exc:  # noqa: BLE001 - whatever comes is a finding
                findings = [f"{type(exc).__name__}: {exc}"]
            (wrong if findings else right)[f"{name} to {form}"] += 1
            for finding in findings:
                print(f"{name} to {form} {span}: {finding}", file=sys.stderr, flush=True)
    print("| clip and format | ranges | right | wrong |\n|---|---|---|---|")
    for name, form in PAIRS:
        key = f"{name} to {form}"
        print(f"| {key} | {right[key] + wrong[key]} | {right[key]} | {wrong[key]} |")
    print(f"| all | {args.count} | {right.total()} | {wrong.total()} |")
    print(f"\n{time.monotonic() - begin:.0f} s, seed {args.seed!r}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
