"""`RemoteArchive` against somebody else's VMS: measured instead of believed; ended, cancelled and taken up again."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.archives.foreign import VERSION, Foreign
from tests.archives.served import BEGIN, LATER, archive, serving
from tests.cli import ROOT
from tests.planted import PLAIN
from workbench.archives.remote import RemoteArchive
from workbench.archives.remote_pending import Book, Pending
from workbench.core.errors import Cancelled, NameTaken, SourceError
from workbench.core.result import ExportResult, Ledger
from workbench.core.spec import ExportSpec
from workbench.core.timebase import instant
from workbench.vms.following import Gone

FRAME = 40_000
SPEC = ExportSpec(
    source="Entrance hall", begin=instant(BEGIN + 1_300_000), end=instant(BEGIN + 2_500_000), format="mp4"
)
"""30 pictures; the key frame before them is 300 ms early."""


@dataclass
class Served:
    """Our server, cutting as VMSs do, and its state."""

    url: str
    root: Path

    def jobs(self) -> list[str]:
        """Folders of exports that it holds."""
        held = [path for path in (self.root / "state").rglob("*") if path.suffix in (".mp4", ".mkv", ".jpg")]
        return sorted(path.name for path in held)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests here."""
    root = tmp_path_factory.mktemp("remote")
    with serving(archive(root / "recordings"), root / "state", "--cut", "keyframe") as url:
        yield Served(url, root)


@pytest.fixture
def vms(served: Served) -> Iterator[Foreign]:
    """Somebody else's VMS."""
    with Foreign(served.url) as foreign:
        yield foreign


def export(url: str, spec: ExportSpec, tmp_path: Path, **options: object) -> ExportResult:
    """One export, from a fresh archive to files in ``out``."""
    remote = RemoteArchive(url, cache=tmp_path / "cache", **options)  # type: ignore[arg-type]
    try:
        return remote.run(remote.plan(spec), tmp_path / "out")
    finally:
        remote.close()


def verdict(result: ExportResult, check: str) -> tuple[str, str]:
    """What a check says, and its note."""
    assert result.remote is not None
    found = next(one for one in result.remote["delivered"] if one["check"] == check)
    return found["verdict"], found["note"]


def test_what_a_vms_delivers_is_measured(served: Served, vms: Foreign, tmp_path: Path) -> None:
    """The plan says that the cut may be early; the overrun is found, and the VMS's list accounts for the pictures."""
    result = export(vms.url, SPEC, tmp_path)
    fields = {field.field: field.how for field in result.plan.fields}
    assert fields["cut"] == "approximated"
    assert result.remote is not None and result.remote["server"]["version"] == VERSION
    assert result.remote["ledger_by"] == "the VMS's frame list"
    assert result.ledger == Ledger(delivered=38)
    assert result.files[0].first == BEGIN + 1_000_000 and result.files[0].frames_shown == 38
    assert verdict(result, "first frame") == ("failed", "0.300 s overrun; its time by the file's name")
    assert verdict(result, "last frame")[0] == verdict(result, "frames")[0] == "ok"
    assert verdict(result, "SHA-256")[0] == "not checked" and verdict(result, "decoding")[0] == "ok"
    assert any("0.300 s overrun" in warning for warning in result.warnings)
    assert [file.kind for file in result.files] == ["video", "flight", "record"]
    assert served.jobs() == []


def test_a_name_without_times_is_dated_by_the_list(vms: Foreign, tmp_path: Path) -> None:
    """Where the name tells nothing and the number of pictures is that of the list, the list tells the first one."""
    vms.plain = True
    begin, end = instant(BEGIN + 1_000_000), instant(BEGIN + 2_000_000)
    result = export(vms.url, replace(SPEC, begin=begin, end=end), tmp_path)
    assert (result.files[0].first, result.files[0].last) == (BEGIN + 1_000_000, BEGIN + 1_960_000)
    assert Path(result.files[0].path).name == "video0.mp4"
    assert result.ledger == Ledger(delivered=25)


def test_without_names_and_list_nothing_is_claimed(vms: Foreign, tmp_path: Path) -> None:
    """A file whose first picture nobody dates has no instants, and its ends are not checked."""
    vms.plain = True
    result = export(vms.url, SPEC, tmp_path)
    assert result.files[0].first is None and result.files[0].last is None
    assert verdict(result, "first frame")[0] == verdict(result, "last frame")[0] == "not checked"


