"""What the README shows is true: its Python runs, its commands run, its numbers are the code's, its links exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli import ROOT, command
from workbench.cli import VERBS
from workbench.cli_evidence import VERBS as EVIDENCE
from workbench.cli_request import build_parser
from workbench.core.geometry import MOST_POINTS
from workbench.media import joints
from workbench.media.audio_plan import KBIT_PER_CHANNEL
from workbench.media.clock import MOST_EMPTY_SLOTS
from workbench.media.encode import AV1_CRF, CRF, MJPEG_SCALE
from workbench.media.measure import DECODE_BUDGET
from workbench.media.probe import MOST_PIXELS
from workbench.media.raster import MOST_CROSSINGS
from workbench.media.still import QSCALES

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = (
    *("README.md", "CHANGELOG.md", "workbench/README.md", "docs/package-format.md"),
    *("notebooks/01_quickstart.ipynb", "notebooks/02_evidence.ipynb", "notebooks/03_remote.ipynb"),
)
COMMAND = re.compile(r"\$ (printf .* \| )?workbench ")
NEVER = re.compile(r"(?i)\b(un)?authentic|tamper[- ]?proof|court[- ]?proof|forgery[- ]?proof")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The words behind ``$ workbench`` of each line, continued lines joined."""
    text = "\n".join(blocks("console")).replace("\\\n", " ")
    return [
        shlex.split(line.partition("$ ")[2].rpartition("| ")[2])[1:]
        for line in text.splitlines()
        if COMMAND.match(line)
    ]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the recordings lie as in a clone."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "notebooks" / "recordings", folder / "notebooks" / "recordings")
    shutil.copy(ROOT / "notebooks" / "batch.csv", folder / "notebooks")
    return folder


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a process there, with this package on its path."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "WORKBENCH_CACHE": str(folder / "cache")}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_the_python_runs_as_written(clone: Path) -> None:
    """The ten lines export a file and print its name, its hash and the ledger."""
    (block,) = blocks("python")
    assert len([line for line in block.splitlines() if line]) == 10
    done = run([sys.executable, "-c", block], clone)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\.mp4 [0-9a-f]{64} Ledger\(copied=495, reencoded=7", done.stdout)


ADDRESS = "anna@127.0.0.1:8000"
REMOTE = [words for words in commands() if words[0] in ("user", "serve") or ADDRESS in " ".join(words)]
LAB = [words for words in commands() if words[0] == "lab"]
SINGLE = [words for words in commands() if words[0] not in EVIDENCE and "--case" not in words and words not in REMOTE]
STORY = [words for words in commands() if words not in SINGLE and words not in REMOTE and words not in LAB]


@pytest.mark.parametrize("words", [*SINGLE, *LAB], ids=lambda words: " ".join(words)[:60])
def test_a_command_line_runs(words: list[str], clone: Path) -> None:
    """Each command is understood and, but for the demo and the lab (tests of their own), carried out."""
    build_parser().parse_args(words)
    if words[0] not in ("demo", "lab"):
        done = run([*command(), *words], clone)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_story_of_a_case_runs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of a case, from `case new` to `challenge`, work one behind the other as they stand there."""
    monkeypatch.setenv("WORKBENCH_KEY_PASSWORD", "not a secret")
    for words in STORY:
        done = run([*command(), *words], clone)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert done.stdout


def test_the_remote_story_runs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the remote side work as they stand there, against the server that they start."""
    monkeypatch.setenv("WORKBENCH_VMS_PASSWORD", "a good password")
    add, serve, *rest = REMOTE
    assert run([*command(), *add], clone).returncode == 0
    port = free_port()
    with serving([*command(), *(str(port) if word == "8000" else word for word in serve)], clone):
        for words in rest:
            done = run([*command(), *(word.replace(ADDRESS, f"anna@127.0.0.1:{port}") for word in words)], clone)
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
            assert done.stdout


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(words: list[str], folder: Path) -> Iterator[None]:
    """The server of the README, until the block ends; it must end by itself when it is asked to."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WORKBENCH_CACHE": str(folder / "cache")}
    with subprocess.Popen(words, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "serving at" in process.stderr.readline()
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def test_every_verb_is_shown() -> None:
    """The README has an example of each verb."""
    assert {words[0] for words in commands()} == set(VERBS)


@pytest.mark.parametrize(
    ("row", "numbers"),
    [
        ("H.264, H.265: CRF", CRF),
        ("AV1", AV1_CRF),
        ("MJPEG, JPEG", MJPEG_SCALE),
        ("MJPEG, JPEG", QSCALES),
        ("AAC", tuple(KBIT_PER_CHANNEL.values())),
    ],
    ids=["CRF", "AV1", "MJPEG", "JPEG", "AAC"],
)
def test_the_quality_table_is_the_code_s(row: str, numbers: tuple[int, ...]) -> None:
    """The table's numbers are those that the encoders get."""
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {row}")]
    cells = [int(cell) for cell in line.strip("|").split("|")[1:]]
    assert cells == list(numbers)


@pytest.mark.parametrize(
    "words",
    [
        f"{MOST_POINTS:,} corners",
        f"{MOST_CROSSINGS:,} rows",
        f"up to {MOST_EMPTY_SLOTS:,}",
        f"up to {joints.MOST} a file, {joints.REACH} pictures behind each",
        f"{DECODE_BUDGET / 1e9:g} billion pixels ({DECODE_BUDGET // (1920 * 1080)} pictures of 1080p",
        f"{MOST_PIXELS // 1_000_000} megapixels",
    ],
)
def test_the_limits_are_the_code_s(words: str) -> None:
    """Each bound that the README names is the one in force."""
    assert words in " ".join(README.split())


@pytest.mark.parametrize("name", [name for name in GUIDES if name.endswith(".md")])
def test_links_lead_somewhere(name: str) -> None:
    """Each relative link names a file of the repository."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or ((ROOT / name).parent / target).exists(), target


@pytest.mark.parametrize("name", GUIDES)
def test_nothing_is_claimed_that_software_cannot_know(name: str) -> None:
    """No guide calls an output authentic or proof against anything."""
    assert not NEVER.search((ROOT / name).read_text(encoding="utf-8"))


def test_the_map_names_every_module() -> None:
    """The developer's tree is the tree as it really is."""
    text = (ROOT / "workbench" / "README.md").read_text(encoding="utf-8")
    modules = [path for path in (ROOT / "workbench").rglob("*.py") if path.name != "__init__.py"]
    assert [path.name for path in modules if not re.search(rf"\b{re.escape(path.name)}", text)] == []
