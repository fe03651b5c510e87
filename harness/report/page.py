"""A leaderboard as one HTML file that runs no script, asks for nothing and is read offline.

Names in records are text here: see `harness.report.markup`. None of them stands in an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import harness
from harness.records.schema import Record
from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import shortened
from harness.report.markup import own_files, render
from harness.report.origin import provenance, settings

MODEL: Final = 100
"""Characters of a model's name in the heading."""


def page(board: Leaderboard, records: Mapping[str, Record], dimensions: bool = False) -> str:
    """The leaderboard as HTML.

    Args:
        board: the leaderboard.
        records: that it was built from, by the name of their run.
        dimensions: adds the tables by dimension.
    """
    style, digest = own_files("base.css", "page.css")
    tables = [sheets.dimension_sheet(board, measure) for measure in sheets.MEASURES] if dimensions else []
    return render(
        "page.html.jinja",
        {
            "style": style,
            "digest": digest,
            "models": [shortened(name, MODEL) for name in dict.fromkeys(row.model for row in board.rows)],
            "leaderboard": sheets.leaderboard_sheet(board),
            "warnings": list(sheets.warnings(board)),
            "who": list(sheets.who(board)),
            "legend": sheets.legend(board),
            "tables": [table for table in (sheets.pairs_sheet(board), *tables, sheets.region_sheet(board)) if table],
            "runs": [(name, [*provenance(one)], [*settings(one)]) for name, one in records.items()],
            "version": harness.__version__,
        },
    )
