"""Files of a package that say again what its custody log and the records of its exports say; pure.

    derived(entries, results)["sources.json"]      # same entries and records, same bytes

They are written when sealing, and made once more and compared when verifying.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench import __version__
from workbench.evidence.custody import Entry
from workbench.evidence.jsonld import case_jsonld
from workbench.evidence.nouns import SourceRecord
from workbench.evidence.state import state_of

AGENT = f"forensic-workbench {__version__}"
"""``Bag-Software-Agent``: who writes these files in just this way."""
SOURCES_SCHEMA = "workbench.sources/1"
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What records that are not of this version's form may raise here."""


def derived(entries: Sequence[Entry], results: Mapping[str, dict[str, Any]]) -> dict[str, bytes]:
    """Path in the case → content; `results` are the records of the exports by their ids. May raise UNREADABLE."""
    sources = [_source(source) for source in state_of(entries).sources]
    made = {
        "sources.json": _json({"schema": SOURCES_SCHEMA, "sources": sources}),
        "case.jsonld": case_jsonld(entries, results),
    }
    for id, result in results.items():  # noqa: A001
        for part, data in _parts(result).items():
            made[f"exports/{id}.{part}.json"] = _json(data)
    return made


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1) + "\n").encode("ascii")


def _parts(result: dict[str, Any]) -> dict[str, Any]:
    """Spec, plan and ledger of an export, each by itself, as its record holds them."""
    return {
        "spec": result["plan"]["spec"],
        "plan": result["plan"],
        "ledger": {"ledger": result["ledger"], "entries": result["entries"]},
    }


def _source(source: SourceRecord) -> dict[str, Any]:
    """A source with the hashes of its recordings."""
    known = source.to_json()
    short = {key: known[key] for key in ("id", "name", "exhibit", "archive", "hashed_at", "hashed_where", "config")}
    hashes = [{key: one[key] for key in ("file", "size", "sha256", "sha512")} for one in known["recordings"]]
    return {**short, "recordings": hashes}
