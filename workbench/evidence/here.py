"""The run that this very process is, looked at from inside: program, notebook kernel, or somebody's typing.

    run = here()            # a RunRecord; `run.why_not_final(run)` says whether a FINAL report may come from it

IPython is asked only where it is loaded already (`sys.modules`): without a notebook nothing of it is imported, and it
is no dependency of this room. A notebook is found by the name Jupyter or VS Code gave the kernel, else among the files
of the folder the kernel began in, by what its cells say. Nothing here raises: what cannot be seen is not known.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from workbench.core.timebase import instant_us, iso
from workbench.evidence.book import system
from workbench.evidence.run import BY_HAND, NOTEBOOK, PROGRAM, RunRecord, cell_runs, code_digest

LIBRARIES = (
    "forensic-workbench", "anywidget", "av", "cryptography", "httpx", "ipykernel", "ipython", "matplotlib", "numpy",
    "pikepdf", "pillow", "pyhanko", "reportlab",
)  # fmt: skip
"""Distributions whose versions a record tells."""
LARGEST = 64 << 20
"""Bytes of a script or notebook that is read; a larger one is not known."""
MOST_FILES = 200
"""Notebooks of a folder that are looked at."""
TYPED = "it was typed at a prompt; a script or a notebook that is run from its first cell can be repeated"
NOT_BY_A_CELL = (
    "no cell of the notebook asked for it but a button, a callback or a thread; a cell that does (Copy as Python "
    "writes it), in a notebook run from its first cell in a fresh kernel, can be repeated"
)
NO_NOTEBOOK = "which notebook these cells belong to is not known: none is saved in the kernel's folder that holds them"
REACTIVE = "marimo runs cells in an order of its own, which it does not tell"
_OPTION = re.compile(r"--[a-z][a-z-]*|-[A-Za-z]")


def here() -> RunRecord:
    """The run that this process is, as far as it can be seen now."""
    common: dict[str, Any] = {"system": system(), "packages": _packages()}
    shell = _shell()
    if "marimo" in sys.modules and _in_marimo():
        return RunRecord(kind=BY_HAND, program="", hindrance=REACTIVE, **common)
    if shell is None:
        return _program(common)
    if not hasattr(shell, "kernel"):
        return RunRecord(kind=BY_HAND, program="ipython", hindrance=TYPED, **common)
    return _notebook(shell, common)


def by_hand(words: str) -> RunRecord:
    """The same for something that a person did with a pointer, which no run can repeat; `words` say so."""
    return replace(here(), kind=BY_HAND, hindrance=words)


def _shell() -> Any:
    """IPython's shell where this process is one, else None."""
    found = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return found() if found is not None else None


def _in_marimo() -> bool:
    asked = getattr(sys.modules["marimo"], "running_in_notebook", None)
    return bool(asked is not None and asked())


def _packages() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _program(common: dict[str, Any]) -> RunRecord:
    path = Path(sys.argv[0]) if sys.argv and sys.argv[0] else None
    if hasattr(sys, "ps1") or (path is None and sys.flags.interactive):
        return RunRecord(kind=BY_HAND, program="python", hindrance=TYPED, **common)
    name = "" if path is None else path.parent.name if path.name == "__main__.py" else path.name
    options = [found[0] for word in sys.argv[1:] if (found := _OPTION.fullmatch(word.partition("=")[0]))]
    data = None if path is None else _read(path) or _read(path.with_suffix(".exe"))
    digest = "" if data is None else hashlib.sha256(data).hexdigest()
    return RunRecord(kind=PROGRAM, program=name, file_sha256=digest, options=tuple(options), **common)


def _notebook(shell: Any, common: dict[str, Any]) -> RunRecord:
    """The run of a kernel: which cells it ran, and of which notebook."""
    executed = _executed(shell)
    names, data, saved = _found(shell, executed)
    cells = cell_runs(executed, saved)
    hindrance = "" if names else NO_NOTEBOOK
    return RunRecord(
        kind=NOTEBOOK if _by_a_cell(shell) else BY_HAND,
        program=" or ".join(names),
        file_sha256=hashlib.sha256(data).hexdigest() if len(names) == 1 else "",
        code_sha256=code_digest(cells),
        cells=cells,
        started=_started(shell),
        hindrance=hindrance if _by_a_cell(shell) else NOT_BY_A_CELL,
        **common,
    )


def _executed(shell: Any) -> list[str]:
    """The texts that the kernel ran, in order, the one that runs now among them."""
    history = getattr(getattr(shell, "history_manager", None), "input_hist_raw", None)
    return [str(text) for text in history[1:]] if isinstance(history, list) else []


def _by_a_cell(shell: Any) -> bool:
    """Whether a cell's own lines called us: they stand on this thread's stack."""
    frame: Any = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_name
        if frame.f_globals is shell.user_ns and (name == "<module>" or name.startswith("<cell line")):
            return True
        frame = frame.f_back
    return False


def _started(shell: Any) -> str:
    """When the kernel's history began, in UTC."""
    try:
        began = shell.history_manager.get_session_info()[1]
        return iso(instant_us(began.astimezone(UTC)))
    except (AttributeError, LookupError, OSError, TypeError, ValueError, sqlite3.Error):
        return ""


def _found(shell: Any, executed: Sequence[str]) -> tuple[list[str], bytes, list[str]]:
    """Names of the notebook that runs, its bytes and its code cells; no name where it is not known.

    A notebook that is named counts whatever it says. Of others, those that begin with what ran; else the one that
    holds most of it.
    """
    for path in _named(shell):
        if (found := _code(path)) is not None:
            return [path.name], *found
    best, most = (list[str](), b"", list[str]()), 0
    for path in _beside(shell):
        if (found := _code(path)) is None:
            continue
        held = len(set(executed) & set(found[1]))
        if found[1][: len(executed)] == list(executed):
            held = len(executed) + 1
        if held > most:
            best, most = ([path.name], *found), held
        elif held == most == len(executed) + 1:
            best[0].append(path.name)
    return best


def _named(shell: Any) -> Iterator[Path]:
    """Where the notebook lies by the word of Jupyter's server or of VS Code."""
    for name in (os.environ.get("JPY_SESSION_NAME"), shell.user_ns.get("__vsc_ipynb_file__")):
        if isinstance(name, str) and name.endswith(".ipynb"):
            yield Path(_folder(shell), name)


def _beside(shell: Any) -> list[Path]:
    try:
        return sorted(Path(_folder(shell)).glob("*.ipynb"))[:MOST_FILES]
    except OSError:
        return []


def _folder(shell: Any) -> str:
    """The folder in which the kernel began, whatever the working folder is now."""
    return str(getattr(shell, "starting_dir", "") or ".")


def _code(path: Path) -> tuple[bytes, list[str]] | None:
    """A notebook's bytes and the texts of its code cells that are not empty; None where it cannot be read as one."""
    data = _read(path)
    try:
        cells = json.loads(data or b"")["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        texts = [source if isinstance(source, str) else "".join(source) for source in sources]
    except (LookupError, RecursionError, TypeError, ValueError):
        return None
    return data or b"", [text.rstrip("\n") for text in texts if text.strip()]


def _read(path: Path) -> bytes | None:
    """A file of a size that a person writes; None where there is none."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_bytes()
    except (OSError, ValueError):
        return None
