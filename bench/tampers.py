"""Evidence figure 1 in full: ``python3 bench/tampers.py [PACKAGE] [--payload N] [--copies N]``.

Changes every byte of every metadata file (all outside ``data/`` and JSON in it; or one in --step), and N random payload
bytes (10,000), one at a time, in a package (default: a real one, with a signed report, signed and stamped); each
verifier must fail, and name the file. Then every structural tamper of `workbench challenge`, by both. Then N untouched
copies (1,000: copied, zipped, moved), in none of which anything may fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.evidence import bags
from tests.evidence.sealed import sealed
from workbench.evidence import challenge, verify_alone
from workbench.evidence.findings import Verdict
from workbench.evidence.unpacking import opened
from workbench.evidence.verify import check_bag
from workbench.evidence.verify_bag import Bag

Verifier = Callable[[Path, str | None], set[str]]
"""(package, a file) → the files of failed findings, at least up to the one that names that file; None: all of them."""
JSON = (".json", ".jsonl", ".jsonld")
CHUNK = 500
"""Changes that a process makes before it is given more."""
Flip = tuple[str, int, int]
"""A file, a place in it, and what its byte is changed by."""


def by_verify_py(package: Path, name: str | None) -> set[str]:
    """An empty name is that of a finding about no file."""
    return {one["file"] for one in verify_alone.check(package) if one["verdict"] == "failed"}


def by_workbench(package: Path, name: str | None) -> set[str]:
    """The package part of `workbench verify`, which finds one thing after the other."""
    found: set[str] = set()
    with opened(package) as (folder, wrong):
        bag = None if folder is None else Bag(folder)
        for one in wrong if bag is None else check_bag(bag, signer="", seal="", on_progress=lambda text, done: None):
            if one.verdict is Verdict.FAILED:
                found.add(one.file)
                if one.file == name:
                    break
    return found


VERIFIERS: dict[str, Verifier] = {"verify.py": by_verify_py, "workbench verify": by_workbench}


def flips(package: Path, payload: int, step: int) -> Iterator[Flip]:
    """One change for each byte of the metadata (one in `step`), then `payload` of random bytes of the rest."""
    dice = Random(2026)
    files = {f.relative_to(package).as_posix(): f.stat().st_size for f in sorted(package.rglob("*")) if f.is_file()}
    payload_files = {name for name in files if name.startswith("data/") and not name.endswith(JSON)}
    content = {name: files[name] for name in sorted(payload_files) if files[name]}
    for name in (name for name in files if name not in payload_files):
        yield from ((name, place, dice.randrange(1, 256)) for place in range(0, files[name], step))
    for name in dice.choices([*content], weights=[*content.values()], k=payload):
        yield name, dice.randrange(content[name]), dice.randrange(1, 256)


def judge(package: str, names: list[str], some: list[Flip]) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Make changes in a copy of this process's own; counts by verifier and outcome, and what was not right."""
    copy = Path(package).with_name(f"copy-{os.getpid()}")
    if not copy.exists():
        shutil.copytree(package, copy)
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for name, place, by in some:
        data = (copy / name).read_bytes()
        (copy / name).write_bytes(data[:place] + bytes([data[place] ^ by]) + data[place + 1 :])
        for verifier in names:
            found = VERIFIERS[verifier](copy, name)
            outcome = "named" if name in found else "found, not named" if found else "missed"
            counts[verifier, outcome] += 1
            if outcome != "named":
                wrong.append(f"{verifier}: {name} at {place} by {by:#04x}: {outcome} {sorted(found)}")
        (copy / name).write_bytes(data)
    return counts, wrong


def structural(package: Path) -> list[str]:
    """Structural tampers that a verifier missed, or false alarms on the package itself."""
    made = challenge.run(package)
    print(f"structural: {made.to_json()['caught']} of {len(made.tampers)} caught by both, {len(made.absent)} absent")
    missed = [f"structural: {one.name}: {one}" for one in made.tampers if not one.by_both]
    return missed or ([] if made.exit_code == 0 else [f"structural: {made.untouched}"])


def alarms(package: Path, names: list[str], count: int) -> list[str]:
    """False alarms on untouched copies."""
    found = []
    for number in range(count):
        place = package.with_name(f"untouched {number}") / package.name
        shutil.copytree(package, place)
        if number % 3 == 1:
            place = bags.zipped(place, place.with_suffix(".zip"), compressed=number % 2 == 0)
        elif number % 3 == 2:
            place = place.rename(place.with_name(f"moved to {number} ü"))
        found += [
            f"{verifier}: {place.name}: {files}" for verifier in names if (files := VERIFIERS[verifier](place, None))
        ]
        shutil.rmtree(place.parent)
    return found


def main() -> int:
    """Run all; exit code 1 where anything was missed, not named, or a false alarm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, nargs="?", help="a package as a folder")
    parser.add_argument("--payload", type=int, default=10_000, help="random payload bytes")
    parser.add_argument("--step", type=int, default=1, help="change one in so many bytes of the metadata")
    parser.add_argument("--copies", type=int, default=1_000, help="untouched copies")
    parser.add_argument("--only", choices=[*VERIFIERS], help="this verifier alone")
    args = parser.parse_args()
    names, begin = [args.only] if args.only else [*VERIFIERS], time.monotonic()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        package = Path(folder) / "package"
        if args.package:
            shutil.copytree(args.package, package)
        else:
            shutil.copytree(sealed().package, package)
        counts, wrong = campaign(package, names, args.payload, args.step)
        wrong += structural(package)
        wrong += alarms(package, names, args.copies)
    for verifier in names:
        outcomes = {o: counts[verifier, o] for o in ("named", "found, not named", "missed")}
        print(
            f"{verifier}: {sum(outcomes.values())} changed bytes: " + ", ".join(f"{n} {o}" for o, n in outcomes.items())
        )
    print(f"{args.copies} untouched copies; {len(wrong)} wrong in all; {time.monotonic() - begin:.0f} s")
    for one in wrong[:50]:
        print(one, file=sys.stderr)
    return int(bool(wrong))


def campaign(package: Path, names: list[str], payload: int, step: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """All changes, on all processors."""
    every = list(flips(package, payload, step))
    some = [every[at : at + CHUNK] for at in range(0, len(every), CHUNK)]
    counts: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    with ProcessPoolExecutor() as pool:
        for more, bad in pool.map(judge, [str(package)] * len(some), [names] * len(some), some):
            counts += more
            wrong += bad
    return counts, wrong


if __name__ == "__main__":
    sys.exit(main())
