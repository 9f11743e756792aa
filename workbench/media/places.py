"""A place of a job → its recording with the stored index: ``{name, path, index, start, used_from}``."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.media import keys
from workbench.media.index import load, save, scan
from workbench.media.recording import Recording


def recording_at(place: dict[str, Any]) -> Recording:
    """A recording with its whole index, from a job's `places`; the last few are kept, since stepping asks again."""
    return _recording(str(place["name"]), str(place["path"]), str(place["index"]), int(place["start"]))


@lru_cache(maxsize=4)
def _recording(name: str, path: str, stored: str, start: int) -> Recording:
    index = load(Path(stored))
    if index is None:  # caches may be emptied while somebody works
        index = scan(Path(path), lambda news: None)
        with suppress(OSError):
            keys.save(index, Path(stored))
            save(index, Path(stored))
    return Recording(name, Path(path), index, start)
