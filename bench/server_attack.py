"""Figure 1, long: Schemathesis (coverage, fuzzing) and Hypothesis against a server of the real recordings.

    python bench/server_attack.py [--steps 20000] [--examples 50]

Prints one line for each part: requests, answers of 5xx that are not meant, files opened outside. The matrix of rights
is `tests/server/test_auth.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
from hypothesis import HealthCheck, Phase, given, settings

from tests.server import attack
from workbench.server.serving import Background

RECORDINGS = Path(__file__).resolve().parents[1] / "notebooks" / "recordings"


def main() -> None:
    """Attack, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="random requests (default 20000)")
    parser.add_argument("--examples", type=int, default=50, help="Schemathesis: examples an operation (default 50)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        (Path(folder) / "passwd").write_text("root:x:0\n", encoding="ascii")
        for strict in (False, True):
            with Background(RECORDINGS, state=state / str(strict), queue=8, strict=strict) as server:
                random_requests(server.url, state, chosen.steps // 2, strict)
                began = time.monotonic()
                phases = "coverage,fuzzing"
                operations = attack.schemathesis(server.url, examples=chosen.examples, phases=phases)
                took = time.monotonic() - began
                print(f"schemathesis strict={strict}: {operations} operations, {phases}: 0 failures, {took:.0f} s")


def random_requests(url: str, state: Path, steps: int, strict: bool) -> None:
    """Requests by `attack.REQUESTS`; every wrong answer is counted, none ends the run."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []
    with httpx.Client(base_url=url, timeout=60) as client, attack.watched(state, RECORDINGS) as watch:
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
    print(
        f"random strict={strict}: {sum(statuses.values()) - statuses[0]} requests ({shown}); {len(wrong)} wrong; ",
        end="",
    )
    print(f"{watch.opened} files opened by the server, {len(watch.outside)} outside")
    for line in [*wrong[:10], *sorted(watch.outside)[:10]]:
        print("  ", line[:500])


if __name__ == "__main__":
    main()
