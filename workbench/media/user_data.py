"""Words inside coded pictures: user data that cameras and encoders put beside the picture (SEI; H.264 and H.265).

Copied pictures carry it over as it was recorded. What is no text is told by its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import cast

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from workbench.media.bits import BitstreamError
from workbench.media.nal import Codec, nal_type, sei_messages, split
from workbench.media.parameter_sets import read_extradata

LOOKED_AT = 250
"""Packets from the begin of a file that are looked into: user data comes with the first pictures, or with all."""
_SEI = {"h264": (6,), "hevc": (39, 40)}
_REGISTERED, _UNREGISTERED, _UUID = 4, 5, 16
_TEXT = re.compile(rb"[\x20-\x7e]{4,}")
_MOST = 20


def user_data(container: InputContainer, stream: VideoStream) -> list[str]:
    """What the first packets say, each text once; empty for codings without such messages."""
    codec = stream.codec_context.codec.canonical_name
    if codec not in _SEI:
        return []
    found: dict[str, None] = {}
    with suppress(FFmpegError, BitstreamError):
        size = _length_size(stream, cast(Codec, codec))
        for packet in islice(container.demux(stream), LOOKED_AT):
            found.update(dict.fromkeys(_words(bytes(packet), cast(Codec, codec), size)))
            if len(found) >= _MOST:
                break
    return list(found)[:_MOST]


def _length_size(stream: VideoStream, codec: Codec) -> int:
    data = bytes(stream.codec_context.extradata or b"")
    return read_extradata(data, codec).length_size if len(data) >= 4 else 0


def _words(packet: bytes, codec: Codec, size: int) -> Iterator[str]:
    for nal in split(packet, size):
        if nal_type(nal, codec) not in _SEI[codec]:
            continue
        with suppress(BitstreamError):
            for kind, payload in sei_messages(nal, codec):
                if kind == _UNREGISTERED and len(payload) > _UUID:
                    texts = _TEXT.findall(payload[_UUID:])
                    yield " ".join(text.decode() for text in texts)[:300] or f"{len(payload)} bytes of user data"
                elif kind == _REGISTERED:
                    yield "captions" if b"GA94" in payload[:8] else f"{len(payload)} bytes of registered user data"
