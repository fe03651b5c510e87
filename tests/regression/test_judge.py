import math
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import RunError, UsageError
from harness.records.execution import ExecutionFacts
from harness.records.repeatability import Baseline, Metric, Repeated
from harness.regression.judge import beyond, judge, limit
from harness.regression.reference import build

# Means over regions of the four runs of the baseline.
ERRORS = (4.5, 4.6, 4.7, 4.8)
ALLOWED = mean(ERRORS) + 2.8 * stdev(ERRORS)


def status(verdict):
    return {finding.metric.label: finding.status for finding in verdict.findings}


def test_an_unchanged_run_passes(baseline, run):
    verdict = judge(baseline, run())
    assert verdict.passed
    assert set(status(verdict).values()) == {"same"}


@pytest.mark.parametrize(("error", "expected"), [(ALLOWED - 1e-6, "same"), (ALLOWED + 1e-6, "worse")])
def test_the_limit_is_2_8_standard_deviations_above_the_mean(baseline, run, error, expected):
    verdict = judge(baseline, run(worse=error - 4.5))
    assert status(verdict)["de mae"] == expected
    assert verdict.passed == (expected == "same")


def test_better_by_more_than_the_limit_passes_and_is_told(baseline, run):
    verdict = judge(baseline, run(worse=-2.0))
    assert status(verdict)["de mae"] == "better"
    assert verdict.passed


def test_a_slower_scorer_is_a_regression_of_speed_alone(baseline, run):
    verdict = judge(baseline, run(answering=2.7))
    assert [finding.metric.label for finding in verdict.findings if finding.failed] == ["answering"]


def test_what_is_not_gated_is_shown_and_does_not_fail(baseline, run):
    verdict = judge(baseline, run(answering=2.7), ("quality", "cost"))
    assert status(verdict)["answering"] == "worse"
    assert verdict.passed


def test_higher_is_better_for_mass(baseline, run):
    def with_mass(mass):
        record = run()
        methods = tuple(
            method.model_copy(
                update={"results": tuple(one.model_copy(update={"option_mass": mass}) for one in method.results)}
            )
            for method in record.methods
        )
        return record.model_copy(update={"methods": methods})

    assert status(judge(baseline, with_mass(0.98)))["de option_mass"] == "worse"
    assert status(judge(baseline, with_mass(0.999)))["de option_mass"] == "better"


def test_missing_methods_regions_and_times_fail(baseline, run):
    gone = judge(baseline, run(methods=("naive", "null")))
    assert status(gone)["de mae"] == "missing" and not gone.passed

    fewer = judge(baseline, run(regions=("USA",)))
    assert status(fewer)["naive mae"] == "missing" and not fewer.passed
    assert "de lacks CHN: it has no mean over the baseline's regions and seeds" in fewer.notes

    untimed = judge(baseline, run().model_copy(update={"timings": {}}))
    assert status(untimed)["answering"] == "missing" and not untimed.passed
    assert judge(baseline, run().model_copy(update={"timings": {}}), ("quality",)).passed


def test_more_regions_do_not_change_the_means(baseline, run):
    verdict = judge(baseline, run(regions=("USA", "CHN", "JPN")))
    assert verdict.passed
    assert next(one.value for one in verdict.findings if one.metric.label == "de mae") == 4.5


def test_costs_that_rise_fail(baseline, run):
    record = run()
    dear = record.model_copy(update={"scorer": record.scorer.model_copy(update={"distinct_tokens": 950})})
    assert [one.metric.label for one in judge(baseline, dear).findings if one.failed] == ["distinct_tokens"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seeds": 2}, "2 seeds"),
        ({"survey": {"name": "bundled", "digest": "other"}}, 'survey is "s" there, "other" here'),
        ({"targets": {"name": "bundled", "digest": "other"}}, "targets"),
        ({"response": "greedy"}, 'response is "expected" there, "greedy" here'),
        ({"dimensions": ["pdi"]}, "dimensions"),
        ({"split": "others"}, "other heldout wordings"),
    ],
)
def test_a_run_that_was_asked_something_else_is_refused(baseline, run, change, told):
    with pytest.raises(UsageError, match=told):
        judge(baseline, run(**change))


@pytest.mark.parametrize("spec", [{}, {"regions": []}, {"regions": "USA"}, {"regions": ["USA"], "dimensions": ["x"]}])
def test_a_baseline_whose_settings_say_nothing_is_none(baseline, spec):
    with pytest.raises(ValidationError, match="spec"):
        Baseline.model_validate({**baseline.model_dump(), "spec": spec})


def test_settings_that_differ_where_nothing_is_looked_at_are_refused_all_the_same(baseline, run):
    """Titles are passed over when differences are named, and a difference in nothing else has a name still."""
    with pytest.raises(UsageError, match="constants is "):
        judge(build(run(constants=[{"title": "a"}]), [run(first_seed=1)]), run(constants=[{"title": "b"}]))


def test_the_name_of_a_survey_file_is_no_difference(baseline, run):
    assert judge(baseline, run(survey={"name": "moved.toml", "digest": "s"})).passed


