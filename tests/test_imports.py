"""Who may import whom: the staircase and the fences of the architecture, read from the source with `ast`.

    core               nothing of ours, standard library only
    media, vms         core
    archives           core, media, vms
    export             core, archives, media.measure
    batch              core, archives, media.naming, export
    server             core, vms.wire, archives, export
    evidence           core, media.worker, archives, export
    report             core, evidence, media.fonts, media.writing
    verifying          core, archives, export, evidence, report
    widgets, cli       everything above; nobody imports widgets, cli or server (but cli starts the server)

`cli` means cli.py, its parts cli_*.py, demo.py and demo_*.py; `batch` means batch.py and batch_*.py.
Type-only imports count: an arrow is an arrow.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import workbench

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ("core", "media", "vms", "archives", "export", "batch", "evidence", "report", "verifying")

MAY: dict[str, tuple[str, ...]] = {
    "core": (),
    "media": ("core",),
    "vms": ("core",),
    "archives": ("core", "media", "vms"),
    "export": ("core", "archives", "media.measure"),
    "batch": ("core", "archives", "media.naming", "export"),
    "server": ("core", "vms.wire", "archives", "export"),
    "evidence": ("core", "media.worker", "archives", "export"),
    "report": ("core", "evidence", "media.fonts", "media.writing"),
    "verifying": ("core", "archives", "export", "evidence", "report"),
    "widgets": LIBRARY,
    "cli": (*LIBRARY, "server"),
    "__init__": LIBRARY,
    "__main__": ("cli",),
}
"""Room → what of ours it may import besides itself: rooms, or single modules of a room."""

FENCES: dict[str, tuple[str, ...]] = {
    "av": ("media",),
    "httpx": ("vms",),
    "httpcore": ("vms",),
    "starlette": ("server",),
    "uvicorn": ("server",),
    "keyring": ("vms",),
    "distributed": ("cli",),
    "dask": ("cli",),
    "reportlab": ("report", "media.page"),
    "pikepdf": ("report", "evidence"),
    "pyhanko": ("evidence",),
    "cryptography": ("evidence",),
    "asn1crypto": ("evidence",),
    "matplotlib": ("report", "widgets", "media.overlay"),
    "ipywidgets": ("widgets",),
    "anywidget": ("widgets",),
    "traitlets": ("widgets",),
}
"""Library → the rooms or modules that may import it."""

DYNAMIC = {"__import__", "import_module"}


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, int, bool]]:
    """Each module that `tree` imports, spelt out, with its line and whether that is inside a function.

    ``from a import b`` counts as a.b, since b may be a module. Relative imports are resolved from `module`.
    """
    parts = module.split(".") if is_package else module.split(".")[:-1]

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[str, int, bool]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((f"{prefix}.{alias.name}", node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "id", getattr(node.func, "attr", None))
            if called in DYNAMIC and isinstance(node.args[0].value, str):
                yield node.args[0].value, node.lineno, inside
        deeper = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, deeper)

    yield from walk(tree, False)


def room_of(module: str) -> str:
    """The room of `module`, which is named without ``workbench.`` in front."""
    first = module.split(".")[0]
    if first.startswith("batch_"):
        return "batch"
    return "cli" if first in {"cli", "demo"} or first.startswith(("cli_", "demo_")) else first


def within(module: str, places: tuple[str, ...]) -> bool:
    """Whether `module` is one of `places` or lies in one of them."""
    return any(f"{module}.".startswith(f"{place}.") for place in places) or room_of(module) in places


def complaint(module: str, wanted: str, inside: bool) -> str | None:
    """Why `module` must not import `wanted`, or None if it may."""
    room, (top, _, rest) = room_of(module), wanted.partition(".")
    if top == "workbench":
        if rest == "__version__" or (rest and room_of(rest) == room):
            return None  # the version is a constant above all imports of the root
        if room not in MAY:
            return f"{room} is a room the table does not know: add it there and to the architecture"
        if not rest or not within(rest, MAY[room]):
            return f"{room} must not import {wanted}"
    elif top in FENCES and not within(module, FENCES[top]):
        return f"{top} is fenced into {', '.join(FENCES[top])}"
    elif top == "pandas" and not inside:
        return "pandas is imported inside functions only"
    elif room == "core" and top not in sys.stdlib_module_names:
        return f"core is standard library only, not {top}"
    return None


def complaints(folder: Path) -> list[str]:
    """Every import below `folder`, a package named workbench, that breaks a rule."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        names = list(path.relative_to(folder).with_suffix("").parts)
        is_package = names[-1] == "__init__" and len(names) > 1
        module = ".".join(names[:-1] if is_package else names)
        # the root's __init__ and __main__ are rooms of their own, with rules of their own
        full, package = ("workbench", True) if module == "__init__" else (f"workbench.{module}", is_package)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for wanted, line, inside in imports(tree, full, package):
            if why := complaint(module, wanted, inside):
                found.append(f"{path.relative_to(folder).as_posix()}:{line}: {why}")
    return found


def test_imports_run_down_the_staircase() -> None:
    """No import of the package breaks the table or a fence."""
    assert complaints(ROOT / "workbench") == []


