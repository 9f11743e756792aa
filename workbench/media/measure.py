"""Opening a finished file again: what is in it is counted there, never taken from what we meant to write.

found = measure(path, codec, expected)      # raises nothing for a wrong file: found.problems says what is wrong
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkError
from workbench.media.coded import NAL_CODECS, payload_digest
from workbench.media.index import HIDDEN, NO_TIME
from workbench.media.recording import Recording
from workbench.media.reorder import decoded_rows

DECODE_BUDGET = 1_500_000_000
"""Pixels up to which every picture of a finished file is decoded again; beyond, joints are, and it is said."""


@dataclass(slots=True)
class Measured:
    """What a finished file holds."""

    shown: int = 0
    """Pictures a player shows."""
    contained: int = 0
    """Pictures in the file, hidden ones included."""
    ticks: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Display time of each picture, in decode order."""
    time_base: Fraction = Fraction(1, 1000)
    problems: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def measure(finished: Recording, codec: str, wanted: Sequence[bytes], report: Callable[[int], None]) -> Measured:
    """Read every packet of a finished file.

    `wanted` are the digests of its coded pictures in decode order, empty ones where nothing is claimed.
    """
    rows, name = finished.index.rows, finished.path.name
    hidden = int(np.count_nonzero(rows["flags"] & HIDDEN))
    found = Measured(
        shown=len(rows) - hidden, contained=len(rows), ticks=rows["pts"], time_base=finished.index.time_base
    )
    if (rows["pts"] == NO_TIME).any():
        found.problems.append(f"a picture of {name} has no time")
    size = 4 if codec in NAL_CODECS else 0
    if any(wanted):
        for at, data in finished.payloads(0, len(rows)):
            if at < len(wanted) and wanted[at] and payload_digest(data, codec, size) != wanted[at]:
                found.problems.append(f"picture {at} of {name} is not the one that was copied")
            if at % 256 == 0:
                report(at)
    if found.contained != len(wanted):
        found.problems.append(f"{name} holds {found.contained} pictures, {len(wanted)} were written")
    copied = sum(1 for digest in wanted if digest)
    if copied and not found.problems:
        unit = "normalised NAL units" if codec in NAL_CODECS else "packet payloads"
        found.checks.append(f"{copied} copied pictures: {unit} equal to the source's")
    return found


def decode_again(finished: Recording, report: Callable[[int], None]) -> list[int]:
    """Decode a whole finished file; returns the rows of which no decoder makes a picture."""
    silent = set(range(len(finished.index.rows)))
    silent.difference_update(decoded_rows(finished.path, report))
    return sorted(silent)


def sha256(path: Path, report: Callable[[int], None] = lambda done: None) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    done = 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                done += len(block)
                report(done)
    except OSError as exc:
        raise WorkError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """PyAV and the FFmpeg libraries it carries."""
    libraries = {name: ".".join(map(str, version)) for name, version in av.library_versions.items()}
    return {"pyav": av.__version__, "ffmpeg": getattr(av, "ffmpeg_version_info", "unknown"), **libraries}
