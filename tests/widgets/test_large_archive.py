"""A page over an archive that nobody has looked through: the kernel's thread does not wait for it."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.widgets import canary
from workbench import Case, LocalArchive, Mask
from workbench.widgets import Workbench


def test_a_page_opens_before_its_archive_was_looked_through(tmp_path: Path) -> None:
    """With a cold cache the page of a case is there while no recording was read by the thread that opened it.

    Drawings are shown at once, and the cameras follow when the thread that looks through them is done.
    """
    one = canary.clip(tmp_path / "one.mp4")
    for camera in ("cam0", "cam1", "cam2"):
        (tmp_path / "rec" / camera).mkdir(parents=True)
        for n in range(8):
            name = f"{datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(seconds=2 * n):%Y%m%dT%H%M%S}.mp4"
            os.link(one, tmp_path / "rec" / camera / name)
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    mask = Mask(points=canary.MASK)
    first = Workbench(LocalArchive(tmp_path / "rec", tmp_path / "warm"), case)
    first.session.choose("cam0", "cam1")
    first.session.draw(masks=(mask,))
    first.close()
    asked: list[str] = []
    archive = Watched(tmp_path / "rec", tmp_path / "cold")
    archive.asked = asked
    page = Workbench(archive, case=case.folder)
    assert threading.main_thread().name not in asked
    assert page.session.look.masks == (mask,) and page.session.state.sources == ("cam0", "cam1")
    for _ in range(200):
        if page.session.known("cam1") is not None:
            break
        threading.Event().wait(0.1)
    assert page.session.known("cam1") is not None and page.errors == []
    page.close()


class Watched(LocalArchive):
    """An archive that tells which threads ask it for what may take long."""

    asked: list[str]

    def overviews(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Noted, and answered."""
        self.asked.append(threading.current_thread().name)
        return super().overviews(*args, **kwargs)

    def source(self, source: str):  # type: ignore[no-untyped-def]
        """Noted, and answered."""
        self.asked.append(threading.current_thread().name)
        return super().source(source)
