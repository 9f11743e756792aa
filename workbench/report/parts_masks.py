"""Part 8: each mask and crop: corners, time and PTS range, style, reason, author, reviewer; a picture with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from workbench.core.timebase import shown
from workbench.evidence.claims import count, us_of
from workbench.evidence.clock import LAST_US
from workbench.evidence.nouns import ExportRecord, SnapshotRecord
from workbench.report import parts_moving
from workbench.report.material import Material
from workbench.report.model import Block, Facts, Outline, Paragraph, Picture, Section
from workbench.report.parts_snapshots import picture_of
from workbench.report.wording import NOT_STATED, UNKNOWN, listing, pixels, stated

Points = Sequence[Sequence[float]]
Shape = tuple[int, int, Fraction] | None


class Run(NamedTuple):
    """Masked frames in a row."""

    file: str
    first: str
    last: str
    first_pts: int
    last_pts: int
    frames: int


MOST_CORNERS = 100
MOST_DRAWN = 2_000
"""Corners of one outline that are drawn; of more, every second, third, … is, and its label says so."""
STYLES = {
    "fill": "fill: black; nothing of what was below is in the output",
    "pixelate": "pixelate: obscured, may be recoverable",
    "blur": "blur: obscured, may be recoverable",
}
NO_CONTEXT = "No context picture was taken: the outlines are drawn on an empty frame."


def masks(material: Material) -> Section:
    """Part 8."""
    blocks: list[Block] = []
    for export in material.state.exports:
        spec = material.results[export.id]["plan"]["spec"]
        if spec["masks"] or spec["crop"]:
            blocks += _export(material, export, spec)
    if not blocks:
        blocks.append(Paragraph(text="No output is masked or cropped."))
    return Section(number=8, title="Masks and crop", blocks=tuple(blocks))


def _export(material: Material, export: ExportRecord, spec: Mapping[str, Any]) -> Iterator[Block]:
    shape = _shape(material, export)
    for number, mask in enumerate(spec["masks"], 1):
        yield from _mask(material, export, number, mask, shape)
    if spec["crop"]:
        yield Facts(title=f"{export.id}: crop", rows=tuple(_crop(material, export, spec["crop"], shape)))
    contexts = [p for p in material.pictures.get(export.id, ()) if p.context]
    for taken in contexts:
        yield picture_of(
            material, taken, outlines=_outlines(taken.masks, spec["crop"], _numbers(material, spec["masks"], taken))
        )
    if not contexts:
        yield Paragraph(text=f"{export.id}: {NO_CONTEXT}")
        if shape is not None:
            yield _diagram(export, spec, shape)


def _shape(material: Material, export: ExportRecord) -> Shape:
    """Size of the shown picture of the recordings an export was made of; None where unknown or where they differ."""
    files = {segment["file"] for segment in material.results[export.id]["plan"]["segments"]}
    found = {material.frame(export.source, file) for file in files}
    return found.pop() if len(found) == 1 else None


def _mask(
    material: Material, export: ExportRecord, number: int, mask: Mapping[str, Any], shape: Shape
) -> Iterator[Block]:
    identity, where = material.state.identity, f"the record of {export.id}"
    title = f"{export.id}: mask {number}"
    made = material.who("plan-made", export.plan) if export.plan else NOT_STATED
    rows = [
        ("Covers", "everything outside the outline" if mask["inverted"] else "everything inside the outline"),
        ("Style", STYLES.get(mask["style"], mask["style"])),
        *parts_moving.facts(mask),
        ("Time range", _range(material, export, mask)),
        ("How it was done", _how(material, export, "masks")),
        ("Reason", stated(mask["reason"])),
        ("Author (who planned it)", made),
        ("Reviewer", stated(identity.reviewer)),
        ("Size of the picture", _size(shape)),
    ]
    yield Facts(title=title, rows=tuple(rows))
    if mask.get("keys"):
        yield from parts_moving.keys(material, export, mask, title, where)
    else:
        yield from _corners(mask["points"], shape, f"Corners of {title}", where)
    covered = [
        (run.file, f"{run.first_pts} to {run.last_pts}", f"{run.first}\n{run.last}", f"{run.frames:,}")
        for run in _runs(material, export, mask)
    ]
    runs = ("Recording", "PTS", "First and last frame", "Masked")
    title = f"Runs of frames that {title} reaches (a run ends where frames begin that no mask covers)"
    yield from listing(runs, covered, where=where, title=title, widths=(0.3, 0.29, 0.3, 0.11))


def _corners(points: Points, shape: Shape, title: str, where: str) -> Iterator[Block]:
    head, widths = ("Corner", "Normalised x, y", "In pixels of the source"), (0.16, 0.42, 0.42)
    rows = [(str(n), f"{x:.6g}, {y:.6g}", _in_pixels(x, y, shape)) for n, (x, y) in enumerate(points[:MOST_CORNERS], 1)]
    yield from listing(head, rows, where=where, title=title, widths=widths, most=MOST_CORNERS, total=len(points))


def _range(material: Material, export: ExportRecord, mask: Mapping[str, Any]) -> str:
    if mask["begin"] is None and mask["end"] is None:
        return "all of the export"
    begin, end = _instants(material, export, mask)
    dated = not material.results[export.id]["plan"]["begin"].startswith(("+", "-"))
    return f"{shown(begin, dated)} to {shown(end, dated)} (excluded); the frame on screen at the begin is covered too"


def _instants(material: Material, export: ExportRecord, mask: Mapping[str, Any]) -> tuple[int, int]:
    """A mask's time range on the source's time line, as far as dates reach; an offset counts from its first frame."""
    plan, source = material.results[export.id]["plan"], material.state.source(export.source)
    first = (source.first_us or 0) if source else 0

    def at(key: str) -> int:
        text = plan[key] if mask[key] is None else mask[key]
        relative = mask[key] is not None and text.startswith("+")
        return min(us_of(text) + (first if relative else 0), LAST_US)

    return at("begin"), at("end")


def _runs(material: Material, export: ExportRecord, mask: Mapping[str, Any]) -> list[Run]:
    """The ledger's masked frames in the mask's time range; what the divisor dropped between two ends no run."""
    runs: list[Run] = []
    going = False
    for entry in _reached(material, export, mask):
        if entry["fate"] != "masked":
            going = going and entry["fate"] == "dropped"
        elif going and runs[-1].file == entry["file"]:
            frames = runs[-1].frames + entry["frames"]
            runs[-1] = runs[-1]._replace(last=entry["last"], last_pts=entry["last_pts"], frames=frames)
        else:
            runs.append(Run(**{name: entry[name] for name in Run._fields}))
            going = True
    return runs


def _reached(material: Material, export: ExportRecord, mask: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The ledger's entries in the mask's time range, that of the frame on screen at its begin included."""
    entries = [e for e in material.results[export.id]["entries"] if e["fate"] != "missing"]
    begin, end = _instants(material, export, mask)
    if mask["begin"] is not None:
        on_screen = max((first for e in entries if (first := us_of(e["first"])) <= begin), default=begin)
        entries = [e for e in entries if us_of(e["first"]) >= on_screen or us_of(e["last"]) >= begin]
    yield from (e for e in entries if mask["end"] is None or us_of(e["first"]) < end)


