"""What a report shows of one region: its radar, and the six numbers of every method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.records.schema import DIMENSIONS, Record
from harness.report import sheets
from harness.report.figures import catalog
from harness.report.leaderboard import Leaderboard
from harness.report.rows import RegionRow, Row
from harness.report.sheets import Sheet

TITLES = {
    "pdi": "power distance",
    "idv": "individualism",
    "mas": "masculinity",
    "uai": "uncertainty avoidance",
    "lto": "long-term orientation",
    "ivr": "indulgence",
}
"""Of the six dimensions."""


@dataclass(frozen=True)
class RegionView:
    """A region.

    Attributes:
        label: its name and code, or its code.
        sheet: the published scores, and each method's indices and error.
        svg: its radar, "" where nothing was tuned for it.
        title, alt: of the radar.
        first: whether it is shown first: the one where the best tuned method is farthest off.
    """

    code: str
    label: str
    sheet: Sheet
    title: str
    alt: str
    svg: str
    first: bool


def region_views(records: Mapping[str, Record], board: Leaderboard, places: Mapping[str, str]) -> Iterator[RegionView]:
    """All regions of a leaderboard, in its order.

    Args:
        records: that it was built from.
        board: the leaderboard.
        places: names of regions by their codes.
    """
    codes = list(dict.fromkeys(row.region for row in board.regions))
    drawn = {code: (one.title, one.alt, catalog.inline_svg(one)) for code, one in catalog.radars(records, board)}
    first = _first(board, codes)
    numbers = _Numbers(records, board)
    for code in codes:
        label = f"{places[code]} ({code})" if code in places else code
        yield RegionView(code, label, numbers.sheet(code), *drawn.get(code, ("", "", "")), code == first)


class _Numbers:
    """The indices of all methods, by region."""

    def __init__(self, records: Mapping[str, Record], board: Leaderboard) -> None:
        self._board = board
        self._scores = {name: record.targets.scores for name, record in records.items() if record.targets}
        self._labels = [row[0] for row in sheets.dimension_sheet(board, "mae").rows]
        self._rows = {(_key(row), row.region): row for row in board.regions}

    def sheet(self, code: str) -> Sheet:
        """Of one region."""
        rows = list(self._published(code))
        strong = frozenset((row, column) for row, _ in enumerate(rows) for column in range(1, len(DIMENSIONS) + 1))
        for label, row in zip(self._labels, self._board.rows, strict=True):
            found = self._rows.get((_key(row), code))
            if found is not None:
                rows.append((label, *(f"{found.indices[d]:.0f}" for d in DIMENSIONS), f"{found.mae:.1f}"))
        headings = ("method", *(name.upper() for name in DIMENSIONS), "mae")
        return Sheet("", headings, tuple(rows), left=(0,), strong=strong)

    def _published(self, code: str) -> Iterator[tuple[str, ...]]:
        """A row of scores; one for each run where runs have other ones."""
        found: dict[tuple[str, ...], list[str]] = {}
        for name, scores in self._scores.items():
            if code in scores:
                known = scores[code]
                cells = tuple("-" if known.get(d) is None else f"{known[d]:.0f}" for d in DIMENSIONS)
                found.setdefault(cells, []).append(name)
        for cells, names in found.items():
            yield ("published" if len(found) == 1 else f"published, {', '.join(names)}", *cells, "")


def _key(row: Row | RegionRow) -> tuple[str, str, tuple[str, ...]]:
    return row.model, row.method, row.runs


def _first(board: Leaderboard, codes: list[str]) -> str:
    tuned = next((row for group in ("tuned", "reference") for row in board.rows if row.group == group), None)
    own = [row for row in board.regions if tuned is not None and _key(row) == _key(tuned)]
    return max(own, key=lambda row: row.mae).region if own else codes[0]
