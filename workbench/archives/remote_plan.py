"""What a VMS can do with a request, said before anything is sent: each field exact, approximated or refused, and why.

A server that calls itself forensic-workbench runs our engine, so the same is said of it as of a folder. Of any other
server it is only known what the API's texts say: it is sent, and what came of it only the delivered file tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Literal

from workbench.core.coverage import Coverage, Gap
from workbench.core.errors import NothingRecorded
from workbench.core.mask import fidelity
from workbench.core.plan import ExportPlan, FieldPlan
from workbench.core.spec import ExportSpec
from workbench.core.stamp import problems
from workbench.core.timebase import SECOND, Range, instant, shown
from workbench.vms.wire import body

Derive = Literal["never", "beyond", "always"]
OURS = "forensic-workbench"
COPYING = (0, 3)
"""Levels of `vc` that ask for no coding anew of their own."""
MARGIN = SECOND
"""Microseconds of footage fetched behind one picture that is to be derived here."""
HERE = "done here, on the master"
_LEVEL = "the level is sent; what the server makes of it is its own"
_OWN = "sent; how the server does it is its own, and only the delivered file shows it"
_FOREIGN = {
    "video_quality": _LEVEL,
    "audio_quality": _LEVEL,
    "rate_divisor": "sent; which pictures are kept is the server's choice",
    "size_limit": "sent; where files are cut is the server's choice",
    "stamp_format": _OWN,
    "comment": _OWN,
    "text_color": _OWN,
    "snapshot_area": _OWN,
    "comment_area": _OWN,
    "stamp_area": _OWN,
    "layout": _OWN,
    "text_zone": "sent as minutes east of UTC, which the API's texts do not describe",
}
_PLAIN = ExportSpec(source="x", begin=instant(0), end=instant(1), format="mkv")


def planned(
    spec: ExportSpec,
    wanted: Range,
    coverage: Coverage,
    *,
    ours: bool,
    derived: bool,
    verified: bool,
    notes: Sequence[str],
) -> ExportPlan:
    """The plan of a request for the range `wanted`; NothingRecorded where the VMS says that it holds nothing there."""
    if not coverage.intervals and not coverage.notes:
        raise NothingRecorded(
            f"{spec.source} holds no picture from {shown(wanted.begin, True)} to {shown(wanted.end, True)}, "
            "according to the VMS's intervals",
            "`workbench coverage` lists what it holds.",
        )
    return ExportPlan(
        spec=spec,
        range=wanted,
        dated=True,
        segments=(),
        fields=field_plans(spec, ours=ours, derived=derived, gaps=coverage.gaps),
        gaps=() if spec.is_frame else coverage.gaps,
        audio="" if spec.is_frame else _sound(spec, derived),
        warnings=warnings(spec, ours=ours, derived=derived, verified=verified, notes=[*coverage.notes, *notes]),
    )


def _sound(spec: ExportSpec, derived: bool) -> str:
    if spec.audio == "drop":
        return "left out"
    return "as the master holds it" if derived else "as the VMS delivers it: the API does not tell what is recorded"


def is_ours(version: str) -> bool:
    """Whether a server runs this engine, by what it calls itself."""
    return version.startswith(OURS)


def derives(spec: ExportSpec, how: Derive) -> bool:
    """Whether the files are made here, on a master: always, or where the API cannot say what is wanted."""
    return spec.format != "exe" and (how == "always" or (how == "beyond" and bool(body.beyond(spec))))


def field_plans(spec: ExportSpec, *, ours: bool, derived: bool, gaps: Sequence[Gap]) -> tuple[FieldPlan, ...]:
    """One entry for every field of the spec, in its order."""
    refused = {} if derived else body.beyond(spec)
    return tuple(_field(spec, f.name, refused, ours, derived, gaps) for f in fields(spec))


def _field(
    spec: ExportSpec, name: str, refused: dict[str, str], ours: bool, derived: bool, gaps: Sequence[Gap]
) -> FieldPlan:
    if name in refused:
        note = f"{refused[name]}; with derive the master is fetched, and this is done here"
        return FieldPlan(field=name, how="refused", note=note)
    if name == "format" and spec.format == "exe" and (ours or derived):
        return FieldPlan(field=name, how="refused", note="this server makes no self-extracting player; take mkv or mp4")
    if name == "cut":
        return _cut(spec, ours or derived)
    note = _rounded(spec, name) if ours or derived else _foreign(spec, name, gaps)
    if note:
        return FieldPlan(field=name, how="approximated", note=f"{HERE}: {note}" if derived else note)
    told = HERE if derived and _asked(spec, name) and name not in ("source", "begin", "end", "archive") else ""
    return FieldPlan(field=name, how="exact", note=told)


def _cut(spec: ExportSpec, ours: bool) -> FieldPlan:
    if spec.cut == "keyframe":
        if spec.is_frame:
            return FieldPlan(field="cut", how="exact")
        note = "the API cannot ask for it: the server cuts as it is set up to"
        return FieldPlan(field="cut", how="approximated", note=note)
    if ours or spec.is_frame:
        note = "" if spec.is_frame else "unless the server was started with --cut keyframe; what comes is measured"
        return FieldPlan(field="cut", how="exact", note=note)
    note = (
        "where pictures are not coded anew a VMS begins at the key frame before the range, and may end behind it; what "
        "comes is measured"
    )
    return FieldPlan(field="cut", how="approximated", note=note)


def _rounded(spec: ExportSpec, name: str) -> str:
    """What our engine rounds, in words; empty for fields that it takes as they are."""
    if name == "crop" and spec.crop is not None:
        return "rounded inwards to whole chroma blocks and even sizes"
    if name == "masks" and spec.masks:
        return fidelity(spec.masks)
    if name == "stamp_format" and spec.stamp_format is not None:
        return "; ".join(problems(spec.stamp_format))
    if name == "gaps" and spec.format == "avi":
        return "AVI has no times: pictures stand in slots, and a very long gap is joined"
    return ""


def _foreign(spec: ExportSpec, name: str, gaps: Sequence[Gap]) -> str:
    """What nobody knows of a server that is not ours; empty where the API's texts leave no doubt."""
    if name in ("crop", "masks") and _asked(spec, name):
        return "painted by the VMS; which pixels it touches is not documented: look at what comes"
    if name == "gaps" and gaps and not spec.is_frame:
        return "it is not documented whether a VMS keeps the distance of pictures across a gap; what comes is measured"
    if name == "burn" and (spec.comment or spec.stamp_format is not None or spec.burn):
        return "whether text is drawn into the pictures or lies beside them is the server's choice"
    return _FOREIGN[name] if name in _FOREIGN and _asked(spec, name) else ""


