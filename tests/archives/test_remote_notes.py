"""The note of an export that runs somewhere: what keeps it on the list, what takes it off, and by which name."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.archives.moody import ID, SPEC, Moody
from tests.archives.test_remote_left import archive, export, named, resets, sends, whole
from tests.vms.faulty import Asked, Wire, answer
from workbench.archives.remote import RemoteArchive
from workbench.archives.remote_pending import Pending
from workbench.batch_pending import exported
from workbench.core.errors import Cancelled, NameTaken, RemoteError, WorkError
from workbench.vms.client import Unlisted
from workbench.vms.following import Gone

NOW = {"Retry_After": "3600"}
"""So that nobody asks again before the test is over."""


def interrupted(vms: Moody, remote: RemoteArchive, out: Path, token: str = "") -> str:
    """Cancel an export while its start is out, which the server has begun; the advice that is given."""
    cancel, over = threading.Event(), threading.Event()

    def begins_and_hangs(asked: Asked, wire: Wire) -> None:
        vms.begin(asked)
        cancel.set()
        over.wait(10)
        wire.close()

    plan = remote.plan(SPEC)
    vms.hooks["start"] = begins_and_hangs
    with pytest.raises(Cancelled) as caught:
        remote.run(plan, out, cancel=cancel, token=token)
    over.set()
    del vms.hooks["start"]
    return caught.value.advice


def unanswered(vms: Moody, remote: RemoteArchive, out: Path, token: str = "") -> Pending:
    """The note of an export that runs at the server, of which nobody here knows that."""
    vms.hooks["grpc"] = resets
    interrupted(vms, remote, out, token)
    del vms.hooks["grpc"]
    (pending,) = remote.pending()
    assert not pending.answered and len(vms.exports) == 1
    return pending


PASSING = {
    "failing": answer(502, **NOW),
    "busy": answer(503, **NOW),
    "elsewhere": answer(302, Location="http://127.0.0.1:9/"),
    "a page of a proxy": answer(200, b"<html>"),
    "not allowed": answer(403),
}


@pytest.mark.parametrize("said", PASSING.values(), ids=PASSING)
def test_a_passing_trouble_keeps_the_note(tmp_path: Path, said: bytes) -> None:
    """A server that cannot say at the moment what became of a start can be asked again."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        pending = unanswered(vms, remote, tmp_path / "out")
        vms.hooks["grpc"] = sends(said)
        with pytest.raises(RemoteError) as caught:
            remote.resume(pending.id, tmp_path / "out")
        assert not isinstance(caught.value, Gone | Unlisted) and remote.pending() == (pending,)


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_a_server_that_lists_nothing_keeps_no_note(tmp_path: Path, status: int) -> None:
    """Where the list of exports is unknown to the server nothing will ever be found out: said once, and off."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        pending = unanswered(vms, remote, tmp_path / "out")
        vms.hooks["grpc"] = sends(answer(status))
        with pytest.raises(Unlisted, match="nobody knows whether"):
            remote.resume(pending.id, tmp_path / "out")
        assert remote.pending() == ()


def test_a_server_that_was_told_no_mark_is_not_said_to_know_nothing(tmp_path: Path) -> None:
    """Somebody else's VMS may list its exports: ours is not known among them, so nobody says that it is not there."""
    with Moody("Axxon One 2.0") as vms, archive(vms, tmp_path) as remote:
        pending = unanswered(vms, remote, tmp_path / "out")
        with pytest.raises(Unlisted, match="nobody knows whether"):
            remote.resume(pending.id, tmp_path / "out")
        assert remote.pending() == () and "grpc" not in vms.seen


def test_a_batch_asks_for_nothing_twice(tmp_path: Path) -> None:
    """While a failing server does not tell of an earlier attempt's export, no second one is started."""
    item, part = tmp_path / "item", tmp_path / ".item.part"
    with Moody() as vms, archive(vms, tmp_path) as remote:
        unanswered(vms, remote, tmp_path / "out", str(item))
        vms.hooks["grpc"] = sends(answer(502, **NOW))
        with pytest.raises(RemoteError, match="502"):
            exported(remote.plan(SPEC), remote, part, item, threading.Event())
        assert (vms.seen.count("start"), len(remote.pending())) == (1, 1)
        del vms.hooks["grpc"]
        whole(exported(remote.plan(SPEC), remote, part, item, threading.Event()), vms)
        assert vms.seen.count("start") == 1


def advised(advice: str) -> str:
    """The id in the command that an advice names."""
    found = re.search(r"`workbench resume \S+ (\S+) --out DIR`", advice)
    assert found, advice
    return found[1]


