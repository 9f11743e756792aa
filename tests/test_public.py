"""On a public machine nothing but demonstration footage is opened, whatever opens it, and it says so."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli import ROOT, command
from workbench import ExportSpec, LocalArchive, Offset, RemoteArchive, RequestError, plan_export, run_export
from workbench.archives import public
from workbench.media.suffixes import SUFFIXES
from workbench.server.serving import Background

RECORDINGS = ROOT / "notebooks/recordings"
CLIP = RECORDINGS / "workshop/20260301_100010.mp4"
SPEC = ExportSpec(source="workshop", begin=Offset(1_000_000), end=Offset(2_000_000), format="mp4")


@pytest.fixture
def binder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """A machine that says it is Binder's, with a cache of its own."""
    monkeypatch.setenv("BINDER_REPO_URL", "x")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    public._say.cache_clear()
    yield monkeypatch
    public._say.cache_clear()


def test_the_list_is_that_of_the_shipped_recordings() -> None:
    """Each shipped recording is on the list, and nothing else is."""
    found = [p for p in RECORDINGS.rglob("*") if p.suffix.lower() in SUFFIXES]
    assert {sha256(path.read_bytes()).hexdigest() for path in found} == public.SHIPPED and found


def test_the_demonstration_is_opened_and_the_banner_said_once(
    binder: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped folder opens, wherever it lies; stderr says once that the machine is public."""
    for place in (RECORDINGS, CLIP):
        archive = LocalArchive(place)
        assert archive.sources()
        archive.close()
    assert capsys.readouterr().err.count(public.BANNER) == 1


def test_an_upload_is_refused_before_it_is_read(binder: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One recording that is not on the list refuses the folder, among the shipped ones too."""
    shutil.copytree(RECORDINGS, tmp_path / "recordings")
    (tmp_path / "recordings/entrance/20260301T120000.mp4").write_bytes(CLIP.read_bytes() + b"\0")
    with pytest.raises(RequestError, match=r"20260301T120000\.mp4 is none of the demonstration's") as caught:
        LocalArchive(tmp_path / "recordings")
    assert "never bring evidence here" in caught.value.advice


def test_an_upload_into_an_open_archive_is_refused(binder: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What arrives after the archive was opened is looked at too."""
    folder = tmp_path / "recordings/workshop"
    folder.mkdir(parents=True)
    shutil.copy2(CLIP, folder)
    archive = LocalArchive(tmp_path / "recordings")
    assert archive.source("workshop").files
    (folder / "20260301T120000.mp4").write_bytes(CLIP.read_bytes() + b"\0")
    with pytest.raises(RequestError, match="demonstration"):
        archive.source("workshop")
    archive.close()


def test_what_was_made_from_the_demonstration_is_opened(binder: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An export, and a master acquired from this process's own server, are footage that may be looked at."""
    archive = LocalArchive(RECORDINGS)
    made = run_export(plan_export(SPEC, archive), archive, tmp_path / "made")
    with Background(RECORDINGS) as server:
        there = RemoteArchive(server.url)
        there.acquire("workshop", SPEC.begin, SPEC.end, tmp_path / "acquired")
        there.close()
    for place in (Path(made.files[0].path), tmp_path / "acquired"):
        again = LocalArchive(place)
        assert again.sources()[0].first is not None
        again.close()
    archive.close()


@pytest.mark.parametrize("url", ["http://vms.example:8000", "http://127.0.0.1:9"], ids=["another", "a tunnel"])
def test_no_other_server_is_asked(binder: pytest.MonkeyPatch, url: str) -> None:
    """A VMS elsewhere, or one on loopback that this process does not serve, is refused before anything is sent."""
    with pytest.raises(RequestError, match="no server of this demonstration"):
        RemoteArchive(url)


def test_the_command_line_refuses_in_words(binder: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`workbench sources` of an upload ends with 2 and the reason; of the shipped recordings with 0."""
    (tmp_path / "mine.mp4").write_bytes(b"evidence")
    codes = []
    for place in (tmp_path / "mine.mp4", RECORDINGS):
        done = subprocess.run([*command(), "sources", str(place)], cwd=ROOT, capture_output=True, text=True)
        codes.append(done.returncode)
        assert public.BANNER in done.stderr
    assert codes == [2, 0]


def test_other_machines_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Binder's variables nothing is hashed, written down or said."""
    for name in public.SIGNS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    public.made(["0" * 64])
    public.must_be_shown([tmp_path / "not there.mp4"])
    public.must_run_here("http://vms.example")
    assert list(tmp_path.iterdir()) == []
