"""The custody log on the disk: appended by several, torn, broken, full."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from workbench.core.errors import NameTaken, RequestError, SourceError, WorkError
from workbench.evidence.custody import read
from workbench.evidence.custody_log import Log
from workbench.evidence.locking import locked


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of two entries."""
    made = Log.create(tmp_path / "custody.jsonl", "case-created", {"number": "1"}, who="A")
    made.append("comment-written", {"id": "C1", "text": "one"}, who="A")
    return made


def kinds(log: Log) -> list[str]:
    """What the entries on the disk are, every line of which holds."""
    entries, findings = read(log.path.read_bytes())
    assert findings == ()
    return [entry.what for entry in entries]


def test_what_append_returns_is_what_is_read(log: Log) -> None:
    """Tuples became lists, and the hash is that of the line."""
    entry = log.append("x", {"marks": ((1, 2), (3, 4))}, who="B")
    assert Log(log.path).entries()[-1] == entry and entry.data == {"marks": [[1, 2], [3, 4]]}


def test_a_log_is_made_once(log: Log) -> None:
    """Never over another."""
    with pytest.raises(NameTaken):
        Log.create(log.path, "case-created", {}, who="A")


def test_two_hands_write_one_chain(log: Log) -> None:
    """Each append follows what the other wrote meanwhile."""
    other = Log(log.path)
    for n in range(3):
        other.append("x", {"n": n}, who="B")
        log.append("y", {"n": n}, who="A")
    assert kinds(log)[2:] == ["x", "y"] * 3
    assert log.entries() == other.entries()


def test_threads_write_one_chain(log: Log) -> None:
    """One log object, many threads."""
    threads = [threading.Thread(target=lambda: [log.append("x", {}, who="T") for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kinds(log)) == 42


@pytest.mark.parametrize("torn", [b"{", b'{"after":[],"at":"2026', b"\0" * 4096, b"\xff\n", b"\0\0\n"])
def test_a_torn_last_line_is_passed_over_and_set_aside(torn: bytes, log: Log) -> None:
    """Readers do without it; the next append keeps it in a file of its own and says so."""
    with log.path.open("ab") as file:
        file.write(torn)
    again = Log(log.path)
    assert len(again.entries()) == 2 and again.torn == torn
    again.append("y", {}, who="B")
    assert kinds(log)[2:] == ["torn-line-set-aside", "y"]
    told = again.entries()[2]
    assert log.path.with_name("custody.torn-1").read_bytes() == torn
    digest = hashlib.sha256(torn).hexdigest()
    assert told.data == {"path": "custody.torn-1", "sha256": digest, "size": len(torn)} and told.who == "B"
    assert told.after == ({"file": "custody.torn-1", "sha256": digest},)


def test_every_cut_of_the_last_line_is_a_torn_line(log: Log) -> None:
    """Wherever a process died in its one write."""
    data = log.path.read_bytes()
    first = data.index(b"\n") + 1
    for end in range(first + 1, len(data)):
        log.path.write_bytes(data[:end])
        torn = Log(log.path)
        assert len(torn.entries()) == 1 and torn.torn == data[first:end]


def test_a_second_torn_line_gets_a_name_of_its_own(log: Log) -> None:
    """And one that was set aside by a process which died before it could say so is named now."""
    log.path.with_name("custody.torn-1").write_bytes(b"left")
    with log.path.open("ab") as file:
        file.write(b"torn")
    log.append("y", {}, who="B")
    assert [e.data.get("path") for e in log.entries()[2:]] == ["custody.torn-1", "custody.torn-2", None]
    assert log.path.with_name("custody.torn-1").read_bytes() == b"left"
    log.append("z", {}, who="B")
    assert kinds(log)[2:] == ["torn-line-set-aside", "torn-line-set-aside", "y", "z"]


def broken(data: bytes) -> list[bytes]:
    """Logs that no dying process leaves."""
    lines = data.splitlines(keepends=True)
    return [
        data.replace(b"17/2026", b"18/2026", 1),
        lines[1] + lines[0],
        lines[0] + b"nonsense\n" + lines[1],
        lines[0] + lines[1] + lines[1],
        lines[0] + lines[1].replace(b'"one"', b'"two"'),
        data + b"two\nlines\n",
        b"",
        b"nonsense",
    ]


@pytest.mark.parametrize("which", range(8))
def test_a_broken_log_can_be_read_and_is_never_appended_to(which: int, tmp_path: Path) -> None:
    """Not one byte of it changes."""
    log = Log.create(tmp_path / "custody.jsonl", "case-created", {"number": "17/2026"}, who="A")
    log.append("comment-written", {"id": "C1", "text": "one"}, who="A")
    data = broken(log.path.read_bytes())[which]
    log.path.write_bytes(data)
    again = Log(log.path)
    assert len(again.entries()) <= 2
    with pytest.raises(SourceError) as error:
        again.append("x", {}, who="A")
    assert error.value.advice and log.path.read_bytes() == data


def test_a_log_that_lost_its_end_meanwhile_is_not_appended_to(log: Log) -> None:
    """What was read before must still be there."""
    log.path.write_bytes(log.path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(SourceError, match="entry 1 is gone or changed"):
        log.append("x", {}, who="A")


def test_a_full_disk_leaves_no_half_line(log: Log, tmp_path: Path) -> None:
    """The line is taken back, the error says so, and the next append works."""
    import resource
    import signal

    before = log.path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 1000, limit[1]))
    try:
        with pytest.raises(WorkError, match="cannot be written"):
            log.append("x", {"text": "y" * 5000}, who="A")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert log.path.read_bytes() == before
    log.append("x", {"text": "y" * 5000}, who="A")
    assert kinds(log)[-1] == "x"


def test_waiting_for_another_writer_ends(log: Log) -> None:
    """With words, and nothing appended."""
    with locked(log.path.with_name(".lock")), pytest.raises(WorkError, match="another process"):
        Log(log.path, wait=0.1).append("x", {}, who="A")
    assert len(kinds(log)) == 2


def test_what_cannot_be_written_leaves_the_log_alone(log: Log) -> None:
    """Data that is no JSON, files that are no digests."""
    for data, after in (({"x": float("nan")}, ()), ({}, [{"file": "a", "sha256": "x"}]), ({"x": object()}, ())):
        with pytest.raises(RequestError):
            log.append("x", data, who="A", after=after)
    assert len(kinds(log)) == 2


def test_a_log_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe does not hang its reader."""
    os.mkfifo(tmp_path / "custody.jsonl")
    with pytest.raises(SourceError, match="no plain file"):
        Log(tmp_path / "custody.jsonl").entries()
