"""Figure 3's machinery: a real kernel that works for a person and is killed; what it had acknowledged is the truth.

    blow = Blow(folder, seconds=1.3)         # a kernel that draws, writes, comments and exports until `kill -9`
    blow.strike()
    blow.found()                             # what a new session on the case does not have; empty where all is there

The kernel does one thing after another through the views' own verbs, and tells each one when it had been answered: what
a page shows as saved at that moment. Nothing is told before it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from workbench import Case
from workbench.widgets import Workbench

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import random, json
from workbench.widgets import Workbench
bench = Workbench({archive!r}, case={case!r}, examiner="A. Berg", packages={packages!r})
s, rng = bench.session, random.Random({seed})
s.choose("entrance")
first = s.source("entrance").first
s.set(begin=first + 43_000_000, end=first + 46_000_000, at=first + 44_000_000)

def told(**what):
    with s.lock:  # which whoever saves holds
        assert s.saved
    print("ACK " + json.dumps(what), flush=True)

told(do="open")
"""
WORK = """
import time
done = set()
for n in range(10_000):
    do = rng.choice(["draw", "draw", "mask", "text", "comment", "export", "snapshot", "time"])
    if do == "draw":
        points = [[rng.random(), rng.random()] for _ in range(rng.randrange(1, 6))]
        bench.frame.on_drawing(points)
        told(do=do, points=points)
    elif do == "mask":
        bench.frame.on_drawing([[0.1, 0.1], [0.2 + rng.random() / 2, 0.1], [0.1, 0.2 + rng.random() / 2]])
        bench.frame.on_close_polygon()
        told(do=do, count=len(s.look.masks), points=[list(p) for p in s.look.masks[-1].points])
    elif do == "text":
        words = f"half a thou {n}"
        bench.evidence.on_text("comment:", words)
        told(do=do, words=words)
    elif do == "comment":
        name = bench.evidence.on_comment(f"comment {n}")
        told(do=do, id=name, words=f"comment {n}")
    elif do == "export" and sum(job.state in ("waiting", "running") for job in s.jobs) < 3:
        (name,) = bench.export.on_run(["entrance"])
        told(do=do, id=name)
    elif do == "snapshot" and n % 3 == 0:
        name = bench.evidence.on_snapshot("", f"shot {n}", "it shows nobody")
        told(do=do, id=name, caption=f"shot {n}")
    elif do == "time":
        at = first + 43_000_000 + rng.randrange(0, 75) * 40_000
        s.set(at=at)
        told(do=do, at=at)
    time.sleep(0.005)
    for job in s.jobs:
        if job.state == "done" and s.saved and job.id not in done and any(
            note["id"] == job.id and note["state"] == "done" for note in s.state.jobs
        ):
            done.add(job.id)
            told(do="done", id=job.id, export=job.record.id)
"""