def test_the_command_that_is_advised_works(tmp_path: Path) -> None:
    """A start that was interrupted and cannot be deleted at the server is listed by the id that the advice names."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["delete"] = sends(answer(403))
        advice = interrupted(vms, remote, tmp_path / "out")
        assert "could not be deleted" in advice and advised(advice) == ID.format(0)
        del vms.hooks["delete"]
        whole(remote.resume(advised(advice), tmp_path / "out"), vms)
        assert remote.pending() == ()


def test_the_command_works_where_the_id_cannot_be_written_down(tmp_path: Path) -> None:
    """Where the cache takes no more the advice names what is written there already."""
    blocked = tmp_path / "cache" / "remote" / f"{ID.format(0)}.json"
    blocked.mkdir(parents=True)
    with Moody() as vms, archive(vms, tmp_path) as remote:
        vms.hooks["delete"] = sends(answer(403))
        advice = interrupted(vms, remote, tmp_path / "out")
        (pending,) = remote.pending()
        assert advised(advice) == pending.id == pending.marker
        blocked.rmdir()
        del vms.hooks["delete"]
        whole(remote.resume(advised(advice), tmp_path / "out"), vms)
        assert remote.pending() == () and list(blocked.parent.iterdir()) == []


def test_names_that_are_taken_leave_the_export_where_it_is(tmp_path: Path) -> None:
    """Files that are here already: the advice is another folder, and there `resume` brings the export home."""
    with Moody() as vms, archive(vms, tmp_path) as remote:
        export(remote, tmp_path / "out")
        with pytest.raises(NameTaken) as caught:
            export(remote, tmp_path / "out")
        assert "another folder" in caught.value.advice and "stays at the server" in caught.value.advice
        whole(remote.resume(advised(caught.value.advice), tmp_path / "other"), vms)
        assert remote.pending() == ()


def test_nothing_is_lost_between_two_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended when the first of three files has its name: `resume` into that folder is refused, elsewhere it works."""

    def one_of(files: Sequence[tuple[Path, str]], folder: Path) -> None:
        os.link(files[0][0], folder / files[0][1])
        raise WorkError("ended here")

    with Moody() as vms, archive(vms, tmp_path) as remote:
        monkeypatch.setattr("workbench.media.naming.publish_all", one_of)
        with pytest.raises(WorkError, match="ended here"):
            export(remote, tmp_path / "out")
        monkeypatch.undo()
        (pending,) = remote.pending()
        assert named(tmp_path / "out") == ["hall.mp4"]
        with pytest.raises(NameTaken):
            remote.resume(pending.id, tmp_path / "out")
        whole(remote.resume(pending.id, tmp_path / "other"), vms)


@pytest.mark.parametrize("refused", ["hall.mp4.json", "hall.mp4.flight.jsonl"])
def test_papers_that_cannot_be_completed_are_completed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """Where flight or record cannot be put in place after the DELETE, the note stays, and `resume` repairs both."""
    replace = Path.replace

    def full(self: Path, to: Any) -> Path:
        if Path(to).name == refused and Path(to).exists():
            raise OSError(28, "No space left on device")
        return replace(self, to)

    with Moody() as vms, archive(vms, tmp_path) as remote:
        monkeypatch.setattr(Path, "replace", full)
        result = export(remote, tmp_path / "out")
        monkeypatch.undo()
        (pending,) = remote.pending()
        assert vms.exports == {} and advised(result.warnings[-1]) == pending.id
        record = json.loads((tmp_path / "out" / "hall.mp4.json").read_bytes())
        assert record["remote"]["export"]["deleted"] is None
        whole(remote.resume(pending.id, tmp_path / "out"), vms)
        assert remote.pending() == ()


def token(asked: Asked, wire: Wire) -> None:
    """A hook that gives a token, and takes it back."""
    wire.send(answer(200, b'{"token_value": "token-1"}'))


@pytest.mark.parametrize("there", [True, False], ids=["deleted", "not deleted"])
def test_a_cancel_at_the_very_end_changes_nothing(tmp_path: Path, there: bool) -> None:
    """Cancelled while the DELETE is out, behind a token that is given back: what was made is told as it is."""
    cancel = threading.Event()

    def late(asked: Asked, wire: Wire) -> None:
        cancel.set()
        vms.answer("delete", asked, wire) if there else wire.send(answer(403))

    with Moody() as vms, archive(vms, tmp_path, user="anna", password="hunter22", auth="bearer") as remote:
        vms.hooks |= {"grpc": token, "delete": late}
        result = export(remote, tmp_path / "out", cancel)
        assert result.remote is not None and result.remote["export"]["deleted"] is there
        assert len(remote.pending()) == (0 if there else 1)
