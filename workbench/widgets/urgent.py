"""What must be heard while a cell runs: Cancel.

A message of a widget waits until the running cell has ended. Where the kernel has subshells (ipykernel 7), the front
asks for one and calls `cancel` in it; it runs beside the cell, in a thread of its own.
"""

from __future__ import annotations

import secrets
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.widgets.jobs import Jobs

_JOBS: weakref.WeakValueDictionary[str, Jobs] = weakref.WeakValueDictionary()


def known(jobs: Jobs) -> str:
    """A name by which the exports of a session can be called from a subshell."""
    name = secrets.token_hex(8)
    _JOBS[name] = jobs
    return name


def everyone() -> list[Jobs]:
    """The exports of every session of this kernel."""
    return list(_JOBS.values())


def cancel(name: str, job: str) -> bool:
    """Ask an export to stop; False where there is none of that name here."""
    found = next((one for one in _JOBS.get(name, ()) if one.id == job), None)
    if found is None:
        return False
    found.cancel()
    return True
