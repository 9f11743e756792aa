"""A server's life: the command, its end by a signal, what survives it, TLS, its log, a VMS served by a VMS."""

from __future__ import annotations

import datetime
import ipaddress
import json
import logging
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli import ROOT, command
from tests.server.conftest import PASSWORDS, RECORDINGS
from tests.server.test_app import COUNTER, ENTRANCE, done, start
from workbench.core.errors import RequestError, WorkError
from workbench.server.serving import Background, Server

CLIP = next((RECORDINGS / "counter").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path, users_file: Path) -> None:
    """`workbench serve` says where, logs JSON lines without secrets, and ends with 0 at SIGTERM."""
    words = [sys.executable, "-m", "workbench", "serve", str(RECORDINGS), "--port", "0", "--users", str(users_file)]
    child = subprocess.Popen([*words, "--state", str(tmp_path)], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stderr is not None
        told = re.search(r"http://127\.0\.0\.1:\d+", child.stderr.readline().decode())
        assert told is not None
        with httpx.Client(base_url=told[0]) as client:
            assert client.get("/currentuser?auth_token=canary-token").status_code == 401
            assert client.get("/currentuser", auth=("viewer", PASSWORDS["viewer"])).status_code == 200
            assert client.get("/currentuser", auth=("viewer", "canary-password")).status_code == 401
        child.send_signal(signal.SIGTERM)
        _, log = child.communicate(timeout=30)
    lines = [json.loads(line) for line in log.decode().splitlines()]
    assert child.returncode == 0 and [line["status"] for line in lines] == [401, 200, 401]
    assert [line["user"] for line in lines] == ["", "viewer", ""] and b"canary" not in log


@pytest.mark.parametrize(
    ("flag", "number"), [("--slots", "0"), ("--queue", "-3"), ("--keep-hours", "-1"), ("--keep-hours", "nan")]
)
def test_numbers_that_end_all_work_are_refused(tmp_path: Path, flag: str, number: str) -> None:
    """With no slot, no queue or no time to keep an export nothing is served: exit code 2, the flag named."""
    words = ["serve", str(RECORDINGS), "--no-auth", "--port", "0", "--state", str(tmp_path / "state"), flag, number]
    done = subprocess.run([*command(), *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == RequestError.exit_code and flag in done.stderr and "serving at" not in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_a_state_folder_that_all_may_read_gives_nothing_away(tmp_path: Path) -> None:
    """Databases, the lock, and what was there before are the owner's alone, however open the folder is."""
    tmp_path.chmod(0o755)
    (tmp_path / "audit.sqlite").touch(0o666)
    with Background(RECORDINGS, state=tmp_path):
        found = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert set(found) >= {"audit.sqlite", "cameras.sqlite", "jobs.sqlite", "server.lock", "live-began", "work", "done"}
    assert {name for name, others in found.items() if others} == set()


def test_a_place_that_is_a_dot_hides_no_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Served as ``.``, an archive's absolute path is hidden in what clients hear, and nothing else of it."""
    (tmp_path / "hall").mkdir()
    shutil.copyfile(CLIP, tmp_path / "hall" / "20260301T100000.mkv")
    monkeypatch.chdir(tmp_path)
    with Background(".") as server, httpx.Client(base_url=server.url) as client:
        refused = client.get("/archive/list/WORKBENCH/DeviceIpint.9/SourceEndpoint.video:0:0").json()["error"]
        assert "DeviceIpint.9/SourceEndpoint" in refused["message"] and "." in refused["advice"]
        assert server.server.service.config.hide(f"{tmp_path}/hall is gone") == "…/hall is gone"


def test_a_restarted_server_knows_cameras_and_exports(tmp_path: Path) -> None:
    """Numbers and finished exports are there again; a second server cannot have the folder meanwhile."""
    with Background(RECORDINGS, state=tmp_path) as server, httpx.Client(base_url=server.url) as client:
        place = start(client, COUNTER, "20260301T100005", "20260301T100005", format="jpg").headers["location"]
        state = done(client, place)
        first = client.get(f"{place}/file").content
        with pytest.raises(WorkError, match="another server"):
            Server(RECORDINGS, tmp_path)
    with Background(RECORDINGS, state=tmp_path) as server, httpx.Client(base_url=server.url) as client:
        assert client.get(f"{place}/status").json() == state
        assert client.get(f"{place}/file").content == first
        assert client.get(f"/archive/list/{COUNTER}").status_code == 200


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    """A camera that is gone leaves its number unused; a new one gets a new number."""
    footage, state = tmp_path / "footage", tmp_path / "state"
    for name in ("a", "b"):
        (footage / name).mkdir(parents=True)
        shutil.copyfile(CLIP, footage / name / "20260301T100000.mkv")
    with Background(footage, state=state):
        pass
    (footage / "a").rename(footage / "c")
    with Background(footage, state=state) as server:
        cameras = httpx.get(f"{server.url}/camera/list").json()["cameras"]
        assert [(c["displayId"], c["displayName"]) for c in cameras] == [("2", "b"), ("3", "c")]
        gone = "/archive/list/WORKBENCH/DeviceIpint.1/SourceEndpoint.video:0:0"
        assert httpx.get(server.url + gone).status_code == 404


def test_an_open_server_stays_on_loopback(tmp_path: Path, users_file: Path) -> None:
    """Nobody opens an archive to a network by leaving something out; a users file alone asks for passwords."""
    with pytest.raises(RequestError, match="users"):
        Server(RECORDINGS, tmp_path, host="0.0.0.0")
    with pytest.raises(RequestError, match="users"):
        Server(RECORDINGS, tmp_path, auth="basic")
    with Background(RECORDINGS, users=users_file) as server:
        assert httpx.get(f"{server.url}/camera/list").status_code == 401


@pytest.mark.parametrize(("name", "prefix"), [("a/b", ""), ("", ""), ("hosts", ""), ("A", "/../x"), ("A", "a b")])
def test_names_that_no_address_can_hold_are_refused(tmp_path: Path, name: str, prefix: str) -> None:
    """Host names and prefixes that would break addresses are a RequestError at the start."""
    with pytest.raises(RequestError):
        Server(RECORDINGS, tmp_path, name=name, prefix=prefix)


def test_tls_by_two_files(tmp_path: Path) -> None:
    """With certificate and key the server speaks TLS 1.2 or later; files that are none are a RequestError."""
    cert, key = certificate(tmp_path)
    with Background(RECORDINGS, cert=cert, key=key) as server:
        assert server.url.startswith("https://")
        trust = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{server.url}/health", verify=trust).json()["status"] == "ok"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/health")
    with pytest.raises(RequestError, match="cert"):
        Server(RECORDINGS, tmp_path / "state", cert=key, key=cert)


def test_the_log_holds_no_secret_and_no_second_line(guarded: Background, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens, passwords and what a stranger puts into an address stay out or harmless."""
    with caplog.at_level(logging.INFO, "workbench.server"), httpx.Client(base_url=guarded.url) as client:
        client.get("/uuid?auth_token=canary&limit=3&x%0a=canary", headers={"Authorization": "Bearer canary"})
        client.get("/a%0a%7b%22event%22:1%7d", auth=("anna", "canary"))
        told = time.monotonic() + 5
        while len(caplog.records) < 2 and time.monotonic() < told:  # an answer goes out before its line is written
            time.sleep(0.02)
    assert "canary" not in caplog.text and '"user": ""' in caplog.text
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "workbench.server"]
    assert [line["status"] for line in lines] == [401, 404] and "limit=3" in lines[0]["query"]


def test_a_vms_can_be_served_by_a_vms(open_server: Background) -> None:
    """The archive behind a server may itself be a server's: the same cameras, frames and exports."""
    with Background(open_server.url) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        with httpx.Client(base_url=open_server.url) as first:
            for path in (f"/archive/contents/{name}/{ENTRANCE}/past/future" for name in ("intervals", "frames")):
                assert client.get(path).json() == first.get(path).json()
            cameras = [client.get("/camera/list").json()["cameras"] for client in (client, first)]
            assert [c["displayName"] for c in cameras[0]] == [c["displayName"] for c in cameras[1]]
        place = start(client, COUNTER, "20260301T100003", "20260301T100004", format="mkv").headers["location"]
        state = done(client, place)
        assert state["state"] == 2 and "[20260301T100003.000000-" in state["files"][0]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=1)
    )
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private.write_bytes(key.private_bytes(*form))
    return cert, private
