"""The evidence verbs as real processes: a whole matter from new case to challenge, and every slip told in words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli import ROOT, command
from tests.evidence.authority import Authority
from tests.evidence.sealed import sealed

TEN = "2026-03-01T10:00:00+00:00"
FACE = "0.2,0.4 0.5,0.4 0.5,0.6 0.2,0.6;reason=face"
HOSTILE = '\x1b[31m"},<b>\r\nnumber: 1\u202e\u2028 Ω ж \U0001f50d'
PASSWORD = "WORKBENCH_KEY_PASSWORD"


@dataclass
class Desk:
    """A folder in which somebody works."""

    place: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: object, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        """One command; no traceback and no internal error, whatever was asked."""
        kept = {key: value for key, value in os.environ.items() if key not in (PASSWORD, "WORKBENCH_DEBUG")}
        done = subprocess.run(
            [*command(), *map(str, words)],
            cwd=self.place,
            input=given,
            capture_output=True,
            timeout=120,
            env={**kept, "PYTHONPATH": str(ROOT), **self.environment, **environment},
        )
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert "Traceback" not in said and "internal error" not in said, said
        return done

    def json(self, *words: object, code: int = 0, **more: Any) -> dict[str, Any]:
        """The one document of a command that ends so."""
        done = self.run(*words, "--json", **more)
        assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-2000:])
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return document

    def error(self, *words: object, code: int, **more: Any) -> str:
        """The message and advice of a command that fails so; nothing is on standard output."""
        done = self.run(*words, **more)
        assert (done.returncode, done.stdout) == (code, b""), (words, done.stdout, done.stderr)
        return done.stderr.decode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a made case and the footage beside it."""
    shutil.copytree(sealed().case, tmp_path / "case")
    shutil.copytree(sealed().footage, tmp_path / "footage")
    return Desk(tmp_path)


@pytest.mark.slow
def test_a_whole_matter(tmp_path: Path) -> None:
    """New, source, clock, export, snapshot, marks, comments, signed report, sealed package, verified, challenged;
    then one byte is changed, and both verifiers name it."""
    desk = Desk(tmp_path, {PASSWORD: "a long word"})
    shutil.copytree(sealed().footage, tmp_path / "footage")
    made = desk.json("case", "new", "case", "--number", "17/2026", "--examiner", "A. Berg", "--title", "Hall")
    assert made["identity"]["number"] == "17/2026" and made["length"] == 1
    assert desk.json("case", "source", "case", "footage", "hall")["exhibit"]
    later = TEN.replace("00:00+", "00:01.2+")
    clock = ("--device", TEN, "--reference", later, "--what", "GPS", "--uncertainty", "0.5", "--by", "B. Tal")
    assert desk.json("clock", "case", "hall", *clock)["offset_us"] == 1_200_000
    span = ("hall", "+0", "+1", "--format", "mp4", "--mask", FACE)
    export = desk.json("export", "footage", *span, "--case", "case", "--exhibit", "X1")
    assert (export["id"], export["exhibit"]) == ("E1", "X1") and (tmp_path / export["files"][0]["path"]).is_file()
    taken = desk.json("snapshot", "case", "footage", "hall", "+0.5", "--export", "E1", "--caption", "A person")
    assert taken["masks"] and taken["corrected_us"] - taken["device_us"] == 1_200_000
    assert desk.json("annotate", "case", "S1", "--box", "0.1,0.1,0.4,0.4;#ff0000", "--text", "0.2,0.2;1")["id"] == "A1"
    assert desk.json("comment", "case", "Left of the pillar.", "--on", "S1")["id"] == "C1"
    assert desk.json("comment", "case", "-", "--replaces", "C1", given="Дело 17".encode())["text"] == "Дело 17"
    key = desk.json("key", "key.p12", "--name", "A. Berg")
    report = desk.json("report", "case", "--final", "--sign", "key.p12")
    assert report["final"] and report["signer"] == key["fingerprint"] and (tmp_path / report["path"]).is_file()
    sealed_as = desk.json("seal", "case", "--out", "out", "--sign", "key.p12")
    package = tmp_path / sealed_as["path"]
    known = ("--signer", key["fingerprint"], "--seal", sealed_as["seal"])
    whole = desk.json("verify", package, "--sources", "footage", *known, "--case", "case")
    assert whole["counts"]["failed"] == 0 and whole["counts"]["ok"] > 50
    assert [one["what"] for one in desk.json("case", "log", "case")["entries"]][-2:] == ["package-sealed", "verified"]
    assert desk.json("case", "check", "case")["counts"]["failed"] == 0
    tried = desk.json("challenge", package)
    assert tried["caught"] == len(tried["tampers"]) > 60
    _one_byte(desk, package, known)


