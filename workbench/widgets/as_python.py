"""Copy as Python: what was chosen and done in a session, as one cell that does it again.

The cell works on a case of its own, made anew each time it runs, so that nothing of the first case is touched. Every
text stands in it as a literal; a password never does. What the cell cannot do again, because it refers to something
that was not made in this session, stands in it as a comment: nothing is left out silently. What is chosen and was not
run yet is planned at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from pprint import pformat
from typing import TYPE_CHECKING, Any

from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import WorkbenchError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import iso, shown, written
from workbench.widgets import places
from workbench.widgets.moments import moment
from workbench.widgets.state import Look

if TYPE_CHECKING:
    from workbench.widgets.session import Session

Step = Mapping[str, Any]
OUT = "packages-again"
ACQUIRED = "acquired-again"
NOW = "f'-{datetime.now():%Y%m%d-%H%M%S-%f}'"
"""What makes a name another one each time the cell runs."""


class _Elsewhere(Exception):
    """A step refers to something that no earlier step of the session made."""


def cell(session: Session) -> str:
    """The cell's text; RequestError for an archive that no line of Python can open."""
    writer = _Cell(session)
    lines = [*writer.opening(), *writer.done(), *writer.chosen()]
    ours = [f"from workbench import {', '.join(sorted(writer.names))}"] if writer.names else []
    return "\n".join([*sorted(writer.modules), *ours, "", *lines, ""])


