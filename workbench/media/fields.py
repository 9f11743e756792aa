"""What the local engine makes of each field of a spec: exact, approximated (how), or refused (why)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from workbench.core.mask import fidelity
from workbench.core.plan import FieldPlan, Mode, Segment
from workbench.core.spec import FRAME_FORMATS, ExportSpec
from workbench.core.stamp import problems
from workbench.media import habits
from workbench.media.audio_plan import AudioMode, AudioPlan
from workbench.media.probe import VideoFacts

_PAGE = ("snapshot_area", "comment_area", "stamp_area", "layout")


def field_plans(
    spec: ExportSpec, facts: Sequence[VideoFacts], segments: Sequence[Segment], sound: AudioPlan | None = None
) -> list[FieldPlan]:
    """One entry for every field of the spec, in its order."""
    special = {
        "format": _format(spec),
        "crop": _crop(spec),
        "masks": _masks(spec),
        "stamp_format": _stamp(spec),
        "comment": _comment(spec),
        "cut": _cut(spec, segments),
        "video_quality": _quality(spec, segments),
        "archive": _archive(spec),
        "audio_quality": _sound(spec, sound),
        "gaps": _gaps(spec),
        "size_limit": _size(spec),
    }
    out = []
    for field in fields(spec):
        entry = special.get(field.name)
        if entry is None and field.name in _PAGE and spec.format != "pdf" and _given(spec, field.name):
            entry = FieldPlan(field=field.name, how="exact", note="counts for pdf only; nothing to do here")
        out.append(entry or FieldPlan(field=field.name, how="exact"))
    return out


def _given(spec: ExportSpec, name: str) -> bool:
    return getattr(spec, name) not in (None, "portrait")


def _format(spec: ExportSpec) -> FieldPlan | None:
    if spec.format != "exe":
        return None
    note = "a self-extracting Windows player is not made here; take mkv (lossless) or mp4, which any player opens"
    return FieldPlan(field="format", how="refused", note=note)


def _crop(spec: ExportSpec) -> FieldPlan | None:
    if spec.crop is None:
        return None
    return FieldPlan(field="crop", how="approximated", note="rounded inwards to whole chroma blocks and even sizes")


def _masks(spec: ExportSpec) -> FieldPlan | None:
    if not spec.masks:
        return None
    return FieldPlan(field="masks", how="approximated", note=fidelity(spec.masks))


def _stamp(spec: ExportSpec) -> FieldPlan | None:
    if spec.stamp_format is None or not (found := problems(spec.stamp_format)):
        return None
    return FieldPlan(field="stamp_format", how="approximated", note="; ".join(found))


def _comment(spec: ExportSpec) -> FieldPlan | None:
    if not spec.comment or spec.format in FRAME_FORMATS or habits.draws_comment(spec):
        return None
    where = "time track, .vtt and the file's comment tag" if habits.has_time_track(spec) else ".vtt beside the file"
    return FieldPlan(field="comment", how="exact", note=f"not drawn into the pictures: it is in the {where}")


def _cut(spec: ExportSpec, segments: Sequence[Segment]) -> FieldPlan | None:
    if spec.cut == "keyframe" and any(s.mode is Mode.COPY for s in segments):
        return FieldPlan(field="cut", how="exact", note="from the key frame before the range: it holds more than asked")
    return None


def _quality(spec: ExportSpec, segments: Sequence[Segment]) -> FieldPlan | None:
    if spec.video_quality in habits.COPY_QUALITIES and any(s.mode is Mode.COPY for s in segments):
        return FieldPlan(field="video_quality", how="exact", note="copied pictures keep the source's own quality")
    return None


def _sound(spec: ExportSpec, sound: AudioPlan | None) -> FieldPlan | None:
    if sound is None:
        return None
    if sound.mode is AudioMode.PCM and spec.audio_quality not in habits.COPY_QUALITIES:
        return FieldPlan(field="audio_quality", how="approximated", note=f"no effect here: {sound.words}")
    return FieldPlan(field="audio_quality", how="exact", note=sound.words)


def _archive(spec: ExportSpec) -> FieldPlan | None:
    if spec.archive is None:
        return None
    note = "a folder of recordings is one archive; leave the field out"
    return FieldPlan(field="archive", how="refused", note=note)


def _gaps(spec: ExportSpec) -> FieldPlan | None:
    if spec.gaps == "keep" and spec.format == "avi":
        note = "AVI has no times: pictures stand in slots of 1/600 s or more, and a gap of over 60,000 slots is joined"
        return FieldPlan(field="gaps", how="approximated", note=note)
    return None


def _size(spec: ExportSpec) -> FieldPlan | None:
    if not spec.size_limit or spec.is_frame:
        return None
    note = "files are cut between groups of pictures, and at each join; one group larger than the limit is kept whole"
    return FieldPlan(field="size_limit", how="exact", note=note)
