"""A file that came from a server, opened and measured: what it holds, never what the server says that it holds.

    received          the file at ``path``, said to be of ``form`` → what is in it; one blob with the media times
    received_picture  a JPEG that came at ``path`` → the picture with masks and crop, as ``form``

Times are microseconds from the first picture shown. A file that is not of its form is no error here: ``problems`` says
what is wrong, and who asked decides. Decoding every picture is done where the budget of `measure` allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec, area_from_json
from workbench.core.timebase import Offset, media_us
from workbench.media import index, still
from workbench.media.audio_read import audio_span
from workbench.media.measure import DECODE_BUDGET, library_versions
from workbench.media.probe import MOST_PIXELS, VideoFacts
from workbench.media.reorder import decoded_rows
from workbench.media.retouch import Retouch
from workbench.media.timed import of_look

Report = Callable[[dict[str, Any]], None]
Answer = tuple[dict[str, Any], list[bytes]]
CONTAINERS = {"mp4": "mov,mp4,m4a,3gp,3g2,mj2", "mkv": "matroska,webm", "avi": "avi"}
"""The demuxer that reads each form, in FFmpeg's names."""
PDF_END = 1024
"""A PDF ends in ``%%EOF`` within this many bytes."""
SMALL = 320


def received(job: dict[str, Any], report: Report) -> Answer:
    """Measure the file at ``path``; ``decode`` False leaves out decoding every picture of it."""
    path, form = Path(job["path"]), str(job["form"])
    measure = {"jpg": _picture, "pdf": _page, "exe": _unknown}.get(form)
    if measure is not None:
        return {**measure(path), "versions": library_versions()}, [b""]
    found, times = _video(path, form, bool(job["decode"]), report)
    return {**found, "versions": library_versions()}, [times]


def _video(path: Path, form: str, decode: bool, report: Report) -> tuple[dict[str, Any], bytes]:
    made = index.scan(path, report, entries=False)
    pts = made.rows["pts"][made.shown]
    times = made.microseconds(pts, int(pts[0]))
    wrong = [] if _matches(form, made.facts.container) else [f"it is {made.facts.container}, not {form}"]
    found = {
        "problems": wrong,
        "container": made.facts.container,
        "codec": made.facts.codec,
        "width": made.facts.width,
        "height": made.facts.height,
        "rotation": made.rotation,
        "timing": made.timing,
        "start_us": media_us(int(pts[0]), made.time_base),
        "last_us": int(times[-1]),
        "end_us": int(made.microseconds(np.array([int(pts[-1]) + made.tail]), int(pts[0]))[0]),
        "frames_shown": len(pts),
        "frames_contained": len(made.rows),
        "audio": list(made.facts.audio),
        "audio_seconds": _sound_seconds(path) if made.facts.audio else None,
        "losses": [[loss.witness, loss.text] for loss in made.losses],
        "undecodable": _undecodable(path, made, decode, report),
    }
    return found, times.astype("<i8").tobytes()


def _matches(form: str, container: str) -> bool:
    return container == CONTAINERS.get(form)


def _sound_seconds(path: Path) -> float | None:
    try:
        begin, end, packets = audio_span(path)
    except SourceError:
        return None
    return (end - begin) / 1e6 if packets else None


def _undecodable(path: Path, made: index.VideoIndex, decode: bool, report: Report) -> int | None:
    """Pictures of which the decoder makes none; None where that was not tried."""
    if not decode or made.facts.width * made.facts.height * len(made.rows) > DECODE_BUDGET:
        return None
    wanted = set(made.shown.tolist())
    wanted.difference_update(decoded_rows(path, lambda done: report({"stage": "measure", "frames": done})))
    return len(wanted)


def _picture(path: Path) -> dict[str, Any]:
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                return _still(f"it is {image.width}×{image.height}, too large to look into")
            image.load()
            return {**_still(), "codec": "mjpeg", "width": image.width, "height": image.height}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        return _still(f"no JPEG that decodes whole ({type(exc).__name__})")


def _page(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, path.stat().st_size - PDF_END))
        tail = file.read(PDF_END)
    whole = b"%PDF-" in head and b"%%EOF" in tail
    return _still() if whole else _still("no PDF that is whole")


def _unknown(path: Path) -> dict[str, Any]:
    """A self-extracting player is a program: nothing here opens it."""
    return {**_still(), "frames_shown": None, "frames_contained": None}


def _still(*problems: str) -> dict[str, Any]:
    one = None if problems else 1
    return {
        "problems": list(problems),
        "container": "",
        "frames_shown": one,
        "frames_contained": one,
        "last_us": 0,
        "end_us": 0,
        "audio": [],
        "audio_seconds": None,
        "losses": [],
        "undecodable": None if problems else 0,
    }


def received_picture(job: dict[str, Any], report: Report) -> Answer:
    """The JPEG at ``path`` with ``masks`` and ``crop``, as ``form`` png, jpeg or small (a thumbnail)."""
    frame = _decoded(Path(job["path"]))
    retouch = _retouch(frame, job)
    changed, _ = retouch.apply(frame, int(job["us"]), int(job["until"]))
    if job["form"] == "small":
        return {}, [still.thumbnail(changed, SMALL, 0)]
    return {}, [still.png(changed, 0) if job["form"] == "png" else still.jpeg(changed, int(job["quality"]), 0)]


def _decoded(path: Path) -> av.VideoFrame:
    found = _picture(path)
    if found["problems"]:
        raise SourceError(f"the picture that the server gave: {found['problems'][0]}", "Ask again.")
    decoder = av.CodecContext.create("mjpeg", "r")
    try:
        packet = av.Packet(path.read_bytes())
        frame = next(iter([*decoder.decode(packet), *decoder.decode(None)]), None)
    except av.FFmpegError as exc:
        raise SourceError(f"the picture that the server gave cannot be decoded ({exc.strerror})") from exc
    if not isinstance(frame, av.VideoFrame):
        raise SourceError("the picture that the server gave cannot be decoded")
    return frame


def _retouch(frame: av.VideoFrame, job: dict[str, Any]) -> Retouch:
    facts = VideoFacts(
        container="", stream_id=0, tag="", codec="mjpeg", width=frame.width, height=frame.height,
        pix_fmt=frame.format.name, time_base=Fraction(1, 1_000_000), rate=None, sample_aspect_ratio=None,
        field_order="progressive", color=(0, 2, 2, 2), extradata=b"", declared_frames=1, declared_seconds=None,
        audio=(), created=None,
    )  # fmt: skip
    crop = None if job["crop"] is None else area_from_json(job["crop"], "crop")
    spec = ExportSpec(source="frame", begin=Offset(0), end=Offset(0), format="jpg", crop=crop, burn=False)
    return Retouch(spec, facts, 0, of_look(job["masks"]), lambda us: "")
