from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.chat import tokenise
from harness.models.language_model import LanguageModel, ModelSpec
from harness.models.loading import load
from harness.models.scorer import Scorer, choose_layout
from harness.models.trie import capacities, lay_out
from harness.tasks.hofstede_vsm.answers import option_mass

NATS = 1e-4
EXACT = ("llama", "llama-tied", "gpt2", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "mistral", "phi3", "opt")
Model = Callable[[str], LanguageModel]
Scores = NDArray[np.float64]


def near(found: Scores, wanted: Scores) -> None:
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=NATS)


@pytest.mark.parametrize("tokens", [0, 1, 20])
@pytest.mark.parametrize("name", EXACT)
def test_equals_the_plain_forward(
    name: str, tokens: int, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model(name)
    candidates = soft_prompts(2, tokens, lm)
    found = Scorer(lm, turns.few, tokens).score(candidates)
    wanted = plain_scores(lm, turns.few, candidates)
    near(found, wanted)
    # The comparison means something: prompts differ, and so do candidates.
    assert wanted.std(axis=1).min() > 0.01
    if tokens:
        assert np.abs(wanted[0] - wanted[1]).max() > 0.01


@pytest.mark.parametrize("tokens", [0, 3])
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma"])
def test_every_layout_and_micro_batch_gives_the_same(
    name: str, tokens: int, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model(name)
    candidates = soft_prompts(3, tokens, lm)
    wanted = plain_scores(lm, turns.few, candidates)
    prompts = tokenise(lm, turns.few)
    sizes = capacities(prompts)
    assert len(sizes) >= 4
    for place, capacity in enumerate([1, *sizes]):
        layout = lay_out(prompts, capacity)
        scorer = Scorer(lm, turns.few, tokens, layout=layout, micro_batch=1 + place % 4)
        near(scorer.score(candidates), wanted)


def test_layouts_run_from_a_row_for_each_prompt_to_one_for_all(model: Model, turns: Any) -> None:
    prompts = tokenise(model("llama"), turns.few)
    sizes = capacities(prompts)
    # Two scales in two orders and one reversed scale: the last prompts of a kind may share a row even when it is short.
    assert lay_out(prompts, 1).shape[0] == len(set(prompts))
    assert lay_out(prompts, sizes[-1]).shape[0] == 1
    layout = choose_layout(prompts, model("llama"))
    assert layout.distinct < layout.total


def test_the_tuning_survey(model: Model, turns: Any, plain_scores: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(1, 4, lm)
    near(Scorer(lm, turns.many, 4).score(candidates), plain_scores(lm, turns.many, candidates))


@pytest.mark.parametrize(
    "pick", [[0], [0, 0], [3, 0, 3], [5, 4, 3, 2, 1, 0]], ids=["one", "twice", "repeated", "backwards"]
)
def test_any_order_and_number_of_prompts(
    pick: list[int], model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model("qwen2")
    chosen = [turns.few[i] for i in pick]
    candidates = soft_prompts(2, 2, lm)
    near(Scorer(lm, chosen, 2).score(candidates), plain_scores(lm, chosen, candidates))


def test_prompts_of_very_different_length(model: Model, plain_scores: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    chosen = ["Hi", "Hi there", "Hi there " * 60, "", "Another beginning altogether"]
    candidates = soft_prompts(2, 1, lm)
    near(Scorer(lm, chosen, 1).score(candidates), plain_scores(lm, chosen, candidates))


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma"])
def test_a_population_is_its_members_alone(name: str, model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model(name)
    candidates = soft_prompts(7, 3, lm)
    together = Scorer(lm, turns.few, 3, micro_batch=3).score(candidates)
    alone = Scorer(lm, turns.few, 3, micro_batch=1)
    for index in range(7):
        np.testing.assert_allclose(together[index], alone.score(candidates[index : index + 1])[0], rtol=0, atol=1e-5)
    assert np.array_equal(together, Scorer(lm, turns.few, 3, micro_batch=3).score(candidates))


def test_a_spoilt_candidate_spoils_no_other(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(4, 2, lm)
    spoilt = candidates.copy()
    spoilt[1, 0, 3], spoilt[2, 1, 0] = np.nan, np.inf
    scorer = Scorer(lm, turns.few, 2, micro_batch=4)
    found = scorer.score(spoilt)
    assert np.isnan(found[1:3]).all()
    np.testing.assert_allclose(found[[0, 3]], scorer.score(candidates)[[0, 3]], rtol=0, atol=1e-5)


def test_scoring_leaves_everything_as_it_was(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(3, 2, lm)
    before = candidates.copy()
    weights = [parameter.clone() for parameter in lm.model.parameters()]
    random = torch.random.get_rng_state()
    scorer = Scorer(lm, turns.few, 2)
    first = scorer.score(candidates)
    assert np.array_equal(scorer.score(candidates), first)
    assert np.array_equal(candidates, before)
    assert all(torch.equal(a, b) for a, b in zip(weights, lm.model.parameters(), strict=True))
    assert torch.equal(random, torch.random.get_rng_state())
    # The hook that keeps the last tokens alone is gone again.
    ids = torch.tensor([[1, 2, 3]])
    assert lm.model(input_ids=ids).logits.shape == (1, 3, lm.model.config.vocab_size)


def test_the_hook_is_gone_after_a_failure(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    scorer = Scorer(lm, turns.few, 2)
    failing = lm.model.base_model.norm.register_forward_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="out of memory"):
            # Past the shared part, which has its own pass through the body.
            scorer._final_logits(
                1,
                inputs_embeds=scorer._placed.rows,
                attention_mask=None,
                position_ids=scorer._placed.positions,
                past_key_values=None,
            )
    finally:
        failing.remove()
    assert not lm.model.get_output_embeddings()._forward_pre_hooks


def test_the_mass_is_the_sum_over_the_five_options(
    model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model("llama")
    candidates = soft_prompts(2, 3, lm)
    found = option_mass(Scorer(lm, turns.few, 3).score(candidates))
    wanted = [
        np.mean([sum(np.exp(x) for x in prompt) for prompt in candidate])
        for candidate in plain_scores(lm, turns.few, candidates)
    ]
    assert found == pytest.approx(wanted, abs=1e-5)
    assert (found > 0).all()
    assert (found < 0.5).all()


def test_kinds_of_arrays(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(2, 3, lm)
    scorer = Scorer(lm, turns.few, 3)
    wanted = scorer.score(candidates)
    wide = np.zeros((2, 3, 2 * lm.width), dtype=np.float32)
    wide[:, :, ::2] = candidates
    for same in (candidates.astype(np.float64), wide[:, :, ::2], np.asfortranarray(candidates)):
        assert np.array_equal(scorer.score(same), wanted)


def test_arrays_that_cannot_be_written(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(2, 3, lm)
    scorer = Scorer(lm, turns.few, 3)
    wanted = scorer.score(candidates)
    candidates.flags.writeable = False
    assert np.array_equal(scorer.score(candidates), wanted)


def test_no_candidates(model: Model, turns: Any) -> None:
    lm = model("llama")
    assert Scorer(lm, turns.few, 3).score(np.zeros((0, 3, 32), np.float32)).shape == (0, len(turns.few), 5)


@pytest.mark.parametrize(
    "shape", [(3, 32), (2, 2, 32), (2, 4, 32), (2, 3, 31), (2, 3, 33), (2, 96), (1, 2, 3, 32), (32,)]
)
def test_other_shapes_are_refused(shape: tuple[int, ...], model: Model, turns: Any) -> None:
    scorer = Scorer(model("llama"), turns.few, 3)
    with pytest.raises(ValueError, match=r"soft prompts of shape \(.*\): expected \(P, 3, 32\)"):
        scorer.score(np.zeros(shape, np.float32))


def test_micro_batches_fill_the_room(model: Model, turns: Any) -> None:
    lm = model("llama")
    scorer = Scorer(lm, turns.few, 1)
    rows, length = scorer.layout.shape
    assert scorer.micro_batch == max(1, 2048 // (rows * length))
    assert Scorer(lm, turns.few, 1, micro_batch=5).micro_batch == 5


def test_the_choice_of_a_layout_is_repeatable(model: Model, turns: Any) -> None:
    lm = model("llama")
    prompts = tokenise(lm, turns.many)
    first, second = choose_layout(prompts, lm), choose_layout(prompts, lm)
    assert first.shape == second.shape
    assert np.array_equal(first.tokens, second.tokens)


def test_a_prompt_that_does_not_fit_is_refused_at_once(model: Model, turns: Any) -> None:
    with pytest.raises(ModelError, match=r"reads 1024 tokens, the longest prompt has \d+ with 1000 virtual tokens"):
        Scorer(model("llama"), turns.few, 1000)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near(dtype: Any, folder_of: Any, turns: Any, plain_scores: Any, soft_prompts: Any) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama")), dtype=dtype, device="cpu"))
    candidates = soft_prompts(2, 3, lm)
    found = Scorer(lm, turns.few, 3).score(candidates)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, plain_scores(lm, turns.few, candidates), rtol=0, atol=0.15)


@pytest.mark.parametrize("tokens", [0, 1, 20])
@pytest.mark.parametrize("name", ["mistral-narrow", "gemma3-narrow", "qwen2-narrow", "falcon-alibi", "gpt_neo", "bert"])
def test_a_model_that_a_tree_mask_does_not_serve_is_exact_or_refused(
    name: str, tokens: int, folder_of: Any, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    """A sliding window shorter than the prompt, ALiBi, local attention, no cache: a number must be the right one."""
    try:
        lm = load(ModelSpec(name=str(folder_of(name)), dtype="float32", device="cpu"))
        candidates = soft_prompts(1, tokens, lm)
        found = Scorer(lm, turns.few, tokens).score(candidates)
    except ModelError as error:
        assert len(str(error).splitlines()) == 1
        return
    near(found, plain_scores(lm, turns.few, candidates))
