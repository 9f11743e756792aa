"""One export of the server, from its request to finished files in a folder of its own.

The engine names files after the camera; here they get the names of the VMS's habit, in real times, UTC:

    WORKBENCH_DeviceIpint.3[20260301T100000.000000-20260301T100009.960000].mp4        (`files`)
    WORKBENCH_3.Entrance hall[20260301T100000.000000-20260301T100009.960000].mp4      (`filesFriendly`)

with the time text (``….mp4.vtt``) and the record (``….mp4.json``, its file names changed alike) beside them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.core.errors import Cancelled, NameTaken, NothingRecorded, WorkbenchError, WorkError
from workbench.core.result import ExportResult, OutputFile, Progress
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Moment, Offset, compact, instant
from workbench.server import job_store as states
from workbench.server import private
from workbench.server.hiding import HIDDEN, Hiding
from workbench.server.job_store import JobFile, JobRequest
from workbench.server.live import stretches
from workbench.vms.wire import names

MIMES = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
MEDIA = ("video", "picture", "page")
LEAST_FREE = 16 * 2**20
"""Bytes that must be free on the server's disk before an export is begun."""
_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[^/\s]+)*/(?=[^/\s])|(?<!\w)[A-Za-z]:\\(?:[^\\\s]+\\)*")
"""Folders of absolute paths: where files lie on the server is nobody's business."""
OnFraction = Callable[[float], None]


def make(
    request: JobRequest,
    archive: Archive,
    folder: Path,
    on_fraction: OnFraction,
    cancel: threading.Event,
    *,
    hide: Hiding,
) -> tuple[JobFile, ...]:
    """Carry out a request into the empty folder `folder`; raises the engine's errors, and leaves clearing up.

    What `hide` takes out of texts stands in no record.
    """
    spec = ExportSpec.from_json(json.loads(request.spec_json))
    if (free := shutil.disk_usage(folder).free) < LEAST_FREE:
        raise WorkError(f"{os.strerror(errno.ENOSPC)}: {free} bytes are free", "Delete finished exports.")
    if request.live is None:
        files = _named(request, _cut(archive, spec, folder, on_fraction, cancel), 0, _Taken())
    else:
        files = _live(request, spec, archive, folder, on_fraction, cancel)
    return tuple(_passed_on(file, hide) if hide.urls and file.name.endswith(".json") else file for file in files)


def outcome(error: BaseException) -> tuple[int, str]:
    """The state and the text that tell a client how an export failed."""
    if not isinstance(error, WorkbenchError):
        return states.FAILED, f"the server failed while working on this export ({type(error).__name__})"
    text = _FOLDERS.sub("…/", f"{error.message}. {error.advice}".removesuffix(". "))
    if isinstance(error, NothingRecorded):
        return states.NO_DATA, text
    if isinstance(error, NameTaken):
        return states.NAME_TAKEN, text
    full = any(os.strerror(code) in error.message for code in (errno.ENOSPC, errno.EDQUOT))
    return (states.NO_SPACE if full else states.FAILED), text


def _cut(
    archive: Archive, spec: ExportSpec, folder: Path, on_fraction: OnFraction, cancel: threading.Event
) -> ExportResult:
    def tell(progress: Progress) -> None:
        on_fraction(progress.fraction)

    plan = archive.plan(spec)
    if cancel.is_set():
        raise Cancelled("the export was cancelled")
    return archive.run(plan, folder, tell, cancel)


def _live(
    request: JobRequest,
    spec: ExportSpec,
    archive: Archive,
    folder: Path,
    on_fraction: OnFraction,
    cancel: threading.Event,
) -> tuple[JobFile, ...]:
    """The stretches of the recording that were shown live, each a file; its name says when it was live."""
    source = archive.source(request.source)
    if source.first is None or source.last is None or request.live is None or request.live[2] is None:
        raise NothingRecorded(f"{request.source} shows no live picture")
    began, begin, end = request.live[0], request.live[1], request.live[2]
    found = stretches(source.first, source.last, began, begin, end)
    files: list[JobFile] = []
    taken = _Taken()

    def moment(us: int) -> Moment:
        return instant(us) if source.dated else Offset(us - (source.first or 0))

    for number, stretch in enumerate(found):
        part = folder / str(number)
        private.folder(part)
        asked = replace(spec, begin=moment(stretch.begin), end=moment(stretch.end))
        try:
            result = _cut(archive, asked, part, _shared(on_fraction, number, len(found)), cancel)
        except NothingRecorded:
            continue  # the recording has a gap there, so nothing was live
        files += _named(request, result, stretch.shift, taken)
    if not files:
        raise NothingRecorded(f"{request.source} showed no live picture in that time")
    return tuple(files)


