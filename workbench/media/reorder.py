"""Display order and times for recordings whose container does not tell them.

Raw streams carry no time at all, AVI none of display: there the decoder says in which order pictures are shown.
Each packet is sent with its own number as PTS, so a picture that comes out names the packet that made it; which
packets make none (second fields, damaged pictures) shows as well. One picture is decoded of every recording: it
tells the rotation, and that a decoder exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from workbench.core.errors import SourceError
from workbench.media.access import Entry
from workbench.media.bits import BitstreamError
from workbench.media.losses import Loss
from workbench.media.parameter_sets import read_extradata
from workbench.media.probe import open_media, video_stream

if TYPE_CHECKING:
    from workbench.media.index import VideoIndex

_ASSUMED_RATE = Fraction(25)
_NO_TIME = -(2**63)
_HIDDEN, _NO_PICTURE = 1, 4


def display_order(path: Path, index: VideoIndex, report: Callable[[dict[str, Any]], None]) -> VideoIndex:
    """The index with its rotation and, where the container's times are no use, with times found by decoding."""
    index = replace(index, rotation=_first_picture(path))
    if not _needs_decoder(index):
        return index
    shown = _decode_all(path, index, report)
    return _retimed(index, shown)


def _first_picture(path: Path) -> int:
    try:
        with open_media(path) as container:
            stream = video_stream(container, path)
            for frame in container.decode(stream):
                return round(frame.rotation / 90) * 90 % 360
    except FFmpegError as exc:
        raise SourceError(f"{path}: no picture can be decoded ({exc.strerror})", "The data is damaged.") from exc
    raise SourceError(f"{path}: no picture can be decoded", "The data is damaged, or its coding is unknown.")


def _needs_decoder(index: VideoIndex) -> bool:
    pts = index.rows["pts"]
    if (pts == _NO_TIME).any() or len(np.unique(pts)) != len(pts):
        return True
    if index.facts.container == "avi":
        return index.facts.codec not in ("mjpeg", "rawvideo", "ffv1", "huffyuv")
    return _may_hold_fields(index)


def _may_hold_fields(index: VideoIndex) -> bool:
    """H.264 that allows field coding: two packets may make one picture, which only decoding tells."""
    if index.facts.codec != "h264":
        return False
    try:
        return any(not sps.frame_mbs_only for sps in read_extradata(index.facts.extradata, "h264").h264_sps())
    except BitstreamError:
        return False


def _decode_all(path: Path, index: VideoIndex, report: Callable[[dict[str, Any]], None]) -> list[int]:
    """Row numbers in the order in which their pictures come out of the decoder, each once."""

    def tell(done: int) -> None:
        report({"stage": "index", "file": path.name, "frames": done, "of": len(index.rows)})

    return [row for row in dict.fromkeys(decoded_rows(path, tell)) if 0 <= row < len(index.rows)]


def decoded_rows(path: Path, report: Callable[[int], None]) -> Iterator[int]:
    """Decode a whole file: for each picture that comes out, the row (packet number) that made it."""
    with open_media(path) as container:
        stream = video_stream(container, path)
        stream.thread_type = "AUTO"
        at = 0
        for packet in container.demux(stream):
            if packet.size:
                packet.pts = packet.dts = at
                at += 1
            try:
                yield from (frame.pts for frame in packet.decode() if frame.pts is not None)
            except FFmpegError:
                continue
            if at % 64 == 0:
                report(at)


def _retimed(index: VideoIndex, shown: list[int]) -> VideoIndex:
    """Times laid along the display order that the decoder gave."""
    rows = index.rows.copy()
    order = np.array(shown, dtype=np.intp)
    silent = np.ones(len(rows), bool)
    silent[order] = False
    rows["flags"][silent] |= _NO_PICTURE
    if silent.any():
        # Packets cannot be told apart by picture, so none is copied; decoding may still begin where it could.
        rows["entry"] = np.where(rows["entry"] >= Entry.CLOSED, Entry.OPEN, rows["entry"])
    base, times, timing = _times(index, order)
    if (np.diff(times) <= 0).any():
        base, times, timing = _by_rate(index, len(order))
    rows["pts"][order] = times
    # A packet without a picture takes the time of the picture coded before it: it sorts beside it and is never shown.
    for row in np.flatnonzero(silent):
        rows["pts"][row] = rows["pts"][row - 1] if row else times[0]
    notes = list(index.losses)
    if timing == "nominal rate":
        rate = 1 / (base * int(times[1] - times[0])) if len(times) > 1 else _ASSUMED_RATE
        notes.append(Loss("container", f"no times in the recording: {float(rate):g} pictures a second are assumed", 0))
    return replace(index, rows=rows, time_base=base, timing=timing, losses=tuple(notes))


def _times(index: VideoIndex, order: NDArray[np.intp]) -> tuple[Fraction, NDArray[np.int64], str]:
    pts, dts = index.rows["pts"], index.rows["dts"]
    if index.facts.container == "avi" and (dts != _NO_TIME).all():
        # AVI numbers its chunks in decode order: the n-th picture shown takes the n-th slot that holds a picture.
        return index.time_base, np.sort(dts[order]) - dts.min(), "decoder"
    told = pts[order]
    latest = np.concatenate(([_NO_TIME], np.maximum.accumulate(told)[:-1]))
    rising = np.flatnonzero(told > latest)
    if 2 * len(rising) > len(order) and rising[0] == 0:
        return index.time_base, _between(told[rising], rising, len(order)), "decoder"
    return _by_rate(index, len(order))


def _between(told: NDArray[np.int64], known: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """Times for pictures that have none or a doubled one: evenly between their neighbours, behind the last as usual."""
    usual = max(1, int(np.median(np.diff(told) // np.diff(known)))) if len(known) > 1 else 1
    times: NDArray[np.int64] = np.interp(np.arange(count), known, told - told[0]).astype(np.int64) + told[0]
    times[known[-1] :] = told[-1] + np.arange(count - known[-1]) * usual
    # neighbours too close for a tick each push on
    return np.maximum.accumulate(times - np.arange(count)) + np.arange(count)


def _by_rate(index: VideoIndex, count: int) -> tuple[Fraction, NDArray[np.int64], str]:
    rate = index.facts.rate or _ASSUMED_RATE
    base = Fraction(1, rate.numerator)
    return base, np.arange(count, dtype=np.int64) * rate.denominator, "nominal rate"
