"""Which files of a folder are recordings, and of which camera.

A sub-folder is a camera with its files (at any depth); a recording that lies directly in the folder is a camera of its
own, and so is a single file in the folder's place. Names that begin with a dot are passed over; folders that links
point to are not searched, nor are those that nobody may read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import SourceError
from workbench.media.suffixes import SUFFIXES

FileState = tuple[str, int, int, bool]
"""Path below the archive's folder, size, time of change in nanoseconds, whether it is a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """All recordings of one source as the file system tells them."""

    files: tuple[FileState, ...]
    """In the order of their paths."""
    folders: tuple[tuple[str, int], ...]
    """The folders they were found in, with their times of change from before they were searched."""


def names(folder: Path) -> tuple[str, ...]:
    """Ids of the sources, in order; SourceError where the folder cannot be searched."""
    if not folder.is_dir():
        return (folder.name,)
    return tuple(name for name, is_folder in tops(folder) if not is_folder or holds(folder, name))


def tops(folder: Path) -> tuple[tuple[str, bool], ...]:
    """What may be a source: recordings and folders directly in the folder, with whether it is a folder."""
    with _searching(folder), os.scandir(folder) as entries:
        found = [(e.name, _is_dir(e)) for e in entries if _is_dir(e) or _is_recording(e.name)]
    return tuple(sorted(pair for pair in found if not pair[0].startswith(".")))


def scan(folder: Path, source: str) -> Scan:
    """The recordings of a source, none where it is not there; SourceError where the folder cannot be searched."""
    if not folder.is_dir():
        files = [(folder.name, *state(folder), folder.is_symlink())] if source == folder.name else []
        return Scan(files=tuple(files), folders=())
    is_folder = dict(tops(folder)).get(source)
    if is_folder is None:
        return Scan(files=(), folders=())
    if not is_folder:
        path = folder / source
        return Scan(files=((source, *state(path), path.is_symlink()),), folders=())
    folders: list[tuple[str, int]] = []
    with _searching(folder):
        found = sorted(_walk(folder, source, folders), key=lambda file: file[0].split("/"))
    return Scan(files=tuple(found), folders=tuple(folders))


def state(path: Path) -> tuple[int, int]:
    """Size and time of change, in bytes and nanoseconds; (-1, -1) for a file that is not there."""
    try:
        info = path.stat()
    except OSError:
        return -1, -1
    return info.st_size, info.st_mtime_ns


def holds(folder: Path, source: str) -> bool:
    """Whether there is a recording in what may be a source."""
    if not (folder / source).is_dir():
        return True
    with _searching(folder):
        return next(_walk(folder, source, []), None) is not None


def _walk(root: Path, below: str, folders: list[tuple[str, int]]) -> Iterator[FileState]:
    place = root / below
    folders.append((below, state(place)[1]))
    try:
        entries = list(os.scandir(place))
    except (PermissionError, FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, f"{below}/{name}", folders)
        elif _is_recording(name) and not (entry.is_symlink() and _is_dir(entry)):
            yield f"{below}/{name}", *_entry_state(entry), entry.is_symlink()


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself is no folder
        return False


def _entry_state(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        info = entry.stat()
    except OSError:
        return -1, -1
    return info.st_size, info.st_mtime_ns


def _is_recording(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    return bool(stem) and (dot + suffix).lower() in SUFFIXES


@contextmanager
def _searching(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise SourceError(
            f"{folder} cannot be searched: {exc.strerror or exc}", "Check your right to read it."
        ) from exc
