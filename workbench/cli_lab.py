"""`workbench lab`: JupyterLab on a fresh notebook whose one cell opens the workbench.

    workbench lab recordings --case 17-2026 --examiner "A. Berg"
    workbench lab https://anna@vms.example --no-browser --port 8890

Rules: it listens on loopback only; the notebook gets a name that is free, in the folder where the command was
started, and holds no password: the kernel takes it from the environment, the keyring, or asks. Ctrl-C ends server and
kernels. Neither news nor updates are asked for anywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workbench import cli_place
from workbench.cli_answer import Answer
from workbench.core.errors import NameTaken, RequestError, WorkError

Maker = Callable[..., argparse.ArgumentParser]
HOST = "127.0.0.1"
FIRST_PORT = 8888
NEEDED = ("jupyterlab", "anywidget", "ipywidgets", "ipykernel")
START_SECONDS, END_SECONDS = 60, 15
HOW = """\
It opens JupyterLab in the browser on a new notebook in this folder; run its cell (Shift Enter) and the page appears
below it. Without ARCHIVE it opens the demonstration recordings of the clone. A case that does not exist is made, and
needs --examiner. Ctrl-C ends it; what the page did lies in the case. The server listens on this machine only.

"""
QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--ServerApp.log_level=WARN",
    "--LabApp.log_level=WARN",
)
"""No news, no look for updates, and of the server's log what matters only."""
NO_QUESTION = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
"""JupyterLab's page_config.json: nobody is asked whether news are wanted."""


def add_verbs(verbs: Any, maker: Maker) -> None:
    """Add ``lab`` to the command's subparsers."""
    parser = maker(verbs, "lab", "open the workbench in JupyterLab", HOW + cli_place.URLS)
    cli_place.add(parser, derives=True, optional=True)
    add = parser.add_argument
    add("--case", type=Path, metavar="CASE", help="folder of the case; without one nothing is kept")
    add("--examiner", metavar="NAME", help="who makes the case, where it is new")
    add("--port", type=int, metavar="PORT", help=f"default: the first free one from {FIRST_PORT} on")
    add("--no-browser", action="store_true", help="print the address and open no browser")


def lab(args: argparse.Namespace) -> Answer:
    """``workbench lab [ARCHIVE]``: until it is stopped."""
    _must_be_installed()
    if args.archive_place is None:
        from workbench.demo import find_recordings

        args.archive_place = find_recordings()
    cli_place.opened(args)  # a wrong folder or URL is said here, not in a cell
    _check_case(args.case, args.examiner)
    port = _free_port(args.port)
    notebook = write(Path.cwd(), cell(args))
    url = _serve(notebook, port, args.no_browser)
    return Answer({"notebook": str(notebook), "url": url, "stopped": True}, iter(("stopped",)))


VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {"lab": lab}


def cell(args: argparse.Namespace) -> str:
    """The Python that opens what the words name; no secret is in it."""
    lines, remote = ["from workbench.widgets import Workbench"], cli_place.is_remote(args)
    words = [repr(str(args.archive_place))]
    if args.case is not None:
        words.append(f"case={str(args.case)!r}")
        words += [f"examiner={args.examiner!r}"] if args.examiner else []
    if remote:
        lines.insert(0, "from getpass import getpass\n")
        words += ["prompt=getpass", *_trust(args, lines)]
    return "\n".join([*lines, "", f"bench = Workbench({', '.join(words)})", "bench"])


def _trust(args: argparse.Namespace, lines: list[str]) -> Iterator[str]:
    """Arguments for the flags of a URL; `lines` get the import that they need."""
    if args.derive:
        yield f"derive={args.derive!r}"
    if args.keep:
        yield "keep=True"
    told = {"ca": args.ca and str(args.ca), "fingerprint": args.fingerprint, "verify": not args.no_tls_check}
    named = [f"{key}={value!r}" for key, value in told.items() if value not in (None, True)]
    if named:
        lines.append("from workbench.vms.tls import Trust")
        yield f"trust=Trust({', '.join(named)})"


