"""Copy as Python: what was chosen and done in a session, as one cell that does it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.widgets.session import Session


def cell(session: Session) -> str:
    """The cell's text."""
    raise NotImplementedError
