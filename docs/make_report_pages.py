"""Makes docs/report-pages.jpg: three pages of the demo's report, as Poppler (pdftoppm, pdftotext) shows them.

    python docs/make_report_pages.py

The recordings are © Intel Corporation, CC-BY-4.0, cut and masked (notebooks/recordings/LICENCES.md); the matter and
its dates are made up.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from workbench import demo_evidence
from workbench.archives.local import LocalArchive
from workbench.demo import STEPS, find_recordings
from workbench.evidence.case import Case
from workbench.report.making import make_report

PICTURE = Path(__file__).resolve().with_name("report-pages.jpg")
WANTED = ("Contents", "asked, recorded and delivered", "S1: A person")
"""Words by which the pages are found."""
DPI, GAP = 75, 12


def main() -> None:
    """Keep the demo's case, report on it, and lay three pages side by side."""
    archive = LocalArchive(find_recordings())
    with tempfile.TemporaryDirectory() as folder:
        case = Case.create(Path(folder) / "case", **demo_evidence.IDENTITY)
        demo_evidence.fill(case, archive, (STEPS[2].spec, STEPS[5].spec))
        pdf = case.path(make_report(case, final=True).file)
        pages = [_page(pdf, _number(pdf, words), Path(folder)) for words in WANTED]
    archive.close()
    wide = sum(page.width for page in pages) + GAP * (len(pages) + 1)
    sheet = Image.new("RGB", (wide, pages[0].height + 2 * GAP), "#8a8f94")
    x = GAP
    for page in pages:
        sheet.paste(page, (x, GAP))
        x += page.width + GAP
    sheet.save(PICTURE, quality=88)


def _number(pdf: Path, words: str) -> int:
    """The first page that holds `words`."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return next(number for number, page in enumerate(text.split("\f"), 1) if words in page)


def _page(pdf: Path, number: int, folder: Path) -> Image.Image:
    name = folder / f"page-{number}"
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-f", str(number), "-l", str(number), "-singlefile", "-png", pdf, name], check=True
    )
    picture: Image.Image = Image.open(f"{name}.png").convert("RGB")
    return picture


if __name__ == "__main__":
    main()
