"""Made-up recordings: indexes laid down row by row, with no file behind them.

    recording = made_up([Group(), Group(entry=Entry.CRA, leading=2)])     # two groups of pictures, reordered
    places = job([recording], spec, 0, 1_000_000, folder)                 # what the planner takes

A group's rows stand in decode order: its first picture, the leading ones (shown before it), then runs of one
picture and the `between` pictures that are shown before that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.spec import ExportSpec
from workbench.media.access import Entry
from workbench.media.index import KEY, ROW, VideoIndex, save
from workbench.media.probe import VideoFacts
from workbench.media.recording import Recording

TICK = Fraction(1, 1000)
STEP = 40
"""Ticks from one picture to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of pictures."""

    runs: int = 4
    """Pictures that others are shown before."""
    between: int = 2
    """How many are shown before each of them."""
    entry: Entry = Entry.CLOSED
    leading: int = 0
    config: int = 0


def facts(**changes: Any) -> VideoFacts:
    """The headers of a plain H.264 recording."""
    plain = VideoFacts(
        container="mov,mp4,m4a,3gp,3g2,mj2",
        stream_id=1,
        tag="avc1",
        codec="h264",
        width=160,
        height=120,
        pix_fmt="yuv420p",
        time_base=TICK,
        rate=Fraction(25),
        sample_aspect_ratio=None,
        field_order="progressive",
        color=(0, 2, 2, 2),
        extradata=b"sets",
        declared_frames=0,
        declared_seconds=None,
        audio=(),
        created=None,
    )
    return replace(plain, **changes)


def rows_of(groups: Sequence[Group]) -> np.ndarray:
    """Index rows in decode order, one picture each 40 ticks."""
    out: list[tuple[int, Entry, int, int]] = []
    shown = 0
    for group in groups:
        out.append((shown + group.leading, group.entry, KEY, group.config))
        out += [(shown + i, Entry.NONE, 0, group.config) for i in range(group.leading)]
        shown += group.leading + 1
        for _ in range(group.runs):
            out.append((shown + group.between, Entry.NONE, 0, group.config))
            out += [(shown + i, Entry.NONE, 0, group.config) for i in range(group.between)]
            shown += group.between + 1
    rows = np.zeros(len(out), ROW)
    for at, (place, entry, flags, config) in enumerate(out):
        rows[at] = (place * STEP, at * STEP, at * 100, 90, int(entry), flags, config)
    return rows


def index_of(rows: np.ndarray, **changes: Any) -> VideoIndex:
    """An index over `rows`."""
    given = dict(changes)
    about = given.pop("facts", facts())
    configs = tuple(b"sets%d" % i for i in range(int(rows["config"].max()) + 1)) if len(rows) else (b"",)
    plain = VideoIndex(
        facts=about,
        rows=rows,
        timing="container",
        time_base=about.time_base,
        rotation=0,
        tail=STEP,
        losses=(),
        configs=configs,
        size=1,
    )
    return replace(plain, **given)


def made_up(
    groups: Sequence[Group], *, flags: dict[int, int] | None = None, zero: int = 0, name: str = "a.mp4", **changes: Any
) -> Recording:
    """A recording of `groups`; `flags` are added to rows by number, `changes` go to the index."""
    rows = rows_of(groups)
    for row, more in (flags or {}).items():
        rows["flags"][row] |= more
    return Recording(name, Path(name), index_of(rows, **changes), zero)


def job(
    recordings: Sequence[Recording],
    spec: ExportSpec,
    begin: int,
    end: int,
    folder: Path,
    *,
    used_from: Sequence[int] = (),
    mask_ranges: Sequence[tuple[int | None, int | None]] = (),
    gaps: Sequence[tuple[int, int, str]] = (),
) -> dict[str, Any]:
    """The planner's job for a range on the time line; indexes are stored in `folder`."""
    places = []
    for number, recording in enumerate(recordings):
        save(recording.index, folder / str(number))
        places.append(
            {
                "name": recording.name,
                "path": str(recording.path),
                "index": str(folder / str(number)),
                "start": recording.zero,
                "used_from": used_from[number] if used_from else recording.zero,
            }
        )
    return {
        "spec": spec.to_json(),
        "begin": begin,
        "end": end,
        "dated": False,
        "zone": "UTC",
        "camera": "cam",
        "mask_ranges": [list(m) for m in mask_ranges],
        "gaps": [list(g) for g in gaps],
        "places": places,
    }
