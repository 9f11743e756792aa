"""A master fetched from a VMS, untouched, as a folder that is an archive: from here on everything works locally.

out/archive.toml                         the camera's name, the server's zone, the master's true start
out/Hall/Server1_1.Hall[…].mkv           the master
out/Hall/….mkv.flight.jsonl, .json       every call, and the record of the export
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from workbench.archives.config import FILE_NAME
from workbench.archives.remote_derive import archive_toml
from workbench.core.errors import NameTaken, WorkError
from workbench.core.result import ExportResult
from workbench.core.timebase import iso
from workbench.media import naming


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """A master that was fetched."""

    folder: Path
    """The archive that it became."""
    source: str
    """Id of its camera in that archive."""
    file: str
    """The master, relative to the folder; the first one where the server made several."""
    sha256: str
    size: int
    first: int | None
    """Instant of its first picture; None where nobody says, and then it is undated in the archive."""
    last: int | None
    result: ExportResult

    def to_json(self) -> dict[str, Any]:
        """The master as the command line prints it."""
        return {
            "folder": str(self.folder),
            "source": self.source,
            "file": self.file,
            "sha256": self.sha256,
            "size": self.size,
            "first": None if self.first is None else iso(self.first),
            "last": None if self.last is None else iso(self.last),
            "result": self.result.to_json(),
        }


def acquire(out: Path, camera: str, zone: str, export: Callable[[Path], ExportResult]) -> Acquired:
    """Let `export` fetch a master into a sub-folder of `out` named after the camera, and make `out` an archive."""
    toml = out / FILE_NAME
    if toml.exists() or toml.is_symlink():
        raise NameTaken(f"{out} is an archive already", "Choose another folder; nothing is ever overwritten.")
    folder = out / naming.safe(camera)
    result = export(folder)
    masters = [file for file in result.files if file.kind == "video"]
    starts = {PurePath(file.path).name: file.first for file in masters if file.first is not None}
    try:
        with toml.open("x", encoding="utf-8") as file:
            file.write(archive_toml(folder.name, camera, zone, starts))
    except FileExistsError as exc:
        raise NameTaken(f"{toml} exists already", "The master lies in the folder; name its start there.") from exc
    except OSError as exc:
        raise WorkError(f"{toml} cannot be written: {exc.strerror or exc}", "The master lies in the folder.") from exc
    first = masters[0]
    return Acquired(
        folder=out,
        source=folder.name,
        file=f"{folder.name}/{PurePath(first.path).name}",
        sha256=first.sha256,
        size=first.size,
        first=first.first,
        last=first.last,
        result=result,
    )
