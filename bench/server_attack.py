"""Figure 1, long: Schemathesis (coverage, fuzzing) and Hypothesis against a server of the real recordings.

    python bench/server_attack.py [--steps 20000] [--examples 50]

Prints one line for each part: requests, answers of 5xx that are not meant, and what the server and its workers touched
outside of their own folders while they were attacked, by strace (`tests/server/traced.py`); not checked where that is
not there. The matrix of rights is `tests/server/test_auth.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from hypothesis import HealthCheck, Phase, given, settings

from tests.server import attack, traced
from workbench.server.serving import Background

RECORDINGS = Path(__file__).resolve().parents[1] / "notebooks" / "recordings"


def main() -> None:
    """Attack, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="random requests (default 20000)")
    parser.add_argument("--examples", type=int, default=50, help="Schemathesis: examples an operation (default 50)")
    chosen = parser.parse_args()
    for strict in (False, True):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "here", strict) as url:
            with httpx.Client(base_url=url, timeout=60) as client:
                attack.work(client, attack.PATHS)
            random_requests(url, chosen.steps // 2, strict)
            began = time.monotonic()
            phases = "coverage,fuzzing"
            operations = attack.schemathesis(url, examples=chosen.examples, phases=phases)
            took = time.monotonic() - began
            print(f"schemathesis strict={strict}: {operations} operations, {phases}: 0 failures, {took:.0f} s")


@contextmanager
def server(folder: Path, strict: bool) -> Iterator[str]:
    """The URL of a server; at its end what it touched is told."""
    if why := traced.unusable():
        with Background(RECORDINGS, state=folder / "state", queue=8, strict=strict) as running:
            yield running.url
        print(f"files strict={strict}: NOT CHECKED: {why}")
        return
    with traced.Traced(folder, RECORDINGS, queue=8, strict=strict) as watched:
        yield watched.url
    touched, outside = watched.touches(), watched.outside()
    threads, workers = len({touch.process for touch in touched}), len(watched.by_workers())
    print(f"files strict={strict}: {len(touched)} touched by {threads} threads, {workers} of them by workers; ", end="")
    print(f"{len(outside)} outside")
    for line in outside[:20]:
        print("  ", line[:500])


def random_requests(url: str, steps: int, strict: bool) -> None:
    """Requests by `attack.REQUESTS`; every wrong answer is counted, none ends the run."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    with httpx.Client(base_url=url, timeout=60) as client:
        export, name = attack.exported(client)

        @settings(
            max_examples=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(attack.REQUESTS)
        def attacked(request: dict[str, object]) -> None:
            answer = attack.send(client, request, export, name)
            statuses[0 if answer is None else answer.status_code] += 1
            if (why := attack.unwanted(answer)) is not None:
                wrong.append(f"{why} for {request}")

        attacked()
    shown = ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()) if status)
    sent = sum(statuses.values()) - statuses[0]
    print(f"random strict={strict}: {sent} requests ({shown}); {len(wrong)} wrong")
    for line in wrong[:10]:
        print("  ", line[:500])


if __name__ == "__main__":
    main()
