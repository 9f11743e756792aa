"""Files over HTTP: ranges, validators and names, as RFC 9110 and RFC 6266 have them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import WorkError
from workbench.server.delivery import CHUNK, disposition, response
from workbench.server.job_store import JobFile

DATA = bytes(range(256)) * 40
SHA = hashlib.sha256(DATA).hexdigest()
ETAG = f'"sha256-{SHA}"'


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> JobFile:
    """A file of 10,240 bytes."""
    path = tmp_path_factory.mktemp("files") / "x.mp4"
    path.write_bytes(DATA)
    return JobFile(name="X[1-2].mp4", friendly="x", path=str(path), mime="video/mp4", size=len(DATA), sha256=SHA)


def test_the_whole_file_tells_what_it_is(file: JobFile) -> None:
    """A plain request gets all bytes, their length, type, hash, name and a strong tag."""
    status, headers, body = response(file, {})
    assert (status, b"".join(body)) == (200, DATA)
    assert headers["Content-Length"] == "10240" and headers["Content-Type"] == "video/mp4"
    assert headers["ETag"] == ETAG and headers["X-SHA256"] == SHA and headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Disposition"].startswith("attachment; ")


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=100-199", 100, 200),
    ("bytes=10000-", 10000, 10240),
    ("bytes=-1", 10239, 10240),
    ("bytes=-99999", 0, 10240),
    ("bytes=0-99999999999999999999", 0, 10240),
    ("BYTES = 5 - 9", 5, 10),
]


@pytest.mark.parametrize(("asked", "begin", "end"), RANGES, ids=[r[0] for r in RANGES])
def test_a_range_is_served_alone(file: JobFile, asked: str, begin: int, end: int) -> None:
    """206 carries exactly the bytes of the range and says which they are."""
    status, headers, body = response(file, {"range": asked})
    assert (status, b"".join(body)) == (206, DATA[begin:end])
    assert headers["Content-Range"] == f"bytes {begin}-{end - 1}/10240"
    assert headers["Content-Length"] == str(end - begin)


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_outside_is_416(file: JobFile, asked: str) -> None:
    """A range that holds no byte of the file is refused with its length."""
    status, headers, body = response(file, {"Range": asked})
    assert (status, list(body), headers["Content-Range"]) == (416, [], "bytes */10240")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=", "bytes=a-b", "items=0-5", "bytes=0-1,5-6", "0-5", "bytes=-"])
def test_what_is_no_range_is_ignored(file: JobFile, asked: str) -> None:
    """Malformed ranges, other units and several ranges at once get the whole file."""
    status, _, body = response(file, {"Range": asked})
    assert (status, b"".join(body)) == (200, DATA)


@given(st.text(max_size=40))
def test_no_range_header_breaks_it(file: JobFile, asked: str) -> None:
    """Whatever stands in Range, the answer is one of three and its length is true."""
    status, headers, body = response(file, {"Range": asked})
    assert status in (200, 206, 416) and int(headers["Content-Length"]) == len(b"".join(body))


@pytest.mark.parametrize("tag", ['"other"', f"W/{ETAG}", "Sun, 01 Mar 2026 10:00:00 GMT", "", "*"])
def test_a_validator_that_is_not_equal_gets_the_whole_file(file: JobFile, tag: str) -> None:
    """If-Range with anything but the strong tag restarts the download, so that two files are never spliced."""
    status, _, body = response(file, {"Range": "bytes=100-", "If-Range": tag})
    assert (status, b"".join(body)) == (200, DATA)


def test_the_same_tag_goes_on(file: JobFile) -> None:
    """If-Range with the file's own tag gets the rest."""
    status, _, body = response(file, {"Range": "bytes=100-", "If-Range": ETAG})
    assert (status, b"".join(body)) == (206, DATA[100:])


CONDITIONS = [
    ({"If-None-Match": ETAG}, 304),
    ({"If-None-Match": f'"x", W/{ETAG}'}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"x"'}, 200),
    ({"If-Match": '"x"'}, 412),
    ({"If-Match": f"W/{ETAG}"}, 412),
    ({"If-Match": ETAG}, 200),
    ({"If-Match": ETAG, "If-None-Match": ETAG}, 200),
]


@pytest.mark.parametrize(("headers", "wanted"), CONDITIONS, ids=[str(next(iter(c[0].items()))) for c in CONDITIONS])
def test_conditions_are_met(file: JobFile, headers: dict[str, str], wanted: int) -> None:
    """If-Match and If-None-Match answer as RFC 9110 says."""
    assert response(file, headers)[0] == wanted


def test_head_has_the_headers_of_get(file: JobFile) -> None:
    """HEAD tells the length and opens nothing; a range means nothing to it."""
    status, headers, body = response(file, {"Range": "bytes=0-1"}, method="HEAD")
    assert (status, list(body), headers["Content-Length"]) == (200, [], "10240")


def test_an_empty_file_is_an_answer(tmp_path: Path) -> None:
    """No bytes are delivered as no bytes, and no range of them exists."""
    (tmp_path / "e").touch()
    none = JobFile(name="e", friendly="e", path=str(tmp_path / "e"), mime="text/vtt", size=0, sha256="0")
    status, headers, body = response(none, {})
    assert (status, headers["Content-Length"], list(body)) == (200, "0", [])
    assert [response(none, {"Range": r})[0] for r in ("bytes=0-", "bytes=-5")] == [416, 416]


def test_a_file_cut_while_sent_breaks_the_answer(tmp_path: Path) -> None:
    """A file that vanishes during the download ends it with an error, never as if it were whole."""
    path = tmp_path / "big"
    path.write_bytes(bytes(3 * CHUNK))
    big = JobFile(name="big", friendly="big", path=str(path), mime="video/mp4", size=3 * CHUNK, sha256="0")
    body = iter(response(big, {})[2])
    next(body)
    path.write_bytes(b"")
    with pytest.raises(WorkError, match="deleted"):
        list(body)


@pytest.mark.parametrize(
    "name", ['a"b.mp4', "Tür ü.mp4", "a\r\nSet-Cookie: x.mp4", "%41.mp4", "[1-2].mp4", "😀", "\ud800"]
)
def test_no_name_breaks_the_header(name: str) -> None:
    """Any name fits into one ASCII header line, with quotes that close."""
    header = disposition(name)
    assert header.isascii() and header.isprintable() and header.count('"') == 2


def test_the_true_name_is_in_the_header() -> None:
    """The UTF-8 form of the name reads back as the name."""
    assert disposition("Tür [1].mp4").endswith("filename*=UTF-8''T%C3%BCr%20%5B1%5D.mp4")
