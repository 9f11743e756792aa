"""Delivered against asked: each way in which a file can fall short is found; nothing is claimed without a witness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.archives.remote_check import Asked, checks, laid, ledger
from workbench.archives.remote_fetch import Came, Fetched
from workbench.archives.remote_server_record import ServerRecord, read
from workbench.core.result import Ledger
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, instant
from workbench.vms.download import Downloaded
from workbench.vms.wire.nouns import Status

BEGIN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
LISTED = tuple(BEGIN + n * 40_000 for n in range(25))
NAME = "S_DeviceIpint.1[20260301T100000.000000-20260301T100000.960000].mp4"


def came(times: tuple[int, ...], name: str = NAME, **facts: Any) -> Came:
    """A file with pictures at these microseconds."""
    found = {
        "problems": [],
        "container": "mp4",
        "codec": "h264",
        "frames_shown": len(times),
        "last_us": times[-1] if times else 0,
        "losses": [],
        "undecodable": 0,
        "audio_seconds": None,
        **facts,
    }
    got = Downloaded(sha256="ab" * 32, size=9, etag="", breaks=0, refetched=0, server_sha256=None)
    return Came(name=name, friendly="", saved_as=name, path=Path("x"), got=got, facts=found, times=times)


def asked(listed: tuple[int, ...] | None = LISTED, **change: Any) -> Asked:
    """A second of 25 pictures."""
    spec = ExportSpec(source="x", begin=instant(BEGIN), end=instant(BEGIN + 1_000_000), format="mp4", **change)
    return Asked(spec=spec, range=Range(BEGIN, BEGIN + 1_000_000), listed=listed, why_not="not asked")


def verdicts(one: Came, request: Asked, record: ServerRecord | None = None) -> dict[str, str]:
    """Verdict by check."""
    fetched = Fetched(status=Status(id="a", state=2), files=(one,), captions=(), record=None, notes=())
    return {check["check"]: check["verdict"] for check in checks(laid(fetched, record, request), record, request)}


def account(one: Came, request: Asked) -> tuple[Ledger, str]:
    """The ledger, and by whom."""
    fetched = Fetched(status=Status(id="a", state=2), files=(one,), captions=(), record=None, notes=())
    return ledger(laid(fetched, None, request), None, request)


WHOLE = tuple(n * 40_000 for n in range(25))


def test_a_whole_file_passes_what_can_be_checked() -> None:
    """All listed pictures at their times: every verdict is ok or not checked, and the ledger is by the VMS's list."""
    found = verdicts(came(WHOLE), asked())
    assert set(found.values()) == {"ok", "not checked"}
    assert (found["first frame"], found["last frame"], found["frames"]) == ("ok", "ok", "ok")
    assert account(came(WHOLE), asked()) == (Ledger(delivered=25), "the VMS's frame list")


@pytest.mark.parametrize(
    ("times", "name", "wrong"),
    [
        (WHOLE[:20], NAME.replace("960000]", "760000]"), {"last frame", "frames"}),
        (WHOLE[:20], NAME.replace("T100000.000000-", "T100000.200000-"), {"first frame", "frames"}),
        (WHOLE[:10] + WHOLE[15:], NAME, {"frames"}),
        ((*WHOLE, 1_000_000), NAME.replace("T100000.960000]", "T100001.000000]"), {"last frame"}),
        (WHOLE, NAME.replace("960000]", "500000]"), {"last frame", "times in the name"}),
    ],
    ids=["missing tail", "missing begin", "hole", "overrun", "name that lies"],
)  # fmt: skip
def test_each_shortcoming_is_found(times: tuple[int, ...], name: str, wrong: set[str]) -> None:
    """A missing tail, begin or middle, an overrun and a false name each fail their own checks and no others."""
    found = verdicts(came(times, name), asked())
    assert {check for check, verdict in found.items() if verdict == "failed"} == wrong


def test_missing_pictures_are_counted_once_each() -> None:
    """The ledger adds up to what the VMS lists; a picture shown stands for one listed, not for its neighbours."""
    assert account(came(WHOLE[:10] + WHOLE[15:]), asked())[0] == Ledger(delivered=20, missing=5)
    dense = tuple(BEGIN + n * 1_000 for n in range(25))
    assert account(came((0,), NAME.replace("-20260301T100000.960000", "")), asked(dense))[0].missing == 24


