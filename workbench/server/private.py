"""What a server keeps is for its owner's eyes only: folders 0700, files 0600, whatever was there before.

The state folder itself may be one that its owner made for more than this; what is made or found in it is closed.
"""

from __future__ import annotations

import os
from pathlib import Path

from workbench.core.errors import WorkError

FOLDER, FILE = 0o700, 0o600
BESIDE = ("-journal", "-wal", "-shm")
"""Endings of what SQLite lays beside a database; new ones get the mode of the database."""
_ADVICE = "Name another state folder with --state, one that is yours."


def folder(path: Path) -> Path:
    """A folder that only its owner can look into, made where there is none; WorkError where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=FOLDER)
        path.chmod(FOLDER)
    except OSError as exc:
        raise _unable(path, exc) from exc
    return path


def file(path: Path) -> Path:
    """A file that only its owner can read, made empty where there is none; WorkError where that cannot be."""
    try:
        if not _closed(path):  # one that is there is not opened: closing it would let go of SQLite's locks on it
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE))
    except OSError as exc:
        raise _unable(path, exc) from exc
    return path


def database(path: Path) -> Path:
    """The same for a database of SQLite and what lies beside it."""
    file(path)
    try:
        for ending in BESIDE:
            _closed(path.with_name(path.name + ending))
    except OSError as exc:
        raise _unable(path, exc) from exc
    return path


def whole(tree: Path) -> None:
    """Close a folder and everything in it; links are left alone. WorkError where that cannot be."""
    folder(tree)
    for path in tree.rglob("*"):
        if not path.is_symlink():
            folder(path) if path.is_dir() else file(path)


def _closed(path: Path) -> bool:
    """Close a file to others; False where there is none."""
    try:
        path.chmod(FILE)
    except FileNotFoundError:
        return False
    return True


def _unable(path: Path, exc: OSError) -> WorkError:
    return WorkError(f"{path.name} cannot be kept from others' eyes ({exc.strerror or exc})", _ADVICE)
