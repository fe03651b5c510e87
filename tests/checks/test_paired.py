"""Pairs of runs as plain values: who is paired with whom, and where no interval is given."""

import math
import random

import numpy as np
import pytest

from harness.checks.paired import effects
from harness.errors import InputError

MEANS = {("one", "acc"), ("one", "f1")}


def run(values, metric="acc", filtered="none", group=None, asked=None):
    """What lm-eval returns for one task with these values by document."""
    samples = [
        {
            "doc_id": place,
            "filter": filtered,
            "metrics": [] if value is None else [metric],
            "prompt_hash": (asked or {}).get(place, str(place)),
            **({} if value is None else {metric: value}),
        }
        for place, value in values.items()
    ]
    numbers = [value for value in values.values() if isinstance(value, (int, float))]
    mean = sum(numbers) / max(1, len(numbers))
    results = {
        "one": {"name": "one", "sample_len": 3, f"{metric},{filtered}": mean, f"{metric}_stderr,{filtered}": "N/A"}
    }
    if group is not None:
        results["all"] = {f"{metric},{filtered}": group}
    return {"results": results, "samples": {"one": samples}, "higher_is_better": {"one": {metric: True}}}


def only(before, after, means=MEANS):
    (effect,) = effects(before, after, means)
    return effect


def test_documents_are_paired_by_number_in_whatever_order_they_come():
    rng = np.random.default_rng(0)
    old = {place: float(value) for place, value in enumerate(rng.normal(0.0, 10.0, 40))}
    # Next to nothing of the spread between documents is left in the differences.
    new = {place: value + 1.0 + 0.01 * (place % 3) for place, value in old.items()}
    wanted = only(run(old), run(new))
    assert (wanted.documents, wanted.verdict) == (40, "better")
    assert wanted.low == pytest.approx(1.01, abs=0.01) and wanted.high == pytest.approx(1.01, abs=0.01)
    shuffled = list(new.items())
    random.Random(1).shuffle(shuffled)
    assert only(run(old), run(dict(shuffled))).low == pytest.approx(wanted.low, abs=1e-12)


def test_a_filter_is_named_unless_it_is_none():
    assert only(run({0: 1.0, 1: 0.0}), run({0: 1.0, 1: 1.0})).metric == "acc"
    assert (
        only(run({0: 1.0, 1: 0.0}, filtered="strict"), run({0: 1.0, 1: 1.0}, filtered="strict")).metric == "acc,strict"
    )


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ({0: 1.0}, {0: 0.0}, "one document"),
        ({0: 1.0, 1: 0.0, 2: None}, {0: 1.0, 1: 0.0, 2: 1.0}, "documents with a value in one of the two runs alone: 1"),
        ({0: 1.0, 1: math.nan}, {0: 1.0, 1: 0.0}, "documents whose values are not finite: 1"),
        ({0: (1, 2), 1: (1, 2)}, {0: (1, 2), 1: (1, 2)}, "the values of documents are no numbers"),
    ],
)
def test_no_interval_is_made_up(before, after, note):
    effect = only(run(before), run(after))
    assert (effect.low, effect.high, effect.note, effect.verdict) == (None, None, note, "unknown")


def test_a_metric_that_is_no_mean_has_no_interval():
    effect = only(run({0: 1.0, 1: 0.0}), run({0: 0.0, 1: 1.0}), means=set())
    assert (effect.low, effect.note, effect.documents) == (None, "no mean over documents", 2)


def test_a_group_has_figures_and_no_interval():
    found = effects(run({0: 1.0, 1: 0.0}, group=0.5), run({0: 1.0, 1: 1.0}, group=1.0), MEANS)
    assert [(one.task, one.documents) for one in found] == [("one", 2), ("all", 0)]
    assert (found[1].before, found[1].difference, found[1].low) == (0.5, 0.5, None)
    assert found[1].note == "put together from the tasks of the group"


def test_other_questions_the_second_time_are_refused():
    with pytest.raises(
        InputError, match=r"task 'one' asks other questions the second time \(documents that differ: 1\)"
    ):
        effects(run({0: 1.0, 1: 0.0}), run({0: 1.0, 1: 0.0}, asked={1: "another"}), MEANS)
    with pytest.raises(InputError, match="documents that differ: 1"):
        effects(run({0: 1.0, 1: 0.0}), run({0: 1.0}), MEANS)


@pytest.mark.parametrize(
    ("better", "shift", "verdict"),
    [
        (True, 1.0, "better"),
        (True, -1.0, "worse"),
        (False, 1.0, "worse"),
        (None, 1.0, "changed"),
        (True, 0.0, "unclear"),
    ],
)
def test_the_verdict_knows_the_direction(better, shift, verdict):
    before, after = run({0: 1.0, 1: 2.0}), run({0: 1.0 + shift, 1: 2.0 + shift})
    before["higher_is_better"]["one"]["acc"] = better
    assert only(before, after).verdict == verdict
