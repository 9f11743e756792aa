"""`workbench demo`: the whole way, on the real recordings that come along, into a folder of its own.

It lists the archive, shows a gap, and makes one export of every kind: a lossless exact cut across the gap, the
same cut at key frames, a mask on part of a range, and each format with crop, mask and comment. For each it tells
what was asked, what was delivered, the hashes, the ledger and the time taken. Then `demo_evidence` keeps a case,
reports on it, seals it and verifies it, and `demo_remote` makes the first export over HTTP too. The footage is hashed
before and after. Nothing is ever overwritten: a folder that holds something already gets a fresh one inside it.

    document = run(None, print)         # ./out/demo-20260301T100000
    document["outputs"][0]["sha256"]
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import cli_show as show
from workbench import demo_evidence, demo_remote
from workbench.archives.local import LocalArchive
from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.core.geometry import Area
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset, parse_time
from workbench.export import plan_export, run_export

Report = Callable[[str], None]
Document = dict[str, Any]

RECORDINGS = Path("notebooks") / "recordings"
ENVIRONMENT = "WORKBENCH_RECORDINGS"
"""Names a copy of the recordings where they are not in a clone."""
HEAD = (
    *((0.55, 0.0), (0.67, 0.0), (0.71, 0.1), (0.71, 0.28)),
    *((0.66, 0.36), (0.54, 0.36), (0.5, 0.28), (0.5, 0.1)),
)
"""Where the heads are in the pictures of the demo's cameras."""
CROP = Area(0.35, 0.0, 0.95, 1.0)
COMMENT = "Дело 17/2026 – a passer-by is covered"


@dataclass(frozen=True, slots=True)
class Step:
    """One export of the demo: what it shows, and its request."""

    title: str
    folder: str
    spec: ExportSpec


def run(out: Path | None, report: Report, recordings: Path | None = None) -> Document:
    """Make every export and tell about it line by line; returns what ``workbench demo --json`` prints.

    `out` None makes ``./out/demo-<time>``. Raises SourceError where the recordings are not found.
    """
    began = time.monotonic()
    footage = find_recordings(recordings)
    before = _hashes(footage)
    folder = fresh_folder(out)
    archive = LocalArchive(footage)
    try:
        _tell_archive(archive, report)
        done = [_export(archive, step, folder, n, report) for n, step in enumerate(STEPS, 1)]
        refused = _refusal(archive, folder, report)
        evidence = demo_evidence.run(archive, (STEPS[2].spec, STEPS[5].spec), folder, report)
        remote = demo_remote.run(archive, STEPS[0].spec, SOFT, folder, report)
    finally:
        archive.close()
    unchanged = _hashes(footage) == before
    seconds = round(time.monotonic() - began, 3)
    outputs = [output for step in done for output in step.pop("outputs")]
    _tell_end(folder, len(outputs), len(before), unchanged, seconds, report)
    command = open_command(folder, footage)
    report("")
    report("To open the workbench in the browser, over the same recordings and a new case:")
    report(f"   {command}")
    return {
        "out": str(folder),
        "recordings": str(footage),
        "outputs": outputs,
        "steps": done,
        "refused": refused,
        **evidence,
        **remote,
        "footage": {"unchanged": unchanged, "files": before},
        "seconds": seconds,
        "open": command,
    }


def find_recordings(given: Path | None = None) -> Path:
    """The folder of the demo's recordings: `given`, else ``$WORKBENCH_RECORDINGS``, else the clone's own."""
    named = given or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    places = [named] if named else [Path(__file__).resolve().parents[1] / RECORDINGS, Path.cwd() / RECORDINGS]
    for place in places:
        if (place / "archive.toml").is_file():
            return place
    raise SourceError(
        f"the demo's recordings are not in {' or '.join(map(str, places))}",
        f"Run it inside a clone (python3 run.py demo), or set {ENVIRONMENT} to a copy of {RECORDINGS.as_posix()}.",
    )


