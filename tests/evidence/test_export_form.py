"""The form of an export's record: real ones pass, and what passes can be reported and sealed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evidence import whole_cases
from tests.report.matters import AT, SPECS, full, result
from workbench.core.errors import WorkError
from workbench.evidence import filing
from workbench.evidence.export_form import of_form, plan_of_form
from workbench.evidence.package_derived import derived
from workbench.report.build import build_report

GONE = object()
LATE = "+999999999999.999999"
ODD = (
    *(None, "", "x", "-", "+5", "-5.000000", LATE, "9999-12-31T23:59:59Z", "\ud800", True, 0, -1, 1.5),
    *(10**400, float("nan"), float("inf"), [], [1], ["x"], {}, {"a": "b"}, {"a": {"b": {}}}, GONE),
)
Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where something stands in a record; of lists the first two."""
    if at:
        yield at
    keys = value if isinstance(value, dict) else range(min(len(value), 2)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*at, key))


def changed(record: dict[str, Any], at: Place, value: Any) -> dict[str, Any]:
    """A copy with another value at a place, or nothing there."""
    made = inside = copy.deepcopy(record)
    for key in at[:-1]:
        inside = inside[key]
    if value is GONE:
        del inside[at[-1]]
    else:
        inside[at[-1]] = value
    return made


@pytest.mark.parametrize("name", SPECS)
def test_records_of_ours_pass(name: str) -> None:
    """As they are, their plans too."""
    record = result(name)
    assert of_form(record, "r") is record and plan_of_form(record["plan"], "p") == record["plan"]


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (("encoder",), "x264", "encoder is not an object"),
        (("encoder", "part 1"), "x264", "encoder.part 1 is not an object"),
        (("files", 0, "size"), 10**400, "files[0].size is not a number of things"),
        (("entries", 1, "first"), "+5.000000", "entries[1].first is not an instant"),
        (("entries", 0, "fate"), "kept", "entries[0].fate is not a fate"),
        (("gaps",), {}, "gaps is not a list"),
        (("plan", "frames", "extra"), GONE, "plan.frames.extra is missing"),
        (("plan", "spec", "masks", 0, "style"), "none", "plan.spec: masks.style: 'none' is none of"),
        (("plan", "spec", "crop"), GONE, "plan.spec.crop is missing"),
        (("plan",), None, "plan is not an object"),
    ],
)
def test_what_is_not_of_the_form_is_named(at: Place, value: Any, said: str) -> None:
    """The record and the key."""
    with pytest.raises(WorkError) as error:
        of_form(changed(result("gap"), at, value), "exports/E1/r.json")
    assert error.value.message.startswith(f"exports/E1/r.json is no record of an export: {said}")


def test_what_passes_can_be_built_upon() -> None:
    """Whatever stands anywhere in a record: it is refused, or a report and the derived files can be made of it."""
    chosen, passed = random.Random(3), 0
    for number, name in ((1, "gap"), (2, "crop")):
        tries = [(at, value) for at in places(result(name)) for value in ODD]
        masks = ("plan", "spec", "masks", 0)
        for at, value in (*chosen.sample(tries, 150), ((*masks, "end"), LATE)):
            record = changed(result(name), at, value)
            try:
                of_form(record, "r")
            except WorkError:
                continue
            passed += 1
            matter = full()
            matter.results[f"E{number}"] = record
            build_report(matter, made_at=AT).to_json()
            derived(matter.entries, matter.results)
    assert passed > 10


def test_a_case_with_a_damaged_record_says_so(tmp_path: Path) -> None:
    """Where the log vouches for it: no report, no snapshot, no traceback."""
    case = whole_cases.whole(tmp_path / "case")
    odd = json.dumps({**case.result("E1"), "encoder": "x264"}).encode()
    record = filing.write(case.folder, "exports/E2/odd.json", odd, "record")
    case.append("export-done", replace(case.state.exports[0], id="E2", record=record, files=()))
    with pytest.raises(WorkError, match=r"exports/E2/odd\.json .*: encoder is not an object"):
        build_report(case)


def test_a_plan_of_the_log_is_checked() -> None:
    """It is printed, too."""
    matter = full()
    matter.append("plan-made", {"id": "PL7", "source": "entrance", "plan": {"spec": 5}})
    with pytest.raises(WorkError, match="plan PL7 of the log is no plan of an export: begin is missing"):
        build_report(matter, made_at=AT)
