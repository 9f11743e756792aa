"""What a report speaks about: a case looked up once, so that no part searches the log again.

material = Material.of(case, id="17/2026-R1", version=1, status="DRAFT", made_at="2026-03-20T08:00:00.000000Z")
material.by("export-done", "E1")        # who made it and when, in words
material.said_on("S1")                  # the comments on a snapshot, corrections behind what they correct
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from workbench.evidence.clock import Clock
from workbench.evidence.custody import Entry
from workbench.evidence.export_form import plan_of_form
from workbench.evidence.nouns import CaseState, Comment, RecordingFacts, SnapshotRecord
from workbench.evidence.run import RunRecord
from workbench.report.model import Paragraph, Status
from workbench.report.wording import NOT_STATED

Result = Mapping[str, Any]


class CaseFile(Protocol):
    """What a report needs of a case (`evidence.case.Case` is one)."""

    @property
    def state(self) -> CaseState:
        """What the log says, added up."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The log."""

    def result(self, export: str) -> Mapping[str, Any]:
        """The record of an export, its hash checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The case, and the report's own particulars."""

    id: str
    version: int
    status: Status
    made_at: str
    state: CaseState
    entries: tuple[Entry, ...]
    results: dict[str, Result]
    """By id of the export."""
    made: dict[tuple[str, str], Entry]
    """(kind of the entry, id in its data) → the entry."""
    clocks: dict[str, Clock]
    """By id of the source, from the checks that count."""
    recordings: dict[tuple[str, str], RecordingFacts]
    """(source, file) → facts."""
    pictures: dict[str, list[SnapshotRecord]]
    """Snapshots by the export they belong to."""
    comments: dict[str, list[Comment]]
    """By what they are on, each followed by its corrections."""
    corrected_by: dict[str, str]
    """Id of a superseded comment → id of the one that corrects it."""
    captions: dict[str, list[tuple[Entry, str]]]
    """Captions of each snapshot with their entries, the one in force last."""
    run: RunRecord | None = None
    """Where the report is made; None: not told."""
    why_draft: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        case: CaseFile,
        *,
        id: str,  # noqa: A002
        version: int | None,
        status: Status,
        made_at: str,
        run: RunRecord | None = None,
        why_draft: tuple[str, ...] = (),
    ) -> Material:
        """Look everything up; raises what `case.result` raises, and WorkError for a plan in the log that is none."""
        state = case.state
        for plan in state.plans:
            plan_of_form(plan.plan, f"plan {plan.id} of the log")
        version = len(state.reports) + 1 if version is None else version
        pictures: dict[str, list[SnapshotRecord]] = {}
        for snapshot in state.snapshots:
            pictures.setdefault(snapshot.export, []).append(snapshot)
        return cls(
            id=id or f"{state.identity.number or 'case'}-R{version}",
            version=version,
            status=status,
            made_at=made_at,
            state=state,
            entries=tuple(case.entries),
            results={export.id: case.result(export.id) for export in state.exports},
            made=_made(case.entries),
            clocks={source.id: Clock(state.checks_of(source.id)) for source in state.sources},
            recordings={(s.id, r.file): r for s in state.sources for r in s.recordings},
            pictures=pictures,
            comments=_threads(state.comments),
            corrected_by={c.replaces: c.id for c in state.comments if c.replaces},
            captions=_captions(case.entries),
            run=run,
            why_draft=why_draft,
        )

    def who(self, kind: str, name: str) -> str:
        """Who made the entry of that kind and id."""
        entry = self.made.get((kind, name))
        return entry.who if entry else NOT_STATED

    def by(self, kind: str, name: str) -> str:
        """Who made the entry of that kind and id, and when: ``A. Berg, 2026-03-01T10:00:00.000000Z``."""
        entry = self.made.get((kind, name))
        return f"{entry.who}, {entry.at}" if entry else NOT_STATED

    def source_name(self, source: str) -> str:
        """Display name and id of a source."""
        found = self.state.source(source)
        return source if found is None or found.name == source else f"{found.name} ({source})"

    def said_on(self, *names: str) -> tuple[Paragraph, ...]:
        """The comments on these things, as printed: author and time, then the text, struck where it was corrected."""
        return tuple(p for name in names for comment in self.comments.get(name, ()) for p in self._said(comment))

    def _said(self, comment: Comment) -> Iterator[Paragraph]:
        head = f"Comment {comment.id}, {comment.author or NOT_STATED}, {comment.at or NOT_STATED}"
        if comment.replaces:
            head += f", corrects {comment.replaces}"
        if by := self.corrected_by.get(comment.id):
            head += f", superseded by {by}"
        yield Paragraph(text=f"{head}:", style="small")
        yield Paragraph(text=comment.text, style="struck" if by else "normal")

    def frame(self, source: str, file: str) -> tuple[int, int, Fraction] | None:
        """Width and height of the shown picture of a recording and the shape of a pixel; None where unknown."""
        recording = self.recordings.get((source, file))
        if recording is None or not (recording.facts.get("width") and recording.facts.get("height")):
            return None
        facts = recording.facts
        shape = Fraction(facts.get("sample_aspect") or 1)
        if facts.get("rotation") in (90, 270):
            return facts["height"], facts["width"], 1 / shape
        return facts["width"], facts["height"], shape


def _made(entries: Sequence[Entry]) -> dict[tuple[str, str], Entry]:
    """The entry that made each thing: the first of its id, of a source the last (it takes the place of the older)."""
    out: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        key = (entry.what, str(entry.data.get("id", "")))
        if key not in out or entry.what == "source-added":
            out[key] = entry
    return out


def _captions(entries: Sequence[Entry]) -> dict[str, list[tuple[Entry, str]]]:
    out: dict[str, list[tuple[Entry, str]]] = {}
    for entry in entries:
        if entry.what == "snapshot-taken" and entry.data.get("caption"):
            out.setdefault(str(entry.data.get("id")), []).append((entry, str(entry.data["caption"])))
        elif entry.what == "caption-written":
            out.setdefault(str(entry.data.get("snapshot")), []).append((entry, str(entry.data.get("text", ""))))
    return out


def _threads(comments: Sequence[Comment]) -> dict[str, list[Comment]]:
    """Comments by what they are on, in order of entry, each correction directly behind what it corrects."""
    known = {comment.id: comment for comment in comments}
    answers: dict[str, list[Comment]] = {}
    for comment in comments:
        answers.setdefault(comment.replaces if comment.replaces in known else "", []).append(comment)
    out: dict[str, list[Comment]] = {}
    waiting = [(comment, comment.on) for comment in reversed(answers.get("", []))]
    while waiting:
        comment, on = waiting.pop()
        out.setdefault(on, []).append(comment)
        waiting += [(answer, on) for answer in reversed(answers.get(comment.id, []))]
    return out
