"""Looking into a VMS's archive: intervals, the instants of its pictures, and one picture at a time.

Two traps of real servers are walked around: frame times are asked for in windows of minutes inside recorded stretches
(over a day, servers have answered with nothing), and the picture at an interval's first instant is asked for at the
instant of a picture, never at the interval's border. What comes is sorted here: servers differ.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.core.coverage import Coverage, Gap, Interval
from workbench.core.errors import Cancelled, NothingRecorded, RemoteError, SourceError
from workbench.core.geometry import Area
from workbench.core.spec import Mask
from workbench.core.timebase import SECOND, Range, instant, shown
from workbench.media.worker import Worker
from workbench.vms import paging
from workbench.vms.client import Client
from workbench.vms.wire.times import LATEST, resolve

WITNESS = "VMS intervals"
WINDOW = 600 * SECOND
"""Longest stretch that is asked for the times of its pictures at once."""
MOST_EMPTY = 500
"""Windows without a picture, one after the other, after which a server is not asked further."""
CUT = "the server's list of intervals was cut: what is recorded from {begin} to {end} is not known"
BACK = (2, 20, 200, 2000)
"""Seconds before an instant in which the picture shown then is looked for, window by window."""
LOOK_BACK = BACK[-1] * SECOND
THUMBNAIL_WIDTH = 320


@dataclass(frozen=True, slots=True)
class View:
    """One camera of one server, for looking."""

    client: Client
    camera: str
    archive: str | None = None

    def coverage(self, wanted: Range) -> Coverage:
        """What the VMS says is recorded in a stretch; its intervals are the witness."""
        if wanted.begin == wanted.end:
            wanted = Range(wanted.begin, wanted.end + 1)
        found = self.client.intervals(self.camera, wanted.begin, wanted.end, archive=self.archive)
        stretches = _joined(found.intervals, wanted)
        open_ = [(resolve(b, wanted.begin, wanted.end), resolve(e, wanted.begin, wanted.end)) for b, e in found.unknown]
        unknown = _without(_joined(open_, wanted), stretches)
        gaps = _without([(wanted.begin, wanted.end)], _joined([*stretches, *unknown], wanted))
        return Coverage(
            source=self.camera,
            dated=True,
            range=wanted,
            intervals=tuple(Interval(begin=begin, end=end, file="") for begin, end in stretches),
            gaps=tuple(Gap(begin=begin, end=end, witness=WITNESS) for begin, end in gaps),
            notes=tuple(CUT.format(begin=shown(b, True), end=shown(e, True)) for b, e in unknown),
        )

    def instants(
        self, wanted: Range, limit: int, newest_first: bool = False, cancel: threading.Event | None = None
    ) -> tuple[int, ...]:
        """When the pictures of a stretch are shown, in order; at most `limit`."""
        stretches = [Range(i.begin, i.end) for i in self.coverage(wanted).intervals] if wanted.seconds else []
        found: list[int] = []
        empty = 0
        for window in _windows(stretches, newest_first):
            if cancel is not None and cancel.is_set():
                raise Cancelled("it was cancelled while the times of pictures were read")
            more = self._window(window, limit - len(found), newest_first)
            found += more
            empty = 0 if more else empty + 1
            if len(found) >= limit:
                break
            if empty > MOST_EMPTY:
                raise RemoteError(
                    f"the server says that {self.camera} is recorded, and lists no picture for {empty} windows",
                    "Ask for a shorter stretch.",
                )
        return tuple(found[:limit])

    def _window(self, window: Range, limit: int, newest_first: bool) -> list[int]:
        """The instants of one window, in order; pages are asked for until it is through."""
        found: list[int] = []
        rest = window
        while len(found) < limit and rest.begin < rest.end:
            asked = min(limit - len(found), paging.LIMIT)
            page = self.client.frames(
                self.camera, rest.begin, rest.end, limit=asked, newest_first=newest_first, archive=self.archive
            )
            times = sorted({t for t in page.times if t in rest}, reverse=newest_first)
            found += times
            if not page.more and len(page.times) < asked:
                return found
            if not times:
                if page.more and not page.times:
                    raise RemoteError("the server says that there are more pictures, and names none", "Ask it again.")
                return found
            rest = Range(rest.begin, times[-1]) if newest_first else Range(times[-1] + 1, rest.end)
        return found

    def shown_at(self, when: int, around: Coverage | None = None) -> int:
        """Instant of the picture shown at `when`: the last one at or before it; NothingRecorded in a gap.

        `around` is what is recorded from `LOOK_BACK` before it on, where that is known already.
        """
        around = around or self.coverage(Range(when - LOOK_BACK, when + 1))
        held = next((i for i in reversed(around.intervals) if i.begin <= when < i.end), None)
        if held is None:
            raise NothingRecorded(
                f"{self.camera} shows no picture at {shown(when, True)}, according to the VMS's intervals"
                + "".join(f"; {note}" for note in around.notes),
                f"`workbench coverage` lists what {self.camera} holds.",
            )
        for seconds in BACK:
            begin = max(held.begin, when - seconds * SECOND)
            if found := self._window(Range(begin, when + 1), 1, newest_first=True):
                return found[0]
            if begin == held.begin:
                break
        raise NothingRecorded(f"the server lists no picture of {self.camera} at or before {shown(when, True)}")

    def until(self, us: int) -> int:
        """Instant at which the next picture follows; a second later where none is listed."""
        later = self._window(Range(us + 1, min(LATEST, us + SECOND)), 1, newest_first=False)
        return later[0] if later else us + SECOND

    def picture(self, us: int, width: int = 0) -> bytes:
        """The picture at the very instant of a picture, as the server codes it (JPEG)."""
        try:
            return self.client.picture(self.camera, us, width=width, archive=self.archive)
        except NothingRecorded:  # where a server lists milliseconds and keeps more digits, it lies within one behind
            return self.client.picture(self.camera, us, threshold_ms=1, width=width, archive=self.archive)


def _windows(stretches: Sequence[Range], newest_first: bool) -> Iterator[Range]:
    """Stretches in pieces that a server answers for, in the order asked for."""
    for stretch in reversed(stretches) if newest_first else stretches:
        count = -(-(stretch.end - stretch.begin) // WINDOW)
        for number in range(count - 1, -1, -1) if newest_first else range(count):
            at = stretch.begin + number * WINDOW
            yield Range(at, min(stretch.end, at + WINDOW))


def _joined(stretches: Sequence[tuple[int, int]], wanted: Range) -> list[tuple[int, int]]:
    """Stretches inside `wanted`, rising, none touching the next."""
    out: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        begin, end = max(begin, wanted.begin), min(end, wanted.end)
        if begin >= end:
            continue
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((begin, end))
    return out


def _without(stretches: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of rising stretches lies outside of other rising ones."""
    out = []
    for begin, end in stretches:
        for low, high in (*((b, e) for b, e in taken if b < end and e > begin), (end, end)):
            if begin < low:
                out.append((begin, low))
            begin = max(begin, high)
    return out