def _one_byte(desk: Desk, package: Path, known: Sequence[str]) -> None:
    picture = package / "data" / "snapshots" / "S1.png"
    data = bytearray(picture.read_bytes())
    data[len(data) // 2] ^= 1
    picture.write_bytes(data)
    found = desk.json("verify", package, *known, code=1)
    failed = {(one["check"], one["file"]) for one in found["findings"] if one["verdict"] == "failed"}
    assert ("payload-hash", "data/snapshots/S1.png") in failed
    words = desk.run("verify", package, *known)
    assert words.returncode == 1 and b"failed: payload-hash: data/snapshots/S1.png" in words.stdout
    alone = subprocess.run([sys.executable, package / "verify.py"], capture_output=True, text=True)
    assert alone.returncode == 1 and "data/snapshots/S1.png" in alone.stdout
    assert b"does not hold as it is" in desk.run("challenge", package).stdout
    assert desk.json("challenge", package, code=1)["tampers"] == []


def test_a_zip_is_sealed_and_verified(desk: Desk) -> None:
    """The path that is told is the file's own; what is found is told by check."""
    told = desk.json("seal", "case", "--out", "out", "--zip")
    assert told["path"].endswith(".zip") and (desk.place / told["path"]).is_file()
    done = desk.run("verify", told["path"], "--all")
    assert done.returncode == 0 and b"ok: payload-hash: data/snapshots/S1.png" in done.stdout


@pytest.mark.slow
def test_time_stamps_by_an_authority(desk: Desk) -> None:
    """A stamp by a real authority is in report and package, and holds."""
    desk.json("key", "key.p12", "--name", "A. Berg")
    with Authority(name="Stamps") as authority:
        (desk.place / "ca.pem").write_bytes(authority.ca_pem)
        signing = ("--sign", "key.p12", "--tsa", authority.url, "--tsa-ca", "ca.pem")
        assert desk.json("report", "case", "--final", *signing)["time_stamps"] == [authority.url]
        package = desk.json("seal", "case", "--out", "out", *signing)["path"]
    found = desk.json("verify", package)
    assert {one["verdict"] for one in found["findings"] if one["check"] == "time-stamp"} == {"ok"}
    refused = desk.error("seal", "case", "--out", "again", *signing, code=5)
    assert "authority" in refused and not list((desk.place / "again").glob("*"))


SLIPS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "a case that is not there": (("case", "show", "nothing"), 3, "is no case"),
    "a folder that is no case": (("case", "log", "footage"), 3, "is no case"),
    "a case that is there already": (("case", "new", "case", "--number", "1", "--examiner", "A"), 5, "exists already"),
    "no number": (("case", "new", "other", "--number", " ", "--examiner", "A"), 2, "number"),
    "a verb without its part": (("case",), 2, "new|show|log"),
    "nothing to amend": (("case", "amend", "case"), 2, "nothing is stated otherwise"),
    "an unknown camera": (("case", "source", "case", "footage", "yard"), 3, "'yard'"),
    "no footage": (("case", "source", "case", "nowhere", "hall"), 3, "nowhere"),
    "an unknown export": (("snapshot", "case", "footage", "hall", "+0", "--export", "E9"), 2, "'E9'"),
    "a time without footage": (("snapshot", "case", "footage", "hall", "+999"), 4, "no picture"),
    "a context without its export": (("snapshot", "case", "footage", "hall", "+0", "--context"), 2, "--context"),
    "an unknown snapshot": (("annotate", "case", "S9", "--box", "0,0,1,1"), 2, "'S9'"),
    "a box of two numbers": (("annotate", "case", "S1", "--box", "0,1"), 2, "4 numbers"),
    "a box of no numbers": (("annotate", "case", "S1", "--box", "nan,0,1,inf"), 2, "marks"),
    "no marks": (("annotate", "case", "S1"), 2, "marks"),
    "a comment on nothing": (("comment", "case", "x", "--on", "S9"), 2, "'S9'"),
    "a comment that replaces nothing": (("comment", "case", "x", "--replaces", "C9"), 2, "'C9'"),
    "an empty comment": (("comment", "case", "-"), 2, "empty"),
    "a clock without zone": (
        ("clock", "case", "hall", "--device", TEN[:16], "--reference", TEN, "--what", "x", "--uncertainty", "1"),
        2,
        "no time zone",
    ),
    "an uncertainty that is none": (
        ("clock", "case", "hall", "--device", TEN, "--reference", TEN, "--what", "x", "--uncertainty", "nan"),
        2,
        "--uncertainty",
    ),
    "a key over a file": (("key", "plain.p12", "--name", "A"), 5, "never written over"),
    "a key without a name": (("key", "k.p12", "--name", ""), 2, "name"),
    "no key": (("report", "case", "--sign", "nowhere.p12"), 2, "nowhere.p12"),
    "a key that is none": (("report", "case", "--sign", "footage/hall/20260301T100000.mp4"), 2, "password"),
    "a password that is missing": (("seal", "case", "--out", "out", "--sign", "locked.p12"), 2, "password"),
    "a stamp without its CA": (("seal", "case", "--out", "out", "--tsa", "http://127.0.0.1:1/"), 2, "--tsa-ca"),
    "a stamp without a signature": (
        ("seal", "case", "--out", "out", "--tsa", "http://127.0.0.1:1/", "--tsa-ca", "ca.pem"),
        2,
        "--sign",
    ),
    "a CA that is none": (
        ("seal", "case", "--out", "out", "--sign", "plain.p12", "--tsa", "http://127.0.0.1:1/", "--tsa-ca", "ca.pem"),
        2,
        "certificate",
    ),
    "a CA that is not there": (("report", "case", "--tsa", "http://x/", "--tsa-ca", "no.pem", "--sign", "plain.p12"), 3,
                               "no.pem"),
    "a file for a folder": (("seal", "case", "--out", "ca.pem"), 5, "ca.pem"),
    "no package": (("verify", "nowhere"), 3, "is no package"),
    "no recordings": (("verify", "case", "--sources", "nowhere"), 3, "is no folder"),
    "no case for the outcome": (("verify", "case", "--case", "nowhere"), 3, "is no case"),
    "nothing to challenge": (("challenge", "nowhere"), 3, "is no package"),
}  # fmt: skip


