"""Makes docs/masked-frame.jpg, the picture of the README, from what the demo's third export really delivers.

    python docs/make_pictures.py

Three frames are read back from the finished file; the bar below them is its ledger. The recordings are © Intel
Corporation, CC-BY-4.0, cut and masked (notebooks/recordings/LICENCES.md); the dates are made up.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from workbench.archives.local import LocalArchive
from workbench.core.result import ExportResult
from workbench.core.timebase import SECOND, parse_time
from workbench.demo import STEPS, find_recordings
from workbench.export import plan_export, run_export

PICTURE = Path(__file__).resolve().with_name("masked-frame.jpg")
COLORS = {"copied": "#4c9f70", "reencoded": "#e0a030", "masked": "#202020"}
NAMES = {"copied": "copied, proven equal", "reencoded": "re-encoded (cut edge)", "masked": "masked"}
MOMENTS = ("10:00:28", "10:00:44", "10:01:36")


def main() -> None:
    """Export, read back, draw."""
    archive = LocalArchive(find_recordings())
    with tempfile.TemporaryDirectory() as folder:
        result = run_export(plan_export(STEPS[2].spec, archive), archive, folder)
        video = Path(result.files[0].path)
        frames = _frames(video)
    archive.close()
    figure = Figure(figsize=(11, 3.9), dpi=100, layout="constrained")
    rows = figure.subplot_mosaic([["0", "1", "2"], ["bar", "bar", "bar"]], height_ratios=[5, 1])
    for place, (moment, frame) in enumerate(zip(MOMENTS, frames, strict=True)):
        axes = rows[str(place)]
        axes.imshow(frame)
        axes.set_title(f"{moment} UTC", fontsize=9)
        axes.axis("off")
    _bar(rows["bar"], result)
    figure.savefig(PICTURE, pil_kwargs={"quality": 82})


def _frames(video: Path) -> list[Image.Image]:
    """The frames at the moments shown, out of the finished file; its name says when it was recorded."""
    with_times = LocalArchive(video)
    shown = [with_times.frame(video.name, parse_time(f"2026-03-01T{moment}Z")) for moment in MOMENTS]
    pictures: list[Image.Image] = [Image.open(io.BytesIO(frame.png())) for frame in shown]
    with_times.close()
    return pictures


def _bar(axes: Axes, result: ExportResult) -> None:
    """The ledger in seconds from the begin of the range."""
    zero = result.plan.range.begin
    for entry in result.entries:
        begin, end = entry.first - zero, entry.last - zero + 100_000
        axes.barh(0, (end - begin) / SECOND, left=begin / SECOND, height=1, color=COLORS[entry.fate])
    for gap in result.gaps:
        left, length = (gap.begin - zero) / SECOND, (gap.end - gap.begin) / SECOND
        axes.barh(0, length, left=left, height=1, color="white", edgecolor="#909090", hatch="///")
    axes.set_yticks([])
    axes.margins(x=0)
    axes.set_xlabel("seconds from the begin of the range, 10:00:22.3 UTC", fontsize=8)
    axes.tick_params(labelsize=8)
    counts = result.ledger.to_json()
    parts = [Patch(color=COLORS[fate], label=f"{NAMES[fate]}: {counts[fate]} frames") for fate in COLORS]
    parts.append(Patch(facecolor="white", edgecolor="#909090", hatch="///", label="nothing recorded"))
    axes.legend(handles=parts, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.95), fontsize=9, frameon=False)


if __name__ == "__main__":
    main()
