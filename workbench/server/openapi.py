"""The OpenAPI document, made from the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from workbench import __version__
from workbench.server.call import Endpoint
from workbench.server.config import ServerConfig
from workbench.vms.wire.ids import MAIN_STREAM

_TIME = {"type": "string", "pattern": r"^([0-9]{8}T[0-9]{6}(\.[0-9]{1,6})?Z?|past|future)$"}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "message"],
            "properties": {key: {"type": "string"} for key in ("kind", "message", "advice", "field")},
        }
    },
}
_ALWAYS = (400, 401, 403, 404, 503)
"""Statuses of refusals that any address may give: a wrong query, nobody known, no right, nothing there, too much."""


def document(endpoints: Iterable[Endpoint], config: ServerConfig) -> dict[str, Any]:
    """The document of a server: every endpoint in its full form, without the prefix (see ``servers``)."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, config)
    schemes: dict[str, Any] = {
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "token": {"type": "apiKey", "in": "query", "name": "auth_token"},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "forensic-workbench reference VMS", "version": __version__},
        "servers": [{"url": config.prefix or "/"}],
        "paths": paths,
        "components": {"securitySchemes": schemes, "schemas": {"Error": _ERROR}},
    }


def _operation(endpoint: Endpoint, config: ServerConfig) -> dict[str, Any]:
    words = re.sub(r"\W+", "_", f"{endpoint.method.lower()}_{endpoint.path}").strip("_")
    data: dict[str, Any] = {
        "operationId": words,
        "summary": endpoint.about,
        "parameters": [*_path_parameters(endpoint.path, config), *_query_parameters(endpoint)],
        "responses": _responses(endpoint),
    }
    if endpoint.needs is not None and config.auth != "open":
        data["security"] = [{"basic": []}, {"bearer": []}, {"token": []}]
    if endpoint.body is not None:
        content = {"application/json": {"schema": dict(endpoint.body)}}
        data["requestBody"] = {"required": True, "content": content}
    return data


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in sorted(endpoint.gives.items()):
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if kind:
            found[str(status)]["content"] = {kind: {"schema": {}}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status in sorted({*_ALWAYS, *endpoint.fails} - set(endpoint.gives)):
        found[str(status)] = {"description": HTTPStatus(status).phrase, "content": error}
    return found


def _path_parameters(path: str, config: ServerConfig) -> list[dict[str, Any]]:
    schemas: dict[str, Mapping[str, Any]] = {
        "host": {"type": "string", "enum": [config.host]},
        "node": {"type": "string", "enum": [config.host]},
        "device": {"type": "string", "pattern": r"^DeviceIpint\.[1-9][0-9]{0,4}$"},
        "endpoint": {"type": "string", "enum": [MAIN_STREAM]},
        "id": {"type": "string", "format": "uuid"},
        "first": _TIME,
        "second": _TIME,
        "time": _TIME,
    }
    names = re.findall(r"\{(\w+)\}", path)
    return [{"name": name, "in": "path", "required": True, "schema": schemas[name]} for name in names]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": q.name, "in": "query", "required": q.required, "description": q.about, "schema": dict(q.schema)}
        for q in endpoint.query
    ]
