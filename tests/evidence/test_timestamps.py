"""Time stamps: asked, checked, refused; OpenSSL as authority and as second opinion."""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Thread

import pytest
from asn1crypto import tsp

from tests.evidence.authority import Authority as Tsa
from tests.evidence.authority import private_pem
from workbench.core.errors import RequestError, WorkError
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.stamp_token import check_token
from workbench.evidence.timestamps import Authority, check, token_of

DATA = b"the signature that is stamped"
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")


def stamped(tsa: Tsa, data: bytes = DATA, **more: float | str) -> bytes:
    """A stamp of a running authority."""
    return Authority(tsa.url, ca_pem=tsa.ca_pem, **more).stamp(data)  # type: ignore[arg-type]


@cache
def one_stamp() -> tuple[bytes, bytes]:
    """A stamp over DATA and its root."""
    with Tsa(at=AT) as tsa:
        return stamped(tsa), tsa.ca_pem


@OPENSSL
@pytest.mark.parametrize("who", ["pyhanko", "openssl"])
def test_a_stamp_is_whole_and_openssl_verifies_it(tmp_path: Path, who: str) -> None:
    """The command of the module's docstring passes, on answers of two authorities written apart."""
    with Tsa(tmp_path) as tsa:
        tsa.answer = getattr(tsa, f"{who}_answer")
        answer = stamped(tsa)
    assert tsa.asked == 1
    assert check(answer, DATA, tsa.ca_pem).verdict is Verdict.OK
    for name, data in (("data", DATA), ("x.tsr", answer), ("x.pem", tsa.ca_pem)):
        (tmp_path / name).write_bytes(data)
    command = ["openssl", "ts", "-verify", "-data", "data", "-in", "x.tsr", "-CAfile", "x.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Verification: OK\n")


def test_a_finding_says_when_and_by_whose_clock() -> None:
    """The authority's time and name stand in the finding, and that revocation was not looked up."""
    answer, root = one_stamp()
    assert check(answer, DATA, root) == Finding(
        check="time-stamp",
        verdict=Verdict.OK,
        expected="over the signature",
        found="2026-03-01T10:00:00Z by the clock of Test stamps",
        note="revocation not checked",
    )


@pytest.mark.slow
def test_every_changed_byte_of_a_stamp_is_found() -> None:
    """One bit of each byte of the response changed: never ok, never a traceback."""
    answer, root = one_stamp()
    passed = [n for n in range(len(answer)) if check(_flipped(answer, n), DATA, root).verdict is Verdict.OK]
    assert passed == []


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_other_data_another_root_and_none() -> None:
    """Failed for other data and another root; *not checked*, and never ok, where no root is given."""
    answer, root = one_stamp()
    other = Tsa(name="Other")
    assert check(answer, DATA + b" ", root).found == "the time stamp is over other data"
    assert "does not lead up to the expected root" in check(answer, DATA, other.ca_pem).found
    assert check(answer, DATA, b"no certificate").verdict is Verdict.FAILED
    assert check_token(token_of(answer), DATA).verdict is Verdict.NOT_CHECKED
    assert check_token(token_of(answer), DATA + b" ").verdict is Verdict.FAILED


@pytest.mark.parametrize("answer", [b"", b"\0", b"<html>", b"0" * 60_000, b"\x30\x80" * 5_000, b"\x30\x03\x02\x01\x02"])
def test_junk_is_no_stamp(answer: bytes) -> None:
    """Whatever comes, a finding comes back."""
    assert check(answer, DATA, one_stamp()[1]).verdict is Verdict.FAILED


def _refusal(_: bytes) -> bytes:
    said = {"status": "rejection", "status_string": ["no \x1b[31mcredit"], "fail_info": {"bad_request"}}
    status = tsp.PKIStatusInfo(said).dump()
    return bytes((0x30, len(status))) + status


