"""The stored index of a recording without its rows, readable with the standard library alone.

Listing cameras and their coverage needs no more than this, so those who ask never load PyAV or numpy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERSION = 6
"""Changes whenever the meaning of a stored index does, so that old caches are made anew."""


def load_head(path: Path) -> dict[str, Any] | None:
    """Facts, losses and ``summary`` of the index stored at `path` (`media.index.save`); None where none is usable."""
    try:
        head: Any = json.loads(path.with_name(path.name + ".json").read_bytes())
    except (OSError, ValueError):
        return None
    return head if isinstance(head, dict) and head.get("version") == VERSION else None