def _shared(on_fraction: OnFraction, number: int, of: int) -> OnFraction:
    return lambda fraction: on_fraction((number + fraction) / of)


@dataclass(slots=True)
class _Taken:
    """Names that are in use in one export."""

    names: tuple[str, ...] = ()
    friendly: tuple[str, ...] = ()

    def name(self, wanted: str) -> str:
        found = names.harmless(wanted, self.names)
        self.names += (found,)
        return found

    def shown(self, wanted: str) -> str:
        found = names.harmless(wanted, self.friendly)
        self.friendly += (found,)
        return found


def _named(request: JobRequest, result: ExportResult, shift: int, taken: _Taken) -> tuple[JobFile, ...]:
    """The files of a result under the VMS's names, `shift` microseconds later than the recording says."""
    renamed: dict[str, str] = {}
    files: list[JobFile] = []
    for file in result.files:
        if file.kind in MEDIA:
            name, friendly = _names(request, file, shift)
            name, friendly = taken.name(name), taken.shown(friendly)
            renamed[Path(file.path).name] = name
            files.append(_job_file(file, _moved(Path(file.path), name), friendly))
    for file in result.files:
        if file.kind in ("captions", "record"):
            stem, _, suffix = Path(file.path).name.rpartition(".")
            if stem in renamed:
                renamed[Path(file.path).name] = taken.name(f"{renamed[stem]}.{suffix}")
                path = _moved(Path(file.path), renamed[Path(file.path).name])
                files.append(_job_file(file, path, path.name, media=False))
    return tuple(_recorded(file, renamed) if file.name.endswith(".json") else file for file in files)


def _names(request: JobRequest, file: OutputFile, shift: int) -> tuple[str, str]:
    times = [compact(us + shift) for us in (file.first, file.last) if us is not None]
    span = f"[{'-'.join(times[:1] if file.kind != 'video' else times)}]"
    suffix = Path(file.path).suffix
    if request.filename:
        return f"{request.filename}{suffix}", f"{request.filename}{suffix}"
    shown = f"{request.host}_{request.display or request.device}"
    return f"{request.host}_{request.device}{span}{suffix}", f"{shown}{span}{suffix}"


def _moved(path: Path, name: str) -> Path:
    target = path.with_name(name)
    if target != path:
        path.rename(target)
    return target


def _job_file(file: OutputFile, path: Path, friendly: str, *, media: bool = True) -> JobFile:
    mime = MIMES.get(path.suffix.removeprefix("."), "application/octet-stream")
    return JobFile(
        name=path.name,
        friendly=friendly,
        path=str(path),
        mime=mime,
        size=file.size,
        sha256=file.sha256,
        media=media,
    )


def _recorded(file: JobFile, renamed: dict[str, str]) -> JobFile:
    """The record, speaking of the files by their new names."""
    record: dict[str, Any] = json.loads(Path(file.path).read_text(encoding="utf-8"))
    for entry in (*record["files"], *record["sidecars"]):
        entry["path"] = renamed.get(entry["path"], entry["path"])
    return _rewritten(file, record)


def _passed_on(file: JobFile, hide: Hiding) -> JobFile:
    """The record of an export that another VMS made, without its address and the user we are to it."""
    record: dict[str, Any] = json.loads(Path(file.path).read_text(encoding="utf-8"))
    for part in {"remote", "plan", "warnings"} & set(record):
        record[part] = hide.within(record[part])
    if record.get("remote"):
        record["remote"]["server"]["user"] = HIDDEN
    return _rewritten(file, record)


def _rewritten(file: JobFile, record: dict[str, Any]) -> JobFile:
    path = Path(file.path)
    data = json.dumps(record, ensure_ascii=False, indent=1).encode(errors="backslashreplace") + b"\n"
    with path.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    return replace(file, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def settle(files: Iterable[JobFile], work: Path, final: Path) -> tuple[JobFile, ...]:
    """Move a finished job's folder to its place in one step; it is on the disk when this returns."""
    for file in files:
        path = Path(file.path)
        if path.stat().st_size != file.size:
            raise WorkError(f"{file.name} has {path.stat().st_size} bytes, {file.size} were measured")
    private.whole(work)
    work.rename(final)
    _sync(final.parent)
    return tuple(replace(f, path=str(final / Path(f.path).relative_to(work))) for f in files)


def discard(folder: Path) -> None:
    """Remove a job's folder; the disk is free at once, even where somebody is still reading a file of it."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
                os.truncate(path, 0)
        except OSError:
            continue  # it goes with its folder; only the space comes later
    shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
