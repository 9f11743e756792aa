"""Words beside the pictures: which tags are harmless, which name a place, which a person or a device.

A tag is a key and a value, whatever container it comes from. Harmless keys say how a file was made, not by whom or
where; a value that the package declares in its own records anyway (a camera's name, a comment, the examiner) is no
leak either. Everything else is: an unknown key is taken for a name, since nobody said it is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from workbench.evidence.disclosure.answers import PEOPLE, PLACES, Answer, settled

Tag = tuple[str, str]
_HARMLESS = {
    "encoder", "creation_time", "duration", "language", "vendor_id", "major_brand", "minor_version",
    "compatible_brands", "compressor", "number_of_frames", "number_of_bytes", "bps", "software", "producer", "creator",
    "creationdate", "moddate", "trapped", "too", "swr", "isft", "rotate", "date", "datetime", "title_handler",
    "muxingapp", "writingapp", "_statistics_tags", "_statistics_writing_app", "_statistics_writing_date_utc",
}  # fmt: skip
_HANDLERS = {"videohandler", "soundhandler", "subtitlehandler", "datahandler", "time", "mdir", ""}
_NOBODY = {"anonymous", "unspecified", "untitled", "unknown", "none"}
_PLACE_KEYS = re.compile(r"xyz|loci|location|gps|geo|latitude|longitude|place|city|country|address|coordinates")
_COORDINATES = re.compile(r"(?<!\d)[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?(?![\d:])|geo:-?\d|\d{1,3}°\s?\d")
_CHAPTER = re.compile(r"[\dT:.Z+-]+ (.+?)(?:, after a gap of [\d.]+ s)?")
_LONGEST = 60


def judged(tags: Iterable[Tag], declared: Collection[str]) -> Iterator[Answer]:
    """What the tags of a file disclose: one answer about places, one about people and devices."""
    places: list[str] = []
    people: list[str] = []
    known = {_bare(word) for word in declared}
    for key, value in tags:
        name, text = _plain(key), _bare(value)
        if not text or (not _PLACE_KEYS.search(name) and _title(name, text) in known):
            continue
        if _PLACE_KEYS.search(name) or _COORDINATES.search(text):
            places.append(_shown(key, text))
        elif not _harmless(name, text):
            people.append(_shown(key, text))
    yield settled(PLACES, places)
    yield settled(PEOPLE, people)


def _bare(text: str) -> str:
    """A value without what stands around it: containers fill up with zeros, and people end a line."""
    return text.strip().strip("\0").strip()


def _title(name: str, text: str) -> str:
    """The part of a text that must be declared: of a chapter that an export makes, the recording's name."""
    found = _CHAPTER.fullmatch(text) if name == "chapter" else None
    return text if found is None else found[1]


def _plain(key: str) -> str:
    return key.lower().replace("\u00a9", "").strip(" /\0")


def _harmless(name: str, text: str) -> bool:
    if name in ("handler_name", "handler"):
        return text.lower() in _HANDLERS
    return (
        name in _HARMLESS
        or text.lower() in _NOBODY
        or name.split("-")[0] in ("duration", "number_of_frames", "bps", "number_of_bytes")
    )


def _shown(key: str, text: str) -> str:
    """A tag, short and with nothing in it that acts."""
    value = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{key} = {value!a}"
