"""A case with exports, and forgeries of it that only the recordings can give away.

The forger rewrites everything: files, their hashes in the record, the record's hash in the log's state. Pictures are
forged by decoding an export, changing what is wanted, and coding it anew as well as an encoder can.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset
from workbench.evidence.case import Case
from workbench.evidence.findings import Finding, Findings
from workbench.evidence.nouns import CaseState, FileRecord
from workbench.evidence.reperform import check

Planes = list[NDArray[np.uint8]]
CLIP = Clip(
    name="forged", frames=100, bframes=2, options=(("preset", "veryfast"),), width=192, height=144, gop=20
)  # fmt: skip
INTRA = Clip(name="forged-intra", codec="mjpeg", container="avi", pix_fmt="yuvj420p", frames=50, width=192, height=144)


@dataclass
class Package:
    """A package's data, its state and the recordings, each of which may be forged."""

    data: Path
    sources: Path
    state: CaseState

    def check(self, *, again: bool = False) -> Findings:
        """Perform the claims again."""
        return check(self.data, self.state, self.sources, again=again)

    def file(self, export: str = "E1", number: int = 0) -> Path:
        """A file with pictures of an export."""
        return self.data / str(self._export(export).files[number].path)

    def replace_file(self, path: Path, export: str = "E1") -> None:
        """Take `path` for the first file of an export, and make log and record agree with it."""
        target = self.file(export)
        shutil.copyfile(path, target)
        digest, size = hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size
        record = self._export(export)
        files = (replace(record.files[0], sha256=digest, size=size), *record.files[1:])
        self._put(replace(record, files=files))
        self.rewrite(lambda told: told["files"][0].update(sha256=digest, size=size), export)

    def rewrite(self, change: Callable[[dict[str, Any]], Any], export: str = "E1") -> None:
        """Change the record of an export, its plan in the log and its hash."""
        record = self._export(export)
        path = self.data / record.record.path
        told = json.loads(path.read_text())
        change(told)
        path.write_text(json.dumps(told))
        self._put(replace(record, record=_file_record(path, record.record)))
        plans = [replace(p, plan=told.get("plan", {})) if p.id == record.plan else p for p in self.state.plans]
        self.state = replace(self.state, plans=tuple(plans))

    def _export(self, name: str) -> Any:
        return next(e for e in self.state.exports if e.id == name)

    def _put(self, export: Any) -> None:
        exports = tuple(export if e.id == export.id else e for e in self.state.exports)
        self.state = replace(self.state, exports=exports)


def _file_record(path: Path, old: FileRecord) -> FileRecord:
    return replace(old, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), size=path.stat().st_size)


def package(folder: Path, *specs: dict[str, Any], clip: Clip = CLIP, named: str = "20260301T100000") -> Package:
    """A case with one source ``cam`` that holds `clip`, and the exports of `specs` (begin and end in microseconds)."""
    sources = folder / "sources"
    (sources / "cam").mkdir(parents=True)
    shutil.copyfile(make(clip), sources / "cam" / f"{named}.{clip.container}")
    return case_of(folder, sources, specs)


def case_of(folder: Path, sources: Path, specs: tuple[dict[str, Any], ...]) -> Package:
    """A case with exports from recordings that lie below `sources`, in ``cam``."""
    archive = LocalArchive(sources, cache=folder / "cache")
    try:
        case = Case.create(folder / "case", number="1", examiner="A. Berg")
        for spec in specs:
            times = {key: Offset(spec[key]) for key in ("begin", "end")}
            case.export(ExportSpec(source="cam", **{**spec, **times}), archive)
        return Package(folder / "case", sources, case.state)
    finally:
        archive.close()


def decoded(path: Path) -> list[tuple[int, Planes]]:
    """PTS and planes of each picture of a file."""
    with av.open(str(path)) as box:
        return [(int(frame.pts or 0), _planes(frame)) for frame in box.decode(video=0)]


def coded(like: Path, path: Path, pictures: list[tuple[int, Planes]], codec: str = "libx264") -> Path:
    """Pictures coded anew, as well as it goes, with the time base of the file `like`."""
    options = {"crf": "12", "preset": "veryfast", "bf": "0"} if codec == "libx264" else {"qmin": "1", "qmax": "1"}
    with av.open(str(like)) as pattern, av.open(str(path), "w", options={"movie_timescale": "90000"}) as out:
        source = pattern.streams.video[0]
        stream = out.add_stream(codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = source.width, source.height
        stream.pix_fmt = "yuv420p" if codec == "libx264" else "yuvj420p"
        assert source.time_base is not None
        stream.time_base = stream.codec_context.time_base = source.time_base
        for pts, planes in pictures:
            out.mux(stream.encode(_frame(planes, pts, stream)))
        out.mux(stream.encode(None))
    return path


def muxed(like: Path, path: Path, change: Callable[[int, bytes], bytes | None], **metadata: str) -> Path:
    """The packets of a file in another one, changed: `change` gets number and bytes, and may leave one out."""
    with av.open(str(like)) as box, av.open(str(path), "w") as out:
        source = box.streams.video[0]
        stream = out.add_stream_from_template(source, opaque=True)
        stream.time_base = source.time_base
        out.metadata.update(metadata)
        number = 0
        for packet in box.demux(source):
            if not packet.size:
                continue
            data = change(number, bytes(packet))
            number += 1
            if data is None:
                continue
            made = av.Packet(data)
            made.pts, made.dts, made.time_base, made.stream = packet.pts, packet.dts, packet.time_base, stream
            made.duration, made.is_keyframe = packet.duration, packet.is_keyframe
            out.mux(made)
    return path


def said(findings: Findings, check: str) -> list[Finding]:
    """The failed findings of a check."""
    return [finding for finding in findings.failed if finding.check == check]


def _planes(frame: Any) -> Planes:
    return [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width].copy() for p in frame.planes]


def _frame(planes: Planes, pts: int, stream: Any) -> Any:
    frame = av.VideoFrame(stream.width, stream.height, stream.pix_fmt)
    for plane, pixels in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : pixels.shape[1]] = pixels
        plane.update(rows.tobytes())
    frame.pts, frame.time_base = pts, stream.time_base
    return frame
