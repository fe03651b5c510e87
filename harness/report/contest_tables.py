"""A contest as rich renderables: pure functions from values."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from harness.report.contest import Analysis
from harness.report.contest_sheets import contest_sheets
from harness.report.terminal import listing


def contest_tables(analysis: Analysis) -> Iterator[Table]:
    """All tables, in the order they are read."""
    for sheet in contest_sheets(analysis):
        yield listing(sheet.headings, sheet.rows, sheet.title, left=len(sheet.left))