def write(folder: Path, source: str) -> Path:
    """A notebook with this one cell, under a name that was free."""
    for number in range(1, 1000):
        path = folder / ("workbench.ipynb" if number == 1 else f"workbench-{number}.ipynb")
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump(_notebook(source), file, indent=1, ensure_ascii=False)
        except FileExistsError:
            continue
        except OSError as exc:
            advice = "Start it in a folder of your own: the notebook is made there."
            raise WorkError(f"{path} cannot be written: {exc.strerror or exc}", advice) from exc
        return path
    raise NameTaken(f"{folder} holds a thousand notebooks of that name", "Start it in another folder.")


def _notebook(source: str) -> dict[str, Any]:
    told = "Run the cell above (*Shift Enter*): the workbench appears under it. *Copy as Python* gives its script."
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    how: dict[str, Any] = {"cell_type": "markdown", "id": "how", "metadata": {}, "source": told}
    code: dict[str, Any] = {
        "cell_type": "code",
        "id": "open",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {"cells": [code, how], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _must_be_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        what = f"the page needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed here"
        raise WorkError(what, "pip install 'forensic-workbench[notebook]'; in a clone: pip install -e '.[notebook]'")


def _check_case(case: Path | None, examiner: str | None) -> None:
    if case is None:
        if examiner:
            raise RequestError("--examiner", "it is for a new case, and none is named", "Add --case FOLDER.")
    elif case.exists() and (not case.is_dir() or any(case.iterdir())):
        from workbench.evidence.case import Case

        Case.open(case)
    elif not (examiner or "").strip():
        advice = "Add --examiner NAME: the name that every entry of its log will carry."
        raise RequestError("--examiner", f"{case} is a new case, and nobody is named who makes it", advice)


def _free_port(wanted: int | None) -> int:
    """The port asked for where it is free, else the first free one; RequestError where it is taken."""
    for port in range(FIRST_PORT, FIRST_PORT + 100) if wanted is None else (wanted,):
        try:
            with socket.socket() as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(os.name != "nt"))
                tried.bind((HOST, port))
                return int(tried.getsockname()[1])
        except (OSError, OverflowError):
            continue
    what = f"port {wanted} cannot be had" if wanted is not None else "no port can be had"
    raise RequestError("--port", what, "Name another one, or leave --port out.")


def _serve(notebook: Path, port: int, no_browser: bool) -> str:
    """Run JupyterLab until it ends or is interrupted; its address."""
    url = f"http://{HOST}:{port}/lab/tree/{notebook.name}"
    words = [
        *(sys.executable, "-m", "jupyterlab", str(notebook), *QUIET),
        *(f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={notebook.parent}", f"--ServerApp.open_browser={not no_browser}"),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    with tempfile.TemporaryDirectory(prefix="workbench-lab-") as config:
        code = _run(
            words, {**os.environ, "JUPYTER_TOKEN": token, **_settings(Path(config))}, port, f"{url}?token={token}"
        )
    if code:
        raise WorkError(f"JupyterLab ended with code {code}", f"What it said stands above. {notebook} was kept.")
    return url


def _settings(folder: Path) -> dict[str, str]:
    """Settings for this run alone, before those of the user, as the variable that names them."""
    (folder / "labconfig").mkdir()
    (folder / "labconfig" / "page_config.json").write_text(json.dumps(NO_QUESTION))
    return {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("JUPYTER_CONFIG_PATH"))))}


def _run(words: list[str], environment: dict[str, str], port: int, address: str) -> int:
    """Tell where the server is once it listens, and wait for its end; 0 where it was interrupted."""
    # in a session of its own: a Ctrl-C in the terminal is for us, and Jupyter would ask whether it is meant
    process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        if _listens(process, port):
            sys.stderr.write(f"the workbench is at {address}  (Ctrl-C ends it)\n")
            sys.stderr.flush()
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(process)


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server takes connections; False where it has ended instead."""
    ends = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have the server end its kernels and itself; by force where it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.wait()
