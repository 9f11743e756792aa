"""Re-performing what a package claims, with the recordings at hand: trust nothing in it, do it again, compare.

    found = check(package / "data", state, Path("recordings"))

    sources-hash    each recording is there and unchanged                 `reperform_sources`
    source-facts    each source described again                           `reperform_facts`
    ledger, masks   each file of each export against its recordings       `reperform_export`, the worker's `prove`
    snapshot        each snapshot and marked copy made again               `reperform_pictures`
    export-again    each export made once more from its spec              `reperform_again`

Where a VMS had a part in it, what lies there cannot be looked at: `reperform_remote` says what can be checked.

Everything that touches footage or pictures happens in worker processes and in a scratch folder that is removed; the
package and the recordings are only read. A package is untrusted: paths that leave it, records of another shape, files
that kill their reader end as findings.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.archives.local import LocalArchive
from workbench.core.errors import SourceError
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.nouns import CaseState
from workbench.evidence.remote import remote_of
from workbench.evidence.reperform_again import CHECK as AGAIN
from workbench.evidence.reperform_again import again as made_again
from workbench.evidence.reperform_export import Ground, opened, prove
from workbench.evidence.reperform_facts import described
from workbench.evidence.reperform_pictures import marked_copies, snapshots
from workbench.evidence.reperform_remote import not_again, prove_remote
from workbench.evidence.reperform_sources import Sources, View
from workbench.evidence.reperform_then import Then
from workbench.media.worker import Worker

OnProgress = Callable[[str, float], None]


def check(
    data: Path, state: CaseState, sources: Path, *, again: bool = True, on_progress: OnProgress | None = None
) -> Findings:
    """Do again what `state` says was done, from the recordings in the folder `sources`, and compare with `data`.

    `again` False leaves out making the exports once more. SourceError where `sources` is no folder.
    """
    if not sources.is_dir():
        raise SourceError(f"{sources} is no folder", "Name the folder of the recordings.")
    scratch = Path(tempfile.mkdtemp(prefix="workbench-again-"))
    try:
        with contextlib.ExitStack() as stack:
            worker = stack.enter_context(Worker())
            run = _Run(data, state, sources.absolute(), scratch.resolve(), worker, on_progress or _silent, stack)
            return Findings(tuple(run.findings(again=again)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _silent(text: str, done: float) -> None:
    """Nobody watches."""


class _Run:
    """One re-performance."""

    def __init__(
        self,
        data: Path,
        state: CaseState,
        sources: Path,
        scratch: Path,
        worker: Worker,
        on_progress: OnProgress,
        stack: contextlib.ExitStack,
    ) -> None:
        self._state, self._stack, self._on_progress = state, stack, on_progress
        self._stage = (0.0, 0.0)
        self._archives: dict[Path, LocalArchive] = {}
        self._sources = Sources(sources, scratch, self._tell)
        self._then = Then(data, state)
        self._ground = Ground(
            data=data.absolute(), worker=worker, scratch=scratch, archives=self._archive, tell=self._tell
        )

    def findings(self, *, again: bool) -> Iterator[Finding]:
        """All findings, in the order of the checks."""
        state, ground = self._state, self._ground
        self._stage = (0.0, 0.2)
        used = [(export.id, export.source) for export in state.exports]
        views = {id: self._view(id, source) for id, source in [*used, *((s.id, s.source) for s in state.snapshots)]}  # noqa: A001
        for source in self._then.sources():
            self._sources.view(source)
        yield from self._sources.findings
        for view in self._sources.views():
            yield from described(ground, view)
        plans = {plan.id: plan for plan in state.plans}
        ready = []
        for number, export in enumerate(state.exports):
            self._stage = (0.2 + 0.3 * number / len(state.exports), 0.3 / len(state.exports))
            proven, wrong = opened(ground, export, plans, self._then.tool(export.id))
            yield from wrong
            if proven is not None:
                ready.append(proven)
                check = prove if remote_of(proven.told.data) is None else prove_remote
                yield from check(ground, proven, views[export.id])
        self._stage = (0.5, 0.1)
        exports = {export.id: export for export in state.exports}
        specs = {proven.export.id: proven.told.spec for proven in ready}
        yield from snapshots(ground, [(shot, views[shot.id]) for shot in state.snapshots], exports, specs, self._then)
        yield from marked_copies(ground, state.annotations, state.snapshots)
        for number, proven in enumerate(ready):
            self._stage = (0.6 + 0.4 * number / len(ready), 0.4 / len(ready))
            if remote_of(proven.told.data) is not None:
                yield not_again(proven)
            elif again:
                yield from made_again(ground, proven, views[proven.export.id])
            else:
                path = f"data/{proven.export.record.path}"
                yield Finding(check=AGAIN, verdict=Verdict.NOT_CHECKED, file=path, note="it was not asked for")
        self._on_progress("", 1.0)

    def _tell(self, text: str, fraction: float) -> None:
        self._on_progress(text, min(1.0, self._stage[0] + self._stage[1] * fraction))

    def _view(self, id: str, source: str) -> View | None:  # noqa: A002
        """The source as it was on record when that export or snapshot was made."""
        record = self._then.source(id, source)
        return None if record is None else self._sources.view(record)

    def _archive(self, view: View) -> LocalArchive:
        if view.folder not in self._archives:
            archive = LocalArchive(view.folder, self._ground.scratch / "cache", worker=self._ground.worker)
            self._archives[view.folder] = archive
            self._stack.callback(archive.close)
        return self._archives[view.folder]