def _crop(material: Material, export: ExportRecord, crop: Points, shape: Shape) -> Iterator[tuple[str, str]]:
    (x0, y0), (x1, y1) = crop
    yield "Kept, normalised", f"{x0:.6g}, {y0:.6g} to {x1:.6g}, {y1:.6g}"
    yield "Kept, in pixels of the source", f"{_in_pixels(x0, y0, shape)} to {_in_pixels(x1, y1, shape)}"
    yield "Size of the picture", _size(shape)
    yield "How it was done", _how(material, export, "crop")
    yield "Author (who planned it)", material.who("plan-made", export.plan) if export.plan else NOT_STATED
    yield "Reviewer", stated(material.state.identity.reviewer)


def _how(material: Material, export: ExportRecord, field: str) -> str:
    found = next((f for f in material.results[export.id]["plan"]["fields"] if f["field"] == field), None)
    return NOT_STATED if found is None else ": ".join(filter(None, (found["how"], found["note"])))


def _size(shape: Shape) -> str:
    return UNKNOWN if shape is None else f"{shape[0]} × {shape[1]} pixels, as it is shown"


def _in_pixels(x: float, y: float, shape: Shape) -> str:
    return UNKNOWN if shape is None else pixels(x, y, shape[0], shape[1])


def _numbers(material: Material, asked: Sequence[Mapping[str, Any]], taken: SnapshotRecord) -> list[int]:
    """Which masks of the export are those that a picture was taken with: by their corners at its instant."""
    known = {_key(parts_moving.still(material, mask, taken)): n for n, mask in enumerate(asked, 1)}
    return [known.get(_key(mask), 0) for mask in taken.masks]


def _key(mask: Mapping[str, Any]) -> tuple[object, ...]:
    return mask["inverted"], *(tuple(point) for point in mask["points"])


def _outlines(found: Sequence[Mapping[str, Any]], crop: Points | None, numbers: Sequence[int]) -> tuple[Outline, ...]:
    out = [_outline(mask, number) for mask, number in zip(found, numbers, strict=True)]
    if crop:
        (x0, y0), (x1, y1) = crop
        out.append(Outline(points=((x0, y0), (x1, y0), (x1, y1), (x0, y1)), kind="crop", label="crop"))
    return tuple(out)


def _outline(mask: Mapping[str, Any], number: int) -> Outline:
    points = mask["points"]
    step = -(-len(points) // MOST_DRAWN)
    label = f"mask {number}" if number else "mask"
    label += " (everything outside)" if mask["inverted"] else ""
    label += " (at its first key frame)" if mask.get("keys") else ""
    label += f" (every {step}th corner drawn)" if step > 1 else ""
    return Outline(points=tuple((x, y) for x, y in points[::step]), kind="mask", label=label)


def _diagram(export: ExportRecord, spec: Mapping[str, Any], shape: tuple[int, int, Fraction]) -> Picture:
    width, height, aspect = shape
    told = [count(len(spec["masks"]), "mask")] if spec["masks"] else []
    told += ["crop"] if spec["crop"] else []
    return Picture(
        id=export.id,
        kind="diagram",
        path="",
        sha256="",
        rgb_sha256="",
        width=width,
        height=height,
        aspect=str(aspect),
        caption=f"{export.id}: {' and '.join(told)} on an empty frame of {width} × {height} pixels",
        outlines=_outlines(spec["masks"], spec["crop"], range(1, len(spec["masks"]) + 1)),
    )
