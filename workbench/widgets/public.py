"""Machines that are public: on Binder anybody may read what is there, so only the shipped recordings are looked at."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError

BANNER = "This machine is public: never bring evidence here. Only the shipped demonstration recordings are opened."
_SIGNS = ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL")
_SHIPPED = "LICENCES.md"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def is_public() -> bool:
    """Whether this runs on Binder."""
    return any(os.environ.get(name) for name in _SIGNS)


def must_be_shown_here(archive: Archive) -> None:
    """RequestError on a public machine for anything but the shipped recordings, or a server on the machine itself."""
    if not is_public():
        return
    if isinstance(archive, LocalArchive) and _is_shipped(archive.folder):
        return
    if isinstance(archive, RemoteArchive) and _host(archive.url) in _LOOPBACK:
        return
    raise RequestError("archive", "this machine is public, and this is not the demonstration", BANNER)


def _is_shipped(folder: Path) -> bool:
    """The repository's own folder of recordings, by its place, and not a copy with other things in it."""
    place = folder.resolve()
    home = Path(os.environ.get("REPO_DIR", Path(__file__).resolve().parents[2])).resolve() / "notebooks" / "recordings"
    return place == home or home in place.parents


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].rsplit(":", 1)[0]