def fresh_folder(out: Path | None) -> Path:
    """`out` where it is new or empty, else a dated folder in it (or in ``./out``) that nobody has used yet."""
    if out is not None and not (out.exists() and any(out.iterdir())):
        out.mkdir(parents=True, exist_ok=True)
        return out.resolve()
    base = (out or Path("out")).resolve()
    name = f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for number in range(1, 1000):
        folder = base / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise WorkError(f"no free name for a folder in {base}", "Choose another one with --out.")


def _at(clock: str) -> datetime:
    moment = parse_time(f"2026-03-01T{clock}Z", "demo")
    assert isinstance(moment, datetime)
    return moment


def _whole_range(source: str, **more: Any) -> ExportSpec:
    """From the middle of a group of pictures, over two files and the gap, to the middle of a group."""
    return ExportSpec(source=source, begin=_at("10:00:22.3"), end=_at("10:01:37.45"), **more)


def _disclosed(source: str, form: Any, begin: float, end: float) -> ExportSpec:
    """Cropped, masked and commented, `begin` to `end` seconds from the source's first picture."""
    mask = Mask(points=HEAD, reason="passer-by")
    return ExportSpec(
        source=source, begin=Offset(round(begin * 1e6)), end=Offset(round(end * 1e6)), format=form,
        crop=CROP, masks=(mask,), comment=COMMENT, stamp_format="%Y-%b-%d %H:%M:%S %Q", text_color="#ffe000",
    )  # fmt: skip


PARTLY = Mask(points=HEAD, begin=_at("10:00:43"), end=_at("10:00:48"), reason="passer-by")
SOFT = replace(PARTLY, style="pixelate")
"""Beyond the API: the remote part of the demo fetches the master and lays it on here."""
STEPS = (
    Step("an exact cut across a gap, lossless where possible", "1-exact", _whole_range("entrance", format="mp4")),
    Step("the same cut at key frames", "2-keyframe", _whole_range("entrance", format="mkv", cut="keyframe")),
    Step(
        "a mask on five seconds of it", "3-masked-part",
        _whole_range("entrance", format="mp4", masks=(PARTLY,), comment=COMMENT),
    ),
    Step("crop, mask, comment: mp4 (with sound)", "4-mp4", _disclosed("counter", "mp4", 1.0, 8.0)),
    Step("crop, mask, comment: mkv (H.265)", "5-mkv", _disclosed("back-door_20260301100008.mp4", "mkv", 1.25, 6.0)),
    Step("crop, mask, comment: avi (variable rate)", "6-avi", _disclosed("corridor", "avi", 1.0, 6.0)),
    Step("crop, mask, comment: one frame as jpg", "7-jpg", _disclosed("entrance", "jpg", 43.05, 43.05)),
    Step("crop, mask, comment: one frame on a pdf page", "8-pdf", _disclosed("entrance", "pdf", 43.05, 43.05)),
)  # fmt: skip


def _tell_archive(archive: LocalArchive, report: Report) -> None:
    report(f"The archive: {archive.folder} (reading it for the first time takes a few seconds)")
    for line in show.sources({"sources": [source.to_json() for source in archive.sources()]}):
        report(f"  {line}")
    report("What the camera «entrance» holds:")
    for line in show.coverage(archive.coverage("entrance").to_json()):
        report(f"  {line}")


def _export(archive: LocalArchive, step: Step, folder: Path, number: int, report: Report) -> Document:
    report("")
    report(f"{number}. {step.title}: {step.spec.source} → {step.spec.format}")
    began, bar = time.monotonic(), show.Bar(sys.stderr)
    try:
        plan = plan_export(step.spec, archive)
        result = run_export(plan, archive, folder / step.folder, on_progress=bar)
    finally:
        bar.clear()
    seconds = round(time.monotonic() - began, 3)
    document = result.to_json()
    for line in _lines(plan, result, document):
        report(f"   {line}")
    report(f"   took       {seconds:.2f} s")
    return {
        "title": step.title,
        "asked": {key: document["plan"][key] for key in ("begin", "end")},
        "delivered": _delivered(plan, result),
        "ledger": document["ledger"],
        "fields": [field for field in document["plan"]["fields"] if field["how"] != "exact"],
        "gaps": document["gaps"],
        "warnings": document["warnings"],
        "sources": document["sources"],
        "seconds": seconds,
        "outputs": [{**file, "step": number} for file in (*document["files"], *document["sidecars"])],
    }


