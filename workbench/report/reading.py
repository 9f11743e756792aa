"""The machine-readable report read back: JSON that may come from anyone → `model.Report`, or a WorkError.

Every value must have the type that the model gives it, every block a kind that it knows; what the model does not know
(the layout beside it) is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from workbench.core.errors import WorkError
from workbench.report.model import SCHEMA, Report


def report_of(data: Any) -> Report:
    """The report that `Report.to_json` wrote; WorkError naming the first place that is not as the model says."""
    if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
        raise _wrong("schema", f"{SCHEMA} is wanted")
    made: Report = _record(Report, data, "report")
    return made


def _wrong(where: str, why: str) -> WorkError:
    return WorkError(
        f"the machine-readable report cannot be read: {where}: {why}", "Take it from an untouched package."
    )


@lru_cache(maxsize=64)
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record)


def _record(record: type, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise _wrong(where, "an object is wanted")
    given, hints = {}, _hints(record)
    for field in fields(record):
        if field.name not in data:
            raise _wrong(where, f"{field.name} is missing")
        given[field.name] = _value(hints[field.name], data[field.name], f"{where}.{field.name}")
    return record(**given)


def _value(kind: Any, data: Any, where: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        if not isinstance(data, str) or data not in parts:
            raise _wrong(where, f"one of {', '.join(parts)} is wanted")
        return data
    if origin is tuple:
        return _several(parts, data, where)
    if origin is dict:
        return _words(data, where) if parts[1] is str else _free(data, where)
    if origin in (Union, UnionType):
        return _block(parts, data, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind, data, where)
    if isinstance(data, bool) != (kind is bool) or not isinstance(data, (int, float) if kind is float else kind):
        raise _wrong(where, f"{kind.__name__} is wanted")
    if isinstance(data, float) and not math.isfinite(data):
        raise _wrong(where, "not a number")
    return data


def _several(parts: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise _wrong(where, "a list is wanted")
    if parts[-1] is Ellipsis:
        return tuple(_value(parts[0], one, f"{where}[{n}]") for n, one in enumerate(data))
    if len(data) != len(parts):
        raise _wrong(where, f"{len(parts)} values are wanted")
    return tuple(_value(part, one, where) for part, one in zip(parts, data, strict=True))


def _free(data: Any, where: str) -> dict[str, Any]:
    """An object whose values nothing on paper is made of."""
    if not isinstance(data, Mapping):
        raise _wrong(where, "an object is wanted")
    return dict(data)


def _words(data: Any, where: str) -> dict[str, str]:
    if not isinstance(data, Mapping) or not all(isinstance(word, str) for pair in data.items() for word in pair):
        raise _wrong(where, "an object of strings is wanted")
    return dict(data)


def _block(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    """One of several records, told apart by ``block``."""
    named = data.get("block") if isinstance(data, Mapping) else None
    for kind in kinds:
        if named == next(field.default for field in fields(kind) if field.name == "block"):
            return _record(kind, data, where)
    raise _wrong(where, f"{str(named)[:80]!r} is no kind of block")
