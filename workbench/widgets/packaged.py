"""Where a package of a case lies, and one zip made of a package that is a folder, so that it can be fetched.

The zip holds the same files, byte for byte, under one folder of the package's name: `verify` takes it as it takes the
folder. It gets its name when it is whole, and nothing is overwritten.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workbench.core.errors import SourceError
from workbench.evidence import bag_store
from workbench.evidence.hashing import CHUNK, open_plain
from workbench.evidence.nouns import PackageRecord

Kind = Literal["zip", "folder", "gone"]


def places(out: Path, package: PackageRecord) -> tuple[Path, Path]:
    """Where a package lies as a zip, and where as a folder."""
    return out / f"{package.name}.zip", out / package.name


def kind(out: Path, package: PackageRecord) -> Kind:
    """What there is of a package in the folder `out`; a zip where there are both."""
    as_zip, as_folder = places(out, package)
    return "zip" if as_zip.is_file() else "folder" if as_folder.is_dir() else "gone"


def found(out: Path, package: PackageRecord) -> Path:
    """The package's file or folder; SourceError where it is in `out` no more."""
    as_zip, as_folder = places(out, package)
    path = next((place for place in (as_folder, as_zip) if place.exists()), None)
    if path is None:
        raise SourceError(f"{package.name} is not in {out} any more", "Name it to `workbench verify`.")
    return path


def zipped(out: Path, package: PackageRecord) -> Path:
    """Make the zip of a package that is a folder; SourceError where it is none, NameTaken where there is a zip."""
    final, folder = places(out, package)
    if not folder.is_dir():
        raise SourceError(f"{package.name} is no folder in {out}", "Only a folder is made into a zip.")
    with bag_store.workspace(out) as scratch:
        part = scratch / final.name
        store = bag_store.ZipStore(part, package.name, datetime.now(UTC))
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            name = path.relative_to(folder).as_posix()
            with open_plain(path) as original, store.open(name, path.stat().st_size) as copy:
                shutil.copyfileobj(original, copy, CHUNK)
        store.close()
        bag_store.publish(part, final)
    return final
