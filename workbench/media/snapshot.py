"""One exact frame as evidence: found by its instant or its PTS, hashed as decoded, delivered as lossless PNG.

    snapshot   a place of an archive (with its stored index) and an instant → PNG and every fact about it
    rebuild    a recording's path and PTSs → the same facts and no PNG; indexes the recording anew, so it needs
               nothing of the archive, and compares with what a record claims

The frame's own SHA-256 is taken before anything is done to it: its planes in order, rows from the top, no padding
between rows; samples of more than 8 bits in the pixel format's byte order. That is what ``ffmpeg -f framehash -hash
sha256`` prints for the same frame. The PNG is read back, and its pixels hashed, before it is handed out.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from PIL import Image

from workbench.core.errors import SourceError, WorkbenchError
from workbench.core.spec import ExportSpec, Mask, area_from_json
from workbench.core.timebase import Offset
from workbench.media import colors, still
from workbench.media.index import scan
from workbench.media.places import recording_at
from workbench.media.probe import open_media, video_stream
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch
from workbench.media.timed import TimedMask, of_look
from workbench.media.transforms import described

Report = Callable[[dict[str, Any]], None]
Answer = tuple[dict[str, Any], list[bytes]]
_TYPES = {1: "I", 2: "P", 3: "B"}


def snapshot(job: dict[str, Any], report: Report) -> Answer:
    """The frame of ``place`` (see `archives.timeline.place`) shown at the instant ``at``; its PNG is the only blob.

    ``masks`` are ``{"mask": Mask JSON, "range": [begin, end], "keys": [us, …]}`` on the source's time line, ``crop`` is
    null or an area's corners. Answers with the facts that `Made.facts` lists and, as ``active``, the numbers of the
    masks that are in force at any instant of the frame, each of them in the shape of the frame's own instant.
    """
    recording = recording_at(job["place"])
    at = int(job["at"])
    rank = recording.between(recording.zero, at + 1)[1] - 1
    if rank < 0:
        raise SourceError(f"{recording.name}: no picture is shown at that instant", "Take a later one.")
    until = max(at + 1, recording.until(rank))
    timed, us = of_look(job["masks"]), int(recording.us[rank])
    active = [i for i, one in enumerate(timed) if one.covers(us, until)]
    made = _made(recording, rank, tuple(timed[i].still(us) for i in active), job["crop"])
    facts = {**made.facts(), "us": us, "active": active, "transforms": made.transforms}
    return facts, [made.png]


def rebuild(job: dict[str, Any], report: Report) -> Answer:
    """Frames of the recording at ``path``, each as a snapshot's record says it was made.

    ``wanted`` is a list of ``{"pts": int, "masks": [Mask JSON, …], "crop": corners or null}``: masks and crop as in
    `SnapshotRecord`, where the masks are those in force and have no time range. Answers ``{"pictures": [...]}`` in
    the same order, each with ``pts, time_base, stream, rank, picture_type, frame_sha256, pixel_format, rgb_sha256,
    width, height, transforms``, or with ``pts`` and ``problem``: why there is no such picture. SourceError where
    the recording cannot be read at all.
    """
    path = Path(job["path"])
    recording = _indexed(path.name, str(path), *_state(path))
    pictures = []
    for number, one in enumerate(job["wanted"]):
        report({"stage": "rebuild", "file": path.name, "position": number})
        pictures.append({"pts": int(one["pts"]), **_again(recording, one)})
    return {"pictures": pictures}, []


def _again(recording: Recording, one: dict[str, Any]) -> dict[str, Any]:
    rank = int(recording.pts.searchsorted(int(one["pts"])))
    if rank == len(recording.pts) or int(recording.pts[rank]) != int(one["pts"]):
        return {"problem": "the recording shows no picture with that PTS"}
    try:
        made = _made(recording, rank, tuple(Mask.from_json(m) for m in one["masks"]), one["crop"])
        return {**made.facts(), "transforms": made.transforms}
    except WorkbenchError as exc:
        return {"problem": exc.message.replace(str(recording.path), recording.name)}


@lru_cache(maxsize=4)
def _indexed(name: str, path: str, size: int, changed: int) -> Recording:
    return Recording(name, Path(path), scan(Path(path)), 0)


def _state(path: Path) -> tuple[int, int]:
    try:
        info = path.stat()
    except OSError as exc:
        raise SourceError(f"{path.name}: {exc.strerror or exc}", "Check the path and your right to read it.") from exc
    return info.st_size, info.st_mtime_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A snapshot and what is known of it."""

    recording: Recording
    rank: int
    stream: int
    picture_type: str
    frame_sha256: str
    pixel_format: str
    png: bytes
    rgb_sha256: str
    size: tuple[int, int]
    transforms: list[str]

    def facts(self) -> dict[str, Any]:
        """What identifies the picture, by the names of `SnapshotRecord`."""
        return {
            "pts": int(self.recording.pts[self.rank]),
            "time_base": str(self.recording.index.time_base),
            "stream": self.stream,
            "rank": self.rank,
            "picture_type": self.picture_type,
            "frame_sha256": self.frame_sha256,
            "pixel_format": self.pixel_format,
            "rgb_sha256": self.rgb_sha256,
            "width": self.size[0],
            "height": self.size[1],
        }


