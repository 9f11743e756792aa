"""The small archive in notebooks/recordings is what its LICENCES.md says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parents[1] / "notebooks" / "recordings"
OURS = {"LICENCES.md", "archive.toml"}


def test_each_recording_has_its_licence_and_checksum() -> None:
    """Every file is listed with its SHA-256, and nothing is listed that is not there."""
    text = (RECORDINGS / "LICENCES.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \| \[\d\] .*`([0-9a-f]{64})` \|$", text, re.MULTILINE))
    files = [path for path in RECORDINGS.rglob("*") if path.is_file()]
    held = {path.relative_to(RECORDINGS).as_posix(): path for path in files if path.name not in OURS}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in held.items()}


def test_the_archive_is_small() -> None:
    """A clone stays quick: 8 MB in all at the most."""
    assert sum(path.stat().st_size for path in RECORDINGS.rglob("*") if path.is_file()) <= 8_000_000
