"""A real JupyterLab, Notebook 7 or Voilà with a real kernel, driven by Chromium; the kernel is asked for the truth.

with Lab(tmp_path) as lab:                       # `workbench lab`, with no settings of the user's
    tab = lab.open(browser, "a.ipynb", ["1 + 1"])   # opened, run, kernel idle
    tab.kernel("x.state")                         # repr of an expression, evaluated in that kernel

Lab(tmp_path, "notebook") is Notebook 7; Lab(tmp_path, "voila") is Voilà, where nothing can be run again or saved.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking import BlockingKernelClient

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "notebooks/recordings"
EXPOSED = "c.LabApp.expose_app_in_browser = True\nc.JupyterNotebookApp.expose_app_in_browser = True\n"


class Lab:
    """One server; its folder is the working folder of its notebooks."""

    def __init__(self, folder: Path, app: str = "lab") -> None:
        self.folder, self.app = folder / "work", app
        self.folder.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_hex(12)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.runtime = folder / "runtime"
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "WORKBENCH_CACHE": str(folder / "cache"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "HOME": str(folder / "home"),
        }
        for name in ("CONFIG_DIR", "DATA_DIR"):
            environment[f"JUPYTER_{name}"] = str(folder / name)
        for name in ("SETTINGS", "WORKSPACES"):
            environment[f"JUPYTERLAB_{name}_DIR"] = str(folder / name)
        for name in ("home", "CONFIG_DIR", "runtime"):
            (folder / name).mkdir(exist_ok=True)
        for name in ("lab", "notebook"):
            (folder / "CONFIG_DIR" / f"jupyter_{name}_config.py").write_text(EXPOSED)
        self.environment = environment | {"JUPYTER_TOKEN": self.token}
        self.log = (folder / f"{app}.log").open("wb")
        self.process = subprocess.Popen(
            self._command(), cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Lab:
        ends = time.monotonic() + 60
        path = "/voila/" if self.app == "voila" else "/api"
        while time.monotonic() < ends:
            assert self.process.poll() is None, Path(self.log.name).read_text()[-2000:]
            try:
                urllib.request.urlopen(f"{self.url}{path}?token={self.token}", timeout=2).close()
            except urllib.error.HTTPError:
                return self
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise AssertionError(Path(self.log.name).read_text()[-2000:])

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; its exit code and what it said."""
        self.process.send_signal(signal.SIGINT if self.app == "lab" else signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code, Path(self.log.name).read_text("utf-8", errors="replace")

    def write(self, name: str, cells: list[str]) -> Path:
        """A notebook of code cells in the server's folder."""
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        nbformat.write(book, path)
        return path

    def open(self, browser: Any, name: str, cells: list[str] | None = None, run: bool = True, **page: Any) -> Tab:
        """A tab with a notebook; its cells are run, and the kernel is idle again."""
        if cells is not None:
            self.write(name, cells)
        return Tab(self, browser, name, run, **page)

    def _command(self) -> list[str]:
        shared = [f"--port={self.port}", "--no-browser"]
        if self.app == "voila":
            mine = ["--Voila.ip=127.0.0.1", f"--Voila.connection_dir_root={self.runtime}"]
            return [sys.executable, "-m", "voila", *shared, *mine, str(self.folder)]
        if self.app == "notebook":
            mine = [f"--ServerApp.root_dir={self.folder}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"]
            return [sys.executable, "-m", "notebook", *shared, *mine, "--allow-root"]
        words = ["--case", "case", "--examiner", "A. Berg"]
        return [sys.executable, "-m", "workbench", "lab", str(RECORDINGS), *words, *shared]


class Tab:
    """One page of the browser with one notebook, and a client of its kernel."""

    def __init__(self, lab: Lab, browser: Any, name: str, run: bool, width: int = 1280, height: int = 900) -> None:
        self.lab, self.name = lab, name
        self.context = browser._browser.new_context(viewport={"width": width, "height": height})
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.console: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.console.append(str(e)))
        self.page.on("request", self._requested)
        self.page.on("websocket", self._requested)
        place = {
            "lab": f"/lab/tree/{name}?reset&",
            "notebook": f"/notebooks/{name}?",
            "voila": f"/voila/render/{name}?",
        }
        self.page.goto(f"{lab.url}{place[lab.app]}token={lab.token}", timeout=60_000)
        if lab.app == "voila":  # it has run the cells by then
            self.page.wait_for_selector(".wb[data-ready]", timeout=60_000)
            self.client = self._client(max(lab.runtime.rglob("kernel-*.json"), key=lambda path: path.stat().st_mtime))
            return
        self.page.wait_for_function(
            "window.jupyterapp && window.jupyterapp.commands.hasCommand('notebook:run-all-cells')"
        )
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.page.wait_for_function(f"{CONTEXT}?.session?.kernel?.status === 'idle'", timeout=45_000)
        kernel = self.page.evaluate(f"{CONTEXT}.session.kernel.id")
        self.client = self._client(lab.runtime / f"kernel-{kernel}.json")
        if run:
            self.run_all()

    def run_all(self) -> None:
        """Run every cell, and wait until the kernel is idle."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(
            "document.querySelectorAll('.jp-CodeCell').length && ![...document.querySelectorAll('.jp-InputPrompt')]"
            ".some(e => e.textContent.includes('*') || e.textContent.trim() === '[ ]:')",
            timeout=60_000,
        )

    def save(self) -> dict[str, Any]:
        """Save the notebook; what was written."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        self.page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
        self.page.wait_for_timeout(300)
        return json.loads((self.lab.folder / self.name).read_text("utf-8"))

    def kernel(self, expression: str, seconds: float = 20) -> str:
        """The repr of an expression in the notebook's kernel."""
        reply = self.client.execute(
            "", silent=True, store_history=False, user_expressions={"it": expression}, reply=True, timeout=seconds
        )
        found = reply["content"]["user_expressions"]["it"]
        assert found["status"] == "ok", found
        return str(found["data"]["text/plain"])

    def until(self, fact: Callable[[], Any], seconds: float = 30) -> Any:
        """Wait until `fact()` is true."""
        ends = time.monotonic() + seconds
        while not (found := fact()):
            assert time.monotonic() < ends, f"never true; console: {self.console[-5:]}"
            self.page.wait_for_timeout(50)
        return found

    def close(self) -> None:
        """Close the page."""
        self.client.stop_channels()
        self.context.close()

    def _client(self, connection: Path) -> BlockingKernelClient:
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        return client

    def _requested(self, request: Any) -> None:
        if not re.match(rf"(blob:|data:|about:|(https?|ws)://127\.0\.0\.1:{self.lab.port}/)", request.url):
            self.foreign.append(request.url)


CONTEXT = "window.jupyterapp.shell.currentWidget?.context?.sessionContext"
