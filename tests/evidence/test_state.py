"""The state of a case is what its entries add up to, and hostile entries add up to nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workbench.evidence.custody import START, Entry
from workbench.evidence.findings import Verdict
from workbench.evidence.nouns import KINDS, AnnotationRecord, Caption, ClockCheck, FileRecord, Identity, SnapshotRecord
from workbench.evidence.state import PREFIXES, Fold, files_of, state_of

FILE = FileRecord(path="snapshots/S1.png", sha256="ab" * 32, size=3, kind="picture")
SHOT = SnapshotRecord(
    id="S1", exhibit="X-S1", source="hall", export="", file="hall/a.mp4", file_sha256="cd" * 32, stream=0, pts=1,
    time_base="1/90000", rank=0, picture_type="I", instant_us=0, dated=True, device_us=0, corrected_us=None,
    plus_minus=None, frame_sha256="ef" * 32, pixel_format="yuv420p", picture=FILE, rgb_sha256="01" * 32, width=4,
    height=2, masks=(), crop=((0.0, 0.0), (1.0, 0.5)), caption="first",
)  # fmt: skip
CHECK = ClockCheck(id="K1", source="hall", device_us=0, reference_us=1, reference="GPS", by="A", uncertainty=1.0)


def entry(n: int, what: str, data: dict[str, Any], who: str = "A") -> Entry:
    """An entry as the log would hold it; the chain is no matter here."""
    at = f"2026-03-01T10:00:{n:02}.000000Z"
    return Entry(n=n, prev=START, at=at, who=who, what=what, data=data, before=(), after=(), tool={}, hash=f"{n:064x}")


def chain(*kinds: tuple[str, dict[str, Any]]) -> list[Entry]:
    """Entries behind the one that creates the case."""
    first = ("case-created", Identity(number="17/2026", examiner="A").to_json())
    return [entry(n, what, data) for n, (what, data) in enumerate((first, *kinds))]


def test_a_snapshot_survives_json() -> None:
    """What `to_json` wrote is read back equal, lists as tuples."""
    (found,) = state_of(chain(("snapshot-taken", SHOT.to_json()))).snapshots
    assert found == SHOT


def test_a_new_caption_takes_the_old_ones_place() -> None:
    """In the state; the entries stay."""
    fold = Fold()
    for one in chain(
        ("snapshot-taken", SHOT.to_json()),
        ("caption-written", Caption(snapshot="S1", text="second", replaces=1).to_json()),
    ):
        fold.take(one)
    assert fold.state().snapshots == (replace(SHOT, caption="second"),) and fold.caption_entry("S1") == 2


def test_an_amendment_changes_what_it_names() -> None:
    """And leaves the rest."""
    state = state_of(chain(("case-amended", {"question": "Who?"})))
    assert state.identity == Identity(number="17/2026", examiner="A", question="Who?")


def test_a_comment_is_by_who_wrote_its_entry() -> None:
    """Not by whom its data names."""
    (found,) = state_of(chain(("comment-written", {"id": "C1", "text": "x", "author": "B", "at": "never"}))).comments
    assert (found.author, found.at) == ("A", "2026-03-01T10:00:01.000000Z")


def test_a_corrected_clock_check_no_longer_counts() -> None:
    """It stays in the state, so that a report can print it."""
    second = replace(CHECK, id="K2", reference_us=5, replaces="K1")
    state = state_of(chain(("clock-checked", CHECK.to_json()), ("clock-checked", second.to_json())))
    assert state.clock_checks == (CHECK, second) and state.checks_of("hall") == (second,)


def test_the_head_is_the_last_entry() -> None:
    """And the length counts every entry, known or not."""
    state = state_of(chain(("a-kind-of-2030", {"x": 1})))
    assert (state.length, state.head, state.unknown) == (2, f"{1:064x}", 1)
    assert state_of([]).head == START and state_of([]).length == 0


def test_every_kind_is_dealt_with() -> None:
    """No kind of `nouns.KINDS` is taken for one of a newer version."""
    for kind in KINDS:
        fold = Fold()
        fold.take(entry(1, kind, {}))
        assert not any("does not know" in finding.found for finding in fold.findings), kind


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "a field is missing": ("snapshot-taken", {"id": "S1"}),
    "a number for a text": ("snapshot-taken", {**SHOT.to_json(), "caption": 3}),
    "a text for a number": ("snapshot-taken", {**SHOT.to_json(), "pts": "3"}),
    "true for a number": ("snapshot-taken", {**SHOT.to_json(), "width": True}),
    "a list for a file": ("snapshot-taken", {**SHOT.to_json(), "picture": [FILE.to_json()]}),
    "a file without a path": ("snapshot-taken", {**SHOT.to_json(), "picture": {"size": 1, "sha256": ""}}),
    "three corners": ("snapshot-taken", {**SHOT.to_json(), "crop": [[0, 0, 0], [1, 1]]}),
    "an instant beyond dates": ("snapshot-taken", {**SHOT.to_json(), "instant_us": 10**30}),
    "another kind's id": ("snapshot-taken", {**SHOT.to_json(), "id": "E1"}),
    "an id that is a path": ("snapshot-taken", {**SHOT.to_json(), "id": "S../../x"}),
    "an id in other digits": ("snapshot-taken", {**SHOT.to_json(), "id": "S١"}),
    "an id used twice": ("clock-checked", CHECK.to_json()),
    "a caption of nothing": ("caption-written", {"snapshot": "S9", "text": "x", "replaces": 0}),
    "a second beginning": ("case-created", Identity().to_json()),
    "an amendment in numbers": ("case-amended", {"number": 17}),
    "a source of nothing": ("source-added", {"id": "hall"}),
    "verified nothing": ("verified", {"counts": [1]}),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_data_that_is_not_what_its_kind_says_is_passed_over(bad: tuple[str, dict[str, Any]]) -> None:
    """Counted, named by line, failed; nothing else of the state changes."""
    good = chain(("clock-checked", CHECK.to_json()))
    fold = Fold()
    for one in [*good, entry(2, *bad)]:
        fold.take(one)
    (finding,) = fold.findings
    assert (finding.check, finding.verdict, finding.place) == ("custody-form", Verdict.FAILED, "line 3")
    alone = state_of(good)
    assert fold.state() == replace(alone, length=3, head=f"{2:064x}", unknown=1)


def test_an_unknown_kind_is_not_checked() -> None:
    """A newer version may know it: that is no failure."""
    fold = Fold()
    fold.take(entry(0, "a-kind-of-2030", {}))
    assert [f.verdict for f in fold.findings] == [Verdict.NOT_CHECKED]


def test_files_are_those_that_lie_in_the_case() -> None:
    """Pictures, photographs, torn lines; not the recordings, which lie elsewhere."""
    photo = replace(FILE, path="clock/K1.jpg")
    torn = {"path": "custody.torn-1", "sha256": "ab" * 32, "size": 3}
    marked = AnnotationRecord(id="A1", snapshot="S1", marks=(), picture=replace(FILE, path="snapshots/A1.png"))
    entries = chain(
        ("clock-checked", replace(CHECK, photo=photo).to_json()),
        ("snapshot-taken", SHOT.to_json()),
        ("annotation-made", marked.to_json()),
        ("torn-line-set-aside", torn),
        ("snapshot-taken", {"id": "nonsense"}),
    )
    found = [(one.n, file.path) for one, file in files_of(entries)]
    assert found == [(1, "clock/K1.jpg"), (2, "snapshots/S1.png"), (3, "snapshots/A1.png"), (4, "custody.torn-1")]


def test_ids_are_counted_by_kind() -> None:
    """PL1 is no P."""
    fold = Fold()
    for one in chain(("plan-made", {"id": "PL7", "source": "hall", "plan": {}})):
        fold.take(one)
    assert (fold.highest("PL"), fold.highest("P")) == (7, 0)
    assert set(PREFIXES) >= {"K", "E", "S", "A", "C", "R", "P"}