WRONG: dict[str, tuple[Callable[[bytes], bytes | int], str]] = {
    "refused": (_refusal, r"refused \(rejection: no \?\[31mcredit\)"),
    "another request": (lambda _: one_stamp()[0], "answers another request"),
    "over other data": (lambda q: Tsa().pyhanko_answer(_other(q)), "over other data"),
    "another authority": (lambda q: Tsa(name="Other").pyhanko_answer(q), "expected root"),
    "junk": (lambda _: b"<html>", "no time-stamp response"),
    "nothing": (lambda _: b"", "no time-stamp response"),
    "too large": (lambda _: b"0" * 100_000, "more than 65536 bytes"),
    "HTTP 500": (lambda _: 500, "HTTP status 500"),
    "redirect": (lambda _: 307, "HTTP status 307"),
}


def _other(request: bytes) -> bytes:
    asked = tsp.TimeStampReq.load(request)
    asked["message_imprint"]["hashed_message"] = bytes(32)
    return bytes(asked.dump())


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_an_error_that_names_the_authority(what: str) -> None:
    """Nothing that was not checked is handed out, and one request is all that is made."""
    answer, why = WRONG[what]
    with Tsa(answer=answer) as tsa, pytest.raises(WorkError, match=why) as caught:
        stamped(tsa)
    assert tsa.url in caught.value.message
    assert tsa.asked == 1


def test_nobody_there_is_an_error() -> None:
    """A closed port is said as such."""
    with Tsa() as tsa:
        url, root = tsa.url, tsa.ca_pem
    with pytest.raises(WorkError, match="cannot be reached"):
        Authority(url, ca_pem=root).stamp(DATA)


def test_a_dripping_server_is_left_in_time() -> None:
    """The time-out bounds the whole exchange, though a byte comes now and then."""

    class Drip(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                for _ in range(30):
                    self.wfile.write(b"H")
                    time.sleep(0.1)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(WorkError, match=r"no answer within 0\.5 s"):
        Authority(f"http://127.0.0.1:{server.server_port}/", ca_pem=one_stamp()[1], timeout=0.5).stamp(DATA)
    assert time.monotonic() - began < 2
    server.shutdown()
    server.server_close()


def test_a_password_is_sent_and_not_shown() -> None:
    """HTTP basic authentication, on loopback or under https only; nothing of it in the repr."""
    with Tsa() as tsa:
        stamped(tsa, username="ann", password="secret")
        assert tsa.headers[0]["Authorization"] == "Basic YW5uOnNlY3JldA=="
        assert "secret" not in repr(Authority(tsa.url, ca_pem=tsa.ca_pem, password="secret"))


@pytest.mark.parametrize(
    ("url", "more"),
    [
        ("", {}),
        ("file:///etc/passwd", {}),
        ("ftp://127.0.0.1/", {}),
        ("http://", {}),
        ("http://[::1", {}),
        ("https://ann:secret@stamps.example/", {}),
        ("https://stamps.example/tsa?token=secret", {}),
        ("http://stamps.example/", {"password": "secret"}),
        ("http://127.0.0.1/", {"timeout": 0.0}),
        ("http://127.0.0.1/", {"timeout": float("nan")}),
        ("http://127.0.0.1/", {"ca_pem": b""}),
        ("http://127.0.0.1/", {"ca_pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}),
    ],
)
def test_a_wrong_authority_is_refused_before_anything_is_sent(url: str, more: dict[str, object]) -> None:
    """The message holds no secret of the address."""
    with pytest.raises(RequestError) as caught:
        Authority(url, **({"ca_pem": one_stamp()[1]} | more))  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_only_certificates_are_kept_of_a_pem_file() -> None:
    """A private key that lies in the same file would else go into every package."""
    tsa = Tsa()
    kept = Authority("http://127.0.0.1/", ca_pem=private_pem(tsa.private) + tsa.ca_pem).ca_pem
    assert kept == tsa.ca_pem


def test_nothing_but_the_authority_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking connects to the authority's port once; checking connects to nobody."""
    seen = []
    plain = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        seen.append(address)
        plain(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
    with Tsa() as tsa:
        answer = stamped(tsa)
        assert seen == [("127.0.0.1", tsa.port)]
    check(answer, DATA, tsa.ca_pem)
    assert len(seen) == 1
