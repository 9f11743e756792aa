"""Notebooks: what their cells once printed and showed, and the state of their widgets, travels with the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.evidence.disclosure.answers import EMBEDDED, OUTPUTS, PEOPLE, STATE, Answer, settled

_WIDGETS = "application/vnd.jupyter.widget-state+json"
_MOST = 256 << 20


def is_notebook(data: bytes) -> Mapping[str, Any] | None:
    """The notebook that these bytes are, None where they are none."""
    if b'"nbformat"' not in data or len(data) > _MOST:
        return None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "nbformat" in found else None


def answers(notebook: Mapping[str, Any]) -> Iterator[Answer]:
    """What a notebook discloses besides its source text."""
    sheets = notebook.get("worksheets")
    groups = [notebook, *(sheets if isinstance(sheets, list) else [])]
    cells = [c for g in groups if isinstance(g, dict) for c in _list(g.get("cells")) if isinstance(c, dict)]
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    printed = [f"cell {n}: {_kinds(cell)}" for n, cell in enumerate(cells, 1) if cell.get("outputs")]
    yield settled(OUTPUTS, printed, note="Clear all outputs before handing a notebook out.")
    widgets = metadata.get("widgets")
    kept = [f"metadata.widgets ({', '.join(map(str, widgets))})"] if isinstance(widgets, dict) and widgets else []
    kept += [f"cell {n}: a widget's view" for n, cell in enumerate(cells, 1) if "widget-view" in str(_kinds(cell))]
    yield settled(STATE, kept or ([_WIDGETS] if _WIDGETS in str(metadata)[:100_000] else []))
    attached = [f"cell {n}: {', '.join(map(str, c['attachments']))}" for n, c in enumerate(cells, 1) if _attached(c)]
    yield settled(EMBEDDED, attached)
    authors = metadata.get("authors")
    yield settled(PEOPLE, [f"authors = {str(authors)[:100]!a}"] if authors else [])


def _attached(cell: Mapping[str, Any]) -> bool:
    return isinstance(cell.get("attachments"), dict) and bool(cell["attachments"])


def _kinds(cell: Mapping[str, Any]) -> str:
    """The types of a cell's outputs, without their content."""
    outputs = [o for o in _list(cell.get("outputs")) if isinstance(o, dict)]
    data = [mime for o in outputs if isinstance(o.get("data"), dict) for mime in o["data"]]
    return ", ".join(dict.fromkeys([*(str(o.get("output_type")) for o in outputs), *map(str, data)]))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
