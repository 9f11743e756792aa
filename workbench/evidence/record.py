"""`Record`: what every noun of the custody log is: plain frozen data that goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Self

PARTS: dict[str, type[Record]] = {}
"""Field → the record that it holds (where its JSON is an object); `nouns` names them."""


class Record:
    """JSON both ways for flat records; nested ones are found by the name of their field (`PARTS`)."""

    def to_json(self) -> dict[str, Any]:
        """The record as JSON, every field written."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; fields of a newer version are ignored."""
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{key: _frozen(key, value) for key, value in data.items() if key in known})


def _frozen(key: str, value: Any) -> Any:
    """Lists as tuples, and the records inside records by the name of their field."""
    if isinstance(value, list):
        return tuple(_frozen(key, one) for one in value)
    part = PARTS.get(key)
    return part.from_json(value) if part is not None and isinstance(value, dict) else value