BROKEN = [
    ("core/spec.py", "import numpy", "standard library only"),
    ("core/spec.py", "from workbench.media import probe", "core must not import workbench.media.probe"),
    ("core/spec.py", "from ..media.probe import probe", "core must not import workbench.media.probe.probe"),
    ("core/spec.py", "def f():\n    from workbench import archives", "core must not import"),
    ("core/spec.py", "import workbench", "core must not import workbench"),
    ("core/spec.py", "from workbench import Archive", "core must not import workbench.Archive"),
    ("media/frames.py", "import workbench.vms.client", "media must not import"),
    ("vms/client.py", "import av", "av is fenced into media"),
    ("archives/local.py", "from av import open", "av is fenced into media"),
    ("archives/local.py", "import importlib\nimportlib.import_module('av')", "av is fenced into media"),
    ("archives/local.py", "from workbench.export import run_export", "archives must not import"),
    ("export.py", "from workbench.media.cut import cut", "export must not import"),
    ("evidence/case.py", "from workbench.media import probe", "evidence must not import"),
    ("server/app.py", "from workbench.vms.client import Client", "server must not import"),
    ("report/model.py", "from workbench.archives import local", "report must not import"),
    ("batch.py", "from workbench import server", "batch must not import workbench.server"),
    ("widgets/mask.py", "from workbench.server.app import app", "widgets must not import"),
    ("widgets/mask.py", "from workbench.cli import main", "widgets must not import"),
    ("cli.py", "from workbench.widgets import session", "cli must not import"),
    ("__init__.py", "from .widgets import Session", "__init__ must not import workbench.widgets"),
    ("archives/remote.py", "import httpx", "httpx is fenced"),
    ("vms/client.py", "import starlette.routing", "starlette is fenced"),
    ("media/overlay.py", "from reportlab.pdfgen import canvas", "reportlab is fenced"),
    ("media/page.py", "import matplotlib", "matplotlib is fenced"),
    ("report/model.py", "import ipywidgets", "ipywidgets is fenced"),
    ("cli.py", "import traitlets", "traitlets is fenced"),
    ("report/model.py", "import anywidget", "anywidget is fenced"),
    ("batch.py", "import pandas as pd", "pandas is imported inside functions only"),
    ("attic/old.py", "from workbench.core import spec", "a room the table does not know"),
]


@pytest.mark.parametrize(("path", "source", "why"), BROKEN, ids=[f"{p}: {s[:40]}" for p, s, _ in BROKEN])
def test_a_broken_rule_is_found(tmp_path: Path, path: str, source: str, why: str) -> None:
    """The checker itself names the file and the rule, once."""
    file = tmp_path / "workbench" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    (found,) = complaints(tmp_path / "workbench")
    assert found.startswith(f"{path}:") and why in found


KEPT = [
    ("core/spec.py", "from __future__ import annotations\nimport json\nfrom .errors import WorkbenchError"),
    ("media/worker.py", "import av\nimport numpy\nfrom workbench import __version__, core"),
    ("media/page.py", "from reportlab.pdfgen import canvas"),
    ("archives/__init__.py", "from .local import LocalArchive"),
    ("archives/local.py", "from ..media.frames import frame_at"),
    ("batch.py", "from workbench.export import run_export\ndef to_frame():\n    import pandas"),
    ("evidence/case.py", "from workbench.media.worker import Worker\nfrom workbench.media import worker"),
    ("server/app.py", "from starlette.routing import Route\nfrom workbench.vms.wire import decode"),
    ("cli.py", "from workbench import cli_show, demo\nfrom workbench.server import app"),
    ("__init__.py", "from .export import plan_export\nfrom workbench.core.spec import ExportSpec"),
    ("__main__.py", "from workbench.cli import main"),
]


@pytest.mark.parametrize(("path", "source"), KEPT, ids=[path for path, _ in KEPT])
def test_a_kept_rule_is_passed(tmp_path: Path, path: str, source: str) -> None:
    """The checker finds nothing in what the table allows."""
    file = tmp_path / "workbench" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    assert complaints(tmp_path / "workbench") == []


def test_importing_workbench_loads_no_notebook() -> None:
    """`import workbench` is light: no notebook, plotting, table or server library comes with it."""
    heavy = {"IPython", "anywidget", "ipywidgets", "matplotlib", "pandas", "starlette", "traitlets"}
    code = f"import sys, workbench; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_complete() -> None:
    """`workbench.__all__` holds exactly the public names of the root, in order."""
    names = {name for name, value in vars(workbench).items() if not isinstance(value, ModuleType)}
    public = {name for name in names if not name.startswith("_")} - {"annotations"}
    assert workbench.__all__ == sorted(set(workbench.__all__))
    assert all(hasattr(workbench, name) and not name.startswith("_") for name in workbench.__all__)
    assert public <= set(workbench.__all__)


def test_the_version_is_said_once() -> None:
    """`workbench.__version__` and pyproject.toml agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert workbench.__version__ == project["version"]


# Written with classes such as [w] so that this file does not hold what it looks for.
REGISTRY = r"(?i)(p[y]pi\.(python\.)?org|python[h]osted\.org|registry\.n[p]mjs|index-[u]rl)"
MACHINE_PATH = r"(?<![\w.$}/-])(/[w]ork/|/[r]oot/|/[h]ome/\w|/[U]sers/\w|/opt/p[y]pi|[A-Z]:\\+[U]sers\\)"


def tracked_texts() -> list[Path]:
    """Files under version control that are text."""
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        pytest.skip("not a git clone, so nothing says which files are tracked")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registry address", "machine path"])
def test_tracked_texts_name_no_machine(pattern: str) -> None:
    """No package registry's address and no absolute path of somebody's machine is under version control."""
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:120]}"
        for path in tracked_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRY, "--index-" + "url somewhere"),
        (REGISTRY, "https://files.python" + "hosted.org/packages/a.whl"),
        (MACHINE_PATH, "open('/wor" + "k/main/x')"),
        (MACHINE_PATH, "see /ho" + "me/ann/x"),
        (MACHINE_PATH, "C:\\Us" + "ers\\ann"),
    ],
)
def test_machine_names_are_recognised(pattern: str, line: str) -> None:
    """The patterns find what they are for."""
    assert re.search(pattern, line)
