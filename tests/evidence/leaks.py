"""Leaks to plant: each makes one file that discloses something, and names the questions that must find it."""

from __future__ import annotations

from pathlib import Path

from tests.evidence.leak_material import Material
from tests.evidence.leaks_pdf import PAPERS
from tests.evidence.leaks_pictures import PICTURES
from tests.evidence.leaks_text import TEXTS
from tests.evidence.leaks_video import VIDEOS

PLANTS = [*VIDEOS, *PICTURES, *PAPERS, *TEXTS]
"""Name of the file, the questions that must fail for it, all of them and no other, and how it is made."""


def plant_all(material: Material, folder: Path) -> None:
    """Make every planted file."""
    folder.mkdir(parents=True)
    for name, _, plant in PLANTS:
        plant(material, folder / name)
