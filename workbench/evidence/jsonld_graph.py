"""Nodes of a CASE/UCO graph (CASE 1.5, UCO 1.5) as JSON-LD: ids, literals, files with their hashes.

Ids are UUIDs (version 5) of a key within one case, so that the same case gives the same document. The context holds
prefixes only: nothing has to be fetched to read it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

_UCO = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT = {
    "action": f"{_UCO}/action/",
    "core": f"{_UCO}/core/",
    "identity": f"{_UCO}/identity/",
    "investigation": "https://ontology.caseontology.org/case/investigation/",
    "observable": f"{_UCO}/observable/",
    "tool": f"{_UCO}/tool/",
    "types": f"{_UCO}/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

Node = dict[str, Any]
Ref = dict[str, str]
"""``{"@id": …}``"""


def typed(kind: str, value: Any) -> dict[str, str]:
    """A literal with its type."""
    return {"@type": kind, "@value": str(value)}


def instant(at: str) -> dict[str, str] | None:
    """A UTC instant as the log writes it; None where it is none."""
    return typed("xsd:dateTime", at) if _INSTANT.fullmatch(at) else None


def words(text: str) -> str:
    """`text` as it is, but for lone surrogates, which no RDF text can hold: they are written ``\\udc80``."""
    return text.encode("utf-8", "backslashreplace").decode()


class Graph:
    """The nodes of one case, in the order of adding, each once."""

    def __init__(self, case: str) -> None:
        self._case = uuid.uuid5(uuid.NAMESPACE_OID, case)
        self._nodes: dict[str, Node] = {}

    def ref(self, *key: str) -> Ref:
        """The node of that key, added or still to come."""
        return {"@id": f"urn:uuid:{uuid.uuid5(self._case, '/'.join(f'{len(part)}:{words(part)}' for part in key))}"}

    def add(self, kind: str, *key: str, **properties: Any) -> Ref:
        """Add a node; properties are ``prefix__name``; None, empty texts and empty lists are left out."""
        ref = self.ref(*key)
        if ref["@id"] not in self._nodes:
            said = {name.replace("__", ":"): _plain(value) for name, value in properties.items()}
            kept = {name: value for name, value in said.items() if value not in (None, "", [], {})}
            self._nodes[ref["@id"]] = {"@id": ref["@id"], "@type": kind, **kept}
        return ref

    def __contains__(self, ref: Ref) -> bool:
        return ref["@id"] in self._nodes

    def to_json(self) -> dict[str, Any]:
        """The document."""
        return {"@context": CONTEXT, "@graph": list(self._nodes.values())}

    def file(self, key: tuple[str, ...], path: str, size: int | None, hashes: Mapping[str, str], **more: Any) -> Ref:
        """A file with its name, size and hashes; `more` are properties of the node."""
        kind, facets = more.pop("kind", "observable:File"), more.pop("facets", [])
        name, length = path.rpartition("/")[2], None if size is None else typed("xsd:integer", size)
        about = self.add(
            "observable:FileFacet",
            *key,
            "file",
            observable__fileName=name,
            observable__filePath=path,
            observable__sizeInBytes=length,
        )
        content = self.add(
            "observable:ContentDataFacet",
            *key,
            "content",
            observable__sizeInBytes=length,
            observable__mimeType=_MIME.get(name.rpartition(".")[2].lower()),
            observable__hash=[self._hash(key, method, value) for method, value in hashes.items() if value],
        )
        return self.add(kind, *key, core__name=name, core__hasFacet=[about, content, *facets], **more)

    def _hash(self, key: Iterable[str], method: str, value: str) -> Ref:
        return self.add(
            "types:Hash",
            *key,
            method,
            types__hashMethod=method,
            types__hashValue=typed("xsd:hexBinary", value.upper()),
        )

    def derived(self, results: Iterable[Ref], origin: Ref, words: str) -> None:
        """Say that `results` were derived from `origin`."""
        sources = list(results)
        if sources:
            self.add(
                "observable:ObservableRelationship",
                "derived",
                *(ref["@id"] for ref in sources),
                origin["@id"],
                core__source=sources,
                core__target=origin,
                core__kindOfRelationship="Derived_From",
                core__isDirectional=typed("xsd:boolean", "true"),
                core__description=words,
            )


_MIME = {
    "avi": "video/x-msvideo",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mkv": "video/x-matroska",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "toml": "application/toml",
    "vtt": "text/vtt",
}
"""Media types by suffix; our own, since the system's table differs from machine to machine."""


def _plain(value: Any) -> Any:
    """Texts as RDF can hold them, within lists and literals, too."""
    if isinstance(value, str):
        return words(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value
