"""What is left of a remote export that does not come home: deleted or taken up again, and the words say which."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.archives.moody import SPEC, Moody
from tests.cli import ROOT
from tests.vms.faulty import Asked, Handler, Wire, answer
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import Cancelled, RemoteError, WorkbenchError, WorkError
from workbench.core.result import ExportResult
from workbench.vms.following import Failed, Gone
from workbench.vms.transport import Timeouts

SHORT = Timeouts(silence=0.5, connect=1.0)
RETRY = answer(503, Retry_After="30")


@contextmanager
def archive(vms: Moody, folder: Path, **more: Any) -> Iterator[RemoteArchive]:
    """An archive of a VMS with a cache of its own."""
    remote = RemoteArchive(vms.url, cache=folder / "cache", timeouts=SHORT, **more)
    try:
        yield remote
    finally:
        remote.close()


def export(remote: RemoteArchive, out: Path, cancel: threading.Event | None = None, **more: Any) -> ExportResult:
    """One export into a folder."""
    return remote.run(remote.plan(SPEC), out, cancel=cancel, **more)


def named(out: Path) -> list[str]:
    """Files that have their names."""
    return sorted(path.name for path in out.glob("[!.]*"))


def whole(result: ExportResult, vms: Moody) -> None:
    """Everything is here and nothing there, and the papers say so."""
    files = {file.kind: Path(file.path) for file in result.files}
    assert list(files) == ["video", "flight", "record"] and named(files["video"].parent) == sorted(
        path.name for path in files.values()
    )
    record = json.loads(files["record"].read_bytes())
    calls = [json.loads(line) for line in files["flight"].read_text().splitlines()]
    assert record["remote"] == result.remote and record["remote"]["export"]["deleted"] is True
    assert (calls[-1]["method"], record["remote"]["flight"]["calls"]) == ("DELETE", len(calls))
    assert {file.kind: file.sha256 for file in result.files if file.kind == "flight"} == {
        "flight": record["remote"]["flight"]["sha256"]
    }
    assert vms.exports == {}


def sends(data: bytes) -> Handler:
    """A hook that always gives the same answer."""
    return lambda asked, wire: wire.send(data)


def resets(asked: Asked, wire: Wire) -> None:
    """A hook that breaks the connection."""
    wire.reset()


def breaks_off(asked: Asked, wire: Wire) -> None:
    """A hook that ends in the middle of the file, whose server knows no validators."""
    wire.send(answer(200, b"x" * 100, length=200))
    wire.close()


FETCHING = {
    "unreadable status": ("status", sends(answer(200, b'{"progress": -1}')), RemoteError),
    "silent status": ("status", resets, RemoteError),
    "broken file": ("file", resets, RemoteError),
    "failing file": ("file", sends(answer(502)), RemoteError),
    "file that breaks off": ("file", breaks_off, RemoteError),
    "disk too small": ("file", sends(answer(200, b"x", length=10**17)), WorkError),
    "not allowed any more": ("file", sends(answer(401)), RemoteError),
}


@pytest.mark.parametrize(("kind", "hook", "error"), FETCHING.values(), ids=FETCHING)
def test_what_could_not_be_fetched_is_taken_up(
    tmp_path: Path, kind: str, hook: Handler, error: type[WorkbenchError]
) -> None:
    """Where network, disk or time are at fault the export stays, the words name the command, and it works."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks[kind] = hook
        with pytest.raises(error) as caught:
            export(remote, tmp_path / "out")
        ((id_, _),) = vms.exports.items()
        assert f"workbench resume {vms.url} {id_} --out DIR" in caught.value.advice and "stays" in caught.value.advice
        assert "delete" not in vms.seen and named(tmp_path / "out") == []
        assert [one.id for one in remote.pending()] == [id_]
        del vms.hooks[kind]
        whole(remote.resume(id_, tmp_path / "out"), vms)
        assert remote.pending() == ()


FAILING = {
    "failed there": ("status", sends(answer(200, b'{"state": 3, "error": "no room"}')), Failed),
    "no such file": ("file", sends(answer(404)), Failed),
    "never the same": ("file", sends(answer(200, b"x", X_SHA256="0" * 64)), Failed),
}


@pytest.mark.parametrize(("kind", "hook", "error"), FAILING.values(), ids=FAILING)
def test_what_failed_for_good_is_deleted(tmp_path: Path, kind: str, hook: Handler, error: type[WorkbenchError]) -> None:
    """Where fetching again would end alike the export is deleted at the server, and the words say that."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks[kind] = hook
        with pytest.raises(error) as caught:
            export(remote, tmp_path / "out")
        assert caught.value.advice.endswith("The export was deleted at the server.")
        assert "resume" not in caught.value.advice
        assert vms.exports == {} and remote.pending() == () and named(tmp_path / "out") == []


def test_what_cannot_be_deleted_is_said_to_be_there(tmp_path: Path) -> None:
    """A failed export that the server will not delete stays on the list, and the words say so."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks |= {"status": sends(answer(200, b'{"state": 3}')), "delete": sends(answer(403))}
        with pytest.raises(Failed) as caught:
            export(remote, tmp_path / "out")
        assert "could not be deleted" in caught.value.advice and len(remote.pending()) == 1


