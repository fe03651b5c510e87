from __future__ import annotations

from typing import Any

import psutil
import pytest
import torch
from transformers import PreTrainedConfig

from harness.errors import ModelError
from harness.models import memory
from harness.models.language_model import ModelSpec
from harness.models.loading import load
from harness.models.planning import ScorerSpec, choose_plan
from harness.models.scorer import Scorer

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.0 MB"), (3_737_000, "3.7 MB"), (999_000_000, "999.0 MB"), (10**9, "1.0 GB"), (141_100_000_000, "141.1 GB")],
)
def test_sizes_in_messages(size: int, text: str) -> None:
    assert memory.readable(size) == text


def test_the_budget_is_what_is_stated_or_most_of_what_is_free() -> None:
    assert memory.budget_bytes(CPU, 2.0) == 2_000_000_000
    assert memory.budget_bytes(CPU, 2.0, taken=500_000_000) == 1_500_000_000
    assert memory.budget_bytes(CPU, 2.0, taken=5_000_000_000) == 0
    free = psutil.virtual_memory().available
    assert 0.5 * free < memory.budget_bytes(CPU, None) < free


def test_shared_weights_are_counted_once(model: Any) -> None:
    apart, tied = memory.weights_bytes(model("llama").model), memory.weights_bytes(model("llama-tied").model)
    assert apart - tied == 4 * 600 * 32


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3", "opt"])
@pytest.mark.parametrize("cached", [False, True])
def test_the_estimate_is_from_above(name: str, cached: bool, model: Any) -> None:
    """Against what torch allocates in a pass that keeps everything it needs, layer after layer."""
    lm = model(name)
    ids = torch.zeros((1, 200), dtype=torch.long)
    with torch.inference_mode(), torch.profiler.profile(profile_memory=True) as profile:
        lm.model(input_ids=ids, use_cache=cached, logits_to_keep=10)
    now = highest = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            highest = max(highest, now)
    estimate = memory.activation_bytes(lm.model.config.get_text_config(), 4, 200, 10, cached)
    # Attention over all pairs of this pass is what the scorer does not do.
    assert highest - 4 * 200 * 200 * 8 < estimate < 20 * highest


def test_widths_that_differ_by_layer_count_as_the_widest() -> None:
    def estimate(width: Any) -> int:
        config = PreTrainedConfig(hidden_size=32, intermediate_size=width, num_hidden_layers=2, vocab_size=100)
        return memory.activation_bytes(config, 4, 50, 3, cached=False)

    assert estimate([64, 1024]) == estimate(1024) > estimate(64)


def test_a_budget_holds_fewer_candidates(folder_of: Any, turns: Any) -> None:
    folder = str(folder_of("llama"))
    whole = load(ModelSpec(name=folder, device="cpu"))
    each = Scorer(whole, turns.many, 2).bytes_per_candidate
    taken = memory.weights_bytes(whole.model)
    tight = load(ModelSpec(name=folder, device="cpu", memory_gb=(taken + 3.5 * each) / 1e9))
    plan = choose_plan(tight, lambda plan: Scorer(tight, turns.many, 2, plan), ScorerSpec(micro_batch=64))
    assert plan.micro_batch * plan.workers == 3


def test_what_does_not_fit_says_what_it_needs(folder_of: Any, turns: Any) -> None:
    folder = str(folder_of("llama"))
    with pytest.raises(
        ModelError, match=r"needs 0\.\d MB for its weights in float32, and more to score; --memory-gb allows"
    ):
        load(ModelSpec(name=folder, device="cpu", memory_gb=1e-5))
    taken = memory.weights_bytes(load(ModelSpec(name=folder, device="cpu")).model)
    lm = load(ModelSpec(name=folder, device="cpu", memory_gb=2 * taken / 1e9))
    with pytest.raises(ModelError, match=r"needs about \d+\.\d MB beside its weights for one candidate, and 0\.\d MB"):
        Scorer(lm, turns.many, 2)
