"""A sealed package passes the tools that others wrote, holds what the case holds, and appears whole or not at all."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Thread

import bagit
import pytest

from tests.evidence import whole_cases
from tests.evidence.authority import Authority as Stamps
from tests.evidence.bag_keys import key_files
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.keys import Key
from workbench.evidence.nouns import PackageRecord
from workbench.evidence.package import seal
from workbench.evidence.timestamps import Authority
from workbench.evidence.verify import check_package

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)


@cache
def self_signed() -> Key:
    """A key that nobody vouches for."""
    return Key.make_self_signed("A. Berg", begin=NOW - timedelta(days=9))


@cache
def chained() -> Key:
    """A key with a chain of certificates above it."""
    made = key_files("chain", "rsa")
    certificates = made.key.with_name("package-chain.pem")
    certificates.write_bytes(made.leaf.read_bytes() + made.above.read_bytes())
    return Key.load(made.key, certificates=certificates)


@dataclass(frozen=True)
class Kind:
    """A kind of package."""

    case: str = "whole"
    key: str = ""
    stamps: int = 0
    as_zip: bool = False


KINDS = {
    "folder, unsigned": Kind(),
    "zip, unsigned, nothing in the case": Kind(case="empty", as_zip=True),
    "folder, signed by a self-signed key": Kind(key="self"),
    "zip, signed by a key with a chain": Kind(key="chain", as_zip=True),
    "folder, signed and stamped twice": Kind(key="chain", stamps=2),
    "folder, hostile texts, signed": Kind(case="hostile", key="self"),
}


def make(kind: Kind, folder: Path) -> tuple[Case, PackageRecord, Path]:
    """A case, what its sealing said, and the package as a folder (a zip is unpacked)."""
    case = whole_cases.empty(folder / "case") if kind.case == "empty" else None
    case = case or whole_cases.whole(folder / "case", hostile=kind.case == "hostile")
    key = {"": None, "self": self_signed(), "chain": chained()}[kind.key]
    with Stamps(name="One") as one, Stamps(name="Two") as two:
        stamps = [Authority(url=found.url, ca_pem=found.ca_pem) for found in (one, two)][: kind.stamps]
        record = seal(case, folder / "out", key=key, stamps=stamps, as_zip=kind.as_zip, at=NOW)
    if kind.as_zip:
        archive = folder / "out" / f"{record.name}.zip"
        ours = [sys.executable, "-m", "zipfile", "-e", archive.name, "."]
        command = ["unzip", "-q", archive.name] if shutil.which("unzip") else ours
        subprocess.run(command, cwd=archive.parent, check=True)
        archive.unlink()
    return case, record, folder / "out" / record.name


SLOW = ("folder, signed by a self-signed key",)
"""Left to ``-m slow``: the hostile case is signed by the same key, into a folder too."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, id=name, marks=[pytest.mark.slow] if name in SLOW else []) for name, k in KINDS.items()],
)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Kind, Case, PackageRecord, Path]:
    """One package of each kind."""
    return request.param, *make(request.param, tmp_path_factory.mktemp("made"))


Made = tuple[Kind, Case, PackageRecord, Path]


