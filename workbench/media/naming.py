"""Names of finished files, in the VMS's habit: camera and the times of the first and last picture really held.

    Entrance_hall[20260301T100000.000000-20260301T100959.960000].mp4

A finished name is taken by a hard link, which fails where the name exists: nothing is overwritten, and a name never
stands for less than a whole file.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from workbench.core.errors import NameTaken, WorkError
from workbench.core.timebase import compact, shown

_LONGEST = 80
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe(camera: str) -> str:
    """A camera's name as part of a file name on any system; never empty, never a path."""
    text = unicodedata.normalize("NFC", camera)
    kept = "".join(c if c.isalnum() or c in "-.()" else "_" for c in text)
    kept = kept.strip("._ ")[:_LONGEST] or "camera"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def video(camera: str, first: int, last: int, dated: bool, form: str) -> str:
    """Name of a file that holds pictures from `first` to `last` (microseconds on the source's time line)."""
    return f"{safe(camera)}[{_time(first, dated)}-{_time(last, dated)}].{form}"


def picture(camera: str, at: int, dated: bool, form: str) -> str:
    """Name of a file that holds the one picture of an instant."""
    return f"{safe(camera)}[{_time(at, dated)}].{form}"


def _time(us: int, dated: bool) -> str:
    return compact(us) if dated else shown(us, False)


def publish(path: Path, folder: Path, name: str) -> Path:
    """Give a complete, synced file its final name in `folder`; NameTaken where the name exists."""
    final = folder / name
    try:
        try:
            os.link(path, final)
        except FileExistsError:
            raise
        except OSError:
            _publish_without_links(path, final)
        else:
            path.unlink()
        _sync_folder(folder)
    except FileExistsError as exc:
        advice = "Choose another folder, or move the file away; nothing is ever overwritten."
        raise NameTaken(f"{final} exists already", advice) from exc
    except OSError as exc:
        raise WorkError(f"{final} cannot be written: {exc.strerror or exc}", "Choose another folder.") from exc
    return final


def refuse_taken(folder: Path, name: str) -> None:
    """Raise NameTaken before any work is done, where the name is known beforehand."""
    if (folder / name).exists():
        advice = "Choose another folder, or move the file away; nothing is ever overwritten."
        raise NameTaken(f"{folder / name} exists already", advice)


def _publish_without_links(path: Path, final: Path) -> None:
    """For file systems without hard links: take the name first, then move over it."""
    descriptor = os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.close(descriptor)
    path.replace(final)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
