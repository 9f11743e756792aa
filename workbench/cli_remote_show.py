"""What the remote verbs print for people, from the documents that ``--json`` prints; rules as in `cli_show`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from workbench.cli_show import export, plain, table

if TYPE_CHECKING:
    from workbench.batch import BatchProgress

Document = dict[str, Any]
__all__ = ["acquired", "batch", "batch_line", "export", "pending", "ready", "remote", "user"]


def remote(document: Document | None) -> Iterator[str]:
    """What is known of the server's work: delivered against asked, and how the connection was trusted."""
    if document is None:
        return
    server, tls = document["server"], document["server"]["tls"]
    yield f"server: {plain(server['url'])} ({plain(server['version'] or 'says no version')}); TLS: {plain(tls['by'])}"
    yield f"made {plain(document['made'])}; ledger by {plain(document['ledger_by'] or 'nobody')}"
    for check in document["delivered"]:
        asked = "" if check["expected"] is None else f", asked {check['expected']}"
        found = "" if check["found"] is None else f"{check['found']}{asked}"
        words = "; ".join(plain(word) for word in (found, check["note"]) if word)
        yield f"{check['verdict']:<11}  {plain(check['check'])}: {words}"


def acquired(document: Document) -> Iterator[str]:
    """The folder, and the master in it."""
    yield plain(document["folder"])
    yield f"  master    {plain(document['file'])}"
    yield f"  sha-256   {document['sha256']}"
    yield "it is an archive now: `workbench sources` lists it, every verb takes it"


def pending(document: Document) -> Iterator[str]:
    """Exports whose process is gone."""
    if not document["pending"]:
        yield "no export is open"
        return
    keys = ("id", "source", "begin", "end", "format", "started")
    rows = [(*(one[key] for key in keys), _at(one)) for one in document["pending"]]
    yield from table(("ID", "SOURCE", "BEGIN", "END", "FORMAT", "STARTED", ""), rows)


def _at(one: Document) -> str:
    """What stands in the way of taking an export up."""
    if one["process"] is not None:
        return f"in work by process {one['process']}"
    return "" if one["answered"] else "nobody knows whether it was begun"


def batch(document: Document) -> Iterator[str]:
    """What became of each item."""
    rows = [(i["state"], i["name"], _outcome(i)) for i in document["items"]]
    yield from table(("STATE", "ITEM", "FILES OR REASON"), rows)
    yield ", ".join(f"{count} {state}" for state, count in document["counts"].items() if count)
    if document["interrupted"]:
        yield "interrupted: what is finished stays; run it again for the rest"


def batch_line(stream: TextIO) -> Callable[[BatchProgress], None]:
    """Tell each finished item, a line each."""

    def tell(progress: BatchProgress) -> None:
        stream.write(f"{progress.finished}/{progress.total}  {progress.item.state:<9} {plain(progress.item.name)}\n")
        stream.flush()

    return tell


def _outcome(item: Document) -> str:
    if item["error"]:
        return str(item["error"]["message"])
    return ", ".join(file["path"].rpartition("/")[2] for file in item["files"] if file["frames_shown"] is not None)


def user(document: Document) -> Iterator[str]:
    """Who may do what now."""
    rights, cameras = ", ".join(document["rights"]) or "nothing", ", ".join(document["cameras"]) or "no camera"
    yield f"{plain(document['name'])} may {plain(rights)} on {plain(cameras)}"


def ready(stream: TextIO) -> Callable[[str], None]:
    """Tell, once the server listens, where."""

    def tell(url: str) -> None:
        stream.write(f"serving at {plain(url)}  (Ctrl-C stops it)\n")
        stream.flush()

    return tell
