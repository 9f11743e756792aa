"""An exclusive lock on an open file; the operating system lets go of it when its holder ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def take(descriptor: int) -> bool:
        """Lock an open file for ourselves until it is closed; False where somebody else holds it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def take(descriptor: int) -> bool:
        """Lock an open file for ourselves until it is closed; False where somebody else holds it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def let_go(path: Path, descriptor: int) -> None:
    """Remove a lock file and let go of it; Windows removes no file that is open, nor one that another has open."""
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(descriptor)
    if os.name == "nt":
        with contextlib.suppress(OSError):
            path.unlink()