def _asked(spec: ExportSpec, name: str) -> bool:
    return bool(getattr(spec, name) != getattr(_PLAIN, name))


def master(spec: ExportSpec, wanted: Range) -> ExportSpec:
    """What is fetched where the files are made here: mkv, nothing asked for but the stretch, more of it welcome."""
    end = max(wanted.end, wanted.begin + MARGIN) if spec.is_frame else wanted.end
    return ExportSpec(
        source=spec.source,
        begin=instant(wanted.begin),
        end=instant(end),
        format="mkv",
        archive=spec.archive,
        cut="keyframe",
    )


def key_notes(spec: ExportSpec, *, derived: bool) -> tuple[str, ...]:
    """What a person should know of the key frames of masks that move."""
    keys = [key for mask in spec.masks for key in mask.keys]
    found = []
    if any(key.pts is not None for key in keys):
        found.append(
            "that masks' keys were drawn on the frames whose PTS they name is not checked: they lie on the VMS"
        )
    if derived and len(keys) > 1:
        found.append("a master tells times in whole milliseconds: masks are off by what they move in one")
    return tuple(found)


def warnings(spec: ExportSpec, *, ours: bool, derived: bool, verified: bool, notes: Sequence[str]) -> tuple[str, ...]:
    """What a person should know before the request is sent."""
    found = [*notes]
    if not ours:
        found.append("the API tells nothing of how pictures are made: only the delivered file shows what was done")
    if derived and spec.masks:
        found.append(
            "the original that lies beside the derived files holds what the masks cover: it is not for handing out"
        )
    if not verified:
        found.append("nobody checked who the server is: no certificate was verified")
    return tuple(found)
