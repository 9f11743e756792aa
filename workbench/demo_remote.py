"""The third part of `workbench demo`: the same requests over HTTP, to the reference VMS on this machine.

A server is started on loopback over the demo's recordings. The same spec runs locally and over the API, and the files
are compared; then a master is fetched, and masks are laid on it here. Nothing leaves the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import cli_remote_show as show
from workbench.core.spec import ExportSpec, Mask
from workbench.export import plan_export, run_export

if TYPE_CHECKING:
    from workbench.archives.local import LocalArchive
    from workbench.core.result import ExportResult

Report = Callable[[str], None]
Document = dict[str, Any]


def run(archive: LocalArchive, spec: ExportSpec, mask: Mask, out: Path, report: Report) -> Document:
    """Serve the archive on loopback, export `spec` on both sides, derive with `mask`; what ``demo --json`` adds."""
    from workbench.archives.remote import RemoteArchive
    from workbench.server.serving import Background

    began = time.monotonic()
    with Background(archive.folder, state=out / "server") as server:
        report("")
        report(f"14. the same request over HTTP: a reference VMS serves the recordings at {server.url}")
        with_master = RemoteArchive(server.url, derive="always")
        plain = RemoteArchive(server.url)
        try:
            here = run_export(plan_export(spec, archive), archive, out / "9-here")
            there = run_export(plan_export(spec, plain), plain, out / "10-remote")
            _tell(there, report)
            same = _media(here).sha256 == _media(there).sha256
            report(f"   compared   the file made here and the one made there: {_words(same)}")
            report("")
            report("15. acquire, then derive: the master fetched untouched, the mask laid on it here")
            masked = replace(spec, masks=(mask,))
            derived = run_export(plan_export(masked, with_master), with_master, out / "11-derived")
            _tell(derived, report)
        finally:
            plain.close()
            with_master.close()
    report(f"   took       {time.monotonic() - began:.1f} s")
    remote = {"url": server.url, "same_bytes": same, "delivered": (there.remote or {}).get("delivered", [])}
    outputs = [file for result in (here, there, derived) for file in _files(result)]
    return {"remote": {**remote, "outputs": outputs}}


def _tell(result: ExportResult, report: Report) -> None:
    for file in result.files:
        report(f"   {file.kind:<10} {file.path}")
    for line in show.remote(result.remote):
        report(f"   {line}")
    report("   ledger     " + ", ".join(f"{n} {fate}" for fate, n in result.ledger.to_json().items()))
    for warning in result.warnings:
        report(f"   warning    {warning}")


def _media(result: ExportResult) -> Any:
    return next(file for file in result.files if file.kind == "video")


def _files(result: ExportResult) -> list[Document]:
    document = result.to_json()
    return [*document["files"], *document["sidecars"]]


def _words(same: bool) -> str:
    return "the same bytes" if same else "NOT the same bytes"
