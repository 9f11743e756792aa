"""A report as PDF/A-3b: drawn, its pictures and attachments put in, nothing signed yet.

    data = render(report, case.folder, paper="A4", orientation="portrait", per_page=1, attachments={"plan.json": …})

The same report, files and library versions give the same bytes, whenever and wherever. The machine-readable report is
attached always, under `MODEL_NAME`, with the layout it was printed in, so that `check` can print it again.
"""

from __future__ import annotations

from workbench.report import libraries  # noqa: F401  (first: it says what is missing)

# isort: split
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf

from workbench.core.errors import RequestError, WorkError
from workbench.report import pdfa, png
from workbench.report.flow import image_name
from workbench.report.model import Report
from workbench.report.pages import Look, Orientation, Paper, draw
from workbench.report.pictures import pictures_of

MODEL_NAME = "report.json"


def render(
    report: Report,
    folder: Path,
    *,
    paper: Paper = "A4",
    orientation: Orientation = "portrait",
    per_page: int = 1,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """Print the report of the case in `folder`.

    Raises RequestError for a layout or an attachment's name that cannot be, WorkError where a picture is not the one
    that the report names (its file's SHA-256 and that of its pixels are both checked).
    """
    look = Look(paper=paper, orientation=orientation, per_page=per_page)  # type: ignore[arg-type]
    files = {**_named(attachments or {}), MODEL_NAME: machine_readable(report, look)}
    try:
        with tempfile.TemporaryDirectory(prefix="workbench-report-") as room:
            path = Path(room) / "report.pdf"
            _print(report, folder, look, files, path)
            return path.read_bytes()
    except OSError as exc:
        raise WorkError(f"the report's PDF cannot be written: {exc}", "Free some room for temporary files.") from exc


def _print(report: Report, folder: Path, look: Look, files: Mapping[str, bytes], path: Path) -> None:
    """Write the whole PDF; its pictures are out of memory when this returns."""
    document = particulars(report)
    drawn = draw(report, look, files)
    with pikepdf.open(io.BytesIO(drawn.data)) as pdf:
        images = {image_name(picture): png.embedded(pdf, picture, folder) for picture in pictures_of(report)}
        pdfa.complete(pdf, drawn.pages, images, files, document)
        pdfa.save(pdf, path)


def machine_readable(report: Report, look: Look) -> bytes:
    """The report as JSON, with the layout it is printed in; the same report gives the same bytes."""
    layout = {"paper": look.paper, "orientation": look.orientation, "per_page": look.per_page}
    data: dict[str, Any] = {**report.to_json(), "layout": layout}
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode("ascii")


def _named(attachments: Mapping[str, bytes]) -> dict[str, bytes]:
    for name in attachments:
        if not name or name == MODEL_NAME or len(name) > 200 or any(c in "/\\" or not c.isprintable() for c in name):
            raise RequestError(
                "attachments",
                f"{name!r} cannot be a name in the PDF",
                f"Use a plain file name other than {MODEL_NAME}.",
            )
    return dict(attachments)


def particulars(report: Report) -> pdfa.Document:
    """What the PDF's metadata say of a report."""
    title = f"Evidence report {report.id}, case {report.case_number}"
    try:
        made = datetime.fromisoformat(report.made_at)
        made = made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise RequestError("made_at", f"{report.made_at!r} is not an instant", "Write it as ISO 8601 in UTC.") from exc
    return pdfa.Document(title=title, subject=report.title, made=made)
