"""A BagIt bag (RFC 8493) byte for byte as docs/package-format.md says: manifests, bag-info, and names it may hold.

Nothing here touches a file; `bag_store` lays the bag out in a folder or a zip.

>>> manifest({"data/b": "00", "data/a": "ff"})
b'ff  data/a\\n00  data/b\\n'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.core.errors import WorkError

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
NOBODY = "nobody"
NO_REPORT = "none"

_LONGEST_VALUE = 500
_LONGEST_PATH = 240
"""UTF-8 bytes of one part of a path; file systems allow 255."""
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the direction of the text around them, so that it reads as something else."""
_UNPORTABLE = re.compile(r'[\\:*?"<>|%\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def one_line(text: str) -> str:
    """`text` on one line: control characters, line separators, direction marks and lone surrogates as ``\\x0a``."""
    return "".join(_escaped(c) if _special(c) else c for c in text)


def _special(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _TURNING


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clipped(text: str, most: int = _LONGEST_VALUE) -> str:
    """`text` on one line and not endless; what was left out is said."""
    if len(text) <= most:
        return one_line(text)
    return f"{one_line(text[:most])}… ({len(text)} characters, whole in data/custody.jsonl)"


def manifest(digests: Mapping[str, str]) -> bytes:
    """A manifest of path → digest, sorted by the bytes of the path."""
    paths = sorted(digests, key=lambda path: path.encode())
    return "".join(f"{digests[path]}  {_in_manifest(path)}\n" for path in paths).encode()


def _in_manifest(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


@dataclass(frozen=True, slots=True, kw_only=True)
class BagInfo:
    """The facts of ``bag-info.txt``, in the order of its lines."""

    date: str
    """``2026-03-01``"""
    agent: str
    identifier: str
    """The case number."""
    description: str
    payload_bytes: int
    payload_files: int
    custody_length: int
    custody_head: str
    report: str = NO_REPORT
    """Path of the newest report in the bag."""
    report_status: str = NO_REPORT
    signed_by: str = NOBODY
    """SHA-256 of the signer's certificate."""
    signature_kind: str = "none"
    time_stamps: int = 0

    def to_bytes(self) -> bytes:
        """The file, values on one line each."""
        lines = {
            "Bagging-Date": self.date,
            "Bag-Software-Agent": self.agent,
            "External-Identifier": one_line(self.identifier),
            "External-Description": clipped(self.description),
            "Payload-Oxum": f"{self.payload_bytes}.{self.payload_files}",
            "Custody-Length": self.custody_length,
            "Custody-Head": self.custody_head,
            "Report": self.report,
            "Report-Status": self.report_status,
            "Signed-By": self.signed_by,
            "Signature-Kind": self.signature_kind,
            "Time-Stamps": self.time_stamps,
        }
        return "".join(f"{label}: {value}\n" for label, value in lines.items()).encode()


def refuse_names(paths: Iterable[str]) -> None:
    """Raise WorkError for the first path that a bag cannot hold, or that some system could not unpack."""
    seen: dict[str, str] = {}
    for path in paths:
        if why := _unfit(path) or _clash(path, seen.get(path.casefold())):
            advice = "Make the export again under the name that the workbench gives; then seal."
            raise WorkError(f"{one_line(path)!r} cannot stand in a package: {why}", advice)
        seen[path.casefold()] = path


def _clash(path: str, other: str | None) -> str:
    if other is None:
        return ""
    return "it is named twice" if other == path else f"{one_line(other)!r} differs from it in nothing but case"


def _unfit(path: str) -> str:
    """Why some system could not hold a file of that name, or empty."""
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return "it is no plain relative path"
        if _UNPORTABLE.search(part) or any(map(_special, part)):
            return "it has a character that not every system allows in names"
        if part[-1] in ". " or part[0] == " " or _RESERVED.fullmatch(part):
            return "Windows reserves such names"
        if len(part.encode()) > _LONGEST_PATH:
            return f"its name is longer than {_LONGEST_PATH} bytes"
    return "" if unicodedata.is_normalized("NFC", path) else "its characters are not composed (NFC)"


def package_name(number: str, id: str) -> str:  # noqa: A002
    """Name of a package on any system: the case number made safe, and the package's id, e.g. ``17-2026-P1``."""
    text = unicodedata.normalize("NFC", number)
    kept = re.sub(r"-+", "-", "".join(c if c.isalnum() or c in "_()" else "-" for c in text)).strip("-")
    short = kept.encode()[:120].decode(errors="ignore").strip("-") or "case"
    return f"{short}-{id}"
