"""`Archive`: where footage lives. Local folders and remote servers answer the same questions.

Contract, held by one test on every implementation: nothing is written to the footage; times are microseconds on the
source's own time line (UTC where dated, from the first frame where not); ranges are half-open; what an archive cannot
do is said in the plan, before anything runs; only `WorkbenchError`s leave a method.
"""

from __future__ import annotations

import sys
import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from workbench.archives.stepping import Unit
from workbench.archives.unchanged import State
from workbench.core.coverage import Coverage, Source
from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.overview import Overview
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, Progress
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Moment

OnProgress = Callable[[Progress], None]
MOST_INSTANTS = 10_000_000


def check_limit(limit: int) -> None:
    """RequestError unless `limit` is a number of instants that can be asked for."""
    if not 1 <= limit <= MOST_INSTANTS:
        raise RequestError("limit", f"{limit} is not a number of pictures from 1 to {MOST_INSTANTS}")


def numbers(blob: bytes) -> tuple[int, ...]:
    """The little-endian 64-bit numbers that the worker answers with."""
    held = array("q", blob)
    if sys.byteorder == "big":
        held.byteswap()
    return tuple(held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One exact picture; `png` and `jpeg` render it, upright, with masks and crop applied first."""

    source: str
    file: str
    """Recording it comes from, relative to the archive."""
    instant: int
    """Microseconds on the source's time line."""
    pts: int
    time_base: Fraction
    dated: bool
    render: Callable[[str, int], bytes]
    """(``png`` or ``jpeg``, quality 0–6) → encoded picture."""

    def png(self) -> bytes:
        """The picture as lossless PNG."""
        return self.render("png", 0)

    def jpeg(self, quality: int = 0) -> bytes:
        """The picture as JPEG, quality 0 (best) to 6."""
        return self.render("jpeg", quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One exact picture for eyes: a JPEG with square pixels, masks and crop applied, and what it shows."""

    frame: Frame
    jpeg: bytes
    width: int
    """Of the JPEG, in pixels."""
    height: int
    of: tuple[int, int]
    """Width and height of the whole picture as it is shown."""
    key: bool | None
    """Whether decoding may begin at it; None where nobody says."""
    picture_type: str
    """``I``, ``P``, ``B``, or ``?`` where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One exact frame as evidence: the finished PNG, and how it came from which bytes of which recording."""

    source: str
    file: str
    """Recording it comes from, relative to the archive."""
    file_sha256: str
    """Of the recording, in the state in which the frame was read."""
    stream: int
    """Index of the video stream in the recording."""
    pts: int
    time_base: Fraction
    rank: int
    """Display frame number, from 0 at the first picture the recording shows."""
    picture_type: str
    """``I``, ``P``, ``B``, or ``?`` where the decoder does not say."""
    instant: int
    """Microseconds on the source's time line."""
    dated: bool
    frame_sha256: str
    """Of the decoded frame before anything was done to it: planes in order, rows without padding."""
    pixel_format: str
    png: bytes
    rgb_sha256: str
    """Of the pixels read back from `png`: RGB, 8 bits, rows from the top."""
    width: int
    height: int
    masks: tuple[Mask, ...]
    """What was painted: the masks in force at this frame, their time range taken off."""
    crop: Area | None
    transforms: tuple[str, ...]
    """Everything that was done to the decoded frame, in order, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One recording of a source: what it says of itself, and where it can be read."""

    file: str
    """Relative to the archive."""
    path: Path
    """Where it lies on this machine, for hashing; never written down."""
    facts: dict[str, Any]
    """Plain values by name, None where unknown (`media.describe`); empty for a recording that cannot be read."""
    losses: tuple[str, ...]
    """What its witnesses say is damaged or missing, in words."""
    state: State | None
    """State of the file before it was looked into (`unchanged.state_of`); None where there is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All recordings of a source, the unreadable ones too, and what else decides their times."""

    source: Source
    recordings: tuple[Recorded, ...]
    """In the order of `Source.files`."""
    archive: str
    """The archive folder's name, not its path; or the server's URL without the user."""
    config: Path | None
    """The archive.toml in force, None where there is none; never written down."""


class Archive(Protocol):
    """See the module's contract."""

    @property
    def knows_keys(self) -> bool:
        """Whether it can tell key pictures: `keys`, and `step` by ``key``."""

    def sources(self) -> tuple[Source, ...]:
        """The cameras it holds, by id."""

    def source(self, source: str) -> Source:
        """One of its cameras. Raises SourceError for a source that is not there."""

    def describe(self, source: str) -> Description:
        """Everything that the recordings of a source tell about themselves. Raises SourceError."""

    def coverage(self, source: str, within: tuple[Moment | None, Moment | None] | None = None) -> Coverage:
        """What is recorded of a source and what is missing; all of it where `within` is None.

        Raises SourceError for a source that is not there.
        """

    def overview(
        self, source: str, within: tuple[Moment | None, Moment | None] | None = None, *, most: int = 2000
    ) -> Overview:
        """What is recorded of a source, coarsely: holes shorter than 1/`most` of the range are drawn over and counted.

        Every file is looked at. SourceError for a source that is not there.
        """

    def overviews(
        self,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        most: int = 2000,
        checked: bool = False,
        sources: Sequence[str] | None = None,
    ) -> tuple[Overview, ...]:
        """The same of all sources, by id; `checked` False allows answers from what is known, and they say so.

        With `sources`, of these alone, in their order; what a source says of itself (`first`, `last`, zone) may then be
        left out. A source that cannot be asked for `within`, or is not there, has an empty range, no stretches, and a
        note that says why.
        """

    def instants(
        self,
        source: str,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        limit: int = 10_000,
        newest_first: bool = False,
    ) -> tuple[int, ...]:
        """When the pictures of a range are shown, on the source's time line, in order; at most `limit` of them.

        SourceError for a source that is not there.
        """

    def frame(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Frame:
        """The frame shown at an instant: the last with time <= `at`. NothingRecorded inside a gap."""

    def view(
        self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None, *, width: int = 0
    ) -> Seen:
        """The frame shown at an instant, for eyes: quick when stepping; no wider than `width` (0: whole).

        Raises what `frame` raises.
        """

    def step(self, source: str, at: Moment | int, by: int, unit: Unit) -> int | None:
        """The instant of the picture `by` units behind (before, where negative) the one shown at `at`.

        Units are ``frame``, ``second``, ``key`` (key picture) and ``gap`` (edge of a gap); an int `at` is
        microseconds on the time line. Where fewer follow, the last of them; None where nothing does. RequestError
        for a unit that means nothing here (``key`` where the archive does not know).
        """

    def keys(
        self, source: str, within: tuple[Moment, Moment], *, limit: int = 1000, newest_first: bool = False
    ) -> tuple[int, ...]:
        """When the key pictures of a range are shown; SourceError where this archive does not know."""

    def snapshot(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Snapshot:
        """The frame shown at an instant, as evidence; the recording is hashed. Raises what `frame` raises."""

    def thumbnails(
        self,
        source: str,
        begin: Moment | None,
        end: Moment | None,
        n: int,
        masks: tuple[Mask, ...] = (),
        crop: Area | None = None,
    ) -> list[Frame]:
        """Up to `n` small pictures spread over a range, fewer where nothing is recorded; each says its own instant."""

    def plan(self, spec: ExportSpec) -> ExportPlan:
        """What carrying out `spec` would do; nothing is written. RequestError, SourceError or NothingRecorded."""

    def run(
        self,
        plan: ExportPlan,
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Carry out a plan of this archive, into the folder `out`. WorkError or Cancelled; nothing half is left."""

    def close(self) -> None:
        """Let go of processes and connections; the archive can be used again."""
