"""The pipe between a worker process and its parent: one message = a JSON header and binary blobs. Pure.

    4 bytes   b"WBM1"
    4 bytes   length of the header, unsigned, big-endian
    header    UTF-8 JSON object; its key "blobs" lists the blobs' lengths in bytes
    blobs     one after the other, nothing between them

Headers by their "type":

    parent → child   job       {id, verb, payload}
    child → parent   progress  {id, data}            newest state; repeated as a heartbeat while a job runs
                     result    {id, data} + blobs
                     error     {id, error: {kind, message, advice}, detail}
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

MAGIC = b"WBM1"
_FRONT = struct.Struct(">4sI")
MOST_HEADER = 1 << 30
PIECE = 1 << 20
"""Blobs are written in pieces of this size, so that a reader that goes away is noticed early."""

Blob = bytes | bytearray | memoryview


class WireError(Exception):
    """The bytes are no message; never leaves `media.worker`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    header: dict[str, Any]
    blobs: list[bytes]

    @property
    def type(self) -> str:
        """What kind of message it is."""
        return str(self.header.get("type"))


def encode(header: dict[str, Any], blobs: Sequence[Blob] = (), lenient: bool = False) -> bytes:
    """The front and header of a message; the blobs follow it as they are.

    TypeError for what JSON cannot say, unless `lenient`: then it is written as text.
    """
    lengths = [memoryview(blob).nbytes for blob in blobs]
    text = json.dumps({**header, "blobs": lengths}, default=str if lenient else None).encode("ascii")
    return _FRONT.pack(MAGIC, len(text)) + text


def send(stream: BinaryIO, head: bytes, blobs: Sequence[Blob] = ()) -> None:
    """Write a message whose head `encode` made; OSError where the reader is gone."""
    stream.write(head)
    for blob in blobs:
        view = memoryview(blob).cast("B")
        for start in range(0, len(view), PIECE):
            stream.write(view[start : start + PIECE])
    stream.flush()


def receive(stream: BinaryIO) -> Message | None:
    """The next message, None at a clean end; WireError for a torn or foreign one."""
    front = stream.read(_FRONT.size)
    if not front:
        return None
    if len(front) < _FRONT.size:
        raise WireError("the stream ends inside a message")
    magic, length = _FRONT.unpack(front)
    if magic != MAGIC or length > MOST_HEADER:
        raise WireError(f"{front!r} does not begin a message")
    try:
        header = json.loads(_exactly(stream, length))
        blobs = [_exactly(stream, int(size)) for size in header["blobs"]]
    except (ValueError, TypeError, KeyError) as exc:
        raise WireError(f"the header is not sound: {exc}") from exc
    return Message(header, blobs)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise WireError("the stream ends inside a message")
    return data
