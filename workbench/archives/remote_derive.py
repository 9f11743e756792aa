"""Acquire, then derive: masks, crop and text laid here on a master that a VMS delivered; and a master as an archive.

    out/Hall[…].mp4                 made here                     kind video
    out/Hall[…].original.mkv        the master, as it came        original

The master lies in the scratch folder as the one recording of an archive whose archive.toml tells its true start; the
engine works on it as on any recording, so what it does is planned, measured and accounted for in the usual way.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from workbench.archives.base import OnProgress
from workbench.archives.config import FILE_NAME
from workbench.archives.local import LocalArchive
from workbench.archives.remote_check import Laid
from workbench.archives.remote_delivered import Delivered, Finished, output, plain
from workbench.archives.remote_fetch import CAME, Teller
from workbench.archives.remote_snap import ROUNDING, snapped, snapped_mask
from workbench.core.result import ExportResult, OutputFile, Progress, SourceFile
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, instant, iso
from workbench.media import naming
from workbench.media.worker import Worker
from workbench.vms.following import Failed

UNSURE = (
    "the VMS lists no pictures around the range: where the master rounds times to milliseconds, a picture that lies on "
    "a border of the range or of a mask may count to the other side"
)


def derived(
    delivered: Delivered, scratch: Path, worker: Worker, tell: Teller, cancel: threading.Event | None
) -> Finished:
    """The files of the plan, made here on the master; the master lies beside them."""
    originals = {f"{number}.mkv": one for number, one in enumerate(delivered.files)}
    camera = delivered.camera
    folder = scratch / "master" / naming.safe(camera)
    folder.mkdir(parents=True)
    for name, one in originals.items():
        one.came.path.rename(folder / name)
    starts = {name: _start(one) for name, one in originals.items()}
    text = archive_toml(folder.name, camera, delivered.zone, starts)
    (scratch / "master" / FILE_NAME).write_text(text, encoding="utf-8")
    archive = LocalArchive(scratch / "master", scratch / "cache", worker=worker)
    plan = archive.plan(_spec(delivered, folder.name))
    made = archive.run(plan, scratch / "made", _passed_on(tell), cancel)
    return _finished(delivered, originals, folder, [file for file in made.files if file.kind != "record"], made)


def _spec(delivered: Delivered, source: str) -> ExportSpec:
    """The request on the master: its borders where rounded times change nothing."""
    spec, listed, wanted = delivered.plan.spec, delivered.around, delivered.plan.range
    if spec.is_frame:
        wanted = Range(delivered.asked.range.begin + ROUNDING, delivered.asked.range.begin + ROUNDING)
    else:
        wanted = snapped(wanted, listed)
    masks = tuple(snapped_mask(mask, listed) for mask in spec.masks)
    begin, end = instant(wanted.begin), instant(wanted.end)
    return replace(spec, source=source, archive=None, begin=begin, end=end, masks=masks)


def _finished(
    delivered: Delivered, originals: Mapping[str, Laid], folder: Path, files: list[OutputFile], made: ExportResult
) -> Finished:
    ready = [(Path(file.path), PurePath(file.path).name) for file in files]
    stem = PurePath(ready[0][1]).stem
    names = {name: f"{stem}.original{'' if number == 0 else number + 1}.mkv" for number, name in enumerate(originals)}
    masters = []
    for name, one in originals.items():
        masters.append(output(one, names[name], "mkv", "original"))
        ready.append((folder / name, names[name]))
    record = delivered.fetched.record
    if record is not None:
        masters.append(plain(record, f"{masters[0].path}.server.json", "server-record"))
        ready.append((record.path, masters[-1].path))
    inside = {f"{folder.name}/{name}": final for name, final in names.items()}
    hashes = {file.path: file.sha256 for file in masters}
    result = replace(
        made,
        plan=delivered.plan,
        files=(*(replace(file, path=PurePath(file.path).name) for file in files), *masters),
        entries=tuple(replace(entry, file=inside[entry.file]) for entry in made.entries),
        sources=tuple(
            SourceFile(file=inside[one.file], sha256=hashes[inside[one.file]], size=one.size) for one in made.sources
        ),
        warnings=_warnings(delivered, made, inside),
    )
    saved = {one.came.name: names[name] for name, one in originals.items()}
    return Finished(result=result, ready=tuple(ready), saved=saved)


def _warnings(delivered: Delivered, made: ExportResult, inside: Mapping[str, str]) -> tuple[str, ...]:
    unsure = () if delivered.around else (UNSURE,)
    told = (*delivered.plan.warnings, *(_renamed(text, inside) for text in made.warnings), *unsure)
    return tuple(dict.fromkeys(told))


def _start(one: Laid) -> int:
    if one.first is None:
        raise Failed(
            "nobody says when the first picture of the master was taken, so no range can be cut out of it",
            "Fetch it with `workbench acquire`, and put its true start into archive.toml.",
        )
    return one.first


def archive_toml(folder: str, camera: str, zone: str, starts: Mapping[str, int]) -> str:
    """The archive.toml of a folder that holds masters of one camera, each with its true start."""
    lines = [
        f"[source.{_quoted(folder)}]",
        f"name = {_quoted(camera)}",
        f"zone = {_quoted(zone)}",
        f"[source.{_quoted(folder)}.start]",
        *(f"{_quoted(name)} = {_quoted(iso(start))}" for name, start in starts.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _passed_on(tell: Teller) -> OnProgress:
    def told(progress: Progress) -> None:
        tell(progress.stage if progress.stage != "done" else "measure", CAME + (1 - CAME) * progress.fraction)

    return told


def _renamed(text: str, inside: Mapping[str, str]) -> str:
    """A sentence with the names that the files get in the end."""
    for name, final in inside.items():
        text = text.replace(name, final)
    return text
