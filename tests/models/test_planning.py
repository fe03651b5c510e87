from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import UsageError
from harness.models import planning
from harness.models.language_model import Abilities, LanguageModel
from harness.models.planning import MOST_AT_ONCE, ScorerSpec, choose_plan
from harness.models.scorer import Plan, Scorer


class Timed:
    """A scorer that takes as long as it is told, by its plan; the clock is its own."""

    clock = 0.0

    def __init__(self, plan: Plan, costs: Callable[[Plan], float]) -> None:
        self.plan, self.costs = plan, costs
        self.micro_batch, self.virtual_tokens, self.bytes_per_candidate = plan.micro_batch, 2, 1_000

    def score(self, soft: Any) -> None:
        Timed.clock += self.costs(Plan(kind=self.plan.kind, micro_batch=self.micro_batch)) * len(soft)


@pytest.fixture
def choose(model: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    lm: LanguageModel = model("llama")
    monkeypatch.setattr(planning.time, "perf_counter", lambda: Timed.clock)
    monkeypatch.setattr(planning, "threads", lambda: 6)

    def run(costs: Callable[[Plan], float], wanted: ScorerSpec | None = None, device: str = "cpu") -> Plan:
        monkeypatch.setattr(LanguageModel, "device", torch.device(device))
        return choose_plan(lm, lambda plan: Timed(plan, costs), wanted or ScorerSpec())  # type: ignore[arg-type]

    monkeypatch.setattr(LanguageModel, "token_embeddings", lm.token_embeddings)
    monkeypatch.setattr(LanguageModel, "room", 10**9)
    return run


def test_the_engine_with_less_arithmetic_is_left_for_a_clearly_faster_one_alone(choose: Any) -> None:
    def costs(share: float) -> Callable[[Plan], float]:
        return lambda plan: 1e-3 * (share if plan.kind == "branches" else 1.0)

    assert choose(costs(1.5)).kind == "packed"
    assert choose(costs(0.95)).kind == "packed"
    assert choose(costs(0.8)).kind == "branches"


def test_on_a_cpu_how_many_at_once_is_no_matter_of_the_clock(choose: Any) -> None:
    assert choose(lambda plan: 1e-3 / plan.micro_batch) == Plan(kind="packed", micro_batch=1, workers=6)
    assert choose(lambda plan: 1e-3 * plan.micro_batch) == Plan(kind="packed", micro_batch=1, workers=6)


def test_elsewhere_a_micro_batch_grows_as_long_as_that_is_faster(choose: Any) -> None:
    assert choose(lambda plan: 1e-3 / min(plan.micro_batch, 8), device="cuda") == Plan(kind="packed", micro_batch=8)
    assert choose(lambda plan: 1e-3 * plan.micro_batch, device="cuda") == Plan(kind="packed")
    assert choose(lambda plan: 1e-9 / plan.micro_batch, device="cuda").micro_batch == MOST_AT_ONCE


def test_what_the_user_says_is_taken(choose: Any) -> None:
    wanted = ScorerSpec(kind="branches", micro_batch=3)
    assert choose(lambda _: 1e-3, wanted) == Plan(kind="branches", micro_batch=3, workers=6)
    assert choose(lambda _: 1e-3, wanted, device="cuda") == Plan(kind="branches", micro_batch=3)


@pytest.mark.parametrize(("wanted", "found"), [(0, 6), (1, 1), (2, 2), (3, 3), (4, 3), (5, 3), (6, 6), (7, 6)])
def test_passes_share_the_threads_evenly(wanted: int, found: int, choose: Any) -> None:
    assert choose(lambda _: 1e-3, ScorerSpec(workers=wanted)).workers == found


def test_measuring_ends_when_it_takes_too_long(choose: Any) -> None:
    before = Timed.clock
    assert choose(lambda plan: 60.0 / plan.micro_batch, device="cuda") == Plan(kind="packed")
    # The first engine, once.
    assert Timed.clock - before == pytest.approx(60.0)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_memory_bounds_how_many_are_answered_at_once(device: str, choose: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(room: int, **wanted: int) -> int:
        monkeypatch.setattr(LanguageModel, "room", room)
        plan: Plan = choose(lambda plan: 1e-3 / plan.micro_batch, ScorerSpec(**wanted), device)
        return plan.micro_batch * plan.workers

    assert at_once(500) == 1
    assert at_once(500, micro_batch=64) == 1
    assert at_once(5_500, micro_batch=64) == 5
    assert at_once(5_500) == (3 if device == "cpu" else 4)
    assert at_once(13_000, micro_batch=4) == (12 if device == "cpu" else 4)


def test_an_engine_that_does_not_serve_the_model_is_refused(model: Any) -> None:
    lm: LanguageModel = model("llama")
    only_branches = LanguageModel(
        lm.spec, lm.model, lm.tokenizer, lm.digest, lm.source, Abilities(packed=False, shortens=False, branches=True)
    )
    with pytest.raises(UsageError, match=r"--scorer packed: .* give --scorer auto or branches"):
        choose_plan(only_branches, lambda plan: Scorer(lm, ["a"], 1, plan), ScorerSpec(kind="packed"))


def test_a_real_model_gets_a_plan_that_gives_the_same_bits_again(model: Any, turns: Any, soft_prompts: Any) -> None:
    lm: LanguageModel = model("llama")
    candidates = soft_prompts(9, 2, lm)
    plans = [choose_plan(lm, lambda plan: Scorer(lm, turns.few, 2, plan), ScorerSpec()) for _ in range(2)]
    assert plans[0] == plans[1]
    found = [Scorer(lm, turns.few, 2, plan).score(candidates) for plan in plans]
    assert np.array_equal(*found)
