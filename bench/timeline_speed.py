"""How quickly the timeline opens and pans: 30 days × 16 cameras of one-minute files, in a real browser.

    python -m bench.timeline_speed FOLDER [--cameras 16] [--files 43200] [--turns 5] [--seconds 4] [--width 1600]

FOLDER is made by `bench.large_archive` where it is not there yet (its docstring says what is real). Opening is measured
in a new process each turn, from `LocalArchive(…)` until the last lane is blue on the screen: session, choice of all
cameras, overviews, messages, drawing; Python's and Chromium's start, and an empty page, are not counted. Panning drags
the ruler by synthetic pointer events, one for each animation frame, while messages go on; a frame counts as drawn if
the canvas differs from the one before. Targets: open ≤ 2 s, pan ≥ 30 frames a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.large_archive import catalogues, make
from tests.widgets.page import Browser, Shown
from workbench import LocalArchive
from workbench.widgets import Session, TimelineView

DAY = 86_400_000_000
LAST_LANE = """(lanes) => {
  const canvas = document.querySelector('.wb-timeline-canvas'), g = canvas.getContext('2d'), ratio = devicePixelRatio;
  const at = g.getImageData(canvas.width / 2, (80 + 28 * (lanes - 1) + 6) * ratio, 1, 1).data;
  return document.querySelector(`[data-known='${lanes}']`) && at[2] > 100 && at[0] < 100;
}"""
PAN = """(seconds) => {
  const stage = document.querySelector('.wb-timeline-stage'), canvas = stage.querySelector('canvas');
  const box = canvas.getBoundingClientRect(), g = canvas.getContext('2d'), times = [];
  const at = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind, {bubbles: true, button: 0, buttons: 1,
    pointerId: 1, clientX: x, clientY: box.top + 10}));
  const row = () => {
    let sum = 7;
    for (const b of g.getImageData(0, 8, canvas.width, 1).data) sum = (sum * 31 + b) | 0;
    return sum;
  };
  let x = box.left + box.width / 2, n = 0, last = row(), changed = 0;
  window.panned = null;
  at('pointerdown', x);
  const frame = (now) => {
    times.push(now);
    const drawn = row();
    if (drawn !== last) changed += 1;
    last = drawn;
    if (now - times[0] > seconds * 1000) { at('pointerup', x); window.panned = {times, changed}; return; }
    x += 9 * (Math.floor(n++ / 60) % 2 ? 1 : -1);
    at('pointermove', x);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def opened(browser: Browser, folder: Path, cameras: int, width: int) -> tuple[float, float, Shown, Session]:
    """Seconds until all lanes are on the screen, and those of this process's own CPU time."""
    page = browser.show(width=width, height=900)
    begun, spent = time.perf_counter(), time.process_time()
    session = Session(LocalArchive(folder / "recordings", folder / "cache"))
    session.choose(*session.briefs())
    page.mount(TimelineView(session))
    page.until(lambda: page.page.evaluate(LAST_LANE, cameras), 60)
    return time.perf_counter() - begun, time.process_time() - spent, page, session


def panned(page: Shown, seconds: float) -> dict[str, float]:
    """Frames a second while the ruler is dragged, and the slowest frames."""
    page.page.evaluate(PAN, seconds)
    found: Any = None
    while found is None:
        page.pump()
        found = page.page.evaluate("window.panned")
    gaps = sorted(b - a for a, b in zip(found["times"], found["times"][1:], strict=False))
    length = (found["times"][-1] - found["times"][0]) / 1000
    return {
        "frames a second": len(gaps) / length,
        "drawn anew a second": found["changed"] / length,
        "95th percentile ms": gaps[int(len(gaps) * 0.95)],
        "worst ms": gaps[-1],
        "n": len(gaps),
    }


def one(folder: Path, cameras: int, width: int, seconds: float) -> dict[str, Any]:
    """One opening, and a drag at three zooms."""
    with Browser() as browser:
        took, spent, page, session = opened(browser, folder, cameras, width)
        low, high = session.state.view or (0, DAY)
        pans = {}
        for name, span in (("30 days", high - low), ("a day", DAY), ("an hour", DAY // 24)):
            middle = (low + high) // 2
            session.set(view=(middle - span // 2, middle + span // 2))
            for _ in range(40):
                page.pump()
            pans[name] = panned(page, seconds)
        errors = page.console
        page.close()
        session.close()
    return {"open": took, "cpu": spent, "pans": pans, "errors": errors}


def machine() -> str:
    """Where this was measured."""
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in (info.read_text() if info.exists() else "").splitlines()]
    model = next((name for name in names if "Hz" in name or "CPU" in name or "EPYC" in name), platform.processor())
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else -1
    return f"{os.cpu_count()} × {model or platform.machine()}, {platform.system()}, load {load:.1f}"


def report(turns: Sequence[dict[str, Any]], what: str) -> None:
    """Print both figures with their n."""
    opens = [turn["open"] for turn in turns]
    print(f"{what}; {machine()}")
    middle, worst = statistics.median(opens), max(opens)
    print(f"opens: median {middle:.2f} s, worst {worst:.2f} s, n {len(opens)} processes (target 2 s)")
    print(f"       of which Python's own CPU time: median {statistics.median(turn['cpu'] for turn in turns):.2f} s")
    for name in turns[0]["pans"]:
        pans = [turn["pans"][name] for turn in turns]
        words = ", ".join(
            f"{key} {statistics.median(p[key] for p in pans):.1f}" for key in pans[0] if key not in ("n",)
        )
        print(f"pans over {name}: {words}, n {sum(int(p['n']) for p in pans)} frames (target 30 a second)")
    if errors := [error for turn in turns for error in turn["errors"]]:
        print("errors:", errors)


def main() -> None:
    """Make what is missing, then measure in new processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--files", type=int, default=43_200)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--one", action="store_true", help="one turn in this process, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.folder, given.cameras, given.width, given.seconds)))
        return
    if not (given.folder / "cache").is_dir():
        make(given.folder / "recordings", given.cameras, given.files)
        catalogues(given.folder / "recordings", given.folder / "cache")
    again = [sys.executable, "-m", "bench.timeline_speed", str(given.folder), "--one", f"--cameras={given.cameras}"]
    again += [f"--width={given.width}", f"--seconds={given.seconds}"]
    turns = [json.loads(subprocess.run(again, check=True, capture_output=True).stdout) for _ in range(given.turns)]
    report(turns, f"{given.cameras} cameras × {given.files} files, {given.width} pixels wide")


if __name__ == "__main__":
    main()
