"""What is counted before a run is what the run then does."""

import math

import pytest

from harness.tuning.counts import count


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"share": False},
        {"optimizers": ("random", "de", "pso"), "seeds": 2},
        {"optimizers": ("random", "cma"), "seeds": 2, "share": False, "regions": "USA"},
        {"optimizers": ("random", "pso"), "seeds": 2, "response": "sample", "respondents": 10},
        {"pool": 25, "budget": 11},
        {"budget": 1},
    ],
    ids=str,
)
def test_as_many_candidates_are_answered_as_were_counted(bench, settings):
    spec = bench.spec(**{"budget": 12, "rest": 0.0, **settings})
    rows, tuning, respondent = bench.run(spec)
    counts = count(spec, tuning.grounds)
    assert counts.answered == respondent.asked
    assert counts.asked == tuning.chronicle.evaluations == spec.budget * len(rows)
    assert (counts.searches, counts.regions, counts.splits) == (len(rows), len(spec.regions), 2)
    assert counts.nulls == spec.seeds * (2 if counts.regions == 1 else counts.regions)
    assert counts.steps == 0


def test_the_reference_has_what_the_first_sample_leaves(bench):
    spec = bench.spec(optimizers=("gradient", "random"), budget=12, rest=0.0)
    _, tuning, _ = bench.run(bench.spec(optimizers=("random",), budget=12, rest=0.0))
    counts = count(spec, tuning.grounds)
    sample = spec.pool_size(3)
    assert counts.steps == 3 * (12 - math.ceil(sample / 3))
    assert (counts.asked, counts.answered) == (36, 36)
    alone = count(bench.spec(optimizers=("gradient",), budget=12), tuning.grounds)
    assert (alone.asked, alone.answered) == (0, sample)
