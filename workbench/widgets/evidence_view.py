"""`EvidenceView`: snapshots, captions, comments and marks, and the report: previewed, built, signed, sealed, verified.

Everything here is an entry of the case's log, made by the verbs of `Case`; nothing can be taken back, only added to. A
password is used once and kept nowhere.
"""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError, SourceError
from workbench.core.result import Progress
from workbench.core.timebase import Moment
from workbench.evidence.case import Case
from workbench.evidence.case_pictures import Hidden
from workbench.evidence.findings import Findings
from workbench.evidence.here import by_hand
from workbench.evidence.keys import Key
from workbench.evidence.nouns import PackageRecord, SnapshotRecord
from workbench.evidence.package import seal
from workbench.report.build import build_report
from workbench.report.making import make_report
from workbench.verifying import record_verified, verify
from workbench.widgets import packaged, sending
from workbench.widgets.acquiring import WHY, acquire
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.view import View, verb

NO_CASE = "Make one with Case.create(…), and give it to the session: Workbench(archive, case=…)."
PREVIEW = "it is a preview that is not filed"
BY_HAND_HERE = (
    "it was made by hand, by a button of the workbench's page; the cell that Copy as Python gives, run in a fresh "
    "notebook, makes a FINAL one"
)


class EvidenceView(View):
    """What was noted, and what goes out of the house."""

    label = "Snapshots and report"
    script = "evidence"
    parts = ("evidence_marks", "evidence_drafts", "evidence_papers")

    def __init__(self, session: Session, *, out: str = "packages", acquired: str = "acquired") -> None:
        """Show the case of a session; packages go to the folder `out`, stretches of a VMS into one in `acquired`."""
        self.out, self.acquired = out, acquired
        self._findings: dict[str, Any] | None = None
        self._fetched: dict[str, Any] | None = None
        self._stop = threading.Event()
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        """What the case holds, as far as this view shows it."""
        case, state = self.session.case, self.session.state
        shown = self.session.glance(state.source) if state.source else None
        base = {"case": None, "source": state.source, "at": state.at, "dated": state.dated, "texts": dict(state.texts)}
        base |= {"name": shown.name if shown else "", "zone": shown.zone if shown else "UTC"}
        if case is None:
            return base
        held, out = case.state, Path(self.out)
        return {
            **base,
            "remote": WHY if isinstance(self.session.archive, RemoteArchive) else "",
            "acquired": self._fetched,
            "case": {"number": held.identity.number, "examiner": held.identity.examiner, "title": held.identity.title},
            "exports": [{"id": e.id, "source": e.source} for e in held.exports],
            "snapshots": [self._snapshot(shot) for shot in held.ordered()],
            "copies": [{"id": a.id, "snapshot": a.snapshot, "marks": len(a.marks)} for a in held.annotations],
            "comments": [{"id": c.id, "on": c.on, "text": c.text, "author": c.author} for c in held.comments],
            "reports": [_report(r.to_json()) for r in held.reports],
            "packages": [
                {"id": p.id, "name": p.name, "seal": p.seal, "signed": bool(p.signer), "kind": packaged.kind(out, p)}
                for p in held.packages
            ],
            "findings": self._findings,
        }

    @verb(slow=True)
    def on_snapshot(
        self, export: str, caption: str, unmasked: str = "", source: str = "", at: int | None = None
    ) -> str:
        """Take the frame that `source` showed at `at` (the shown one now), with masks and crop of an export or none."""
        state = self.session.state
        source, at = source or state.source, state.at if at is None else at
        if at is None or not source:
            raise RequestError("at", "no picture is shown", "Choose a camera first.")
        if not export and state.look(source).masks and not unmasked.strip():
            words = "masks are drawn, and a snapshot that belongs to no export has none"
            raise RequestError("export", words, "Run the export and choose it here, or say below why it is unmasked.")
        dated = self.session.source(source).dated
        made = self._taken(source, moment(at, dated), export, caption, unmasked)
        self._written({"caption": caption, "unmasked": unmasked})
        asked = {"source": source, "at": at, "dated": dated, "caption": caption, "unmasked": unmasked}
        self._done("snapshot", id=made.id, export=made.export, **asked)
        return made.id

    @verb(slow=True)
    def on_acquire(self) -> dict[str, Any]:
        """Fetch the chosen stretch of a VMS's camera into a folder from which snapshots can be taken."""
        stop = self._stop = threading.Event()
        if self._closed:
            stop.set()

        def told(progress: Progress) -> None:
            self.post("acquiring", {"fraction": progress.fraction, "words": progress.stage})

        asked, made = acquire(self.session, Path(self.acquired), told, stop)
        self._fetched = made
        self._done("acquire", id=made["folder"], **asked)
        return made

    @verb
    def on_stop(self) -> None:
        """Ask the fetching of a stretch to stop; nothing half is left of it."""
        self._stop.set()

    @verb(lane="hand")
    def on_text(self, name: str, words: str) -> None:
        """Keep words that are being written, so that a dead kernel does not lose them."""
        self.session.write(**{name: words})

    @verb(lane="hand")
    def on_caption(self, snapshot: str, words: str) -> None:
        """Another caption; the old one stays in the log."""
        self._case().caption(snapshot, words)
        self._written({f"caption:{snapshot}": words})
        self._done("caption", on=snapshot, words=words)

    @verb(lane="hand")
    def on_comment(self, words: str, on: str = "") -> str:
        """A comment on something in the case, or on the case."""
        made = self._case().comment(words, on=on)
        self._written({f"comment:{on}": words})
        self._done("comment", id=made.id, on=on, words=words)
        return made.id

    @verb(lane="hand")
    def on_marks(self, snapshot: str, marks: list[dict[str, Any]]) -> str:
        """Draw marks on a copy of a snapshot."""
        made = self._case().annotate(snapshot, marks)
        self._written({f"marks:{snapshot}": json.dumps(marks, ensure_ascii=False, separators=(",", ":"))})
        self._done("annotate", id=made.id, on=snapshot, marks=marks)
        return made.id

    @verb(lane="hand")
    def on_order(self, snapshots: list[str]) -> None:
        """In which order the report shows the snapshots."""
        self._case().order(*snapshots)
        self._done("order", snapshots=list(snapshots))

    @verb(lane="hand")
    def on_seek(self, snapshot: str) -> None:
        """Show the frame of a snapshot again."""
        shot = next((s for s in self._case().state.snapshots if s.id == snapshot), None)
        if shot is None:
            raise RequestError("snapshot", f"there is no snapshot {snapshot[:20]!r}")
        self.session.brief(shot.source)  # what is asked for is asked for before the session is held
        with self.session.lock:
            if shot.source not in self.session.state.sources:
                self.session.choose(*self.session.state.sources, shot.source)
            self.session.show(shot.source)
            self.session.set(at=shot.instant_us)

    @verb(slow=True)
    def on_picture(self, name: str) -> None:
        """Send the picture of a snapshot or of a marked copy."""
        state = self._case().state
        files = {p.id: p.picture for p in state.snapshots} | {p.id: p.picture for p in state.annotations}
        if name not in files:
            raise RequestError("snapshot", f"there is no picture {name[:20]!r}")
        try:
            data = self._case().path(files[name]).read_bytes()
        except OSError as exc:
            advice = "Check the case: that names every file that is not as it was."
            raise SourceError(f"{files[name].path} cannot be read: {exc.strerror or exc}", advice) from exc
        self.post("picture", {"id": name}, [data])

    @verb(newest="preview")
    def on_preview(self, per_page: int = 1, paper: str = "A4") -> int:
        """Send the report as it would be now, as a DRAFT that is not filed; its size in bytes."""
        from workbench.report.pdf import render

        case = self._case()
        report = build_report(case, why_draft=(PREVIEW,))
        pdf = render(report, case.folder, per_page=per_page, paper=paper)  # type: ignore[arg-type]
        self.post("pdf", {"name": "preview.pdf"}, [pdf])
        return len(pdf)

    @verb(slow=True)
    def on_build(self, final: bool, per_page: int, paper: str, key: str = "", password: str = "") -> dict[str, Any]:
        """Build the report and file it, with a machine seal where a key is given; it is a DRAFT, and says why.

        `final` is a wish that no click can fulfil: the cell of Copy as Python does.
        """
        run = by_hand(BY_HAND_HERE)
        made = make_report(self._case(), final=final, key=_key(key, password), per_page=per_page, paper=paper, run=run)
        self._done("report", id=made.id, final=final, per_page=per_page, paper=paper, key=key)
        return {"id": made.id, "final": made.final, "why": list(made.why_draft)}

    @verb(slow=True)
    def on_seal(self, as_zip: bool = True, key: str = "", password: str = "") -> str:
        """Seal the case into a new package."""
        Path(self.out).mkdir(parents=True, exist_ok=True)
        made = seal(self._case(), self.out, key=_key(key, password), as_zip=as_zip)
        self._done("seal", id=made.id, name=made.name, zip=as_zip, key=key)
        return made.id

    @verb(newest="verify")
    def on_verify(self, package: str, again: bool = False) -> dict[str, int]:
        """Check a package of this case, against the recordings where they are here."""
        path = packaged.found(Path(self.out), self._package(package))
        archive = self.session.archive
        sources = archive.folder if isinstance(archive, LocalArchive) and archive.folder.is_dir() else None

        def told(words: str, done: float) -> None:
            self.post("checking", {"words": words, "fraction": done})

        found = verify(path, sources, again=again, on_progress=told)
        record = record_verified(self._case(), path, found)
        self._findings = _shown(path.name, found)
        self._done("verify", name=path.name, again=again)
        return dict(record.counts)

    @verb(slow=True)
    def on_check(self) -> None:
        """Check whether the log holds and every file is as it says."""
        self._findings = _shown("the case", self._case().check())
        self.refresh()

    @verb(slow=True)
    def on_zip(self, package: str) -> str:
        """Make one zip of a package that is a folder, beside it; the zip's name."""
        made = packaged.zipped(Path(self.out), self._package(package))
        self._done("zip", name=made.name)
        return made.name

    @verb(slow=True)
    def on_fetch(self, name: str, at: int = 0) -> int:
        """Send the piece of a report, or of a package that is a zip, which begins at byte `at`; the file's size."""
        report = next((r for r in self._case().state.reports if r.id == name), None)
        if report is not None:
            path, digest = self._case().path(report.file), report.file.sha256
        else:
            path, digest = packaged.places(Path(self.out), self._package(name))[0], None
        data, size = sending.piece(path, at, digest)
        self.post("piece", {"name": name, "file": path.name, "at": at}, [data])
        return size

    def still(self) -> str:
        """A table of the snapshots' facts; no picture."""
        rows = "".join(
            f"<tr><td>{html.escape(s['id'])}</td><td>{html.escape(s['source'])}</td><td>{html.escape(s['pts'])}</td>"
            f"<td>{html.escape(s['caption'])}</td></tr>"
            for s in self.draw().get("snapshots", [])
        )
        return f"<table><caption>Snapshots</caption>{rows or '<tr><td>none</td></tr>'}</table>"

    def close(self) -> None:
        """Stop following the session, and an acquisition that runs."""
        super().close()
        if hasattr(self, "_stop"):
            self._stop.set()

    def _case(self) -> Case:
        if self.session.case is None:
            raise RequestError("case", "no case is open, so nothing can be put on record", NO_CASE)
        return self.session.case

    def _done(self, do: str, **what: Any) -> None:
        self.session.step(do, **what)
        self.session.told()

    def _written(self, filed: Mapping[str, str]) -> None:
        """These stand in the log now and are no drafts any more; what was written since is one still."""
        with self.session.lock:
            drafts = self.session.state.texts
            self.session.write(**{name: "" for name, words in filed.items() if drafts.get(name) == words})

    def _taken(self, source: str, when: Moment, export: str, caption: str, unmasked: str) -> SnapshotRecord:
        archive, case = self.session.archive, self._case()
        if export:
            return case.snapshot(archive, source, when, export=export, caption=caption, unmasked=unmasked)
        try:
            made = case.snapshot(archive, source, when, caption=caption)
        except Hidden as exc:
            if not unmasked.strip():
                raise
            # the reason belongs to an export whose masks are left out
            return case.snapshot(archive, source, when, export=exc.exports[0], caption=caption, unmasked=unmasked)
        if unmasked.strip():
            case.comment(f"Unmasked: {unmasked}", on=made.id)
        return made

    def _package(self, name: str) -> PackageRecord:
        held = next((p for p in self._case().state.packages if name in (p.id, p.name)), None)
        if held is None:
            raise RequestError("package", f"this case was not sealed as {name[:60]!r}")
        return held

    def _snapshot(self, shot: SnapshotRecord) -> dict[str, Any]:
        return {
            "id": shot.id,
            "source": shot.source,
            "at": shot.instant_us,
            "dated": shot.dated,
            "pts": f"{shot.pts} × {shot.time_base} s",
            "export": shot.export,
            "masks": len(shot.masks),
            "caption": shot.caption,
            "context": shot.context,
            "zone": next((s.zone for s in self._case().state.sources if s.id == shot.source), "UTC"),
        }


def _report(data: dict[str, Any]) -> dict[str, Any]:
    keys = ("id", "version", "final", "signer_name", "self_signed")
    why = [str(word) for word in data.get("why_draft", ())]
    file = {key: data["file"][key] for key in ("sha256", "path")}
    return {**{key: data[key] for key in keys}, **file, "why": why}


def _key(path: str, password: str) -> Key | None:
    return Key.load(Path(path), password or None) if path.strip() else None


def _shown(what: str, found: Findings) -> dict[str, Any]:
    """Findings for the table: what did not hold and what was not checked first."""
    order: dict[str, int] = {"failed": 0, "not checked": 1, "ok": 2}
    rows = sorted((one.to_json() for one in found), key=lambda row: order[row["verdict"]])
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in order}
    return {"what": what, "counts": counts, "rows": rows[:300], "more": max(0, len(rows) - 300)}
