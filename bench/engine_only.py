"""One export without its proof: index, plan and the written file, but no second reading, decoding or hashing
of it.

    python -m bench.engine_only SPEC.json ARCHIVE OUT

Only benches use it: it shows what the engine costs beside what proving costs. It runs the export verb's
own class with the publishing step replaced by a plain rename.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from workbench.archives.local import LocalArchive
from workbench.core.spec import ExportSpec
from workbench.media import quiet
from workbench.media.job import Export
from workbench.media.writer import Written


class Unproven(Export):
    """An export that trusts what it wrote."""

    def finished(self, written: Written) -> None:
        """Give the file a name, nothing more."""
        out = Path(self.job["out"])
        written.path.rename(out / f"{len(list(out.iterdir()))}{written.path.suffix}")


def main() -> None:
    """Plan in the worker as ever, then write in this process."""
    spec = ExportSpec.from_json(json.loads(Path(sys.argv[1]).read_text()))
    out = Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    archive = LocalArchive(sys.argv[2])
    plan = archive.plan(spec)
    runner: Any = archive._runner(spec.source)
    archive.close()
    quiet.silence()
    files = {s.file for s in plan.segments}
    from workbench.archives.running import place

    places = [place(piece) for piece in runner.line.pieces if piece.name in files]
    with tempfile.TemporaryDirectory(dir=out, prefix=".scratch-") as scratch:
        job = {**runner._job(spec, plan.range), "plan": plan.to_data(), "places": places}
        Unproven({**job, "out": str(out), "scratch": scratch}, lambda _: None).run()


if __name__ == "__main__":
    main()
