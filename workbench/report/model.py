"""What a report says, without any layout: sections of blocks, all plain frozen data.

`build.build_report` makes it from a case, `pdf.render` prints it, and its JSON is attached to the PDF. Every text is
raw: what a person or a file said, character by character; making it harmless is the renderer's work. Colours and
places are the renderer's too, so that one report can be printed on A4 or Letter, upright or across.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SCHEMA = "workbench.report/1"
Status = Literal["DRAFT", "FINAL"]
WHY_DRAFT = "Why DRAFT"
"""Label of the reasons in part 1, which the front page tells too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str
    style: Literal["normal", "small", "code", "struck"] = "normal"
    """``code``: fixed width, printed as it is; ``struck``: superseded, printed struck through."""
    block: str = "paragraph"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What must not be overlooked: *Clock not checked*."""

    text: str
    large: bool = True
    block: str = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels with their values, two columns; a value may have several lines."""

    rows: tuple[tuple[str, str], ...]
    title: str = ""
    block: str = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns under heads; breaks across pages with its heads repeated."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    widths: tuple[float, ...] = ()
    """Shares of the width, one a column; empty for equal ones."""
    code: tuple[int, ...] = ()
    """Columns set in fixed width (hashes, names)."""
    block: str = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A shape drawn over a picture, or over an empty frame of the same shape."""

    points: tuple[tuple[float, float], ...]
    """Normalised corners; a crop is its four corners."""
    kind: Literal["mask", "crop"]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of the case with what is known of it."""

    id: str
    """Id of the snapshot or annotation, or of the export for a diagram."""
    kind: Literal["snapshot", "annotation", "context", "diagram"]
    """``diagram``: no picture at all, the outlines on an empty frame of `width` × `height`."""
    path: str
    """Relative to the case folder; empty for a diagram."""
    sha256: str
    rgb_sha256: str
    """SHA-256 of the pixels (RGB, 8 bit, rows from the top): found again in the PDF, since pictures are embedded losslessly."""  # noqa: E501
    width: int
    height: int
    aspect: str = "1"
    """Shape of a pixel as it should be shown, e.g. ``16/15``."""
    caption: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    comments: tuple[Paragraph, ...] = ()
    outlines: tuple[Outline, ...] = ()
    block: str = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch on a lane of a timeline."""

    begin_us: int
    end_us: int
    kind: Literal["asked", "recorded", "copied", "reencoded", "masked", "delivered", "gap", "lost"]
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An instant on a lane: a snapshot, a clock check."""

    at_us: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One row of a timeline."""

    label: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Asked, recorded and delivered of one export, drawn to scale."""

    title: str
    begin_us: int
    end_us: int
    dated: bool
    zone: str
    lanes: tuple[Lane, ...]
    block: str = "timeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureBlock:
    """Room for a person's declaration and signature; what is printed under it is not signed by the machine seal."""

    declaration: str
    signers: tuple[str, ...]
    """Role and name of each: ``Examiner: A. Berg``."""
    seal: tuple[tuple[str, str], ...]
    """What is known of the machine seal at build time, as facts."""
    block: str = "signature"


Block = Paragraph | Notice | Facts | Table | Picture | Timeline | SignatureBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report."""

    id: str
    """``17/2026-R1`` or as given."""
    version: int
    status: Status
    case_number: str
    title: str
    exhibits: str
    """For the running header: the exhibits it speaks about, in short."""
    made_at: str
    """UTC instant, ISO; given from outside so that the same case gives the same report."""
    log_length: int
    log_head: str
    sections: tuple[Section, ...]
    tool: dict[str, str] = field(default_factory=dict)
    custody: tuple[dict[str, Any], ...] = ()
    """Number, hash and digests of every entry in full; the custody table prints them shortened."""

    def to_json(self) -> dict[str, Any]:
        """The machine-readable report that is attached to the PDF."""
        return {"schema": SCHEMA, **asdict(self)}