@dataclass(frozen=True, slots=True)
class TimedMask:
    """A mask with its range, and the instants of its keys, on the camera's time line."""

    mask: Mask
    begin: int | None
    end: int | None
    keys: tuple[int, ...]

    def look(self) -> dict[str, Any]:
        """The mask as the worker's jobs for single pictures take it."""
        return {"mask": self.mask.to_json(), "range": [self.begin, self.end], "keys": list(self.keys)}

    def dated(self) -> Mask:
        """The mask with its times as instants: on a master, offsets would count from another picture.

        Its keys name no PTS: those are the recordings' own, and a master counts otherwise.
        """
        begin, end = (None if us is None else instant(us) for us in (self.begin, self.end))
        keys = [replace(key, at=instant(us), pts=None) for key, us in zip(self.mask.keys, self.keys, strict=True)]
        return replace(self.mask, begin=begin, end=end, keys=tuple(keys))


@dataclass(frozen=True, slots=True)
class Finish:
    """Masks and crop for pictures that came from a server, laid on in the worker."""

    worker: Worker
    masks: Sequence[TimedMask]
    crop: Area | None

    @property
    def plain(self) -> bool:
        """Whether pictures stay as they came."""
        return not self.masks and self.crop is None

    @property
    def timed(self) -> bool:
        """Whether it matters how long a picture is shown."""
        return any((one.begin, one.end) != (None, None) for one in self.masks)

    def renderer(self, jpeg: bytes, us: int, until: int) -> Callable[[str, int], bytes]:
        """(``png``, ``jpeg`` or ``small``, quality) → the picture; the server's own JPEG where nothing changes it."""

        def render(form: str, quality: int) -> bytes:
            if self.plain and form == "jpeg" and quality == 0:
                return jpeg
            job = {**self._job(), "us": us, "until": until, "form": form, "quality": quality}
            with TemporaryDirectory(prefix="workbench-") as folder:
                path = Path(folder) / "picture.jpg"
                try:
                    path.write_bytes(jpeg)
                except OSError as exc:
                    raise SourceError(f"the picture cannot be kept: {exc.strerror or exc}", "Free some space.") from exc
                return self.worker.call("received_picture", {**job, "path": str(path)}).blobs[0]

        return render

    def _job(self) -> dict[str, Any]:
        return {
            "masks": [one.look() for one in self.masks],
            "crop": None if self.crop is None else self.crop.corners(),
        }


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height that a JPEG's frame header states (ITU-T T.81, B.2.2); RemoteError where it states none."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            high, wide = int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
            if wide and high:
                return wide, high
            break
        at += 1 if marker == 0xFF else 2 + max(2, length)
    raise RemoteError("what the server sent as a picture is no JPEG", "Ask for another instant.")