def _lines(plan: ExportPlan, result: ExportResult, document: Document) -> Iterator[str]:
    """One export for people: asked, planned, delivered, proven."""
    yield f"asked      {document['plan']['begin']} … {document['plan']['end']}"
    for segment in document["plan"]["segments"]:
        yield f"plan       {segment['mode']:<6} {segment['frames']:>4} frames: {segment['reason']}"
    for file in document["files"]:
        yield f"file       {file['path']}"
        yield f"sha-256    {file['sha256']} ({file['size']} bytes)"
        yield f"delivered  {file['first']} … {file['last']}"
        yield f"           {file['frames_shown']} frames shown, {file['frames_contained']} contained"
        yield from (f"checked    {check}" for check in file["checks"] or ("nothing: not checked",))
    yield f"in range   {_delivered(plan, result)['words']}"
    yield from (f"from       {source['file']} (sha-256 {source['sha256']})" for source in document["sources"])
    yield from (f"beside     {side['path']} (sha-256 {side['sha256']})" for side in document["sidecars"])
    yield "ledger     " + ", ".join(f"{count} {fate}" for fate, count in document["ledger"].items())
    for field in document["plan"]["fields"]:
        if field["how"] != "exact":
            yield f"not exact  {field['field']}: {field['how']}, {field['note']}"
    yield from (f"gap        {gap['begin']} … {gap['end']} ({gap['seconds']:.3f} s)" for gap in document["gaps"])
    yield from (f"warning    {warning}" for warning in document["warnings"])


def _delivered(plan: ExportPlan, result: ExportResult) -> Document:
    """What the ledger accounts for against what the files were measured to show and to contain."""
    shown = sum(file.frames_shown or 0 for file in result.files)
    contained = sum(file.frames_contained or 0 for file in result.files)
    held = sum(result.ledger.to_json().values())
    in_range = held - plan.extra_frames
    words = f"{in_range} source frames in the range, {shown} delivered"
    if plan.extra_frames:
        words += f": {plan.extra_frames} of them lie outside the range (cut=keyframe)"
    return {
        "source_frames": in_range,
        "frames_shown": shown,
        "frames_contained": contained,
        "outside_range": plan.extra_frames,
        "words": words,
    }


def _refusal(archive: LocalArchive, folder: Path, report: Report) -> list[Document]:
    """A format that the local engine does not make is refused in words, before anything is written."""
    report("")
    report("9. a format that is refused: exe")
    try:
        run_export(plan_export(_disclosed("entrance", "exe", 0.0, 2.0), archive), archive, folder / "9-exe")
    except RequestError as exc:
        report(f"   refused    {exc.message}")
        return [{"format": "exe", **exc.to_json()}]
    raise WorkError("exe was not refused", "Report this.")


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the archive, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _tell_end(folder: Path, outputs: int, files: int, unchanged: bool, seconds: float, report: Report) -> None:
    report("")
    report(f"Everything is in {folder}, made in {seconds:.1f} s:")
    report(f"{outputs} exported files, a case with its signed report, and a sealed package that verifies.")
    state = "unchanged (SHA-256 before and after)" if unchanged else "CHANGED while the demo ran"
    report(f"The {files} files of the archive are {state}.")
    report("Beside each export stand a .vtt with the times of its frames and a .json with its whole record.")


def open_command(folder: Path, footage: Path) -> str:
    """The words that open the page from where this was started: `workbench lab` over a new case in `folder`."""
    program = Path(sysconfig.get_path("scripts")) / ("workbench.exe" if os.name == "nt" else "workbench")
    start = [_near(program)] if program.exists() else [sys.executable, "-m", "workbench"]
    words = [*start, "lab", _near(footage), "--case", _near(folder / "my-case"), "--examiner", "Your name"]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _near(path: Path) -> str:
    """A path as seen from the current folder, where it lies below it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
