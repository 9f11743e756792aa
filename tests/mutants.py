"""Damaged recordings: how they are made, and the judge of what an engine does with them.

Every kind of damage is seeded, so that a mutant is known by its file, kind and seed. The judge allows two
ends: an export that accounts for each lost frame, or a refusal that names its reason. It counts as *silent
loss* when frames are missing and neither ledger, gap nor a warning that the clean recording does not give
says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from tests.driver import Outcome

MOST_RSS_MB = 600
UNCOUNTED = (".ts", ".ps", ".mpg", ".h264", ".h265")
"""Containers that do not say how much they should hold: there "cannot be verified" must stand in the warnings."""


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(1, len(data))]


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice([1, 8, 64])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _head(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice([1, 4, 16])):
        data[rng.randrange(min(4096, len(data)))] = rng.randrange(256)
    return data


def _tail(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice([1, 4, 16])):
        data[-1 - rng.randrange(min(4096, len(data)))] = rng.randrange(256)
    return data


def _block(data: bytearray, rng: random.Random) -> tuple[int, int]:
    size = rng.choice([1, 188, 1000, 20_000])
    begin = rng.randrange(len(data))
    return begin, min(len(data), begin + size)


def _zero(data: bytearray, rng: random.Random) -> bytearray:
    begin, end = _block(data, rng)
    data[begin:end] = bytes(end - begin)
    return data


def _delete(data: bytearray, rng: random.Random) -> bytearray:
    begin, end = _block(data, rng)
    return data[:begin] + data[end:]


def _insert(data: bytearray, rng: random.Random) -> bytearray:
    begin, end = _block(data, rng)
    return data[:begin] + rng.randbytes(end - begin) + data[begin:]


def _repeat(data: bytearray, rng: random.Random) -> bytearray:
    begin, end = _block(data, rng)
    return data[:end] + data[begin:end] + data[end:]


def _swap(data: bytearray, rng: random.Random) -> bytearray:
    begin, end = _block(data, rng)
    middle = (begin + end) // 2
    return data[:begin] + data[middle:end] + data[begin:middle] + data[end:]


KINDS: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "cut": _cut,
    "flip": _flip,
    "head": _head,
    "tail": _tail,
    "zero": _zero,
    "delete": _delete,
    "insert": _insert,
    "repeat": _repeat,
    "swap": _swap,
}


def mutant(data: bytes, kind: str, seed: str) -> bytes:
    """`data` damaged in one way."""
    return bytes(KINDS[kind](bytearray(data), random.Random(f"{kind}/{seed}")))


def campaign(names: Sequence[str], first: int = 0) -> Iterator[tuple[str, str, int]]:
    """Endless (clip, kind, seed): every kind on every clip, then all again with the next seed."""
    for seed in count(first):
        for kind in KINDS:
            yield from ((name, kind, seed) for name in names)


def cut(data: bytes, percent: float) -> bytes:
    """The first `percent` of a recording."""
    return data[: int(len(data) * percent / 100)]


def judge(clean: Outcome, outcome: Outcome, frames: int, suffix: str = "") -> list[str]:
    """What is wrong with the outcome of a damaged recording whose clean form holds `frames` frames.

    Where the container (`suffix`) carries no count, a standing warning that completeness cannot be verified is
    enough; anywhere else only what the clean recording does not say counts.
    """
    findings = []
    if outcome.rss_mb > MOST_RSS_MB:
        findings.append(f"{outcome.rss_mb} MB of memory")
    if outcome.status == "refused":
        return findings if outcome.message else [*findings, "refused without a reason"]
    if outcome.status != "done":
        return [*findings, f"{outcome.status}: {outcome.message[-400:]}"]
    lost = frames - outcome.shown
    listed = outcome.ledger.get("undecodable", 0) + outcome.ledger.get("missing", 0)
    said = outcome.gaps > clean.gaps or bool(set(outcome.warnings) - set(clean.warnings))
    if suffix in UNCOUNTED:
        said = said or any("cannot be verified" in warning for warning in outcome.warnings)
    if lost > 0 and not listed and not said:
        findings.append(f"silent loss: {lost} of {frames} frames")
    return findings


def put(data: bytes, folder: Path, suffix: str, source: str = "cam") -> Path:
    """Write a recording as the only file of a source in the archive `folder`."""
    target = folder / source / f"clip{suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target
