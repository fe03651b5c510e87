"""The same answers under other choices, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records.schema import DIMENSIONS, TargetFacts
from harness.report.sensitivity import ANCHORS, sensitivity

CODES = [f"R{place:02}" for place in range(ANCHORS)]


@pytest.fixture
def run(record, result):
    """Answers `off` points above the scores of every region in every dimension, plus `spread` up and down in turn."""

    def build(off=7.0, spread=2.0, codes=CODES, **spec):
        rng = np.random.default_rng(0)
        scores = {code: dict(zip(DIMENSIONS, rng.uniform(0, 100, 6), strict=True)) for code in codes}
        rows = []
        for place, code in enumerate(codes):
            error = off + (spread if place % 2 else -spread)
            indices = {name: score + error for name, score in scores[code].items()}
            rows.append(result(code, abs(error), 0).model_copy(update={"indices": indices}))
        facts = TargetFacts(scores=scores, spread=dict.fromkeys(DIMENSIONS, 20.0), mean=dict.fromkeys(DIMENSIONS, 50.0))
        return record(de=rows).model_copy(update={"targets": facts, "spec": spec})

    return build


def test_anchoring_takes_what_a_method_is_off_by_on_average_and_no_more(run):
    (choice,) = sensitivity({"one": run()}).choices
    assert choice.midpoint == pytest.approx(7.0)
    assert choice.anchored == pytest.approx(2.0)
    assert choice.tuned == pytest.approx(6.0)
    assert (choice.vintage, choice.vintage_anchored, choice.wordings) == (None, None, 2)


def test_a_few_regions_are_not_anchored(run):
    found = sensitivity({"one": run(codes=CODES[:-1])})
    assert found.choices[0].anchored is None


def test_other_targets_are_taken_where_both_have_scores(run):
    record = run(off=0.0, spread=0.0)
    shifted = {code: {name: score + 3.0 for name, score in row.items()} for code, row in record.targets.scores.items()}
    shifted[CODES[0]] = dict.fromkeys(DIMENSIONS, None)
    del shifted[CODES[1]]
    shifted[CODES[2]] = {**shifted[CODES[2]], "pdi": None}
    shifted["ELSEWHERE"] = dict.fromkeys(DIMENSIONS, 1.0)
    found = sensitivity({"one": record}, shifted)
    (choice,) = found.choices
    assert choice.vintage == pytest.approx(3.0) and choice.midpoint == 0.0
    assert choice.vintage_anchored is None, "eight regions are left"
    assert found.regions["one"] == (10, 8)


def test_dimensions_that_are_not_aimed_at_do_not_count(run):
    record = run(off=0.0, spread=0.0, dimensions=["pdi"])
    other = {
        code: {name: score + (1.0 if name == "pdi" else 50.0) for name, score in row.items()}
        for code, row in record.targets.scores.items()
    }
    only_others = {code: {**row, "pdi": None} for code, row in other.items()}
    assert sensitivity({"one": record}, other).choices[0].vintage == pytest.approx(1.0)
    assert sensitivity({"one": record}, only_others).choices[0].vintage is None


@settings(max_examples=25)
@given(st.floats(-40, 40), st.floats(0, 10))
def test_under_anchors_a_shift_of_a_whole_study_changes_nothing(run, off, spread):
    (choice,) = sensitivity({"one": run(off=off, spread=spread)}).choices
    assert choice.anchored == pytest.approx(spread, abs=1e-6)


def test_the_order_of_methods_is_compared(run):
    record = run()
    (good,) = record.methods
    worse = tuple(
        row.model_copy(update={"mae": row.mae + 5, "indices": {name: value + 5 for name, value in row.indices.items()}})
        for row in good.results
    )
    middling = tuple(row.model_copy(update={"mae": row.mae + 2}) for row in good.results)
    methods = (
        good,
        good.model_copy(update={"method": "worse", "results": worse}),
        good.model_copy(update={"method": "middling", "results": middling}),
    )
    found = sensitivity({"one": record.model_copy(update={"methods": methods})})
    assert [choice.method for choice in found.choices] == ["de", "middling", "worse"]
    assert found.order["one"]["anchored"] is None, "anchored, all three are the same"


def test_a_dimension_with_scores_of_few_regions_is_not_anchored(run):
    """One region alone would lose all of its error in that dimension."""
    record = run()
    scores = {
        code: {**row, "lto": row["lto"] if code == CODES[0] else None} for code, row in record.targets.scores.items()
    }
    lacking = record.targets.model_copy(update={"scores": scores})
    assert sensitivity({"one": record.model_copy(update={"targets": lacking})}).choices[0].anchored is None
    for row in scores.values():
        row["lto"] = None
    lacking = record.targets.model_copy(update={"scores": scores})
    found = sensitivity({"one": record.model_copy(update={"targets": lacking})})
    assert found.choices[0].anchored == pytest.approx(2.0), "nobody has that dimension, the others are anchored"


def test_what_other_targets_lack_is_told(run):
    from harness.report.sensitivity_table import sensitivity_notes

    record = run()
    vintage = {CODES[0]: {**record.targets.scores[CODES[0]], "pdi": None, "ivr": None}}
    found = sensitivity({"one": record}, vintage)
    assert found.partial == {"one": {CODES[0]: ("pdi", "ivr")}}
    told = "without a score in v.csv, so that errors there are over the others: R00 (pdi, ivr)"
    assert told in list(sensitivity_notes(found, "v.csv"))
    none = sensitivity({"one": record}, {"ELSEWHERE": vintage[CODES[0]]})
    assert "no region has scores in v.csv: nothing is compared with it" in list(sensitivity_notes(none, "v.csv"))
    assert "1 region" in list(sensitivity_notes(sensitivity({"one": run(codes=CODES[:1])}), None))
