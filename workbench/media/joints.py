"""Proof that a joint decodes: where copied and re-encoded pictures meet, decoding *through* equals decoding *from*.

A decoder that comes to a joint with the wrong state shows wrong pictures, or fewer, without a word: counting
messages or pictures proves nothing. So around each joint the finished file is decoded twice, once from the key
picture before and once from the joint itself with a fresh decoder, and the pictures must be equal, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from workbench.media.index import VideoIndex
from workbench.media.recording import Recording

REACH = 24
"""Pictures behind a joint that are compared."""
MOST = 64
"""Joints looked at in one file; beyond, it is said that the rest was not checked."""


def faults(finished: Recording, joints: Iterable[int], report: Callable[[int], None]) -> tuple[list[str], str]:
    """What is wrong at the joints of a finished file, and in words what was checked.

    `joints` are the decode order numbers of the pictures at which a run of another making begins.
    """
    wanted = sorted(set(joints))
    if not wanted:
        return [], ""
    problems = []
    for number, row in enumerate(wanted[:MOST]):
        report(number)
        if not _agree(finished, row):
            problems.append(f"pictures behind the joint at picture {row} decode otherwise than from the joint itself")
    words = f"{min(len(wanted), MOST)} joints: decoding through them equals decoding from them"
    if len(wanted) > MOST:
        words += f"; {len(wanted) - MOST} more: not checked"
    return problems, words


def _agree(finished: Recording, row: int) -> bool:
    stop = min(row + REACH, len(finished.index.rows))
    before = _key_before(finished.index, row)
    through = _pictures(finished, before, stop, row)
    fresh = _pictures(finished, row, stop, row)
    return through == fresh and len(fresh) == stop - row


def _key_before(index: VideoIndex, row: int) -> int:
    keys = [at for at in range(max(0, row - 500), row) if index.rows["flags"][at] & 8]
    return keys[-1] if keys else max(0, row - 500)


def _pictures(finished: Recording, low: int, high: int, first: int) -> dict[int, bytes]:
    """Digests of the pictures that the packets of rows [first, high) make when decoding begins at row `low`."""
    out: dict[int, bytes] = {}
    context: VideoCodecContext | None = None
    for row, packet in finished.packets(low, high):
        context = _context(packet)
        packet.pts = packet.dts = row
        _take(out, packet.decode, first)
    if context is not None:
        last = context
        _take(out, lambda: last.decode(None), first)
    return out


def _context(packet: Packet[VideoStream]) -> VideoCodecContext:
    return packet.stream.codec_context


def _take(out: dict[int, bytes], decode: Callable[[], list[VideoFrame]], first: int) -> None:
    try:
        frames = decode()
    except FFmpegError:
        return
    for frame in frames:
        if frame.pts is not None and frame.pts >= first:
            digest = hashlib.sha256()
            for plane in frame.planes:
                digest.update(memoryview(plane))
            out[frame.pts] = digest.digest()