def run(command: str, folder: Path) -> str:
    """Run a command of the README in the package's folder, with this Python and its tools first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def commands(package: Path) -> Iterator[str]:
    """The commands that the README gives, each on one line."""
    text = (package / "README.txt").read_text(encoding="utf-8").replace("\\\n", "")
    yield from re.findall(r"^  ((?:python3|sha\d+sum|bagit\.py|openssl) .*)$", text, re.MULTILINE)


def test_the_commands_of_the_readme_pass(made: Made) -> None:
    """verify.py, sha256sum, sha512sum, bagit.py, openssl cms, openssl ts: what the README says works as it says."""
    kind, _, record, package = made
    if missing := [name for name in ("bash", "openssl", "sha256sum", "sha512sum") if not shutil.which(name)]:
        pytest.skip(f"not on the path: {', '.join(missing)}")
    given = list(commands(package))
    for command in given:
        said = run(command, package)
        if command == "sha256sum tagmanifest-sha256.txt":
            assert said.split()[0] == record.seal
        if command == "python3 verify.py":
            assert re.search(r"\b0 failed\b", said)
        if "x509" in command:
            assert record.signer in said.replace(":", "").lower()
    programs = [re.sub(r" (cms|ts|x509) .*|(?<=sum|\.py) .*", r" \1", command).strip() for command in given]
    assert programs.count("openssl cms") == (2 if kind.key else 0)
    assert programs.count("openssl ts") == kind.stamps
    assert {"python3 verify.py", "sha256sum", "sha512sum", "bagit.py"} <= {*programs, *given}


def test_other_validators_pass(made: Made) -> None:
    """The library bagit and case_validate accept every kind of package."""
    _, _, _, package = made
    assert bagit.Bag(str(package)).validate()
    validate = f"{sys.executable} -c 'from case_utils.case_validate import main; main()'"
    assert "Conforms: True" in run(f"{validate} data/case.jsonld", package)


def test_our_own_verifier_finds_nothing(made: Made) -> None:
    """The package verifies, also against the signer and the seal that its sealing told."""
    _, _, record, package = made
    found = check_package(package, signer=record.signer, seal=record.seal)
    assert [one for one in found if one.verdict is Verdict.FAILED] == []
    assert {one.check for one in found if one.verdict is Verdict.OK} >= {"seal", "payload-hash", "custody-head"}


def test_it_holds_what_the_case_holds(made: Made) -> None:
    """Every file the log speaks of is there, byte for byte and as a file of its own, and the log as it was."""
    kind, case, record, package = made
    log = (package / "data/custody.jsonl").read_bytes()
    lines = (case.folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    assert log == b"".join(lines[: record.log_length])
    assert json.loads(log.splitlines()[-1])["hash"] == record.log_head
    expected = {"custody.jsonl", "sources.json", "case.jsonld"}
    if kind.case != "empty":
        expected |= {"snapshots/S1.png", "snapshots/A1.png", "clock/K1.jpg", "reports/R1.pdf", "reports/R1.json"}
        expected |= {f"exports/E1.{part}.json" for part in ("spec", "plan", "ledger")}
        (export,) = case.state.exports
        expected |= {file.path for file in (*export.files, export.record)}
    found = {path.relative_to(package / "data").as_posix() for path in (package / "data").rglob("*") if path.is_file()}
    assert found == expected
    for name in found:
        assert (package / "data" / name).stat().st_nlink == 1
        if (case.folder / name).exists() and name != "custody.jsonl":
            assert (package / "data" / name).read_bytes() == (case.folder / name).read_bytes()


def test_it_names_no_machine(made: Made) -> None:
    """No place, host or user of this machine stands in what was written."""
    _, case, _, package = made
    places = [str(case.folder.parent), platform.node(), "/tmp/"]
    names = [getpass.getuser()] if len(getpass.getuser()) > 4 else []
    for path in package.rglob("*"):
        if path.is_file() and path.suffix in {".txt", ".json", ".jsonl", ".jsonld"}:
            text = path.read_text(encoding="utf-8")
            assert [one for one in (*places, *names) if one and one in text] == [], path


def test_bag_info_and_log_say_the_same(made: Made) -> None:
    """bag-info.txt, the record in the log and the README agree on head, length, signer and stamps."""
    kind, case, record, package = made
    info = dict(line.split(": ", 1) for line in (package / "bag-info.txt").read_text(encoding="utf-8").splitlines())
    assert (info["Custody-Length"], info["Custody-Head"]) == (str(record.log_length), record.log_head)
    assert info["Signed-By"] == (record.signer or "nobody")
    assert info["Signature-Kind"] == {"": "none", "self": "self-signed key", "chain": "given key"}[kind.key]
    assert info["Time-Stamps"] == str(len(record.time_stamps)) == str(kind.stamps)
    rich = kind.case != "empty"
    assert (info["Report"], info["Report-Status"]) == (("data/reports/R1.pdf", "FINAL") if rich else ("none", "none"))
    assert record.seal == hashlib.sha256((package / "tagmanifest-sha256.txt").read_bytes()).hexdigest()
    assert case.state.packages == (record,)
    assert case.entries[-1].what == "package-sealed"
    readme = (package / "README.txt").read_text(encoding="utf-8")
    assert record.log_head in readme
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", readme)


def test_parts_of_a_record_agree_with_it(tmp_path: Path) -> None:
    """Spec, plan and ledger lie there by themselves, as the record holds them."""
    case, _, package = make(Kind(), tmp_path)
    result = case.result(case.state.exports[0])
    read = {part: json.loads((package / f"data/exports/E1.{part}.json").read_text()) for part in ("spec", "plan")}
    assert read == {"spec": result["plan"]["spec"], "plan": result["plan"]}
    ledger = json.loads((package / "data/exports/E1.ledger.json").read_text())
    assert ledger == {"ledger": result["ledger"], "entries": result["entries"]}
    (source,) = json.loads((package / "data/sources.json").read_text())["sources"]
    (recording,) = case.state.sources[0].recordings
    assert source["recordings"][0]["sha512"] == recording.sha512


@pytest.mark.parametrize("as_zip", [False, True], ids=["folder", "zip"])
def test_same_case_same_bytes(tmp_path: Path, as_zip: bool) -> None:
    """The same case, date and key give the same package, byte for byte."""
    found = []
    for name in ("a", "b"):
        case = whole_cases.whole(tmp_path / name / "case")
        record = seal(case, tmp_path / name / "out", key=self_signed(), as_zip=as_zip, at=NOW)
        files = sorted(path for path in (tmp_path / name / "out").rglob("*") if path.is_file())
        found.append((record, {p.relative_to(tmp_path / name): p.read_bytes() for p in files}))
        if as_zip:
            with zipfile.ZipFile(tmp_path / name / "out" / f"{record.name}.zip") as packed:
                assert packed.testzip() is None
                assert {entry.filename.split("/")[0] for entry in packed.infolist()} == {record.name}
    assert found[0] == found[1]


def test_the_next_package_gets_the_next_number(tmp_path: Path) -> None:
    """Packages of a case are numbered on, also behind one that was published but, killed, never logged."""
    case = whole_cases.empty(tmp_path / "case")
    assert [seal(case, tmp_path / "out").name for _ in range(2)] == ["18-2026-P1", "18-2026-P2"]
    shutil.copytree(tmp_path / "case", tmp_path / "twin")
    seal(Case.open(tmp_path / "twin"), tmp_path / "out", as_zip=True)
    record = seal(case, tmp_path / "out")
    assert (record.name, record.id) == ("18-2026-P4", "P4")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("18-2026-P1", "18-2026-P2", "18-2026-P3.zip", "18-2026-P4")
    ]


def test_two_that_seal_at_once_are_both_on_record(tmp_path: Path) -> None:
    """Two processes sealing one case make two packages with two ids."""
    whole_cases.whole(tmp_path / "case")
    both = [
        Thread(target=lambda place=place: seal(Case.open(tmp_path / "case"), tmp_path / place))  # type: ignore[misc]
        for place in ("one", "two")
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    case = Case.open(tmp_path / "case")
    assert [package.id for package in case.state.packages] == ["P1", "P2"]
    assert (case.state.unknown, case.check().failed) == (0, ())


def test_the_newest_report_goes_along(tmp_path: Path) -> None:
    """A draft is called one; an older report stays in the case."""
    case = whole_cases.whole(tmp_path / "case")
    whole_cases.report(case, final=False)
    package = tmp_path / "out" / seal(case, tmp_path / "out").name
    assert "Report: data/reports/R2.pdf\nReport-Status: DRAFT\n" in (package / "bag-info.txt").read_text()
    assert sorted(path.name for path in (package / "data/reports").iterdir()) == ["R2.json", "R2.pdf"]


def test_a_later_change_to_the_case_does_not_reach_the_package(tmp_path: Path) -> None:
    """What is sealed shares nothing with the case."""
    case, _, package = make(Kind(), tmp_path)
    for path in case.folder.rglob("*"):
        if path.is_file():
            with path.open("r+b") as file:
                file.write(b"overwritten")
    assert bagit.Bag(str(package)).validate()
