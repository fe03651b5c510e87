"""Answers that are drawn: what looked best by luck does not stay the best."""

import numpy as np
import pytest

from harness.tasks.hofstede_vsm.regions import scores
from harness.tuning.cells import Incumbent
from harness.tuning.objective import Answers


@pytest.fixture
def noisy(fake_respondent):
    """Adds to every item mean what depends on candidate and draw alone; keeps what was asked."""

    class Noisy(fake_respondent):
        def __init__(self):
            super().__init__()
            self.draws = []

        def answer(self, prompts, draws=()):
            found = super().answer(prompts)
            self.draws += [(prompt.tobytes(), draw) for prompt, draw in zip(prompts, draws, strict=True)]
            for row, (prompt, draw) in enumerate(zip(prompts, draws, strict=True)):
                words = np.frombuffer(prompt.tobytes(), dtype=np.uint32)
                noise = np.random.default_rng([*draw, *words]).normal(0.0, 0.2, 24)
                found.item_means[row] = np.clip(found.item_means[row] + noise, 1, 5)
            return found

        def sampled(self, prompt, seed, number):
            draws, self.draws = self.draws, []
            found = self.answer(prompt[None], [(seed, number)])
            self.draws = draws
            return found

    return Noisy()


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("optimizer", ["de", "cma", "random"])
def test_the_incumbent_is_asked_again_and_its_error_is_that_of_all_its_samples(bench, noisy, optimizer, share):
    spec = bench.spec(optimizers=(optimizer,), budget=60, response="sample", share=share)
    rows, tuning, _ = bench.run(spec, noisy)
    assert tuning.chronicle.evaluations == len(noisy.draws) == 180
    samples = []
    for row in rows:
        prompt = bench.space.decode(row.vectors[:1])[0]
        numbers = sorted({number for key, (_, number) in noisy.draws if key == prompt.tobytes()})
        assert numbers == list(range(len(numbers)))
        samples.append(len(numbers))
        mean = np.mean([noisy.sampled(prompt, 0, number).indices for number in numbers], axis=0)
        assert row.loss == pytest.approx(np.abs(mean - scores([row.region])).mean(), abs=1e-9)
    assert max(samples) > 1
    lines = bench.generations()
    again = [line for line in lines if line["again"]]
    assert again and all(len(line["item_means"]) == 1 for line in again)


def test_a_search_does_not_profit_from_another_ones_samples(bench, noisy, fake_respondent):
    both, _, _ = bench.run(bench.spec(optimizers=("de", "random"), budget=40, response="sample"), noisy)
    alone, _, _ = bench.run(bench.spec(optimizers=("random",), budget=40, response="sample"), type(noisy)(), "other")
    assert [row.loss for row in both[3:]] == [row.loss for row in alone]


def test_a_candidate_that_turns_out_worse_gives_way():
    held = Incumbent(most=1, spare=2)
    held.offer(np.arange(4.0)[:, None], np.array([5.0, 1.0, 3.0, 9.0]), 4)
    held.revise(np.array([1.0]), 4.0, 5)
    assert (held.loss, held.best.tolist()) == (3.0, [2.0])
    held.revise(np.array([3.0]), 0.0, 6)
    assert held.loss == 3.0, "one that is not held is nobody's result"
    assert held.curve == [(4, 1.0), (5, 3.0)]


def test_answers_without_noise_are_asked_once(bench, fake_respondent):
    bench.run(bench.spec(budget=40), fake_respondent())
    assert "again" not in (bench.folder / "journal.jsonl").read_text()


def test_the_same_draw_gives_the_same_answers_and_another_one_others(lm):
    from harness.tasks.hofstede_vsm.responses import Asking
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tuning.objective import Respondent

    prompts = np.random.default_rng(0).normal(0, 0.05, (2, 3, lm.width)).astype(np.float32)
    drawn = Respondent(lm, load_survey(), "heldout", 3, asking=Asking("sample", 50))
    first, again = (drawn.answer(prompts, [(0, 0), (0, 1)]) for _ in range(2))
    assert np.array_equal(first.item_means, again.item_means)
    swapped = drawn.answer(prompts[::-1].copy(), [(0, 1), (0, 0)])
    assert np.array_equal(swapped.item_means, first.item_means[::-1])
    assert not np.array_equal(drawn.answer(prompts, [(1, 0), (1, 1)]).item_means, first.item_means)
    expected = Respondent(lm, load_survey(), "heldout", 3).answer(prompts)
    assert np.isnan(expected.sampling_error).all()
    # A sample of 50: within four standard errors of the expected answers' indices.
    assert (np.abs(first.indices - expected.indices) < 4 * first.sampling_error).all()
    large = Respondent(lm, load_survey(), "heldout", 3, asking=Asking("sample", 200_000)).answer(prompts)
    np.testing.assert_allclose(large.indices, expected.indices, atol=1.0)


def test_stacked_answers_come_apart_again():
    parts = [Answers(*(np.full((1, *shape), k) for shape in ((24,), (), (6,), (2, 24), (), (6,)))) for k in (1.0, 2.0)]
    whole = Answers.stack(parts)
    assert np.array_equal(whole.rows(1, 2).halves, parts[1].halves) and whole.option_mass.tolist() == [1.0, 2.0]


def test_a_candidate_that_was_revised_does_not_come_back_with_its_first_error():
    held = Incumbent(most=3, spare=0)
    lucky = np.array([[1.0]])
    held.offer(lucky, np.array([2.0]), 1)
    held.revise(lucky[0], 6.0, 2)
    held.offer(lucky, np.array([2.0]), 3)
    assert (held.loss, len(held.finalists)) == (6.0, 1)
