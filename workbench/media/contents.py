"""What a finished file holds besides what it shows: pictures, streams, words; for the disclosure check.

    contents   the file at ``path`` → counts of its pictures, its streams, its tags

Pictures count as hidden where an edit list leaves them out; *doubled* are those that share an instant with another.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from workbench.core.errors import SourceError
from workbench.media.index import HIDDEN, NO_PICTURE, NO_TIME, VideoIndex, scan_rows
from workbench.media.probe import open_media, video_stream
from workbench.media.user_data import user_data

Answer = tuple[dict[str, Any], list[bytes]]


def contents(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> Answer:
    """Answers with ``container``, ``tags``, ``chapters`` (their number), ``streams``, ``user_data`` and ``pictures``.

    A stream has ``index, kind, codec, cover, tags``. ``pictures`` are those of the first real video stream:
    ``contained, hidden, doubled, track`` and the sizes ``shown`` and ``coded``, the latter before the cropping that the
    coding itself asks for; null where there is none.
    """
    path = Path(job["path"])
    with open_media(path) as container:
        try:
            main = video_stream(container, path)
        except SourceError:
            main = None
        told = {
            "container": container.format.name,
            "tags": [list(pair) for pair in container.metadata.items()],
            "chapters": len(container.chapters()),
            "streams": [_stream(stream) for stream in container.streams],
        }
        sizes = None if main is None else {"track": int(main.id), **_sizes(container, main)}
    with open_media(path) as container:
        told["user_data"] = [] if main is None else user_data(container, video_stream(container, path))
    pictures = None if sizes is None else {**_pictures(scan_rows(path, report)), **sizes}
    return {**told, "pictures": pictures}, []


def _stream(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    return {
        "index": stream.index,
        "kind": stream.type,
        "codec": "unknown" if context is None else context.name,
        "cover": bool(stream.disposition & Disposition.attached_pic),
        "tags": [list(pair) for pair in stream.metadata.items()],
    }


def _sizes(container: InputContainer, stream: VideoStream) -> dict[str, list[int]]:
    """Width and height that the headers promise, and those of the coded picture, which its first one tells."""
    context = stream.codec_context
    shown = [context.width, context.height]
    with suppress(FFmpegError):
        next(iter(container.decode(stream)), None)
    return {"shown": shown, "coded": [context.coded_width, context.coded_height]}


def _pictures(index: VideoIndex) -> dict[str, int]:
    rows = index.rows
    seen = rows[rows["flags"] & (HIDDEN | NO_PICTURE) == 0]
    times = seen["pts"][seen["pts"] != NO_TIME]
    return {
        "contained": len(rows),
        "hidden": int(np.count_nonzero(rows["flags"] & HIDDEN)),
        "doubled": len(times) - len(np.unique(times)),
    }
