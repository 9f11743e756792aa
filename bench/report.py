"""A report of 500 snapshots and 2,000 comments: ``python -m bench.report [SNAPSHOTS [COMMENTS]]``.

Pictures of 768 × 432 pixels with a sensor's noise are made first; what is measured is one fresh process that reads,
checks and embeds them, lays out and writes the whole PDF/A-3b, and another that checks it against its model.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from bench.meter import measure
from workbench.report.check import check_report
from workbench.report.model import Paragraph, Picture, Report, Section
from workbench.report.pages import Look
from workbench.report.pdf import machine_readable, render
from workbench.report.reading import report_of

WIDTH, HEIGHT = 768, 432


def main() -> None:
    """Make the case, measure building and checking, print both."""
    if sys.argv[1:2] in (["build"], ["check"]):
        (_build if sys.argv[1] == "build" else _check)(Path(sys.argv[2]))
        return
    snapshots, comments = (int(word) for word in [*sys.argv[1:], *["500", "2000"][len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as name:
        folder = Path(name)
        (folder / "report.json").write_bytes(machine_readable(made(folder, snapshots, comments), Look()))
        for step in ("build", "check"):
            cost = measure([sys.executable, "-m", "bench.report", step, name], cwd=Path(__file__).parents[1])
            size = (folder / "report.pdf").stat().st_size / 1e6
            print(
                f"{step}: {snapshots} snapshots, {comments} comments, {size:.0f} MB of PDF: {cost.wall:.1f} s wall, "
                f"{cost.cpu:.1f} s CPU, {cost.process_mb:.0f} MB peak"
            )


def made(folder: Path, snapshots: int, comments: int) -> Report:
    """The report, its pictures written below `folder`."""
    (folder / "snapshots").mkdir()
    each = comments // snapshots
    pictures = tuple(_picture(folder, number, each) for number in range(1, snapshots + 1))
    head = hashlib.sha256(b"").hexdigest()
    return Report(
        id="B-1", version=1, status="FINAL", case_number="bench", title="Five hundred snapshots", exhibits="B-1",
        made_at="2026-03-20T08:00:00.000000Z", log_length=snapshots + comments, log_head=head,
        sections=(Section(number=9, title="Snapshots", blocks=pictures),),
    )  # fmt: skip


def _picture(folder: Path, number: int, comments: int) -> Picture:
    noise, rows = random.Random(number), []
    for y in range(HEIGHT):
        grain = int.from_bytes(noise.randbytes(3 * WIDTH)) & int.from_bytes(b"\x0f" * 3 * WIDTH)
        rows.append((grain | int.from_bytes(bytes([y * 240 // HEIGHT & 0xF0]) * 3 * WIDTH)).to_bytes(3 * WIDTH))
    data = _png(b"".join(b"\0" + row for row in rows))
    path = f"snapshots/S{number}.png"
    (folder / path).write_bytes(data)
    digests = [hashlib.sha256(f"{number}.{n}".encode()).hexdigest() for n in range(17)]
    facts = tuple((f"Fact {n}", digest[: 64 if n < 4 else 20]) for n, digest in enumerate(digests))
    said = "The car stands at the gate; the plate cannot be read in this picture. " * 2
    return Picture(
        id=f"S{number}", kind="snapshot", path=path, sha256=hashlib.sha256(data).hexdigest(),
        rgb_sha256=hashlib.sha256(b"".join(rows)).hexdigest(), width=WIDTH, height=HEIGHT,
        caption=f"Snapshot {number}", facts=facts, comments=tuple(Paragraph(text=said) for _ in range(comments)),
    )  # fmt: skip


def _png(rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def _build(folder: Path) -> None:
    report = report_of(json.loads((folder / "report.json").read_bytes()))
    (folder / "report.pdf").write_bytes(render(report, folder))


def _check(folder: Path) -> None:
    found = check_report(folder / "report.pdf", json.loads((folder / "report.json").read_bytes()), folder)
    if found.exit_code:
        raise SystemExit(str([finding.to_json() for finding in found.failed[:3]]))


if __name__ == "__main__":
    main()
