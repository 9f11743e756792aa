"""Video files: what the demuxer counts in them, against what is shown and what the export's record declares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from workbench.evidence.disclosure.answers import (
    EMBEDDED,
    HIDDEN,
    INSIDE,
    SOUND,
    TRACKS,
    Answer,
    leak,
    listed,
    ok,
    settled,
    unchecked,
)  # fmt: skip
from workbench.evidence.disclosure.declared import Made
from workbench.evidence.disclosure.words import judged

_ROOM = {"h264": (16, 32), "hevc": (64, 64)}
"""Coding → columns and rows below which a coded picture may be larger than the shown one: whole blocks, both fields."""
_OTHER_ROOM = (64, 64)
_ENCODERS = ("x264 - core", "x265 (build", "Lavc", "H.264/MPEG-4", "options:")
"""Begins of the texts by which encoders name themselves and their settings."""


def answers(
    contents: Mapping[str, Any], samples: Mapping[str, int], made: Made | None, declared: Collection[str]
) -> Iterator[Answer]:
    """What the worker's verb ``contents`` says of a file; `samples` are those that its own tables list."""
    streams = contents["streams"]
    yield settled(HIDDEN, _hidden(contents, samples, made))
    yield settled(EMBEDDED, (f"{s['codec']} picture attached as stream {s['index']}" for s in streams if s["cover"]))
    yield settled(
        TRACKS,
        _tracks(streams, made, contents["chapters"]),
        expected="one video track, and the time track of an export",
    )
    yield _sound(streams, made)
    yield _inside(contents["user_data"], made)
    named = [contents, *(s for s in streams if not s["cover"] and s["kind"] != "attachment")]  # those are told already
    yield from judged([tuple(tag) for one in named for tag in one["tags"]], declared)


def _hidden(contents: Mapping[str, Any], samples: Mapping[str, int], made: Made | None) -> Iterator[str]:
    pictures = contents["pictures"]
    if pictures is None:
        return
    listed = samples.get(str(pictures["track"]), 0)
    shown = pictures["contained"] - pictures["hidden"]
    if hidden := max(listed, pictures["contained"]) - shown:
        yield f"{shown} pictures are shown, {shown + hidden} are contained"
    if pictures["doubled"]:
        yield f"{pictures['doubled']} pictures share an instant with another"
    if made is not None and made.file.get("frames_shown") not in (None, shown):
        yield f"{shown} pictures are shown, the export's record says {made.file['frames_shown']}"
    codec = next((s["codec"] for s in contents["streams"] if s["kind"] == "video" and not s["cover"]), "")
    for side, room, seen, coded in zip(
        ("columns", "rows"), _ROOM.get(codec, _OTHER_ROOM), pictures["shown"], pictures["coded"], strict=True
    ):
        if coded - seen >= room:
            yield f"{coded - seen} {side} of each picture are coded and not shown"
    if contents["chapters"] and made is None:
        yield f"{contents['chapters']} chapters"


def _tracks(streams: list[Mapping[str, Any]], made: Made | None, chapters: int) -> Iterator[str]:
    """Tracks beyond the first video, its sound, and what an export makes: a time track, in MP4 one of chapters."""
    videos = [s for s in streams if s["kind"] == "video" and not s["cover"]]
    texts = [s for s in streams if s["kind"] == "subtitle"]
    others = [s for s in streams if s["kind"] not in ("video", "audio", "subtitle")]
    allowed = 0 if made is None else 1
    for stream in (*videos[1:], *texts[allowed:], *others[allowed if chapters else 0 :]):
        yield f"{stream['kind']} track ({stream['codec']}, stream {stream['index']}) that no record declares"


def _inside(texts: list[str], made: Made | None) -> Answer:
    """User data beside the coded pictures; an export that copies pictures copies it too."""
    found = [text for text in texts if not text.startswith(_ENCODERS)]
    if found and made is not None:
        return unchecked(INSIDE, f"carried over as it was recorded: {listed([ascii(text) for text in found])}")
    return settled(INSIDE, (ascii(text) for text in found))


def _sound(streams: list[Mapping[str, Any]], made: Made | None) -> Answer:
    found = [f"{s['codec']} (stream {s['index']})" for s in streams if s["kind"] == "audio"]
    if not found:
        return ok(SOUND)
    named = ", ".join(found)
    if made is None:
        return leak(SOUND, f"sound: {named}", note="No record of an export declares it.")
    if made.drops_sound:
        return leak(SOUND, f"sound: {named}", note=f"{made.record} asks for none.")
    return ok(SOUND, f"declared by {made.record}: {named}")
