"""Figure 4 in full: ``python3 bench/mutants.py [N] [--first SEED]`` exports N mutants (500) of truth clips.

Prints what became of them by kind of damage.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.driver import Driver
from tests.mutants import KINDS, campaign
from tests.test_damaged import NAMES, cleanly, trial

COLUMNS = ("done", "refused", "traceback", "died", "hung", "wrong")


def main() -> int:
    """Run the campaign; exit code 1 where a mutant is not accounted for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=500)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    args = parser.parse_args()
    table, slowest, peak, begin = Counter[tuple[str, str]](), 0.0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Driver() as driver:
        archive, out = Path(folder) / "archive", Path(folder) / "out"
        clean = {name: cleanly(name, driver, archive, out / name) for name in NAMES}
        for name, kind, seed in islice(campaign(NAMES, args.first), args.count):
            start = time.monotonic()
            outcome, findings = trial(name, kind, seed, driver, archive, clean[name], out / "mutant")
            slowest, peak = max(slowest, time.monotonic() - start), max(peak, outcome.rss_mb)
            table[kind, outcome.status] += 1
            table[kind, "wrong"] += bool(findings)
            for finding in findings:
                print(f"{name} {kind} {seed}: {finding}", file=sys.stderr, flush=True)
            shutil.rmtree(out / "mutant", ignore_errors=True)
    _print(table)
    spent = time.monotonic() - begin
    print(f"\n{args.count} mutants in {spent:.0f} s, slowest {slowest:.1f} s, largest process {peak} MB")
    return int(any(table[kind, "wrong"] for kind in KINDS))


def _print(table: Counter[tuple[str, str]]) -> None:
    print("| damage | " + " | ".join(COLUMNS) + " |\n|---|" + "---|" * len(COLUMNS))
    for kind in KINDS:
        print(f"| {kind} | " + " | ".join(str(table[kind, c]) for c in COLUMNS) + " |")
    print("| all | " + " | ".join(str(sum(table[k, c] for k in KINDS)) for c in COLUMNS) + " |")


if __name__ == "__main__":
    sys.exit(main())
