from itertools import pairwise

import numpy as np
import pytest

from harness.errors import RunError
from harness.optimizers import names
from harness.tasks.hofstede_vsm.regions import scores
from harness.tuning.spec import generator


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("optimizer", names())
@pytest.mark.parametrize("budget", [1, 2, 7, 40, 101])
def test_the_budget_is_spent_exactly(bench, optimizer, budget, share):
    # Nothing is good enough, so that all of it is spent.
    spec = bench.spec(optimizers=(optimizer,), budget=budget, share=share, rest=0.0)
    rows, tuning, respondent = bench.run(spec)
    total = budget * len(spec.regions)
    assert respondent.asked == tuning.chronicle.evaluations == total
    assert sum(row.evaluations for row in rows) == pytest.approx(tuning.chronicle.evaluations)
    assert [row.evaluations for row in rows] == [budget] * len(rows)


@pytest.mark.parametrize("block", [1, 2, 1000])
def test_a_block_is_what_is_asked_in_one_go(bench, block):
    spec = bench.spec(regions="USA,CHN,IND,JPN,BRA", budget=20, rest=0.0, block=block)
    _, tuning, respondent = bench.run(spec)
    assert respondent.asked == tuning.chronicle.evaluations == 100
    together = [len(line["generations"]) for line in bench.entries() if line["generations"][0][0]]
    assert max(together) == min(block, 5)


def test_a_block_of_the_default_size_is_not_told(bench):
    """Runs from before there was a choice keep their names."""
    assert "block" not in bench.spec().plain()
    assert bench.spec(block=9).plain()["block"] == 9
    assert type(bench.spec()).read(bench.spec(block=9).plain()).block == 9


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
    assert bench.generations("one.jsonl") == bench.generations("two.jsonl")
    assert [row.vectors.tobytes() for row in first] != [row.vectors.tobytes() for row in other]


def test_a_shared_sample_is_evaluated_once_for_all_optimizers(bench):
    spec = bench.spec(optimizers=("de", "random"), budget=30, pool=20)
    _, tuning, respondent = bench.run(spec)
    # Each optimizer is charged for the sample, the model is asked once.
    assert tuning.chronicle.evaluations - respondent.asked == 20


def test_with_sharing_a_region_keeps_the_best_candidate_of_all(bench):
    shared, _, _ = bench.run(bench.spec(budget=40), name="shared.jsonl")
    lines = bench.generations("shared.jsonl")
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
    with pytest.raises(RunError, match=r"every candidate of the first sample failed \(de, seed 0; 6 of 6\)"):
        bench.run(bench.spec(budget=10), fake_respondent(fail=lambda prompt: True))


def test_the_journal_holds_every_generation(bench):
    rows, _, _ = bench.run(bench.spec(budget=40))
    lines = bench.generations()
    assert lines[0]["region"] == "" and lines[0]["generation"] == 0
    for row in rows:
        mine = [line["generation"] for line in lines if line["region"] == row.region.code]
        # The first generation holds nothing but candidates of the first sample, which are known.
        assert mine == list(range(1, len(mine) + 1))
    assert all(len(means) == 24 for line in lines for means in line["item_means"])


def test_the_observer_sees_the_run_to_its_end(bench):
    _, tuning, _ = bench.run(bench.spec(budget=40))
    assert bench.progress[-1].regions_done == 3
    assert bench.progress[-1].evaluations == tuning.chronicle.evaluations
    bests = [progress.best for progress in bench.progress]
    assert bests == sorted(bests, reverse=True)


def test_a_search_ends_where_the_error_is_small_enough(bench):
    rows, tuning, respondent = bench.run(bench.spec(budget=200, rest=8.0))
    assert all(row.loss <= 8.0 for row in rows)
    assert respondent.asked == tuning.chronicle.evaluations < 600
    assert bench.progress[-1].regions_done == 3


def test_what_one_region_leaves_of_the_budget_the_others_may_spend(bench):
    """Two regions rest at once; the third one gets more than its own part, and no more than there is."""
    spec = bench.spec(budget=40, rest=1e9, pool=10)
    rows, tuning, _ = bench.run(spec, name="all_rest.jsonl")
    assert tuning.chronicle.evaluations == 10
    assert [row.evaluations for row in rows] == [10 / 3] * 3

    losses = sorted(row.loss for row in rows)
    spec = bench.spec(budget=40, rest=(losses[1] + losses[2]) / 2, pool=10, optimizers=("random",))
    rows, tuning, _ = bench.run(spec, name="one_searches.jsonl")
    lines = bench.generations("one_searches.jsonl")
    searching = {line["region"] for line in lines} - {""}
    assert len(searching) == 1
    spent = sum(len(line["item_means"]) for line in lines if line["region"] in searching)
    assert spent > 40