def test_nothing_is_deleted_before_the_files_have_names(tmp_path: Path) -> None:
    """When the DELETE comes all files lie under their names, and the record does not claim that it came already."""
    seen: list[Any] = []

    def look(asked: Asked, wire: Wire) -> None:
        record = json.loads((tmp_path / "out" / "hall.mp4.json").read_bytes())
        seen.append((named(tmp_path / "out"), record["remote"]["export"]["deleted"], remote.pending()[0].id))
        vms.answer("delete", asked, wire)

    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["delete"] = look
        result = export(remote, tmp_path / "out")
        assert result.remote is not None
        id_ = result.remote["export"]["id"]
        assert seen == [(["hall.mp4", "hall.mp4.flight.jsonl", "hall.mp4.json"], None, id_)]
        whole(result, vms)


def test_an_export_that_the_server_keeps_is_told_as_there(tmp_path: Path) -> None:
    """Where the DELETE fails at the end the files stay, a warning says it, and `resume` makes up for it."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["delete"] = sends(answer(403))
        result = export(remote, tmp_path / "out")
        assert result.remote is not None and result.remote["export"]["deleted"] is False
        assert any("could not be deleted" in warning for warning in result.warnings)
        (pending,) = remote.pending()
        del vms.hooks["delete"]
        whole(remote.resume(pending.id, tmp_path / "elsewhere"), vms)
        assert remote.pending() == () and not (tmp_path / "elsewhere").exists()


def test_files_that_get_no_names_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full when the names are given: nothing here, all of it there, and `resume` brings it."""

    def full(*args: object) -> None:
        raise WorkError("the disk is full")

    with Moody() as vms, archive(vms, tmp_path) as remote:
        monkeypatch.setattr("workbench.media.naming.publish_all", full)
        with pytest.raises(WorkError, match="full") as caught:
            export(remote, tmp_path / "out")
        monkeypatch.undo()
        (pending,) = remote.pending()
        assert f"resume {vms.url} {pending.id}" in caught.value.advice
        assert list(vms.exports) == [pending.id] and named(tmp_path / "out") == []
        whole(remote.resume(pending.id, tmp_path / "out"), vms)


CHILD = """
import os, sys
from pathlib import Path
from tests.archives.moody import SPEC
from workbench.archives import remote_ending, remote_home, remote_start
from workbench.archives.remote import RemoteArchive
from workbench.media import naming
from workbench.vms.client import Client

def dies(*args, **more):
    os._exit(9)

def dies_after(work):
    def both(*args, **more):
        work(*args, **more)
        os._exit(9)
    return both

def dies_at(name):
    replace = Path.replace
    Path.replace = lambda self, to: os._exit(9) if str(to).endswith(name) else replace(self, to)

url, root, when = sys.argv[1:]
match when:
    case "before the start is sent":
        Client.start_export = dies
    case "after the start was sent":
        Client.start_export = dies_after(Client.start_export)
    case "before the names are given":
        naming.publish_all = dies
    case "after the names are given":
        naming.publish_all = dies_after(naming.publish_all)
    case "after the export is deleted":
        remote_ending.Ending.completed = dies_after(remote_ending.Ending.completed)
    case "before the flight is complete":
        dies_at(".flight.jsonl")
    case "before the record is complete":
        dies_at("hall.mp4.json")
    case "before the note is dropped":
        remote_ending.Ending.forget = dies
remote = RemoteArchive(url, cache=root + "/cache")
remote.run(remote.plan(SPEC), Path(root) / "out")
"""
MOMENTS = [
    "after the start was sent",
    "after the names are given",
    "before the record is complete",
    *(
        pytest.param(moment, marks=pytest.mark.slow)
        for moment in (
            "before the names are given",
            "after the export is deleted",
            "before the flight is complete",
            "before the note is dropped",
        )
    ),
]


def killed(vms: Moody, folder: Path, moment: str) -> None:
    """An export in a process of its own that ends, as by kill -9, at a moment."""
    words = [sys.executable, "-c", CHILD, vms.url, str(folder), moment]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, check=False)
    assert done.returncode == 9, done.stderr.decode()


@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_is_lost_at_any_moment(tmp_path: Path, moment: str) -> None:
    """Killed at any moment once the start was sent: all files or none, one note of it, and `resume` is enough."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        killed(vms, tmp_path, moment)
        assert len(named(tmp_path / "out")) in (0, 3)
        (pending,) = remote.pending()
        assert pending.process is None
        whole(remote.resume(pending.id, tmp_path / "out"), vms)
        assert remote.pending() == () and not list((tmp_path / "cache" / "remote").iterdir())


def test_a_start_that_was_never_sent_is_found_out(tmp_path: Path) -> None:
    """Killed before the start was sent: the note says so much, `resume` says that the server knows nothing of it."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        killed(vms, tmp_path, "before the start is sent")
        (pending,) = remote.pending()
        assert not pending.answered and pending.to_json()["answered"] is False
        with pytest.raises(Gone, match="not heard"):
            remote.resume(pending.id, tmp_path / "out")
        assert remote.pending() == () and vms.exports == {}