@pytest.fixture(scope="module")
def slips(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk that slips leave as it is."""
    place = tmp_path_factory.mktemp("slips")
    shutil.copytree(sealed().case, place / "case")
    shutil.copytree(sealed().footage, place / "footage")
    desk = Desk(place)
    desk.run("key", "plain.p12", "--name", "A")
    desk.run("key", "locked.p12", "--name", "A", **{PASSWORD: "secret"})
    (place / "ca.pem").write_text("no certificate")
    return desk


@pytest.mark.parametrize(("words", "code", "why"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_in_words(slips: Desk, words: tuple[str, ...], code: int, why: str) -> None:
    """The message names what is wrong; nothing was added to the case, nothing lies about."""
    before = (slips.place / "case" / "custody.jsonl").read_bytes()
    there = sorted(path.name for path in slips.place.iterdir())
    assert why in slips.error(*words, code=code)
    assert (slips.place / "case" / "custody.jsonl").read_bytes() == before
    assert [name for name in sorted(path.name for path in slips.place.iterdir()) if name != "out"] == there


def test_a_wrong_password_is_told_as_json_too(slips: Desk) -> None:
    """One document, for errors as well; the password is nowhere in it."""
    said = slips.json("seal", "case", "--out", "out", "--sign", "locked.p12", code=2, **{PASSWORD: "Geheimnis"})
    assert "password" in said["error"]["message"] and "Geheimnis" not in json.dumps(said)


def test_a_comment_of_a_megabyte_is_taken_and_more_is_refused(desk: Desk) -> None:
    """A million characters are a comment; one more is not, and is not cut silently."""
    taken = desk.json("comment", "case", "-", given=b"x" * 1_000_000)
    assert len(taken["text"]) == 1_000_000
    for size in (1_000_001, 9_000_000):
        assert "1000000 are allowed" in desk.error("comment", "case", "-", given=b"x" * size, code=2)
    assert desk.json("case", "check", "case")["counts"]["failed"] == 0


def test_hostile_words_are_kept_and_do_nothing(tmp_path: Path) -> None:
    """Control characters in a number or name are printed as escapes, sealed, and verify."""
    desk = Desk(tmp_path)
    desk.json("case", "new", "case", "--number", HOSTILE, "--examiner", HOSTILE, "--question", HOSTILE)
    desk.json("comment", "case", HOSTILE, "--who", HOSTILE)
    for words in (("case", "show", "case"), ("case", "log", "case")):
        said = desk.run(*words).stdout
        assert b"\x1b" not in said and "\u202e".encode() not in said
    package = desk.json("seal", "case", "--out", "out")["path"]
    assert desk.json("verify", package)["counts"]["failed"] == 0
    assert b"\x1b" not in desk.run("verify", package, "--all").stdout


def test_bytes_that_are_no_text_are_kept_as_they_came(desk: Desk) -> None:
    """Standard input in another encoding: every byte can be found again, and nothing breaks."""
    taken = desk.json("comment", "case", "-", given=b"caf\xe9")
    assert taken["text"].encode("utf-8", "surrogateescape") == b"caf\xe9"
    package = desk.json("seal", "case", "--out", "out")["path"]
    assert desk.json("verify", package)["counts"]["failed"] == 0


BLIND = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name.split(".")[0])
sys.meta_path.insert(0, Missing())
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name in {names!r} else found(name, package)
"""


def without(place: Path, *names: str) -> dict[str, str]:
    """An environment in which some libraries are not installed."""
    (place / "blind").mkdir()
    (place / "blind" / "sitecustomize.py").write_text(BLIND.format(names=names))
    return {"PYTHONPATH": os.pathsep.join((str(place / "blind"), str(ROOT)))}


def test_without_the_extra_sign_the_rest_still_works(desk: Desk) -> None:
    """Signing says what to install; verifying checks all but the signatures, and says that."""
    lacking = without(desk.place, "pyhanko", "asn1crypto", "cryptography")
    assert "forensic-workbench[sign]" in desk.error("key", "k.p12", "--name", "A", code=5, **lacking)
    found = desk.json("verify", sealed().package, **lacking)["findings"]
    notes = {one["check"]: one["note"] for one in found if one["verdict"] == "not checked"}
    assert "forensic-workbench[sign]" in notes["signature"] and "forensic-workbench[sign]" in notes["time-stamp"]
    assert {one["verdict"] for one in found if one["check"] == "payload-hash"} == {"ok"}


def test_without_the_extra_report_the_rest_still_works(desk: Desk) -> None:
    """A report says what to install; a package's report is not checked, the package is."""
    lacking = without(desk.place, "pikepdf", "reportlab")
    assert "forensic-workbench[report]" in desk.error("report", "case", code=5, **lacking)
    found = desk.json("verify", sealed().package, **lacking)["findings"]
    notes = {one["check"]: one["note"] for one in found if one["verdict"] == "not checked"}
    assert "forensic-workbench[report]" in notes["report-pictures"]
    assert not [one for one in found if one["verdict"] == "failed"]
