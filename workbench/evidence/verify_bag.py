"""A package as a folder: which files lie in it, its layout, and what bag-info.txt says (docs/package-format.md).

    bag = Bag(folder)
    findings = [*bag.layout(), *check_manifests(bag), *check_digests(bag)]      # verify_manifests.py

Written from the format's page, apart from `verify_alone`. Everything is compared with the one form that the page
allows, so that a changed byte has nowhere to hide. Nothing in the folder is followed, executed or trusted: links and
special files are findings, names are text, metadata files have a greatest size.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from workbench.core.errors import SourceError
from workbench.evidence import hashing
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.hashing import Digests

MOST_METADATA = 256 * 1024 * 1024
"""Bytes of a metadata file; a larger one is not read."""
MOST_FILES = 1_000_000
DEEPEST = 64
ALGORITHMS = ("sha256", "sha512")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
TAG_FILES = ("README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", "verify.py")
TAG_MANIFESTS = tuple(f"tagmanifest-{algorithm}.txt" for algorithm in ALGORITHMS)
CERTIFICATES = "certificates.pem"
NOBODY = "nobody"
_LAYOUT = re.compile(
    r"(data/(custody\.jsonl|sources\.json|case\.jsonld|(exports|snapshots|clock|reports)/.+)|signature/.+|"
    + "|".join(map(re.escape, (*TAG_FILES, *TAG_MANIFESTS, CERTIFICATES)))
    + ")",
    re.DOTALL,
)
_HEX64 = r"[0-9a-f]{64}"
_NUMBER = r"(0|[1-9]\d{0,17})"
_INFO = {
    "Bagging-Date": r"\d{4}-\d\d-\d\d",
    "Bag-Software-Agent": r".+",
    "External-Identifier": r".*",
    "External-Description": r".*",
    "Payload-Oxum": rf"{_NUMBER}\.{_NUMBER}",
    "Custody-Length": _NUMBER,
    "Custody-Head": _HEX64,
    "Report": r"none|data/reports/R[1-9]\d{0,8}\.pdf",
    "Report-Status": r"FINAL|DRAFT|none",
    "Signed-By": rf"{NOBODY}|{_HEX64}",
    "Signature-Kind": r"given key|self-signed key|none",
    "Time-Stamps": r"0|[1-9]\d{0,2}",
}
"""The labels of bag-info.txt in their order, and what their values look like."""
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def ok(check: str, file: str = "", found: str = "", note: str = "") -> Finding:
    """A check that held."""
    return Finding(check=check, verdict=Verdict.OK, file=file, found=found, note=note)


def failed(check: str, file: str, expected: str, found: str, note: str = "", place: str = "") -> Finding:
    """A check that did not hold."""
    return Finding(
        check=check, verdict=Verdict.FAILED, file=file, expected=expected, found=found, note=note, place=place
    )


def not_checked(check: str, file: str, note: str) -> Finding:
    """A check that was not made, and why."""
    return Finding(check=check, verdict=Verdict.NOT_CHECKED, file=file, note=note)


class Bag:
    """A package as a folder, and what the checks so far found out about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._strange: list[Finding] = []
        found = dict(self._walk())
        self.files: dict[str, int] = {path: found[path] for path in sorted(found, key=as_bytes)}
        """Path → size of every plain file, sorted by UTF-8 bytes."""
        self.info, self._wrong_info = read_info(self.read("bag-info.txt"))
        """bag-info.txt by label; empty where it is not as it must be."""
        self.listed: dict[str, dict[str, str]] = {}
        """Manifest's name → path → digest, once the manifests were checked."""
        self.digests: dict[str, Digests] = {}
        """Path → digests of the file, once they were checked."""

    @property
    def signed(self) -> bool:
        """Whether bag-info.txt says that somebody signed; where it cannot be read, whether there are signatures."""
        if self.info:
            return self.info["Signed-By"] != NOBODY
        return CERTIFICATES in self.files or any(path.startswith("signature/") for path in self.files)

    @property
    def stamps(self) -> int:
        """How many time stamps bag-info.txt promises; where it cannot be read, how many there are."""
        if self.info:
            return int(self.info["Time-Stamps"])
        return sum(path.startswith("signature/time-stamp-") and path.endswith(".tsr") for path in self.files)

    def read(self, path: str) -> bytes | None:
        """A metadata file; None where it is missing, too large or unreadable."""
        size = self.files.get(path, MOST_METADATA + 1)
        if size > MOST_METADATA:
            return None
        try:
            with hashing.open_plain(self.folder / path) as file:
                return file.read(size + 1)
        except (SourceError, OSError):
            return None

    def layout(self) -> Iterator[Finding]:
        """``bag-form``: nothing strange lies about, bagit.txt and bag-info.txt are as they must be."""
        yield from self._strange
        yield from names(self.files)
        for path in self.files:
            if not _LAYOUT.fullmatch(path):
                yield failed("bag-form", path, "a file that the format knows", "another")
        found = self.read("bagit.txt")
        if found == DECLARATION:
            yield ok("bag-form", "bagit.txt")
        else:
            yield failed("bag-form", "bagit.txt", _text(DECLARATION), _text(found))
        yield self._wrong_info or ok("bag-form", "bag-info.txt")

    def _walk(self) -> Iterator[tuple[str, int]]:
        waiting, count = [("", 0)], 0
        while waiting:
            below, depth = waiting.pop()
            try:
                with os.scandir(self.folder / below) as entries:
                    facts = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
            except OSError as exc:
                self._strange.append(failed("bag-form", below, "a folder", f"unreadable: {exc.strerror}"))
                continue
            if not facts and below:
                self._strange.append(failed("bag-form", below, "a folder with files", "an empty folder"))
            count += len(facts)
            if count > MOST_FILES:
                self._strange.append(failed("bag-form", below, f"at most {MOST_FILES} files", "more; not looked at"))
                return
            for name, fact in facts:
                path = f"{below}/{name}" if below else name
                if stat.S_ISDIR(fact.st_mode) and depth < DEEPEST and not _is_junction(fact):
                    waiting.append((path, depth + 1))
                elif stat.S_ISREG(fact.st_mode):
                    yield path, fact.st_size
                else:
                    self._strange.append(failed("bag-form", path, "a plain file", _kind(fact)))


