"""Whole cases for tests of what is made of them: sources, an export, snapshots, comments, a report file.

`whole` makes one by the case's own verbs, once a process; tests work on copies.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.spec import ExportSpec, Mask
from workbench.evidence import filing
from workbench.evidence.case import Case
from workbench.evidence.nouns import ReportRecord

CLIP = Clip(name="whole case", frames=50, bframes=2)
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
FACE = Mask(points=((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6)), reason="face")
HOSTILE = '\x1b[31m"},<b>\r\nSigned-By: me\u202e\u2028\x00 \ud800 Ω ж \U0001f50d'
PDF = b"%PDF-1.7\n% stands for a report: what a package does with it does not depend on its pages\n%%EOF\n"


def whole(folder: Path, *, hostile: bool = False) -> Case:
    """A copy, as `folder`, of a case that holds some of everything; `hostile`: with texts that mean harm."""
    shutil.copytree(_made(HOSTILE if hostile else "Hall"), folder)
    return Case.open(folder)


def empty(folder: Path) -> Case:
    """A case in which nothing happened yet."""
    return Case.create(folder, number="18/2026", examiner="A. Berg")


@cache
def _made(words: str) -> Path:
    place = Path(mkdtemp(prefix="whole-case-"))
    (place / "footage" / "hall").mkdir(parents=True)
    shutil.copyfile(make(CLIP), place / "footage" / "hall" / "20260301T100000.mp4")
    (place / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 stands for a photograph \xff\xd9")
    case = Case.create(
        place / "case",
        number="17/2026" if words == "Hall" else f"17/2026 {words}",
        title=words,
        examiner="A. Berg",
        role="examiner",
        organisation="Lab",
        authority="§ 94",
        question=words,
    )
    archive = LocalArchive(place / "footage", place / "cache")
    try:
        _fill(case, archive, words, place / "photo.jpg")
    finally:
        archive.close()
    return place / "case"


def _fill(case: Case, archive: LocalArchive, words: str, photo: Path) -> None:
    case.add_source(archive, "hall")
    case.clock_check("hall", device=TEN, reference=TEN, what=words, by="B. Tal", uncertainty=0.5, photo=photo)
    spec = ExportSpec(source="hall", begin=TEN, end=TEN.replace(second=1), format="mp4", masks=(FACE,), comment=words)
    export = case.export(spec, archive)
    shot = case.snapshot(archive, "hall", TEN, export=export.id, caption=words)
    case.annotate(shot.id, [{"kind": "box", "from": (0.1, 0.1), "to": (0.4, 0.4), "color": "#ff0000"}])
    case.comment(words * 500, on=shot.id)
    case.caption(shot.id, f"New: {words}")
    report(case)


def report(case: Case, *, final: bool = True) -> ReportRecord:
    """Put on record a report whose PDF stands for one."""
    number = len(case.state.reports) + 1
    record = ReportRecord(
        id=f"R{number}",
        version=number,
        final=final,
        file=filing.write(case.folder, f"reports/R{number}.pdf", PDF),
        model=filing.write(case.folder, f"reports/R{number}.json", b"{}\n"),
        log_length=case.state.length,
        log_head=case.state.head,
    )
    case.append("report-built", record, after=(record.file, record.model))
    return record
