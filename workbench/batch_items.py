"""What a batch is asked for, and what became of each request.

    requests(rows, …)   specs from a list, a CSV file or a DataFrame, each with its name; all mistakes are told at once
    Item                one request and its state: done, kept, nothing, failed or cancelled

The name of an item says camera and range and ends in a digest of the whole request and of the archive that it goes to:
it does not depend on the order, the same request always has the same name, and requests to two archives never share
one. Columns are the fields of `ExportSpec`; crop, masks and areas are JSON.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.core.errors import RequestError, SourceError
from workbench.core.spec import FRAME_FORMATS, ExportSpec
from workbench.core.timebase import Moment, Offset, compact, instant_us, written
from workbench.media.naming import safe

State = Literal["done", "kept", "nothing", "failed", "cancelled"]
MOST_ROWS = 1_000_000
_WHOLE = ("video_quality", "audio_quality", "rate_divisor", "size_limit")
_JSON = ("crop", "masks", "snapshot_area", "comment_area", "stamp_area")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One request of a batch and what became of it."""

    name: str
    """Of its folder below the batch's."""
    spec: ExportSpec
    state: State
    """``kept``: it was finished by an earlier run, its hashes hold, and the request means what it meant."""
    files: tuple[dict[str, Any], ...] = ()
    """{path, kind, sha256, size, frames_shown} of each file; paths are relative to the batch's folder."""
    ledger: dict[str, int] | None = None
    warnings: tuple[str, ...] = ()
    error: dict[str, str] | None = None
    """{kind, message, advice}"""
    attempts: int = 0

    def to_json(self) -> dict[str, Any]:
        """The item as the command line prints it."""
        return {
            "name": self.name,
            "state": self.state,
            "spec": self.spec.to_json(),
            "files": list(self.files),
            "ledger": self.ledger,
            "warnings": list(self.warnings),
            "error": self.error,
            "attempts": self.attempts,
        }


def named(spec: ExportSpec, made_from: Mapping[str, str]) -> str:
    """The name of a request to an archive (see `batch_kept.made_from`), the same whatever its place in the batch."""
    text = json.dumps({**spec.to_json(), "made_from": dict(made_from)}, sort_keys=True).encode()
    times = "-".join(dict.fromkeys((_time(spec.begin), _time(spec.end))))
    return f"{safe(spec.source)}[{times}]-{hashlib.sha256(text).hexdigest()[:10]}"


def requests(given: Any, made_from: Mapping[str, str]) -> dict[str, ExportSpec]:
    """The requests to an archive by name, in the order given; the same request twice counts once.

    Raises RequestError that names every row that is wrong (the first few in full), SourceError for a file.
    """
    if isinstance(given, str | os.PathLike):
        rows: list[Any] = _from_csv(Path(given))
    elif hasattr(given, "to_dict") and hasattr(given, "columns"):
        rows = given.to_dict(orient="records")
    elif isinstance(given, Iterable):
        rows = list(given)
    else:
        raise RequestError("requests", "a list of specs, a CSV file or a DataFrame is wanted")
    made: dict[str, ExportSpec] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            spec = row if isinstance(row, ExportSpec) else _spec(row)
            made.setdefault(named(spec, made_from), spec)
        except RequestError as exc:
            wrong.append(f"row {number}: {exc.message}")
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise RequestError("requests", "; ".join(wrong[:5]) + more, "Nothing was started; correct them first.")
    if not made:
        raise RequestError("requests", "there are none")
    return made


def item_of(name: str, spec: ExportSpec, state: State, manifest: Mapping[str, Any], attempts: int = 0) -> Item:
    """An item from what its manifest says."""
    return Item(
        name=name,
        spec=spec,
        state=state,
        files=tuple(dict(file) for file in manifest["files"]),
        ledger=dict(manifest["ledger"]) if manifest.get("ledger") is not None else None,
        warnings=tuple(map(str, manifest.get("warnings", ()))),
        attempts=attempts,
    )


def _from_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = []
            for row in reader:
                if None in row:
                    raise RequestError("requests", f"{path.name}, line {reader.line_num}: more cells than columns")
                rows.append(row)
                if len(rows) > MOST_ROWS:
                    raise RequestError("requests", f"{path.name} has more than {MOST_ROWS} rows")
            return rows
    except OSError as exc:
        raise SourceError(f"{path} cannot be read: {exc.strerror or exc}", "Check the path.") from exc
    except (csv.Error, UnicodeDecodeError) as exc:
        raise RequestError("requests", f"{path.name} is no CSV file in UTF-8: {exc}") from exc


def _spec(row: Any) -> ExportSpec:
    """A spec from a row: empty cells are left out, numbers, truth values and JSON are read."""
    if not isinstance(row, Mapping):
        raise RequestError("", f"{str(row)[:60]!r} is no request")
    data = {str(key).strip(): _cell(str(key).strip(), value) for key, value in row.items() if not _empty(value)}
    if data.get("format") in FRAME_FORMATS and "begin" in data:
        data.setdefault("end", data["begin"])
    return ExportSpec.from_json(data)


def _cell(key: str, value: Any) -> Any:
    if hasattr(value, "isoformat"):  # a datetime of pandas or of Python
        return value.isoformat()
    if key in ("begin", "end") and isinstance(value, int | float) and not isinstance(value, bool):
        return f"+{value:.6f}"  # pandas reads the cells +1 and +2.5 as numbers
    if isinstance(value, float) and value.is_integer() and key in _WHOLE:
        return int(value)
    if not isinstance(value, str):
        return value.item() if hasattr(value, "item") else value
    text = value.strip()
    try:
        if key in _WHOLE:
            return int(text)
        if key in _JSON:
            return json.loads(text)
    except ValueError as exc:
        raise RequestError(key, f"{text[:60]!r} cannot be read") from exc
    if key == "burn":
        return _TRUTH.get(text.lower(), text)
    return value if key == "comment" else text


def _empty(value: Any) -> bool:
    """An empty cell: None, NaN (which is not equal to itself) or nothing but blanks."""
    return value is None or bool(value != value) or (isinstance(value, str) and not value.strip())


def _time(moment: Moment) -> str:
    return written(moment) if isinstance(moment, Offset) else compact(instant_us(moment))
