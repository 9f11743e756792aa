"""A stand-in for ``workbench export``: ``careful`` keeps figure 5's promise, ``careless`` writes in place.

It copies the source file slowly, so that a kill has time to strike; `test_harness.py` runs the judge on both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """stand_in_cli careful|careless export ARCHIVE SOURCE BEGIN END … --out DIR."""
    way, _, archive, source = sys.argv[1:5]
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    recording = next((Path(archive) / source).iterdir())
    final = out / f"export{recording.suffix}"
    target = final if way == "careless" else final.with_suffix(".part")
    data = recording.read_bytes()
    with target.open("wb") as file:
        for at in range(0, len(data), len(data) // 50 + 1):
            file.write(data[at : at + len(data) // 50 + 1])
            file.flush()
            time.sleep(0.02)
        os.fsync(file.fileno())
    target.rename(final)
    print(json.dumps({"files": [{"path": final.name}]}))


if __name__ == "__main__":
    main()
