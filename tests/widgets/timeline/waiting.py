"""A folder that answers as late as a far server."""

from __future__ import annotations

import threading
from typing import Any

from workbench import LocalArchive
from workbench.core.overview import Overview


class Waiting(LocalArchive):
    """A folder whose overviews take as long as a far server's."""

    def __init__(self, *where: Any) -> None:
        """Nothing waits before `hold` is cleared."""
        super().__init__(*where)
        self.hold, self.asked = threading.Event(), threading.Event()
        self.hold.set()

    def overviews(self, *args: Any, **more: Any) -> tuple[Overview, ...]:
        """The folder's answer, once it may come."""
        self.asked.set()
        self.hold.wait(20)
        return super().overviews(*args, **more)
