"""Evidence figure 6: verifying a large package beside ``sha256sum``: ``python -m bench.verify_speed``.

A package of --gigabytes (2), which holds, is made from a real one: photographs of clock checks that are noise, log,
derived files, digests and signatures written anew. Then, in fresh processes and from a warm cache, --times (3) each:
``sha256sum``, the package's own verify.py, and the package part of ``workbench verify``, which read every byte once
and take SHA-256 and SHA-512 of it. Medians, and the ratio to sha256sum of the same round.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.meter import Cost, measure
from tests.evidence.sealed import sealed
from workbench.evidence import custody
from workbench.evidence.keys import Key
from workbench.evidence.package_derived import derived
from workbench.evidence.state import state_of
from workbench.evidence.twin import Twin
from workbench.evidence.verify_bag import Bag
from workbench.evidence.verify_told import readme_of

FILES = 4
OURS = """
import sys
from pathlib import Path
from workbench.evidence.findings import Findings
from workbench.evidence.verify import check_package
sys.exit(Findings(check_package(Path(sys.argv[1]))).exit_code)
"""


def large(folder: Path, gigabytes: float) -> Path:
    """A signed package of that size, which holds."""
    twin = Twin.of(sealed().package, folder)
    for path in twin.paths("signature"):
        if "time-stamp" in path:
            twin.remove(path)
    twin.info("Time-Stamps", "0")
    entries = twin.entries()
    check = next(entry for entry in entries if entry["what"] == "clock-checked")
    for number in range(2, FILES + 2):
        photo = _noise(folder, f"clock/K{number}.jpg", int(gigabytes * 1e9 / FILES))
        entries.append({**check, "data": {**check["data"], "id": f"K{number}", "photo": photo}})
    twin.rechain(entries)
    known = custody.read(twin.read(f"data/{custody.NAME}"))[0]
    results = {
        entry.data["id"]: json.loads(twin.read(f"data/{entry.data['record']['path']}"))
        for entry in known
        if entry.what == "export-done"
    }
    for path, data in derived(known, results).items():
        twin.write(f"data/{path}", data)
    key = Key.make_self_signed("Bench")
    twin.reseal(key)
    twin.write("README.txt", readme_of(Bag(folder), state_of(known), results))
    twin.reseal(key)
    return folder


def _noise(folder: Path, path: str, size: int) -> dict[str, object]:
    digest, left = hashlib.sha256(), size
    with (folder / "data" / path).open("wb") as file:
        while left:
            block = os.urandom(min(left, 1 << 22))
            digest.update(block)
            left -= file.write(block)
    return {"path": path, "sha256": digest.hexdigest(), "size": size, "kind": "photo"}


def commands(package: Path) -> dict[str, list[str]]:
    """What is measured, sha256sum first."""
    files = sorted(str(path) for path in package.rglob("*") if path.is_file())
    return {
        "sha256sum": ["sha256sum", *files],
        "verify.py": [sys.executable, str(package / "verify.py"), str(package)],
        "workbench verify": [sys.executable, "-c", OURS, str(package)],
    }


def main() -> None:
    """Make the package, measure, print, remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the package is made; else the system's scratch folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="workbench-bench-") as name:
        known = commands(large(Path(name) / "package", args.gigabytes))
        costs: dict[str, list[Cost]] = {who: [] for who in known}
        for _ in range(args.times):
            for who, words in known.items():
                costs[who].append(measure(words, cwd=Path(__file__).parents[1]))
        for who, found in costs.items():
            wall, cpu = (statistics.median(getattr(one, key) for one in found) for key in ("wall", "cpu"))
            pairs = zip(found, costs["sha256sum"], strict=True)
            ratios = [(one.wall / other.wall, one.cpu / other.cpu) for one, other in pairs]
            wall_ratio, cpu_ratio = (statistics.median(kind) for kind in zip(*ratios, strict=True))
            told = f"{wall:6.2f} s wall ({wall_ratio:.2f} × sha256sum), {cpu:6.2f} s CPU ({cpu_ratio:.2f} ×)"
            print(f"{who:<17} {told}, {max(one.process_mb for one in found):.0f} MB")


if __name__ == "__main__":
    main()
