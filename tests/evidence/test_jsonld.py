"""``case.jsonld`` is valid CASE, the same for the same case, and tells what the log tells."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from workbench.evidence.custody import Entry
from workbench.evidence.custody_log import Log
from workbench.evidence.jsonld import case_jsonld
from workbench.evidence.nouns import (
    AnnotationRecord,
    ClockCheck,
    Comment,
    ExportRecord,
    FileRecord,
    Identity,
    RecordingFacts,
    ReportRecord,
    SnapshotRecord,
    SourceRecord,
)

HOSTILE = '"},<script>\u202e\x00\x1b[31m \ud800 \U0001f50d\n@type'
BEGIN = 1_772_359_200_000_000  # 2026-03-01T10:00:00Z


def _digest(character: str, length: int = 64) -> str:
    return character * length


def _file(path: str, kind: str = "") -> FileRecord:
    return FileRecord(path=path, sha256=f"{len(path):064x}", size=len(path), kind=kind)


IDENTITY = Identity(
    number=f"17/2026 {HOSTILE}",
    title=HOSTILE,
    examiner="A. Berg",
    role="examiner",
    organisation="Lab",
    authority="§ 94",
    question=HOSTILE,
    reviewer="B. Tal",
)
SOURCE = SourceRecord(
    id="hall",
    name=f"Hall {HOSTILE}",
    exhibit="17/2026-S1",
    archive="nvr",
    dated=True,
    dated_by="file name",
    zone="Europe/Berlin",
    zone_assumed=False,
    archive_offset=0.0,
    first_us=BEGIN,
    last_us=BEGIN + 10_000_000,
    recordings=(
        RecordingFacts(file="hall/a.mp4", sha256=_digest("a"), sha512=_digest("b", 128), size=123),
        RecordingFacts(file="hall/b.mp4", sha256=_digest("c"), sha512=_digest("d", 128), size=456),
    ),
    config=_file("archive.toml"),
)
EXPORT = ExportRecord(
    id="E1",
    exhibit="17/2026-E1",
    source="hall",
    plan="PL1",
    record=_file("exports/E1/hall.json", "record"),
    files=(_file("exports/E1/hall.mp4", "video"),),
    began="2026-03-01T11:00:00.000000Z",
    ended="2026-03-01T11:00:09.000000Z",
)
SNAPSHOT = SnapshotRecord(
    id="S1",
    exhibit="17/2026-S1",
    source="hall",
    export="E1",
    file="hall/a.mp4",
    file_sha256=_digest("a"),
    stream=0,
    pts=512,
    time_base="1/10240",
    rank=1,
    picture_type="B",
    instant_us=BEGIN,
    dated=True,
    device_us=BEGIN,
    corrected_us=BEGIN + 5,
    plus_minus=0.5,
    frame_sha256=_digest("e"),
    pixel_format="yuv420p",
    picture=_file("snapshots/S1.png"),
    rgb_sha256=_digest("f"),
    width=640,
    height=360,
    masks=(),
    crop=None,
)
CHECK = ClockCheck(
    id="K1",
    source="hall",
    device_us=BEGIN,
    reference_us=BEGIN + 5,
    reference="GPS",
    by="A. Berg",
    uncertainty=0.5,
    photo=_file("clock/K1.jpg", "photo"),
)
DRAWN = AnnotationRecord(id="A1", snapshot="S1", marks=({"kind": "box"},), picture=_file("snapshots/A1.png"))
REPORT = ReportRecord(
    id="R1",
    version=1,
    final=True,
    file=_file("reports/R1.pdf"),
    model=_file("reports/R1.json"),
    log_length=7,
    log_head=_digest("0"),
)
RESULTS = {
    "E1": {
        "sources": [{"file": "hall/a.mp4", "sha256": _digest("a")}, {"file": "hall/lost.mp4", "sha256": None}],
        "versions": {"libavcodec": "59.37.100"},
    }
}


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entry, ...]:
    """A log with every kind of entry that tells of something, hostile texts, and entries nobody can read."""
    folder = tmp_path_factory.mktemp("case")
    log = Log.create(folder / "custody.jsonl", "case-created", IDENTITY.to_json(), who="A. Berg")
    for what, record in (
        ("source-added", SOURCE),
        ("clock-checked", CHECK),
        ("export-done", EXPORT),
        ("snapshot-taken", SNAPSHOT),
        ("annotation-made", DRAWN),
        ("report-built", REPORT),
        ("comment-written", Comment(id="C1", text=HOSTILE, on="S1")),
        ("comment-written", Comment(id="C2", text="About everything.", on="nothing known", replaces="C1")),
    ):
        log.append(what, json.loads(json.dumps(record.to_json())), who="B. Tal" if what == "comment-written" else "c")
    log.append("caption-written", {"snapshot": "S1", "text": HOSTILE, "replaces": 4}, who="A. Berg")
    log.append("export-done", {"id": "E1", "files": "none"}, who="A. Berg")
    log.append("snapshot-taken", json.loads(json.dumps(SNAPSHOT.to_json())), who="A. Berg")
    log.append("people", {"of": "a newer version"}, who="A. Berg")
    return log.entries()


@pytest.fixture(scope="module")
def document(entries: tuple[Entry, ...]) -> bytes:
    """The document of that log."""
    return case_jsonld(entries, RESULTS)


def of_type(document: bytes, kind: str) -> list[dict[str, Any]]:
    """The nodes of a type."""
    return [node for node in json.loads(document)["@graph"] if node["@type"] == kind]


def test_it_is_valid_case(document: bytes, tmp_path: Path) -> None:
    """``case_validate`` has nothing to say, not even for information, whatever texts the case holds."""
    (tmp_path / "case.jsonld").write_bytes(document)
    command = [sys.executable, "-c", "from case_utils.case_validate import main; main()"]
    done = subprocess.run([*command, tmp_path / "case.jsonld"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_same_case_same_document(entries: tuple[Entry, ...], document: bytes) -> None:
    """Ids come from the case, so the document is the same each time, and another case shares none of them."""
    assert case_jsonld(entries, RESULTS) == document
    ids = {node["@id"] for node in json.loads(document)["@graph"]}
    assert len(ids) == len(json.loads(document)["@graph"])
    for reference in _references(json.loads(document)["@graph"]):
        assert reference in ids


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["@id"]] if "@id" in value else []
        return own + [one for part in value.values() for one in _references(part)]
    return [one for part in value for one in _references(part)] if isinstance(value, list) else []


def test_each_entry_is_an_action_in_a_chain(entries: tuple[Entry, ...], document: bytes) -> None:
    """Performer, tools and the action before are told for every entry, also for those that cannot be read."""
    actions = of_type(document, "investigation:InvestigativeAction")
    assert [action["core:name"] for action in actions] == [entry.what for entry in entries]
    for before, action in pairwise(actions):
        assert action["investigation:wasInformedBy"] == [{"@id": before["@id"]}]
    names = {node["@id"]: node["core:name"] for node in json.loads(document)["@graph"] if "core:name" in node}
    assert [names[action["action:performer"]["@id"]] for action in actions] == [entry.who for entry in entries]
    assert {names[tool["@id"]] for tool in actions[0]["action:instrument"]} == {"forensic-workbench", "python"}
    assert {names[tool["@id"]] for tool in actions[3]["action:instrument"]} > {"libavcodec", "python"}
    unread = actions[-3:]
    assert all("action:result" not in action and "action:object" not in action for action in unread)


def test_files_carry_their_hashes(document: bytes) -> None:
    """Recordings, which are not in the package, are known by both hashes; what the record does not tell is left out."""
    nodes = {node["@id"]: node for node in json.loads(document)["@graph"]}
    found = {}
    for node in of_type(document, "observable:File") + of_type(document, "observable:RasterPicture"):
        content = next(f for f in map(_resolve(nodes), node["core:hasFacet"]) if "Content" in f["@type"])
        hashes = map(_resolve(nodes), content.get("observable:hash", []))
        found[node["core:name"]] = {h["types:hashMethod"]: h["types:hashValue"]["@value"] for h in hashes}
    assert found["a.mp4"] == {"SHA256": "A" * 64, "SHA512": "B" * 128}
    assert found["lost.mp4"] == {}
    assert set(found) == {
        *("a.mp4", "b.mp4", "lost.mp4", "archive.toml", "hall.mp4", "hall.json"),
        *("S1.png", "A1.png", "K1.jpg", "R1.pdf", "R1.json"),
    }


def _resolve(nodes: dict[str, Any]) -> Any:
    return lambda reference: nodes[reference["@id"]]


def test_what_was_made_is_derived_from_what_was_read(document: bytes) -> None:
    """An export comes from each recording that it read, a snapshot from its own, marks from their snapshot."""
    names = {node["@id"]: node.get("core:name", "") for node in json.loads(document)["@graph"]}
    found = {
        (tuple(names[source["@id"]] for source in node["core:source"]), names[node["core:target"]["@id"]])
        for node in of_type(document, "observable:ObservableRelationship")
    }
    assert found == {
        (("hall.mp4", "hall.json"), "a.mp4"),
        (("hall.mp4", "hall.json"), "lost.mp4"),
        (("S1.png",), "a.mp4"),
        (("A1.png",), "S1.png"),
    }


def test_words_of_persons_are_annotations(document: bytes) -> None:
    """Comments and captions stand as they were written, on what they are about; lone surrogates are spelt out."""
    notes = of_type(document, "core:Annotation")
    spelt = HOSTILE.replace("\ud800", r"\ud800")
    assert [note["core:statement"] for note in notes] == [spelt, "About everything.", spelt]
    (case,) = of_type(document, "investigation:Investigation")
    assert notes[1]["core:object"] == {"@id": case["@id"]}
    assert case["core:name"] == f"17/2026 {spelt}"
