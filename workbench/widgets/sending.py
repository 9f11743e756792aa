"""A file on its way to the browser, one piece a question: nothing is ever held whole in the kernel.

data, size = piece(path, at=0, sha256="9c…")     # the file is compared with its record before its first piece goes
"""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import RequestError, SourceError
from workbench.evidence import hashing

CHUNK = 4 << 20
"""Bytes of one piece."""
MOST_SENT = 256 << 20
"""Bytes of a file that are sent to a browser at the most; a larger one is opened where it lies."""


def piece(path: Path, at: int, sha256: str | None) -> tuple[bytes, int]:
    """The piece that begins at byte `at`, and the file's size.

    RequestError for a file that is too large; SourceError for one that is gone, or whose SHA-256 is not `sha256` (None:
    no record tells it).
    """
    try:
        with hashing.open_plain(path) as stream:
            size = path.stat().st_size
            if size > MOST_SENT:
                raise RequestError(
                    "file", f"{path.name} has {size} bytes, too many for a browser", f"It lies at {path}."
                )
            if sha256 is not None and at <= 0 and hashing.sha256(path)[0] != sha256:
                raise SourceError(f"{path.name} is not what its record says", "Somebody changed it: check the case.")
            stream.seek(max(0, at))
            return stream.read(CHUNK), size
    except OSError as exc:
        raise SourceError(f"{path.name}: {exc.strerror or exc}", "Look into its folder.") from exc
