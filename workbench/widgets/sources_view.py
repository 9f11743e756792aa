"""`SourcesView`: the cameras of an archive: searched, chosen, each with a thumbnail, its span, zone and clock state.

Listing, choosing and thumbnails run in threads. Thumbnails are masked and cropped as the session says.
"""

from __future__ import annotations

import contextlib
import html
import time
from typing import Any

from workbench.core.coverage import Source
from workbench.core.errors import NothingRecorded, SourceError, WorkbenchError
from workbench.core.timebase import shown as written
from workbench.evidence.clock import Clock
from workbench.widgets.briefs import Brief
from workbench.widgets.looks import Versions
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
        self._versions = Versions()
        self._times = 0
        super().__init__(session)
        self.later("list", self._list)

    def draw(self) -> dict[str, Any]:
        """The cameras that were found, and which are chosen."""
        state = self.session.state
        cameras = None if self._found is None else [self._row(one) for one in self._found.values()]
        return {
            "cameras": cameras,
            "chosen": list(state.sources),
            "shown": state.source,
            "notes": list(self.session.notes),
            "listed": self._times,
            "looks": {} if self._found is None else {name: self._look(name) for name in self._found},
        }

    @verb(newest="choose", lane="hand")
    def on_choose(self, sources: list[str]) -> None:
        """Choose these cameras, in this order."""
        self.session.choose(*map(str, sources))

    @verb(lane="hand")
    def on_show(self, source: str) -> None:
        """Show the frame of a chosen camera."""
        self.session.show(source)

    @verb(newest="list")
    def on_list(self) -> None:
        """Look through the archive again; thumbnails are made anew."""
        self._list()

    @verb(slow=True)
    def on_thumb(self, source: str) -> bool:
        """One small picture of a camera, masked and cropped; False where it holds none that can be shown."""
        camera = self.session.brief(source)
        if camera.first is None or camera.last is None:
            return False
        with self.session.lock:
            look = self.session.state.look(source)
            version = self._versions.of(source, look)
        for begin in ((camera.first + camera.last) // 2, camera.first):
            span = moment(begin, camera.dated), moment(camera.last + 1, camera.dated)
            with contextlib.suppress(NothingRecorded):
                for frame in self.session.archive.thumbnails(source, *span, 1, look.masks, look.crop):
                    self.post("thumb", {"source": source, "look": version}, [frame.jpeg(4)])
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
        self._times += 1
        if any(isinstance(one, Brief) and not one.checked for one in found.values()):
            self._found = dict(found)
            self.session.told()
        for name in tuple(found):
            begun = time.monotonic()
            try:
                found[name] = self.session.source(name)
            except SourceError:  # it went away since it was listed
                del found[name]
            if time.monotonic() - begun > SLOW:
                break
        self._found = found
        self.session.told()

    def _look(self, name: str) -> int:
        return self._versions.of(name, self.session.state.look(name))

    def _row(self, source: Source | Brief) -> dict[str, Any]:
        """One camera as it is shown; what nobody looked through yet says so."""
        return {
            **{key: getattr(source, key) for key in ("id", "name", "first", "last", "dated", "zone")},
            "by": source.dated_by if isinstance(source, Source) else "",
            "assumed": source.zone_assumed,
            "clock": clock_words(self.session, source),
            "files": len(source.files) if isinstance(source, Source) else None,
            "notes": list(source.notes) if isinstance(source, Source) else [],
            "known": isinstance(source, Source) or source.checked,
        }


def clock_words(session: Session, source: Source | Brief) -> dict[str, str]:
    """What is known of a recorder's clock: ``state`` checked or not checked, a short form, and the whole in words."""
    checks = () if session.case is None else session.case.state.checks_of(source.id)
    added = source.clock_offset if isinstance(source, Source) else 0.0
    configured = f"archive.toml adds {added:+g} s" if added else ""
    unchecked = {"state": "not checked", "short": "clock not checked"}
    if not checks:
        return {**unchecked, "words": ", ".join(filter(None, ("clock not checked", configured)))}
    try:
        clock = Clock(checks)
        true = clock.corrected(checks[-1].device_us)
    except WorkbenchError as exc:
        return {**unchecked, "words": exc.message}
    off = 0.0 - (clock.offset or 0.0)
    many = f"{len(checks)} check{'s' * (len(checks) > 1)}"
    words = f"clock off by {off:+.3f} s by {many}, the last at {written(checks[-1].reference_us, True)}"
    margin = f" ±{true.plus_minus:g} s" if true is not None else ""
    short = f"clock off {off:+.3f} s{margin}"
    return {"state": "checked", "short": short, "words": ", ".join(filter(None, (words, configured)))}
