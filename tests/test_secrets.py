"""Figure 3: secrets are planted in every place that takes one, and none is in any byte that is written.

Servers (open to misbehave, over TLS too) and their users, the library, the command line with a batch, an export that is
killed and taken up again, the demo's remote part and a notebook run as real processes whose homes, caches, temporary
folders, logs and outputs all lie below one folder; then every byte of that folder is searched. What all other tests
write is searched at the end of the run (`swept`).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pikepdf
import pytest
from nbclient import NotebookClient

from tests.archives.served import archive as footage
from tests.cli import ROOT, command
from tests.leaked import contents, found_in, given_away
from tests.planted import SECRETS, WORD
from tests.server.test_serving import certificate
from tests.swept import sweep
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError

USERS = {"anna": "argument", "bert": "prompt", "cora": "keyring", "dora": "environment"}
TEN, LATER = "2026-03-01T10:00:00Z", "2026-03-01T10:00:01Z"
HOMES = ("HOME", "TMPDIR", "WORKBENCH_CACHE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")


class Place:
    """One folder that holds all that is written, and processes that write nowhere else."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, {**SECRETS}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("WORKBENCH_")}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), "WORKBENCH_DEBUG": "1"}
        for name in HOMES:
            (folder / "homes" / name).mkdir(parents=True)
            self.environment[name] = str(folder / "homes" / name)

    def run(self, name: str, *words: object, given: str = "", code: int | None = 0, **more: str) -> str:
        """A process in a folder of its own; what it says is kept there, and given back."""
        there = self.folder / name
        there.mkdir()
        done = subprocess.run(
            list(map(str, words)), cwd=there, input=given.encode(), capture_output=True, timeout=120,
            env={**self.environment, **more},
        )  # fmt: skip
        (there / "stdout").write_bytes(done.stdout)
        (there / "stderr").write_bytes(done.stderr)
        assert code is None or done.returncode == code, done.stderr.decode()[-3000:]
        return done.stdout.decode()

    @contextmanager
    def server(self, name: str, *words: str) -> Iterator[str]:
        """The URL of a server over the footage; its log is kept."""
        place = [str(self.folder / "footage"), "--state", str(self.folder / f"{name}-state"), "--port", "0", *words]
        log = self.folder / f"{name}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*command(), "serve", *place], env=self.environment, stdout=said, stderr=subprocess.PIPE
            )
            assert process.stderr is not None
            url = ""
            while not url and (line := process.stderr.readline()):
                said.write(line)
                url = line.decode().split()[2] if b"serving at " in line else ""
            said.flush()
            drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=said)
            try:
                assert url, log.read_text()
                yield url
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(30)
                process.stderr.close()
                drain.wait(30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Everything was done, and lies there."""
    made = Place(tmp_path_factory.mktemp("secrets"))
    footage(made.folder / "footage")
    users = made.folder / "users.toml"
    for user, secret in USERS.items():
        words = ("user", users, user, "--rights", "view,export,live,unmasked")
        made.run(f"user-{user}", *command(), *words, given=SECRETS[secret] + "\n")
    with made.server("server", "--users", str(users)) as url:
        said = made.run("library", sys.executable, "-m", "tests.secret_work", given=json.dumps({"url": url, **SECRETS}))
        token = next(line.split()[1] for line in said.splitlines() if line.startswith("TOKEN "))
        made.told["token"] = base64.b85decode(token).decode()
        command_line(made, url)
        notebook(made, url)
    cert, key = certificate(made.folder)
    (made.folder / "faults.toml").write_text(FAULTS, encoding="ascii")
    flags = (
        "--users",
        str(users),
        "--cert",
        str(cert),
        "--key",
        str(key),
        "--faults",
        str(made.folder / "faults.toml"),
    )
    with made.server("faulty", *flags) as url:
        misfortune(made, url, cert)
    return made


def command_line(made: Place, url: str) -> None:
    """What a person does with a shell, mistakes included."""
    dora, right = url.replace("://", "://dora@"), {"WORKBENCH_VMS_PASSWORD": SECRETS["environment"]}
    span = ("hall", TEN, LATER)
    made.run(
        "cli-export",
        *command(),
        "export",
        dora,
        *span,
        "--format",
        "mp4",
        "--derive",
        "always",
        "--out",
        "out",
        **right,
    )
    made.run("cli-acquire", *command(), "acquire", dora, *span, "--out", "out", "--json", **right)
    wrong = {"WORKBENCH_VMS_PASSWORD": SECRETS["wrong"]}
    made.run("cli-wrong", *command(), "sources", dora, code=5, **wrong)
    made.run("cli-token", *command(), "sources", url, WORKBENCH_VMS_TOKEN=made.told["token"])
    closed = url.rsplit(":", 1)[0] + ":9"
    made.run("cli-nobody", *command(), "coverage", closed, "hall", code=5, **right, WORKBENCH_VMS_USER="dora")
    made.run("cli-url", *command(), "sources", f"http://anna:{SECRETS['in url']}@127.0.0.1:8000", code=2)

    rows = made.folder / "rows.csv"
    rows.write_text(f"source,begin,end,format\nhall,{TEN},{LATER},mp4\nnone,{TEN},{LATER},mp4\n")
    made.run("cli-batch", *command(), "batch", rows, "--archive", dora, "--out", "out", code=5, **right)
    demo = (sys.executable, "-c", DEMO, made.folder / "footage")
    made.run("demo", *demo, **right, WORKBENCH_VMS_USER="dora")


DEMO = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.secret_work import SPEC
from workbench.archives.local import LocalArchive
from workbench.core.spec import Mask
from workbench.demo_remote import run
mask = Mask(points=((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)))
print(run(LocalArchive(sys.argv[1]), replace(SPEC, source="hall"), mask, Path("out"), print))
"""
FAULTS = """
[[fault]]
kind = "body"
path = "/archive/contents/intervals/*"
text = "no document"
times = 1
[[fault]]
kind = "status"
path = "/camera/list"
code = 500
times = 1
[[fault]]
kind = "slow"
path = "/export/*/status"
seconds = 3.0
times = 1
[[fault]]
kind = "drop"
path = "/export/*/file"
at = 1000
times = 2
"""


def misfortune(made: Place, url: str, cert: Path) -> None:
    """A server that misbehaves, a stranger's certificate, an export whose process is killed, and its end."""
    dora, right = url.replace("://", "://dora@"), {"WORKBENCH_VMS_PASSWORD": SECRETS["environment"]}
    trusting = (dora, "--ca", cert)
    made.run("cli-stranger", *command(), "sources", dora, code=5, **right)
    made.run("cli-malformed", *command(), "coverage", *trusting, "hall", code=5, **right)
    wrong = {"WORKBENCH_VMS_PASSWORD": SECRETS["wrong"]}
    made.run("cli-wrong-tls", *command(), "sources", *trusting, code=5, **wrong)
    killed(made, *command(), "export", *trusting, "hall", TEN, LATER, "--format", "mp4", "--out", "out", **right)
    listed = json.loads(made.run("cli-pending", *command(), "resume", *trusting, "--json", **right))["pending"]
    made.run("cli-resume", *command(), "resume", *trusting, listed[0]["id"], "--out", "out", **right)


def killed(made: Place, *words: object, **more: str) -> None:
    """A command that is killed once it has written down under what id its export runs."""
    there, notes = made.folder / "cli-killed", Path(made.environment["WORKBENCH_CACHE"]) / "remote"
    there.mkdir()
    with (there / "stdout").open("wb") as out, (there / "stderr").open("wb") as err:
        process = subprocess.Popen(
            list(map(str, words)), cwd=there, stdout=out, stderr=err, env={**made.environment, **more}
        )
        until = time.monotonic() + 60
        while not any(notes.glob("*-*.json")):  # named after the id once the server has told it
            assert process.poll() is None and time.monotonic() < until, (there / "stderr").read_text()
            time.sleep(0.02)
        process.kill()
        process.wait()


def notebook(made: Place, url: str) -> None:
    """A notebook with a typing mistake in it, saved with all its outputs."""
    cells = [
        "import os\nfrom workbench import RemoteArchive\n%xmode Verbose",
        f"vms = RemoteArchive({url!r}, user='dora')\nvms, vms.sources()",
        "vars(vms), vars(vms.connection), vms.connection.client.flight.calls",
        f"wrong = RemoteArchive({url!r}, user='anna', prompt=lambda whose: os.environ['TYPED'])\nwrong.sources()",
        "vms.close(), wrong.close()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    env = {**made.environment, "WORKBENCH_VMS_PASSWORD": SECRETS["environment"], "TYPED": SECRETS["wrong"]}
    env.pop("WORKBENCH_DEBUG")
    NotebookClient(book, timeout=60, kernel_name="python3", allow_errors=True).execute(
        env=env, cwd=str(made.folder / "homes")
    )
    nbformat.write(book, made.folder / "saved.ipynb")


def test_no_secret_is_written_anywhere(place: Place) -> None:
    """No spelling of any secret in any file, member, stream, text or name; and what was staged took place."""
    assert found_in(place.folder, place.told) == []
    all_was_there_to_be_searched(place)
    what_went_wrong_went_wrong(place)


def all_was_there_to_be_searched(place: Place) -> None:
    """The search had something to find: logs of every kind, records, flights, a case, its report, its package."""
    lies = [path.relative_to(place.folder).as_posix() for path in place.folder.rglob("*") if path.is_file()]
    for ending in ("flight.jsonl", "custody.jsonl", ".pdf", ".zip", ".sqlite", "users.toml", ".mp4.json", ".pickle"):
        assert any(name.endswith(ending) for name in lies), (ending, lies)
    log = (place.folder / "server.log").read_text()
    assert r"auth_token=\u2026" in log and '"status": 401' in log and '"user": "cora"' in log
    assert "Traceback" in (place.folder / "library" / "debug.log").read_text()
    outputs = json.dumps(nbformat.read(place.folder / "saved.ipynb", as_version=4))
    assert "NotAllowed" in outputs and "Entrance hall" in outputs
    assert (place.folder / "cli-wrong" / "stderr").stat().st_size > 0


def what_went_wrong_went_wrong(place: Place) -> None:
    """Each misfortune that was staged took place: refused, malformed, killed and taken up, partly done."""
    said = {name: (place.folder / f"cli-{name}" / "stderr").read_text() for name in ("stranger", "malformed")}
    assert "could not prove who it is" in said["stranger"] and "RemoteError" in said["malformed"], said
    assert list((place.folder / "cli-resume" / "out").glob("*.mp4"))
    faulty = (place.folder / "faulty.log").read_text()
    assert '"status": 401' in faulty and '"user": "dora"' in faulty
    assert len(list((place.folder / "cli-batch" / "out").rglob("*.mp4"))) == 1
    assert len(list((place.folder / "demo" / "out").rglob("*.mp4"))) == 3


CARELESS = """
from tests.planted import SECRETS

def test_is_careless(tmp_path):
    (tmp_path / "out").write_text("password: " + SECRETS["argument"])

def test_is_not(tmp_path):
    (tmp_path / "out").write_text("nothing")
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "worker"])
def test_a_secret_that_a_test_wrote_fails_the_run(workers: tuple[str, ...], tmp_path: Path) -> None:
    """A run whose tests all pass ends with 1 where one of them wrote a secret, and says where it stands."""
    (tmp_path / "test_careless.py").write_text(CARELESS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", *workers]
    words += ["--rootdir", str(tmp_path), "--basetemp", str(tmp_path / "base"), str(tmp_path / "test_careless.py")]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    shutil.rmtree(tmp_path / "base")  # the search at the end of this run must not find it too
    assert done.returncode == 1 and "2 passed" in done.stdout, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if "PLANTED SECRET" in line]
    assert len(told) == 1 and told[0].endswith("test_is_careless0/out: plain")
    assert done.stdout.count("searched for planted secrets") == 1


def test_what_was_not_searched_is_told(tmp_path: Path) -> None:
    """Long files are searched at both ends, files behind the time limit are not, and the line at the end says so."""
    with (tmp_path / "long").open("wb") as long:
        long.truncate(18 * 2**20)
    found, late = sweep(tmp_path), sweep(tmp_path, seconds=-1)
    assert (found.hits, found.files, found.long, late.left) == ([], 1, 1, ["long"])
    assert "only both ends" in found.said and "NOT SEARCHED: 1, long first" in late.said


def _zip(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("inner.txt", data * 3)


def _pdf(path: Path, data: bytes) -> None:
    with pikepdf.new() as pdf:
        pdf.Root.Thing = pikepdf.Stream(pdf, data)
        pdf.save(path, compress_streams=True, recompress_flate=True)


TWINS = {name: value.replace(WORD, WORD[::-1]) for name, value in SECRETS.items()}
"""Like the planted ones, but allowed to be written."""
PACKINGS: Mapping[str, Any] = {"file": Path.write_bytes, "zip": _zip, "pdf": _pdf}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_the_search_finds(packing: str, secret: str, tmp_path: Path) -> None:
    """Each secret, in each spelling and packing, is found and named; without it nothing is."""
    value, path = TWINS[secret], tmp_path / "thing"
    pair = base64.b64encode(f"anna:{value}".encode())
    for written in (value.encode(), json.dumps({"a": value}).encode(), pair, value.encode("utf-16")):
        PACKINGS[packing](path, b"before " + written + b" after")
        assert any(secret in line for line in found_in(tmp_path, TWINS)), written
    PACKINGS[packing](path, b"before and after")
    assert found_in(tmp_path, TWINS) == []


def test_no_part_of_a_password_in_an_address_is_told() -> None:
    """Where a password holds what parts an address, neither the error nor what led to it repeats any of it."""
    for address in (f"http://anna:{value}@127.0.0.1:8000" for value in SECRETS.values()):
        with pytest.raises(RequestError) as caught:
            RemoteArchive(address)
        assert WORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("value", SECRETS.values(), ids=SECRETS)
def test_what_a_run_leaves_behind_is_searched(value: str, tmp_path: Path) -> None:
    """The search at the end of a run finds a secret in names and files, packed or not, and says where."""
    plain, path = value.encode(), tmp_path / "x"
    spelt = plain, json.dumps(value).encode(), base64.b64encode(b"anna:" + plain), value.encode("utf-16")
    for packing in PACKINGS.values():
        for written in (*spelt, plain.hex().encode()):
            packing(path, b"before " + written + b" after")
            assert sweep(tmp_path).hits[0].startswith("x")
    path.rename(tmp_path / WORD)
    assert any(hit.startswith("name of ") for hit in sweep(tmp_path).hits)
    (tmp_path / WORD).unlink()


@pytest.mark.parametrize("user", ["", "a", "an", "anna", "bertha"])
def test_base64_is_found_wherever_it_begins(user: str) -> None:
    """However long the user's name is, the header of HTTP Basic gives the password away."""
    for name, value in SECRETS.items():
        header = b"Basic " + base64.b64encode(f"{user}:{value}".encode())
        assert [one for one in given_away(header, SECRETS) if one.startswith(name)], header
    assert next(iter(contents(b"x"))) == ("", b"x")