def test_one_picture_is_asked_for_at_its_own_instant(vms: Foreign, tmp_path: Path) -> None:
    """Servers differ in which picture a time between two means, so the picture shown then is asked for by its time."""
    at = instant(BEGIN + 5 * FRAME + 999)
    result = export(vms.url, replace(SPEC, begin=at, end=at, format="jpg"), tmp_path)
    started = next(path for method, path in vms.seen if method == "POST" and "/export/" in path)
    assert started.split("?")[0].endswith("/20260301T100000.200000/20260301T100000.200000")
    assert result.files[0].first == BEGIN + 5 * FRAME and verdict(result, "frame")[0] == "ok"


def test_a_master_that_begins_early_is_cut_exactly_here(vms: Foreign, tmp_path: Path) -> None:
    """Derived files hold the range and nothing else, though the master begins at the key frame before."""
    result = export(vms.url, SPEC, tmp_path, derive="always")
    assert (result.files[0].first, result.files[0].frames_shown) == (BEGIN + 1_320_000, 30)
    original = next(file for file in result.files if file.kind == "original")
    assert (original.first, original.frames_shown) == (BEGIN + 1_000_000, 38)
    assert sum(result.ledger.to_json().values()) == 30


def test_long_windows_and_short_pages_lose_no_picture(vms: Foreign, tmp_path: Path) -> None:
    """A VMS that lists nothing for long windows, few at once and in any order, still lists every picture."""
    remote = RemoteArchive(vms.url, cache=tmp_path)
    try:
        expected = [start + n * FRAME for start in (BEGIN, LATER) for n in range(75)]
        assert list(remote.instants("Entrance hall")) == expected
        assert list(remote.instants("Entrance hall", newest_first=True, limit=100)) == expected[:-101:-1]
    finally:
        remote.close()


def test_the_record_names_everything_and_no_secret(served: Served, tmp_path: Path) -> None:
    """The record is what the result says; the flight has every call, its hash, and not the password that was sent."""
    result = export(served.url, SPEC, tmp_path, user="anna", password=PLAIN)
    record = json.loads(Path(next(file.path for file in result.files if file.kind == "record")).read_bytes())
    assert record["remote"] == result.remote and record["ledger"] == result.ledger.to_json()
    assert result.remote is not None
    flight = Path(next(file.path for file in result.files if file.kind == "flight"))
    calls = [json.loads(line) for line in flight.read_text().splitlines()]
    assert result.remote["flight"]["calls"] == len(calls) and result.remote["flight"]["path"] == flight.name
    assert [call["method"] for call in calls][-1] == "DELETE"
    assert {"POST", "GET", "DELETE"} <= {call["method"] for call in calls}
    for path in (tmp_path / "out").iterdir():
        assert PLAIN.encode() not in path.read_bytes()


def test_an_archive_crosses_to_another_process_without_its_secrets(served: Served, tmp_path: Path) -> None:
    """A pickled archive holds neither password nor token, and answers where it arrives."""
    remote = RemoteArchive(served.url, password=PLAIN, user="anna", derive="beyond", cache=tmp_path)
    try:
        data = pickle.dumps(remote)
        assert PLAIN.encode() not in data and PLAIN not in repr(vars(remote.connection))
    finally:
        remote.close()
    back = RemoteArchive(served.url, cache=tmp_path, derive="beyond")
    again = pickle.loads(pickle.dumps(back))
    try:
        assert (again.url, again.derive, again.cache) == (served.url, "beyond", tmp_path)
        assert len(again.sources()) == 2
    finally:
        again.close()
        back.close()


def test_a_cancelled_export_is_deleted_at_the_server(served: Served, tmp_path: Path) -> None:
    """Cancelling leaves no file, no pending export and nothing at the server; one cancelled before sends nothing."""
    remote = RemoteArchive(served.url, cache=tmp_path / "cache")
    cancel = threading.Event()
    try:
        plan = remote.plan(SPEC)
        with pytest.raises(Cancelled):
            remote.run(plan, tmp_path / "out", on_progress=lambda progress: cancel.set(), cancel=cancel)
        assert list((tmp_path / "out").iterdir()) == [] and remote.pending() == () and served.jobs() == []
        with pytest.raises(Cancelled, match="cancelled"):
            remote.run(plan, tmp_path / "never", cancel=cancel)
        assert not (tmp_path / "never").exists()
    finally:
        remote.close()


