"""A VMS served by a VMS: the same cameras under the same ids, and no word of where the first one is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.server.conftest import RECORDINGS
from tests.server.test_app import COUNTER, done, start
from workbench.archives.remote import RemoteArchive
from workbench.core.spec import ExportSpec
from workbench.core.timebase import parse_time
from workbench.server.hiding import Hiding
from workbench.server.serving import Background
from workbench.vms.transport import Timeouts


def behind(url: str) -> RemoteArchive:
    """The archive of a server in front of another one, which it does not wait long for."""
    return RemoteArchive(url, user="operator-7", password="unused", timeouts=Timeouts(total=1.0))


@pytest.fixture(scope="module")
def chain() -> Iterator[tuple[Background, Background]]:
    """A server over recordings, and one over it."""
    with Background(RECORDINGS) as first, Background(lambda: behind(first.url)) as second:
        yield first, second


def test_one_request_names_a_camera_on_all_sides(chain: tuple[Background, Background]) -> None:
    """The id in the archive that the first server serves is a camera's name at the second one too."""
    spec = ExportSpec(
        source="corridor", begin=parse_time("20260301T100010"), end=parse_time("20260301T100011"), format="mkv"
    )
    found = []
    for server in chain:
        archive = RemoteArchive(server.url)
        found.append((archive.source("corridor").name, archive.plan(spec).spec.source.partition("/")[0]))
        archive.close()
    assert found == [("Corridor", "WORKBENCH")] * 2


def test_the_record_does_not_tell_where_the_first_server_is(chain: tuple[Background, Background]) -> None:
    """An export that the first server made comes with a record that names neither its address nor our user there."""
    first, second = chain
    with httpx.Client(base_url=second.url, timeout=60) as client:
        place = start(client, COUNTER, "20260301T100003", "20260301T100004", format="mkv").headers["location"]
        state = done(client, place)
        name = next(name for name in state["sidecars"] if name.endswith(".json"))
        answer = client.get(f"{place}/file", params={"name": name})
    record = answer.json()
    assert (record["remote"]["server"]["url"], record["remote"]["server"]["user"]) == ("…", "…")
    assert not named(first, answer.text) and "operator-7" not in answer.text
    assert record["remote"]["export"]["succeeded"] and record["ledger"]["copied"] == 10


def test_a_first_server_that_is_gone_is_not_named() -> None:
    """Its address stands in no refusal, no state of an export and no health report; health says 503 and why."""
    with (
        Background(RECORDINGS) as first,
        Background(lambda: behind(first.url)) as second,
        httpx.Client(base_url=second.url, timeout=60) as client,
    ):
        assert client.get("/health").json()["archive"] == "ok"
        first.stop()
        said = [client.get("/camera/list"), client.get(f"/archive/contents/intervals/{COUNTER}")]
        assert [answer.status_code for answer in said] == [502, 502]
        assert "… cannot be reached" in said[0].json()["error"]["message"]
        health = failing(client)
        assert not any(named(first, answer.text) for answer in (*said, health))
    assert health.json()["archive"] == "it cannot be reached" and health.json()["error"]["kind"] == "failed"


def failing(client: httpx.Client) -> httpx.Response:
    """The health of a server once it is no more what it was a moment ago."""
    until = time.monotonic() + 20
    while (answer := client.get("/health")).status_code == 200:
        assert time.monotonic() < until, "it never noticed"
        time.sleep(0.2)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    return answer


def named(server: Background, text: str) -> bool:
    """Whether a text names a server by its port or address."""
    return server.url.rpartition(":")[2] in text or "127.0.0.1" in text


@pytest.mark.parametrize(
    ("url", "text", "told"),
    [
        ("http://vms.example/p", "http://vms.example/p gave 500", "… gave 500"),
        ("https://vms.example", "VMS.example:443 is not xvms.example", "… is not xvms.example"),
        ("http://[::1]:8000", "http://[::1]:8000 and [::1]:8000 and ::1", "… and … and …"),
        ("http://vms:9", "no vms here (vms). vms-2 and the vmsx stay", "no … here (…). vms-2 and the vmsx stay"),
    ],
)
def test_addresses_are_hidden_in_any_form(url: str, text: str, told: str) -> None:
    """URL, origin, host with port and host alone go, in any case; names that merely hold it stay."""
    assert Hiding(urls=(url,))(text) == told
    assert Hiding(urls=(url,)).within({"a": [text, 1, None]}) == {"a": [told, 1, None]}
