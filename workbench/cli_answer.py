"""What a verb of the command line gives back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Document = dict[str, Any]


class Answer(NamedTuple):
    """The document for ``--json``, its lines for people, and the exit code."""

    document: Document
    lines: Iterator[str]
    code: int = 0
