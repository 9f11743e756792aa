"""Headless Chromium as a third reader: a page with video and canvas, served with byte ranges from loopback.

The page's own script hands out the mean levels of the code's blocks; the code is read from them in Python.
"""

from __future__ import annotations

import random
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from tests.truth import decode_means

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
TYPES = {".mp4": "video/mp4", ".mkv": "video/webm", ".webm": "video/webm"}
CHUNK = 1 << 20
PAGE = """<!doctype html><video id="v" muted preload="auto" src="/media"></video><script>
const v = document.getElementById('v'), c = document.createElement('canvas');
function once(name) { return new Promise((good, bad) => {
  v.addEventListener(name, good, {once: true});
  v.addEventListener('error', () => bad(new Error(v.error.code + ' ' + v.error.message)), {once: true});
  if (v.error) bad(new Error(v.error.code + ' ' + v.error.message));
}); }
async function ready() { if (v.readyState < 2) await once('loadeddata'); return v.duration; }
async function at(time) {
  const seeked = once('seeked'), drawn = new Promise(done => v.requestVideoFrameCallback(done));
  v.currentTime = time; await seeked;
  await Promise.race([drawn, new Promise(done => setTimeout(done, 1000))]);
  const block = v.videoWidth >= 320 ? 16 : 8, w = 20 * block, h = 4 * block;
  c.width = v.videoWidth; c.height = v.videoHeight;
  const g = c.getContext('2d', {willReadFrequently: true});
  g.drawImage(v, 0, 0);
  const read = y => { const d = g.getImageData(0, y, w, h).data, out = [];
    for (let r = 0; r < 4; r++) for (let k = 0; k < 20; k++) { let s = 0, n = 0;
      for (let i = r * block + 2; i < (r + 1) * block - 2; i++)
        for (let j = k * block + 2; j < (k + 1) * block - 2; j++) { s += d[4 * (i * w + j) + 1]; n++; }
      out.push(s / n); }
    return out; };
  return [read(0), read(v.videoHeight - h)];
}
async function play(rate) {
  v.currentTime = 0; v.playbackRate = rate; const ended = once('ended'); await v.play(); await ended;
  return [v.currentTime, v.duration];
}
</script>"""


class _Handler(BaseHTTPRequestHandler):
    path_to_media: Path

    def do_GET(self) -> None:
        """The page, or the range of the media file that was asked for."""
        if self.path != "/media":
            self._send(200, PAGE.encode(), {"Content-Type": "text/html"})
            return
        size = self.path_to_media.stat().st_size
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        begin = int(match[1]) if match else 0
        end = min(size, int(match[2]) + 1) if match and match[2] else size
        heads = {"Content-Type": TYPES.get(self.path_to_media.suffix, "video/mp4"), "Accept-Ranges": "bytes"}
        if match:
            heads["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        self._stream(206 if match else 200, heads, begin, end)

    def _stream(self, status: int, heads: dict[str, str], begin: int, end: int) -> None:
        self._heads(status, heads, end - begin)
        with self.path_to_media.open("rb") as file:
            file.seek(begin)
            while begin < end:
                data = file.read(min(CHUNK, end - begin))
                try:
                    self.wfile.write(data)
                except OSError:
                    return
                begin += len(data)

    def _send(self, status: int, body: bytes, heads: dict[str, str]) -> None:
        self._heads(status, heads, len(body))
        self.wfile.write(body)

    def _heads(self, status: int, heads: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in {**heads, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of a page that shows `path`."""
    handler = type("Handler", (_Handler,), {"path_to_media": path})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


_running: list[Any] = []
"""The Playwright of this process, once for each who uses it."""


@contextmanager
def playwright() -> Iterator[Any]:
    """The one Playwright of this process, which has room for no second; it ends with its last user."""
    from playwright.sync_api import sync_playwright

    _running.append(_running[-1] if _running else sync_playwright().start())
    try:
        yield _running[-1]
    finally:
        last = _running.pop()
        if not _running:
            last.stop()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    with playwright() as play:
        args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=args)
        try:
            yield browser
        finally:
            browser.close()


def judge_playback(
    browser: Any, path: Path, times: list[tuple[int, int]], seeks: int = 20, speed: float = 8, seed: int = 1
) -> list[str]:
    """What is wrong when Chromium plays `path` to its end and seeks to `seeks` random places.

    `times` holds (microseconds since the first frame, index) of each frame that the file should show.
    """
    findings: list[str] = []
    with served(path) as address:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        try:
            page.evaluate("ready()")
            rng = random.Random(seed)
            for number in rng.sample(range(len(times)), min(seeks, len(times))):
                findings += _judge_seek(page, times, number)
            reached, length = page.evaluate(f"play({speed})")
            if abs(reached - length) > 0.1:
                findings.append(f"playing ended at {reached} s of {length} s")
        except Exception as exc:
            findings.append(f"Chromium: {str(exc).splitlines()[0]}")
        page.close()
    return findings


def _judge_seek(page: Any, times: list[tuple[int, int]], number: int) -> list[str]:
    us, index = times[number]
    after = times[number + 1][0] if number + 1 < len(times) else us + 20_000
    halves = page.evaluate(f"at({(us + after) / 2e6})")
    found = {decode_means(np.array(half)) for half in halves} - {None}
    seen = {code[0] for code in found if code}
    if seen == {index}:
        return []
    return [f"seeking to frame {index} shows {sorted(seen) or 'no readable frame'}"]
