"""The stored index of a recording without its rows, readable with the standard library alone.

Listing cameras and their coverage needs no more than this, so those who ask never load PyAV or numpy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERSION = 16
"""Changes whenever the meaning of a stored index does, so that old caches are made anew."""


def load_head(path: Path) -> dict[str, Any] | None:
    """Facts, losses and ``summary`` of the index stored at `path` (`media.index.save`); None where none is usable."""
    try:
        head: Any = json.loads(path.with_name(path.name + ".json").read_bytes())
        rows = path.with_name(path.name + ".npy").stat().st_size
    except (OSError, ValueError):
        return None
    if not isinstance(head, dict) or head.get("version") != VERSION or head.get("stored") != rows:
        return None
    return head


def stored(path: Path) -> bool:
    """Whether an index is still stored at `path`; caches may be emptied while somebody works."""
    return path.with_name(path.name + ".npy").exists() and path.with_name(path.name + ".json").exists()
