"""Part 6: every step in order: all parameters, defaults too, encoder settings, versions, times and exit states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from workbench.core.spec import ExportSpec
from workbench.evidence.claims import count
from workbench.evidence.custody import Entry
from workbench.evidence.nouns import ExportRecord
from workbench.evidence.remote import backend, derived_here, made_by_vms, remote_of
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Paragraph, Section
from workbench.report.parts_remote import remote_export
from workbench.report.wording import NOT_STATED, cut, listing, stated

STEPS = {
    "plan-made": "plan",
    "export-done": "export",
    "export-failed": "export",
    "snapshot-taken": "snapshot",
    "annotation-made": "annotated copy",
}
"""Kinds of entries that are steps of the work, in words."""
LOCAL = "local engine: PyAV in a process of its own, decoding in software"
_DEFAULTS = {f.name: f.default for f in fields(ExportSpec) if f.default is not MISSING}


def processing(material: Material) -> Section:
    """Part 6."""
    blocks: list[Block] = list(_steps(material))
    for export in material.state.exports:
        blocks += _export(material, export)
    done = {export.plan for export in material.state.exports}
    for plan in material.state.plans:
        if plan.id not in done:
            blocks += _parameters(
                material, plan.plan, f"Parameters of plan {plan.id}, of which no export came", plan.id
            )
    return Section(number=6, title="Processing log", blocks=tuple(blocks))


def _steps(material: Material) -> Iterator[Block]:
    """What was done, in order; the frames of the snapshots stand in part 9."""
    exports = {e.id: e for e in material.state.exports}
    done = [entry for entry in material.entries if entry.what in STEPS]
    if not done:
        yield Paragraph(text="Nothing was processed.")
        return
    rows = [(str(n), *_step(entry, exports)) for n, entry in enumerate(done, 1)]
    head = ("Step", "What", "Began and ended (UTC)", "By", "Exit state")
    widths = (0.07, 0.27, 0.28, 0.14, 0.24)
    yield from listing(head, rows, where="part 12", title="Steps in order", widths=widths, most=1_000)


def _step(entry: Entry, exports: Mapping[str, ExportRecord]) -> tuple[str, str, str, str]:
    """What, when, by whom, how it ended; the log knows the begin of exports only."""
    data, name = entry.data, str(entry.data.get("id", ""))
    if entry.what == "export-failed":
        why = cut(str(data.get("message", "")), f"entry {entry.n} of the log")
        what = f"export of plan {data.get('plan') or NOT_STATED}"
        return what, f"{NOT_STATED}\n{entry.at}", entry.who, f"failed ({data.get('kind', '')}): {why}"
    if entry.what == "export-done" and name in exports:
        made = exports[name]
        what = f"export {name} of plan {made.plan}" if made.plan else f"export {name}, made outside of the case, added"
        return what, f"{stated(made.began)}\n{stated(made.ended)}", entry.who, "finished"
    return f"{STEPS[entry.what]} {name}", f"{NOT_STATED}\n{entry.at}", entry.who, "finished"


def _export(material: Material, export: ExportRecord) -> Iterator[Block]:
    result = material.results[export.id]
    plan, where = result["plan"], f"exports/{export.id}, the export's record"
    rows = [
        ("Planned by", material.by("plan-made", export.plan) if export.plan else NOT_STATED),
        ("Exported by", material.by("export-done", export.id)),
        ("Began", f"{stated(export.began)} (UTC)"),
        ("Ended", f"{stated(export.ended)} (UTC)"),
        ("Backend", _backend(result)),
        ("Platform", stated(export.platform)),
        ("Exit state", "finished; the files were opened again and measured"),
        ("Sound", stated(plan["audio"])),
        ("Warnings", "\n".join(result["warnings"]) or "none"),
    ]
    yield Facts(title=f"Export {export.id}", rows=tuple(rows))
    yield from remote_export(result, export, where)
    yield from _parameters(material, plan, f"Parameters of {export.id}", export.plan)
    yield from _segments(plan, f"Segments of {export.id}", where)
    yield Facts(title=f"Encoder settings of {export.id}", rows=tuple(_encoder(result)))
    yield Facts(title=f"Tools and libraries of {export.id}", rows=tuple(_versions(result["versions"])))


def _parameters(material: Material, plan: Mapping[str, Any], title: str, name: str) -> Iterator[Block]:
    """Every field of the request, what was given, and what was made of it."""
    how = {field["field"]: field for field in plan["fields"]}
    entry = material.made.get(("plan-made", name))
    where = f"entry {entry.n} of the log" if entry else "the export's record"
    rows = []
    for key, value in plan["spec"].items():
        if key == "schema":
            continue
        field = how.get(key, {"how": NOT_STATED, "note": ""})
        default = key in _DEFAULTS and _plain(_DEFAULTS[key]) == value
        made = f"{field['how']}: {field['note']}" if field["note"] else field["how"]
        rows.append((key, _value(key, value, where), "default" if default else "given", made))
    head, widths = ("Parameter", "Value", "", "How it was done"), (0.2, 0.35, 0.1, 0.35)
    yield from listing(head, rows, where=where, title=title, widths=widths)


def _value(key: str, value: Any, where: str) -> str:
    if key == "masks":
        return f"{count(len(value), 'mask')}, part 8" if value else "none"
    return "none" if value is None else cut(value if isinstance(value, str) and value else json.dumps(value), where)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _segments(plan: Mapping[str, Any], title: str, where: str) -> Iterator[Block]:
    rows = [
        (
            s["file"],
            f"{s['mode']}, {s['codec']}",
            f"{s['begin']}\n{s['last']}",
            f"{s['first_pts']}\n{s['last_pts']}",
            f"{s['frames']:,}",
            s["reason"],
        )
        for s in plan["segments"]
    ]
    if not rows:
        yield Paragraph(
            text=f"{title}: none are planned; a VMS does not say beforehand how it makes what.", style="small"
        )
        return
    head = ("Recording", "Mode", "First and last frame", "Their PTS", "Frames", "Reason")
    yield from listing(head, rows, where=where, title=title, widths=(0.19, 0.11, 0.28, 0.1, 0.09, 0.23))


def _backend(result: Mapping[str, Any]) -> str:
    remote = remote_of(result)
    local = LOCAL if "pyav" in result["versions"] else NOT_STATED
    if remote is None:
        return local
    return f"{backend(remote)}; the files derived here: {local}" if derived_here(result) else backend(remote)


def _encoder(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    encoder = result["encoder"]
    if not encoder and made_by_vms(result):
        yield "Encoder", f"{NOT_STATED}: the VMS made the files"
    elif not encoder:
        yield "Encoder", "none: nothing was coded anew"
    for part, made in encoder.items():
        tracks = made.items() if all(isinstance(one, dict) for one in made.values()) else [("", made)]
        for track, settings in tracks:
            told = (
                "\n".join(f"{key} = {value}" for key, value in settings.items())
                if isinstance(settings, dict)
                else str(settings)
            )
            yield f"{part} {track}".strip(), told


def _versions(versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((name, str(version)) for name, version in versions.items())
    if "ffmpeg configuration" not in versions:
        yield "Build configuration of FFmpeg", "not stated; it is that of the PyAV wheel of this version"
