"""A case with a real VMS: our server over loopback, its exports in the case, sealed and verified."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evidence.test_remote_case import SPEC, TEN, new, said
from tests.truth import Clip, make
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import SourceError
from workbench.core.geometry import Area
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.package import seal
from workbench.report.making import make_report
from workbench.server.serving import Background
from workbench.verifying import verify

BEYOND = replace(SPEC, masks=(replace(SPEC.masks[0], style="pixelate"),), crop=Area(0.0, 0.0, 1.0, 0.75))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the VMS keeps."""
    folder = tmp_path_factory.mktemp("real") / "footage"
    (folder / "hall").mkdir(parents=True)
    clip = Clip(name="whole case", frames=50, bframes=2)
    shutil.copyfile(make(clip), folder / "hall" / "20260301T100000.mp4")
    return folder


@pytest.fixture(scope="module")
def case(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A case with an export that the VMS made (E1) and one that was derived from its master (E2)."""
    with Background(footage, prefix="/vms") as server:
        made = new(tmp_path_factory.mktemp("case"))
        for spec, derive in ((SPEC, "never"), (BEYOND, "beyond")):
            remote = RemoteArchive(server.url, derive=derive, cache=tmp_path_factory.mktemp("cache"))
            try:
                made.export(spec, remote)
                with pytest.raises(SourceError, match="none of them was hashed"):
                    made.snapshot(remote, "hall", TEN)
            finally:
                remote.close()
        make_report(made)
        yield made


def test_what_a_server_delivered_joins(case: Case) -> None:
    """Under the camera's one id, with flight, the server's record and the original; nothing of the VMS is hashed."""
    assert len(case.state.sources) == 1 and case.state.sources[0].recordings == ()
    kinds = [{file.kind for file in export.files} for export in case.state.exports]
    assert {"video", "server-record", "flight"} <= kinds[0] and {"video", "original", "flight"} <= kinds[1]
    assert not case.check().failed
    flight = next(file for file in case.state.exports[0].files if file.kind == "flight")
    calls = [json.loads(line) for line in (case.folder / flight.path).read_bytes().splitlines()]
    assert any(call["method"] == "POST" and call["path"].startswith("/vms/export/archive/") for call in calls)
    words = said(case)
    assert "VMS over HTTP: http://127.0.0.1:" in words and "none: plain HTTP" in words and "maskspace" in words


def test_its_package_verifies(case: Case, footage: Path, tmp_path: Path) -> None:
    """Nothing fails, the disclosure check included; the derived export is proven against its original."""
    package = tmp_path / seal(case, tmp_path).name
    found = verify(package, footage)
    assert not found.failed, [one.to_json() for one in found.failed]
    by_check = {(one.check, Path(one.file).parent.name, one.verdict) for one in found}
    assert ("ledger", "E1", Verdict.NOT_CHECKED) in by_check
    assert ("ledger", "E2", Verdict.OK) in by_check and ("masks", "E2", Verdict.OK) in by_check
