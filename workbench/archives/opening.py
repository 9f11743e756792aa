"""One way to open any archive: a folder of recordings, or the URL of a VMS.

open_archive("recordings")
open_archive("http://anna@vms.example:8000/asip-api", derive="beyond")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError

if TYPE_CHECKING:
    from workbench.archives.local import LocalArchive
    from workbench.archives.remote import RemoteArchive


def open_archive(where: str | Path, **remote: Any) -> LocalArchive | RemoteArchive:
    """The archive at a path or URL; `remote` are options of `RemoteArchive`, of which a folder takes only ``cache``."""
    if isinstance(where, str) and "://" in where:
        from workbench.archives.remote import RemoteArchive

        return RemoteArchive(where, **remote)
    from workbench.archives.local import LocalArchive

    for option in remote:
        if option != "cache":
            raise RequestError(option, "it is for the URL of a VMS; a folder takes none", "Leave it out.")
    return LocalArchive(where, **remote)
