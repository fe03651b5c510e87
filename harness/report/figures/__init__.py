"""Figures as pure functions from values, as files and as elements of a page.

Nothing is drawn on a screen and no state of the plotting library is changed: figures are objects of their own, and the
same values give the same bytes with the same version of the library.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.report.contest import Analysis
from harness.report.figures.canvas import spread
from harness.report.figures.catalog import of_contest, write

__all__ = ["spread", "write_figures"]
_FILES = {"contest-convergence": "convergence", "contest-ecdf": "targets", "contest-errors": "errors"}


def write_figures(analysis: Analysis, folder: Path) -> list[Path]:
    """Draws every plot of a contest into a folder.

    Returns:
        The files, a PNG and an SVG of each plot.

    Raises:
        RunError: the folder cannot be written.
    """
    return write((replace(drawn, name=_FILES[drawn.name]) for drawn in of_contest(analysis)), folder)
