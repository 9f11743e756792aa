"""Leaks in notebooks and texts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.evidence.leak_material import Material, Plant
from workbench.evidence.disclosure.answers import EMBEDDED, KIND, MACHINE, OUTPUTS, STATE

NOTEBOOK: dict[str, Any] = {
    "cells": [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["1 + 1"]}],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def _notebook(change: Callable[[dict[str, Any], str], None]) -> Plant:
    def plant(m: Material, to: Path) -> None:
        notebook = json.loads(json.dumps(NOTEBOOK))
        change(notebook, base64.b64encode(m.secret).decode())
        to.write_text(json.dumps(notebook))

    return plant


def _output(notebook: dict[str, Any], picture: str) -> None:
    notebook["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}]


def _output_picture(notebook: dict[str, Any], picture: str) -> None:
    notebook["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}]


def _widget_state(notebook: dict[str, Any], picture: str) -> None:
    state = {"state": {"1": {"model_name": "ImageModel", "state": {"value": "…"}}}}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}


def _attached(notebook: dict[str, Any], picture: str) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": [], "attachments": {"x.png": {"image/png": picture}}}
    notebook["cells"].append(cell)


def _text(words: str) -> Plant:
    return lambda m, to: to.write_text(words) and None


def _data_uri(m: Material, to: Path) -> None:
    to.write_text(f'<img src="data:image/png;base64,{base64.b64encode(m.secret).decode()}">')


def _plain_base64(m: Material, to: Path) -> None:
    to.write_text(json.dumps({"picture": base64.b64encode(m.secret).decode()}))


def _wrong_name(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes())


TEXTS: list[tuple[str, set[str], Plant]] = [
    ("output.ipynb", {OUTPUTS}, _notebook(_output)),
    ("output-picture.ipynb", {OUTPUTS, EMBEDDED}, _notebook(_output_picture)),
    ("widget-state.ipynb", {STATE}, _notebook(_widget_state)),
    ("attached.ipynb", {EMBEDDED}, _notebook(_attached)),
    ("path.json", {MACHINE}, _text(json.dumps({"path": "/srv/cases/anna/film.mp4"}))),
    ("drive.json", {MACHINE}, _text(json.dumps({"path": "D:\\Cases\\anna\\film.mp4"}))),
    ("share.txt", {MACHINE}, _text("copied from \\\\fileserver\\cases\\17")),
    ("url.txt", {MACHINE}, _text("see file:///D:/cases/17.mp4")),
    ("data-uri.html", {EMBEDDED}, _data_uri),
    ("base64.json", {EMBEDDED}, _plain_base64),
    ("wrong-name.jpg", {KIND}, _wrong_name),
    ("Thumbs.db", {EMBEDDED}, _text("a side file")),
]
