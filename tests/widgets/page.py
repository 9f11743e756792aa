"""A real browser on a real view, without Jupyter: Chromium shows the shipped module over a bridge to the Python object.

    with Browser() as browser:
        page = browser.show(view)              # a fresh page on which the view is drawn
        page.locator("button").click()
        page.until(lambda: session.state.at == 5)

Messages both ways go through JSON and bytes as they do over a comm; nothing of ours is replaced. `page.foreign` lists
requests to any host, `page.console` every error the console saw.
"""

from __future__ import annotations

import base64
import json
import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from tests.browser import CHROMIUM, playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
HERE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>view</title></head>
<body><main id="place"></main></body></html>"""
BRIDGE = """
async ({esm, css, state, place, key}) => {
  const style = document.createElement('style'); style.textContent = css; document.head.append(style);
  const held = {...state}, listeners = {}, dirty = new Set();
  const emit = (name, ...args) => (listeners[name] || []).slice().forEach(f => f(...args));
  const bytes = (b64) => new DataView(Uint8Array.from(atob(b64), c => c.charCodeAt(0)).buffer);
  const model = {
    get: (n) => held[n],
    set: (n, v) => { held[n] = v; dirty.add(n); emit('change:' + n); emit('change'); },
    save_changes: () => {
      const out = {}; dirty.forEach(n => out[n] = held[n]); dirty.clear();
      kernel(key, {method: 'update', state: out});
    },
    send: (content) => { kernel(key, {method: 'custom', content: JSON.parse(JSON.stringify(content))}); },
    on: (n, f) => { (listeners[n] ||= []).push(f); },
    off: (n, f) => { listeners[n] = (listeners[n] || []).filter(g => g !== f); },
  };
  window.wbListeners = Object.assign(window.wbListeners || {}, {[key]: () => Object.values(listeners).flat().length});
  (window.wbModels ||= {})[key] = (message) => {
    if (message.method === 'custom') return emit('msg:custom', message.content, (message.buffers || []).map(bytes));
    for (const [n, v] of Object.entries(message.state)) { held[n] = v; emit('change:' + n); }
  };
  const url = URL.createObjectURL(new Blob([esm], {type: 'text/javascript'}));
  const module = await import(url);
  const abort = new AbortController();
  (window.wbClose ||= {})[key] = () => abort.abort();
  const el = document.createElement('div'); el.id = key; document.querySelector(place).append(el);
  await module.default.render({model, el, signal: abort.signal});
}
"""


class Wire:
    """Stands where the comm stands: what the view sends is queued for the page."""

    kernel = object()

    def __init__(self, key: str, out: queue.SimpleQueue[tuple[str, dict[str, Any]]]) -> None:
        self.keys, self.out, self.comm_id, self.closed = [key], out, key, False

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        """Queue one message, in whichever thread."""
        message = json.loads(json.dumps(data, default=str))
        message["buffers"] = [base64.b64encode(bytes(b)).decode() for b in buffers or ()]
        for key in self.keys:
            self.out.put((key, message))

    def close(self, *args: Any, **kwargs: Any) -> None:
        """The view was closed."""
        self.closed = True

    def on_msg(self, *_: Any) -> None:
        """The page's messages come by `Shown.pump`."""


class Shown:
    """A page with one or more views on it."""

    def __init__(self, browser: Any, width: int, height: int, dark: bool) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.set_default_timeout(5000)
        self.asked: list[str] = []
        """The verbs that views asked for, in order."""
        self.console: list[str] = []
        self.foreign: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.console.append(str(e)))
        self.page.on("dialog", lambda d: (self.dialogs.append(d.message), d.dismiss()))
        self.page.on("request", self._requested)
        self._out: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._in: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._views: dict[str, Any] = {}
        self.page.expose_function("kernel", lambda key, message: self._in.put((key, message)))
        self.page.set_content(HERE)

    def mount(self, view: Any, place: str = "#place") -> Shown:
        """Draw a view on the page."""
        key = f"v{len(self._views)}"
        self._views[key] = view
        wire = view.comm
        if isinstance(wire, Wire) and wire.out is self._out:  # shown here already: both places hear the same
            wire.keys.append(key)
        else:
            view.comm = Wire(key, self._out)
        given = {"esm": view._esm, "css": view._css, "state": {"shown": view.shown}, "place": place, "key": key}
        self.page.evaluate(BRIDGE, {**given, "esm": str(view._esm), "css": str(view._css)})
        self.until(lambda: self.page.locator(f"#{key} > .wb[data-ready]").count() == 1)
        return self

    def locator(self, selector: str) -> Locator:
        """Playwright's locator."""
        return self.page.locator(selector)

    def find(self, locator: Locator) -> Locator:
        """The element, once messages have brought it onto the page."""
        self.until(lambda: locator.count() and locator.first.is_visible())
        return locator

    def pump(self) -> None:
        """Carry waiting messages both ways."""
        self.page.wait_for_timeout(1)
        while not self._in.empty():
            key, message = self._in.get()
            view = self._views[key]
            if message["method"] == "update":
                view.set_state(message["state"])
            else:
                self.asked.append(str(message["content"].get("do")))
                view._handle_custom_msg(message["content"], [])
        while not self._out.empty():
            key, message = self._out.get()
            self.page.evaluate("([key, message]) => window.wbModels[key](message)", [key, message])

    def until(self, fact: Callable[[], Any], seconds: float = 15.0) -> Any:
        """Carry messages until `fact()` is true; AssertionError with what the page shows otherwise."""
        ends = time.monotonic() + seconds
        while not (found := fact()):
            assert time.monotonic() < ends, f"never true; console {self.console}; page: {self.text()[:2000]}"
            self.pump()
        return found

    def text(self) -> str:
        """All words on the page."""
        return self.page.locator("body").inner_text()

    def picture(self, path: Path) -> None:
        """A screenshot, to look at."""
        self.page.screenshot(path=path, full_page=True)

    def close(self) -> None:
        """Close page and context."""
        self.context.close()

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(("blob:", "data:", "about:")):
            self.foreign.append(request.url)


class Browser:
    """Headless Chromium, started once for many pages."""

    def __enter__(self) -> Browser:
        self._playwright = playwright()
        self._browser = self._playwright.__enter__().chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        return self

    def show(self, *views: Any, width: int = 1280, height: int = 800, dark: bool = False) -> Shown:
        """A fresh page with these views on it."""
        shown = Shown(self._browser, width, height, dark)
        for view in views:
            shown.mount(view)
        return shown

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.__exit__(None, None, None)
