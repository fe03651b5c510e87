"""What the report says of runs that are unlike the usual one: each sentence must hold for them too."""

from pathlib import Path

import pytest

from harness.records.contest_directory import read_contest
from harness.records.run_directory import RunDirectory
from harness.report.document import document
from harness.report.leaderboard import build
from harness.report.meaning import contest_limits, limits
from harness.report.naive import naive_pair
from harness.report.regions import region_views
from harness.report.summary import summaries

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture(scope="module")
def record():
    """The committed run on five regions."""
    whole = RunDirectory(RESULTS / "respondent-de").read_record()
    return regions(whole, "USA", "CHN", "IND", "JPN", "DNK")


def regions(record, *codes):
    def kept(one):
        return one.model_copy(update={"results": tuple(each for each in one.results if each.region in codes)})

    return record.model_copy(update={"methods": tuple(map(kept, record.methods))})


def changed(record, method, change):
    """A record with other results of one method; None stands for all."""
    return record.model_copy(
        update={
            "methods": tuple(
                one.model_copy(update={"results": tuple(new for each in one.results for new in change(each))})
                if method in (one.method, None)
                else one
                for one in record.methods
            )
        }
    )


def errors(mae=None, tuned=None, seed=None, **more):
    """Changes a result to these errors."""

    def change(one):
        found = {"mae": mae, "mae_tuned": tuned, "seed": seed, **more}
        yield one.model_copy(update={key: value for key, value in found.items() if value is not None})

    return change


def repeated(step, *seeds):
    """Repeats a result with seeds, each with an error of its own."""
    return lambda one: (one.model_copy(update={"seed": seed, "mae": one.mae + step * seed}) for seed in seeds)


def told(*records):
    named = {f"run{place}": one for place, one in enumerate(records)}
    return next(summaries(named, build(named), {}))


def test_the_indices_that_count_are_named(record):
    aimed = record.model_copy(update={"spec": {**record.spec, "dimensions": ["pdi", "idv"]}})
    assert "distance of the six indices of its" in told(record).reached[0]
    assert "distance of pdi, idv of its" in told(aimed).reached[0]


@pytest.mark.parametrize(
    ("heldout", "tuned", "said"),
    [(5.0, 4.5, "about the same"), (5.0, 5.5, "about the same"), (9.0, 4.0, "5.00 less"), (4.0, 9.0, "5.00 more")],
)
def test_both_directions_of_a_gap_between_wordings_are_told(record, heldout, tuned, said):
    line = told(changed(record, "de", errors(heldout, tuned))).besides[0]
    assert [word for word in ("about the same", "5.00 less", "5.00 more") if word in line] == [said]


def test_equal_methods_are_neither_lower_nor_higher(record):
    one = told(changed(record, None, errors(10.0, 10.0)))
    assert all(finding.text.startswith("the same mean (") for finding in one.findings)
    assert {finding.verdict for finding in one.findings} == {"not shown to differ"}
    assert not any("comes nearest" in line for line in one.besides)


def test_a_worse_method_is_told_as_worse(record):
    one = told(changed(record, "de", errors(80.0)))
    assert {finding.verdict for finding in one.findings} == {"shown to be worse"}
    assert not any(finding.shown for finding in one.findings)


def test_many_evaluations_are_a_whole_number(record):
    assert told(changed(record, "de", errors(evaluations=23456.0))).reached[1].startswith("With 23456 candidate")
    assert told(changed(record, "de", errors(evaluations=12.125))).reached[1].startswith("With 12.12 candidate")


def test_one_region_with_seeds_has_an_interval_that_holds_for_it_alone(record):
    one = changed(regions(record, "USA"), "de", repeated(0.3, 0, 1, 2))
    assert {finding.verdict for finding in told(one).findings} == {"shown to be better, in this region alone"}
    for each, text in ((one, "one over its seeds"), (regions(record, "USA"), "no interval at all")):
        texts = {limit.title: limit.text for limit in limits({"run": each}, build({"run": each}))}
        assert f"One region has {text}" in texts["Intervals hold what they are made of"]


def test_models_of_one_name_are_told_beside_their_own_answers(record):
    other = changed(changed(record, "naive", errors(1.0)), "de", errors(30.0))
    other = other.model_copy(update={"model": record.model.model_copy(update={"dtype": "bfloat16"})})
    (naive,) = [row for row in build({"run0": record}).rows if row.method == "naive"]
    assert f"naive {naive.mae:.2f}" in told(record, other).reached[1]


def test_naive_answers_stand_beside_those_of_the_same_seed(record):
    shifted = changed(changed(record, "de", repeated(20.0, 0, 1)), "naive", repeated(20.0, 1, 0))
    board = build({"run": shifted})
    row = next(row for row in board.rows if row.method == "de")
    pair = naive_pair({"run": shifted}, row, board.bootstrap_seed)
    alone = build({"run": record})
    plain = naive_pair({"run": record}, next(one for one in alone.rows if one.method == "de"), alone.bootstrap_seed)
    assert (pair.low, pair.high) == pytest.approx((plain.low, plain.high))


def test_scores_of_runs_with_other_targets_stand_apart(record):
    scores = {code: dict.fromkeys(known, 7.0) for code, known in record.targets.scores.items()}
    targets = record.targets.model_copy(update={"scores": scores})
    other = record.model_copy(update={"targets": targets, "spec": {**record.spec, "targets": {"name": "mine"}}})
    both = {"one": record, "two": other}
    (view, *_) = region_views(both, build(both), {})
    assert [row[0] for row in view.sheet.rows[:2]] == ["published, one", "published, two"]
    assert set(view.sheet.rows[1][1:7]) == {"7"} and {(1, 1), (0, 1)} <= view.sheet.strong
    (view, *_) = region_views({"one": record}, build({"one": record}), {})
    assert view.sheet.rows[0][0] == "published" and view.sheet.rows[1][0] != "published"


def test_a_contest_tells_of_its_model_too():
    whole = read_contest(RESULTS / "benchmarks" / "studies" / "de" / "contest.json")
    spec = whole.spec.model_copy(update={"entrants": whole.spec.entrants[:1]})
    cells = tuple(cell for cell in whole.cells if cell.entrant in spec.labels)
    contest = whole.model_copy(update={"spec": spec, "cells": cells})
    text = document({}, {"one": contest, "two": contest})
    assert text.count("<dt>Not a finding about people") == text.count("<dt>The best optimizer here") == 1
    chance = contest.model_copy(update={"model": contest.model.model_copy(update={"random_weights": True})})
    assert next(contest_limits(chance)).title == "No result at all"
