"""Part 4: each source's clock: its checks, offset, drift, uncertainty, zone, and a change of the clocks nearby.

*Clock not checked* is a notice of its own. What archive.toml adds to a recorder's times is stated apart: it is how
the recordings were laid on the time line, not a comparison with a reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from workbench.core.errors import RequestError
from workbench.core.timebase import SECOND, instant, shown, zone
from workbench.evidence.claims import CLOCK_NOT_CHECKED, clock_words, count, seconds
from workbench.evidence.clock import FIRST_US, LAST_US
from workbench.evidence.nouns import ClockCheck, SourceRecord
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Notice, Paragraph, Section, Table
from workbench.report.wording import NOT_CHECKED, corrected, local, stated

DAY_US = 86_400 * SECOND
NEAR_US = DAY_US
"""How near to the material a change of the zone's offset is told of."""
MOST_DAYS = 4_000
THREE = (
    "Three times are kept apart everywhere: device (what the recorder's clock said, in its zone), corrected (device "
    "plus the offset of the clock checks, in UTC, with ±), and PTS (the frame's own mark in the recording). All other "
    "times in this report are places on the archive's time line: device time plus what archive.toml adds, in UTC."
)


def clock(material: Material) -> Section:
    """Part 4."""
    blocks: list[Block] = [Paragraph(text=THREE)]
    for source in material.state.sources:
        blocks += _source(material, source)
    return Section(number=4, title="Clock", blocks=tuple(blocks))


def _source(material: Material, source: SourceRecord) -> Iterator[Block]:
    name = material.source_name(source.id)
    counting = material.state.checks_of(source.id)
    if not counting:
        yield Notice(text=f"{CLOCK_NOT_CHECKED}: {name}", large=True)
    yield Facts(title=name, rows=tuple(_facts(material, source)))
    every = [c for c in material.state.clock_checks if c.source == source.id]
    if every:
        replaced = {c.replaces: c.id for c in every if c.replaces}
        yield Table(
            title="Checks",
            head=("Check", "Recorder showed, reference showed", "Offset to add", "±", "How"),
            rows=tuple(_row(material, source, check, replaced.get(check.id, "")) for check in every),
            widths=(0.1, 0.34, 0.11, 0.08, 0.37),
        )
        yield from material.said_on(*(check.id for check in every))


def _facts(material: Material, source: SourceRecord) -> Iterator[tuple[str, str]]:
    clock = material.clocks[source.id]
    yield "Clock", clock_words(clock.checks)
    yield (
        "Offset",
        NOT_CHECKED if clock.offset is None else f"{clock.offset:+.3f} s to add, in the middle of the checks",
    )
    yield "Drift", NOT_CHECKED if clock.drift is None else f"{clock.drift:+.3f} s a day"
    ends = ((word, us) for word, us in (("first", source.first_us), ("last", source.last_us)) if us is not None)
    for word, us in ends:
        device = device_us(source, us)
        yield f"Device time of the {word} frame", local(device, source.zone, source.dated)
        found = clock.corrected(device) if source.dated else None
        yield f"Corrected UTC of the {word} frame", corrected(found) + (f"; {found.basis}" if found else "")
    yield "Zone rule", f"{source.zone}{' (assumed: nobody named a zone)' if source.zone_assumed else ''}"
    yield "Change of the clocks nearby", "; ".join(_changes(source)) or "none within a day of the recordings"
    offset = source.archive_offset
    yield (
        "Offset in archive.toml",
        f"{offset:+g} s were added to the recorder's times to lay out the recordings: a statement, not a clock check"
        if offset
        else "none",
    )


def device_us(source: SourceRecord, us: int) -> int:
    """What the recorder's own clock said at an instant of the archive's time line."""
    return us - round(source.archive_offset * SECOND) if source.dated else us


def _row(material: Material, source: SourceRecord, check: ClockCheck, by: str) -> tuple[str, ...]:
    how = [f"Reference: {stated(check.reference)}", f"Checked by: {stated(check.by)}"]
    how.append(f"On record: {material.by('clock-checked', check.id)}")
    photo = check.photo
    how.append(f"Photograph: {photo.path}, SHA-256 {photo.sha256}" if photo else "Photograph: none")
    how += [f"Note: {check.note}"] if check.note else []
    how += [f"Corrects {check.replaces}"] if check.replaces else []
    return (
        f"{check.id} (superseded by {by}, does not count)" if by else check.id,
        f"{local(check.device_us, source.zone)}\n{shown(check.reference_us, True)} (UTC)",
        seconds(check.offset_us, sign=True),
        f"{check.uncertainty:g} s",
        "\n".join(how),
    )


def _changes(source: SourceRecord) -> Iterator[str]:
    """Changes of the zone's offset from UTC within a day of the recordings, in words."""
    if not source.dated or source.first_us is None or source.last_us is None:
        return
    first, last = (device_us(source, us) for us in (source.first_us, source.last_us))
    low, high = max(FIRST_US + DAY_US, first - NEAR_US), min(LAST_US - DAY_US, last + NEAR_US)
    days = min(MOST_DAYS, (high - low) // DAY_US + 1)
    marks = [min(low + n * DAY_US, high) for n in range(days + 1)]
    for begin, end in pairwise(marks):
        before, after = _offset(begin, source.zone), _offset(end, source.zone)
        if before != after:
            yield _told(_moment(begin, end, source.zone), before, after)


def _offset(us: int, name: str) -> timedelta:
    try:
        return instant(us).astimezone(zone(name)).utcoffset() or timedelta()
    except RequestError:
        return timedelta()


def _moment(low: int, high: int, name: str) -> int:
    """The instant in (low, high] at which the zone's offset changes."""
    before = _offset(low, name)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, name) == before else (low, middle)
    return high


def _told(at: int, before: timedelta, after: timedelta) -> str:
    length = count(abs(after - before) // timedelta(minutes=1), "minute")
    what = f"back by {length}: these occur twice" if after < before else f"forward by {length}: these never occur"
    return f"at {shown(at, True)} local time goes {what}; the offset printed with each device time tells which is meant"
