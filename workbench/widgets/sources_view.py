"""`SourcesView`: the cameras of an archive: searched, chosen, each with a thumbnail, its span, zone and clock state."""

from __future__ import annotations

import contextlib
import html
import time
from typing import Any

from workbench.core.coverage import Source
from workbench.core.errors import NothingRecorded, WorkbenchError
from workbench.core.timebase import shown as written
from workbench.evidence.clock import Clock
from workbench.widgets.briefs import Brief
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.view import View, verb

SLOW = 1.0
"""Seconds for one camera beyond which the others are not looked through unasked."""


class SourcesView(View):
    """Cameras to choose from; what is chosen is ``session.state.sources``."""

    label = "Cameras"
    script = "sources"

    def __init__(self, session: Session) -> None:
        """Show the cameras of the session's archive; they are looked through in a thread."""
        self._found: dict[str, Source | Brief] | None = None
        super().__init__(session)
        self.later("list", self._list)

    def draw(self) -> dict[str, Any]:
        """The cameras that were found, and which are chosen."""
        state = self.session.state
        cameras = None if self._found is None else [self._row(one) for one in self._found.values()]
        return {"cameras": cameras, "chosen": list(state.sources), "shown": state.source, "notes": self.session.notes}

    @verb
    def on_choose(self, sources: list[str]) -> None:
        """Choose these cameras, in this order."""
        self.session.choose(*map(str, sources))

    @verb
    def on_show(self, source: str) -> None:
        """Show the frame of a chosen camera."""
        self.session.show(source)

    @verb(slow=True)
    def on_list(self) -> None:
        """Look through the archive again."""
        self._list()

    @verb(slow=True)
    def on_thumb(self, source: str) -> bool:
        """One small picture of a camera; False where it holds none that can be shown."""
        with contextlib.suppress(NothingRecorded):
            whole = self.session.source(source)
            if whole.first is not None and whole.last is not None:
                middle = moment((whole.first + whole.last) // 2, whole.dated)
                found = self.session.archive.thumbnails(source, middle, moment(whole.last + 1, whole.dated), 1)
                found = found or self.session.archive.thumbnails(source, moment(whole.first, whole.dated), None, 1)
                for frame in found[:1]:
                    self.post("thumb", {"source": source}, [frame.jpeg(4)])
                    return True
        return False

    def still(self) -> str:
        """A table of the chosen cameras."""
        names = self.session.state.sources
        rows = "".join(f"<tr><td>{html.escape(name)}</td></tr>" for name in names)
        return f"<table><caption>Cameras chosen</caption>{rows or '<tr><td>none</td></tr>'}</table>"

    def _list(self) -> None:
        """All cameras from the catalogue at once; then each is looked through, as long as that is quick."""
        found: dict[str, Source | Brief] = dict(self.session.briefs(anew=True))
        if any(isinstance(one, Brief) and not one.checked for one in found.values()):
            self._found = dict(found)
            self.refresh()
        for name in found:
            begun = time.monotonic()
            found[name] = self.session.source(name)
            if time.monotonic() - begun > SLOW:
                break
        self._found = found
        self.refresh()

    def _row(self, source: Source | Brief) -> dict[str, Any]:
        """One camera as it is shown; what nobody looked through yet says so."""
        known = isinstance(source, Source)
        clock = clock_words(self.session, source)
        return {
            **{key: getattr(source, key) for key in ("id", "name", "first", "last", "dated", "zone")},
            "by": source.dated_by if isinstance(source, Source) else "",
            "assumed": source.zone_assumed,
            "clock": clock,
            "files": len(source.files) if isinstance(source, Source) else None,
            "notes": list(source.notes) if isinstance(source, Source) else ["from the catalogue, not checked"],
            "known": known,
        }


def clock_words(session: Session, source: Source | Brief) -> dict[str, str]:
    """What is known of a recorder's clock: ``state`` checked, corrected or not checked, and the words for it."""
    checks = () if session.case is None else session.case.state.checks_of(source.id)
    added = source.clock_offset if isinstance(source, Source) else 0.0
    configured = f"archive.toml adds {added:+g} s" if added else ""
    if not checks:
        return {"state": "not checked", "words": ", ".join(filter(None, ("clock not checked", configured)))}
    try:
        offset = Clock(checks).offset or 0.0
    except WorkbenchError as exc:
        return {"state": "not checked", "words": exc.message}
    last = written(checks[-1].reference_us, True)
    words = f"clock off by {-offset:+.3f} s by {len(checks)} check{'s' * (len(checks) > 1)}, the last at {last}"
    return {"state": "checked", "words": ", ".join(filter(None, (words, configured)))}
