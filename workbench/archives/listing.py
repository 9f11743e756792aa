"""Which files of a folder are recordings, and of which camera.

A sub-folder is a camera with its files (at any depth); a recording that lies directly in the folder is a camera of its
own, and so is a single file in the folder's place. Names that begin with a dot are passed over.
"""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import SourceError
from workbench.media.suffixes import SUFFIXES


def recordings(folder: Path) -> dict[str, list[Path]]:
    """Recordings by source id, in the order of their paths; SourceError where the folder cannot be searched."""
    if not folder.is_dir():
        return {folder.name: [folder]}
    found: dict[str, list[Path]] = {}
    try:
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                files = [p for p in sorted(entry.rglob("*")) if _is_recording(p, folder)]
                if files:
                    found[entry.name] = files
            elif _is_recording(entry, folder):
                found[entry.name] = [entry]
    except OSError as exc:
        raise SourceError(
            f"{folder} cannot be searched: {exc.strerror or exc}", "Check your right to read it."
        ) from exc
    return found


def state(path: Path) -> tuple[int, int]:
    """Size and time of change, in bytes and nanoseconds; (-1, -1) for a file that is not there."""
    try:
        info = path.stat()
    except OSError:
        return -1, -1
    return info.st_size, info.st_mtime_ns


def _is_recording(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and not path.is_dir()
