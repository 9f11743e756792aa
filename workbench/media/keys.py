"""The key pictures of a recording, apart from the rest of its index: enough for thumbnails of any length of footage.

An hour and ten hours cost the same: only the small table is loaded, and where the file allows it each key picture is
read from its place and decoded alone, with neither a seek nor a demuxer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from workbench.media import mp4
from workbench.media.access import Entry
from workbench.media.index import VideoIndex
from workbench.media.probe import VideoFacts

ROW = np.dtype([("rank", "<i8"), ("us", "<i8"), ("pts", "<i8"), ("pos", "<i8"), ("size", "<i8")])
Keys = NDArray[np.void]


def table(index: VideoIndex) -> Keys:
    """The pictures where decoding may begin, in display order; `us` counts from the recording's first picture."""
    shown = index.shown
    ranks = np.full(len(index.rows), -1, np.int64)
    ranks[shown] = np.arange(len(shown))
    rows = np.flatnonzero((index.rows["entry"] >= Entry.CLOSED) & (ranks >= 0))
    rows = rows[np.argsort(ranks[rows])]
    out = np.zeros(len(rows), ROW)
    out["rank"] = ranks[rows]
    for name in ("pts", "pos", "size"):
        out[name] = index.rows[name][rows]
    if len(rows):
        out["us"] = index.microseconds(out["pts"], int(index.rows["pts"][shown[0]]))
    return out


def save(index: VideoIndex, path: Path) -> None:
    """Store the table beside the index at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.keys.{os.getpid()}.part")
    with temporary.open("wb") as file:
        np.save(file, table(index))
    temporary.replace(path.with_name(path.name + ".keys.npy"))


def load(path: Path) -> Keys | None:
    """The stored table; None where there is none."""
    try:
        keys: Keys = np.load(path.with_name(path.name + ".keys.npy"), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return keys if keys.dtype == ROW else None


def decode(path: Path, facts: VideoFacts, keys: Keys, wanted: Sequence[int]) -> Iterator[tuple[int, VideoFrame]]:
    """The key pictures with those numbers, read straight from their places (`VideoIndex.direct`)."""
    context = CodecContext.create(facts.codec, "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = facts.extradata or None
    context.thread_count = 1
    chosen = keys[list(wanted)]
    for number, data in zip(wanted, mp4.reads(path, chosen["pos"], chosen["size"]), strict=True):
        try:
            frames = [*context.decode(Packet(data)), *context.decode(None)]
        except FFmpegError:
            frames = []
        context.flush_buffers()
        if frames:
            yield number, frames[0]
