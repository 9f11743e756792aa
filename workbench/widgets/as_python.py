"""Copy as Python: what was chosen and done in a session, as one cell that does it again.

The cell works on a case of its own, made anew each time it runs, so that a report of it can be FINAL and nothing of the
first case is touched. Every text stands in it as a literal; a password never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pprint import pformat
from typing import TYPE_CHECKING, Any

from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError, WorkbenchError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import shown, written
from workbench.widgets.moments import moment

if TYPE_CHECKING:
    from workbench.widgets.session import Session

Step = Mapping[str, Any]


def cell(session: Session) -> str:
    """The cell's text; RequestError for an archive that no line of Python can open."""
    writer = _Cell(session)
    lines = [*writer.opening(), *([*writer.done()] or [*writer.chosen()])]
    ours = f"from workbench import {', '.join(sorted(writer.names))}"
    return "\n".join([*sorted(writer.modules), ours, "", *lines, ""])


class _Cell:
    """Lines of the cell, and the names that they need."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.names: set[str] = set()
        self.modules: set[str] = set()
        self._made: dict[str, str] = {}
        """Id of something that was made → the variable that holds it when the cell runs."""

    def opening(self) -> Iterator[str]:
        """Archive and case."""
        yield f"archive = {self._archive()}"
        case = self.session.case
        if case is not None and self.session.state.steps:
            stated = {k: v for k, v in case.state.identity.to_json().items() if v}
            words = ", ".join(f"{key}={value!r}" for key, value in stated.items())
            name = case.folder.name
            yield f'case = Case.create(f"{{{name!r}}}-{{datetime.now():%Y%m%d-%H%M%S}}", {words})'

    def chosen(self) -> Iterator[str]:
        """The request that is chosen now, planned and not run."""
        self.names |= {"ExportSpec", "plan_export"}
        self._archive()
        names = self.session.state.sources
        yield "plans = []"
        for name in names:
            try:
                spec = self.session.spec(name)
            except WorkbenchError as exc:
                yield f"# {name!r}: {exc.message!r}"
                continue
            yield f"plans.append(plan_export({_spec(spec.to_json())}, archive))"
        yield "plans"

    def done(self) -> Iterator[str]:
        """Each step, in order."""
        self._archive()
        steps = self.session.state.steps
        if steps and self.session.case is not None:
            self.names.add("Case")
            self.modules.add("from datetime import datetime")
        for step in steps:
            writer: Callable[[Step], Iterator[str]] | None = getattr(self, f"_{step.get('do')}", None)
            if writer is not None:
                yield from writer(step)

    def _archive(self) -> str:
        archive = self.session.archive
        if isinstance(archive, LocalArchive):
            self.names.add("LocalArchive")
            return f"LocalArchive({str(archive.folder)!r})"
        if isinstance(archive, RemoteArchive):
            self.names.add("open_archive")
            return f"open_archive({archive.url!r})  # the password comes from keyring, environment or a prompt"
        raise RequestError("archive", "it is of a kind that cannot be written as Python", "Open it yourself.")

    def _export(self, step: Step) -> Iterator[str]:
        self.names.add("ExportSpec")
        if self.session.case is None:
            self.names |= {"plan_export", "run_export"}
            name = self._name("result", step)
            yield f"{name} = run_export(plan_export({_spec(step['spec'])}, archive), archive, 'exports-again')"
            return
        yield f"{self._name('export', step)} = case.export({_spec(step['spec'])}, archive)"

    def _snapshot(self, step: Step) -> Iterator[str]:
        when = moment(step["at"], step["dated"])
        self.names.add("parse_time")
        more = f", export={self._id(step['export'])}" if step["export"] else ""
        more += f", caption={step['caption']!r}" if step["caption"] else ""
        more += f", unmasked={step['unmasked']!r}" if step["unmasked"] and step["export"] else ""
        call = f"case.snapshot(archive, {step['source']!r}, parse_time({written(when)!r}){more})"
        yield f"{self._name('snapshot', step)} = {call}  # {shown(step['at'], step['dated'])}"

    def _caption(self, step: Step) -> Iterator[str]:
        yield f"case.caption({self._id(step['on'])}, {step['words']!r})"

    def _comment(self, step: Step) -> Iterator[str]:
        on = f", on={self._id(step['on'])}" if step["on"] else ""
        yield f"{self._name('comment', step)} = case.comment({step['words']!r}{on})"

    def _annotate(self, step: Step) -> Iterator[str]:
        yield f"{self._name('copy', step)} = case.annotate({self._id(step['on'])}, {step['marks']!r})"

    def _order(self, step: Step) -> Iterator[str]:
        yield f"case.order({', '.join(map(self._id, step['snapshots']))})"

    def _report(self, step: Step) -> Iterator[str]:
        self.names.add("make_report")
        more = f", per_page={step['per_page']!r}, paper={step['paper']!r}{self._key(step)}"
        yield f"{self._name('report', step)} = make_report(case, final=True{more})"

    def _seal(self, step: Step) -> Iterator[str]:
        self.names.add("seal")
        more = f"as_zip={step['zip']!r}{self._key(step)}"
        yield f"{self._name('package', step)} = seal(case, 'packages-again', {more})"

    def _key(self, step: Step) -> str:
        if not step.get("key"):
            return ""
        self.names.add("Key")
        self.modules |= {"from getpass import getpass", "from pathlib import Path"}
        return f", key=Key.load(Path({step['key']!r}), getpass('Password of the key: '))"

    def _name(self, kind: str, step: Step) -> str:
        name = f"{kind}_{sum(made.startswith(f'{kind}_') for made in self._made.values()) + 1}"
        self._made[str(step["id"])] = name
        return name

    def _id(self, made: str) -> str:
        """How the cell names what a step refers to."""
        return f"{self._made[made]}.id" if made in self._made else repr(made)


def _spec(data: Mapping[str, Any]) -> str:
    """A request as Python, without what is as it would be anyway."""
    defaults = {f.name: f.default for f in fields(ExportSpec)}
    plain = {key: value for key, value in data.items() if key != "schema" and value != [] and defaults[key] != value}
    return f"ExportSpec.from_json({pformat(plain, width=110, sort_dicts=False)})"
