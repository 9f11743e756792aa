"""Which kernel does something, so that its work is not taken for dead while it lives, nor for alive when it is gone.

A process is told by its number and the time it began: numbers are given again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def this_kernel() -> dict[str, Any]:
    """This process, as a job's note names it."""
    return {"pid": os.getpid(), "began": _began(os.getpid())}


def is_this(kernel: Any) -> bool:
    """Whether a note names this process."""
    return isinstance(kernel, Mapping) and dict(kernel) == this_kernel()


def lives(kernel: Any) -> bool:
    """Whether the process that a note names is still there; False where it cannot be told."""
    if not isinstance(kernel, Mapping) or not isinstance(kernel.get("pid"), int):
        return False
    return is_alive(kernel["pid"]) and kernel.get("began") == _began(kernel["pid"])


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number; False on systems where asking would disturb it."""
    if pid == os.getpid():
        return True
    if pid <= 0 or sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not _is_zombie(pid)


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine's start; empty where the system does not tell."""
    return _fields(pid)[19] if len(_fields(pid)) > 19 else ""


def _is_zombie(pid: int) -> bool:
    return _fields(pid)[:1] == ["Z"]


def _fields(pid: int) -> list[str]:
    """What Linux tells of a process, from its state on (proc(5), ``/proc/PID/stat``)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
