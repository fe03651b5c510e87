"""Whole tables at the two widths people have; the texts in tests/golden were read before they were kept."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from harness.cli import output
from harness.records.schema import TargetFacts
from harness.report.leaderboard import build
from harness.report.sheets import MEASURES
from harness.report.terminal import (
    dimension_table,
    leaderboard_notes,
    leaderboard_table,
    listing,
    pairs_table,
    region_table,
)

GOLDEN = Path(__file__).parents[1] / "golden"


def render(what, width):
    console = Console(file=StringIO(), width=width, color_system=None)
    if isinstance(what, Table):
        output.show(console, what)
    else:
        console.print(what)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


@pytest.fixture
def board(record, result):
    methods = {
        "null": [result("USA", 14.2, mass=None, evaluations=0), result("CHN", 24.5, mass=None, evaluations=0)],
        "naive": [result("USA", 4.1), result("CHN", 38.1)],
        "persona": [result("USA", 4.9), result("CHN", 16.25)],
        "de": [result("USA", 3.5, 0, 100.5), result("CHN", 12.0, 0, 100.5)],
    }
    scores = {
        "USA": dict(pdi=40.0, idv=91.0, mas=62.0, uai=46.0, lto=26.0, ivr=68.0),
        "CHN": dict(pdi=80.0, idv=20.0, mas=66.0, uai=30.0, lto=87.0, ivr=None),
    }
    spread = dict.fromkeys(scores["USA"], 20.0)
    run = record(note="the bundled respondent is a simulation", **methods)
    facts = TargetFacts(scores=scores, spread=spread, mean=spread)
    return build({"runs/one": run.model_copy(update={"targets": facts})})


@pytest.fixture
def two_runs(record, result):
    first = record(de=[result("USA", 3.5, 0)], persona=[result("USA", 4.9)])
    second = record("a-folder/of-another-model-with-a-long-name", de=[result("USA", 5.0, 0), result("JPN", 9.0, 0)])
    third = first.model_copy(update={"spec": {"budget": 50}})
    first = first.model_copy(update={"spec": {"budget": 100}})
    return build({"runs/one": first, "runs/two": second, "runs/three": third})


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("which", ["board", "two_runs"])
def test_the_tables_look_as_they_did(which, width, request):
    board = request.getfixturevalue(which)
    measures = [dimension_table(board, measure) for measure in MEASURES] if which == "board" else []
    found = "\n".join(
        render(what, width)
        for what in (
            region_table(board),
            leaderboard_table(board),
            pairs_table(board),
            *measures,
            leaderboard_notes(board),
        )
        if what is not None
    )
    # With letters for two runs the leaderboard is wider than 80, and its lines are then longer than the console.
    assert max(map(len, found.splitlines())) <= max(width, 86 if which == "two_runs" else 0)
    assert found == (GOLDEN / f"{which}-{width}.txt").read_text(encoding="utf-8")


def test_a_cut_region_table_counts_the_rest(board):
    found = render(region_table(board, most=1), 80)
    assert "USA" in found and "CHN" not in found
    assert found.splitlines()[-1] == "+1 more"


def test_the_best_method_of_a_region_stands_out(board):
    console = Console(file=StringIO(), width=80, force_terminal=True, color_system="standard")
    console.print(region_table(board))
    marked = [line for line in console.file.getvalue().splitlines() if "\x1b[1;32m" in line]
    assert [line.count("\x1b[1;32m") for line in marked] == [1, 1]


def test_cells_titles_and_headings_are_never_read_as_markup():
    headings, row = ("[b]", "a heading of some length"), ("[red]x[/red]", ":smile:")
    title, heads, _, cells = render(listing(headings, [row], "effects of [x]/:cat:"), 80).splitlines()
    assert title == "effects of [x]/:cat:"
    assert heads.split(maxsplit=1) == list(headings)
    assert cells.split() == list(row)


def test_a_method_named_like_markup_keeps_its_name_over_its_column(record, result):
    board = build({"runs/one": record(**{"[bold]": [result("USA", 4.1)]})})
    assert "[bold]" in render(region_table(board), 80).splitlines()[1]


def test_titles_are_bold_and_wrap_from_the_left():
    console = Console(file=StringIO(), width=20, force_terminal=True, color_system="standard")
    console.print(listing(("a heading",), [("1",)], "a title of several words"))
    lines = console.file.getvalue().splitlines()
    shown = [line.replace("\x1b[0m", "").rstrip() for line in lines[:3]]
    assert shown == [f"\x1b[1m{part}" for part in ("a title", "of", "several")]
