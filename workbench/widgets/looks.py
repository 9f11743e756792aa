"""Numbers that change whenever the masks or the crop of a camera do, so that a front knows which pictures are stale."""

from __future__ import annotations

import threading

from workbench.widgets.state import Look


class Versions:
    """See the module; one object counts for one view, in whichever of its threads."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[object, int]] = {}

    def of(self, source: str, look: Look) -> int:
        """The number of what is laid on a camera's pictures now; an open polygon is not laid on them."""
        laid = (look.masks, look.crop)
        with self._lock:
            seen, number = self._seen.get(source, (None, 0))
            if seen != laid:
                number += 1
                self._seen[source] = laid, number
            return number
