"""The libraries of the extra ``report``: imported here before anywhere else, so that a missing one is our error."""

from __future__ import annotations

from workbench.core.errors import WorkError

try:
    import pikepdf
    import pikepdf.pdfa  # noqa: F401
    import reportlab.pdfgen  # noqa: F401
except ImportError as exc:
    raise WorkError(
        f"a PDF report needs libraries that are not installed here ({exc.name} is missing)",
        "Install them: pip install 'forensic-workbench[report]'",
    ) from exc
