"""The bag of a package: its layout, its manifests, the digests of its files (docs/package-format.md).

    bag = Bag(folder)
    findings = [*bag.layout(), *bag.manifests(), *bag.digests()]

Written from the format's page, apart from `verify_alone`. Everything is compared with the one form that the page
allows, so that a changed byte has nowhere to hide. Nothing in the folder is followed, executed or trusted: links and
special files are findings, names are text, metadata files have a greatest size.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.core.errors import SourceError
from workbench.evidence import hashing
from workbench.evidence.findings import Finding, Verdict

OnProgress = Callable[[str, float], None]
MOST_METADATA = 256 * 1024 * 1024
"""Bytes of a metadata file; a larger one is not read."""
DEEPEST = 32
ALGORITHMS = ("sha256", "sha512")
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
TAG_FILES = ("README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", "verify.py")
TAG_MANIFESTS = tuple(f"tagmanifest-{algorithm}.txt" for algorithm in ALGORITHMS)
CERTIFICATES = "certificates.pem"
NOBODY = "nobody"
_DIGITS = {"sha256": 64, "sha512": 128}
_HEX64 = r"[0-9a-f]{64}"
_INFO = {
    "Bagging-Date": r"\d{4}-\d\d-\d\d",
    "Bag-Software-Agent": r".+",
    "External-Identifier": r".*",
    "External-Description": r".*",
    "Payload-Oxum": r"\d{1,19}\.\d{1,9}",
    "Custody-Length": r"\d{1,9}",
    "Custody-Head": _HEX64,
    "Report": r"none|data/reports/R\d{1,9}\.pdf",
    "Report-Status": r"FINAL|DRAFT|none",
    "Signed-By": rf"{NOBODY}|{_HEX64}",
    "Signature-Kind": r"given key|self-signed key|none",
    "Time-Stamps": r"\d{1,4}",
}
"""The labels of bag-info.txt in their order, and what their values look like."""


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
    """A package as a folder; made once, asked in the order of its methods."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, int] = {}
        """Path → size of every plain file, sorted by UTF-8 bytes."""
        self.info: dict[str, str] = {}
        """bag-info.txt by label; empty where it is not as it must be."""
        self.listed: dict[str, dict[str, str]] = {}
        """Manifest's name → path → digest."""
        self._strange: list[Finding] = []
        found = dict(self._walk())
        self.files = {path: found[path] for path in sorted(found, key=_bytes)}

    @property
    def signed(self) -> bool:
        """Whether bag-info.txt says that somebody signed."""
        return self.info.get("Signed-By", NOBODY) != NOBODY

    def read(self, path: str) -> bytes | None:
        """A metadata file; None where it is missing, too large or unreadable."""
        if self.files.get(path, MOST_METADATA + 1) > MOST_METADATA:
            return None
        try:
            with hashing.open_plain(self.folder / path) as file:
                return file.read(MOST_METADATA + 1)
        except (SourceError, OSError):
            return None

    def layout(self) -> Iterator[Finding]:
        """``bag-form``: nothing strange lies about, bagit.txt and bag-info.txt are as they must be."""
        yield from self._strange
        yield from self._names()
        for path in self.files:
            top, _, below = path.partition("/")
            known = top in ("data", "signature") if below else top in (*TAG_FILES, *TAG_MANIFESTS, CERTIFICATES)
            if not known:
                yield failed("file-added", path, "no such file", "a file that the format does not know")
        found = self.read("bagit.txt")
        if found == DECLARATION:
            yield ok("bag-form", "bagit.txt")
        else:
            yield failed("bag-form", "bagit.txt", _text(DECLARATION), _text(found))
        yield self._read_info()

    def manifests(self) -> Iterator[Finding]:
        """``manifest-form``, ``file-missing``, ``file-added``: manifests name exactly what is there, and agree."""
        tags = sorted([*TAG_FILES, *([CERTIFICATES] if self.signed else [])], key=_bytes)
        payload = [path for path in self.files if path.startswith("data/")]
        there = {"manifest": payload, "tagmanifest": tags}
        for kind, expected in there.items():
            for algorithm in ALGORITHMS:
                yield from self._manifest(f"{kind}-{algorithm}.txt", algorithm, expected)
        yield from self._missing_and_added(payload, tags)

    def digests(self, on_progress: OnProgress = lambda text, done: None) -> Iterator[Finding]:
        """``payload-hash``, ``tag-hash``, ``payload-size``: every file has the digests that the manifests say."""
        whole, done = sum(self.files.values()) or 1, 0
        for path, size in self.files.items():
            on_progress(path, done / whole)
            done += size
            kind = "manifest" if path.startswith("data/") else "tagmanifest"
            wanted = {a: self.listed.get(f"{kind}-{a}.txt", {}).get(path, "") for a in ALGORITHMS}
            if any(wanted.values()):
                yield self._digest("payload-hash" if kind == "manifest" else "tag-hash", path, wanted)
        sizes = [size for path, size in self.files.items() if path.startswith("data/")]
        oxum = f"{sum(sizes)}.{len(sizes)}"
        said = self.info.get("Payload-Oxum", "nothing")
        yield ok("payload-size") if oxum == said else failed("payload-size", "bag-info.txt", said, oxum)

    def _walk(self) -> Iterator[tuple[str, int]]:
        waiting = [("", 0)]
        while waiting:
            below, depth = waiting.pop()
            try:
                entries = sorted(os.scandir(self.folder / below), key=lambda entry: entry.name)
            except OSError as exc:
                self._strange.append(failed("bag-form", below, "a folder", f"unreadable: {exc.strerror}"))
                continue
            if not entries and below:
                self._strange.append(failed("bag-form", below, "a folder with files", "an empty folder"))
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode) and depth < DEEPEST:
                    waiting.append((path, depth + 1))
                elif stat.S_ISREG(mode):
                    yield path, entry.stat(follow_symlinks=False).st_size
                else:
                    self._strange.append(failed("bag-form", path, "a plain file", _kind(mode)))

    def _names(self) -> Iterator[Finding]:
        seen: dict[str, str] = {}
        for path in self.files:
            if any("\ud800" <= c <= "\udfff" for c in path) or not unicodedata.is_normalized("NFC", path):
                yield failed("bag-form", path, "a name in UTF-8, composed (NFC)", "another form")
            other = seen.setdefault(path.casefold(), path)
            if other != path:
                yield failed("bag-form", path, "names that differ in more than case", other)

    def _read_info(self) -> Finding:
        data = self.read("bag-info.txt")
        try:
            lines = (data or b"").decode().split("\n")
        except UnicodeDecodeError:
            return failed("bag-form", "bag-info.txt", "UTF-8", "other bytes")
        found: dict[str, str] = {}
        for number, (label, form) in enumerate(_INFO.items()):
            line = lines[number] if number < len(lines) else ""
            name, sign, value = line.partition(": ")
            if name != label or not sign or not re.fullmatch(form, value, re.ASCII) or not _plain(value):
                place = f"line {number + 1}"
                return failed("bag-form", "bag-info.txt", f"{label}: {form}", line[:200], place=place)
            found[label] = value
        if lines[len(_INFO) :] != [""]:
            return failed("bag-form", "bag-info.txt", f"{len(_INFO)} lines", "more, or no line feed at the end")
        self.info = found
        return ok("bag-form", "bag-info.txt")

    def _manifest(self, name: str, algorithm: str, expected: list[str]) -> Iterator[Finding]:
        data = self.read(name)
        if data is None:
            yield failed("file-missing", name, "a manifest", "none that can be read")
            return
        found: dict[str, str] = {}
        for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n")[:-1], 1):
            digest, path = line[: _DIGITS[algorithm]], line[_DIGITS[algorithm] :]
            found[_unescaped(path[2:])] = digest
            if not re.fullmatch(rf"[0-9a-f]{{{_DIGITS[algorithm]}}}", digest) or not path.startswith("  "):
                yield failed("manifest-form", name, "digest, two blanks, path", line[:200], place=f"line {number}")
        written = "".join(f"{found[path]}  {_escaped(path)}\n" for path in sorted(found, key=_bytes))
        if written.encode("utf-8", "surrogateescape") != data:
            yield failed("manifest-form", name, "one line a file, sorted, each once", "another form")
        elif list(found) == expected:
            yield ok("manifest-form", name, f"{len(found)} files")
        self.listed[name] = found

    def _missing_and_added(self, payload: list[str], tags: list[str]) -> Iterator[Finding]:
        """Every file that any manifest lists is there, and every file that is there is listed by both."""
        before = True
        for kind, there in (("manifest", payload), ("tagmanifest", [t for t in tags if t in self.files])):
            wanted = {path for a in ALGORITHMS for path in self.listed.get(f"{kind}-{a}.txt", {})}
            for path in sorted({*wanted, *(tags if kind == "tagmanifest" else [])} - set(there), key=_bytes):
                before = False
                yield failed("file-missing", path, "a file", "none", f"{kind} lists it, or the format wants it")
            for path in there:
                lacking = [a for a in ALGORITHMS if path not in self.listed.get(f"{kind}-{a}.txt", {})]
                if lacking:
                    before = False
                    names = " and ".join(f"{kind}-{a}.txt" for a in lacking)
                    yield failed("file-added", path, f"a line in {names}", "none")
        if CERTIFICATES in self.files and not self.signed:
            before = False
            yield failed("file-added", CERTIFICATES, "no such file: bag-info.txt says that nobody signed", "a file")
        if before:
            yield ok("file-missing")
            yield ok("file-added")

    def _digest(self, check: str, path: str, wanted: dict[str, str]) -> Finding:
        try:
            found = hashing.digests(self.folder / path)
        except SourceError as exc:
            return failed(check, path, "a file that can be read", exc.message)
        for algorithm, digest in zip(ALGORITHMS, (found.sha256, found.sha512), strict=True):
            if wanted[algorithm] != digest:
                note = f"{algorithm}: the file is not the one that was packed"
                return failed(check, path, wanted[algorithm] or "a line in the manifest", digest, note)
        return ok(check, path, found.sha256)


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _text(data: bytes | None) -> str:
    return "no such file" if data is None else data[:200].decode("utf-8", "replace")


def _plain(value: str) -> bool:
    return all(unicodedata.category(c) not in ("Cc", "Zl", "Zp", "Cs") for c in value)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder too deep" if stat.S_ISDIR(mode) else "a special file"


def _escaped(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _unescaped(path: str) -> str:
    return path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
