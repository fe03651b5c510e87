"""Tables of a leaderboard as CSV and TSV: all digits, and no text that a spreadsheet would take for a formula.

In a cell of text a backslash and every character that is not printed are written as in a JSON string, so that a row is
a line; a cell that would begin as a formula, or begins with an apostrophe, has one apostrophe more in front. `original`
takes both back. Lists are JSON. Cells of numbers hold numbers, or nothing where there is none.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from harness.report.leaderboard import Leaderboard, to_plain

TABLES: Final = ("rows", "regions", "dimensions", "runs")
"""What may be written, by its name in the JSON."""
DELIMITERS: Final = {"csv": ",", "tsv": "\t"}
# The last four are the wide forms of the first, which some spreadsheets take for the same.
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def delimited(board: Leaderboard, form: str, table: str = "rows") -> str:
    """One table of the leaderboard, with the keys of its JSON as headings.

    Args:
        board: the leaderboard.
        form: "csv" or "tsv".
        table: one of `TABLES`.
    """
    rows = [dict(_flat(row)) for row in to_plain(board)[table]]
    file = io.StringIO()
    # Text stands in quotes, so that no other delimiter that a reader may assume cuts it.
    writer = csv.writer(file, delimiter=DELIMITERS[form], quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(dict.fromkeys(key for row in rows for key in row))
    writer.writerows(row.values() for row in rows)
    return file.getvalue().removesuffix("\n")


def harmless(text: str) -> str:
    """A text as a cell: on one line, and no formula."""
    cell = "".join(c if c.isprintable() and c != "\\" else json.dumps(c)[1:-1] for c in text)
    return f"'{cell}" if cell.startswith("'") or cell.lstrip(" ").startswith(_FORMULA) else cell


def original(cell: str) -> str:
    """The text that `harmless` made a cell of."""
    text = cell.removeprefix("'").replace('"', '\\"')
    return str(json.loads(f'"{text}"'))


def _flat(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}_{name}", one) for name, one in value.items())
        elif isinstance(value, (list, tuple, bool)):
            yield key, json.dumps(value)
        else:
            yield key, harmless(value) if isinstance(value, str) else value
