"""The second verifier on packages that hold, and on those that mean harm: each finding names the file to blame."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.evidence import bags
from tests.evidence.sealed import Sealed, failed, sealed
from workbench.evidence import verify_alone
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.twin import Absent, Twin
from workbench.evidence.verify import MOST_FINDINGS, check_folder, check_package
from workbench.evidence.verify_bag import MOST_METADATA, read_info

LOG = "data/custody.jsonl"
Way = Callable[[Twin], object]


@pytest.fixture(scope="module")
def whole() -> Sealed:
    """The sealed package of this process."""
    return sealed()


@pytest.fixture
def twin(whole: Sealed, tmp_path: Path) -> Twin:
    """A copy to tamper with."""
    return whole.twin(tmp_path / "twin")


def found(twin: Twin) -> list[tuple[str, str]]:
    """Check and file of what failed."""
    return failed(check_folder(twin.folder))


def files_named(twin: Twin) -> tuple[set[str], set[str]]:
    """The files that findings of both verifiers name."""
    alone = {one["file"] for one in verify_alone.check(twin.folder) if one["verdict"] == "failed"}
    return {file for _, file in found(twin)}, alone


def test_a_sealed_package_holds(whole: Sealed) -> None:
    """Every check was made, none failed, and what nobody can know from the package alone says so."""
    told = check_package(whole.package)
    assert failed(told) == []
    assert {one.check for one in told if one.verdict is Verdict.NOT_CHECKED} == {"signer", "seal"}
    known = check_package(whole.package, signer=whole.signer.upper(), seal=f"{whole.seal[:2]}:{whole.seal[2:]}")
    assert {one.verdict for one in known} == {Verdict.OK}


@pytest.mark.parametrize("key", ["ec", "ec384", "ec521", "rsa", "rsa3072"])
@pytest.mark.parametrize("signed", ["self", "chain"])
def test_packages_built_from_the_page_alone_hold(tmp_path: Path, signed: bags.Signed, key: str) -> None:
    """Packages that another hand wrote and OpenSSL signed raise no alarm."""
    assert failed(check_package(bags.build(tmp_path / "p", signed=signed, key=key, stamps=1))) == []


def test_untouched_copies_raise_no_alarm(whole: Sealed, tmp_path: Path) -> None:
    """Copied, moved, zipped, unpacked by another tool, written to a disk without modes: the same package."""
    copy = shutil.copytree(whole.package, tmp_path / "17 2026 (Kopie) ü")
    moved = copy.rename(tmp_path / "P1")
    archive = Path(shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path, "P1"))
    subprocess.run(["python3", "-m", "zipfile", "-e", str(archive), str(tmp_path / "again")], check=True)
    for file in moved.rglob("*"):
        file.chmod(0o777)
    for package in (moved, archive, tmp_path / "again" / "P1"):
        assert failed(check_package(package, signer=whole.signer, seal=whole.seal)) == []


@pytest.mark.slow
def test_flipped_bytes_are_found_and_the_file_is_named(whole: Sealed, twin: Twin) -> None:
    """A byte of each file, wherever it lies, by both verifiers; bench/tampers.py flips every one."""
    dice, missed = Random(3), []
    for path in twin.paths():
        data = twin.read(path)
        for place in {0, len(data) - 1, *(dice.randrange(len(data)) for _ in range(4))}:
            twin.write(path, data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :])
            missed += [(path, place, named) for named in files_named(twin) if path not in named]
        twin.write(path, data)
    assert missed == [] and found(twin) == []


def flipped(path: str, old: str, new: str) -> Way:
    """A word of a file changed."""
    return lambda twin: twin.write(path, twin.read(path).replace(old.encode(), new.encode(), 1))


BLAMED: dict[str, tuple[Way, list[tuple[str, str]]]] = {
    "a digit of a manifest": (
        lambda twin: twin.change("manifest-sha256.txt", lambda d: (b"1" if d[:1] == b"0" else b"0") + d[1:]),
        [("payload-hash", "manifest-sha256.txt"), ("tag-hash", "manifest-sha256.txt")],
    ),
    "a digit of a tag manifest": (
        lambda twin: twin.change("tagmanifest-sha512.txt", lambda d: bytes([0x61 + (d[0] == 0x61)]) + d[1:]),
        [("tag-hash", "tagmanifest-sha512.txt"), ("signature", "signature/tagmanifest-sha512.txt.p7s")],
    ),
    "a file of the payload": (
        lambda twin: twin.write("data/reports/R2.json", b"{}"),
        [("payload-hash", "data/reports/R2.json"), ("payload-size", ""), ("custody-files", "data/reports/R2.json")],
    ),
    "a line of one manifest": (
        lambda twin: twin.change("manifest-sha512.txt", lambda d: d[d.index(b"\n") + 1 :]),
        [("manifest-form", "manifest-sha512.txt"), ("tag-hash", "manifest-sha512.txt")],
    ),
    "bag-info.txt": (
        flipped("bag-info.txt", "Bagging-Date: 2", "Bagging-Date: x"),
        [
            ("bag-form", "bag-info.txt"),
            ("tag-hash", "bag-info.txt"),
            ("payload-size", ""),
            ("custody-head", LOG),
            ("custody-files", "bag-info.txt"),
            ("signature", "bag-info.txt"),
        ],
    ),
    "a certificate": (
        flipped("certificates.pem", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n\n"),
        [("tag-hash", "certificates.pem"), ("signature", "certificates.pem")],
    ),
}


@pytest.mark.parametrize(("way", "expected"), BLAMED.values(), ids=BLAMED)
def test_the_file_that_was_changed_is_to_blame(twin: Twin, way: Way, expected: list[tuple[str, str]]) -> None:
    """Findings name the changed file and what follows from it, and accuse no file that is as it was."""
    way(twin)
    assert sorted(found(twin)) == sorted(expected)


def put(path: str, data: bytes = b"x") -> Way:
    """A file more."""
    return lambda twin: twin.write(path, data)


def link(path: str, target: str) -> Way:
    """A link in the place of a file."""

    def way(twin: Twin) -> None:
        (twin.folder / path).unlink(missing_ok=True)
        (twin.folder / path).symlink_to(target)

    return way


def unix_socket(twin: Twin) -> None:
    """A socket, bound from within, since its path may not be long."""
    here = Path.cwd()
    os.chdir(twin.folder)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("data/sock")
    finally:
        os.chdir(here)


def pipe_for(path: str) -> Way:
    """A pipe in the place of a file: whoever opens it waits for ever."""

    def way(twin: Twin) -> None:
        twin.remove(path)
        os.mkfifo(twin.folder / path)

    return way


def sparse(path: str, size: int) -> Way:
    """A file that claims to be large."""

    def way(twin: Twin) -> None:
        twin.remove(path)
        with (twin.folder / path).open("wb") as file:
            file.truncate(size)

    return way


def folder_for(path: str) -> Way:
    """A folder under a file's name."""

    def way(twin: Twin) -> None:
        twin.remove(path)
        (twin.folder / path).mkdir()

    return way


