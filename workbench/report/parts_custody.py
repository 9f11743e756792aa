"""Part 12: the custody log, entry by entry; digests and hashes are shortened here and whole in the attached JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from workbench.evidence.claims import count, seconds
from workbench.evidence.custody import Digest, Entry, set_back
from workbench.evidence.remote import NOT_HASHED, is_url
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Notice, Paragraph, Section, Table
from workbench.report.wording import NOT_STATED, cut

SHORT = 12
MOST_FILES = 6
"""Files of one entry that are named in the table."""
LONGEST = 160
ABOUT = (
    "Every entry is bound to the one before by its hash. Digests and hashes are shortened to their first {short} "
    "digits; the JSON attached to this report holds them in full, the log itself is custody.jsonl of the case. Times "
    "are those of the machine that wrote the entry."
)


def custody(material: Material) -> Section:
    """Part 12."""
    blocks: list[Block] = [
        Paragraph(text=ABOUT.format(short=SHORT)),
        Facts(rows=(("Entries", f"{material.state.length:,}"), ("Hash of the last", material.state.head))),
    ]
    if back := set_back(material.entries):
        told = ", ".join(map(str, back[:20])) + (" …" if len(back) > 20 else "")
        times = count(len(back), "time")
        blocks.append(Notice(text=f"The machine's clock was set back {times}: before entry {told}", large=False))
    blocks.append(
        Table(
            head=("No", "UTC, who", "What", "Files", "Hash"),
            rows=tuple(_row(entry) for entry in material.entries),
            widths=(0.05, 0.28, 0.26, 0.28, 0.13),
            code=(3, 4),
        )
    )
    blocks += _tools(material.entries)
    return Section(number=12, title="Custody", blocks=tuple(blocks))


def in_full(material: Material) -> tuple[dict[str, Any], ...]:
    """Hash and digests of every entry, whole: for the machine-readable report."""
    return tuple({"n": e.n, "hash": e.hash, "before": list(e.before), "after": list(e.after)} for e in material.entries)


def _row(entry: Entry) -> tuple[str, ...]:
    files = [*_files("from", entry.before), *_files("to", entry.after)]
    return str(entry.n), f"{entry.at}\n{entry.who}", _what(entry), "\n".join(files), f"{entry.hash[:SHORT]}…"


def _files(word: str, digests: Sequence[Digest]) -> Iterator[str]:
    for digest in digests[:MOST_FILES]:
        yield f"{word} {digest.get('file', '')} {digest.get('sha256', '')[:SHORT]}…"
    if (more := len(digests) - MOST_FILES) > 0:
        yield f"and {count(more, 'file')} more"


def _tools(entries: Sequence[Entry]) -> Iterator[Block]:
    """Which versions of the tools wrote how many entries."""
    found = Counter(", ".join(f"{key} {value}" for key, value in sorted(e.tool.items())) or NOT_STATED for e in entries)
    yield Facts(title="Written by", rows=tuple((count(n, "entry", "entries"), tools) for tools, n in found.items()))


def _what(entry: Entry) -> str:
    """What happened, in words; a kind that this version does not know is printed as it is."""
    data, told = entry.data, _WORDS.get(entry.what)
    if told is None:
        return f"{entry.what} (this version does not know the kind)"
    try:
        return told(data)
    except (KeyError, TypeError, ValueError, AttributeError):
        return f"{entry.what} (its data is not what the kind says; it counts for nothing)"


def _text(data: dict[str, Any], where: str) -> str:
    return f"«{cut(str(data['text']), where, LONGEST)}»"


def _caption(data: dict[str, Any]) -> str:
    return f"caption of {data['snapshot']}: {_text(data, 'part 9')}, in place of that in entry {data['replaces']}"


def _comment(data: dict[str, Any]) -> str:
    about = f" on {data['on']}" if data.get("on") else ""
    instead = f", corrects {data['replaces']}" if data.get("replaces") else ""
    return f"comment {data['id']}{about}{instead}: {_text(data, 'the part that shows what it is on')}"


def _clock(data: dict[str, Any]) -> str:
    offset = seconds(int(data["reference_us"]) - int(data["device_us"]), sign=True)
    instead = f", corrects {data['replaces']}" if data.get("replaces") else ""
    return f"clock check {data['id']} of {data['source']}: {offset} ± {data['uncertainty']:g} s{instead}"


def _snapshot(data: dict[str, Any]) -> str:
    kind = "context picture" if data.get("context") else "snapshot"
    of = f" for {data['export']}" if data.get("export") else ""
    bare = f", NOT masked: {cut(data['unmasked'], 'part 9', LONGEST)}" if data.get("unmasked") else ""
    return f"{kind} {data['id']}{of}: {data['file']}, PTS {data['pts']}{bare}"


def _joined(data: dict[str, Any]) -> str:
    if is_url(data["archive"]):
        return f"a camera of the VMS {data['archive']}; {NOT_HASHED}"
    return f"{count(len(data['recordings']), 'recording')} hashed and described"


def _amended(data: dict[str, Any]) -> str:
    changed = "; ".join(f"{key}: {cut(str(value), 'part 1 or 2', LONGEST)}" for key, value in data.items())
    return f"case amended: {changed}"


def _verified(data: dict[str, Any]) -> str:
    counts = ", ".join(f"{number} {verdict}" for verdict, number in data["counts"].items())
    return f"package {data['name']} verified: {counts}"


def _report(data: dict[str, Any]) -> str:
    why = [str(one) for one in data.get("why_draft", ())]
    told = f" ({cut('; '.join(why), 'the custody log', LONGEST)})" if why else ""
    return f"report {data['id']}, version {data['version']}, {'FINAL' if data['final'] else 'DRAFT'}{told}"


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "case-created": lambda d: f"case {d['number']} opened, examiner {d['examiner']}",
    "case-amended": _amended,
    "source-added": lambda d: f"source {d['id']} added: {_joined(d)}",
    "clock-checked": _clock,
    "plan-made": lambda d: f"plan {d['id']} for {d['source']}",
    "export-done": lambda d: f"export {d['id']} of {d['source']}{' by plan ' + d['plan'] if d['plan'] else ', added'}",
    "export-failed": lambda d: (
        f"export of plan {d['plan']} failed ({d['kind']}): {cut(d['message'], 'part 6', LONGEST)}"
    ),
    "snapshot-taken": _snapshot,
    "caption-written": _caption,
    "snapshots-ordered": lambda d: f"order of the snapshots: {', '.join(d['snapshots'])}",
    "annotation-made": lambda d: f"annotated copy {d['id']} of {d['snapshot']}: {count(len(d['marks']), 'mark')}",
    "comment-written": _comment,
    "report-built": _report,
    "package-sealed": lambda d: f"package {d['id']} sealed: {d['name']}, seal {d['seal']}",
    "verified": _verified,
    "torn-line-set-aside": lambda d: f"a torn last line of the log was set aside: {d['path']}",
}
