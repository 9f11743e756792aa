"""A copy of a package to tamper with: cheap to make, and it can rewrite every digest as an attacker would.

twin = Twin.of(package, folder)       # hard links; a file is written by putting another in its place
twin.write("data/custody.jsonl", twin.read("data/custody.jsonl")[:-1])
twin.reseal()                         # manifests, bag-info and sums agree again; signatures do not
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.evidence import bag, custody, hashing
from workbench.evidence.verify_bag import ALGORITHMS, CERTIFICATES, TAG_FILES, TAG_MANIFESTS
from workbench.evidence.verify_log import LOG

if TYPE_CHECKING:
    from workbench.evidence.keys import Key

SUMS = "signature/SHA256SUMS"
_PICTURES = (".mp4", ".mkv", ".avi", ".jpg", ".pdf")


class Absent(Exception):
    """The package lacks what a way of tampering needs; that is no error."""


class Twin:
    """A folder that holds a copy of a package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, package: Path, folder: Path) -> Twin:
        """A twin of the unpacked `package` in `folder`, which lies in the same file system and does not exist yet."""
        shutil.copytree(package, folder, copy_function=_link)
        return cls(folder)

    def paths(self, below: str = "") -> list[str]:
        """Plain files below a folder of the package, sorted."""
        found = (p for p in (self.folder / below).rglob("*") if p.is_file())
        return sorted(p.relative_to(self.folder).as_posix() for p in found)

    def one(self, below: str, suffix: str = "", number: int = 0) -> str:
        """The file of that number below a folder; Absent where there is none."""
        found = [path for path in self.paths(below) if path.endswith(suffix)]
        if len(found) <= number:
            raise Absent(below)
        return found[number]

    def export(self) -> str:
        """The first file of an export that holds pictures; Absent where there is none."""
        found = [path for path in self.paths("data/exports") if path.endswith(_PICTURES)]
        if not found:
            raise Absent("data/exports")
        return found[0]

    def has(self, path: str) -> str:
        """The path, if it is there; else Absent."""
        if not (self.folder / path).is_file():
            raise Absent(path)
        return path

    def read(self, path: str) -> bytes:
        """A file's bytes."""
        return (self.folder / self.has(path)).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Put a file in place; what was linked there before stays as it was."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{place.name}.new")
        fresh.write_bytes(data)
        fresh.replace(place)

    def change(self, path: str, how: Callable[[bytes], bytes]) -> None:
        """Write a file anew from its own bytes, which must come out different."""
        data = self.read(path)
        made = how(data)
        if made == data:
            raise Absent(path)
        self.write(path, made)

    def remove(self, path: str) -> None:
        """Take a file or a folder away."""
        place = self.folder / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            (self.folder / self.has(path)).unlink()

    def info(self, label: str, value: str) -> None:
        """Change one line of bag-info.txt."""
        lines = self.read("bag-info.txt").decode().splitlines()
        made = [f"{label}: {value}" if line.startswith(f"{label}: ") else line for line in lines]
        self.change("bag-info.txt", lambda data: "".join(f"{line}\n" for line in made).encode())

    def entries(self) -> list[dict[str, Any]]:
        """The entries of the custody log."""
        return [json.loads(line) for line in self.read(LOG).splitlines()]

    def rechain(self, entries: list[dict[str, Any]]) -> None:
        """Write a custody log of these entries, with numbers and hashes that hold together."""
        prev, lines = custody.START, []
        for number, entry in enumerate(entries):
            made = {**entry, "n": number, "prev": prev}
            prev = made["hash"] = custody.hash_of(made)
            lines.append(custody.canonical(made) + b"\n")
        self.write(LOG, b"".join(lines))

    def reseal(self, key: Key | None = None) -> None:
        """Bring bag-info.txt, all manifests and the sums in line; sign anew where there is a key."""
        payload = self._digests(self.paths("data"))
        last = self.entries()[-1]
        self._set("Payload-Oxum", f"{sum(one.size for one in payload.values())}.{len(payload)}")
        self._set("Custody-Length", str(last["n"] + 1))
        self._set("Custody-Head", last["hash"])
        if key is not None:
            self.write(CERTIFICATES, key.certificates_pem)
            self._set("Signed-By", key.fingerprint)
        self._manifests("manifest", payload)
        tags = [path for path in (*TAG_FILES, CERTIFICATES) if (self.folder / path).is_file()]
        self._manifests("tagmanifest", self._digests(tags))
        if key is not None:
            self._sign(key)
        self.sums()

    def sums(self) -> None:
        """Write signature/SHA256SUMS anew, where there is such a folder."""
        names = [path.removeprefix("signature/") for path in self.paths("signature") if path != SUMS]
        if names:
            digests = {name: hashlib.sha256(self.read(f"signature/{name}")).hexdigest() for name in names}
            self.write(SUMS, bag.manifest(digests))

    def unsign(self) -> None:
        """Take every trace of a signature away."""
        self.has(CERTIFICATES)
        self.remove("signature")
        self.remove(CERTIFICATES)
        for label, value in (("Signed-By", bag.NOBODY), ("Signature-Kind", "none"), ("Time-Stamps", "0")):
            self._set(label, value)

    def _set(self, label: str, value: str) -> None:
        try:
            self.info(label, value)
        except Absent:
            return  # it said so before

    def _digests(self, paths: Iterable[str]) -> dict[str, hashing.Digests]:
        return {path: hashing.digests(self.folder / path) for path in paths}

    def _manifests(self, kind: str, files: dict[str, hashing.Digests]) -> None:
        for algorithm in ALGORITHMS:
            digests = {path: str(getattr(one, algorithm)) for path, one in files.items()}
            self.write(f"{kind}-{algorithm}.txt", bag.manifest(digests))

    def _sign(self, key: Key) -> None:
        from datetime import UTC, datetime

        from workbench.evidence.signing import sign_detached

        at = datetime.now(UTC).replace(microsecond=0)
        for name in TAG_MANIFESTS:
            self.write(f"signature/{name}.p7s", sign_detached(self.read(name), key, at))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target
