"""A contest's analysis by hand, and its tables at the two widths people have; the texts in tests/golden were read."""

import json
import math
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from harness.report.contest import analyse, matrix, to_plain
from harness.report.contest_sheets import contest_notes
from harness.report.contest_tables import contest_tables
from harness.report.statistics import interval

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def two(contest):
    """Two entrants, two regions, two seeds; the first one is better in both regions."""
    return contest(
        {
            "a": [[(10, 8.0), (20, 2.0)], [(10, 4.0)], [(10, 9.0), (30, 6.0)], [(10, 8.0)]],
            "b": [[(10, 5.0)], [(10, 6.0)], [(10, 9.0)], [(10, 12.0), (50, 10.0)]],
        }
    )


def test_seeds_are_averaged_before_regions_are_compared(two):
    assert matrix(two, "mae_tuned").tolist() == [[3.0, 7.0], [5.5, 9.5]]
    found = {row.label: row for row in analyse(two).finals}
    assert list(found) == ["a", "b", "null"]
    assert (found["a"].mae_tuned.mean, found["a"].mae.mean, found["a"].mae.median) == (5.0, 6.0, 6.0)
    assert found["a"].mae.values == (4.0, 8.0)
    assert (found["a"].mae.rank, found["b"].mae.rank, found["null"].mae.rank) == (1.0, 2.0, None)
    assert (found["a"].mae.low, found["a"].mae.high) == interval([[3.0, 5.0], [7.0, 9.0]], least=0.0)
    assert (found["null"].mae.mean, found["null"].reference) == (18.5, True)


def test_pairs_by_hand(two):
    heldout, tuned = analyse(two).comparisons
    assert (heldout.measure, tuned.measure, heldout.regions) == ("mae", "mae_tuned", 2)
    (pair,) = heldout.pairs
    assert (pair.one, pair.other, pair.wins, pair.losses) == ("a", "b", 2, 0)
    assert (pair.difference, pair.low, pair.high) == (-2.5, -2.5, -2.5)
    assert (pair.p, pair.p_holm) == (0.5, 0.5)
    assert heldout.friedman is None


def test_expected_running_times_by_hand(two):
    analysis = analyse(two, targets=(8.0, 5.0, 2.0, 1.0))
    a, b = analysis.running
    # To 8: after 10, 10, 30 and 10 evaluations. To 5: 20, 10, and 50 twice without. To 2: 20 and 50 three times.
    assert a.ert == (15.0, 65.0, 170.0, math.inf)
    assert (a.successes, a.runs) == ((4, 2, 1, 0), 4)
    assert b.ert == (60.0, 160.0, math.inf, math.inf)


def test_courses_by_hand(two):
    course = analyse(two, targets=(8.0, 2.0)).courses[0]
    at = {evaluations: place for place, evaluations in enumerate(course.evaluations)}
    assert math.isnan(course.median[at[9.0]])
    assert [course.median[at[x]] for x in (10.0, 20.0, 50.0)] == [8.0, 6.0, 5.0]
    assert [course.reached[at[x]] for x in (9.0, 10.0, 20.0, 30.0)] == [0.0, 3 / 8, 4 / 8, 5 / 8]


def test_the_json_has_no_number_that_is_none(two):
    plain = to_plain(analyse(two))
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text) == plain
    assert plain["running"][0]["ert"][-1] is None
    assert plain["courses"][0]["median"][0] is None
    assert plain["finals"][2]["mae"]["rank"] is None


def test_equal_entrants_have_no_p(contest):
    curves = [[(10, 8.0)], [(10, 4.0)], [(10, 9.0)], [(10, 7.0)]]
    analysis = analyse(contest({"a": curves, "b": curves, "c": curves}))
    assert [(pair.p, pair.p_holm, pair.difference) for pair in analysis.comparisons[0].pairs] == [(None, 1.0, 0.0)] * 3
    assert analysis.comparisons[0].friedman is None
    assert {row.mae.rank for row in analysis.finals} == {2.0, None}


def test_one_entrant_in_one_region_with_one_seed(contest):
    analysis = analyse(contest({"a": [[(10, 30.0)]]}, regions=("USA",), seeds=(0,)))
    assert analysis.comparisons[0].pairs == ()
    assert (analysis.finals[-1].label, analysis.finals[-1].mae.low) == ("a", None)
    assert set(analysis.running[0].ert) == {math.inf}
    assert "one region: no test and no interval over regions" in analysis.notes
    assert "one seed: luck of the seed is part of every number" in analysis.notes
    assert shown(analysis, 80)


def test_notes_say_what_the_settings_do_not_allow(contest):
    curves = [[(10, 8.0)]] * 4
    settings = {"b": {"share": True, "budget": 100}}
    found = analyse(contest({"a": curves, "b": curves}, settings=settings, note="a note", missing={"USA": ("ivr",)}))
    text = " | ".join(found.notes)
    assert found.settings == {"a": "budget 50, share false", "b": "budget 100, share true"}
    for part in ("a note", "one model", "below 0.5", "depend on each other", "different budgets", "no published ivr"):
        assert part in text


def test_many_pairs_are_shown_against_the_best_and_all_are_counted(contest):
    curves = {f"e{number}": [[(10, 8.0 + number)]] * 4 for number in range(7)}
    analysis = analyse(contest(curves))
    text = shown(analysis, 140)
    assert "e0 - e6" in text and "e1 - e2" not in text
    assert "adjusted for all 21 pairs" in " ".join(text.split())


def test_what_rounds_to_nothing_has_no_sign(contest):
    curves = {"a": [[(10, 8.0)]] * 4, "b": [[(10, 8.001)]] * 4}
    assert "-0.00" not in shown(analyse(contest(curves)), 80)


def shown(analysis, width):
    console = Console(file=StringIO(), width=width, color_system=None)
    for table in contest_tables(analysis):
        console.print(table)
    for line in contest_notes(analysis):
        console.print(line, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("width", [80, 140])
def test_the_tables_look_as_they_did(width, three):
    assert shown(analyse(three), width) == (GOLDEN / f"contest-{width}.txt").read_text(encoding="utf-8")
