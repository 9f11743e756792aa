"""Evidence figure 1 for `workbench verify`: every byte of every metadata file changed, one after the other.

    python bench/flips.py PACKAGE [--payload 10000] [--step 1]

Of a flip only what can find it is asked, with the verifier's own functions: for a file that a manifest covers, its
digests; for tag manifests and signature/, layout, manifests and seal. A run through everything takes hours
(`bench/tampers.py`) and asks the same functions, and more. --step takes each so manieth byte of files over 20 kB.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.evidence.findings import Verdict
from workbench.evidence.twin import Twin
from workbench.evidence.verify_bag import TAG_MANIFESTS, Bag
from workbench.evidence.verify_manifests import check_digests, check_manifests
from workbench.evidence.verify_seal import check_seal

MEDIA = (".mp4", ".mkv", ".avi", ".png", ".jpg", ".pdf")


def main() -> int:
    """Flip, check, count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--payload", type=int, default=10_000)
    parser.add_argument("--step", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "package"
        shutil.copytree(args.package, folder)
        twin = Twin(folder)
        missed, count = [], 0
        for path, at in places(twin, args.payload, args.step):
            data = bytearray(twin.read(path))
            data[at] ^= 1 << (count % 8)
            (folder / path).write_bytes(data)
            if path not in named(folder, path):
                missed.append(f"{path}: byte {at}")
            data[at] ^= 1 << (count % 8)
            (folder / path).write_bytes(data)
            count += 1
            if count % 5000 == 0:
                print(f"{count} changed, {len(missed)} missed", flush=True)
    print(f"{count} changed bytes, {len(missed)} not found with the file named", *missed[:20], sep="\n")
    return 1 if missed else 0


def places(twin: Twin, payload: int, step: int) -> Iterator[tuple[str, int]]:
    """Every byte of what is no picture or film; `payload` random ones of what is."""
    sizes = {path: len(twin.read(path)) for path in twin.paths()}
    for path, size in sizes.items():
        if not path.endswith(MEDIA):
            yield from ((path, at) for at in range(0, size, step if size > 20_000 else 1))
    films = [path for path in sizes if path.endswith(MEDIA)]
    rng = random.Random(3)
    for _ in range(payload):
        path = rng.choice(films)
        yield path, rng.randrange(sizes[path])


def named(folder: Path, path: str) -> set[str]:
    """The files that failed findings name, of the checks that look at this file."""
    bag = Bag(folder)
    if path in TAG_MANIFESTS or path.startswith("signature/"):
        found = [*bag.layout(), *check_manifests(bag), *check_seal(bag, "", "")]
    else:
        found = [*bag.layout(), *check_manifests(bag)]
        bag.files = {path: bag.files[path]}
        found += check_digests(bag)
    return {one.file for one in found if one.verdict is Verdict.FAILED}


if __name__ == "__main__":
    sys.exit(main())