def test_regions_are_shown_what_the_others_found(bench, monkeypatch):
    """Each region is given every sound candidate of the others exactly once, with the losses for itself."""
    from harness.optimizers.random_search import RandomSearch

    given = []

    def adopt(self, candidates, losses, outputs=None):
        given.append((self.problem.goal.tobytes(), np.array(candidates), np.array(losses), np.array(outputs)))

    monkeypatch.setattr(RandomSearch, "adopt", adopt)
    spec = bench.spec(optimizers=("random",), budget=64, pool=10, rest=0.0)
    rows, _, _ = bench.run(spec)
    lines = bench.generations()
    for row in rows:
        goal = scores([row.region])[0]
        mine = [one for one in given if one[0] == goal.tobytes()]
        shown = np.concatenate([one[1] for one in mine])
        assert len(np.unique(shown, axis=0)) == len(shown)
        # All regions ask the same ten known candidates first; the last round comes after its last generation.
        others = [line for line in lines if line["region"] not in ("", row.region.code)]
        fresh = sum(len(line["item_means"]) for line in others)
        assert fresh - 3 * 16 <= len(shown) <= fresh
        for _, _, losses, outputs in mine:
            assert np.allclose(losses, np.abs(outputs - goal).mean(axis=1), rtol=0, atol=1e-9)


def test_without_sharing_nothing_is_shown(bench, monkeypatch):
    from harness.optimizers.random_search import RandomSearch

    def adopt(self, *_):
        raise AssertionError("a region was shown candidates of another")

    monkeypatch.setattr(RandomSearch, "adopt", adopt)
    bench.run(bench.spec(optimizers=("random",), budget=40, share=False))


def test_finalists_are_the_best_distinct_candidates(bench):
    spec = bench.spec(budget=60, finalists=4)
    rows, _, _ = bench.run(spec)
    for row in rows:
        assert len(np.unique(row.vectors, axis=0)) == len(row.vectors) == 4
    alone, _, _ = bench.run(bench.spec(budget=60, finalists=1), name="alone.jsonl")
    assert [row.vectors[0].tobytes() for row in rows] == [row.vectors[0].tobytes() for row in alone]


def test_a_penalty_keeps_candidates_small(bench):
    size = {}
    for penalty in (0.0, 500.0):
        rows, _, _ = bench.run(bench.spec(budget=60, penalty=penalty), name=f"{penalty}.jsonl")
        size[penalty] = np.mean([np.sqrt(np.square(row.vectors[0]).mean()) for row in rows])
    assert size[500.0] < 0.8 * size[0.0]


def test_the_worse_wording_counts(bench, fake_respondent):
    class TwoWordings(fake_respondent):
        def answer(self, prompts, draws=()):
            answers = super().answer(prompts)
            answers.halves[:, 1] = np.clip(answers.item_means + 0.1 * np.sin(10 * answers.item_means), 1, 5)
            return answers

    rows, _, _ = bench.run(bench.spec(budget=60, aggregate="worst"), TwoWordings())
    from harness.tasks.hofstede_vsm.indices import errors, indices

    for row in rows:
        answers = TwoWordings().answer(bench.space.decode(row.vectors[:1]))
        by_half = [errors(indices(answers.halves[:, half]), scores([row.region]))[0, 0] for half in (0, 1)]
        assert row.loss == pytest.approx(max(by_half), abs=1e-9)
    lines = bench.generations()
    assert all(np.shape(line["halves"]) == (len(line["item_means"]), 2, 24) for line in lines)


def test_a_large_generation_leaves_the_other_regions_their_part(bench):
    from harness.optimizers import parse_parameters
    from harness.tuning.spec import OptimizerSpec

    large = OptimizerSpec(name="random", parameters=parse_parameters("random", {"batch": 500}))
    spec = bench.spec(budget=40, pool=10, rest=0.0).model_copy(update={"optimizers": (large,)})
    bench.run(spec)
    lines = bench.generations()
    spent = {}
    for line in lines[1:]:
        spent[line["region"]] = spent.get(line["region"], 0) + len(line["item_means"])
    # The ten known ones are free; what the sample took of the budget is missing at the end.
    assert list(spent.values()) == [40, 40, 30]


def test_a_single_candidate_left_over_in_the_first_sample_may_fail(bench, fake_respondent):
    spec = bench.spec(optimizers=("random",), budget=20, pool=33)
    last = generator(0, "sample", "").uniform(-1, 1, (33, bench.space.lower.size))[-1]
    prompt = bench.space.decode(last[None])[0]
    rows, _, _ = bench.run(spec, fake_respondent(lambda one: np.array_equal(one, prompt)))
    assert all(np.isfinite(row.loss) for row in rows)