@dataclass
class Blow:
    """One kernel, killed `seconds` after it had begun to work."""

    folder: Path
    seconds: float
    seed: int
    archive: Path
    acknowledged: list[dict[str, Any]] = field(default_factory=list)

    def strike(self) -> None:
        """Start a kernel, let it work, kill it without a word, and collect what it had told."""
        manager = KernelManager(kernel_name="python3")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "WORKBENCH_CACHE": str(self.folder.parent / "cache")}
        manager.start_kernel(env=environment, cwd=str(ROOT))
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            places = {"archive": str(self.archive), "case": str(self.case), "packages": str(self.folder / "out")}
            client.execute(OPEN.format(**places, seed=self.seed))
            self._until(client, lambda: bool(self.acknowledged), 60)
            client.execute(WORK)
            self._until(client, lambda: False, self.seconds)
            assert manager.provisioner is not None and manager.provisioner.pid
            os.kill(manager.provisioner.pid, signal.SIGKILL)
            self._until(client, lambda: False, 0.5)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)

    @property
    def case(self) -> Path:
        """The case that it works on."""
        return self.folder / "case"

    def found(self) -> list[str]:
        """What was acknowledged and is not there, and what is there and is not true."""
        page = Workbench(case=self.case)
        try:
            return [*self._lost(page), *self._untrue(page), *self._half()]
        finally:
            page.close()

    def _until(self, client: Any, fact: Any, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not fact() and (left := ends - time.monotonic()) > 0:
            try:
                message = client.get_iopub_msg(timeout=left)
            except queue.Empty:
                continue
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "stream":
                lines = [line for line in message["content"]["text"].splitlines() if line.startswith("ACK ")]
                self.acknowledged += [json.loads(line[4:]) for line in lines if line.endswith("}")]

    def _last(self, do: str) -> dict[str, Any] | None:
        return next((one for one in reversed(self.acknowledged) if one["do"] == do), None)

    def _lost(self, page: Workbench) -> list[str]:
        state, case = page.session.state, page.case
        assert case is not None
        lost = []
        comments = {c.id: c.text for c in case.state.comments}
        shots = {s.id: s.caption for s in case.state.snapshots}
        for one in self.acknowledged:
            if one["do"] == "comment" and comments.get(one["id"]) != one["words"]:
                lost.append(f"comment {one}")
            if one["do"] == "snapshot" and shots.get(one["id"]) != one["caption"]:
                lost.append(f"snapshot {one}")
            if one["do"] == "done" and one["export"] not in {export.id for export in case.state.exports}:
                lost.append(f"export {one}")
            if one["do"] == "export" and not any(note["id"] == one["id"] for note in state.jobs):
                lost.append(f"job {one}")
        if state.sources != ("entrance",):
            lost.append(f"cameras {state.sources}")
        return [*lost, *self._lost_drawing(page)]

    def _lost_drawing(self, page: Workbench) -> list[str]:
        """The last that was told of each kind, or what was done after it and could not be told any more."""
        masks, lost = page.session.look.masks, []
        if (told := self._last("mask")) is not None:
            kept = len(masks) >= told["count"]
            if not kept or [list(p) for p in masks[told["count"] - 1].points] != told["points"]:
                lost.append(f"mask {told}, found {len(masks)}")
        if (told := self._last("text")) is not None:
            words = page.session.state.texts.get("comment:", "")
            later = words.startswith("half a thou") and int(words.split()[-1]) >= int(told["words"].split()[-1])
            commented = self.acknowledged.index(told) < max(
                (n for n, one in enumerate(self.acknowledged) if one["do"] == "comment"), default=-1
            )
            if not later and not commented and words:
                lost.append(f"text {told}, found {words!r}")
        return lost

    def _untrue(self, page: Workbench) -> list[str]:
        """Jobs whose state is not what the case and the disk say."""
        assert page.case is not None
        made = {export.id for export in page.case.state.exports}
        wrong = []
        for note in page.session.state.jobs:
            if note["state"] not in ("done", "failed", "cancelled", "interrupted"):
                wrong.append(f"{note['id']} is {note['state']} though its kernel is dead")
            if (note["state"] == "done") != bool(note["export"] in made):
                wrong.append(f"{note['id']} is {note['state']} with export {note['export']!r} of {made}")
        claimed = [note["export"] for note in page.session.state.jobs if note["export"]]
        return [*wrong, *(f"{name} belongs to no job" for name in made - set(claimed))]

    def _half(self) -> list[str]:
        """Files under final names that the log does not know, unless an export is whole, and half written memories.

        Between the names of an export's files and its entry in the log a kernel may die: then all of them are there,
        each as the record says, and the job is told as interrupted.
        """
        case = Case.open(self.case)
        known = {file.path for export in case.state.exports for file in (*export.files, export.record)}
        half = [str(p.name) for p in self.case.glob(".session.json.*")]
        for path in (self.case / "exports").rglob("*"):
            inside = path.relative_to(self.case).as_posix()
            if path.is_file() and inside not in known and ".part/" not in inside and not _whole(path.parent):
                half.append(inside)
        failed = [f.file or f.check for f in case.check() if f.verdict.value == "failed"]
        return [f"half: {name}" for name in half] + [f"check: {name}" for name in failed]


def _whole(folder: Path) -> bool:
    """Whether an export's folder holds its record, every file that it names with its digest, and nothing else."""
    records = list(folder.glob("*.json"))
    if len(records) != 1:
        return False
    told = json.loads(records[0].read_text("utf-8"))
    named = {
        file["path"]: file["sha256"] for file in (*told["files"], *told["sidecars"]) if file["path"] != records[0].name
    }
    held = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path != records[0]}
    return named == held


def moments(count: int, seed: int) -> list[float]:
    """When to kill, in seconds after the work began."""
    rng = random.Random(seed)
    return [round(rng.uniform(0.05, 4.0), 3) for _ in range(count)]
