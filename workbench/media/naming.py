"""Names of finished files, in the VMS's habit: camera and the times of the first and last picture really held.

    Entrance_hall[20260301T100000.000000-20260301T100959.960000].mp4

A finished name is taken by a hard link, which fails where the name exists: nothing is overwritten, and a name never
stands for less than a whole file.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from workbench.core.errors import NameTaken, WorkError
from workbench.core.timebase import compact, shown

_LONGEST, _MOST_BYTES = 80, 160
"""Characters and bytes of a camera's name: file systems count in bytes, 255 for the whole name."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe(camera: str) -> str:
    """A camera's name as part of a file name on any system; never empty, never a path.

    A name that had to be changed beyond its blanks ends in a piece of its hash, so that two cameras stay apart.
    """
    kept = _plain(camera, 0)
    if kept == camera.replace(" ", "_"):
        return kept
    return _plain(f"{_plain(camera, 7)}-{hashlib.sha256(camera.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}", 0)


def _plain(camera: str, room: int) -> str:
    """Only harmless characters, and not too many: `room` more are to follow."""
    text = unicodedata.normalize("NFC", camera)
    kept = "".join(c if c.isalnum() or c in "-.()" else "_" for c in text).lstrip("-._")[: _LONGEST - room]
    kept = kept.encode()[: _MOST_BYTES - room].decode(errors="ignore").rstrip("._") or "camera"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def video(camera: str, first: int, last: int, dated: bool, form: str) -> str:
    """Name of a file that holds pictures from `first` to `last` (microseconds on the source's time line)."""
    return f"{safe(camera)}[{_time(first, dated)}-{_time(last, dated)}].{form}"


def picture(camera: str, at: int, dated: bool, form: str) -> str:
    """Name of a file that holds the one picture of an instant."""
    return f"{safe(camera)}[{_time(at, dated)}].{form}"


def _time(us: int, dated: bool) -> str:
    return compact(us) if dated else shown(us, False)


def publish_all(files: Sequence[tuple[Path, str]], folder: Path) -> None:
    """Give complete, synced files their final names in `folder`, in this order; all of them or none.

    Raises NameTaken where a name exists, before anything is done if it existed then.
    """
    for _, name in files:
        if (folder / name).exists() or (folder / name).is_symlink():
            raise _taken(folder / name)
    given: list[Path] = []
    try:
        for path, name in files:
            _publish(path, folder / name)
            given.append(folder / name)
        _sync_folder(folder)
    except BaseException:
        for final in given:
            final.unlink(missing_ok=True)
        raise


def _publish(path: Path, final: Path) -> None:
    try:
        try:
            os.link(path, final)
        except FileExistsError:
            raise
        except OSError:
            _publish_without_links(path, final)
    except FileExistsError as exc:
        raise _taken(final) from exc
    except OSError as exc:
        raise WorkError(f"{final} cannot be written: {exc.strerror or exc}", "Choose another folder.") from exc


def _taken(final: Path) -> NameTaken:
    advice = "Choose another folder, or move the file away; nothing is ever overwritten."
    return NameTaken(f"{final} exists already", advice)


def _publish_without_links(path: Path, final: Path) -> None:
    """For file systems without hard links: take the name first, then move over it."""
    descriptor = os.open(final, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.close(descriptor)
    try:
        path.replace(final)
    except OSError:
        final.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
