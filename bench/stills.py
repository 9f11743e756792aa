"""Exact JPEGs through the library in one process: ``python -m bench.stills ARCHIVE SOURCE OUT SECONDS…``."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.archives.local import LocalArchive
from workbench.core.timebase import Offset


def main() -> None:
    """Write one JPEG for each time."""
    archive, out = LocalArchive(sys.argv[1]), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    for seconds in sys.argv[4:]:
        frame = archive.frame(sys.argv[2], Offset(round(float(seconds) * 1_000_000)))
        (out / f"{seconds}.jpg").write_bytes(frame.jpeg())
    archive.close()


if __name__ == "__main__":
    main()
