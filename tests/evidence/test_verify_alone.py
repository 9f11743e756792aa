"""verify.py names what was done to a package, and says nothing of one that was only copied."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evidence import bags
from tests.evidence.bag_keys import certificate_der
from workbench.evidence.verify_alone import ELSEWHERE, HERE, check

SHAPES: dict[str, dict[str, Any]] = {
    "unsigned": {},
    "self-signed": {"signed": "self", "key": "rsa"},
    "chain, two stamps": {"signed": "chain", "stamps": 2},
    "P-384": {"signed": "chain", "key": "ec384"},
    "P-521": {"signed": "self", "key": "ec521"},
}
EXPORT = "data/exports/E1/gate_180000.mp4"
LOG = "data/custody.jsonl"
P7S = "signature/tagmanifest-sha256.txt.p7s"


def failed(package: Path, signer: str = "", seal: str = "") -> set[tuple[str, str]]:
    """Check and file of what failed."""
    return {(one["check"], one["file"]) for one in check(package, signer, seal) if one["verdict"] == "failed"}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with all there can be; tests change copies."""
    return bags.build(tmp_path_factory.mktemp("signed") / "p", signed="chain", stamps=1, key="rsa")


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return Path(shutil.copytree(signed, tmp_path / "p"))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_untouched_copies_hold(tmp_path: Path, shape: dict[str, Any]) -> None:
    """Nothing fails in a package, nor in its copies: moved, zipped by three tools, told its seal and signer."""
    package = bags.build(tmp_path / "made" / "17-2026-P1", **shape)
    seal = bags.digest((package / "tagmanifest-sha256.txt").read_bytes())
    signer = bags.digest(certificate_der(shape["signed"], shape.get("key", "ec"))) if shape else ""
    copies = [
        package,
        Path(shutil.copytree(package, tmp_path / "Дверь 2")),
        bags.zipped(package, tmp_path / "a.zip"),
        bags.zipped(package, tmp_path / "b.zip", compressed=False),
        Path(shutil.make_archive(str(tmp_path / "c"), "zip", package.parent, package.name)),
    ]
    for place in copies:
        findings = check(place, signer.upper(), seal)
        verdicts = {name: {one["verdict"] for one in findings if one["check"] == name} for name in (*HERE, *ELSEWHERE)}
        unsure = {"time-stamp", *ELSEWHERE} | (set() if shape else {"signature-files", "signature", "signer"})
        expected = {name: {"not checked"} if name in unsure else {"ok"} for name in verdicts}
        assert expected | {"custody-files": {"ok", "not checked"}} == verdicts
        (only,) = (one for one in findings if (one["check"], one["verdict"]) == ("custody-files", "not checked"))
        assert only["place"] == "derived files" and "only hashed" in only["note"]


def test_a_key_of_another_kind_is_not_checked(tmp_path: Path) -> None:
    """A curve that the file does not know is neither ok nor failed, and the note says what to do."""
    package = bags.build(tmp_path / "p", signed="self", key="other")
    found = [one for one in check(package) if one["check"] == "signature" and one["file"] == P7S]
    assert [one["verdict"] for one in found] == ["not checked"] and "OpenSSL" in found[0]["note"]
    assert not failed(package)


def metadata(package: Path) -> list[str]:
    """Every file that is not payload, and the log."""
    files = sorted(f.relative_to(package).as_posix() for f in package.rglob("*") if f.is_file())
    return [name for name in files if not name.startswith("data/") or name == LOG]


def flips(package: Path, name: str, places: range) -> Iterator[tuple[int, set[tuple[str, str]]]]:
    """What failed with one byte of a file changed, for each place."""
    data = (package / name).read_bytes()
    for place in places:
        changed = bytes([data[place] ^ (1 + place % 255)])
        (package / name).write_bytes(data[:place] + changed + data[place + 1 :])
        yield place, failed(package)
    (package / name).write_bytes(data)


