"""`workbench demo` as a real process: every file it tells of is there, whole, and a second run is welcome."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli import ROOT, command
from workbench import demo
from workbench.cli_request import build_parser
from workbench.core.errors import SourceError


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that both runs are given."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(out: Path) -> dict[str, Any]:
    """The document of a first run."""
    return run(out)


def run(out: Path) -> dict[str, Any]:
    """Run the demo as a person would; its stdout is one JSON document."""
    words = [*command(), "demo", "--json", "--out", str(out)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_each_output_is_there_with_its_hash(told: dict[str, Any]) -> None:
    """Path, size and SHA-256 of every output are those of the file on disk."""
    for output in told["outputs"]:
        data = Path(output["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (output["size"], output["sha256"])


def test_every_format_is_made_or_refused(told: dict[str, Any]) -> None:
    """Five formats come with captions and record; exe is refused in words that name a way out."""
    made = [Path(output["path"]).suffix for output in told["outputs"]]
    assert set(made) == {".mp4", ".mkv", ".avi", ".jpg", ".pdf", ".vtt", ".json"}
    assert made.count(".vtt") == made.count(".json") == len(told["steps"])
    (refused,) = told["refused"]
    assert refused["kind"] == "bad-request" and "mkv" in refused["message"]


def test_what_is_delivered_is_what_was_asked(told: dict[str, Any]) -> None:
    """Shown = contained = frames of the range; only the key frame cut holds more, and it says how many."""
    for step in told["steps"]:
        delivered = step["delivered"]
        assert delivered["frames_shown"] == delivered["frames_contained"]
        assert delivered["frames_shown"] - delivered["outside_range"] == delivered["source_frames"]
    assert [step["delivered"]["outside_range"] for step in told["steps"]] == [0, 3, 0, 0, 0, 0, 0, 0]


def test_the_ledger_of_the_masked_part(told: dict[str, Any]) -> None:
    """Five seconds at ten frames a second are masked, one cut edge is re-encoded, the rest is copied."""
    ledger = {"copied": 445, "reencoded": 7, "masked": 50, "dropped": 0, "undecodable": 0, "missing": 0}
    assert told["steps"][2]["ledger"] == ledger


def test_the_footage_is_unchanged(told: dict[str, Any]) -> None:
    """The demo hashes the archive before and after, and says so."""
    assert told["footage"]["unchanged"] is True and len(told["footage"]["files"]) >= 8


def test_the_recordings_used_are_hashed(told: dict[str, Any]) -> None:
    """Each step names the recordings it was made from, with the hashes that the demo takes itself."""
    for step in told["steps"]:
        assert step["sources"]
        for source in step["sources"]:
            assert source["sha256"] == told["footage"]["files"][source["file"]]


def test_the_package_is_checked_by_its_own_verifier(told: dict[str, Any]) -> None:
    """The package lies there unpacked, and `python3 verify.py` in it ends with 0."""
    package = Path(told["package"])
    done = subprocess.run([sys.executable, "verify.py"], cwd=package, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert done.stderr == "" and "0 failed" in done.stdout


def test_the_claims_of_the_package_are_performed_again(told: dict[str, Any]) -> None:
    """`verify` with the recordings finds nothing wrong; only the seal, which nobody told it, is not checked."""
    assert told["verified"]["failed"] == 0
    assert told["verified"]["not checked"] <= 2 and told["verified"]["ok"] > 150


def test_the_report_is_a_signed_pdf(told: dict[str, Any]) -> None:
    """The report that the demo names begins as a PDF and carries a signature."""
    data = Path(told["report"]).read_bytes()
    assert data.startswith(b"%PDF-1.7") and b"/ETSI.CAdES.detached" in data


def test_it_ends_with_the_words_that_open_the_page(told: dict[str, Any]) -> None:
    """The last line is a command that the command line takes, over the recordings used and a case that is new."""
    words = shlex.split(told["open"])
    verb = words.index("lab")
    assert shutil.which(words[0], path=ROOT) or shutil.which(str(ROOT / words[0]))
    args = build_parser().parse_args(words[verb:])
    assert (ROOT / args.archive_place / "archive.toml").is_file()
    assert args.examiner and not (ROOT / args.case).exists() and (ROOT / args.case).parent == Path(told["out"])


def test_a_folder_that_is_used_is_left_alone(tmp_path: Path) -> None:
    """A new or empty folder is taken as it is; in one that holds anything a fresh dated one is named each time."""
    used = tmp_path / "used"
    assert demo.fresh_folder(used) == used.resolve() and demo.fresh_folder(used) == used.resolve()
    (used / "kept").write_text("x")
    first, second = demo.fresh_folder(used), demo.fresh_folder(used)
    assert first.parent == second.parent == used.resolve() and first != second
    assert (used / "kept").read_text() == "x"


@pytest.mark.slow
def test_a_second_run_overwrites_nothing(out: Path, told: dict[str, Any]) -> None:
    """Into the same folder it makes a dated one, with the same bytes under the same names."""
    again = run(out)
    assert again["out"] != told["out"] and Path(again["out"]).parent == out.resolve()
    videos = [[o["sha256"] for o in document["outputs"] if o.get("frames_shown")] for document in (told, again)]
    assert videos[0] == videos[1]
    test_each_output_is_there_with_its_hash(told)


def test_missing_recordings_are_said_with_advice(tmp_path: Path) -> None:
    """Where the recordings did not come along, the error tells how to name them."""
    with pytest.raises(SourceError) as caught:
        demo.find_recordings(tmp_path)
    assert demo.ENVIRONMENT in caught.value.advice
