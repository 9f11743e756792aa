"""What is not sealed, and what a sealing leaves that fails or dies: nothing under a final name that is not whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bagit
import pytest

from tests.evidence import whole_cases
from tests.evidence.authority import Authority as Stamps
from workbench.core.errors import RequestError, WorkError
from workbench.evidence import filing
from workbench.evidence.case import Case
from workbench.evidence.keys import Key
from workbench.evidence.nouns import FileRecord
from workbench.evidence.package import seal
from workbench.evidence.timestamps import Authority

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)


def _shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["snapshots/S1.png", "clock/K1.jpg", "reports/R1.pdf", "exports/E1"])
@pytest.mark.parametrize("harm", [_shorten, _flip, Path.unlink], ids=["cut", "flipped", "gone"])
def test_a_case_that_changed_is_not_sealed(tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    """Whatever file is not what the log says, it is named and nothing is written."""
    case = whole_cases.whole(tmp_path / "case")
    path = case.folder / name
    path = next(path.glob("*.mp4")) if path.is_dir() else path
    harm(path)
    with pytest.raises(WorkError, match=re.escape(path.name)):
        seal(case, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_log_that_does_not_hold_is_not_sealed(tmp_path: Path) -> None:
    """One changed byte of the log, and the case is not sealed."""
    case = whole_cases.whole(tmp_path / "case")
    _flip(case.folder / "custody.jsonl")
    with pytest.raises(WorkError, match="custody"):
        seal(Case.open(case.folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_requests_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    """A stamp without a signature, a date without a zone, a key that was not valid: each is told by its name."""
    case = whole_cases.empty(tmp_path / "case")
    with Stamps(name="One") as gone:
        stamp = Authority(url=gone.url, ca_pem=gone.ca_pem)
    old = Key.make_self_signed("Old", begin=NOW - timedelta(days=99), days=9)
    for field, arguments in (
        ("stamps", {"stamps": [stamp]}),
        ("at", {"at": NOW.replace(tzinfo=None)}),
        ("key", {"key": old}),
    ):
        with pytest.raises(RequestError) as caught:
            seal(case, tmp_path / "out", **arguments)  # type: ignore[arg-type]
        assert caught.value.field == field
    with pytest.raises(WorkError, match="127"):
        seal(case, tmp_path / "out", key=Key.make_self_signed("A. Berg"), stamps=[stamp])
    assert list((tmp_path / "out").iterdir()) == []
    assert case.state.packages == ()


def test_an_export_named_unfit_for_other_systems_is_refused(tmp_path: Path) -> None:
    """What could not be unpacked elsewhere is not sealed, and the file is named."""
    case = whole_cases.whole(tmp_path / "case")
    (case.folder / "snapshots/a?b.png").write_bytes(b"x")
    picture = FileRecord(path="snapshots/a?b.png", sha256=hashlib.sha256(b"x").hexdigest(), size=1)
    drawn = case.state.annotations[0].to_json() | {"id": "A2", "picture": picture.to_json()}
    case.append("annotation-made", drawn)
    with pytest.raises(WorkError, match=r"a\?b\.png.* cannot stand in a package"):
        seal(case, tmp_path / "out")


def test_a_record_of_another_form_is_told(tmp_path: Path) -> None:
    """A record that the log vouches for, but that holds something else, ends in words."""
    case = whole_cases.whole(tmp_path / "case")
    empty = json.dumps({**case.result("E1"), "ledger": {}, "plan": {}}).encode()
    record = filing.write(case.folder, "exports/E2/odd.json", empty, "record")
    case.append("export-done", replace(case.state.exports[0], id="E2", record=record, files=()))
    with pytest.raises(WorkError, match=r"exports/E2/odd\.json .*ledger\.copied is missing"):
        seal(case, tmp_path / "out")
    assert not (tmp_path / "out").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from workbench.core.errors import WorkError
from workbench.evidence import filing
from workbench.evidence.case import Case
from workbench.evidence.package import seal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
case = Case.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    seal(case, sys.argv[2], as_zip=sys.argv[3] == "zip")
except WorkError as exc:
    print(exc.message)
"""


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, form: str) -> None:
    """Where the disk takes no more, the words say so and the folder is as it was."""
    case = whole_cases.whole(tmp_path / "case")
    bulk(case, 1_000_000)
    before = (case.folder / "custody.jsonl").read_bytes()
    command = [sys.executable, "-c", FULL, case.folder, tmp_path / "out", form]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "cannot be written" in done.stdout and "File too large" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []
    assert (case.folder / "custody.jsonl").read_bytes() == before


def bulk(case: Case, size: int) -> None:
    """Give the case a big file, as a new report."""
    path = case.folder / "reports" / "R2.pdf"
    path.write_bytes(os.urandom(size))
    last = case.state.reports[-1]
    file = FileRecord(path="reports/R2.pdf", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), size=size)
    case.append("report-built", last.to_json() | {"id": "R2", "file": file.to_json()})


def killed(tmp_path: Path, form: str, kills: int, seed: int) -> None:
    """Kill a process that seals `kills` times, and judge what it left."""
    bulk(whole_cases.whole(tmp_path / "case"), 20_000_000)
    command = [sys.executable, "-m", "tests.evidence.seal_kills", tmp_path / "case", tmp_path / "out", form]
    subprocess.run([*map(str, command), str(kills), str(seed)], cwd=ROOT, check=True)
    case = Case.open(tmp_path / "case")
    assert case.check().failed == ()
    packages = [path for path in (tmp_path / "out").iterdir() if not path.name.startswith(".workbench-")]
    assert {record.name for record in case.state.packages} <= {path.stem for path in packages}
    for path in packages:
        if form == "zip":
            with zipfile.ZipFile(path) as packed:
                packed.extractall(tmp_path / "unpacked")
        assert bagit.Bag(str((tmp_path / "unpacked" if form == "zip" else tmp_path / "out") / path.stem)).validate()
    record = seal(case, tmp_path / "out")
    assert bagit.Bag(str(tmp_path / "out" / record.name)).validate()


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_kills_while_sealing(tmp_path: Path, form: str) -> None:
    """Six kills: the case opens and holds, no half package has a name, the next sealing works."""
    killed(tmp_path, form, 6, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_hundred_kills_while_sealing(tmp_path: Path, form: str) -> None:
    """The same with a hundred kills."""
    killed(tmp_path, form, 100, seed=2)
