"""The time track: cues that say when the pictures were taken, as WebVTT and as packets for mkv and mp4.

Rules of the cues:

- A cue begins with the frame that it names. The next one begins where another wall-clock second begins, or
  the stamp reads differently (a template with fractions has a cue a frame: 90,000 in an hour at 25 a second).
- It ends where its last frame ends. No cue reaches into a gap; frames more than a second apart have one each.
- Times are rounded down to milliseconds, the finest that the three formats share: a cue is never late.
- The comment stands under the stamp for the first `COMMENT_US`, cut to `MOST_COMMENT` characters.

Text is shown and never obeyed. WebVTT has escapes for that. SubRip and mov_text have none, so braces,
which players take for a style, are written full width, and a word joiner (U+2060, invisible) after ``<`` and
``\\`` keeps them from beginning a tag.

Measured with PyAV 18.1, read back by it and by ffmpeg 5.1: text, Cyrillic included, and times are right;
two runs are identical (mkv: only with the container option ``fflags=+bitexact``). In mkv the track is not a
default one. In mp4 the muxer switches on the first track of each kind, whatever its disposition; and it fills
the pauses between cues with empty samples itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from av import Packet
from av.container import OutputContainer
from av.stream import Stream

from workbench.core.timebase import SECOND
from workbench.media.writing import ELLIPSIS, visible

MILLISECOND = 1000
TICK = Fraction(1, 1000)
"""Time base of the track's packets."""
COMMENT_US = 10 * SECOND
MOST_COMMENT = 500
_BREAKS_NOTE = re.compile(r"-->|\n\s*\n")


class Shown(NamedTuple):
    """One frame of the finished file: [begin_us, end_us) from the file's start, and when it was taken."""

    begin_us: int
    end_us: int
    """Where the next frame follows, or where the frame's own duration ends before a gap."""
    instant_us: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption, [begin_us, end_us) from the file's start, both whole milliseconds."""

    begin_us: int
    end_us: int
    text: str
    """Plain text, harmless to draw but not yet escaped; lines end in a line feed, none is empty."""


def cues(frames: Iterable[Shown], stamp: Callable[[int], str], comment: str = "") -> Iterator[Cue]:
    """The cues for frames in the order shown; `stamp` renders an instant (`Shown.instant_us`)."""
    remark = _remark(comment)
    start: Shown | None = None
    words, until, zero = "", 0, None
    for frame in frames:
        zero = frame.begin_us + COMMENT_US if zero is None else zero
        text = stamp(frame.instant_us)
        joined = start is not None and frame.begin_us <= until and _second(frame) == _second(start)
        if joined and text == words:
            until = max(until, frame.end_us)
            continue
        if start is not None:
            yield from _cue(start, min(until, frame.begin_us), words, remark if start.begin_us < zero else "")
        start, words, until = frame, text, frame.end_us
    if start is not None and zero is not None:
        yield from _cue(start, until, words, remark if start.begin_us < zero else "")


def _second(frame: Shown) -> int:
    return frame.instant_us // SECOND


def _cue(start: Shown, until: int, words: str, remark: str) -> Iterator[Cue]:
    begin, end = (us // MILLISECOND * MILLISECOND for us in (start.begin_us, until))
    lines = [line for line in f"{visible(words)}\n{remark}".split("\n") if line.strip()]
    if end > begin and lines:
        yield Cue(begin, end, "\n".join(lines))


def _remark(comment: str) -> str:
    text = visible(comment)
    return text if len(text) <= MOST_COMMENT else text[: MOST_COMMENT - 1] + ELLIPSIS


def vtt(cues: Iterable[Cue], notes: Iterable[str] = ()) -> str:
    """A WebVTT file (W3C WebVTT 1) with one NOTE block for each of `notes`: source, zone, what is undated."""
    blocks = ["WEBVTT\n"]
    for note in notes:
        text = _BREAKS_NOTE.sub(lambda found: "--&gt;" if found[0] == "-->" else "\n", visible(note).strip())
        blocks.append(f"NOTE\n{text}\n")
    for cue in cues:
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_clock(cue.begin_us)} --> {_clock(cue.end_us)}\n{text}\n")
    return "\n".join(blocks)


def _clock(us: int) -> str:
    seconds, millis = divmod(us // MILLISECOND, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{millis:03d}"


def subrip(text: str) -> bytes:
    """The payload of a SubRip packet (Matroska S_TEXT/UTF8)."""
    return _unstyled(text).encode()


def mov_text(text: str) -> bytes:
    """The payload of a mov_text sample: two bytes of length, then UTF-8 (3GPP TS 26.245)."""
    data = _unstyled(text).encode()[:0xFFFF].decode(errors="ignore").encode()
    return len(data).to_bytes(2, "big") + data


def _unstyled(text: str) -> str:
    return text.replace("{", "\uff5b").replace("}", "\uff5d").replace("<", "<\u2060").replace("\\", "\\\u2060")


def add_time_track(container: OutputContainer, kind: Literal["mkv", "mp4"]) -> Stream:
    """Add the time track to a file not yet begun; feed it with `packets`.

    Interleave them with the pictures: mux each once the pictures have come to its time.
    """
    stream = container.add_mux_stream("subrip" if kind == "mkv" else "mov_text", time_base=TICK)
    stream.metadata.update(language="und", title="Time", handler_name="Time")
    return stream


def packets(cues: Iterable[Cue], stream: Stream, kind: Literal["mkv", "mp4"]) -> Iterator[Packet[Stream]]:
    """The cues as packets for `stream`, one each, in order."""
    payload = subrip if kind == "mkv" else mov_text
    for cue in cues:
        packet = Packet(payload(cue.text))
        packet.stream, packet.time_base = stream, TICK
        packet.pts = packet.dts = cue.begin_us // MILLISECOND
        packet.duration = (cue.end_us - cue.begin_us) // MILLISECOND
        yield packet
