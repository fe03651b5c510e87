"""Whole tables at the two widths people have; the texts in tests/golden were read before they were kept."""

from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import output
from harness.records.schema import TargetFacts
from harness.report.leaderboard import build
from harness.report.sheets import MEASURES
from harness.report.terminal import (
    Lines,
    dimension_table,
    leaderboard_notes,
    leaderboard_table,
    listing,
    pairs_table,
    region_table,
    runs_table,
)

GOLDEN = Path(__file__).parents[1] / "golden"


def render(what, width):
    console = Console(file=StringIO(), width=width, color_system=None)
    if isinstance(what, Lines):
        console.print(what)
    else:
        output.show(console, what)
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


@pytest.fixture
def zoo(record, result):
    """Six optimizers and the reference bound, three seeds, six regions; `cma` is shown to be the best, in CHN too."""
    codes = ("USA", "CHN", "IND", "ARA", "JPN", "DNK")

    def rows(mean, seeds=(None,), cost=1.0):
        return [
            result(code, mean + 0.3 * place + 0.1 * (seed or 0) + 0.05 * ((place + 2 * (seed or 0)) % 3), seed, cost)
            for seed in seeds
            for place, code in enumerate(codes)
        ]

    means = {"de": 4.0, "cma": 2.0, "lshade": 4.1, "pso": 6.0, "spsa": 9.0, "random": 12.0}
    run = record(
        **{name: rows(mean, (0, 1, 2), 150.0) for name, mean in means.items()},
        gradient=rows(0.5, (0, 1, 2), 150.0),
        null=rows(20.0, cost=0.0),
        world_mean=rows(18.0, cost=0.0),
        wrong_region=rows(22.0, (0, 1, 2), 150.0),
        random_prompt=rows(24.0, (0, 1, 2)),
        naive=rows(25.0),
        persona=rows(11.5),
        icl=rows(11.0),
    )
    methods = tuple(
        one.model_copy(update={"group": "reference"}) if one.method == "gradient" else one for one in run.methods
    )
    seconds = {"baselines": 20.0, "tuning": 900.0, "heldout": 30.0, "evaluations_per_second": 21.0}
    return build({"results/runs/zoo-core-0123abcd": run.model_copy(update={"methods": methods, "timings": seconds})})


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("which", ["board", "two_runs", "zoo"])
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
            runs_table(board),
            leaderboard_notes(board, runs=True),
        )
        if what is not None
    )
    assert max(map(len, found.splitlines())) <= width
    assert found == (GOLDEN / f"{which}-{width}.txt").read_text(encoding="utf-8")


def test_a_cut_region_table_counts_the_rest(board):
    found = render(region_table(board, most=1), 80)
    assert "USA" in found and "CHN" not in found
    assert found.splitlines()[-1] == "+1 more"


BEST = "\x1b[1;32m"


def coloured(what):
    console = Console(file=StringIO(), width=200, force_terminal=True, color_system="standard")
    console.print(what)
    return console.file.getvalue().splitlines()


def test_what_is_shown_to_be_the_best_stands_out_and_nothing_else(zoo):
    marked = [line for line in coloured(leaderboard_table(zoo)) if BEST in line]
    assert len(marked) == 1 and "cma" in marked[0] and marked[0].count(BEST) == 1
    marked = [line for line in coloured(region_table(zoo)) if BEST in line]
    assert len(marked) == 6 and all(line.count(BEST) == 1 for line in marked)


def test_a_board_where_nothing_is_shown_has_nothing_that_stands_out(board):
    """Two regions and one seed: `de` is the lowest everywhere, and nothing says more than that."""
    assert not any(BEST in line for what in (leaderboard_table(board), region_table(board)) for line in coloured(what))


def test_a_terminal_without_arrows_gets_letters(zoo, record, result):
    name = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    odd = build({name: record(**{name: [result("USA", 9.0)], "null": [result("USA", 3.0)]})})
    for what, encoding, said in (
        (leaderboard_table(zoo), "ascii", ("maev", "tau^")),
        (leaderboard_table(odd), "ascii", ("caf\\xe9+",)),
        (leaderboard_notes(odd), "ascii", ("v lower is better, ^ higher", "+ not shown to be better")),
        (leaderboard_table(odd), "latin-1", (f"{name}+", "maev")),
    ):
        file = TextIOWrapper(BytesIO(), encoding=encoding)
        Console(file=file, width=80, color_system=None).print(what)
        file.flush()
        shown = file.buffer.getvalue().decode(encoding)
        assert all(text in shown for text in said), shown


def test_a_table_that_is_too_wide_comes_in_parts_with_the_names_in_each(zoo):
    whole, parts = render(region_table(zoo), 140).splitlines(), render(region_table(zoo), 80).splitlines()
    assert whole[0].strip() == parts[0].strip() == "mae per region"
    again = [place for place, line in enumerate(parts) if line.strip() == "mae per region, continued"]
    assert again and max(map(len, parts)) <= 80 < max(map(len, whole))
    usa = [line.split() for line in parts if line.startswith("USA")]
    (cells,) = (line.split() for line in whole if line.startswith("USA"))
    assert cells == ["USA", *(cell for part in usa for cell in part[1:])]


def test_names_that_are_too_wide_for_the_terminal_are_not_cut(record, result):
    name = "x" * 90
    shown = render(leaderboard_table(build({"one": record(**{name: [result("USA", 4.0)]})})), 80)
    assert name in shown and "3.00" in shown


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
