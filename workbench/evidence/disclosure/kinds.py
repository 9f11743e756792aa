"""What a file is by its first bytes, and whether that is what its name says."""

from __future__ import annotations

from pathlib import PurePosixPath

_NAMES = {
    "mp4": ("mp4", "m4v", "mov", "m4a", "3gp", "3g2"),
    "matroska": ("mkv", "webm", "mka"),
    "avi": ("avi",),
    "transport": ("ts", "m2ts", "mts"),
    "program": ("ps", "mpg", "mpeg", "vob"),
    "jpeg": ("jpg", "jpeg"),
    "png": ("png",),
    "pdf": ("pdf",),
    "zip": ("zip", "docx", "xlsx", "pptx", "odt", "ods", "jar", "whl"),
    "text": (
        "txt", "json", "jsonl", "jsonld", "vtt", "srt", "csv", "md", "xml", "html", "svg", "toml", "ipynb", "py",
        "pem", "log", "xmp",
    ),
}  # fmt: skip
"""Kind → the name endings that go with it."""
VIDEO = ("mp4", "matroska", "avi", "transport", "program")
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"uuid", b"pnot")


def kind_of(head: bytes) -> str:
    """The kind of a file that begins with these bytes (a few thousand); empty where none is known."""
    for magic, kind in (
        (b"\xff\xd8\xff", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"\x00\x00\x01\xba", "program"),
    ):
        if head.startswith(magic):
            return kind
    if head[4:8] in _BOXES:
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "transport"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    return "text" if _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    """UTF-8 without NUL, or UTF-16 with its mark; the last character may be cut off."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as exc:
        return exc.start >= len(head) - 3
    return True


def fits(kind: str, name: str) -> bool:
    """Whether a file of that kind may have that name; a name without a known ending may have any."""
    suffix = PurePosixPath(name).suffix.lower().lstrip(".")
    claimed = next((k for k, endings in _NAMES.items() if suffix in endings), "")
    return not claimed or claimed == kind
