"""Tampered twins: every way of the table is caught by both verifiers, and a package that does not hold is not tried."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence import bags
from tests.evidence.sealed import sealed
from workbench.evidence import verify_alone
from workbench.evidence.challenge import Outcome, run
from workbench.evidence.tampers import PLAIN, REWRITTEN
from workbench.evidence.twin import Absent, Twin
from workbench.evidence.verify import check_folder

Facts = dict[str, tuple[int, int, int, bytes]]


def facts(package: Path) -> Facts:
    """Links, dates and bytes of every file."""
    files = {path.relative_to(package).as_posix(): path for path in package.rglob("*") if path.is_file()}
    stats = {name: path.stat() for name, path in files.items()}
    return {n: (s.st_nlink, s.st_mtime_ns, s.st_ctime_ns, files[n].read_bytes()) for n, s in stats.items()}


@pytest.fixture(scope="module")
def challenged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Facts, Facts]:
    """The real package, challenged once; its facts before and after."""
    package = shutil.copytree(sealed().package, tmp_path_factory.mktemp("challenged") / "P1")
    before = facts(package)
    return run(package), before, facts(package)


@pytest.fixture(scope="module")
def outcome(challenged: tuple[Outcome, Facts, Facts]) -> Outcome:
    """What came of it."""
    return challenged[0]


def test_every_twin_is_caught_by_both(outcome: Outcome) -> None:
    """More than forty kinds, each a finding of `workbench verify` and one of verify.py; none was left out."""
    assert [one.name for one in outcome.tampers if not one.by_both] == []
    assert len(outcome.tampers) == len(PLAIN) + len(REWRITTEN) > 60 and outcome.absent == ()
    assert outcome.exit_code == 0 and outcome.to_json()["caught"] == len(outcome.tampers)


def test_the_package_is_only_read(challenged: tuple[Outcome, Facts, Facts]) -> None:
    """Twins share no file with it: not a byte, a date or a link of the package changed."""
    _, before, after = challenged
    assert before == after and all(links == 1 for links, *_ in before.values())


def test_unsigned_packages_offer_less_and_say_so(tmp_path: Path) -> None:
    """Ways that need a signature are absent, the others are caught, from a zip as well."""
    zipped = bags.zipped(bags.build(tmp_path / "p"), tmp_path / "p.zip")
    made = run(zipped)
    assert made.exit_code == 0 and [one.name for one in made.tampers if not one.by_both] == []
    assert "signature: one bit changed" in made.absent and len(made.tampers) > 50


@pytest.mark.parametrize("way", ["changed", "pipe", "empty", "no zip"])
def test_what_does_not_hold_is_not_tampered_with(tmp_path: Path, way: str) -> None:
    """A package that fails as it is proves nothing about verifiers: exit code 1, and no twin is made."""
    package = tmp_path / "p"
    if way == "no zip":
        package.write_bytes(b"PK no zip")
    elif way == "empty":
        package.mkdir()
    else:
        bags.build(package)
        (package / "README.txt").unlink()
    if way == "pipe":
        os.mkfifo(package / "README.txt")
    made = run(package)
    assert made.exit_code == 1 and made.tampers == () and made.untouched.verify


NAMED: dict[str, str] = {
    "export: one bit changed": "data/exports/E1/",
    "export: taken away": "data/exports/E1/",
    "export: renamed": "data/exports/E1/",
    "export: a link in its place": "data/exports/E1/",
    "snapshot: another in its place": "data/snapshots/",
    "snapshot: taken away": "data/snapshots/A1.png",
    "report: bytes behind its end": "data/reports/R",
    "added: a hidden file": "data/.hidden",
    "added: an empty folder": "data/empty",
    "added: a file in signature/": "signature/extra",
    "custody: last entry cut off": "data/custody.jsonl",
    "custody: two entries swapped": "data/custody.jsonl",
    "custody: taken away": "data/custody.jsonl",
    "manifest: a line taken out": "manifest-sha256.txt",
    "manifest: taken away": "manifest-sha512.txt",
    "tag manifest: taken away": "tagmanifest-sha512.txt",
    "bag-info: nobody signed": "bag-info.txt",
    "verify.py: taken away": "verify.py",
    "certificate: another one": "certificates.pem",
    "signature: one taken away": "signature/tagmanifest-sha256.txt.p7s",
    "signature: the two swapped": "signature/tagmanifest-sha256.txt.p7s",
    "time stamp: one bit changed": "signature/time-stamp-1.tsr",
}


@pytest.mark.parametrize("name", NAMED)
def test_structural_tampers_are_named(tmp_path: Path, name: str) -> None:
    """The finding of either verifier names the file that was tampered with."""
    twin = sealed().twin(tmp_path / "twin")
    PLAIN[name](twin)
    ours = [one.file for one in check_folder(twin.folder) if one.verdict == "failed"]
    alone = [one["file"] for one in verify_alone.check(twin.folder) if one["verdict"] == "failed"]
    assert any(file.startswith(NAMED[name]) for file in ours), ours
    assert any(file.startswith(NAMED[name]) for file in alone), alone


def test_a_rewritten_twin_fits_but_for_what_nobody_can_forge(tmp_path: Path) -> None:
    """`reseal` brings all digests in line: only the signatures show it, and without a seal to compare, on an unsigned
    package nothing does. That is why the seal is to be kept elsewhere."""
    twin = sealed().twin(tmp_path / "signed")
    REWRITTEN["verify.py changed"](twin)
    assert {one.check for one in check_folder(twin.folder) if one.verdict == "failed"} == {"signature"}
    package = bags.build(tmp_path / "unsigned")
    twin = Twin(package)
    REWRITTEN["verify.py changed"](twin)
    assert [one.check for one in check_folder(package) if one.verdict == "failed"] == []
    assert [one.check for one in check_folder(package, seal="0" * 64) if one.verdict == "failed"] == ["seal"]


ABSENT: list[Callable[[Twin], object]] = [
    lambda twin: twin.export(),
    lambda twin: twin.one("data/snapshots"),
    lambda twin: twin.has("certificates.pem"),
    lambda twin: twin.unsign(),
    lambda twin: twin.change("bagit.txt", lambda data: data),
]


@pytest.mark.parametrize("way", ABSENT, ids=["export", "snapshot", "certificate", "signature", "no change"])
def test_a_way_without_hold_is_absent(tmp_path: Path, way: Callable[[Twin], object]) -> None:
    """A way that a package offers no hold for is neither caught nor missed."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bagit.txt").write_bytes(b"x")
    with pytest.raises(Absent):
        way(Twin(tmp_path))
