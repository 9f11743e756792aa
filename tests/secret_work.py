"""What `test_secrets` runs in a process of its own: all the ways in which the library is given a secret.

    python -m tests.secret_work        one JSON document on standard input: url, and the secrets by name

Everything is done as a careless person does it: at the most talkative log level, with every object printed and every
exception shown whole. The current folder receives it all.
"""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import keyring
from keyring.backend import KeyringBackend

from workbench.archives.remote import RemoteArchive
from workbench.batch import run_batch
from workbench.core.spec import ExportSpec
from workbench.core.timebase import parse_time
from workbench.evidence.case import Case
from workbench.evidence.package import seal
from workbench.report.making import make_report
from workbench.vms.client import Client
from workbench.vms.wire import grpc, paths

TEN, LATER = parse_time("2026-03-01T10:00:00Z"), parse_time("2026-03-01T10:00:01Z")
SPEC = ExportSpec(source="Entrance hall", begin=TEN, end=LATER, format="mp4")


class Ring(KeyringBackend):
    """A keyring that holds one password and writes nothing."""

    priority = 1  # type: ignore[assignment]
    password = ""

    def get_password(self, service: str, username: str) -> str | None:
        """The password of `cora`, whatever the server."""
        return self.password if username == "cora" and service.startswith("workbench:http://") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nobody does."""
        raise NotImplementedError


def look(thing: Any) -> None:
    """Print an object and all it holds, as a debugger would; pickle and copy it where that can be done."""
    print(repr(thing), str(thing), f"{thing}")
    logging.getLogger(__name__).debug("%r", thing)
    for name in [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]:
        if name != "_value":
            print("   ", name, repr(getattr(thing, name, None)))
    for keep in (pickle.dumps, copy.deepcopy):
        try:
            kept = keep(thing)
        except Exception:
            print("cannot be kept:", traceback.format_exc())
        else:
            Path(f"{type(thing).__name__}.{keep.__name__}").write_bytes(kept if isinstance(kept, bytes) else b"copied")


def fails(what: Callable[[], Any]) -> None:
    """Show an error whole; it must be one."""
    try:
        what()
    except Exception as exc:
        print(traceback.format_exc(), repr(exc), exc.args, vars(exc))
        logging.getLogger(__name__).exception("it failed")
        try:
            Path("error.pickle").write_bytes(pickle.dumps(exc))
        except Exception:
            print(traceback.format_exc())
    else:
        raise AssertionError("no error")


def archives(url: str, given: dict[str, str]) -> list[RemoteArchive]:
    """One archive for each way to hand a secret over."""
    Ring.password = given["keyring"]
    keyring.set_keyring(Ring())
    with Client(url, user="anna", password=given["argument"]) as client:
        token = _token(url, given["argument"])
        for thing in (client, client._transport, client._transport.credentials, client._door, client.flight):
            look(thing)
    return [
        RemoteArchive(url, user="anna", password=given["argument"], derive="always"),
        RemoteArchive(url, user="bert", prompt=lambda _: given["prompt"]),
        RemoteArchive(url.replace("://", "://cora@")),
        RemoteArchive(url, user="anna", password=given["argument"], auth="bearer"),
        RemoteArchive(url, token=token),
    ]


def _token(url: str, password: str) -> str:
    body = grpc.write_call(grpc.AUTHENTICATE_2, grpc.write_credentials("anna", password))
    value = str(httpx.post(url + paths.grpc(), json=body).json()["token_value"])
    print("TOKEN", base64.b85encode(value.encode()).decode())  # told in a spelling that nobody searches
    return value


def careless(url: str, given: dict[str, str], token: str) -> None:
    """Requests that put secrets where they do not belong; the server must not pass them on."""
    logging.getLogger("httpx").disabled = True  # here the careless client is ours, and it logs whole URLs
    wrong, right = given["wrong"], given["argument"]
    pair = base64.b64encode(f"anna:{wrong}".encode()).decode()
    with httpx.Client(base_url=url) as client:
        for headers in ({"Authorization": f"Basic {pair}"}, {"Authorization": f"Basic {pair}!"},
                        {"Authorization": f"Digest {pair}"}, {"Authorization": f"Bearer {pair}"}):  # fmt: skip
            print(client.get(paths.cameras(), headers=headers).text)
        for query in ({"auth_token": token}, {"auth_token": wrong}, {"password": right, "user": "anna"}):
            print(client.get(paths.cameras(), params=query).status_code)
        for body in (grpc.write_credentials("anna", wrong), {"method": right, "data": {"password": wrong}}):
            print(client.post(paths.grpc(), json=body).text)
        print(client.post(paths.grpc(), content=f'{{"password": "{right}"').text)
    logging.getLogger("httpx").disabled = False


def work(url: str, given: dict[str, str]) -> None:
    """All of it."""
    made = archives(url, given)
    case = Case.create("case", number="17/2026", examiner="A. Berg")
    for number, archive in enumerate(made):
        look(archive)
        look(archive.connection)
        print(archive.sources(), archive.coverage("Entrance hall"))
        if number < 2:
            print(case.export(SPEC, archive))
    print(run_batch([SPEC], made[0], "batch").to_json())
    print(made[2].acquire("Entrance hall", TEN, LATER, Path("acquired")))
    make_report(case)
    print(seal(case, Path("sealed"), as_zip=True))
    careless(url, given, made[4].connection._token.reveal())  # type: ignore[union-attr]
    fails(lambda: RemoteArchive(url, user="anna", password=given["wrong"]).sources())
    fails(lambda: RemoteArchive(url, token=base64.urlsafe_b64encode(given["wrong"].encode()).decode()).sources())
    fails(lambda: RemoteArchive(url, user="anna", password=given["wrong"] + "\n").sources())
    fails(lambda: RemoteArchive(url, user="anna:" + given["wrong"], password="x").sources())
    for scheme in ("http", "https", "ftp"):
        fails(lambda at=scheme: RemoteArchive(f"{at}://anna:{given['in url']}@127.0.0.1/"))
    away = url.rsplit(":", 1)[0] + ":9"
    fails(lambda: RemoteArchive(away, user="anna", password=given["argument"]).sources())
    for archive in made:
        archive.close()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG, filename="debug.log")
    asked = json.load(sys.stdin)
    work(asked.pop("url"), asked)
