import json
from itertools import pairwise

import numpy as np
import pytest

from harness.errors import RunError
from harness.optimizers import names
from harness.tasks.hofstede_vsm.regions import scores


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("optimizer", names())
@pytest.mark.parametrize("budget", [1, 2, 7, 40, 101])
def test_the_budget_is_spent_exactly(bench, optimizer, budget, share):
    # Nothing is good enough, so that all of it is spent.
    spec = bench.spec(optimizers=(optimizer,), budget=budget, share=share, rest=0.0)
    rows, tuning, respondent = bench.run(spec)
    total = budget * len(spec.regions)
    assert respondent.asked == tuning.evaluations == total
    assert sum(row.evaluations for row in rows) == pytest.approx(tuning.evaluations)
    assert [row.evaluations for row in rows] == [budget] * len(rows)


def test_tuning_improves_on_the_first_sample(bench):
    rows, _, _ = bench.run(bench.spec(budget=200))
    for row in rows:
        assert row.loss < 0.7 * row.curve[0][1]


def test_the_loss_told_is_the_loss_of_the_vector_returned(bench, fake_respondent):
    spec = bench.spec(budget=60)
    rows, _, _ = bench.run(spec)
    for row in rows:
        answers = fake_respondent().answer(bench.space.decode(row.vectors[:1]))
        assert answers.losses(scores([row.region]))[0, 0] == pytest.approx(row.loss, abs=1e-9)


def test_curves_fall_and_end_at_the_loss(bench):
    rows, _, _ = bench.run(bench.spec(budget=60))
    for row in rows:
        evaluations, losses = zip(*row.curve, strict=True)
        assert list(evaluations) == sorted(evaluations)
        assert all(later < earlier for earlier, later in pairwise(losses))
        assert losses[-1] == row.loss


def test_the_same_spec_gives_the_same_bytes_and_another_seed_does_not(bench):
    spec = bench.spec(budget=40)
    first, _, _ = bench.run(spec, name="one.jsonl")
    second, _, _ = bench.run(spec, name="two.jsonl")
    other, _, _ = bench.run(bench.spec(budget=40, first_seed=1), name="three.jsonl")
    assert [row.vectors.tobytes() for row in first] == [row.vectors.tobytes() for row in second]
    assert (bench.folder / "one.jsonl").read_bytes() == (bench.folder / "two.jsonl").read_bytes()
    assert [row.vectors.tobytes() for row in first] != [row.vectors.tobytes() for row in other]


def test_a_shared_sample_is_evaluated_once_for_all_optimizers(bench):
    spec = bench.spec(optimizers=("de", "random"), budget=30, pool=20)
    _, tuning, respondent = bench.run(spec)
    # Each optimizer is charged for the sample, the model is asked once.
    assert tuning.evaluations - respondent.asked == 20


def test_with_sharing_a_region_keeps_the_best_candidate_of_all(bench):
    shared, _, _ = bench.run(bench.spec(budget=40), name="shared.jsonl")
    lines = [json.loads(line) for line in (bench.folder / "shared.jsonl").read_text().splitlines()]
    from harness.tasks.hofstede_vsm.indices import errors, indices

    means = np.array([row for line in lines for row in line["item_means"]])
    best = errors(indices(means), scores(row.region for row in shared)).min(axis=0)
    assert [row.loss for row in shared] == pytest.approx(best.tolist(), abs=0)


def test_without_sharing_a_region_does_not_depend_on_the_others(bench):
    alone, _, _ = bench.run(bench.spec(regions="CHN", budget=40, share=False), name="alone.jsonl")
    among, _, _ = bench.run(bench.spec(regions="USA,CHN", budget=40, share=False), name="among.jsonl")
    assert alone[0].vectors.tobytes() == among[1].vectors.tobytes()


def test_failed_candidates_are_counted_and_never_kept(bench, fake_respondent):
    respondent = fake_respondent(fail=lambda prompt: prompt[0, 0] > 0)
    rows, _, _ = bench.run(bench.spec(budget=60), respondent)
    assert all(np.isfinite(row.loss) for row in rows)
    assert sum(row.failed for row in rows) > 0
    assert all(bench.space.decode(row.vectors[:1])[0, 0, 0] <= 0 for row in rows)
    journal = (bench.folder / "journal.jsonl").read_text()
    assert "NaN" not in journal and "null" in journal


def test_a_run_in_which_everything_fails_stops_with_the_reason(bench, fake_respondent):
    with pytest.raises(RunError, match="every candidate for region 'USA' failed"):
        bench.run(bench.spec(budget=10), fake_respondent(fail=lambda prompt: True))


def test_the_journal_holds_every_generation(bench):
    rows, _, _ = bench.run(bench.spec(budget=40))
    lines = [json.loads(line) for line in (bench.folder / "journal.jsonl").read_text().splitlines()]
    assert lines[0]["region"] == "" and lines[0]["generation"] == 0
    for row in rows:
        mine = [line["generation"] for line in lines if line["region"] == row.region.code]
        assert mine == list(range(len(mine)))
    assert all(len(means) == 24 for line in lines for means in line["item_means"])


def test_the_observer_sees_the_run_to_its_end(bench):
    _, tuning, _ = bench.run(bench.spec(budget=40))
    assert bench.progress[-1].regions_done == 3
    assert bench.progress[-1].evaluations == tuning.evaluations
    bests = [progress.best for progress in bench.progress]
    assert bests == sorted(bests, reverse=True)
