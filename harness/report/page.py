"""A leaderboard as one HTML file that runs no script, asks for nothing and is read offline.

Names in records are text here. The template escapes whatever it prints, characters that are not printed are spelt out,
no name stands in an attribute, and the page's own policy lets a browser load nothing but the style that stands in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import harness
from harness.records.schema import Record
from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal, shortened
from harness.report.origin import provenance, settings

FOLDER: Final = Path(__file__).parent
TEMPLATE: Final = "page.html.jinja"
STYLE: Final = "page.css"
MODEL: Final = 100
"""Characters of a model's name in the heading."""


def page(board: Leaderboard, records: Mapping[str, Record], dimensions: bool = False) -> str:
    """The leaderboard as HTML.

    Args:
        board: the leaderboard.
        records: that it was built from, by the name of their run.
        dimensions: adds the tables by dimension.
    """
    style = (FOLDER / STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    tables = [sheets.dimension_sheet(board, measure) for measure in sheets.MEASURES] if dimensions else []
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            style=style,
            digest=digest,
            models=[shortened(name, MODEL) for name in dict.fromkeys(row.model for row in board.rows)],
            leaderboard=sheets.leaderboard_sheet(board),
            warnings=list(sheets.warnings(board)),
            who=list(sheets.who(board)),
            legend=sheets.legend(board),
            tables=[table for table in (sheets.pairs_sheet(board), *tables, sheets.region_sheet(board)) if table],
            runs=[(name, [*provenance(one)], [*settings(one)]) for name, one in records.items()],
            version=harness.__version__,
        )
        .strip()
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_spelt_out,
    )


def _spelt_out(value: Any) -> Any:
    """What the template prints, before it is escaped; a part of the page that is made already stays as it is."""
    return literal(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
