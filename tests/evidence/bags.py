"""Packages for tests, built from docs/package-format.md alone: a second opinion on the format.

`build` writes a package as a folder; `reseal` brings all hashes of a changed one in line again, as an attacker would
who can rewrite everything but sign; `zipped` puts a folder into a zip. Keys and certificates are made once a process;
signatures and time stamps are OpenSSL's.

    build(tmp_path / "p", signed="chain", stamps=1)
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

from tests.evidence.bag_keys import KeyFiles, certificate_der, key_files
from tests.evidence.bag_story import Told, story

ROOT = Path(__file__).resolve().parents[2]
VERIFY = ROOT / "workbench" / "evidence" / "verify_alone.py"
Signed = Literal["none", "self", "chain"]

AUTHORITY = """[t]
serial = {}
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""
NUMBER = "17/2026"
TOOL = {"python": "3.12.1", "workbench": "0.1.0"}
TAGS = ("README.txt", "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", "verify.py")


def build(
    folder: Path,
    *,
    signed: Signed = "none",
    files: Mapping[str, bytes] | None = None,
    entries: Sequence[Told] | None = None,
    stamps: int = 0,
    key: str = "ec",
) -> Path:
    """Write a package as `folder`, which must not exist, and return it.

    `files` (paths below ``data/``) join the payload or replace a file of it, `entries` replaces the story the log
    tells; the story is told from the files. `key` is one of `bag_keys.KINDS`.
    """
    payload = material() | dict(files or {})
    payload["custody.jsonl"] = log(story(payload) if entries is None else entries)
    for name, data in payload.items():
        put(folder / "data" / name, data)
    put(folder / "bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    put(folder / "README.txt", f"Package of case {NUMBER}. To check it: python3 verify.py\n".encode())
    put(folder / "verify.py", VERIFY.read_bytes() if VERIFY.is_file() else b"# no verifier here\n")
    if signed != "none":
        put(
            folder / "certificates.pem",
            key_files(signed, key).leaf.read_bytes() + key_files(signed, key).above.read_bytes(),
        )
    reseal(folder, signed=signed, stamps=stamps, key=key)
    return folder


def reseal(
    folder: Path, *, signed: Signed = "none", stamps: int = 0, key: str = "ec", also: Sequence[str] = (), **info: str
) -> None:
    """Write bag-info.txt (with the labels of `info`, ``_`` for ``-``), manifests and signatures anew.

    `also` are files outside ``data/`` that the manifests list, which no right package does.
    """
    payload = {p: p.read_bytes() for p in sorted((folder / "data").rglob("*")) if p.is_file()}
    last = json.loads(payload[folder / "data/custody.jsonl"].splitlines()[-1])
    report = folder / "data/reports/R1.pdf"
    facts = {
        "Bagging-Date": "2026-03-02",
        "Bag-Software-Agent": "workbench 0.1.0",
        "External-Identifier": NUMBER,
        "External-Description": "Evidence of case 17/2026",
        "Payload-Oxum": f"{sum(map(len, payload.values()))}.{len(payload)}",
        "Custody-Length": str(last["n"] + 1),
        "Custody-Head": last["hash"],
        "Report": "data/reports/R1.pdf" if report.is_file() else "none",
        "Report-Status": "DRAFT" if report.is_file() else "none",
        "Signed-By": "nobody" if signed == "none" else hashlib.sha256(certificate_der(signed, key)).hexdigest(),
        "Signature-Kind": {"none": "none", "self": "self-signed key", "chain": "given key"}[signed],
        "Time-Stamps": str(stamps),
    }
    facts |= {label.replace("_", "-"): value for label, value in info.items()}
    put(folder / "bag-info.txt", "".join(f"{label}: {value}\n" for label, value in facts.items()).encode())
    tags = [*TAGS, *(["certificates.pem"] if signed != "none" else [])]
    for algorithm in ("sha256", "sha512"):
        put(folder / f"manifest-{algorithm}.txt", manifest(folder, [*payload, *map(folder.joinpath, also)], algorithm))
    for algorithm in ("sha256", "sha512"):
        there = [folder / tag for tag in tags if (folder / tag).is_file()]
        put(folder / f"tagmanifest-{algorithm}.txt", manifest(folder, there, algorithm))
    if signed != "none":
        sign(folder, key_files(signed, key), stamps)


def manifest(folder: Path, files: Iterable[Path], algorithm: str) -> bytes:
    """The manifest of `files` of the bag `folder`."""
    named = {f.relative_to(folder).as_posix(): hashlib.new(algorithm, f.read_bytes()).hexdigest() for f in files}
    paths = sorted(named, key=lambda path: path.encode())
    escaped = (path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A") for path in paths)
    return b"".join(f"{named[path]}  {line}\n".encode() for path, line in zip(paths, escaped, strict=True))


def sign(folder: Path, key: KeyFiles, stamps: int) -> None:
    """Sign both tag manifests with OpenSSL and have the first signature stamped."""
    place = folder / "signature"
    place.mkdir(exist_ok=True)
    how = ["cms", "-sign", "-binary", "-cades", "-nosmimecap", "-md", "sha256", "-outform", "DER"]
    above = ["-certfile", key.above] if key.above.stat().st_size else []
    for algorithm in ("sha256", "sha512"):
        name = f"tagmanifest-{algorithm}.txt"
        files = ["-in", folder / name, "-out", place / f"{name}.p7s", "-signer", key.leaf, "-inkey", key.key]
        openssl(*how, *files, *above)
    for number in range(1, stamps + 1):
        stamp(place, number)
    sums(place)


def sums(place: Path) -> None:
    """Write SHA256SUMS of the folder ``signature``."""
    files = [f for f in place.iterdir() if f.name != "SHA256SUMS"]
    put(place / "SHA256SUMS", manifest(place, files, "sha256"))


def stamp(place: Path, number: int) -> None:
    """Let a time-stamp authority of our own answer over the first signature."""
    authority = key_files("chain", "tsa")
    signature, answer = place / "tagmanifest-sha256.txt.p7s", place / f"time-stamp-{number}.tsr"
    with tempfile.TemporaryDirectory() as scratch:
        query, config = Path(scratch) / "query", Path(scratch) / "config"
        config.write_text(AUTHORITY.format(Path(scratch) / "serial"))
        openssl("ts", "-query", "-data", signature, "-sha256", "-cert", "-out", query)
        keys = ["-signer", authority.leaf, "-inkey", authority.key, "-chain", authority.above]
        openssl("ts", "-reply", "-config", config, "-section", "t", "-queryfile", query, "-out", answer, *keys)
    answer.with_suffix(".pem").write_bytes(authority.above.read_bytes() + authority.leaf.read_bytes())


def openssl(*arguments: object) -> None:
    """Run OpenSSL; what it complains of is the error."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)


def zipped(folder: Path, out: Path, *, compressed: bool = True) -> Path:
    """The package `folder` as the zip `out`."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            file.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return out


def put(path: Path, data: bytes) -> None:
    """Write a file and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def log(told: Sequence[Told]) -> bytes:
    """The custody log: one entry for each thing told."""
    lines, prev = [], "0" * 64
    for n, (what, data) in enumerate(told):
        named = [{"file": f["path"], "sha256": f["sha256"]} for f in files_in(data)]
        entry: dict[str, Any] = {"n": n, "prev": prev, "at": f"2026-03-01T10:{n // 60:02d}:{n % 60:02d}.000000Z"}
        entry |= {"who": "A. Examiner", "what": what, "data": data, "before": [], "after": named, "tool": TOOL}
        prev = digest(dumped(entry))
        lines.append(dumped(entry | {"hash": prev}) + b"\n")
    return b"".join(lines)


def dumped(value: Any) -> bytes:
    """JSON as the log and its hashes want it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def files_in(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of the case that the data of an entry names."""
    found = [data[key] for key in ("record", "file", "model", "photo", "picture") if isinstance(data.get(key), dict)]
    return found + [f for f in data.get("files", ()) if isinstance(f, dict)]


@cache
def _material() -> tuple[tuple[str, bytes], ...]:
    dice = Random(17)
    video = b"\0\0\0\x18ftypisom\0\0\2\0isomavc1" + struct.pack(">I", 60_008) + b"mdat" + dice.randbytes(60_000)
    photo = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + dice.randbytes(3000) + b"\xff\xd9"
    page = b"%PDF-1.7\n" + base64.encodebytes(dice.randbytes(6000)) + b"%%EOF\n"
    asked = {"begin": "2026-02-03T18:00:00Z", "end": "2026-02-03T18:00:10Z", "format": "mp4", "source": "gate"}
    return (
        ("exports/E1/gate_180000.mp4", video),
        ("exports/E1/gate_180000.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\n18:00:00\n"),
        ("exports/E1/gate_180000.json", dumped({"files": ["gate_180000.mp4"], "schema": "workbench.result/1"})),
        ("exports/E1.spec.json", dumped(asked)),
        ("exports/E1.plan.json", dumped({"segments": [], "spec": asked})),
        ("exports/E1.ledger.json", dumped({"copied": 250, "encoded": 0})),
        ("snapshots/S1.png", picture(32, 18, dice)),
        ("snapshots/A1.png", picture(32, 18, dice)),
        ("clock/K1.jpg", photo),
        ("reports/R1.pdf", page),
        ("reports/R1.json", dumped({"id": "R1", "schema": "workbench.report/1"})),
        ("sources.json", dumped({"sources": [{"id": "gate"}]})),
        ("case.jsonld", dumped({"@context": {}, "@graph": []})),
    )


def material() -> dict[str, bytes]:
    """A small payload of every sort, the log left out."""
    return dict(_material())


def picture(width: int, height: int, dice: Random) -> bytes:
    """A PNG of noise."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + dice.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