def _made(recording: Recording, rank: int, active: tuple[Mask, ...], crop: Any) -> Made:
    """The frame of a rank with those masks painted, all of them, and cut to `crop`."""
    frame = next((f for _, f in recording.frames(rank, rank + 1, threads="SLICE")), None)
    if frame is None:
        raise SourceError(
            f"{recording.name}: no decoder makes a picture of frame {rank}", "The recording is damaged there."
        )
    decoded = frame_sha256(frame)
    stream, decoder = _stream(recording.path)
    retouch = _retouch(recording, rank, active, crop)
    changed, _ = retouch.apply(frame, 0, 1)
    if not changed.format.is_rgb:
        changed.colorspace = colors.matrix(frame)  # a guess from the height is made before the crop changes it
    png = still.png(changed, retouch.rotation, retouch.aspect)
    pixels = np.asarray(Image.open(io.BytesIO(png)), np.uint8)
    return Made(
        recording=recording,
        rank=rank,
        stream=stream,
        picture_type=_TYPES.get(int(frame.pict_type), "?"),
        frame_sha256=decoded,
        pixel_format=frame.format.name,
        png=png,
        rgb_sha256=hashlib.sha256(pixels.tobytes()).hexdigest(),
        size=(pixels.shape[1], pixels.shape[0]),
        transforms=described(recording, decoder, frame, retouch, active),
    )


def _retouch(recording: Recording, rank: int, active: tuple[Mask, ...], crop: Any) -> Retouch:
    area = None if crop is None else area_from_json([list(corner) for corner in crop], "crop")
    spec = ExportSpec(source="snapshot", begin=Offset(0), end=Offset(0), format="jpg", crop=area, burn=False)
    timed = [TimedMask(mask, None, None) for mask in active]
    return Retouch(spec, recording.facts_at(rank), recording.index.rotation, timed, lambda us: "")


def _stream(path: Path) -> tuple[int, str]:
    """Index of the video stream, and the decoder that libavcodec takes for it."""
    with open_media(path) as container:
        stream = video_stream(container, path)
        return stream.index, stream.codec_context.name


def frame_sha256(frame: VideoFrame) -> str:
    """SHA-256 of a decoded frame as it is (see the module)."""
    digest = hashlib.sha256()
    for index, plane in enumerate(frame.planes):
        pitch, width = plane.line_size, _row_bytes(frame, index, plane.width)
        start = 0 if pitch > 0 else (plane.height - 1) * -pitch
        rows: npt.NDArray[np.uint8] = np.ndarray((plane.height, width), np.uint8, cast(Any, plane), start, (pitch, 1))
        digest.update(rows.tobytes())
    return digest.hexdigest()


def _row_bytes(frame: VideoFrame, plane: int, width: int) -> int:
    """Bytes of one row of a plane without padding; a palette is a plane of one row."""
    form = frame.format
    parts = [part for part in form.components if part.plane == plane]
    if not parts:
        return 4 * width
    if len(frame.planes) == 1 or form.has_palette:
        return -(-form.width * form.padded_bits_per_pixel // 8)
    return sum(part.width * (2 if part.bits > 8 else 1) for part in parts)