def test_a_changed_byte_of_any_metadata_file_is_named(copy: Path) -> None:
    """A sample of all flips (bench/tampers.py makes every one): a finding names the very file."""
    names = metadata(copy)
    assert len(names) == 15
    for name in names:
        size = (copy / name).stat().st_size
        for place, found in flips(copy, name, range(0, size, max(1, size // 12))):
            assert name in {file for _, file in found}, (name, place, found)
    assert not failed(copy)


Change = Callable[[Path], object]


def edit(name: str, how: Callable[[bytes], bytes]) -> Change:
    """A file with other content."""
    return lambda p: (p / name).write_bytes(how((p / name).read_bytes()))


def swap(one: str, two: str) -> Change:
    """Two files that change places."""

    def change(p: Path) -> None:
        (p / one).rename(p / "x")
        (p / two).rename(p / one)
        (p / "x").rename(p / two)

    return change


def move(one: str, two: str) -> Change:
    """Another name."""
    return lambda p: (p / one).rename(p / two)


def remove(name: str) -> Change:
    """A file less."""
    return lambda p: (p / name).unlink()


def add(name: str, data: bytes = b"x") -> Change:
    """A file more."""
    return lambda p: bags.put(p / name, data)


def line(how: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    """A file with other lines."""
    return lambda data: b"".join(how(data.splitlines(keepends=True)))


TAMPERS: dict[str, tuple[Change, str, str]] = {
    "payload removed": (remove(EXPORT), "file-missing", EXPORT),
    "payload added": (add("data/exports/E1/more.mp4"), "file-added", "data/exports/E1/more.mp4"),
    "payload renamed": (move(EXPORT, "data/exports/E1/a.mp4"), "file-missing", EXPORT),
    "payload cut": (edit(EXPORT, lambda data: data[:-1]), "payload-hash", EXPORT),
    "payload longer": (edit(EXPORT, lambda data: data + b"\0"), "payload-size", ""),
    "payload emptied": (edit(EXPORT, lambda data: b""), "payload-hash", EXPORT),
    "pictures swapped": (
        swap("data/snapshots/S1.png", "data/snapshots/A1.png"),
        "payload-hash",
        "data/snapshots/A1.png",
    ),
    "tag file added": (add("notes.txt"), "file-added", "notes.txt"),
    "hidden file added": (add("data/.DS_Store"), "bag-form", "data/.DS_Store"),
    "manifest removed": (remove("manifest-sha512.txt"), "file-missing", "manifest-sha512.txt"),
    "tag manifest removed": (remove("tagmanifest-sha512.txt"), "file-missing", "tagmanifest-sha512.txt"),
    "line of a manifest removed": (
        edit("manifest-sha512.txt", line(lambda lines: lines[1:])),
        "manifest-form",
        "manifest-sha512.txt",
    ),
    "line of a manifest twice": (
        edit("manifest-sha256.txt", line(lambda lines: [lines[0], *lines])),
        "manifest-form",
        "manifest-sha256.txt",
    ),
    "lines of a tag manifest swapped": (
        edit("tagmanifest-sha256.txt", line(lambda lines: lines[::-1])),
        "manifest-form",
        "tagmanifest-sha256.txt",
    ),
    "manifest with CRLF": (
        edit("manifest-sha256.txt", lambda data: data.replace(b"\n", b"\r\n")),
        "manifest-form",
        "manifest-sha256.txt",
    ),
    "manifest with a byte order mark": (
        edit("manifest-sha256.txt", lambda data: b"\xef\xbb\xbf" + data),
        "manifest-form",
        "manifest-sha256.txt",
    ),
    "log cut": (edit(LOG, line(lambda lines: lines[:-1])), "custody-head", LOG),
    "log torn": (edit(LOG, lambda data: data[:-9]), "custody-form", LOG),
    "entry removed": (edit(LOG, line(lambda lines: lines[:3] + lines[4:])), "custody-chain", LOG),
    "entries swapped": (
        edit(LOG, line(lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]])),
        "custody-chain",
        LOG,
    ),
    "entry changed": (edit(LOG, lambda data: data.replace(b"A. Examiner", b"B. Examiner", 1)), "custody-chain", LOG),
    "blank in the log": (edit(LOG, lambda data: data.replace(b":", b": ", 1)), "custody-form", LOG),
    "log emptied": (edit(LOG, lambda data: b""), "custody-head", LOG),
    "signature removed": (remove(P7S), "signature", P7S),
    "signatures removed": (lambda p: shutil.rmtree(p / "signature"), "signature-files", P7S),
    "signatures swapped": (swap(P7S, P7S.replace("256", "512")), "signature", P7S),
    "certificates removed": (remove("certificates.pem"), "file-missing", "certificates.pem"),
    "chain cut": (
        edit("certificates.pem", lambda pem: pem[: pem.index(b"-----BEGIN", 9)]),
        "signature",
        P7S,
    ),
    "file in signature": (add("signature/notes.txt"), "signature-files", "signature/notes.txt"),
    "sums removed": (remove("signature/SHA256SUMS"), "signature-files", "signature/SHA256SUMS"),
    "stamp removed": (remove("signature/time-stamp-1.tsr"), "signature-files", "signature/time-stamp-1.tsr"),
    "folder without files": (lambda p: (p / "data/exports/E2").mkdir(), "bag-form", "data/exports/E2/"),
    "link to a file": (lambda p: (p / "data/clock/K2.jpg").symlink_to("K1.jpg"), "bag-form", "data/clock/K2.jpg"),
    "link to a folder": (lambda p: (p / "data/more").symlink_to("/"), "bag-form", "data/more"),
    "pipe": (lambda p: os.mkfifo(p / "data/clock/K2.jpg"), "bag-form", "data/clock/K2.jpg"),
    "names that differ in case": (add("data/clock/k1.jpg"), "bag-form", "data/clock/k1.jpg"),
    "folders that differ in case": (add("data/Clock/K2.jpg"), "bag-form", "data/clock/K1.jpg"),
    "name that is not NFC": (add("data/clock/u\u0308.jpg"), "bag-form", "data/clock/u\u0308.jpg"),
    "name with a backslash": (add("data/clock/..\\a.jpg"), "bag-form", "data/clock/..\\a.jpg"),
    "name that is not UTF-8": (add("data/clock/\udcff.jpg"), "bag-form", "data/clock/\udcff.jpg"),
}


@pytest.mark.parametrize(("change", "name", "file"), TAMPERS.values(), ids=TAMPERS)
def test_a_tamper_is_named(copy: Path, change: Change, name: str, file: str) -> None:
    """Each way to change a package has its own finding, on its own file."""
    change(copy)
    assert (name, file) in failed(copy)


def entries(p: Path) -> list[dict[str, Any]]:
    """The log's entries."""
    return [json.loads(one) for one in (p / LOG).read_bytes().splitlines()]


def rewritten(how: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    """A log with other entries, its chain made anew."""

    def change(p: Path) -> None:
        told = [(one["what"], one["data"]) for one in how(entries(p))]
        (p / LOG).write_bytes(bags.log(told))

    return change


RESEALED: dict[str, tuple[Change, dict[str, Any], str, str]] = {
    "export exchanged": (edit(EXPORT, lambda data: data[::-1]), {}, "custody-files", EXPORT),
    "export added": (add("data/exports/E1/x.mp4"), {}, "custody-files", "data/exports/E1/x.mp4"),
    "snapshot removed": (remove("data/snapshots/S1.png"), {}, "custody-files", "data/snapshots/S1.png"),
    "photo removed": (remove("data/clock/K1.jpg"), {}, "custody-files", "data/clock/K1.jpg"),
    "report removed": (remove("data/reports/R1.pdf"), {}, "custody-files", "data/reports/R1.pdf"),
    "parts of an export that is not there": (
        add("data/exports/E7.spec.json"),
        {},
        "custody-files",
        "data/exports/E7.spec.json",
    ),
    "payload nobody knows": (add("data/x"), {}, "bag-form", "data/x"),
    "tag file listed as payload": (add("notes.txt"), {"also": ["notes.txt"]}, "manifest-form", "manifest-sha512.txt"),
    "sources removed": (remove("data/sources.json"), {}, "file-missing", "data/sources.json"),
    "draft called final": (lambda p: None, {"Report_Status": "FINAL"}, "custody-files", "bag-info.txt"),
    "log longer than said": (lambda p: None, {"Custody_Length": "15"}, "custody-head", LOG),
    "another size": (lambda p: None, {"Payload_Oxum": "1.1"}, "payload-size", ""),
    "line break in a value": (lambda p: None, {"External_Identifier": "1\nSigned-By: me"}, "bag-form", "bag-info.txt"),
    "text that turns": (lambda p: None, {"External_Identifier": "\u202e1"}, "bag-form", "bag-info.txt"),
    "stamps not there": (lambda p: None, {"Time_Stamps": "2"}, "signature-files", "signature/time-stamp-2.tsr"),
    "another signer": (lambda p: None, {"Signed_By": "0" * 64}, "signature", "certificates.pem"),
    "a key that nobody gave": (lambda p: None, {"Signature_Kind": "self-signed key"}, "signature", "bag-info.txt"),
    "verify.py removed": (remove("verify.py"), {}, "file-missing", "verify.py"),
    "snapshot unsaid": (
        rewritten(lambda told: [one for one in told if one["what"] != "snapshot-taken"]),
        {},
        "custody-files",
        "data/snapshots/S1.png",
    ),
}


@pytest.mark.parametrize(("change", "info", "name", "file"), RESEALED.values(), ids=RESEALED)
def test_a_contradiction_is_named_though_all_digests_fit(
    copy: Path, change: Change, info: dict[str, Any], name: str, file: str
) -> None:
    """Even with every digest and signature made anew, what does not agree with the log or the format is found."""
    change(copy)
    bags.reseal(copy, signed="chain", stamps=1, key="rsa", **info)
    assert (name, file) in failed(copy)


def test_a_package_made_anew_is_found_by_seal_and_signer_only(copy: Path) -> None:
    """Whoever rewrites everything makes another package; the seal and the signer, known from elsewhere, tell."""
    seal = bags.digest((copy / "tagmanifest-sha256.txt").read_bytes())
    signer = bags.digest(certificate_der("chain", "rsa"))
    assert not failed(copy, signer, seal)
    (copy / "certificates.pem").unlink()
    shutil.rmtree(copy / "signature")
    bags.reseal(copy)
    assert failed(copy) == set()
    assert failed(copy, signer, seal) == {("signer", ""), ("seal", "")}


def test_a_time_stamp_over_something_else_fails(copy: Path, tmp_path: Path) -> None:
    """A stamp of another package does not pass, though SHA256SUMS knows it."""
    other = bags.build(tmp_path / "other", signed="self", stamps=1)
    for end in ("tsr", "pem"):
        shutil.copy(other / f"signature/time-stamp-1.{end}", copy / f"signature/time-stamp-1.{end}")
    bags.sums(copy / "signature")
    assert failed(copy) == {("time-stamp", "signature/time-stamp-1.tsr")}


def test_only_the_newest_report_must_be_there(signed: Path) -> None:
    """The log tells of an older report that is not in the package; that is no finding."""
    assert [one["data"]["id"] for one in entries(signed) if one["what"] == "report-built"] == ["R0", "R1"]
    assert not (signed / "data/reports/R0.pdf").exists()
    assert not failed(signed)
