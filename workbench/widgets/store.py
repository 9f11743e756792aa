"""The session's memory in the case's folder: ``session.json``, written whole at each change before it counts as saved.

It is no evidence: the custody log does not speak of it, packages do not contain it. A file that cannot be read is kept
under another name and told, never overwritten.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from workbench.core.errors import RequestError, WorkError
from workbench.evidence.book import SESSION
from workbench.widgets.state import State

NAME = SESSION
MOST_BYTES = 64_000_000


def load(folder: Path) -> tuple[State | None, str]:
    """What was saved, or None; and a word on why not, empty where nothing is wrong."""
    path = folder / NAME
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as exc:
        return None, f"{NAME} cannot be read ({exc.strerror or exc}); the session begins anew."
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("it is too long")
        return State.from_json(json.loads(data)), ""
    except (RequestError, ValueError, RecursionError, TypeError) as exc:
        aside = path.with_name(f"{NAME}.{time.time_ns()}.unread")
        path.rename(aside)
        return None, f"{NAME} holds no session ({exc}); it was set aside as {aside.name}, and the session begins anew."


def save(folder: Path, state: State) -> None:
    """Write the state whole, synced, under its name; WorkError where that is not possible."""
    part = folder / f".{NAME}.{os.getpid()}.part"
    try:
        with part.open("w", encoding="utf-8") as stream:
            json.dump(state.to_json(), stream, ensure_ascii=True)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(folder / NAME)
    except (OSError, TypeError, ValueError) as exc:
        part.unlink(missing_ok=True)
        why = getattr(exc, "strerror", None) or exc
        raise WorkError(
            f"the session could not be saved in {folder.name}: {why}",
            "What you see is not saved. Free some room, or check your right to write there.",
        ) from exc
