"""`HeaderView`: whose work this is, whether it is saved, and the cell that does it again."""

from __future__ import annotations

import html
from typing import Any

from workbench.widgets.view import View, verb


class HeaderView(View):
    """Case, notes and Copy as Python."""

    label = "Workbench"
    script = "header"

    def draw(self) -> dict[str, Any]:
        """Case and notes."""
        case = self.session.case
        asked = {one.words for one in self.session.questions.values()}
        identity = None if case is None else case.state.identity
        return {
            "case": "" if identity is None else " ".join(filter(None, (identity.number, identity.title))),
            "examiner": "" if identity is None else identity.examiner,
            "folder": "" if case is None else str(case.folder),
            "notes": [words for words in self.session.notes if words not in asked],
            "questions": [
                {"about": about, "words": one.words, "answers": list(one.answers)}
                for about, one in self.session.questions.items()
            ],
        }

    @verb(lane="hand")
    def on_answer(self, about: str, answer: str) -> None:
        """Decide what only a person can decide."""
        self.session.answer(about, answer)

    @verb(lane="hand")
    def on_python(self) -> str:
        """The cell that reproduces what was clicked."""
        return self.session.python()

    def still(self) -> str:
        """The case's number."""
        return f"<h2>Workbench {html.escape(self.draw()['case'])}</h2>"