class _Cell:
    """Lines of the cell, and the names that they need."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.names: set[str] = set()
        self.modules: set[str] = set()
        self._made: dict[str, str] = {}
        """Id of something that was made → the variable that holds it when the cell runs."""
        self._packages: dict[str, str] = {}
        """Name of a package → its place when the cell runs, as Python."""
        self._run: list[str] = []
        """Requests that the steps carry out."""

    def opening(self) -> Iterator[str]:
        """Archive and case."""
        line, names, modules = places.as_line(self.session.archive)
        self.names |= names
        self.modules |= modules
        yield f"archive = {line}"
        case = self.session.case
        if case is not None and self.session.state.steps:
            self.names.add("Case")
            self.modules.add("from datetime import datetime")
            stated = {k: v for k, v in case.state.identity.to_json().items() if v}
            words = ", ".join(f"{key}={value!r}" for key, value in stated.items())
            yield f"case = Case.create({case.folder.name!r} + {NOW}, {words})"

    def done(self) -> Iterator[str]:
        """Each step, in order."""
        for step in self.session.state.steps:
            writer: Callable[[Step], Iterator[str]] | None = getattr(self, f"_{step.get('do')}", None)
            if writer is None:
                yield f"# not done again: {dict(step)!r}"
                continue
            try:
                yield from tuple(writer(step))
            except _Elsewhere as exc:
                yield f"# not done again, for {str(exc)!r} was not made here: {dict(step)!r}"

    def chosen(self) -> Iterator[str]:
        """What is chosen now and was not run: planned, or written down where it is not complete."""
        state, wanted, unfinished = self.session.state, list[str](), list[str]()
        for name in dict.fromkeys((*state.sources, *state.looks)):
            try:
                if name not in state.sources:
                    raise _Elsewhere("it is not chosen")
                spec = self.session.spec(name).to_json()
            except (WorkbenchError, _Elsewhere) as exc:
                if name in state.sources or state.look(name) != Look():
                    why = exc.message if isinstance(exc, WorkbenchError) else str(exc)
                    unfinished.append(f"unfinished.append({pformat(self._rest(name), width=110)})  # {why!r}")
                continue
            if _spec(spec) not in self._run:
                wanted.append(f"wanted.append({_spec(spec)})")
        if unfinished:
            yield from ("# chosen or drawn, and no request yet", "unfinished = []", *unfinished)
        if wanted:
            self.names |= {"ExportSpec", "plan_export"}
            yield from ("# chosen, and not run yet", "wanted = []", *wanted)
            yield "plans = [plan_export(spec, archive) for spec in wanted]"

    def _rest(self, name: str) -> dict[str, Any]:
        """What is known of a request that is not complete, as far as it goes."""
        state, look = self.session.state, self.session.state.look(name).to_json()
        times = {
            key: iso(us) if state.dated else written(moment(us, False))
            for key, us in (("begin", state.begin), ("end", state.end))
            if us is not None and name in state.sources
        }
        options = dict(state.options) if name in state.sources else {}
        return {"source": name, **times, **options, **{key: value for key, value in look.items() if value}}

    def _export(self, step: Step) -> Iterator[str]:
        self.names.add("ExportSpec")
        spec = _spec(step["spec"])
        self._run.append(spec)
        if self.session.case is None:
            self.names |= {"plan_export", "run_export"}
            name = self._name("result", step)
            yield f"{name} = run_export(plan_export({spec}, archive), archive, 'exports-again')"
            return
        yield f"{self._name('export', step)} = case.export({spec}, archive)"

    def _acquire(self, step: Step) -> Iterator[str]:
        if not isinstance(self.session.archive, RemoteArchive):  # the page was opened on the acquired folder since
            yield f"# not done again: {dict(step)!r}"
            return
        self.names.add("parse_time")
        self.modules |= {"from datetime import datetime", "from pathlib import Path"}
        begin, end = (f"parse_time({written(moment(step[key], step['dated']))!r})" for key in ("begin", "end"))
        folder = f"Path({ACQUIRED!r}) / ({Path(step['id']).name!r} + {NOW})"
        yield f"{self._name('acquired', step)} = archive.acquire({step['source']!r}, {begin}, {end}, {folder})"

    def _snapshot(self, step: Step) -> Iterator[str]:
        when = moment(step["at"], step["dated"])
        self.names.add("parse_time")
        more = f", export={self._id(step['export'])}" if step["export"] else ""
        more += f", caption={step['caption']!r}" if step["caption"] else ""
        why = step["unmasked"]
        more += f", unmasked={why!r}" if why and step["export"] else ""
        call = f"case.snapshot(archive, {step['source']!r}, parse_time({written(when)!r}){more})"
        name = self._name("snapshot", step)
        yield f"{name} = {call}  # {shown(step['at'], step['dated'])}"
        if why.strip() and not step["export"]:
            yield f"case.comment({f'Unmasked: {why}'!r}, on={name}.id)"

    def _caption(self, step: Step) -> Iterator[str]:
        yield f"case.caption({self._id(step['on'])}, {step['words']!r})"

    def _comment(self, step: Step) -> Iterator[str]:
        on = f", on={self._id(step['on'])}" if step["on"] else ""
        yield f"{self._name('comment', step)} = case.comment({step['words']!r}{on})"

    def _annotate(self, step: Step) -> Iterator[str]:
        on = self._id(step["on"])
        yield f"{self._name('copy', step)} = case.annotate({on}, {step['marks']!r})"

    def _order(self, step: Step) -> Iterator[str]:
        yield f"case.order({', '.join(map(self._id, step['snapshots']))})"

    def _report(self, step: Step) -> Iterator[str]:
        self.names.add("make_report")
        more = f", per_page={step['per_page']!r}, paper={step['paper']!r}{self._key(step)}"
        yield f"{self._name('report', step)} = make_report(case, final={bool(step['final'])!r}{more})"

    def _seal(self, step: Step) -> Iterator[str]:
        self.names.add("seal")
        self.modules.add("from pathlib import Path")
        yield f"Path({OUT!r}).mkdir(exist_ok=True)"
        name = self._name("package", step)
        yield f"{name} = seal(case, {OUT!r}, as_zip={step['zip']!r}{self._key(step)})"
        for told in (step["name"], f"{step['name']}.zip"):
            self._packages[told] = f"Path({OUT!r}) / ({name}.name{' + ' + repr('.zip') if step['zip'] else ''})"

    def _verify(self, step: Step) -> Iterator[str]:
        if step["name"] not in self._packages:
            raise _Elsewhere(step["name"])
        self.names.add("verify")
        self.modules.add("from workbench.verifying import record_verified")
        archive = self.session.archive
        sources = "archive.folder" if isinstance(archive, LocalArchive) else "None"
        yield f"package = {self._packages[step['name']]}"
        yield f"found = verify(package, {sources}, again={step['again']!r})"
        yield "verified = record_verified(case, package, found)"

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
        """How the cell names what a step refers to; `_Elsewhere` where no step made it."""
        if made not in self._made:
            raise _Elsewhere(made)
        return f"{self._made[made]}.id"


def _spec(data: Mapping[str, Any]) -> str:
    """A request as Python, without what is as it would be anyway."""
    defaults = {f.name: f.default for f in fields(ExportSpec)}
    told = json.loads(json.dumps(data))
    plain = {key: value for key, value in told.items() if key != "schema" and value != [] and defaults[key] != value}
    return f"ExportSpec.from_json({pformat(plain, width=110, sort_dicts=False)})"
