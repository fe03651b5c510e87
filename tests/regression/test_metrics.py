import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.regression.metrics import lacking, measure


def test_values_are_means_over_regions_and_seeds(run):
    found = measure(run(worse=1.0, seeds=3), ("USA", "CHN"), 3)
    assert found["de mae"].value == pytest.approx(5.5)
    assert found["de mae_tuned"].value == pytest.approx(4.5)
    assert found["naive mae"].value == pytest.approx(20.5)
    assert found["de evaluations"].value == 60
    assert found["distinct_tokens"].value == 949
    assert found["answering"].value == 2.0 and found["searching"].value == 0.1


def test_areas_stand_together(run):
    areas = [one.metric.area for one in measure(run(), ("USA", "CHN"), 1).values()]
    assert list(dict.fromkeys(areas)) == ["quality", "cost", "speed"]
    assert areas == sorted(areas, key=("quality", "cost", "speed").index)


def test_only_the_regions_that_are_asked_for_count(run):
    record = run(regions=("USA", "CHN", "JPN"))
    assert measure(record, ("USA",), 1)["de mae"].value == 4.0
    assert measure(record, ("USA", "JPN"), 1)["de mae"].value == 5.0


def test_null_rows_are_no_metrics(run):
    assert not [label for label in measure(run(), ("USA", "CHN"), 1) if label.startswith("null")]


@pytest.mark.parametrize(("regions", "seeds", "absent"), [(("USA", "JPN"), 1, ["JPN"]), (("USA",), 2, ["USA"])])
def test_a_method_without_a_region_or_seed_has_no_value(run, regions, seeds, absent):
    record = run()
    tuned = next(method for method in record.methods if method.method == "de")
    assert lacking(tuned, regions, seeds) == absent
    assert "de mae" not in measure(record, regions, seeds)


def test_a_method_without_seeds_stands_for_all(run):
    assert "naive mae" in measure(run(), ("USA", "CHN"), 3)
    assert "de mae" not in measure(run(), ("USA", "CHN"), 3)


def test_times_that_were_not_calibrated_are_missing(run):
    record = run().model_copy(update={"timings": {"tuning": 3.0}})
    assert not {"answering", "searching"} & measure(record, ("USA",), 1).keys()


@given(gap=st.floats(1e-9, 1e-2), seed=st.integers(0, 2**32 - 1))
def test_no_change_of_log_probabilities_moves_an_error_by_more_than_is_allowed_for(run, gap, seed):
    """Disturbs answers of a whole survey by up to `gap` and compares the errors."""
    import numpy as np

    from harness.tasks.hofstede_vsm.indices import indices

    rng = np.random.default_rng(seed)
    logs = np.log(rng.dirichlet(np.full(5, 0.3), 24) + 1e-12)
    # Half of the time the worst case: as likely at both ends, and pushed to one of them.
    if seed % 2:
        logs = np.log(np.tile([0.5, 1e-12, 1e-12, 1e-12, 0.5], (24, 1)))
    pushed = logs + gap * rng.choice([-1.0, 1.0], logs.shape)

    def means(values):
        weights = np.exp(values)
        return (weights / weights.sum(axis=1, keepdims=True)) @ np.arange(1.0, 6.0)

    targets = rng.uniform(0, 100, 6)
    before, after = (np.abs(indices(means(one)) - targets).mean() for one in (logs, pushed))
    allowed = measure(run(gap=gap), ("USA", "CHN"), 1)["naive mae"].arithmetic
    assert abs(before - after) <= allowed * 1.0001
    assert measure(run(gap=gap, dimensions=["pdi"]), ("USA",), 1)["naive mae"].arithmetic == pytest.approx(240 * gap)
