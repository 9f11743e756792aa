"""The pictures that one frame view sends: which are wished, the frame raw or masked, its pixels, its PTS.

    pictures = Pictures(session, post)           # post(event, what, buffers)
    pictures.send("masked", "hall", at, 800)     # the frame there, with the masks laid on by the engine

Each message says for which instant (`asked`) and which version of the masks it was made; the front shows it for no
other.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from typing import Any

from workbench.archives.base import Seen
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import WorkbenchError
from workbench.core.geometry import Area
from workbench.core.mask import Mask
from workbench.widgets import frame_facts
from workbench.widgets.moments import moment
from workbench.widgets.session import Session
from workbench.widgets.state import Look

WIDEST = 7680
MOST_FRONTS = 4
"""Places where a view is shown whose wishes are kept."""
MOST_PTS = 500
"""PTS that are remembered, of the pictures that were looked at last."""
BLOCK = 16
"""Parts of a picture are cut out in whole blocks of so many pixels, which no chroma grid cuts."""


class Pictures:
    """See the module; safe to use from several threads."""

    def __init__(self, session: Session, post: Callable[..., None]) -> None:
        """Nothing is wished yet."""
        self._session, self._post = session, post
        self._lock = threading.Lock()
        self._pts: dict[tuple[str, int], int | None] = {}
        self._laid: dict[str, tuple[tuple[Mask, ...], int]] = {}
        self._wishes: dict[str, dict[str, int]] = {}
        self._sent: tuple[str, int | None, int] | None = None

    def version(self, source: str, look: Look) -> int:
        """A number that is another one after each change of a camera's masks; asked under the session's lock."""
        masks, number = self._laid.get(source, ((), 0))
        if masks != look.masks:
            number += 1
            self._laid[source] = (look.masks, number)
        return number

    def wish(self, front: str, widths: dict[str, int]) -> None:
        """What a front shows from now on: ``frame``, ``masked`` or both, each so wide (0: whole); none: nothing."""
        others = [(name, wish) for name, wish in self._wishes.items() if name != front]
        self._wishes = dict([*others, *([(front, widths)] if widths else [])][-MOST_FRONTS:])

    def wished(self) -> dict[str, int]:
        """The pictures that all fronts together want, each as wide as the widest does."""
        found: dict[str, int] = {}
        for wish in self._wishes.values():
            for name, width in wish.items():
                found[name] = 0 if not width or found.get(name) == 0 else max(width, found.get(name, 1))
        return found

    def changed(self) -> tuple[str, int] | None:
        """Camera and instant, where cursor or masks are others than when this was asked last."""
        with self._session.lock:
            state = self._session.state
            now = state.source, state.at, self.version(state.source, state.look())
            if now == self._sent or state.at is None or not state.source:
                return None
            self._sent = now
            return state.source, state.at

    def send_wished(self, name: str, source: str, at: int, width: int) -> None:
        """Send a picture that nobody asked for now; where there is none, the fronts are told for what."""
        try:
            self.send(name, source, at, width)
        except WorkbenchError as exc:
            version = self._masks(name, source)[1]
            self._post("fault", {"of": name, "source": source, "asked": at, "version": version, "what": exc.message})
            raise

    def send(self, name: str, source: str, at: int, width: int) -> None:
        """Send the frame shown at an instant: as recorded (``frame``), or with the masks laid on (``masked``)."""
        masks, version = self._masks(name, source)
        seen, told = self._view(source, at, masks, width)
        self._post(name, {**told, "version": version}, [seen.jpeg])

    def send_near(self, source: str, at: int, by: int, width: int) -> int | None:
        """Send the raw frame that is `by` frames from an instant as ``near``; its instant, None where none can be had.

        A VMS is asked only for what is looked at: of its cameras nothing is sent.
        """
        if isinstance(self._session.archive, RemoteArchive):
            return None
        try:
            found = self._session.eye.step(source, at, by, "frame")
            if found is None:
                return None
            seen, told = self._view(source, found, (), width)
        except WorkbenchError:
            return None
        self._post("near", {**told, "version": None, "from": at, "by": by}, [seen.jpeg])
        return found

    def send_pixels(self, name: str, source: str, at: int, area: list[int], of: list[int]) -> None:
        """Send a part of that frame in whole blocks, as PNG; all of it where the engine's grid cuts otherwise."""
        masks, version = self._masks(name, source)
        archive, when = self._session.archive, moment(at, self._session.brief(source).dated)
        box, whole, png = _blocks(area, of), [0, 0, *of], b""
        if box != whole:
            crop = Area(box[0] / of[0], box[1] / of[1], box[2] / of[0], box[3] / of[1])
            png = archive.frame(source, when, masks, crop).png()
        if box == whole or _size(png) != (box[2] - box[0], box[3] - box[1]):
            box, png = whole, archive.frame(source, when, masks).png()
        event = "pixels" if version is None else "masked_pixels"
        self._post(event, {"source": source, "asked": at, "version": version, "area": box}, [png])

    def pts_at(self, name: str, at: int) -> int | None:
        """PTS of the frame shown at an instant, None where the archive tells none (a VMS); raises what `frame` does."""
        if isinstance(self._session.archive, RemoteArchive):
            return None
        with self._lock:
            if (name, at) in self._pts:
                return self._pts[name, at]
        frame = self._session.eye.frame(name, moment(at, self._session.brief(name).dated))
        self._remember(name, at, pts := frame.pts if frame.file else None)
        return pts

    def _view(self, source: str, at: int, masks: tuple[Mask, ...], width: int) -> tuple[Seen, dict[str, Any]]:
        """The frame shown at an instant, and what the front is told of it."""
        when, width = moment(at, self._session.brief(source).dated), max(0, min(width, WIDEST))
        seen = self._session.eye.view(source, when, masks, width=width)
        told = frame_facts.facts(seen, frame_facts.times_of(self._session, source, seen.frame.instant))
        self._remember(source, at, seen.frame.pts if seen.frame.file else None)
        return seen, {**told, "source": source, "asked": at}

    def _masks(self, name: str, source: str) -> tuple[tuple[Mask, ...], int | None]:
        """What is to be laid on, and which version of it that is; nothing for the frame as recorded."""
        if name == "frame":
            return (), None
        with self._session.lock:
            look = self._session.state.look(source)
            return look.masks, self.version(source, look)

    def _remember(self, name: str, at: int, pts: int | None) -> None:
        with self._lock:
            self._pts.pop((name, at), None)
            self._pts[name, at] = pts
            while len(self._pts) > MOST_PTS:
                del self._pts[next(iter(self._pts))]


def _blocks(area: list[int], of: list[int]) -> list[int]:
    """The smallest area of whole blocks around another, within the picture."""
    low = [max(0, min(end - BLOCK, start // BLOCK * BLOCK)) for start, end in zip(area[:2], of, strict=True)]
    high = [min(end, -(-stop // BLOCK) * BLOCK) for stop, end in zip(area[2:], of, strict=True)]
    return [*low, *high]


def _size(png: bytes) -> tuple[int, int]:
    """Width and height by a PNG's first chunk."""
    wide, high = struct.unpack(">II", png[16:24])
    return wide, high
