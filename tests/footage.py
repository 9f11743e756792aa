"""Where the real recordings are.

WORKBENCH_FOOTAGE names the folder; else `shared/footage` beside the repository; else the small archive in it.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = {".mp4", ".mkv", ".avi", ".ts", ".ps", ".mpg", ".h264", ".h265", ".mov", ".webm", ".3gp"}


def footage() -> list[Path]:
    """Every real recording there is, sorted by name; empty where none are."""
    named = os.environ.get("WORKBENCH_FOOTAGE")
    places = [ROOT.parent / "shared" / "footage", ROOT / "notebooks" / "recordings"]
    for place in [Path(named)] if named else places:
        found = sorted(f for f in place.rglob("*") if f.suffix in SUFFIXES) if place.is_dir() else []
        if found:
            return found
    return []
