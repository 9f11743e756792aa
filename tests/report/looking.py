"""Looking things up in a report: its parts, facts, tables, pictures and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tests.report.matters import AT, Matter
from workbench.report.build import build_report
from workbench.report.model import Facts, Picture, Report, Section, Table


def report_of(matter: Matter) -> Report:
    """The report of a matter at a fixed time."""
    return build_report(matter, made_at=AT)


def part(report: Report, number: int) -> Section:
    """One of the fourteen."""
    return report.sections[number - 1]


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


def words_of(section: Section) -> str:
    """All that a part says."""
    return "\n".join(texts(asdict(section)))


def rows(section: Section) -> dict[str, str]:
    """All facts of a part; of several with one label the last."""
    return {label: value for block in section.blocks if isinstance(block, Facts) for label, value in block.rows}


def table(section: Section, title: str) -> Table:
    """The table of that title."""
    return next(block for block in section.blocks if isinstance(block, Table) and block.title == title)


def pictures(section: Section) -> dict[str, Picture]:
    """The pictures of a part by id."""
    return {block.id: block for block in section.blocks if isinstance(block, Picture)}
