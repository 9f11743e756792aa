"""What the worker process can be asked to do: one verb a function, plain data in, plain data and bytes out.

index     read a recording once and store its index          plan      say how an export would be made
export    make the files of a plan                            frames    find the pictures shown at some instants
picture   render one picture as PNG or JPEG
snapshot  one exact frame as PNG with every fact about it    rebuild   the same facts again, from recording and PTS
annotate  a marked copy of a snapshot                         describe  what a recording says of itself
contents  pictures, streams and words of a finished file
prove     an export's claims, held against its recordings    same_frames  do two files show the same pictures?
pixels    the digest of a PNG's pixels                        damage    does a recording decode the same way twice?
instants  when the pictures of a stretch are shown           received  what a file from a server holds
received_picture  a JPEG from a server, masked and cropped
view      the exact picture at an instant, for eyes           keys      when key pictures of a stretch are shown
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkError
from workbench.media import (
    contents,
    describe,
    frames,
    index,
    instants,
    keys,
    marks,
    planner,
    prove,
    received,
    sameness,
    snapshot,
    steadiness,
    viewing,
)
from workbench.media.exporting import export
from workbench.media.quiet import silence

Report = Callable[[dict[str, Any]], None]
Answer = tuple[dict[str, Any], list[bytes]]

silence()


def make_index(job: dict[str, Any], report: Report) -> Answer:
    """Index the recording at ``path`` and store it at ``index``."""
    made = index.scan(Path(job["path"]), report)
    place = Path(job["index"])
    try:
        keys.save(made, place)
        index.save(made, place)
    except OSError as exc:
        reason = f"the index cannot be kept in the cache: {place.parent}: {exc.strerror or exc}"
        raise WorkError(reason, "Set WORKBENCH_CACHE to a folder that can be written to.") from exc
    return {"frames": len(made.rows)}, []


def make_plan(job: dict[str, Any], report: Report) -> Answer:
    """See `planner.plan`."""
    return {"plan": planner.plan(job).to_data()}, []


def make_export(job: dict[str, Any], report: Report) -> Answer:
    """See `exporting.export`."""
    return {"result": export(job, report)}, []


VERBS: dict[str, Callable[[dict[str, Any], Report], Answer]] = {
    "index": make_index,
    "plan": make_plan,
    "export": make_export,
    "frames": frames.find,
    "picture": frames.render,
    "snapshot": snapshot.snapshot,
    "rebuild": snapshot.rebuild,
    "annotate": marks.annotate,
    "contents": contents.contents,
    "describe": describe.describe,
    "prove": prove.prove,
    "same_frames": prove.same_frames,
    "pixels": sameness.pixels,
    "damage": steadiness.damage,
    "instants": instants.instants,
    "received": received.received,
    "received_picture": received.received_picture,
    "view": viewing.view,
    "keys": instants.key_instants,
}