def names(paths: Iterable[str]) -> Iterator[Finding]:
    """Names that are not UTF-8 or not composed, and those that some systems take for one another."""
    seen: dict[str, str] = {}
    for path in paths:
        if any("\ud800" <= c <= "\udfff" for c in path) or not unicodedata.is_normalized("NFC", path):
            yield failed("bag-form", path, "a name in UTF-8, composed (NFC)", "another form")
        for end in (*(place for place, sign in enumerate(path) if sign == "/"), len(path)):
            known = unicodedata.normalize("NFC", path[:end]).casefold()
            if (other := seen.setdefault(known, path[:end])) != path[:end]:
                yield failed("bag-form", path, "a name that differs in more than case", other)
                break


def read_info(data: bytes | None) -> tuple[dict[str, str], Finding | None]:
    """bag-info.txt by label, or nothing and what is wrong with it."""

    def wrong(expected: str, found: str, place: str = "") -> tuple[dict[str, str], Finding]:
        return {}, failed("bag-form", "bag-info.txt", expected, found, place=place)

    if data is None:
        return wrong("a file", "none that can be read")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return wrong("UTF-8", "other bytes")
    found: dict[str, str] = {}
    for number, (label, form) in enumerate(_INFO.items()):
        line = lines[number] if number < len(lines) else ""
        name, sign, value = line.partition(": ")
        if name != label or not sign or not re.fullmatch(form, value, re.ASCII) or not _plain(value):
            return wrong(f"{label}: {form}", line[:200], f"line {number + 1}")
        found[label] = value
    if lines[len(_INFO) :] != [""]:
        return wrong(f"{len(_INFO)} lines", "more, or no line feed at the end")
    why = _contradiction(found)
    return wrong("facts that agree with each other", why) if why else (found, None)


def _contradiction(info: Mapping[str, str]) -> str:
    """What bag-info.txt says that cannot be so, or empty."""
    try:
        date.fromisoformat(info["Bagging-Date"])
    except ValueError:
        return f"there is no such day: {info['Bagging-Date']}"
    if (info["Report"] == "none") != (info["Report-Status"] == "none"):
        return f"Report {info['Report']}, Report-Status {info['Report-Status']}"
    signed = info["Signed-By"] != NOBODY
    if signed == (info["Signature-Kind"] == "none") or (not signed and info["Time-Stamps"] != "0"):
        return ", ".join(f"{label} {info[label]}" for label in ("Signed-By", "Signature-Kind", "Time-Stamps"))
    return ""


def as_bytes(path: str) -> bytes:
    """A path as its bytes in UTF-8, also where those are not UTF-8."""
    return path.encode("utf-8", "surrogateescape")


def _text(data: bytes | None) -> str:
    return "none that can be read" if data is None else data[:200].decode("utf-8", "replace")


def _plain(value: str) -> bool:
    """Whether every character may stand in a line of bag-info.txt."""
    return all(unicodedata.category(c) not in ("Cc", "Zl", "Zp", "Cs") and c not in _TURNING for c in value)


def _is_junction(fact: os.stat_result) -> bool:
    return getattr(fact, "st_reparse_tag", 0) == 0xA0000003  # a folder that is another one, on Windows


def _kind(fact: os.stat_result) -> str:
    if stat.S_ISLNK(fact.st_mode) or _is_junction(fact):
        return "a link"
    return "a folder too deep" if stat.S_ISDIR(fact.st_mode) else "a special file"
