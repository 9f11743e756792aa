"""What a recording says of itself, and what its index counted: the facts that a report prints of a source.

    describe   a recording's ``path`` and stored ``index`` → ``facts``, plain values by name, in the order of printing

A value of None is *unknown*: nobody says it. Names that begin with ``declared_`` repeat the container's claim; counts,
intervals and rates are measured on the packets. Colours are named as ISO/IEC 23091-2 does, never guessed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from workbench.core.errors import SourceError
from workbench.media import losses, mp4
from workbench.media.index import CORRUPT, HIDDEN, KEY, NO_PICTURE, VideoIndex, load
from workbench.media.measure import library_versions
from workbench.media.probe import VideoFacts, open_media, video_stream

Report = Callable[[dict[str, Any]], None]
MOST_EDITS = 10
_PRIMARIES = {
    1: "BT.709",
    4: "BT.470 M",
    5: "BT.470 BG",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "film",
    9: "BT.2020",
    11: "SMPTE RP 431",
    12: "SMPTE EG 432",
    22: "EBU 3213",
}
_TRANSFERS = {
    1: "BT.709",
    4: "gamma 2.2",
    5: "gamma 2.8",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "linear",
    13: "sRGB",
    14: "BT.2020, 10 bits",
    15: "BT.2020, 12 bits",
    16: "SMPTE ST 2084",
    18: "ARIB STD-B67",
}
_MATRICES = {
    1: "BT.709",
    4: "FCC",
    5: "BT.470 BG",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "YCgCo",
    9: "BT.2020 non-constant luminance",
    10: "BT.2020 constant luminance",
}
_NOT_SAID = (0, 2)
_FIELDS = {
    "progressive": "progressive",
    "tt": "interlaced, top field first",
    "tb": "interlaced, top field first",
    "bb": "interlaced, bottom field first",
    "bt": "interlaced, bottom field first",
}


def describe(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """The facts of one recording (see the module); SourceError where it or its index cannot be read."""
    path, index, versions = Path(job["path"]), load(Path(job["index"])), library_versions()
    if index is None:
        raise SourceError(f"{path.name}: its index is gone from the cache", "Run again; it is made anew.")
    with open_media(path) as container:
        stream = video_stream(container, path)
        facts = {
            **_container(container),
            **_coding(stream, index),
            **_picture(index),
            **_colour(index.facts),
            **_counted(index),
            **_times(index),
            "edit_list": _edit_list(path, index.facts),
            "audio": [_sound(track) for track in container.streams.audio] or "none",
            "created": index.facts.created,
            "read_with": f"FFmpeg {versions['ffmpeg']}, PyAV {versions['pyav']}",
        }
    return {"facts": facts}, []


def _container(container: InputContainer) -> dict[str, Any]:
    return {
        "container": container.format.name,
        "container_brand": container.metadata.get("major_brand"),
        "written_by": container.metadata.get("encoder"),
    }


def _coding(stream: VideoStream, index: VideoIndex) -> dict[str, Any]:
    context, facts = stream.codec_context, index.facts
    steps = {"h264": 10, "hevc": 30}.get(facts.codec)
    level = getattr(context, "level", None)
    return {
        "stream": stream.index,
        "codec": facts.codec,
        "codec_tag": facts.tag.strip("\0") or None,
        "profile": context.profile,
        "level": f"{level / steps:g}" if steps and isinstance(level, int) and level > 0 else None,
        "parameter_sets": len(index.configs),
    }


def _picture(index: VideoIndex) -> dict[str, Any]:
    facts = index.facts
    shape = facts.sample_aspect_ratio
    return {
        "width": facts.width,
        "height": facts.height,
        "sample_aspect": None if shape is None else str(shape),
        "display_aspect": None if shape is None else str(shape * Fraction(facts.width, facts.height)),
        "rotation": index.rotation,
        "pixel_format": facts.pix_fmt or None,
        "field_order": _FIELDS.get(facts.field_order),
    }


def _colour(facts: VideoFacts) -> dict[str, Any]:
    ranged, primaries, transfer, matrix = facts.color
    full = ranged == 2 or facts.pix_fmt.startswith("yuvj")
    return {
        "color_range": "full" if full else "limited" if ranged == 1 else None,
        "color_matrix": _named(matrix, _MATRICES),
        "color_primaries": _named(primaries, _PRIMARIES),
        "color_transfer": _named(transfer, _TRANSFERS),
    }


def _named(number: int, names: dict[int, str]) -> str | None:
    return None if number in _NOT_SAID else names.get(number, f"code point {number}")


def _counted(index: VideoIndex) -> dict[str, Any]:
    flags, facts = index.rows["flags"], index.facts
    keys = np.flatnonzero(flags & KEY)
    visible = index.rows["pts"][np.flatnonzero(flags & (HIDDEN | NO_PICTURE) == 0)]
    return {
        "frames": len(index.shown),
        "frames_hidden": int(np.count_nonzero(flags & HIDDEN)),
        "packets": len(flags),
        "packets_without_picture": int(np.count_nonzero(flags & NO_PICTURE)),
        "packets_marked_damaged": int(np.count_nonzero(flags & CORRUPT)),
        "declared_frames": facts.declared_frames or None,
        "key_frames": len(keys),
        "longest_gop": int(np.diff([*keys, len(flags)]).max()) if len(keys) else None,
        "b_frames": bool((np.diff(visible) < 0).any()),
        "decoded": "the first picture" if index.timing == "container" else "every picture",
    }


def _times(index: VideoIndex) -> dict[str, Any]:
    """Time base, rates and intervals; seconds are rounded to the microsecond."""
    pts, base, facts = index.rows["pts"][index.shown], index.time_base, index.facts
    steps = np.diff(pts)
    length = int(pts[-1] - pts[0]) * base if len(steps) else Fraction(0)
    whole = length + index.tail * base
    bits = int(index.rows["size"].sum(dtype=np.int64)) * 8

    def seconds(ticks: Any) -> float | None:
        return round(float(int(ticks) * base), 6) if len(steps) else None

    return {
        "times_from": index.timing,
        "time_base": str(base),
        "nominal_rate": None if facts.rate is None else str(facts.rate),
        "measured_rate": round(float(len(steps) / length), 6) if length else None,
        "duration_seconds": round(float(whole), 6),
        "declared_seconds": None if facts.declared_seconds is None else round(facts.declared_seconds, 6),
        "usual_interval_seconds": seconds(np.median(steps) if len(steps) else 0),
        "shortest_interval_seconds": seconds(steps.min() if len(steps) else 0),
        "longest_interval_seconds": seconds(steps.max() if len(steps) else 0),
        "intervals_out_of_pattern": int(np.count_nonzero(losses.out_of_pattern(steps))),
        "video_bit_rate": round(float(bits / whole)) if whole else None,
    }


def _edit_list(path: Path, facts: VideoFacts) -> list[str] | str | None:
    """The edits of an MP4's video track in words; None where they cannot be read."""
    if "mp4" not in facts.container:
        return f"none: {facts.container} has no such list"
    found = mp4.edits(path, facts.stream_id)
    if found is None:
        return None
    more = [f"and {len(found) - MOST_EDITS} more"] if len(found) > MOST_EDITS else []
    return [*_edits(found[:MOST_EDITS], facts), *more] or "none"


def _edits(found: list[tuple[float, int]], facts: VideoFacts) -> Iterator[str]:
    for seconds, tick in found:
        what = "nothing" if tick < 0 else f"what begins at tick {tick} of 1/{facts.time_base.denominator} s"
        yield f"{seconds:.3f} s: {what}"


def _sound(track: AudioStream) -> str:
    """One sound track in words."""
    context: Any = track.codec_context  # None where FFmpeg knows no decoder; PyAV's stubs do not say so
    if context is None:
        return "a coding that no decoder is known for"
    return f"{context.name}, {context.sample_rate} Hz, {context.layout.name}"
