#!/usr/bin/env python3
"""Check a sealed evidence package with this one file and Python 3.8 or newer; nothing else is needed.

    python3 verify.py [PACKAGE] [--signer FINGERPRINT] [--seal SHA256] [--json]

PACKAGE is a folder or a zip, by default the folder in which this file lies; a zip is not unpacked. Nothing is written,
run or fetched, and no link is followed. Each check ends `ok`, `failed` or `not checked`; the exit code is 0 where
nothing failed, 1 where something did, 2 where the command line is wrong.

Whoever can change a package can change the verify.py in it, too: for a package that you do not trust, use a copy from
elsewhere. And whoever can rewrite all of it can make another that is whole in itself: only --signer or --seal, known
from elsewhere, tell the two apart.

Order of this file: findings · folder and zip · the checks · the custody log · signatures · the command. The format is
docs/package-format.md of the workbench; this file was written from that page alone.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

BLOCK = 1 << 20
MOST_BYTES = 256 << 20  # of a metadata file
MOST_LINE = 64 << 20  # of the custody log
MOST_FILES = 1_000_000
MOST_FINDINGS = 1000  # of one check, that are not ok

OK, FAILED, NOT_CHECKED = "ok", "failed", "not checked"
HERE = (
    *("bag-form", "manifest-form", "file-missing", "file-added", "tag-hash", "payload-hash", "payload-size"),
    *("custody-form", "custody-chain", "custody-head", "custody-files"),
    *("signature-files", "signature", "signer", "seal", "time-stamp"),
)
WITH_SOURCES = "needs the recordings: workbench verify PACKAGE --sources DIR"
ELSEWHERE = {
    "report-form": "needs workbench verify, or a PDF reader that knows PAdES",
    "report-pictures": "needs workbench verify",
    **dict.fromkeys(("sources-hash", "source-facts", "ledger", "masks", "snapshot", "export-again"), WITH_SOURCES),
    "disclosure": "needs workbench verify",
}


class UnsoundError(Exception):
    """Something is not as it must be; the message says what."""


class UnknownError(Exception):
    """Something may hold, but this file does not know how to check it."""


def said(problem: Exception) -> str:
    """What went wrong, in words."""
    if isinstance(problem, (UnsoundError, UnknownError)):
        return str(problem)
    return f"it cannot be read or checked ({type(problem).__name__}: {problem})"


class Findings:
    """What was found so far: for each finding check, verdict, file, place, expected, found, note."""

    def __init__(self) -> None:
        self.all: List[Dict[str, str]] = []
        self.counts: Dict[Tuple[str, str], int] = {}
        self.failed, self.unchecked = partial(self.add, FAILED), partial(self.add, NOT_CHECKED)

    def add(self, verdict: str, check: str, file: str = "", **more: str) -> None:
        count = self.counts[check, verdict] = self.counts.get((check, verdict), 0) + 1
        if count == MOST_FINDINGS and verdict != OK:
            file, more = "", {"note": "there may be more like these; they are not listed"}
        if count <= MOST_FINDINGS or verdict == OK:
            parts = {key: more.get(key, "") for key in ("place", "expected", "found", "note")}
            self.all.append({"check": check, "verdict": verdict, "file": file, **parts})

    def same(self, check: str, file: str = "", *, expected: str, found: str, **more: str) -> None:
        self.add(OK if expected == found else FAILED, check, file, expected=expected, found=found, **more)

    def ok_unless_failed(self, check: str, found: str) -> None:
        if (check, FAILED) not in self.counts:
            self.add(OK, check, found=found)

    def finish(self) -> List[Dict[str, str]]:
        """All findings in the order of the checks; a check of which nothing was found was not made."""
        missed = dict.fromkeys(HERE, "not reached, because of what failed before")
        made = {check for check, _ in self.counts}
        for check, note in {**missed, **ELSEWHERE}.items():
            if check not in made:
                self.unchecked(check, note=note)
        order = [*HERE, *ELSEWHERE]
        return sorted(self.all, key=lambda finding: order.index(finding["check"]))


# Where the files are -------------------------------------------------------------------------------------------------


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file; a link, device or pipe is refused and does not block."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(str(path), flags), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnsoundError("it is no regular file")
    return file


class Folder:
    """A package as a folder: `files` has the size of each file by its path."""

    def __init__(self, root: Path, found: Findings) -> None:
        self.root, self.failed = root, found.failed
        self.files: Dict[str, int] = {}
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(str(root / folder)) as entries:
                    inside = list(itertools.islice(entries, MOST_FILES + 1))
            except OSError as exc:
                self.failed("bag-form", folder, note=f"this folder cannot be read: {exc.strerror}")
                continue
            if len(inside) + len(waiting) + len(self.files) > MOST_FILES:
                raise UnsoundError(f"there are more than {MOST_FILES} files")
            if not inside:
                self.failed("bag-form", folder, expected="no empty folder", found="an empty folder")
            waiting += [f"{folder}{entry.name}/" for entry in inside if self._is_folder(folder + entry.name, entry)]

    def _is_folder(self, path: str, entry: os.DirEntry[str]) -> bool:
        facts = entry.stat(follow_symlinks=False)
        link = stat.S_ISLNK(facts.st_mode) or getattr(facts, "st_reparse_tag", 0) == 0xA0000003  # Windows' junction
        if stat.S_ISREG(facts.st_mode):
            self.files[path] = facts.st_size
        elif link or not stat.S_ISDIR(facts.st_mode):
            self.failed("bag-form", path, expected="a regular file", found="a link" if link else "a special file")
        return stat.S_ISDIR(facts.st_mode) and not link

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file."""
        left = self.files[name]
        with open_plain(self.root / name) as file:
            for block in iter(lambda: file.read(BLOCK), b""):
                left -= len(block)
                if left < 0:
                    break
                yield block
        if left:
            raise UnsoundError("its size changed while it was read")


