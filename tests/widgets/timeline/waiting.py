"""A folder that answers as late as a far server."""

from __future__ import annotations

import threading
from typing import Any

from workbench import LocalArchive
from workbench.archives.base import Frame
from workbench.core.overview import Overview


class Waiting(LocalArchive):
    """A folder whose overviews, pictures and steps take as long as a far server's."""

    def __init__(self, *where: Any) -> None:
        """Nothing waits before `hold` is cleared."""
        super().__init__(*where)
        self.hold, self.asked = threading.Event(), threading.Event()
        self.hold.set()

    def frame(self, *args: Any, **more: Any) -> Frame:
        """The folder's picture, once it may come."""
        self._late()
        return super().frame(*args, **more)

    def step(self, *args: Any) -> int | None:
        """The folder's step, once it may come."""
        self._late()
        return super().step(*args)

    def overviews(self, *args: Any, **more: Any) -> tuple[Overview, ...]:
        """The folder's answer, once it may come."""
        self._late()
        return super().overviews(*args, **more)

    def _late(self) -> None:
        self.asked.set()
        self.hold.wait(20)
