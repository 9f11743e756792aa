"""Figure 6 in one command: ``python3 bench/run.py [--quick] [--only WORDS] [--repeat N]``.

Every row runs our way and Debian's ffmpeg's way in turn, several times, on the same files, process start
included. CPU (all child processes included) is the judge; wall time and memory stand beside it. Prints a
table and writes bench/results.json and bench/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.material import folder
from bench.meter import Cost, Failed, measure
from bench.rows import Row, Way, rows

ROOT = Path(__file__).resolve().parent.parent
MEMORY_MORE = 20
HEAD = ("what", "CPU", "limit", "wall", "CPU s", "peak MB (tree)", "peer MB (tree)", "verdict")


def main() -> int:
    """Measure all rows; exit code 1 where one misses its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the lengths, one repetition")
    parser.add_argument("--only", default="", help="rows whose name holds these words")
    parser.add_argument("--repeat", type=int, default=0, help="repetitions (default 3, quick 1)")
    args = parser.parse_args()
    os.environ["WORKBENCH_CACHE"] = str(folder() / "index")
    results = []
    print(_line(HEAD), _line(["---"] * len(HEAD)), sep="\n")
    for row in rows(args.quick):
        if args.only in row.name:
            results.append(_measured(row, args.repeat or (1 if args.quick else 3)))
            print(_line(_cells(results[-1])), flush=True)
    _write(results)
    print(f"\n{_memory(results)}")
    return int(any(r["verdict"] not in ("ok", "informs") for r in results))


def _measured(row: Row, repeat: int) -> dict[str, Any]:
    ours, peers = [], []
    try:
        _once(row.ours, row.cold)  # warms file cache and index; not counted
        for _ in range(1 if row.once else repeat):
            ours.append(_once(row.ours, row.cold))
            peers.append(_once(row.peer))
    except Failed as exc:
        return {"name": row.name, "limit": row.limit, "verdict": "failed", "error": str(exc)}
    ratio = {key: _ratio(ours, peers, key) for key in ("cpu", "wall")}
    return {
        "name": row.name,
        "limit": row.limit,
        "ratio": ratio,
        "ours": [asdict(c) for c in ours],
        "peer": [asdict(c) for c in peers],
        "verdict": _verdict(row.limit, ratio["cpu"]),
    }


def _once(way: Way, cold: bool = False) -> Cost:
    if cold:
        shutil.rmtree(folder() / "index", ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        out = Path(scratch) / "out"
        out.mkdir()
        return measure(way(out), ROOT)


def _ratio(ours: list[Cost], peers: list[Cost], key: str) -> float:
    ratios: list[float] = [getattr(a, key) / getattr(b, key) for a, b in zip(ours, peers, strict=True)]
    return statistics.median(ratios)


def _verdict(limit: float | None, ratio: float) -> str:
    if limit is None:
        return "informs"
    return "ok" if ratio <= limit else "over"


def _peak(costs: list[dict[str, float]]) -> str:
    process, tree = (max(c[key] for c in costs) for key in ("process_mb", "tree_mb"))
    return f"{process:.0f} ({tree:.0f})"


def _cells(result: dict[str, Any]) -> list[str]:
    limit = "–" if result["limit"] is None else f"{result['limit']:g}"
    if "ratio" not in result:
        return [
            result["name"],
            "–",
            limit,
            "–",
            "–",
            "–",
            "–",
            f"failed: {result['error'].splitlines()[-1][:200]}",
        ]
    seconds = [statistics.median(c["cpu"] for c in result[side]) for side in ("ours", "peer")]
    ratio = result["ratio"]
    spent = f"{seconds[0]:.2f} / {seconds[1]:.2f}"
    cells = [result["name"], f"{ratio['cpu']:.3f}", limit, f"{ratio['wall']:.3f}", spent]
    return [*cells, _peak(result["ours"]), _peak(result["peer"]), result["verdict"]]


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _memory(results: list[dict[str, Any]]) -> str:
    """Peak memory of the copies: against the peer, and how far it grows with length."""
    copies = [r for r in results if r["name"].startswith("copy") and "ratio" in r]
    lines = []
    for result in copies:
        ours, peer = (max(c["tree_mb"] for c in result[side]) for side in ("ours", "peer"))
        word = "ok" if ours <= peer + MEMORY_MORE else "over"
        lines.append(f"- {result['name']}: {ours:.0f} MB, peer {peer:.0f} MB + {MEMORY_MORE}: {word}")
    for short, long in zip(copies, copies[2:], strict=False):
        grown = max(c["tree_mb"] for c in long["ours"]) - max(c["tree_mb"] for c in short["ours"])
        lines.append(f"- from {short['name']} to {long['name']}: {grown:+.0f} MB")
    return "Memory of the copies (whole process tree):\n" + "\n".join(lines)


def _write(results: list[dict[str, Any]]) -> None:
    machine = {"machine": platform.machine(), "cpus": os.cpu_count(), "python": platform.python_version()}
    here = ROOT / "bench"
    (here / "results.json").write_text(json.dumps({**machine, "rows": results}, indent=1) + "\n")
    table = [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(_cells(r)) for r in results)]
    (here / "results.md").write_text("\n".join([*table, "", _memory(results), ""]))


if __name__ == "__main__":
    sys.exit(main())
