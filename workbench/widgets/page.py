"""`Workbench`: the five views on one page, left to right as the work goes.

    bench = Workbench("recordings", case="17-2026", examiner="A. Berg")
    bench                                   # the page
    bench.session.spec()                    # what was clicked, as plain Python
    Workbench(case="17-2026")               # later: the same archive, everything as it was left

A case that is not there yet is made; one that is there comes back as it was left. A page that is made anew in the same
kernel takes the place of the older one.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

import ipywidgets

from workbench.archives.base import Archive
from workbench.core.errors import RequestError
from workbench.evidence.case import Case
from workbench.widgets.evidence_view import EvidenceView
from workbench.widgets.export_view import ExportView
from workbench.widgets.frame_view import FrameView
from workbench.widgets.header_view import HeaderView
from workbench.widgets.session import Session
from workbench.widgets.sources_view import SourcesView
from workbench.widgets.stills import Still, display
from workbench.widgets.timeline_view import TimelineView

Folder = str | os.PathLike[str]
_OPEN: weakref.WeakSet[Workbench] = weakref.WeakSet()


class Workbench(ipywidgets.Box):  # type: ignore[misc]
    """See the module."""

    def __init__(
        self,
        archive: Archive | Folder | None = None,
        case: Case | Folder | None = None,
        *,
        examiner: str = "",
        number: str = "",
        exports: Folder = "exports",
        packages: Folder = "packages",
        keep_still: bool = False,
        **remote: Any,
    ) -> None:
        """Open an archive (folder, URL or object; None: the one that the case remembers) and a case on one page.

        A `case` folder that does not exist is made, with `examiner` and `number` (its own name where empty).
        `keep_still` puts the shown frame, masked, into the saved notebook; nothing else of a recording ever is.
        `remote` are the options of `open_archive`. An older page of the same case and archive is closed, unless what
        it shows is not saved; its exports go on in this one.
        """
        self.session = Session(archive, _case(case, examiner, number), **remote)
        self.header = HeaderView(self.session)
        self.sources = SourcesView(self.session)
        self.timeline = TimelineView(self.session)
        self.frame = FrameView(self.session, keep_still=keep_still)
        self.export = ExportView(self.session, out=str(exports))
        self.evidence = EvidenceView(self.session, out=str(packages))
        self.views = (self.header, self.sources, self.timeline, self.frame, self.export, self.evidence)
        self._still = Still(
            self.session,
            sketch=lambda: "".join(view.sketch() for view in self.views),
            full=lambda: "".join(view.still() for view in self.views),
        )
        self._inner = ipywidgets.Box(list(self.views))
        self._inner.add_class("wb-page-inner")
        super().__init__([self._inner])
        self.add_class("wb-page")
        self._take_the_place()

    @property
    def case(self) -> Case | None:
        """The case in which everything is put on record."""
        return self.session.case

    @property
    def errors(self) -> list[str]:
        """What went wrong in any view, by view."""
        return [f"{view.label}: {words}" for view in self.views for words in view.errors]

    def python(self) -> str:
        """The cell that does again what was clicked."""
        return self.session.python()

    def close(self) -> None:
        """Cancel what runs, and let go of the archive."""
        _OPEN.discard(self)
        if hasattr(self, "_inner"):
            self._still.close()
            for view in self.views:  # before the session, lest what waits in their threads starts its processes anew
                view.close()
            self.session.close()
            self._inner.close()
        super().close()

    def _take_the_place(self) -> None:
        """Close older pages of the same work; ipywidgets would hold them, their processes and threads, to the end."""
        for page in tuple(_OPEN):
            if page.session.saved and page.session.is_like(self.session):
                page.close()
        _OPEN.add(self)

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show the page, and below it what a saved notebook keeps; it follows what is chosen."""
        display(super()._repr_mimebundle_(**kwargs), self._still)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The page, and a sketch of it for where no widget can run."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        data, meta = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": "".join(view.sketch() for view in self.views)}, meta


def _case(case: Case | Folder | None, examiner: str, number: str) -> Case | None:
    if case is None or isinstance(case, Case):
        return case
    folder = Path(case)
    if folder.exists() and any(folder.iterdir()):
        return Case.open(folder)
    if not examiner.strip():
        advice = "Give examiner=…: the name that every entry of its log will carry."
        raise RequestError("examiner", f"{folder} is a new case, and nobody is named who makes it", advice)
    return Case.create(folder, number=number or folder.name, examiner=examiner)
