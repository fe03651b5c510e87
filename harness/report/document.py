"""Runs and contests as one HTML file that works offline: tables that sort, figures, and what they do not mean.

Names in records are text here: see `harness.report.markup`. None of them stands in an attribute or reaches the script,
which reads what stands in the page and is the only thing that the page's policy lets run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import harness
from harness.records.contest import Contest
from harness.records.schema import Record
from harness.report import sheets
from harness.report.contest import Analysis, analyse
from harness.report.contest_sheets import contest_notes, contest_sheets
from harness.report.contest_summary import contest_sentences
from harness.report.execution import workers_sheet
from harness.report.figures import catalog
from harness.report.figures.catalog import DARK, Drawn
from harness.report.leaderboard import Leaderboard, build
from harness.report.literal import shortened
from harness.report.markup import hashed, own_files, render
from harness.report.meaning import contest_limits, limits
from harness.report.origin import contest_provenance, contest_settings, provenance, settings
from harness.report.places import names
from harness.report.regions import TITLES, region_views
from harness.report.sheets import Sheet
from harness.report.summary import summaries

NAME: Final = 100
"""Characters of a name in the heading."""
METHODS: Final = {
    "null": "3 to every question; asks no model",
    "world-mean": "the mean scores of all complete regions; asks no model",
    "wrong-region": "the prompt that was tuned for another region",
    "random-prompt": "a soft prompt of random direction, as long as a tuned one",
    "naive": "the survey alone; no region is named",
    "persona": "asked to answer as a person from the region",
    "icl": "persona with solved questions before the survey",
}


@dataclass(frozen=True)
class Plot:
    """A figure of the page.

    Attributes:
        name: ours, the id of its element.
        svg: the element; empty where the figure cannot be drawn.
        reason: why it cannot.
    """

    name: str
    title: str = ""
    alt: str = ""
    svg: str = ""
    reason: str = ""


def document(records: Mapping[str, Record], contests: Mapping[str, Contest], title: str = "") -> str:
    """The report as HTML.

    Args:
        records: of finished runs, by the name of their run; there may be none where there are contests.
        contests: finished ones, by their name.
        title: above the page; by default made of what it holds.
    """
    style, style_hash = _style()
    script, script_hash = own_files("report.js")
    analyses = {name: analyse(contest) for name, contest in contests.items()}
    values: dict[str, Any] = {
        "style": style,
        "style_hash": style_hash,
        "script": script,
        "script_hash": script_hash,
        "title": title or _title(records, analyses),
        "version": harness.__version__,
        "runs": [(name, [*provenance(one)], [*settings(one)], _workers(one)) for name, one in records.items()],
        "contests": [_contest(place, name, contests[name], one) for place, (name, one) in enumerate(analyses.items())],
        "started": sorted({record.started[:10] for record in records.values() if record.started}),
        "board": None,
    }
    board = build(records) if records else None
    values |= _of_board(records, board) if board else {"summaries": [], "warnings": [], "limits": []}
    of_contests = [limit for contest in contests.values() for limit in contest_limits(contest)]
    values["limits"] = list(dict.fromkeys([*values["limits"], *of_contests]))
    return render("report.html.jinja", values)


def _workers(record: Record) -> Sheet | None:
    return None if record.execution is None else workers_sheet(record.execution)


def _style() -> tuple[str, str]:
    """The page's style with the colours of its figures on a dark ground, and its hash."""
    text, _ = own_files("base.css", "report.css")
    dark = "".join(f"--{name}: {colour}; " for name, colour in DARK.items())
    return hashed(f"{text}@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n")


def _title(records: Mapping[str, Record], analyses: Mapping[str, Analysis]) -> str:
    models = dict.fromkeys([one.model.name for one in records.values()] + [one.model for one in analyses.values()])
    regions = {one.region for record in records.values() for method in record.methods for one in method.results}
    regions |= {region for one in analyses.values() for region in one.regions}
    return f"{', '.join(shortened(name, NAME) for name in models)} on {len(regions)} region{'s' * (len(regions) != 1)}"


def _of_board(records: Mapping[str, Record], board: Leaderboard) -> dict[str, Any]:
    places = names(records.values())
    plots = {plot.name: plot for plot in _plots(catalog.tried(records, board, names=_SHOWN))}
    views = list(region_views(records, board, places))
    leaderboard = sheets.leaderboard_sheet(board)
    return {
        "board": _board_facts(board),
        "summaries": list(summaries(records, board, places)),
        "warnings": list(dict.fromkeys(sheets.warnings(board))),
        "leaderboard": leaderboard,
        "marks": list(_marks(board, leaderboard)),
        "legend": sheets.legend(board),
        "who": list(sheets.who(board)),
        "pairs": sheets.pairs_sheet(board),
        "dimensions": [sheets.dimension_sheet(board, measure) for measure in sheets.MEASURES],
        "views": views,
        "regions": _with_names(sheets.region_sheet(board), places),
        "titles": list(TITLES.items()),
        "costs": sheets.runs_sheet(board),
        "costs_legend": sheets.cost_legend(board),
        "links": [f"region-{place}" for place, _ in enumerate(views)],
        "plots": plots,
        "limits": list(limits(records, board)),
    }


_SHOWN: Final = tuple(name for name in catalog.OF_RUNS if name != catalog.RADAR)


def _plots(drawn: Iterable[Drawn | catalog.Left], prefix: str = "") -> Iterator[Plot]:
    for one in drawn:
        if isinstance(one, Drawn):
            yield Plot(
                f"{prefix}{one.name}", one.title, one.alt, catalog.inline_svg(replace(one, name=prefix + one.name))
            )
        else:
            yield Plot(one.name, reason=one.reason)


def _board_facts(board: Leaderboard) -> dict[str, Any]:
    """What the filters of the leaderboard offer."""
    methods = list(dict.fromkeys(row.method for row in board.rows))
    return {
        "methods": methods,
        "models": list(dict.fromkeys(row.model for row in board.rows)),
        "groups": list(dict.fromkeys(row.group for row in board.rows)),
        "known": [(name, METHODS[name]) for name in methods if name in METHODS],
    }


def _marks(board: Leaderboard, sheet: Sheet) -> Iterator[dict[str, str]]:
    """What the filters go by: places in lists, so that no name stands in an attribute."""
    facts = _board_facts(board)
    # The table has the rows of the leaderboard group by group, and within a group in their order.
    rows = {group: iter([row for row in board.rows if row.group == group]) for group in facts["groups"]}
    for group in sheet.groups:
        row = next(rows[group])
        yield {
            "group": group,
            "method": str(facts["methods"].index(row.method)),
            "model": str(facts["models"].index(row.model)),
        }


def _with_names(sheet: Sheet, places: Mapping[str, str]) -> Sheet:
    """Regions under their names."""
    rows = tuple(((f"{places[row[0]]} ({row[0]})" if row[0] in places else row[0]), *row[1:]) for row in sheet.rows)
    return replace(sheet, rows=rows)


def _contest(place: int, name: str, contest: Contest, analysis: Analysis) -> dict[str, Any]:
    tables: Sequence[Sheet] = list(contest_sheets(analysis))
    return {
        "name": name,
        "settings": list(contest_settings(contest)),
        "origin": list(contest_provenance(contest)),
        "title": analysis.title or name,
        "sentences": list(contest_sentences(analysis)),
        "notes": list(contest_notes(analysis)),
        "tables": tables,
        "plots": list(_plots(catalog.of_contest(analysis), f"contest-{place}-")),
    }