@pytest.mark.parametrize(
    ("facts", "check"),
    [
        ({"problems": ["it is avi, not mp4"]}, "content"),
        ({"undecodable": 3}, "decoding"),
        ({"losses": [["container", "declares 30 pictures and holds 25"]]}, "whole"),
    ],
)
def test_what_is_wrong_with_the_file_itself_fails(facts: dict[str, Any], check: str) -> None:
    """Another container, pictures that do not decode, and declared pictures that are not there are failures."""
    assert verdicts(came(WHOLE, **facts), asked())[check] == "failed"


def test_nothing_is_claimed_without_a_witness() -> None:
    """No list, no times in the name: ends and number are not checked, and nothing is counted as missing."""
    found = verdicts(came(WHOLE, "video.mp4"), asked(None))
    assert found["first frame"] == found["last frame"] == found["frames"] == found["SHA-256"] == "not checked"
    assert account(came(WHOLE, "video.mp4"), asked(None)) == (Ledger(delivered=25), "")


def test_a_thinned_export_is_not_held_against_the_whole_list() -> None:
    """Which pictures a VMS keeps of two is its choice: their number is told, not judged."""
    found = verdicts(came(WHOLE[::2]), asked(rate_divisor=2))
    assert found["frames"] == "not checked" and "failed" not in found.values()


def test_overrun_that_was_asked_for_is_none() -> None:
    """With a cut at key frames the file may begin before the range."""
    early = NAME.replace("20260301T100000.000000-", "20260301T095959.600000-")
    times = tuple(n * 40_000 for n in range(35))
    assert verdicts(came(times, early), asked(cut="keyframe"))["first frame"] == "ok"
    assert verdicts(came(times, early), asked())["first frame"] == "failed"


GOOD = (
    b'{"schema":"workbench.export-result/1","files":[{"sha256":"%s","first":"2026-03-01T10:00:00Z","last":"+1.5",'
    b'"checks":["all 25 pictures decode"]}],"ledger":{"copied":25},"entries":[{"file":"a","fate":"copied",'
    b'"first":"+0","last":"+1.5","frames":25,"first_pts":0,"last_pts":9,"reason":"","proof":""}],'
    b'"warnings":["one\\u0007two"],"plan":{"spec":{"masks":[]}}}'
) % (b"ab" * 32)


def test_a_servers_record_counts_only_for_the_files_it_names() -> None:
    """Its ledger and times are taken where the hashes are those of what came, and not for any other file."""
    record = read(GOOD, frozenset({"ab" * 32}))
    assert record is not None
    assert record.times == {"ab" * 32: (BEGIN, 1_500_000)} and record.ledger == Ledger(copied=25)
    assert record.decoded == {"ab" * 32} and record.warnings == ("one two",)
    assert read(GOOD, frozenset({"cd" * 32})) is None
    assert read(GOOD, frozenset({"ab" * 32, "cd" * 32})) is None


@pytest.mark.parametrize(
    "change",
    [
        (b'"copied":25', b'"copied":-25'),
        (b'"copied":25', b'"copied":1e308'),
        (b'"copied":25', b'"copied":NaN'),
        (b'"copied":25', b'"copied":"25"'),
        (b'"frames":25', b'"frames":true'),
        (b'"fate":"copied"', b'"fate":"__class__"'),
        (b'"first_pts":0', b'"first_pts":99999999999999999999'),
        (b'"first":"+0"', b'"first":"soon"'),
        (b'"entries":[', b'"entries":[7,'),
        (b'"files":[', b'"files":[null,'),
        (b'"plan":{', b'"plan":[{'),
        (b'"warnings":[', b'"warnings":{"a":['),
        (b"{", b""),
    ],
)
def test_a_hostile_record_is_no_record(change: tuple[bytes, bytes]) -> None:
    """Numbers below zero, beyond all bounds, of another type, unknown fates: nothing of it is used, none is raised."""
    assert read(GOOD.replace(*change, 1), frozenset({"ab" * 32})) is None
    assert read(b"[" * 100_000, frozenset({"ab" * 32})) is None
