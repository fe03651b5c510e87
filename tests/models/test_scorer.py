from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import disk_offload
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.branches import Branches, choose_layout
from harness.models.chat import tokenise
from harness.models.language_model import Abilities, LanguageModel, ModelSpec
from harness.models.loading import load
from harness.models.packed import Packed
from harness.models.packing import BLOCKS, pack
from harness.models.scorer import KINDS, Engine, Plan, Scorer, able
from harness.models.trie import capacities, lay_out
from harness.tasks.hofstede_vsm.answers import option_mass

NATS = 1e-4
EXACT = ("llama", "llama-tied", "gpt2", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "mistral", "phi3", "opt")
Model = Callable[[str], LanguageModel]
Scores = NDArray[np.float64]


def near(found: Scores, wanted: Scores) -> None:
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=NATS)


LAYOUTS = ("packed", "packed-whole", "branches")


def engine(layout: str, lm: LanguageModel, chosen: Any, tokens: int) -> Engine:
    prompts = tokenise(lm, chosen)
    if layout == "branches":
        return Branches(lm, prompts, tokens)
    return Packed(lm, prompts, tokens, shorten=None if layout == "packed" else False)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("tokens", [0, 1, 20])
@pytest.mark.parametrize("name", EXACT)
def test_equals_the_plain_forward(
    name: str, tokens: int, layout: str, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model(name)
    candidates = soft_prompts(2, tokens, lm)
    found = Scorer(lm, turns.few, tokens, Plan(kind="packed", micro_batch=2), engine(layout, lm, turns.few, tokens))
    wanted = plain_scores(lm, turns.few, candidates)
    near(found.score(candidates), wanted)
    # The comparison means something: prompts differ, and so do candidates.
    assert wanted.std(axis=1).min() > 0.01
    if tokens:
        assert np.abs(wanted[0] - wanted[1]).max() > 0.01


@pytest.mark.parametrize("name", EXACT)
def test_every_architecture_is_served_in_every_way(name: str, model: Model) -> None:
    """What is slower than it could be is found here: a fallback would be exact, and go unnoticed."""
    # GPT-2 gives hidden states the shape of its input again at the end, so its last layer cannot be shortened.
    assert model(name).abilities == Abilities(packed=True, shortens=name != "gpt2", branches=True)
    assert able(model(name)) == KINDS


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
    engines: list[Engine] = [Branches(lm, prompts, tokens, lay_out(prompts, size)) for size in (1, *sizes)]
    engines += [Packed(lm, prompts, tokens, pack(prompts, tokens, block)) for block in (1, 2, 7, *BLOCKS, 10_000)]
    for place, one in enumerate(engines):
        plan = Plan(kind="packed", micro_batch=1 + place % 4)
        near(Scorer(lm, turns.few, tokens, plan, one).score(candidates), wanted)


def test_layouts_run_from_a_row_for_each_prompt_to_one_for_all(model: Model, turns: Any) -> None:
    prompts = tokenise(model("llama"), turns.few)
    sizes = capacities(prompts)
    # Two scales in two orders and one reversed scale: the last prompts of a kind may share a row even when it is short.
    assert lay_out(prompts, 1).shape[0] == len(set(prompts))
    assert lay_out(prompts, sizes[-1]).shape[0] == 1
    layout = choose_layout(prompts, model("llama"))
    assert layout.distinct < layout.total


@pytest.mark.parametrize("kind", KINDS)
def test_the_tuning_survey(kind: Any, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(1, 4, lm)
    near(Scorer(lm, turns.many, 4, Plan(kind=kind)).score(candidates), plain_scores(lm, turns.many, candidates))


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_longer_than_the_window_that_every_prompt_fits(
    kind: Any, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model("mistral-window")
    candidates = soft_prompts(1, 4, lm)
    scorer = Scorer(lm, turns.many, 4, Plan(kind=kind))
    assert lm.attention_window is not None
    assert scorer.distinct_tokens > lm.attention_window
    near(scorer.score(candidates), plain_scores(lm, turns.many, candidates))


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_accelerate_brings_when_they_are_needed(
    kind: Any, folder_of: Any, turns: Any, plain_scores: Any, soft_prompts: Any, tmp_path: Path
) -> None:
    """As a device map does for a model larger than its device: every layer's weights come and go around its pass."""
    lm = load(ModelSpec(name=str(folder_of("llama")), device="cpu", device_map="cpu"))
    candidates = soft_prompts(3, 2, lm)
    wanted = plain_scores(lm, turns.few, candidates)
    layers = lm.model.model.layers
    for layer in layers:
        disk_offload(layer, str(tmp_path / str(id(layer))), execution_device=torch.device("cpu"))
    assert all(parameter.device.type == "meta" for parameter in layers.parameters())
    near(Scorer(lm, turns.few, 2, Plan(kind=kind, micro_batch=2)).score(candidates), wanted)
    assert lm.linears is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "pick", [[0], [0, 0], [3, 0, 3], [5, 4, 3, 2, 1, 0]], ids=["one", "twice", "repeated", "backwards"]
)
def test_any_order_and_number_of_prompts(
    pick: list[int], kind: Any, model: Model, turns: Any, plain_scores: Any, soft_prompts: Any
) -> None:
    lm = model("qwen2")
    chosen = [turns.few[i] for i in pick]
    candidates = soft_prompts(2, 2, lm)
    near(Scorer(lm, chosen, 2, Plan(kind=kind)).score(candidates), plain_scores(lm, chosen, candidates))


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_of_very_different_length(kind: Any, model: Model, plain_scores: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    chosen = ["Hi", "Hi there", "Hi there " * 60, "", "Another beginning altogether"]
    candidates = soft_prompts(2, 1, lm)
    near(Scorer(lm, chosen, 1, Plan(kind=kind)).score(candidates), plain_scores(lm, chosen, candidates))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma"])
def test_a_population_is_its_members_alone(name: str, kind: Any, model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model(name)
    candidates = soft_prompts(7, 3, lm)
    three = Plan(kind=kind, micro_batch=3)
    together = Scorer(lm, turns.few, 3, three).score(candidates)
    alone = Scorer(lm, turns.few, 3, Plan(kind=kind))
    for index in range(7):
        np.testing.assert_allclose(together[index], alone.score(candidates[index : index + 1])[0], rtol=0, atol=1e-5)
    assert np.array_equal(together, Scorer(lm, turns.few, 3, three).score(candidates))


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoilt_candidate_spoils_no_other(kind: Any, model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(4, 2, lm)
    spoilt = candidates.copy()
    spoilt[1, 0, 3], spoilt[2, 1, 0] = np.nan, np.inf
    scorer = Scorer(lm, turns.few, 2, Plan(kind=kind, micro_batch=4))
    found = scorer.score(spoilt)
    assert np.isnan(found[1:3]).all()
    np.testing.assert_allclose(found[[0, 3]], scorer.score(candidates)[[0, 3]], rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_scoring_leaves_everything_as_it_was(kind: Any, model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    candidates = soft_prompts(3, 2, lm)
    before = candidates.copy()
    weights = [parameter.clone() for parameter in lm.model.parameters()]
    random = torch.random.get_rng_state()
    attention = lm.model.config._attn_implementation
    scorer = Scorer(lm, turns.few, 2, Plan(kind=kind))
    first = scorer.score(candidates)
    assert np.array_equal(scorer.score(candidates), first)
    assert np.array_equal(candidates, before)
    assert all(torch.equal(a, b) for a, b in zip(weights, lm.model.parameters(), strict=True))
    assert torch.equal(random, torch.random.get_rng_state())
    untouched(lm, attention)


def untouched(lm: LanguageModel, attention: str) -> None:
    """No hook, no other attention and no other product is left on the model."""
    assert lm.model.config._attn_implementation == attention
    assert not any(module._forward_pre_hooks or "forward" in module.__dict__ for module in lm.model.modules())
    ids = torch.tensor([[1, 2, 3]])
    assert lm.model(input_ids=ids).logits.shape == (1, 3, lm.model.config.vocab_size)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_on_the_model_after_a_failure(kind: Any, model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    attention = lm.model.config._attn_implementation

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    failing = lm.model.base_model.norm.register_forward_hook(fail)
    try:
        with pytest.raises(RuntimeError, match="broken"):
            Scorer(lm, turns.few, 2, Plan(kind=kind)).score(soft_prompts(1, 2, lm))
    finally:
        failing.remove()
    untouched(lm, attention)


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


def test_the_choice_of_a_layout_is_repeatable(model: Model, turns: Any) -> None:
    lm = model("llama")
    prompts = tokenise(lm, turns.many)
    first, second = choose_layout(prompts, lm), choose_layout(prompts, lm)
    assert first.shape == second.shape
    assert np.array_equal(first.tokens, second.tokens)
    assert np.array_equal(pack(prompts, 4).keys, pack(prompts, 4).keys)


class Crowded:
    """An engine whose memory holds so many candidates and no more."""

    cached = False

    def __init__(self, inner: Engine, most: int, message: str) -> None:
        self.inner, self.most, self.message = inner, most, message
        self.tokens = inner.tokens
        self.active = inner.active
        self.asked: list[int] = []

    def logits(self, soft: torch.Tensor) -> torch.Tensor:
        self.asked.append(len(soft))
        if len(soft) > self.most:
            raise torch.OutOfMemoryError(self.message) if "CUDA" in self.message else RuntimeError(self.message)
        return self.inner.logits(soft)


MESSAGES = ("CUDA out of memory.", "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory")


@pytest.mark.parametrize("message", MESSAGES)
def test_a_micro_batch_too_large_is_halved_and_said(
    message: str, model: Model, turns: Any, soft_prompts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lm = model("llama")
    candidates = soft_prompts(11, 2, lm)
    crowded = Crowded(engine("packed", lm, turns.few, 2), 2, message)
    scorer = Scorer(lm, turns.few, 2, Plan(kind="packed", micro_batch=8), crowded)
    wanted = Scorer(lm, turns.few, 2).score(candidates)
    np.testing.assert_allclose(scorer.score(candidates), wanted, rtol=0, atol=1e-5)
    assert crowded.asked == [8, 4, 2, 2, 2, 2, 2, 1]
    assert [record.getMessage() for record in caplog.records] == [
        f"out of memory with {many} candidates at once; going on with {few}, --micro-batch and --workers set it"
        for many, few in ((8, 4), (4, 2))
    ]
    # It is remembered.
    scorer.score(candidates[:4])
    assert crowded.asked[8:] == [2, 2]


def test_passes_side_by_side_are_given_up_first(
    model: Model, turns: Any, soft_prompts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lm = model("llama")
    candidates = soft_prompts(6, 2, lm)
    crowded = Crowded(engine("packed", lm, turns.few, 2), 1, MESSAGES[1])
    scorer = Scorer(lm, turns.few, 2, Plan(kind="packed", micro_batch=2, workers=2), crowded)
    wanted = Scorer(lm, turns.few, 2).score(candidates)
    np.testing.assert_allclose(scorer.score(candidates), wanted, rtol=0, atol=1e-5)
    assert (scorer.micro_batch, scorer.workers) == (1, 1)
    assert [record.getMessage()[:58] for record in caplog.records] == [
        "out of memory with 4 candidates at once; going on with 2, ",
        "out of memory with 2 candidates at once; going on with 1, ",
    ]


def test_no_memory_for_one_candidate_says_how_much_it_takes(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    crowded = Crowded(engine("packed", lm, turns.few, 2), 0, MESSAGES[0])
    scorer = Scorer(lm, turns.few, 2, Plan(kind="packed", micro_batch=2), crowded)
    with pytest.raises(ModelError, match=r"about \d+\.\d MB beside its weights for one candidate, and memory ran out"):
        scorer.score(soft_prompts(2, 2, lm))


def test_other_failures_are_not_taken_for_memory(model: Model, turns: Any, soft_prompts: Any) -> None:
    lm = model("llama")
    crowded = Crowded(engine("packed", lm, turns.few, 2), 0, "size mismatch")
    with pytest.raises(RuntimeError, match="size mismatch"):
        Scorer(lm, turns.few, 2, engine=crowded).score(soft_prompts(1, 2, lm))


def test_tokens_are_counted(model: Model, turns: Any) -> None:
    lm = model("llama")
    scorer = Scorer(lm, turns.many, 5)
    prompts = tokenise(lm, turns.many)
    assert scorer.prompts == 48
    assert scorer.tokens == sum(map(len, prompts))
    assert scorer.distinct_tokens == len({prompt[: n + 1] for prompt in prompts for n in range(len(prompt))})
    # Less than a block of padding.
    assert 0 <= scorer.engine.tokens - 5 - scorer.distinct_tokens < max(BLOCKS)


def test_a_prompt_that_does_not_fit_is_refused_at_once(model: Model, turns: Any) -> None:
    with pytest.raises(ModelError, match=r"reads 1024 tokens, the longest prompt has \d+ with 1000 virtual tokens"):
        Scorer(model("llama"), turns.few, 1000)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_near(dtype: Any, folder_of: Any, turns: Any, plain_scores: Any, soft_prompts: Any) -> None:
    lm = load(ModelSpec(name=str(folder_of("llama")), dtype=dtype, device="cpu"))
    assert lm.abilities == Abilities(packed=True, shortens=True, branches=True)
    candidates = soft_prompts(2, 3, lm)
    found = Scorer(lm, turns.few, 3).score(candidates)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, plain_scores(lm, turns.few, candidates), rtol=0, atol=0.15)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["mamba", "lfm2", "bloom"])
def test_what_reads_the_row_as_one_text_is_never_packed(name: str, dtype: Any, folder_of: Any) -> None:
    """Nor in half precision, whose tolerance would hide it."""
    try:
        lm = load(ModelSpec(name=str(folder_of(name)), dtype=dtype, device="cpu"))
    except ModelError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert not lm.abilities.packed


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
