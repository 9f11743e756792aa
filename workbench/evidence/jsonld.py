"""``case.jsonld``: the custody log as a CASE/UCO graph, for tools that read cases of any maker.

case                an Investigation
source, export, …   a ProvenanceRecord (exhibit) with its files; a recording is no part of the package, its hash is
snapshot            a RasterPicture, derived from its recording
entry of the log    an InvestigativeAction: performer, instruments (versions of tools), objects, results, the one before
comment, caption    an Annotation on what it is about
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.core.timebase import shown
from workbench.evidence.custody import Entry
from workbench.evidence.jsonld_graph import Graph, Ref, instant, typed
from workbench.evidence.nouns import (
    AnnotationRecord,
    Caption,
    ClockCheck,
    Comment,
    ExportRecord,
    FileRecord,
    ReportRecord,
    SnapshotRecord,
    SourceRecord,
)
from workbench.evidence.remote import ORIGINAL, backend, remote_of
from workbench.evidence.state import Fold, state_of


@dataclass(slots=True)
class Done:
    """What an entry of the log did, as parts of its action."""

    objects: list[Ref] = field(default_factory=list)
    results: list[Ref] = field(default_factory=list)
    description: str = ""
    began: str = ""
    tools: dict[str, str] = field(default_factory=dict)
    """Versions of what took part besides the tools that the entry names."""


def case_jsonld(entries: Sequence[Entry], results: Mapping[str, dict[str, Any]]) -> bytes:
    """The document; `results` are the records of the exports by their ids. Same entries, same bytes."""
    return (json.dumps(_Teller(entries, results).tell(), indent=1) + "\n").encode("ascii")


class _Teller:
    """Walks the log once and adds a node for each thing it tells of."""

    def __init__(self, entries: Sequence[Entry], results: Mapping[str, dict[str, Any]]) -> None:
        self.entries, self.results = entries, results
        self.state = state_of(entries)
        self.graph = Graph(entries[0].hash)
        self.case = self.graph.ref("investigation")
        self.named: dict[str, Ref] = {}
        """Id of the case → the node that stands for it."""
        self.recordings: dict[tuple[str, str], Ref] = {}
        """(source, file) → its node."""
        self.parts: list[Ref] = []
        """What the investigation holds."""

    def tell(self) -> dict[str, Any]:
        """The whole graph, the investigation last."""
        self._people()
        before: list[Ref] = []
        fold = Fold()
        for entry in self.entries:
            passed_over = len(fold.findings)
            fold.take(entry)
            before = [self._action(entry, len(fold.findings) == passed_over, before)]
            self.parts += before
        self._investigation()
        return self.graph.to_json()

    def _people(self) -> None:
        who = self.state.identity
        described = ", ".join(part for part in (who.role, who.organisation) if part)
        if who.examiner:
            self.graph.add(
                "identity:Person",
                "identity",
                who.examiner,
                core__name=who.examiner,
                core__description=described,
            )
        if who.reviewer:
            self.graph.add("identity:Person", "identity", who.reviewer, core__name=who.reviewer)

    def _who(self, name: str) -> Ref | None:
        return self.graph.add("identity:Identity", "identity", name, core__name=name) if name else None

    def _investigation(self) -> None:
        asked = self.state.identity
        authority = asked.authority and self.graph.add(
            "investigation:Authorization",
            "authorization",
            investigation__authorizationIdentifier=asked.authority,
        )
        told = {
            "Title": asked.title,
            "Requester": asked.requester,
            "Purpose": asked.purpose,
            "Question": asked.question,
            "Scope": asked.scope,
            "Not examined": asked.not_examined,
        }
        self.graph.add(
            "investigation:Investigation",
            "investigation",
            core__name=asked.number,
            core__description=[f"{label}: {text}" for label, text in told.items() if text],
            core__startTime=instant(self.state.created),
            investigation__relevantAuthorization=authority,
            core__object=self.parts,
        )

    def _action(self, entry: Entry, taken: bool, before: list[Ref]) -> Ref:
        """The action of an entry; of one that was not `taken` into the state only that it stands there."""
        done = _TOLD[entry.what](self, entry) if taken and entry.what in _TOLD else Done()
        place = f"Entry {entry.n} of the custody log, hash {entry.hash}."
        tools = [
            self.graph.add("tool:Tool", "tool", name, str(version), core__name=name, tool__version=str(version))
            for name, version in sorted({**done.tools, **entry.tool}.items())
        ]
        return self.graph.add(
            "investigation:InvestigativeAction",
            "entry",
            str(entry.n),
            core__name=entry.what,
            core__description=[done.description, place] if done.description else place,
            action__startTime=instant(done.began) or instant(entry.at),
            action__endTime=instant(entry.at),
            action__performer=self._who(entry.who),
            action__instrument=tools,
            action__object=done.objects,
            action__result=done.results,
            investigation__wasInformedBy=before,
        )

    def _file(self, file: FileRecord, **more: Any) -> Ref:
        return self.graph.file(("file", file.path, file.sha256), file.path, file.size, {"SHA256": file.sha256}, **more)

    def _recording(self, source: str, file: str, sha256: str | None) -> Ref:
        """The node of a recording; made here where no source of the case has it."""
        if (source, file) not in self.recordings:
            key = ("recording", source, file, sha256 or "")
            self.recordings[source, file] = self.graph.file(key, file, None, {"SHA256": sha256 or ""})
        return self.recordings[source, file]

    def _exhibit(self, id: str, exhibit: str, about: str, files: list[Ref]) -> Ref:  # noqa: A002
        """The provenance record of something that has an exhibit reference."""
        record = self.graph.add(
            "investigation:ProvenanceRecord",
            "exhibit",
            id,
            investigation__exhibitNumber=exhibit,
            core__description=about,
            core__object=files,
        )
        self.parts.append(record)
        return record

    def _about(self, id: str) -> Ref:  # noqa: A002
        """What a comment is about: the case where the id names nothing else."""
        return self.named.get(id, self.case)

    def _note(self, entry: Entry, key: str, text: str, about: Ref, description: str) -> Done:
        note = self.graph.add(
            "core:Annotation",
            "note",
            key,
            core__statement=text,
            core__object=about,
            core__description=description,
            core__createdBy=self._who(entry.who),
            core__objectCreatedTime=instant(entry.at),
        )
        self.parts.append(note)
        return Done(objects=[about], results=[note])

    def _source_added(self, entry: Entry) -> Done:
        source = SourceRecord.from_json(entry.data)
        files = []
        for one in source.recordings:
            hashes = {"SHA256": one.sha256, "SHA512": one.sha512}
            ref = self.graph.file(("recording", source.id, one.file, one.sha256), one.file, one.size, hashes)
            self.recordings[source.id, one.file] = ref
            files.append(ref)
        if source.config:
            files.append(self._file(source.config))
        about = f"Source {source.id} ({source.name}) of the archive {source.archive}; hashed {source.hashed_at}"
        record = self._exhibit(f"source {source.id}, entry {entry.n}", source.exhibit, about, files)
        self.named[source.id] = record
        return Done(objects=files, results=[record])

    def _clock_checked(self, entry: Entry) -> Done:
        check = ClockCheck.from_json(entry.data)
        photo = [self._file(check.photo)] if check.photo else []
        said = (
            f"Clock check {check.id}: device {shown(check.device_us, True)}, "
            f"reference {shown(check.reference_us, True)} ({check.reference}), "
            f"± {check.uncertainty:g} s, by {check.by or 'nobody stated'}. {check.note}"
        )
        replaced = f" It replaces {check.replaces}." if check.replaces else ""
        return Done(objects=[self._about(check.source)], results=photo, description=said.strip() + replaced)

    def _export_done(self, entry: Entry) -> Done:
        export = ExportRecord.from_json(entry.data)
        files = [self._file(file) for file in (*export.files, export.record)]
        result = self.results[export.id]
        own = {file.sha256: ref for file, ref in zip(export.files, files, strict=False) if file.kind == ORIGINAL}
        read = [
            own.get(one["sha256"]) or self._recording(export.source, one["file"], one["sha256"])
            for one in result["sources"]
        ]
        for recording in read:
            made = [ref for ref in files if ref not in own.values()]
            self.graph.derived(made, recording, f"Export {export.id}; its record says how each frame was made.")
        remote = remote_of(result)
        by = f", {backend(remote)}" if remote is not None else ""
        record = self._exhibit(export.id, export.exhibit, f"Export {export.id} of {export.source}{by}", files)
        self.named[export.id] = record
        return Done(objects=read, results=[*files, record], began=export.began, tools=result["versions"])

    def _snapshot_taken(self, entry: Entry) -> Done:
        shot = SnapshotRecord.from_json(entry.data)
        picture = self._picture(shot.picture, shot.width, shot.height, shot.rgb_sha256)
        recording = self._recording(shot.source, shot.file, shot.file_sha256)
        about = (
            f"Snapshot {shot.id}: stream {shot.stream}, PTS {shot.pts} × {shot.time_base} s, picture type "
            f"{shot.picture_type}, device time {shown(shot.device_us, shot.dated)}, SHA-256 of the decoded frame "
            f"{shot.frame_sha256} ({shot.pixel_format}). {'; '.join(shot.transforms)}"
        )
        self.graph.derived([picture], recording, about)
        self._exhibit(shot.id, shot.exhibit, about, [picture])
        self.named[shot.id] = picture
        return Done(objects=[recording], results=[picture])

    def _picture(self, file: FileRecord, width: int | None, height: int | None, pixels: str) -> Ref:
        facet = self.graph.add(
            "observable:RasterPictureFacet",
            "raster",
            file.path,
            file.sha256,
            observable__pictureType="png",
            observable__pictureWidth=None if width is None else typed("xsd:integer", width),
            observable__pictureHeight=None if height is None else typed("xsd:integer", height),
        )
        said = f"SHA-256 of its pixels (RGB, 8 bit, rows from the top): {pixels}" if pixels else None
        return self._file(file, kind="observable:RasterPicture", facets=[facet], core__description=said)

    def _annotation_made(self, entry: Entry) -> Done:
        made = AnnotationRecord.from_json(entry.data)
        picture = self._picture(made.picture, None, None, made.rgb_sha256)
        drawn = f"{made.id}: {len(made.marks)} marks drawn on a copy of {made.snapshot}"
        origin = [self.named[made.snapshot]] if made.snapshot in self.named else []
        for snapshot in origin:
            self.graph.derived([picture], snapshot, drawn)
        self.named[made.id] = picture
        return Done(objects=origin, results=[picture], description=drawn)

    def _comment_written(self, entry: Entry) -> Done:
        comment = Comment.from_json(entry.data)
        replaced = f"{comment.id}, replaces {comment.replaces}" if comment.replaces else comment.id
        return self._note(entry, comment.id, comment.text, self._about(comment.on), replaced)

    def _caption_written(self, entry: Entry) -> Done:
        caption = Caption.from_json(entry.data)
        about = f"Caption of {caption.snapshot}, replaces that of entry {caption.replaces}"
        return self._note(entry, f"caption {entry.n}", caption.text, self._about(caption.snapshot), about)

    def _report_built(self, entry: Entry) -> Done:
        report = ReportRecord.from_json(entry.data)
        results = [self._file(report.file), self._file(report.model)]
        return Done(objects=[self.case], results=results, description=_run_words(report))


def _run_words(report: ReportRecord) -> str:
    """Where a report was made, and why it is no FINAL one; empty where its record does not tell."""
    run, status = report.run, "FINAL" if report.final else "DRAFT"
    if run is None:
        return ""
    code = run.code_sha256 or run.file_sha256 or "not known"
    why = f"; {'; '.join(report.why_draft)}" if report.why_draft else ""
    return (
        f"Report {report.id}, {status}, made by {run.kind}: {run.program or 'not known'}, SHA-256 of code {code}{why}"
    )


_TOLD: dict[str, Callable[[_Teller, Entry], Done]] = {
    "source-added": _Teller._source_added,
    "clock-checked": _Teller._clock_checked,
    "export-done": _Teller._export_done,
    "snapshot-taken": _Teller._snapshot_taken,
    "annotation-made": _Teller._annotation_made,
    "comment-written": _Teller._comment_written,
    "caption-written": _Teller._caption_written,
    "report-built": _Teller._report_built,
}
"""Kinds of entries that tell of things; of the others the graph says that they happened."""