class Zip:
    """A package as a zip. Each byte of it must belong to an entry or to the directory at its end, and the two must say
    the same, so that no tool sees anything else. Zips whose sizes follow the data (written to a pipe) are refused.
    """

    def __init__(self, file: BinaryIO, found: Findings) -> None:
        self.file, self.failed = file, found.failed
        self.members: Dict[str, Tuple[zipfile.ZipInfo, int]] = {}
        if self._at(0, 2) != b"PK":
            raise UnsoundError("this is neither a folder nor a zip")
        end = file.seek(0, os.SEEK_END)
        last = self._at(max(end - 98, 0), min(end, 98)).rjust(98, b"\0")
        large = struct.unpack("<Q", last[40:48]) if last[56:60] == b"PK\6\7" else ()
        if max(struct.unpack("<L", last[88:92]) + large) > MOST_BYTES:
            raise UnsoundError("the directory of the zip is too large to be read")
        listed = zipfile.ZipFile(file)
        names, place, directory = [], 0, listed.start_dir
        for info in listed.infolist():
            name, begin = self._entry(info, place)
            lengths = struct.unpack("<3H", self._at(directory + 28, 6))
            if lengths != (len(name), len(info.extra), 0):
                raise UnsoundError("the directory of the zip holds a comment or is damaged")
            place, directory = begin + info.compress_size, directory + 46 + sum(lengths)
            names.append(name.decode())  # some tools write UTF-8 and do not say so
            if self._is_sound(info, names[-1]) and not names[-1].endswith("/"):
                self.members[names[-1].partition("/")[2]] = info, begin
        self._end(place, listed.start_dir, directory, len(names))
        if len({name.partition("/")[0] for name in names}) != 1 or len({*names}) != len(names):
            raise UnsoundError("the zip does not hold exactly one folder, or an entry twice")
        for folder in (name for name in names if name.endswith("/")):  # zip tools write entries for folders, too
            if not any(name.startswith(folder) and not name.endswith("/") for name in names):
                found.failed("bag-form", folder, expected="no empty folder", found="an entry for an empty folder")
        self.files = {name: info.file_size for name, (info, _) in self.members.items()}

    def _end(self, place: int, start: int, end: int, count: int) -> None:
        """Behind the entries follows the directory, which ends as it must, and nothing else."""
        facts, large = (count, count, end - start, start), b""
        if self._at(end, 4) == b"PK\6\6":  # Zip64
            versions = self._at(end + 12, 4)
            large = struct.pack("<4sQ4s2L4Q4sLQL", b"PK\6\6", 44, versions, 0, 0, *facts, b"PK\6\7", 0, end, 1)
        short = [min(fact, most) for fact, most in zip(facts, (0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1))]  # noqa: B905
        right = large + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *short, 0)
        if place != start or self._at(end, len(right)) != right or self.file.read(1):
            raise UnsoundError("the zip has bytes that belong to no entry, or does not end with its directory")

    def _at(self, offset: int, count: int) -> bytes:
        self.file.seek(offset)
        data = self.file.read(count)
        if len(data) < count:
            raise UnsoundError("the zip is cut off, or this is none")
        return data

    def _entry(self, info: zipfile.ZipInfo, place: int) -> Tuple[bytes, int]:
        """The entry's name and where its data begin; what it says of itself is compared with the directory."""
        magic, _, flags, method, _, _, crc, packed, size, named, more = struct.unpack(
            "<4s5H3L2H", self._at(info.header_offset, 30)
        )
        rest = self._at(info.header_offset + 30, named + more)
        name = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
        large = self._large(rest[named:])
        size, packed = (large.pop(0) if each == 0xFFFFFFFF and large else each for each in (size, packed))
        self._large(info.extra)
        told = magic, flags, method, crc, packed, size, rest[:named]
        listed = info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size, name
        if told != (b"PK\3\4", *listed) or info.header_offset != place:
            raise UnsoundError(
                f"at {info.filename} the zip has bytes that belong to no entry, or says two things of an entry"
            )
        return name, place + 30 + named + more

    @staticmethod
    def _large(extra: bytes) -> List[int]:
        """Sizes over 4 GB. Other extra fields may only be times and owners, which no tool takes for content."""
        large: List[int] = []
        while extra:
            kind, length = struct.unpack("<2H", extra[:4])
            if kind not in (1, 0xA, 0x5455, 0x5855, 0x7855, 0x7875) or length > min(len(extra) - 4, 36):
                raise UnsoundError("an entry of the zip has an extra field that does not belong there")
            large += struct.unpack(f"<{length // 8}Q", extra[4 : 4 + length // 8 * 8]) if kind == 1 else ()
            extra = extra[4 + length :]
        return large

    def _is_sound(self, info: zipfile.ZipInfo, name: str) -> bool:
        folder, wrong = name.endswith("/"), ""
        if info.flag_bits & ~0x806 or info.compress_type not in (0, 8):
            wrong = "encrypted, or packed in another way"
        elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
            wrong = "a link or a special file"
        elif info.file_size > (0 if folder else info.compress_size * 1032 + 1024):  # deflate makes nothing smaller
            wrong = "a size that cannot be"
        if wrong:
            self.failed("bag-form", name.partition("/")[2], expected="a file, stored or deflated", found=wrong)
        return not wrong

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry, unpacked; not by zipfile, which does not see what follows them in the entry."""
        info, begin = self.members[name]
        unpack, size, crc = zlib.decompressobj(-15), 0, 0
        for offset in range(0, info.compress_size, BLOCK):
            packed = self._at(begin + offset, min(BLOCK, info.compress_size - offset))
            while packed:
                block = unpack.decompress(packed, BLOCK) if info.compress_type else packed
                packed = unpack.unconsumed_tail
                size, crc = size + len(block), zlib.crc32(block, crc)
                if size > info.file_size or unpack.unused_data:
                    raise UnsoundError("it is longer than the zip says")
                yield block
        if (size, crc) != (info.file_size, info.CRC) or (info.compress_type and not unpack.eof):
            raise UnsoundError("it is not what the zip says")


# The checks ----------------------------------------------------------------------------------------------------------

NUMBER, HEX = "(?:0|[1-9][0-9]{0,17})", "[0-9a-f]{64}"
LINE = "[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*"
INFO = {
    "Bagging-Date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "Bag-Software-Agent": LINE,
    "External-Identifier": LINE,
    "External-Description": LINE,
    "Payload-Oxum": rf"{NUMBER}\.{NUMBER}",
    "Custody-Length": NUMBER,
    "Custody-Head": HEX,
    "Report": f"none|data/reports/{LINE}",
    "Report-Status": "FINAL|DRAFT|none",
    "Signed-By": f"nobody|{HEX}",
    "Signature-Kind": "given key|self-signed key|none",
    "Time-Stamps": "0|[1-9][0-9]{0,2}",
}
TAGS = {"bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", "README.txt", "verify.py"}
SEALED = "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"
LOG, SUMS, PEM = "data/custody.jsonl", "signature/SHA256SUMS", "certificates.pem"
PAYLOAD = {LOG, "data/sources.json", "data/case.jsonld"}
AREAS = "data/exports/", "data/snapshots/", "data/clock/", "data/reports/"
DERIVED = re.compile(r"(data/exports/E[0-9]+)\.(spec|plan|ledger)\.json")  # parts of a record that the log names
NAMING = {
    "export-done": ("record", "files"),
    "snapshot-taken": ("picture",),
    "annotation-made": ("picture",),
    "clock-checked": ("photo",),
    "report-built": ("file", "model"),
}
"""Kinds of entries that name files of the case, and where in their data."""


class Checks:
    """The checks of one package, in order; each leaves its findings and what later ones need."""

    def __init__(self, package: Union[Folder, Zip], found: Findings, signer: str, seal: str) -> None:
        self.package, self.files = package, package.files
        self.found, self.failed = found, found.failed
        self.expected = {"signer": signer, "seal": seal}
        self.hashed: Dict[str, Tuple[str, str]] = {}
        self.info = dict.fromkeys(INFO, "not stated")
        self.manifests: Dict[str, Dict[str, str]] = {}
        self.told: Dict[str, Dict[str, Any]] = {}  # what the log says of a file, by its path
        self.needed: Set[str] = set()  # files that must be there, because of the log
        self.report = "none", "none"
        self.fingerprint = "nobody"
        self.second = ThreadPoolExecutor(1)

    def run(self) -> None:
        """Make all checks; whatever goes wrong in one is a failed finding of it."""
        steps: Dict[str, Callable[[], None]] = {
            "bag-form": self.form,
            "manifest-form": self.read_manifests,
            "file-missing": self.listing,
            "tag-hash": partial(self.compare, "tag-hash", *SEALED),
            "payload-hash": partial(self.compare, "payload-hash", "manifest-sha256.txt", "manifest-sha512.txt"),
            "payload-size": self.size,
            "custody-form": self.custody,
            "custody-files": self.custody_files,
            "signature-files": self.signature_files,
            "signature": self.signature,
            "signer": lambda: self.from_elsewhere("signer", self.fingerprint),
            "seal": lambda: self.from_elsewhere("seal", self.digests(SEALED[0])[0]),
            "time-stamp": self.time_stamps,
        }
        with self.second:
            for check, step in steps.items():
                try:
                    step()
                except Exception as exc:  # noqa: BLE001 - a package must not be able to stop the other checks
                    self.failed(check, {"signature": PEM, "signature-files": SUMS}.get(check, ""), note=said(exc))

    @property
    def signed(self) -> bool:
        """Whether anything says that the package is signed."""
        there = PEM in self.files or any(name.startswith("signature/") for name in self.files)
        return there or bool(re.fullmatch(HEX, self.info["Signed-By"]))

    @property
    def stamps(self) -> int:
        """How many time stamps there should be."""
        told = self.info["Time-Stamps"]
        return int(told) if told.isdigit() else 0

    def whole(self, name: str) -> bytes:
        """All of a metadata file."""
        if name not in self.files or self.files[name] > MOST_BYTES:
            raise UnsoundError(f"{name} is not there, or too large to be read")
        return b"".join(self.package.blocks(name))

    def digests(self, name: str) -> Tuple[str, str]:
        """SHA-256 and SHA-512 of a file, in one read, side by side."""
        if name not in self.hashed:
            if name not in self.files:
                raise UnsoundError(f"{name} is not there")
            one, two = hashlib.sha256(), hashlib.sha512()
            for block in self.package.blocks(name):
                beside = self.second.submit(two.update, block)
                one.update(block)
                beside.result()
            self.hashed[name] = one.hexdigest(), two.hexdigest()
        return self.hashed[name]

    def form(self) -> None:
        """bag-form: names, layout, bagit.txt, bag-info.txt."""
        seen: Dict[str, str] = {}
        for path in sorted(self.files):
            wrong = wrong_name(path)
            for end in (*[place for place, sign in enumerate(path) if sign == "/"][:100], len(path)):
                other = seen.setdefault(unicodedata.normalize("NFC", path[:end]).casefold(), path[:end])
                wrong = wrong or ("" if other == path[:end] else f"differs only in case from {other}")
            if not wrong and path.startswith("data/") and not path.startswith(AREAS) and path not in PAYLOAD:
                wrong = "does not belong into data/"
            if wrong:
                self.failed("bag-form", path, note=f"its name {wrong}")
        if self.whole("bagit.txt") != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
            self.failed("bag-form", "bagit.txt", expected="the two lines of BagIt 1.0")
        text = self.whole("bag-info.txt").decode("utf-8", "surrogateescape")
        match = re.fullmatch("".join(f"{label}: ({form})\n" for label, form in INFO.items()), text)
        self.info.update({label: match[place] for place, label in enumerate(INFO, 1)} if match else {})
        report, status, by, kind, stamps = (self.info[label] in ("none", "nobody", "0") for label in [*INFO][7:])
        if not match:
            bad = (label for label, form in INFO.items() if not re.search(f"(?m)^{label}: ({form})$", text))
            note = f"it is not written as it must be, see {next(bad, 'the order of its lines')}"
            self.failed("bag-form", "bag-info.txt", note=note)
        elif report != status or by != kind or (by and not stamps):
            self.failed("bag-form", "bag-info.txt", note="what it says of the report or the signature does not agree")
        self.found.ok_unless_failed("bag-form", f"{len(self.files)} files")

    def read_manifests(self) -> None:
        """manifest-form: each is written in the one way, and the two of a kind name the same files."""
        tags = TAGS | ({PEM} if self.signed else set())
        for kind in ("manifest", "tagmanifest"):
            names = f"{kind}-sha256.txt", f"{kind}-sha512.txt"
            for name in names:
                self.manifests[name] = self.manifest(name, "manifest-form") if name in self.files else {}
            both = {path for name in names for path in self.manifests[name] if path.startswith("data/")}
            right = both if kind == "manifest" else tags
            for name in names:
                for path in sorted(right ^ {*self.manifests[name]}) if name in self.files else ():
                    told = ("none", "a line") if path in self.manifests[name] else ("a line", "none")
                    self.failed("manifest-form", name, place=path, expected=told[0], found=told[1])
        self.found.ok_unless_failed("manifest-form", "4 manifests")

    def manifest(self, name: str, check: str) -> Dict[str, str]:
        """Path → digest; every line that is not as it must be is a finding."""
        digests: Dict[str, str] = {}
        *lines, last = self.whole(name).decode("utf-8", "surrogateescape").split("\n")
        length = 128 if "sha512" in name else 64
        for number, line in enumerate(lines, 1):
            match = re.fullmatch(f"([0-9a-f]{{{length}}})  ((?:[^%\r]|%0A|%0D|%25)+)", line)
            path = re.sub("%(..)", lambda code: chr(int(code[1], 16)), match[2]) if match else ""
            if match and path not in digests:
                digests[path] = match[1]
            else:
                form = "digest, two spaces, a path that no other line has"
                self.failed(check, name, place=f"line {number}", expected=form, found=line)
        if last or [*digests] != sorted(digests, key=lambda path: path.encode("utf-8", "surrogateescape")):
            self.failed(check, name, expected="lines sorted by path, each with a line feed")
        return digests

    def listing(self) -> None:
        """file-missing, file-added: what is listed is there, and what is there is listed."""
        wanted = {path for manifest in self.manifests.values() for path in manifest} | PAYLOAD | TAGS | {*SEALED}
        wanted |= {PEM} if self.signed else set()
        for path in sorted(wanted - {*self.files}):
            self.failed("file-missing", path, expected="a file", found="none of this name")
        for path in sorted({*self.files} - wanted):
            if not path.startswith("signature/"):  # those are checked by signature-files
                self.failed("file-added", path, expected="a line in the manifests", found="none")
        self.found.ok_unless_failed("file-missing", f"{len(wanted)} files")
        self.found.ok_unless_failed("file-added", f"{len(self.files)} files")

    def compare(self, check: str, *names: str) -> None:
        """Hash each file once. Where one digest fits and the other does not, the manifest was changed, not the file."""
        for path in sorted({path for name in names for path in self.manifests[name]} & {*self.files}):
            try:
                digests = self.digests(path)
            except Exception as exc:  # noqa: BLE001 - whatever keeps it from being read
                self.failed(check, path, note=said(exc))
                continue
            told = [(name, self.manifests[name].get(path, one), one) for name, one in zip(names, digests)]  # noqa: B905
            wrong = [one for one in told if one[1] != one[2]]
            for name, expected, found in wrong:
                file, note = (path, f"not as in {name}") if len(wrong) == 2 else (name, f"not the digest of {path}")
                self.failed(check, file, expected=expected, found=found, note=note)
            if not wrong:
                self.found.add(OK, check, path)

    def size(self) -> None:
        """payload-size: bytes and number of payload files."""
        sizes = [size for path, size in self.files.items() if path.startswith("data/")]
        self.found.same("payload-size", expected=self.info["Payload-Oxum"], found=f"{sum(sizes)}.{len(sizes)}")

    def custody(self) -> None:
        """custody-form, custody-chain, custody-head."""
        *lines, last = self.whole(LOG).split(b"\n")
        if last or not lines:
            self.failed("custody-form", LOG, place=f"line {len(lines) + 1}", expected="an entry with a line feed")
        after: Dict[str, Any] = {"n": 0, "prev": "0" * 64}
        for number, line in enumerate(lines, 1):
            try:
                entry = read_entry(line)
            except UnsoundError as exc:
                self.failed("custody-form", LOG, place=f"line {number}", note=str(exc))
                after = {"n": number}
                continue
            for key, value in {**after, "hash": hash_of(entry)}.items():
                if entry[key] != value:
                    told = {"expected": f"{key} {value}", "found": f"{key} {entry[key]}"}
                    self.failed("custody-chain", LOG, place=f"line {number}", **told)
            after = {"n": entry["n"] + 1, "prev": entry["hash"]}
            self.note_files(entry)
        for check in ("custody-form", "custody-chain"):
            self.found.ok_unless_failed(check, f"{len(lines)} entries")
        expected = f"{self.info['Custody-Length']} entries, head {self.info['Custody-Head']}"
        found = f"{len(lines)} entries, head {after.get('prev', 'unknown')}"
        self.found.same("custody-head", LOG, expected=expected, found=found)

    def note_files(self, entry: Dict[str, Any]) -> None:
        """Remember what an entry says of files in the package; of reports only the newest must be there."""
        named = [entry["data"].get(key) for key in NAMING.get(entry["what"], ())]
        paths, place = [], f"entry {entry['n']}"
        for record in [one for part in named if part for one in (part if isinstance(part, list) else [part])]:
            forms = (("path", str), ("sha256", str), ("size", int))
            if isinstance(record, dict) and all(type(record.get(key)) is form for key, form in forms):
                paths.append(f"data/{record['path']}")
                self.told[paths[-1]] = {**record, "place": place}
            else:
                self.failed("custody-files", LOG, place=place, expected="a file's path, size and SHA-256")
        if entry["what"] == "report-built" and paths:
            self.needed = {path for path in self.needed if not path.startswith("data/reports/")}
            self.report = paths[0], "FINAL" if entry["data"].get("final") else "DRAFT"
        self.needed.update(paths)

    def custody_files(self) -> None:
        """custody-files: what the log says of files in the package is so, and it names each."""
        here = sorted(path for path in self.files if path.startswith(AREAS))
        exports = {path.rpartition("/")[0] for path in self.told}
        for path in sorted(self.needed - {*self.files}):
            place = self.told[path]["place"]
            self.failed("custody-files", path, place=place, expected="the file", found="none of this name")
        for path in here:
            record = self.told.get(path)
            found = f"{self.files[path]} bytes, SHA-256 {self.digests(path)[0]}"
            expected = f"{record['size']} bytes, SHA-256 {record['sha256']}" if record else found
            derived = DERIVED.fullmatch(path)
            if not record and not (derived and derived[1] in exports):
                self.failed("custody-files", path, expected="an entry of the log that names it", found="none")
            elif record and found != expected:
                self.failed("custody-files", path, place=record["place"], expected=expected, found=found)
        if self.report != (self.info["Report"], self.info["Report-Status"]):
            expected, found = " ".join(self.report), f"{self.info['Report']} {self.info['Report-Status']}"
            self.failed("custody-files", "bag-info.txt", place="Report", expected=expected, found=found)
        self.found.ok_unless_failed("custody-files", f"{len(here)} files")
        note = "sources.json, case.jsonld and exports/E….spec, plan, ledger.json are only hashed; "
        self.found.unchecked("custody-files", place="derived files", note=note + "workbench verify makes them again")

    def signature_files(self) -> None:
        """signature-files: those that SHA256SUMS and bag-info.txt say, with the digests of SHA256SUMS."""
        if not self.signed:
            self.found.unchecked("signature-files", note="the package is not signed")
            return
        inside = {path for path in self.files if path.startswith("signature/")}
        wanted = {SUMS, *(f"signature/{name}.p7s" for name in SEALED)}
        for number, end in itertools.product(range(1, self.stamps + 1), ("tsr", "pem")):
            wanted.add(f"signature/time-stamp-{number}.{end}")
        for path in sorted(wanted ^ inside):
            expected, found = ("a file", "none") if path in wanted else ("no file", "a file")
            self.failed("signature-files", path, expected=expected, found=found)
        sums = {f"signature/{path}": digest for path, digest in self.manifest(SUMS, "signature-files").items()}
        for path in sorted({*sums} ^ (inside - {SUMS})):
            self.failed("signature-files", SUMS, place=path, note="either the line or the file is missing")
        for path in sorted({*sums} & inside):
            found, note = self.digests(path)[0], f"either {path} or SHA256SUMS was changed"
            for file in (path, SUMS) if found != sums[path] else ():
                self.failed("signature-files", file, expected=sums[path], found=found, note=note)
        self.found.ok_unless_failed("signature-files", f"{len(inside)} files")

    def signature(self) -> None:
        """signature: both tag manifests are signed by the certificate of Signed-By, and the next one issued that."""
        if not self.signed:
            self.found.unchecked("signature", note="the package is not signed: nothing in it says who made it")
            return
        chain = read_certificates(self.whole(PEM))
        self.fingerprint = hashlib.sha256(chain[0].der).hexdigest()
        kind = "self-signed key" if chain[0].issuer == chain[0].subject else "given key"
        self.found.same("signature", PEM, expected=self.info["Signed-By"], found=self.fingerprint)
        self.found.same("signature", "bag-info.txt", expected=kind, found=self.info["Signature-Kind"])
        steps = [(f"signature/{name}.p7s", "", partial(self.signed_at, name, chain)) for name in SEALED]
        for place, certificate in enumerate(chain, 1):
            above = chain[place] if place < len(chain) else certificate
            if above is certificate and certificate.issuer != certificate.subject:
                note = "its issuer is not in the package"
                self.found.unchecked("signature", PEM, place=f"certificate {place}", note=note)
            else:
                steps.append((PEM, f"certificate {place}", partial(issued, certificate, above)))
        for file, where, step in steps:
            try:
                self.found.add(OK, "signature", file, place=where, found=step())
            except UnknownError as exc:
                note = f"{exc}; README.txt says how to check it with OpenSSL"
                self.found.unchecked("signature", file, place=where, note=note)
            except Exception as exc:  # noqa: BLE001 - what cannot be read is not signed
                self.failed("signature", file, place=where, note=said(exc))

    def signed_at(self, name: str, chain: List[Certificate]) -> str:
        """Check the signature over a tag manifest and say when it was made."""
        return read_cms(self.whole(f"signature/{name}.p7s"), self.whole(name), chain)

    def from_elsewhere(self, check: str, found: str) -> None:
        """signer, seal: what was found is what the verifier knows from elsewhere."""
        if self.expected[check]:
            self.found.same(check, expected=self.expected[check], found=found)
        else:
            note = f"compare it with the one that you know from elsewhere, or give that one as --{check}"
            self.found.unchecked(check, found=found, note=note)

    def time_stamps(self) -> None:
        """time-stamp: only whether each is over the signature; its own signature is not checked here."""
        if not self.stamps:
            self.found.unchecked("time-stamp", note="there is none: nobody but the signer says when")
        for number in range(1, self.stamps + 1):
            path, over = f"signature/time-stamp-{number}.tsr", f"signature/{SEALED[0]}.p7s"
            try:
                digest, imprint, at = read_stamp(self.whole(path))
                expected = hashlib.new(digest, self.whole(over)).hexdigest()
                if imprint.hex() != expected:
                    raise UnsoundError(f"it is over something else: {imprint.hex()} instead of {expected}")
                note = f"it is over {over}, says {at}; who signed it is not checked, see README.txt: openssl ts -verify"
                self.found.unchecked("time-stamp", path, note=note)
            except UnknownError as exc:
                self.found.unchecked("time-stamp", path, note=said(exc))
            except Exception as exc:  # noqa: BLE001 - what cannot be read is no time stamp
                self.failed("time-stamp", path, note=said(exc))


def wrong_name(path: str) -> str:
    """Why a path may not be in a package; empty where it may."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    if len(path) > 4096 or "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        return "has a part that is empty, . or .., or a backslash, or is endless"
    return "" if unicodedata.normalize("NFC", path) == path else "is not NFC"


# The custody log -----------------------------------------------------------------------------------------------------

ENTRY = {"n": int, "prev": str, "at": str, "who": str, "what": str, "data": dict, "before": list, "after": list}
ENTRY.update({"tool": dict, "hash": str})


def read_entry(line: bytes) -> Dict[str, Any]:
    """An entry of the log, which must be written in the one way."""
    try:
        if len(line) > MOST_LINE:
            raise ValueError
        entry: Any = json.loads(line.decode("ascii"), parse_constant=_number, parse_int=_number)
        same = dumped(entry) == line
    except (ValueError, RecursionError) as exc:
        raise UnsoundError("the line is no JSON in ASCII, or too long") from exc
    if not same:
        raise UnsoundError("the line is written in another way than sorted keys, each once, without blanks")
    if not isinstance(entry, dict) or {key: type(value) for key, value in entry.items()} != ENTRY:
        raise UnsoundError("the line has not the keys of an entry, or values of another kind")
    files = [*entry["before"], *entry["after"]]
    hashes = [entry["prev"], entry["hash"], *(one.get("sha256") for one in files if isinstance(one, dict))]
    if not (
        re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}\.\d{6}Z", entry["at"], re.ASCII)
        and all(isinstance(one, str) and re.fullmatch(HEX, one) for one in hashes)
        and all(isinstance(one, dict) and {*one} == {"file", "sha256"} and type(one["file"]) is str for one in files)
        and all(isinstance(version, str) for version in entry["tool"].values())
    ):
        raise UnsoundError("a time, a digest, a file or a tool in the line has not the right form")
    return dict(entry)


def _number(digits: str) -> int:
    if len(digits) > 1000:  # int() of a million digits takes minutes
        raise ValueError
    return int(digits)  # of NaN and Infinity, too, which are no JSON: a ValueError


def dumped(value: Any) -> bytes:
    """JSON in the one way."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hash_of(entry: Dict[str, Any]) -> str:
    """SHA-256 of an entry without its hash."""
    return hashlib.sha256(dumped({key: value for key, value in entry.items() if key != "hash"})).hexdigest()


# Signatures: DER (X.690), certificates (RFC 5280), CMS (RFC 5652), time stamps (RFC 3161) ----------------------------

INTEGER, BITS, OCTETS, OID, SEQUENCE, SET, FIRST = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0xA0
DIGESTS = {"608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512"}
RSA, EC = "2a864886f70d010101", "2a8648ce3d0201"
SIGNING = {f"2a864886f70d01010{n}": (RSA, digest) for n, digest in (("b", "sha256"), ("c", "sha384"), ("d", "sha512"))}
SIGNING.update({f"2a8648ce3d04030{n}": (EC, digest) for n, digest in ((2, "sha256"), (3, "sha384"), (4, "sha512"))})
"""sha…WithRSAEncryption and ecdsa-with-SHA…: kind of key, digest. All object identifiers as they stand in DER."""
DATA, SIGNED_DATA, STAMP_INFO = "2a864886f70d010701", "2a864886f70d010702", "2a864886f70d0109100104"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"2a864886f70d01090{n}" for n in (3, 4, 5))
SIGNING_CERTIFICATE = "2a864886f70d010910022f"
CURVES: Dict[str, Tuple[int, str]] = {
    "2a8648ce3d030107": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    "2b81040022": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    "2b81040023": (
        2**521 - 1,
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d"
        "baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66"
        "2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
}
"""P-256, P-384, P-521 (FIPS 186): prime; order, x and y of the base point, end to end. In all of them a = -3."""


class Element(NamedTuple):
    """A value in DER: its tag, what is in it, and all of it."""

    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes) -> List[Element]:
    """The values that lie end to end in `data`; only the one shortest way of writing each is taken."""
    found, place = [], 0
    while place < len(data):
        tag, length, begin = data[place], data[min(place + 1, len(data) - 1)], place + 2
        if length > 127:
            size = data[begin : begin + (length & 127)]
            good = 1 <= len(size) == length & 127 <= 4 and size[0] > 0
            length, begin = int.from_bytes(size, "big"), begin + len(size)
            if not good or length < 128:
                raise UnsoundError("the DER has a length that is indefinite or not the shortest")
        if tag & 31 == 31 or begin + length > len(data):
            raise UnsoundError("the DER is damaged or cut off")
        found.append(Element(tag, data[begin : begin + length], data[place : begin + length]))
        place = begin + length
    return found


def parts(data: bytes, *tags: int) -> List[Element]:
    """Exactly the values of these tags."""
    found = elements(data)
    if [one.tag for one in found] != [*tags]:
        raise UnsoundError(f"the DER has not the parts it should have: {[hex(one.tag) for one in found][:20]}")
    return found


def inside(data: bytes, *tags: int) -> bytes:
    """What is in the only value, in the only value of that …"""
    for tag in tags:
        data = parts(data, tag)[0].content
    return data


def algorithm(content: bytes) -> str:
    """The object identifier, in hexadecimal, of an algorithm that has no parameters, or NULL."""
    first, *rest = elements(content)
    if first.tag != OID or [one.whole for one in rest] not in ([], [b"\5\0"]):
        raise UnknownError("it uses an algorithm with parameters that this file does not know")
    return first.content.hex()


def known(algorithms: Dict[str, Any], name: str) -> Any:
    """What the table says of an algorithm."""
    if name not in algorithms:
        raise UnknownError(f"it uses an algorithm or a curve that this file does not know (identifier {name})")
    return algorithms[name]


def number(element: Element) -> int:
    """A positive integer."""
    data = element.content
    if not data or data[0] > 127 or (len(data) > 1 and data[0] == 0 and data[1] < 128):
        raise UnsoundError("the DER has an integer that is negative or not the shortest")
    return int.from_bytes(data, "big")


def bits(element: Element) -> bytes:
    """A bit string of whole bytes."""
    if element.content[:1] != b"\0":
        raise UnsoundError("the DER has a bit string that is not whole bytes")
    return element.content[1:]


def instant(element: Element) -> str:
    """A time as 20260301100000Z."""
    text = element.content.decode("ascii")
    text = ("20" if text < "5" else "19") + text if element.tag == 0x17 else text
    if element.tag not in (0x17, 0x18) or not re.fullmatch("[0-9]{14}Z", text):
        raise UnsoundError("the DER has a time that is not UTC in whole seconds")
    return text


class Certificate(NamedTuple):
    """What is needed of an X.509 certificate; issuer, subject and serial as they stand in it."""

    der: bytes
    signed: bytes
    serial: bytes
    issuer: bytes
    valid: Tuple[str, str]
    subject: bytes
    key: bytes
    algorithm: bytes
    signature: bytes


def read_certificates(pem: bytes) -> List[Certificate]:
    """The certificates of a PEM file, which must be written in the one way (RFC 7468)."""
    begin, end = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
    ders = [base64.b64decode(block.partition(end)[0]) for block in pem.split(begin)[1:]]
    lines = ([base64.b64encode(der[at : at + 48]) + b"\n" for at in range(0, len(der), 48)] for der in ders)
    if not 1 <= len(ders) <= 20 or b"".join(begin + b"".join(one) + end for one in lines) != pem:
        raise UnsoundError("it is not PEM as it should be written, or holds no certificate")
    return [read_certificate(der) for der in ders]


def read_certificate(der: bytes) -> Certificate:
    """Take a certificate apart."""
    signed, method, signature = parts(inside(der, SEQUENCE), SEQUENCE, SEQUENCE, BITS)
    fields = [one for one in elements(signed.content) if one.tag != FIRST]  # the version
    if [one.tag for one in fields[:6]] != [INTEGER, *[SEQUENCE] * 5] or fields[1].content != method.content:
        raise UnsoundError("a certificate has not the parts it should have")
    begin, end = (instant(one) for one in elements(fields[3].content))
    names = fields[0].whole, fields[2].whole, (begin, end), fields[4].whole
    return Certificate(der, signed.whole, *names, fields[5].content, method.content, bits(signature))


def issued(certificate: Certificate, by: Certificate) -> str:
    """That `by` issued the certificate, in words."""
    if certificate.issuer != by.subject:
        raise UnsoundError("its issuer is not the next certificate")
    kind, digest = known(SIGNING, algorithm(certificate.algorithm))
    verify(by.key, kind, digest, certificate.signed, certificate.signature)
    return "self-signed: only its own key vouches for it" if certificate == by else "signed by the next"


def verify(key: bytes, kind: str, digest: str, message: bytes, signature: bytes) -> None:
    """Raise unless the signature over the message is by the key, the content of a SubjectPublicKeyInfo."""
    method, public = parts(key, SEQUENCE, BITS)
    first, *form = elements(method.content)
    hashed = hashlib.new(digest, message).digest()
    if first.tag != OID or first.content.hex() != kind:
        raise UnknownError("it has a kind of key that this file does not know")
    if kind == RSA:
        good = verify_rsa(bits(public), digest, hashed, signature)
    else:
        prime, base = known(CURVES, b"".join(one.content for one in form if one.tag == OID).hex())
        good = verify_ecdsa(bits(public), prime, base, hashed, signature)
    if not good:
        raise UnsoundError("the signature is not by this key, or what it is over was changed")


def verify_rsa(key: bytes, digest: str, hashed: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2)."""
    modulus, exponent = map(number, parts(inside(key, SEQUENCE), INTEGER, INTEGER))
    size = (modulus.bit_length() + 7) // 8
    if not 2048 <= modulus.bit_length() <= 16384 or not 3 <= exponent < 2**64 or len(signature) != size:
        return False
    name = bytes.fromhex(next(name for name, it in DIGESTS.items() if it == digest))
    info = bytes((0x30, 17 + len(hashed), 0x30, 13, OID, 9)) + name + bytes((5, 0, OCTETS, len(hashed))) + hashed
    block = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    return block == b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info


Point = Optional[Tuple[int, int]]


def verify_ecdsa(key: bytes, prime: int, base: str, hashed: bytes, signature: bytes) -> bool:
    """ECDSA (FIPS 186-5, 6.4.2)."""
    size = len(base) // 6
    order, x, y = (int(base[at : at + 2 * size], 16) for at in range(0, 6 * size, 2 * size))
    r, s = map(number, parts(inside(signature, SEQUENCE), INTEGER, INTEGER))
    u, v = int.from_bytes(key[1 : 1 + size], "big"), int.from_bytes(key[1 + size :], "big")
    on_curve = (v * v - u**3 + 3 * u - (y * y - x**3 + 3 * x)) % prime == 0 and max(u, v) < prime
    if key[:1] != b"\4" or len(key) != 1 + 2 * size or not on_curve or not (0 < r < order and 0 < s < order):
        return False
    value = int.from_bytes(hashed, "big") >> max(0, len(hashed) * 8 - order.bit_length())
    inverse = pow(s, -1, order)
    both = plus(times(value * inverse % order, (x, y), prime), times(r * inverse % order, (u, v), prime), prime)
    return both is not None and both[0] % order == r


def plus(one: Point, two: Point, prime: int) -> Point:
    """The sum of two points of a curve with a = -3; None is the point at infinity."""
    if one is None or two is None:
        return two if one is None else one
    (x, y), (u, v) = one, two
    if x == u and (y + v) % prime == 0:
        return None
    slope = (3 * x * x - 3) * pow(2 * y, -1, prime) if x == u else (v - y) * pow(u - x, -1, prime)
    third = (slope * slope - x - u) % prime
    return third, (slope * (x - third) - y) % prime


def times(count: int, point: Point, prime: int) -> Point:
    """A point added to itself so often."""
    total: Point = None
    while count:
        total = plus(total, point, prime) if count & 1 else total
        point, count = plus(point, point, prime), count >> 1
    return total


def read_cms(cms: bytes, data: bytes, chain: List[Certificate]) -> str:
    """When `data` was signed, in words; raises unless the CMS is of the one form and its signature holds."""
    kind, wrapped = parts(inside(cms, SEQUENCE), OID, FIRST)
    content = parts(inside(wrapped.content, SEQUENCE), INTEGER, SET, SEQUENCE, FIRST, SET)
    version, methods, over, held, signers = content
    signer = parts(inside(signers.content, SEQUENCE), INTEGER, SEQUENCE, SEQUENCE, FIRST, SEQUENCE, OCTETS)
    signer_version, name, method, attributes, signing, signature = signer
    if (kind.content.hex(), inside(over.content, OID).hex()) != (SIGNED_DATA, DATA):
        raise UnsoundError("it is no signature over data that lie beside it")
    if (version.content, signer_version.content, methods.content) != (b"\1", b"\1", method.whole):
        raise UnsoundError("its versions or digests are not as they must be")
    if sorted(one.whole for one in elements(held.content)) != sorted(one.der for one in chain):
        raise UnsoundError("it holds other certificates than certificates.pem")
    if name.content != chain[0].issuer + chain[0].serial:
        raise UnsoundError("it names another signer than the first of certificates.pem")
    digest = known(DIGESTS, algorithm(method.content))
    at = read_attributes(attributes.content, hashlib.new(digest, data).digest(), chain[0])
    key_kind, by = known({**SIGNING, RSA: (RSA, digest)}, algorithm(signing.content))
    if by != digest:
        raise UnsoundError("it is signed over another digest than it says")
    verify(chain[0].key, key_kind, digest, b"\x31" + attributes.whole[1:], signature.content)
    return f"signed at {at}, says the signer"


def read_attributes(content: bytes, digest: bytes, signer: Certificate) -> str:
    """The time of signing; raises unless the four signed attributes are there, once, and say what they must."""
    pairs = [parts(one.content, OID, SET) for one in elements(content)]
    values = {kind.content.hex(): elements(value.content) for kind, value in pairs}
    wanted = {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE}
    if len(pairs) != 4 or {*values} != wanted or any(len(several) != 1 for several in values.values()):
        raise UnsoundError("it signs other attributes than it should")
    value = {kind: several[0] for kind, several in values.items()}
    if value[CONTENT_TYPE].tag != OID or value[CONTENT_TYPE].content.hex() != DATA:
        raise UnsoundError("it is not over data")
    if value[MESSAGE_DIGEST].tag != OCTETS or value[MESSAGE_DIGEST].content != digest:
        raise UnsoundError("what it is over was changed: its digest is another")
    pinned = elements(elements(inside(value[SIGNING_CERTIFICATE].whole, SEQUENCE))[0].content)[0]
    first = elements(pinned.content)[0]
    if (first.tag, first.content) != (OCTETS, hashlib.sha256(signer.der).digest()):
        raise UnsoundError("it names another certificate than the signer's, or not by SHA-256")
    at, (begin, end) = instant(value[SIGNING_TIME]), signer.valid
    if not begin <= at <= end:
        raise UnsoundError(f"it says that it was signed at {at}; the certificate is valid from {begin} to {end}")
    return at


def read_stamp(response: bytes) -> Tuple[str, bytes, str]:
    """Digest, imprint and time of an RFC 3161 response; its signature is not looked at."""
    status, token = parts(inside(response, SEQUENCE), SEQUENCE, SEQUENCE)
    if elements(status.content)[0].whole not in (b"\2\1\0", b"\2\1\1"):
        raise UnsoundError("the authority refused to give a time stamp")
    kind, wrapped = parts(token.content, OID, FIRST)
    inner, info = parts(elements(inside(wrapped.content, SEQUENCE))[2].content, OID, FIRST)
    if (kind.content.hex(), inner.content.hex()) != (SIGNED_DATA, STAMP_INFO):
        raise UnsoundError("it is no time stamp")
    fields = elements(inside(info.content, OCTETS, SEQUENCE))
    method, imprint = parts(fields[2].content, SEQUENCE, OCTETS)
    return known(DIGESTS, algorithm(method.content)), imprint.content, fields[4].content.decode("ascii")


# The command ---------------------------------------------------------------------------------------------------------


def check(path: Any, signer: str = "", seal: str = "") -> List[Dict[str, str]]:
    """All findings on the package at `path`; never raises, whatever lies there."""
    found, place, expected = Findings(), Path(path), [plain(signer), plain(seal)]
    try:
        if place.is_dir():
            Checks(Folder(place, found), found, *expected).run()
        else:
            with open_plain(place.resolve()) as file:
                Checks(Zip(file, found), found, *expected).run()
    except Exception as exc:  # noqa: BLE001 - whatever lies there is a finding
        found.failed("bag-form", note=said(exc))
    return found.finish()


def plain(digest: str) -> str:
    """A digest without the colons and blanks that tools write into it."""
    return re.sub("[: ]", "", digest).lower()


def shown(text: str) -> str:
    """Text from a package for a terminal: what does not print is escaped, so that it cannot pass for our words."""
    text = f"{text[:500]}…" if len(text) > 500 else text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def count(findings: List[Dict[str, str]]) -> Dict[str, int]:
    """How many ended how."""
    return {verdict: sum(one["verdict"] == verdict for one in findings) for verdict in (FAILED, OK, NOT_CHECKED)}


def table(findings: List[Dict[str, str]]) -> Iterator[str]:
    """A line for each check, below it what did not end well."""
    for name, group in itertools.groupby(findings, key=lambda finding: finding["check"]):
        mine = [*group]
        counts = {verdict: how_many for verdict, how_many in count(mine).items() if how_many}
        worst = next(iter(counts))
        numbers = ", ".join(f"{how_many} {verdict}" for verdict, how_many in counts.items())
        yield f"{'FAILED' if worst == FAILED else worst:<13}{name:<17}{numbers}"
        for one in mine:
            words = [f"{one['file']} {one['place']}".strip(), *(f"{key} {one[key]}" for key in ("expected", "found"))]
            told = [shown(word) for word in (*words, one["note"]) if word not in ("expected ", "found ", "")]
            if one["verdict"] != OK:
                yield f"{'':13}{'; '.join(told)}"


def main() -> int:
    """Check what the command line says and print what was found."""
    here = Path(__file__).resolve()
    parser = argparse.ArgumentParser(description="Check a sealed evidence package.")
    parser.add_argument(
        "package", nargs="?", default=str(here.parent), help="folder or zip; default: where this file is"
    )
    parser.add_argument("--signer", default="", help="SHA-256 fingerprint of the certificate that you expect")
    parser.add_argument("--seal", default="", help="SHA-256 of tagmanifest-sha256.txt that you were told")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    asked = parser.parse_args()
    for name in ("signer", "seal"):
        if getattr(asked, name) and not re.fullmatch(HEX, plain(getattr(asked, name))):
            parser.error(f"--{name} must be a SHA-256: 64 hexadecimal digits")
    if not os.path.lexists(asked.package):
        parser.error(f"there is no {asked.package}")
    findings = check(asked.package, asked.signer, asked.seal)
    counts = count(findings)
    if asked.json:
        lines = [json.dumps({"schema": "workbench.findings/1", "counts": counts, "findings": findings}, indent=1)]
    else:
        own = hashlib.sha256(here.read_bytes()).hexdigest()
        lines = [f"Package {shown(asked.package)}", *table(findings)]
        lines.append(", ".join(f"{how_many} {verdict}" for verdict, how_many in counts.items()) + ".")
        lines.append(f"SHA-256 of this verify.py: {own}. For a package that you do not trust, use one from elsewhere.")
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode(sys.stdout.encoding or "ascii", "backslashreplace"))
    sys.stdout.flush()
    return 0 if counts[OK] and not counts[FAILED] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)  # nobody reads on
