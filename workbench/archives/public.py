"""Machines that are public: on Binder anybody may get what is there, so only demonstration footage is opened.

Every recording passes `must_be_shown` before it is read, every VMS `must_run_here` before it is asked; nothing
happens on other machines. Known are the shipped recordings, by their content, and what was made from them: exports
and masters whose hashes `made` has written down. This keeps people from a mistake; whoever means to get round it
owns the machine anyway.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from workbench.core.errors import RequestError, SourceError

BANNER = "This machine is public: never bring evidence here. Only the shipped demonstration recordings are opened."
SIGNS = ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL")
"""Variables that Binder sets."""
SHIPPED = frozenset(
    (
        "9df7112a13f200d7a4e3c48f33bcc611467ddb96971d92fedbc8870a634e72da",
        "d52ba94aedf8a923c342fe9ea1d2bd85f712c4cc0f49a6de1bac43eebe3a48ff",
        "8a1875ee3127b363b5fa007f615e5e9e0ca58e24f688b0d60fc19ecd10982276",
        "ee2105b088c585f9982a10fb7b85e95cee2ffd09ded7c5e5f6ab5ebc5ad37079",
        "c1d46d1374a6f4136d9e0145bead2e7412681000ee329ea3bc44d9d9cc608571",
        "e1675ecbe3d34c1389840c1de5dd844415df50b1b1c518e1ef2087c37fdc8011",
        "011cbca84fc62187024bb73e4fbac3b24f0b05238a5ad3b915318a671d6d2abd",
        "37db9cee98f70b1458985a15ad2e5b0183e90e24c281b534afcf812e5986154f",
    )
)
"""SHA-256 of every recording below notebooks/recordings."""
_HERE = ("127.0.0.1", "localhost", "::1")
_SERVED: set[int] = set()
"""Ports on which this process serves archives, each of which passed `must_be_shown` itself."""


def is_public() -> bool:
    """Whether this runs on Binder."""
    return any(os.environ.get(name) for name in SIGNS)


def must_be_shown(recordings: Iterable[Path]) -> None:
    """On a public machine: say so once on stderr, and RequestError at the first recording that nobody knows."""
    if not is_public():
        return
    _say()
    known = SHIPPED | _written()
    for path in recordings:
        if _sha256(path, *_state(path)) not in known:
            advice = f"{BANNER} To look at your own footage, install the workbench on a machine of your own."
            raise RequestError("archive", f"{path.name} is none of the demonstration's recordings", advice)


def must_run_here(url: str) -> None:
    """On a public machine: RequestError for any VMS that this very process does not serve."""
    if not is_public():
        return
    _say()
    parts = urlsplit(url)
    if parts.hostname not in _HERE or parts.port not in _SERVED:
        advice = f"{BANNER} A demonstration server is started by notebooks/03_remote.ipynb."
        raise RequestError("archive", f"{url} is no server of this demonstration", advice)


def served(url: str) -> None:
    """This process serves at `url` from now on."""
    if port := urlsplit(url).port:
        _SERVED.add(port)


def made(hashes: Iterable[str]) -> None:
    """Files with these SHA-256 were made here from footage that passed: they may be opened as footage too."""
    if is_public():
        memory = _memory()
        memory.parent.mkdir(parents=True, exist_ok=True)
        with memory.open("a", encoding="ascii") as file:
            file.writelines(f"{one}\n" for one in hashes)


@cache
def _say() -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{BANNER}\n")


def _written() -> frozenset[str]:
    try:
        return frozenset(_memory().read_text("ascii", errors="replace").split())
    except OSError:
        return frozenset()  # nothing was made yet


def _memory() -> Path:
    from workbench.archives.local import default_cache

    return default_cache() / "made-here"


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as exc:
        raise SourceError(f"{path.name} cannot be looked at: {exc.strerror or exc}") from exc
    return found.st_size, found.st_mtime_ns


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """The digest of a file in the state that its size and time of change stand for."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise SourceError(f"{path.name} cannot be read: {exc.strerror or exc}") from exc