def test_a_server_that_lists_nothing_is_not_asked_twice(tmp_path: Path) -> None:
    """Somebody else's VMS cannot tell what became of a start: that is said once, and the note goes."""
    with Moody("Axxon One 2.0") as vms, archive(vms, tmp_path) as remote:
        vms.hooks["grpc"] = sends(answer(404))
        killed(vms, tmp_path, "after the start was sent")
        (pending,) = remote.pending()
        with pytest.raises(RemoteError, match="nobody knows whether"):
            remote.resume(pending.id, tmp_path / "out")
        assert remote.pending() == ()


def test_a_cancel_is_heard_while_the_queue_is_full(tmp_path: Path) -> None:
    """A start that is to come back in half a minute ends with the cancel, nothing begun and nothing written down."""
    cancel = threading.Event()
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["start"] = sends(RETRY)
        plan = remote.plan(SPEC)
        threading.Timer(0.5, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled) as caught:
            remote.run(plan, tmp_path / "out", cancel=cancel)
        assert time.monotonic() - began < 1.5 and "Nothing was begun" in caught.value.advice
        assert vms.exports == {} and remote.pending() == () and not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["version", "now"])
def test_a_cancel_is_heard_before_the_start(tmp_path: Path, kind: str) -> None:
    """A server that hangs on the first questions holds nobody who cancels."""
    cancel, over = threading.Event(), threading.Event()
    with Moody() as vms, archive(vms, tmp_path) as remote:
        plan = remote.plan(SPEC)
        vms.hooks[kind] = lambda asked, wire: over.wait(10) and None
        threading.Timer(0.3, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            remote.run(plan, tmp_path / "out", cancel=cancel)
        assert time.monotonic() - began < 1.5 and vms.exports == {} and remote.pending() == ()
        over.set()


def interrupt() -> Callable[[], None]:
    """What Ctrl-C does to this thread."""
    me = threading.get_ident()
    return lambda: signal.pthread_kill(me, signal.SIGINT)


@pytest.mark.parametrize("how", ["cancel", "Ctrl-C"])
def test_a_start_that_is_interrupted_is_taken_back(tmp_path: Path, how: str) -> None:
    """Interrupted while the start is out: its export is found by its mark and deleted; nothing stays on the list."""
    cancel, over = threading.Event(), threading.Event()
    stop = cancel.set if how == "cancel" else interrupt()

    def begins_and_hangs(asked: Asked, wire: Wire) -> None:
        vms.begin(asked)
        over.wait(10)
        wire.close()

    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["start"] = begins_and_hangs
        plan = remote.plan(SPEC)
        threading.Timer(0.5, stop).start()
        with pytest.raises(Cancelled) as caught:
            remote.run(plan, tmp_path / "out", cancel=cancel)
        assert caught.value.advice == "The export was deleted at the server."
        assert vms.exports == {} and remote.pending() == ()
        over.set()


def test_a_start_that_cannot_be_taken_back_stays_on_the_list(tmp_path: Path) -> None:
    """Where the server cannot be asked the words say that nobody knows, and `resume` finds it later."""
    cancel, over = threading.Event(), threading.Event()

    def begins_and_hangs(asked: Asked, wire: Wire) -> None:
        vms.begin(asked)
        over.wait(10)
        wire.close()

    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks |= {"start": begins_and_hangs, "grpc": resets}
        plan = remote.plan(SPEC)
        threading.Timer(0.3, cancel.set).start()
        with pytest.raises(Cancelled) as caught:
            remote.run(plan, tmp_path / "out", cancel=cancel)
        over.set()
        (pending,) = remote.pending()
        assert "Nobody knows" in caught.value.advice and pending.id in caught.value.advice
        vms.hooks.clear()
        whole(remote.resume(pending.id, tmp_path / "out"), vms)


def test_what_is_in_work_is_left_alone(tmp_path: Path) -> None:
    """An export that a process works on names it, and another one's `resume` is refused and deletes nothing."""
    go, running = threading.Event(), threading.Event()

    def waits(asked: Asked, wire: Wire) -> None:
        running.set()
        if go.is_set():
            vms.answer("status", asked, wire)
        else:
            wire.send(answer(200, b'{"state": 1, "progress": 0.5}'))

    with Moody() as vms, archive(vms, tmp_path) as first, archive(vms, tmp_path) as second:
        vms.hooks["status"] = waits
        results: list[ExportResult] = []
        work = threading.Thread(target=lambda: results.append(export(first, tmp_path / "out", token="row 7")))
        work.start()
        assert running.wait(10)
        (pending,) = second.pending(token="row 7")
        assert (pending.process, pending.to_json()["process"]) == (os.getpid(), os.getpid())
        assert second.pending(token="row 8") == ()
        with pytest.raises(WorkError, match=f"in work by process {os.getpid()}"):
            second.resume(pending.id, tmp_path / "other")
        assert "delete" not in vms.seen
        go.set()
        work.join()
        whole(results[0], vms)
        assert second.pending() == ()