def bytes_name(name: bytes) -> Way:
    """A file whose name is not UTF-8."""

    def way(twin: Twin) -> None:
        Path(os.fsdecode(os.fsencode(twin.folder / "data" / "exports") + b"/" + name)).write_bytes(b"x")

    return way


def deep(twin: Twin) -> None:
    """Folders in folders, down to where the system ends."""
    place = os.open(twin.folder / "data", os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d" * 50, dir_fd=place)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)


def broken_line(data: bytes) -> Way:
    """A log of one line that means harm."""
    return put(LOG, data + b"\n")


def info(label: str, value: str) -> Way:
    """A line of bag-info.txt, whatever else then fits."""

    def way(twin: Twin) -> None:
        twin.info(label, value)

    return way


HOSTILE: dict[str, tuple[Way, tuple[str, str]]] = {
    "a link to a file": (link("data/sources.json", "/etc/passwd"), ("bag-form", "data/sources.json")),
    "a link to nothing": (link("data/exports/x", "nowhere"), ("bag-form", "data/exports/x")),
    "a link to a folder": (link("data/exports/x", ".."), ("bag-form", "data/exports/x")),
    "a link to a device": (link("manifest-sha256.txt", "/dev/zero"), ("bag-form", "manifest-sha256.txt")),
    "a pipe for a manifest": (pipe_for("tagmanifest-sha256.txt"), ("bag-form", "tagmanifest-sha256.txt")),
    "a pipe for the log": (pipe_for(LOG), ("bag-form", LOG)),
    "a pipe for a signature": (pipe_for("signature/SHA256SUMS"), ("bag-form", "signature/SHA256SUMS")),
    "a pipe for bag-info.txt": (pipe_for("bag-info.txt"), ("bag-form", "bag-info.txt")),
    "a socket": (unix_socket, ("bag-form", "data/sock")),
    "a folder for bagit.txt": (folder_for("bagit.txt"), ("file-missing", "bagit.txt")),
    "a folder for the log": (folder_for(LOG), ("custody-form", LOG)),
    "a log too large to be read": (sparse(LOG, MOST_METADATA + 1), ("custody-form", LOG)),
    "a manifest too large to be read": (
        sparse("manifest-sha512.txt", MOST_METADATA + 1),
        ("manifest-form", "manifest-sha512.txt"),
    ),
    "a manifest of zeros": (sparse("manifest-sha512.txt", 50_000_000), ("manifest-form", "manifest-sha512.txt")),
    "a name that is not UTF-8": (bytes_name(b"\xff\xfe"), ("bag-form", "data/exports/\udcff\udcfe")),
    "a name that is not composed": (put("data/exports/a\u0308"), ("bag-form", "data/exports/a\u0308")),
    "a name with a line feed": (put("data/exports/a\nb"), ("file-added", "data/exports/a\nb")),
    "a name that turns its text": (put("data/exports/\u202egpj.exe"), ("file-added", "data/exports/\u202egpj.exe")),
    "a folder that differs in case": (put("data/Exports/x"), ("bag-form", "data/exports/E1.ledger.json")),
    "a file the layout does not know": (put("data/hidden/x"), ("bag-form", "data/hidden/x")),
    "a file that no manifest lists": (put("signature2"), ("file-added", "signature2")),
    "a log that is no JSON": (broken_line(b"[" * 100_000), ("custody-form", LOG)),
    "a log of endless digits": (broken_line(b'{"n":' + b"9" * 500_000 + b"}"), ("custody-form", LOG)),
    "a log that is not text": (broken_line(bytes(range(256)) * 99), ("custody-form", LOG)),
    "an empty log": (put(LOG, b""), ("custody-form", LOG)),
    "a thousand time stamps": (info("Time-Stamps", "999"), ("signature-files", "signature/time-stamp-2.tsr")),
    "more time stamps than can be": (info("Time-Stamps", "9999"), ("bag-form", "bag-info.txt")),
    "time stamps with a nought before": (info("Time-Stamps", "01"), ("bag-form", "bag-info.txt")),
    "digits of another script": (info("Custody-Length", "١١"), ("bag-form", "bag-info.txt")),
    "a day that never was": (info("Bagging-Date", "2026-02-30"), ("bag-form", "bag-info.txt")),
    "a mark that turns text": (info("External-Identifier", "1\u202e2"), ("bag-form", "bag-info.txt")),
    "a report of another name": (info("Report", "data/reports/../../x.pdf"), ("bag-form", "bag-info.txt")),
    "a signature by nobody": (info("Signature-Kind", "none"), ("bag-form", "bag-info.txt")),
    "certificates that are none": (put("certificates.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n" * 9999),
                                   ("signature", "certificates.pem")),
    "a signature that is none": (put("signature/tagmanifest-sha256.txt.p7s", b"\x30\x84\xff\xff\xff\xff"),
                                 ("signature", "signature/tagmanifest-sha256.txt.p7s")),
    "a time stamp that is none": (put("signature/time-stamp-1.tsr", b"\x30\x80" * 5000),
                                  ("time-stamp", "signature/time-stamp-1.tsr")),
    "an authority that is none": (put("signature/time-stamp-1.pem", b"-----BEGIN"),
                                  ("time-stamp", "signature/time-stamp-1.tsr")),
}  # fmt: skip


@pytest.mark.parametrize(("way", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_what_means_harm_is_a_finding_that_names_it(twin: Twin, way: Way, expected: tuple[str, str]) -> None:
    """Links, pipes, huge files, odd names, broken formats: found, named, at once, and by the other verifier too."""
    way(twin)
    begin = time.process_time()
    assert expected in found(twin)
    assert time.process_time() - begin < 10
    assert any(one["verdict"] == "failed" for one in verify_alone.check(twin.folder))


def test_folders_down_to_where_the_system_ends_are_a_finding(twin: Twin) -> None:
    """Neither verifier goes further than it can, nor stops the other checks."""
    deep(twin)
    try:
        assert ("bag-form", "data/" + "/".join(["d" * 50] * 64)) in found(twin)
        assert any(one["verdict"] == "failed" for one in verify_alone.check(twin.folder))
    finally:
        subprocess.run(["rm", "-rf", str(twin.folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_finding(twin: Twin) -> None:
    """A file and a folder without the right to read them are named."""
    (twin.folder / "data" / "snapshots").chmod(0)
    (twin.folder / "data" / "sources.json").unlink()
    twin.write("data/sources.json", b"x")
    (twin.folder / "data" / "sources.json").chmod(0)
    told = found(twin)
    (twin.folder / "data" / "snapshots").chmod(0o755)
    assert ("bag-form", "data/snapshots") in told and ("payload-hash", "data/sources.json") in told


def test_a_hundred_thousand_lines_of_rubbish_are_not_all_listed(twin: Twin) -> None:
    """Findings stay readable: beyond a thousand of a kind, their number is told."""
    twin.write("manifest-sha256.txt", b"rubbish\n" * 100_000)
    told = [one for one in check_folder(twin.folder) if one.check == "manifest-form" and one.file]
    more = [one for one in check_folder(twin.folder) if "not listed" in one.note]
    assert len([one for one in told if one.verdict is Verdict.FAILED]) == MOST_FINDINGS and len(more) == 1


def test_a_long_log_is_read_in_seconds(twin: Twin) -> None:
    """Fifty thousand entries more are read, hashed and folded; what is derived from so many is not made again."""
    entries = twin.entries()
    one = next(entry for entry in entries if entry["what"] == "comment-written")
    more = [{**one, "data": {**one["data"], "id": f"C{n}", "text": "short"}} for n in range(100, 50_100)]
    twin.rechain([*entries, *more])
    twin.reseal()
    begin = time.process_time()
    told = check_folder(twin.folder)
    assert time.process_time() - begin < 15
    assert failed(told) == SIGNATURES
    assert "50" in next(one.note for one in told if one.file == "data/case.jsonld" and one.check == "custody-files")


SIGNATURES = [("signature", f"signature/tagmanifest-{kind}.txt.p7s") for kind in ("sha256", "sha512")]


def rewritten(twin: Twin, change: Callable[[list[dict[str, object]]], object]) -> list[tuple[str, str]]:
    """What is found where somebody tells another story and rewrites all but the signatures."""
    entries = twin.entries()
    change(entries)
    twin.rechain(entries)
    twin.reseal()
    told = found(twin)
    return [one for one in told if one not in SIGNATURES]


def of_kind(entries: list[dict[str, object]], kind: str) -> dict[str, object]:
    """The data of the first entry of a kind."""
    return next(entry["data"] for entry in entries if entry["what"] == kind)  # type: ignore[return-value]


def test_ids_of_nine_digits_hold_and_of_ten_do_not(twin: Twin) -> None:
    """The largest id that the format knows is no alarm."""
    nine = rewritten(twin, lambda entries: of_kind(entries, "comment-written").update(id="C999999999"))
    assert nine == [("custody-files", "data/case.jsonld"), ("custody-files", "README.txt")]
    ten = rewritten(twin, lambda entries: of_kind(entries, "comment-written").update(id="C9999999999"))
    assert ("custody-form", LOG) in ten


def test_a_log_that_points_elsewhere_leads_nowhere(twin: Twin) -> None:
    """Paths out of the package, to devices, of another type: files that are missing, and nothing is opened."""
    for path in ("../../../../etc/passwd", "/dev/zero", "exports/../../../x", "", "a\0b", "/"):
        told = rewritten(twin, lambda es, path=path: of_kind(es, "snapshot-taken")["picture"].update(path=path))  # type: ignore[attr-defined,misc]
        assert ("custody-files", f"data/{path}") in told and ("custody-files", "data/snapshots/S1.png") in told


def test_two_entries_that_differ_on_a_file_are_found(twin: Twin) -> None:
    """Not only the last word on a file counts."""

    def told_twice(entries: list[dict[str, object]]) -> None:
        first = next(entry for entry in entries if entry["what"] == "annotation-made")
        second = json.loads(json.dumps(first))
        second["data"].update(id="A2")
        second["data"]["picture"].update(sha256="0" * 64)
        entries.append(second)

    assert ("custody-files", "data/snapshots/A1.png") in rewritten(twin, told_twice)


DERIVED = ["sources.json", "case.jsonld", "exports/E1.spec.json", "exports/E1.plan.json", "exports/E1.ledger.json"]


@pytest.mark.parametrize("path", DERIVED)
def test_a_file_that_is_made_from_the_log_is_made_again(twin: Twin, path: str) -> None:
    """Changed and resealed, it still is not what log and records give; the finding says what differs and where."""
    twin.change(f"data/{path}", lambda data: data[:-9] + b"!" + data[-8:])
    twin.reseal()
    told = [one for one in check_folder(twin.folder) if one.verdict is Verdict.FAILED and one.check == "custody-files"]
    assert [one.file for one in told] == [f"data/{path}"]
    assert told[0].place.startswith("line ") and "!" in told[0].found and "!" not in told[0].expected


def test_a_derived_file_more_or_less_is_found(twin: Twin) -> None:
    """A plan of an export that never was; a case.jsonld that is gone."""
    twin.write("data/exports/E7.plan.json", b"{}\n")
    twin.remove("data/case.jsonld")
    twin.reseal()
    assert {("custody-files", "data/exports/E7.plan.json"), ("custody-files", "data/case.jsonld")} <= {*found(twin)}


def test_files_of_another_version_are_not_made_again(twin: Twin) -> None:
    """Another version may have written them in another way: that is not checked, and says why."""
    twin.info("Bag-Software-Agent", "forensic-workbench 0.0.1")
    twin.change("data/sources.json", lambda data: data + b" ")
    twin.reseal()
    told = check_folder(twin.folder)
    assert failed(told) == SIGNATURES
    notes = {one.file: one.note for one in told if one.check == "custody-files" and one.verdict is Verdict.NOT_CHECKED}
    assert {*notes} == {*(f"data/{path}" for path in DERIVED), "README.txt", "verify.py"} and "0.0.1" in notes[
        "data/sources.json"
    ]


def test_a_record_that_names_other_files_than_the_log_is_found(twin: Twin) -> None:
    """An export's own record, forged together with its digest in the log, contradicts the log on its files."""
    path = next(path for path in twin.paths("data/exports/E1") if path.endswith(".json"))
    old = json.loads(twin.read(path))
    old["files"][0]["sha256"] = "0" * 64
    data = (json.dumps(old, indent=2) + "\n").encode()
    twin.write(path, data)

    def forged(entries: list[dict[str, object]]) -> None:
        of_kind(entries, "export-done")["record"].update(sha256=bags.digest(data), size=len(data))  # type: ignore[attr-defined]

    told = rewritten(twin, forged)
    assert [one for one in told if one[1] == path] == [("custody-files", path)] * 2
    assert "named by the log alone" in " ".join(one.found for one in check_folder(twin.folder) if one.file == path)


def test_certificates_that_did_not_issue_each_other_are_found(tmp_path: Path) -> None:
    """A great name appended to the signer's certificate vouches for nothing."""
    package = bags.build(tmp_path / "p", signed="self")
    other = bags.key_files("chain", "rsa").above.read_bytes()
    bags.put(package / "certificates.pem", (package / "certificates.pem").read_bytes() + other)
    assert ("signature", "certificates.pem") in failed(check_package(package))


def test_bag_info_is_read_in_one_way_only() -> None:
    """No line more, none less, none twice, no blank, no other line end."""
    lines = (sealed().package / "bag-info.txt").read_bytes().splitlines(keepends=True)
    right = b"".join(lines)
    assert read_info(right)[1] is None
    for wrong in (
        right[:-1],
        right + b"\n",
        right.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + right,
        b"".join([*lines, lines[-1]]),
        b"".join(reversed(lines)),
        right.replace(b": ", b":  ", 1),
        right.replace(b": ", b":", 1),
        right.replace(b"Report: ", b"report: "),
        right + b" continued\n",
        b"",
        b"\xff",
    ):
        known, finding = read_info(wrong)
        assert known == {} and isinstance(finding, Finding) and finding.file == "bag-info.txt"


def test_a_way_that_finds_nothing_to_hold_says_so(twin: Twin) -> None:
    """Absent is no pass: a way of tampering that does not apply is told apart from one that was missed."""
    with pytest.raises(Absent):
        twin.one("data/clock", ".exe")


@pytest.mark.parametrize("side", ["before", "after"])
def test_digests_of_an_entry_that_no_record_names_are_found(twin: Twin, side: str) -> None:
    """What an entry says to have read or made must be what its records say."""

    def forged(entries: list[dict[str, object]]) -> None:
        entry = next(one for one in entries if one["what"] == "export-done")
        entry[side][0].update(sha256="0" * 64)  # type: ignore[index]

    assert ("custody-files", LOG) in rewritten(twin, forged)


def test_a_readme_that_tells_another_story_is_found(twin: Twin) -> None:
    """README.txt is made again from log and records: other words over a log that holds are named."""
    twin.change("README.txt", lambda data: data.replace(b"Examiner:", b"Examiner: nobody,", 1))
    twin.reseal()
    assert ("custody-files", "README.txt") in found(twin)
