"""verify.py as a command: on old Pythons, alone, with hostile packages, in its own words only."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evidence import bags
from workbench.evidence.verify_alone import ELSEWHERE, HERE, check

FILE = bags.VERIFY
LOG = "data/custody.jsonl"


def pythons() -> list[str]:
    """This Python, the system's, and the oldest one from 3.8 on that there is."""
    names = [f"python3.{minor}" for minor in range(8, 11)]
    old = [*map(shutil.which, names), *sorted(map(str, (Path.home() / ".pyenv/versions").glob("3.[89]*/bin/python3")))]
    works = [p for p in old if p and not subprocess.run([p, "-V"], capture_output=True, check=False).returncode]
    return list(dict.fromkeys([sys.executable, shutil.which("python3") or sys.executable, *works[:1]]))


def run(*arguments: object, python: str = sys.executable, at: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a verify.py."""
    command = [python, "-I", "-S", "-W", "error", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=at, timeout=60, check=False)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed package."""
    return bags.build(tmp_path_factory.mktemp("alone") / "p", signed="chain", stamps=1)


@pytest.mark.parametrize("python", pythons(), ids=lambda python: Path(python).parent.parent.name)
def test_it_runs_alone_on_any_python_from_3_8(package: Path, python: str) -> None:
    """No site packages, no warning: the file in the package checks the package around it; a change is exit 1."""
    done = run(package / "verify.py", python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(any(line[13:].startswith(name) for line in done.stdout.splitlines()) for name in (*HERE, *ELSEWHERE))
    assert bags.digest(FILE.read_bytes()) in done.stdout
    assert {p.name for p in package.iterdir()} >= {"verify.py"} and not (package / "__pycache__").exists()


def test_it_is_python_3_8_and_the_standard_library() -> None:
    """Its syntax is that of 3.8, and all it imports is Python's."""
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_exit_codes_and_json(package: Path, tmp_path: Path) -> None:
    """0 where nothing failed, 1 where something did, 2 for a command line that is wrong; JSON is one document."""
    done = run(FILE, package, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["schema"], told["counts"]["failed"]) == (0, "workbench.findings/1", 0)
    assert {"check", "verdict", "file", "place", "expected", "found", "note"} == {*told["findings"][0]}
    copy = shutil.copytree(package, tmp_path / "p")
    (copy / "data/clock/K1.jpg").write_bytes(b"x")
    done = run(FILE, copy)
    assert done.returncode == 1 and "data/clock/K1.jpg" in done.stdout and "FAILED       payload-hash" in done.stdout
    assert run(FILE, package, "--seal", "0" * 64).returncode == 1
    for wrong in ([tmp_path / "nothing"], [package, "--seal", "abc"], [package, "--signer", "x"], [package, "--no"]):
        assert run(FILE, *wrong).returncode == 2
    assert run(FILE, at=package).returncode == 1  # without PACKAGE: where the file lies, which is no package


def test_names_from_a_package_cannot_pass_for_its_words(package: Path, tmp_path: Path) -> None:
    """Control characters, terminal escapes and marks that turn text are printed as escapes."""
    copy = shutil.copytree(package, tmp_path / "p")
    name = "\x1b[2Jok\n0 failed, 40 ok\u202e\udcff"
    (copy / "data" / name).write_bytes(b"x")
    done = run(FILE, copy)
    assert done.returncode == 1 and done.stderr == ""
    assert not set(done.stdout) & {"\x1b", "\u202e"} and "\n0 failed, 40 ok" not in done.stdout
    assert "\\x1b[2Jok\\n0 failed, 40 ok\\u202e\\udcff" in done.stdout
    reader = subprocess.run(
        [sys.executable, FILE, copy],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert reader.returncode == 1 and reader.stdout.isascii()


def put_log(how: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A log that means harm."""
    return lambda p: (p / LOG).write_bytes(how((p / LOG).read_bytes()))


def sparse(p: Path) -> None:
    """A log of half a gigabyte, of which the disk holds nothing."""
    with (p / LOG).open("r+b") as file:
        file.truncate(512 << 20)


def deep(p: Path) -> None:
    """Folders in folders until no path reaches the innermost."""
    place = os.open(p / "data", os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=place)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)


def told(what: str, data: dict[str, Any]) -> Callable[[Path], None]:
    """A log that says something strange."""
    return lambda p: (p / LOG).write_bytes(bags.log([(what, data)]))


HARM: dict[str, tuple[Callable[[Path], None], str]] = {
    "a number of a million digits": (put_log(lambda log: log + b'{"n":' + b"1" * 1_000_000 + b"}\n"), "custody-form"),
    "lists in lists": (put_log(lambda log: log + b"[" * 500_000 + b"]" * 500_000 + b"\n"), "custody-form"),
    "a hundred thousand empty lines": (put_log(lambda log: log + b"\n" * 100_000), "custody-form"),
    "NaN": (put_log(lambda log: log.replace(b'"n":0', b'"n":NaN')), "custody-form"),
    "true for a number": (put_log(lambda log: log.replace(b'"n":1,', b'"n":true,')), "custody-form"),
    "half a gigabyte of nothing": (sparse, "custody-form"),
    "folders without end": (deep, "bag-form"),
    "a file that is none": (told("snapshot-taken", {"picture": 5}), "custody-files"),
    "files that are none": (told("export-done", {"files": [1, None], "record": [[]]}), "custody-files"),
    "a file elsewhere": (
        told("snapshot-taken", {"picture": {"path": "../../etc/passwd", "sha256": "0" * 64, "size": 1}}),
        "custody-files",
    ),
    "half a surrogate": (
        told("snapshot-taken", {"picture": {"path": "snapshots/\ud800", "sha256": "\ud800", "size": 1}}),
        "custody-files",
    ),
    "digests of a language": (lambda p: (p / "manifest-sha256.txt").write_bytes(b"\xff\0%zz  \n" * 9), "manifest-form"),
    "no certificates": (
        lambda p: (p / "certificates.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAA"),
        "signature",
    ),
    "an endless certificate": (lambda p: (p / "certificates.pem").write_bytes(b"A" * 5_000_000), "signature"),
    "no signature": (lambda p: (p / "signature/tagmanifest-sha256.txt.p7s").write_bytes(b""), "signature"),
    "no stamp": (lambda p: (p / "signature/time-stamp-1.tsr").write_bytes(b"0\x80"), "time-stamp"),
    "no bag-info": (lambda p: (p / "bag-info.txt").write_bytes(b"\xff" * 99), "bag-form"),
}


@pytest.mark.parametrize(("harm", "name"), HARM.values(), ids=HARM)
def test_hostile_packages_end_in_findings(
    package: Path, tmp_path: Path, harm: Callable[[Path], None], name: str
) -> None:
    """Whatever lies in a package, every check still ends, none of them in an exception of ours."""
    copy = Path(shutil.copytree(package, tmp_path / "p"))
    harm(copy)
    findings = check(copy)
    assert name in {one["check"] for one in findings if one["verdict"] == "failed"}
    assert {one["check"] for one in findings} == {*HERE, *ELSEWHERE}
    assert len(findings) < 2500 and "Traceback" not in str(findings)


def test_what_is_no_package_is_a_finding(tmp_path: Path) -> None:
    """An empty folder, rubbish, a pipe, a device, a link in a circle: a failed finding, at once."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "rubbish").write_bytes(b"PK" + b"rubbish" * 99)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("empty", "nothing", "rubbish", "pipe", "circle", "missing", "/dev/zero"):
        assert "bag-form" in {one["check"] for one in check(tmp_path / name) if one["verdict"] == "failed"}, name


def test_a_file_that_grows_while_it_is_read_is_a_finding(package: Path, tmp_path: Path) -> None:
    """Reading ends where the listing said; more or less than that is a finding of that file."""
    copy = Path(shutil.copytree(package, tmp_path / "p"))
    path = copy / "data/exports/E1/gate_180000.mp4"
    grow, stop = path.open("ab"), threading.Event()

    def growing() -> None:
        while not stop.is_set():
            grow.write(b"x" * 10_000)
            grow.flush()
            stop.wait(0.001)

    thread = threading.Thread(target=growing)
    thread.start()
    try:
        found = {(one["check"], one["file"]) for one in check(copy) if one["verdict"] == "failed"}
    finally:
        stop.set()
        thread.join()
        grow.close()
    assert ("payload-hash", "data/exports/E1/gate_180000.mp4") in found
