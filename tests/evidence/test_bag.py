"""The bag's bytes, the names it may hold, and the way it gets its own: whole or not at all."""

from __future__ import annotations

import os
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.core.errors import NameTaken, WorkError
from workbench.evidence.bag import BagInfo, clipped, manifest, one_line, package_name, refuse_names
from workbench.evidence.bag_store import FolderStore, ZipStore, lay_bytes, lay_copy, publish, workspace

AT = datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC)
INFO = BagInfo(
    date="2026-03-01",
    agent="forensic-workbench 0.1.0",
    identifier="17/2026",
    description="Hall",
    payload_bytes=10,
    payload_files=2,
    custody_length=3,
    custody_head="ab" * 32,
)


def test_manifests_are_sorted_by_bytes_and_escape_three_characters() -> None:
    """Lines are sorted by the path's UTF-8 bytes; CR, LF and % are written as BagIt asks."""
    found = manifest({"data/é": "3", "data/z": "2", "data/100%\r\n": "1", "data/Z": "0"})
    assert found.decode().split("\n") == ["1  data/100%25%0D%0A", "0  data/Z", "2  data/z", "3  data/é", ""]


def test_bag_info_has_one_line_for_each_fact() -> None:
    """No value can begin a line of its own, whatever a person wrote."""
    hostile = "17\r\nSigned-By: me\u2028Report: x\u0085\x0b\u202eback\ud800"
    lines = replace(INFO, identifier=hostile, description=hostile * 1000).to_bytes().decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        "Bagging-Date",
        "Bag-Software-Agent",
        "External-Identifier",
        "External-Description",
        "Payload-Oxum",
        "Custody-Length",
        "Custody-Head",
        "Report",
        "Report-Status",
        "Signed-By",
        "Signature-Kind",
        "Time-Stamps",
    ]
    assert lines[2] == r"External-Identifier: 17\x0d\x0aSigned-By: me\u2028Report: x\x85\x0b\u202eback\ud800"
    assert len(lines[3]) < 2000


def test_other_scripts_are_left_as_they_are() -> None:
    """Only characters that would deceive are escaped."""
    assert one_line("Дело № 17, Υπόθεση, 事件, पुलिस") == "Дело № 17, Υπόθεση, 事件, पुलिस"
    assert clipped("a" * 7, 5) == "aaaaa… (7 characters, whole in data/custody.jsonl)"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("17/2026", "17-2026-P1"),
        ("Az. 12 Js 3/26", "Az-12-Js-3-26-P1"),
        ("../../etc/passwd", "etc-passwd-P1"),
        ("Дело/7", "Дело-7-P1"),
        ("A\u0308", "Ä-P1"),
        ("\x00\n\u202e", "case-P1"),
        ("CON", "CON-P1"),
        (".hidden", "hidden-P1"),
    ],
)
def test_a_package_is_named_for_its_case(number: str, name: str) -> None:
    """The case number becomes a name that any system takes."""
    assert package_name(number, "P1") == name
    assert len(package_name(number * 500, "P1").encode()) < 200


@pytest.mark.parametrize(
    "path",
    [
        "data/a\nb",
        "data/a\u2028b",
        "data/100%",
        "data/a:b",
        "data/a\\b",
        "data/aux.mp4",
        "data/ends.",
        "data/../x",
        "/data/x",
        "data//x",
        "data/A\u0308",
        "data/\u202egpj.exe",
        f"data/{'x' * 300}",
    ],
    ids=ascii,
)
def test_unfit_names_are_refused(path: str) -> None:
    """What some system could not unpack under its name is refused, by that name."""
    with pytest.raises(WorkError, match="cannot stand in a package"):
        refuse_names(["data/fine", path])


def test_names_that_differ_in_case_alone_are_refused() -> None:
    """Windows and macOS would unpack one over the other."""
    with pytest.raises(WorkError, match="nothing but case"):
        refuse_names(["data/Straße", "data/STRASSE"])
    with pytest.raises(WorkError, match="named twice"):
        refuse_names(["data/custody.jsonl", "data/custody.jsonl"])
    refuse_names(["data/Hall[20260301T100000-20260301T100100].mp4", "data/exports/E1.spec.json"])


def test_a_copy_is_hashed_and_compared(tmp_path: Path) -> None:
    """A file that is not what the log says, longer, shorter or other, is never packed; nor is a pipe waited for."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    store = FolderStore(tmp_path / "bag")
    laid = lay_bytes(store, "data/model", source.read_bytes())
    assert lay_copy(store, "data/copy", source, laid.sha256, laid.size) == laid
    assert (tmp_path / "bag/data/copy").stat().st_nlink == 1
    for name, sha256, size in (("a", laid.sha512[:64], laid.size), ("b", laid.sha256, 7), ("c", laid.sha256, 1 << 40)):
        with pytest.raises(WorkError, match=f"^{name} is not what the custody log says"):
            lay_copy(store, f"data/{name}", source, sha256, size)
    os.mkfifo(tmp_path / "pipe")
    for other in ("pipe", "absent", "bag"):
        with pytest.raises(WorkError, match="not what the custody log says"):
            lay_copy(store, f"data/{other}", tmp_path / other, laid.sha256, laid.size)


def test_a_zip_is_the_same_on_every_day(tmp_path: Path) -> None:
    """Order, dates and modes come from the sealing; pictures are stored, text is deflated, one folder is on top."""
    for name in ("a", "b"):
        with closing(ZipStore(tmp_path / name, "17-2026-P1", AT)) as store:
            lay_bytes(store, "data/é.png", b"x" * 999)
            lay_bytes(store, "README.txt", b"y" * 999)
        os.utime(tmp_path / name, (0, 0))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as packed:
        entries = {entry.filename: (entry.compress_type, entry.date_time, entry.extra) for entry in packed.infolist()}
    date = (2026, 3, 1, 10, 0, 0)  # zip counts in steps of two seconds
    assert entries == {"17-2026-P1/data/é.png": (0, date, b""), "17-2026-P1/README.txt": (8, date, b"")}


def test_a_workspace_leaves_nothing(tmp_path: Path) -> None:
    """The hidden folder goes when the work ends, well or not; what the disk says becomes a WorkError."""
    with pytest.raises(WorkError, match="No such file"), workspace(tmp_path / "new" / "out") as scratch:
        FolderStore(scratch / "absent" / "bag")
    assert list((tmp_path / "new" / "out").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(WorkError, match="cannot be written"), workspace(tmp_path / "file"):
        pass


@pytest.mark.parametrize("kind", ["file", "folder", "empty folder", "dangling link"])
@pytest.mark.parametrize("part", ["folder", "zip"])
def test_a_name_is_never_taken_over(tmp_path: Path, kind: str, part: str) -> None:
    """Whatever bears the name stays; the package does not get it."""
    made, final = tmp_path / "made", tmp_path / "final"
    made.mkdir() if part == "folder" else made.touch()
    if kind == "dangling link":
        final.symlink_to("nowhere")
    else:
        final.touch() if kind == "file" else final.mkdir()
    if kind == "folder":
        (final / "x").touch()
    before = final.lstat()
    with pytest.raises(NameTaken):
        publish(made, final)
    assert made.exists()
    assert final.lstat() == before