def test_what_else_differs_is_noted(baseline, run):
    verdict = judge(baseline, run(optimizers=[{"name": "de", "parameters": {"F": 0.1}}], digest="other weights"))
    assert "settings that differ from the baseline's: optimizers.0.parameters.F is 0.7 there, 0.1 here" in verdict.notes
    assert any(note.startswith("the model is another one: respondent (other weights") for note in verdict.notes)


def test_times_of_another_machine_are_not_judged_unless_asked_for(baseline, run):
    other = run(answering=9.0, machine={"processor": "two", "cores": 2, "gpu": None})
    verdict = judge(baseline, other)
    assert status(verdict)["answering"] == "elsewhere"
    assert verdict.passed
    assert any('processor is "one" there, "two" here' in note for note in verdict.notes)
    assert status(judge(baseline, other, any_machine=True))["answering"] == "worse"
    # More memory is the same kind of machine, fewer threads are not.
    assert status(judge(baseline, run(answering=9.0, machine={**other.provenance.machine, "processor": "one"})))[
        "answering"
    ] == ("worse")
    assert status(judge(baseline, run(answering=9.0, threads=1)))["answering"] == "elsewhere"


def test_methods_beyond_the_baseline_are_named(run):
    small = build(run(methods=("de",)), [run(methods=("de",), first_seed=k, worse=0.1) for k in (1, 2)])
    verdict = judge(small, run())
    assert verdict.passed
    assert any(note.startswith("not in the baseline, and not judged: naive mae") for note in verdict.notes)


def test_arithmetic_alone_is_no_regression(run):
    """Answers without a search are equal to the bit in all repeats, and on another machine are not."""
    known = build(run(gap=1e-5), [run(first_seed=k) for k in (1, 2)])
    record = run(gap=1.0)
    naive = next(one for one in record.methods if one.method == "naive")

    def moved(by):
        results = tuple(one.model_copy(update={"mae": one.mae + by}) for one in naive.results)
        methods = (naive.model_copy(update={"results": results}), *record.methods[1:])
        return record.model_copy(update={"methods": methods})

    # 270 index points for each nat, over six dimensions.
    assert status(judge(known, moved(0.9 * 270e-5)))["naive mae"] == "same"
    assert status(judge(known, moved(1.1 * 270e-5)))["naive mae"] == "worse"


def test_what_scatters_has_no_other_limit_than_its_scatter(run):
    """A scorer that is off by much would else widen the limit of all its numbers."""
    coarse = build(run(gap=0.1), [run(worse=0.1 * k, first_seed=k, gap=0.1) for k in (1, 2, 3)])
    assert status(judge(coarse, run(worse=1.0)))["de mae"] == "worse"


@pytest.mark.parametrize("gap", [1e300, -1e300])
def test_limits_are_numbers_whatever_a_record_says_of_its_arithmetic(baseline, run, gap):
    assert all(0 <= one.limit <= 270 for one in judge(baseline, run(gap=gap)).findings)


@given(st.lists(st.floats(0, 100), min_size=3, max_size=9), st.booleans())
def test_none_of_up_to_nine_runs_fails_beside_them(values, higher):
    """A value is at most (n - 1) / sqrt(n) standard deviations from the mean of n, below 2.8 for n up to 9."""
    metric = Metric(area="quality", name="x", unit="", higher_is_better=higher)
    repeated = Repeated(metric=metric, values=tuple(values), arithmetic=1e-9)
    most = max(abs(value - mean(values)) for value in values)
    assert most <= limit(repeated) * (1 + 1e-9) + 1e-9
    assert math.isclose(limit(repeated), max(2.8 * stdev(values), 1e-9), abs_tol=1e-9)


def test_a_reference_beyond_its_own_limit_is_told(run):
    usual = [run(first_seed=k, worse=0.01 * (k % 3)) for k in range(1, 15)]
    assert beyond(build(run(worse=3.0), usual)) == ["de mae", "de mae_tuned"]
    assert beyond(build(run(), usual)) == []


def test_runs_that_do_not_match_make_no_baseline(run):
    with pytest.raises(RunError, match="run-0 and run-1 do not both have naive mae"):
        build(run(), [run(first_seed=1, methods=("null", "de"))])
    with pytest.raises(RunError, match="holds no calibrated times: an older version took none"):
        build(run().model_copy(update={"timings": {}}), [run(first_seed=1)])
    workers = ExecutionFacts(executor="ray", wanted=0, workers=(), seconds=1.0, candidates=1, driver=0.1)
    with pytest.raises(RunError, match=r"workers answered it, .* run it again with --fresh and without workers"):
        build(run().model_copy(update={"timings": {}, "execution": workers}), [run(first_seed=1)])


def test_repeats_on_another_machine_make_no_baseline(run):
    with pytest.raises(RunError, match=r"run-1 was .* machine than run-0 \(threads is 2 there, 1 here"):
        build(run(), [run(first_seed=1, threads=1)])


def test_a_run_without_times_is_told_why(baseline, run):
    notes = judge(baseline, run().model_copy(update={"timings": {}})).notes
    assert any(note.startswith("the run holds no calibrated times") for note in notes)
    assert not any("calibrated times" in note for note in judge(baseline, run()).notes)
