"""The evidence verbs of the command: each takes the parsed words, asks the library, and gives a document and lines.

Nothing is decided here: the words become arguments of `Case`, `make_report`, `seal`, `verify` and `challenge`, and
what they say is printed. Exit code 1 means findings that failed. Heavy rooms are imported when a verb needs them.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import cli_evidence_show as show
from workbench import cli_place
from workbench.cli_answer import Answer, Document
from workbench.cli_case import IDENTITY, PASSWORD
from workbench.cli_remote_show import remote
from workbench.cli_show import Bar, plain
from workbench.cli_show import export as exported
from workbench.core.errors import RequestError, SourceError
from workbench.core.timebase import parse_time

if TYPE_CHECKING:
    from workbench.archives.base import Archive
    from workbench.core.spec import ExportSpec
    from workbench.evidence.case import Case
    from workbench.evidence.keys import Key
    from workbench.evidence.timestamps import Authority

MOST_COMMENT = 4_000_000
"""Characters read from standard input for a comment."""


def case(args: argparse.Namespace) -> Answer:
    """``workbench case new|show|log|check|source|amend``."""
    return CASE_VERBS[args.case_verb](args)


def _new(args: argparse.Namespace) -> Answer:
    from workbench.evidence.case import Case

    made = Case.create(args.case, number=args.number, examiner=args.examiner, **_identity(args))
    return _shown(made)


def _amend(args: argparse.Namespace) -> Answer:
    opened = _open(args)
    named = {key: getattr(args, key) for key in ("number", "examiner") if getattr(args, key) is not None}
    opened.amend(**named, **_identity(args))
    return _shown(opened)


def _identity(args: argparse.Namespace) -> dict[str, str]:
    keys = [name.replace("-", "_") for name in IDENTITY]
    return {key: getattr(args, key) for key in keys if getattr(args, key) is not None}


def _show(args: argparse.Namespace) -> Answer:
    return _shown(_open(args))


def _shown(opened: Case) -> Answer:
    from dataclasses import asdict

    document = asdict(opened.state)
    return Answer(document, show.case(document))


def _log(args: argparse.Namespace) -> Answer:
    document = {"entries": [entry.to_json() for entry in _open(args).entries]}
    return Answer(document, show.log(document))


def _check(args: argparse.Namespace) -> Answer:
    found = _open(args).check()
    return Answer(found.to_json(), show.findings(found.to_json()), found.exit_code)


def _source(args: argparse.Namespace) -> Answer:
    record = _open(args).add_source(cli_place.opened(args), args.source, exhibit=args.exhibit)
    return _done(record.to_json(), show.source)


CASE_VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "new": _new,
    "show": _show,
    "log": _log,
    "check": _check,
    "source": _source,
    "amend": _amend,
}


def snapshot(args: argparse.Namespace) -> Answer:
    """``workbench snapshot CASE ARCHIVE SOURCE TIME``."""
    opened, at = _open(args), parse_time(args.at, "time")
    if args.context:
        if not args.export:
            raise RequestError("--context", "a context picture belongs to an export", "Name it with --export.")
        record = opened.context(cli_place.opened(args), args.export, at)
    else:
        words = {"export": args.export, "caption": args.caption, "unmasked": args.unmasked}
        record = opened.snapshot(cli_place.opened(args), args.source, at, **words)
    return _done(record.to_json(), show.snapshot)


def annotate(args: argparse.Namespace) -> Answer:
    """``workbench annotate CASE SNAPSHOT --arrow …``."""
    return _done(_open(args).annotate(args.snapshot, tuple(args.marks or ())).to_json(), show.picture)


def comment(args: argparse.Namespace) -> Answer:
    """``workbench comment CASE TEXT``."""
    text = args.text if args.text != "-" else sys.stdin.read(MOST_COMMENT)
    return _done(_open(args).comment(text, on=args.on, replaces=args.replaces).to_json(), show.comment)


def clock(args: argparse.Namespace) -> Answer:
    """``workbench clock CASE SOURCE --device … --reference …``."""
    record = _open(args).clock_check(
        args.source,
        device=parse_time(args.device, "--device"),
        reference=parse_time(args.reference, "--reference"),
        what=args.what,
        by=args.by,
        uncertainty=args.uncertainty,
        photo=args.photo,
        note=args.note,
    )
    return _done({**record.to_json(), "offset_us": record.offset_us}, show.clock)


def key(args: argparse.Namespace) -> Answer:
    """``workbench key FILE.p12 --name NAME``."""
    from workbench.evidence.keys import Key

    made = Key.make_self_signed(args.name)
    made.save(args.file, _password(args.file, twice=True))
    return _done({"path": str(args.file), "name": made.name, "fingerprint": made.fingerprint}, show.key)


def report(args: argparse.Namespace) -> Answer:
    """``workbench report CASE [--final] [--sign KEY]``."""
    from workbench.report.making import make_report

    opened = _open(args)
    made = make_report(
        opened,
        final=args.final,
        key=_signer(args),
        stamps=_authorities(args),
        paper=args.paper,
        orientation="landscape" if args.landscape else "portrait",
        per_page=args.per_page,
    )
    return _done({**made.to_json(), "path": str(opened.path(made.file))}, show.report)


def seal(args: argparse.Namespace) -> Answer:
    """``workbench seal CASE --out DIR``."""
    from workbench.evidence.package import seal as sealed

    opened = _open(args)
    record = sealed(opened, args.out, key=_signer(args), stamps=_authorities(args), as_zip=args.zip)
    path = args.out / (f"{record.name}.zip" if args.zip else record.name)
    return _done({**record.to_json(), "path": str(path)}, show.package)


def verify(args: argparse.Namespace) -> Answer:
    """``workbench verify PACKAGE [--sources DIR]``."""
    from workbench.verifying import record_verified
    from workbench.verifying import verify as verified

    case = None if args.case is None else _open(args)
    found = verified(args.package, args.sources, signer=args.signer, seal=args.seal, on_progress=show.Line(sys.stderr))
    if case is not None:
        record_verified(case, args.package, found)
    document = {"package": str(args.package), **found.to_json()}
    return Answer(document, show.findings(document, args.all), found.exit_code)


def challenge(args: argparse.Namespace) -> Answer:
    """``workbench challenge PACKAGE``."""
    from workbench.verifying import challenge as challenged

    outcome = challenged(args.package, on_progress=show.Line(sys.stderr))
    document = outcome.to_json()
    return Answer(document, show.challenge(document), outcome.exit_code)


def export_into(args: argparse.Namespace, spec: ExportSpec, archive: Archive, bar: Bar) -> Answer:
    """``workbench export … --case CASE``."""
    opened = _open(args)
    try:
        record = opened.export(spec, archive, exhibit=args.exhibit, on_progress=bar)
    finally:
        bar.clear()
    folder = opened.path(record.record).parent
    result = opened.result(record.id)
    for file in (*result["files"], *result["sidecars"]):
        file["path"] = str(folder / file["path"])
    document = {"id": record.id, "exhibit": record.exhibit, **result}
    told = remote(result.get("remote"))
    return Answer(document, chain([f"{record.id}, exhibit {plain(record.exhibit)}"], exported(result), told))


VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "case": case,
    "snapshot": snapshot,
    "annotate": annotate,
    "comment": comment,
    "clock": clock,
    "key": key,
    "report": report,
    "seal": seal,
    "verify": verify,
    "challenge": challenge,
}


def _done(document: Document, lines: Callable[[Document], Iterator[str]]) -> Answer:
    return Answer(document, lines(document))


def _open(args: argparse.Namespace) -> Case:
    from workbench.evidence.case import Case

    return Case.open(args.case, who=getattr(args, "who", None))


def _signer(args: argparse.Namespace) -> Key | None:
    from workbench.evidence.keys import Key

    return None if args.sign is None else Key.load(args.sign, _password(args.sign))


def _authorities(args: argparse.Namespace) -> tuple[Authority, ...]:
    from workbench.evidence.timestamps import Authority

    if len(args.tsa) != len(args.tsa_ca):
        raise RequestError("--tsa-ca", "each --tsa needs its CA's certificate", "Name one --tsa-ca for each --tsa.")
    if args.tsa and args.sign is None:
        raise RequestError("--tsa", "a time stamp is put on a signature", "Name a key with --sign.")
    return tuple(Authority(url, ca_pem=_read(ca)) for url, ca in zip(args.tsa, args.tsa_ca, strict=True))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SourceError(f"{path} cannot be read: {exc.strerror or exc}", "Check the path.") from exc


def _password(path: Path, *, twice: bool = False) -> str | None:
    """From the environment, else asked for at the terminal; None where there is neither."""
    if (given := os.environ.get(PASSWORD)) is not None:
        return given
    if not sys.stdin.isatty():
        return None
    word = getpass.getpass(f"password for {path.name}: ")
    if twice and getpass.getpass("once more: ") != word:
        raise RequestError("password", "the two are not the same", "Try again.")
    return word