def test_a_name_that_is_taken_ends_it_cleanly(served: Served, tmp_path: Path) -> None:
    """The second export into one folder fails, the first one's files stay, and it comes home to another folder."""
    export(served.url, SPEC, tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(NameTaken):
        export(served.url, SPEC, tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    remote = RemoteArchive(served.url, cache=tmp_path / "cache")
    try:
        (pending,) = remote.pending()
        assert remote.resume(pending.id, tmp_path / "other").files
        assert remote.pending() == () and served.jobs() == []
    finally:
        remote.close()


STARTED = """
import os, sys
from workbench.archives.remote import RemoteArchive
from workbench.core.spec import ExportSpec
spec = ExportSpec.from_json(__import__("json").loads(sys.argv[3]))
remote = RemoteArchive(sys.argv[1], cache=sys.argv[2])
remote.run(remote.plan(spec), __import__("pathlib").Path(sys.argv[2]) / "lost", on_progress=lambda now: os._exit(9))
"""


def test_an_export_survives_the_process_that_started_it(served: Served, tmp_path: Path) -> None:
    """Killed while it waits, it is listed as pending, and `resume` brings it home with the calls of both."""
    words = [sys.executable, "-c", STARTED, served.url, str(tmp_path), json.dumps(SPEC.to_json())]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, check=False)
    assert done.returncode == 9, done.stderr.decode()
    remote = RemoteArchive(served.url, cache=tmp_path)
    try:
        (pending,) = remote.pending()
        assert (pending.format, pending.source) == ("mp4", remote.source("Entrance hall").id)
        result = remote.resume(pending.id, tmp_path / "out")
        assert remote.pending() == ()
        flight = Path(next(file.path for file in result.files if file.kind == "flight")).read_text()
        assert '"method": "POST"' in flight and '"method": "DELETE"' in flight
        with pytest.raises(SourceError, match="no export"):
            remote.resume(pending.id, tmp_path / "again")
    finally:
        remote.close()


def test_what_is_kept_stays_and_can_be_fetched_no_second_time(served: Served, tmp_path: Path) -> None:
    """With keep the export stays at the server, and the record says so."""
    result = export(served.url, SPEC, tmp_path, keep=True)
    assert result.remote is not None
    assert result.remote["export"]["kept"] is True and result.remote["export"]["deleted"] is False
    assert len(served.jobs()) == 1
    remote = RemoteArchive(served.url, cache=tmp_path)
    try:
        assert remote.connection.client.delete(result.remote["export"]["id"]) is True
    finally:
        remote.close()


def test_an_export_that_the_server_forgot_is_forgotten(served: Served, tmp_path: Path) -> None:
    """An id that the server does not know any more ends with that word, and is listed no longer."""
    remote = RemoteArchive(served.url, cache=tmp_path)
    book = Book(tmp_path)
    plan = remote.plan(SPEC)
    for n, url in enumerate((served.url, "http://elsewhere.example")):
        about = {"id": f"00000000-0000-4000-8000-00000000000{n}", "url": url, "source": plan.spec.source}
        times = {"begin": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:01Z", "started": "2026-03-01T10:00:00Z"}
        book.put(
            Pending(**about, **times, camera="Hall", zone="UTC", format="mp4", derived=False, plan=plan.to_data(),
                    request={}, clock={})
        )  # fmt: skip
    try:
        (one,) = remote.pending()
        with pytest.raises(Gone):
            remote.resume(one.id, tmp_path / "out")
        assert remote.pending() == () and not list((tmp_path / "out").iterdir())
        with pytest.raises(SourceError, match="elsewhere"):
            remote.resume("00000000-0000-4000-8000-000000000001", tmp_path / "out")
    finally:
        remote.close()


def test_damaged_notes_of_started_exports_are_passed_over(tmp_path: Path) -> None:
    """A cache with rubbish in it lists what is sound."""
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / "a.json").write_bytes(b"\xff{")
    (tmp_path / "remote" / "b.json").write_text('{"id": 3}')
    assert Book(tmp_path).all("http://vms.example") == ()
    with pytest.raises(SourceError):
        Book(tmp_path).get("../../etc/passwd")
