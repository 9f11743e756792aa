"""A case with a real VMS: our server over loopback, its exports in the case, sealed and verified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evidence.test_remote_case import new, said
from tests.report.matters import RECORDINGS, SPECS, TRIANGLE
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import SourceError
from workbench.core.spec import Mask, MaskKey
from workbench.core.timebase import Offset, parse_time
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.package import seal
from workbench.report.making import make_report
from workbench.server.serving import Background
from workbench.verifying import verify

FACES = (Mask(points=TRIANGLE, reason="a passer-by"),)
SHORT = replace(
    SPECS["plain"], source="5", begin=parse_time("20260301T100028"), end=parse_time("20260301T100030"), masks=FACES
)
"""Within what the API can say; `GAP` is beyond: masks with a time range, counted from the first frame, one moving."""
AWAY = tuple((x - 0.2, y) for x, y in TRIANGLE)
MOVING = Mask(
    points=TRIANGLE,
    begin=Offset(64_000_000),
    keys=(MaskKey(at=Offset(62_500_000), points=TRIANGLE), MaskKey(at=Offset(66_000_000), points=AWAY, pts=1)),
)
GAP = replace(SPECS["gap"], masks=(*SPECS["gap"].masks, MOVING))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A case with an export that the VMS made (E1) and one across a gap that was derived from its master (E2)."""
    with Background(RECORDINGS, prefix="/vms") as server:
        made = new(tmp_path_factory.mktemp("case"))
        for spec, derive in ((SHORT, "never"), (GAP, "beyond")):
            remote = RemoteArchive(server.url, derive=derive, cache=tmp_path_factory.mktemp("cache"))
            try:
                made.export(spec, remote)
                with pytest.raises(SourceError, match="none of them was hashed"):
                    made.snapshot(remote, "5", SHORT.begin)
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


def test_its_package_verifies(case: Case, tmp_path: Path) -> None:
    """Nothing fails, the disclosure check included; the derived export is proven against its original."""
    package = tmp_path / seal(case, tmp_path).name
    found = verify(package, RECORDINGS, again=False)
    assert not found.failed, [one.to_json() for one in found.failed]
    by_check = {(one.check, Path(one.file).parent.name, one.verdict) for one in found}
    assert ("ledger", "E1", Verdict.NOT_CHECKED) in by_check
    assert ("ledger", "E2", Verdict.OK) in by_check and ("masks", "E2", Verdict.OK) in by_check
