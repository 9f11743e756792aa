"""What a case says of its sources, described again from the recordings: the check ``source-facts``.

Name, zone, dating, offset, first and last picture, gaps and overlaps come from recordings and archive.toml by this
program's own rules, so another answer is a failure. Facts and losses of a recording are read with FFmpeg, and other
versions of it may read otherwise: where the record names others, they are *not checked*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.evidence.case_sources import told
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import RecordingFacts, SourceRecord
from workbench.evidence.remote import lies_on_vms
from workbench.evidence.reperform_export import Ground
from workbench.evidence.reperform_sources import View, is_partly_laid, witnessed

CHECK = "source-facts"


def described(ground: Ground, view: View) -> Iterator[Finding]:
    """One finding for each thing that a source's record says and its recordings do not, or one that all holds."""
    source = view.source
    if view.lacking:
        why = "" if lies_on_vms(source) else "not all of it is as it was: "
        yield _finding(source, Verdict.NOT_CHECKED, note=f"{why}{view.lacking}")
        return
    ground.tell(f"{source.id}: describing it", 0.0)
    try:
        archive = ground.archives(view)
        found, now = archive.describe(source.id), told(archive, source.id)
    except WorkbenchError as exc:
        note = exc.message.replace(f"{view.folder}/", "").replace(f"{ground.scratch}/", "")
        yield _finding(source, Verdict.NOT_CHECKED, note=note)
        return
    wrong = list(_told(source, now))
    again = {one.file: one for one in found.recordings}
    for recording in source.recordings:
        one = again.get(recording.file)
        wrong += _recording(source, recording, {} if one is None else one.facts, () if one is None else one.losses)
    yield from wrong
    if not wrong:
        count = f"{len(source.recordings)} recording{'' if len(source.recordings) == 1 else 's'}"
        yield _finding(source, Verdict.OK, found=f"{count} described again, with the same facts and gaps")


def _told(source: SourceRecord, now: Mapping[str, Any]) -> Iterator[Finding]:
    """What is said of the source as a whole."""
    partly = is_partly_laid(source)
    then = source.to_json()
    for name, value in now.items():
        if partly and name == "notes":
            yield _finding(source, Verdict.NOT_CHECKED, place=name, note="files of it that are no plain files")
        elif name == "coverage":
            yield from _coverage(source, value, partly=partly)
        elif _plain(then[name]) != _plain(value):
            yield _finding(source, Verdict.FAILED, place=name, expected=_shown(value), found=_shown(then[name]))


def _coverage(source: SourceRecord, now: dict[str, Any], *, partly: bool) -> Iterator[Finding]:
    then = source.coverage
    for name in sorted(now.keys() | then.keys()):
        if name == "notes" and partly:
            continue
        pair = then.get(name), now.get(name)
        if name == "gaps" and partly:
            pair = witnessed(pair[0], partly=True), witnessed(pair[1], partly=True)
        if _plain(pair[0]) != _plain(pair[1]):
            expected, found = _shown(pair[1]), _shown(pair[0])
            yield _finding(source, Verdict.FAILED, place=f"coverage: {name}", expected=expected, found=found)


def _recording(
    source: SourceRecord, then: RecordingFacts, facts: dict[str, Any], losses: tuple[str, ...]
) -> Iterator[Finding]:
    apart = [name for name in sorted(then.facts.keys() | facts.keys())
             if _plain(then.facts.get(name)) != _plain(facts.get(name))]  # fmt: skip
    if not apart and then.losses == losses:
        return
    verdict, note = Verdict.FAILED, ""
    read_with = then.facts.get("read_with")
    if not facts and then.facts:
        verdict, note = Verdict.NOT_CHECKED, f"it cannot be read here: {', '.join(losses)}"
    elif read_with and read_with != facts.get("read_with"):
        verdict, note = Verdict.NOT_CHECKED, f"read with other versions: {read_with} then, {facts['read_with']} now"
    for name in apart:
        place, pair = f"{then.file}: {name}", (_shown(facts.get(name)), _shown(then.facts.get(name)))
        yield _finding(source, verdict, place=place, expected=pair[0], found=pair[1], note=note)
    if then.losses != losses:
        pair = (_shown(losses), _shown(then.losses))
        yield _finding(source, verdict, place=f"{then.file}: losses", expected=pair[0], found=pair[1], note=note)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _finding(
    source: SourceRecord, verdict: Verdict, *, place: str = "", expected: str = "", found: str = "", note: str = ""
) -> Finding:
    return Finding(
        check=CHECK,
        verdict=verdict,
        file="data/custody.jsonl",
        place=f"source {source.id}{f', {place}' if place else ''}",
        expected=expected,
        found=found,
        note=note,
    )
