from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.errors import UsageError
from harness.models import planning
from harness.models.language_model import Abilities, LanguageModel
from harness.models.planning import MOST_AT_ONCE, ScorerSpec, choose_plan
from harness.models.scorer import Plan, Scorer


class Timed:
    """A scorer that takes as long as it is told, by kind and candidates at once; the clock is its own."""

    def __init__(self, plan: Plan, costs: Callable[[Plan], float], bits: Callable[[Plan], float]) -> None:
        self.plan, self.costs, self.bits = plan, costs, bits
        self.micro_batch, self.workers = plan.micro_batch, plan.workers
        self.virtual_tokens, self.bytes_per_candidate = 2, 1_000
        self.asked: list[Plan] = []

    def score(self, soft: Any) -> Any:
        now = Plan(kind=self.plan.kind, micro_batch=self.micro_batch, workers=self.workers)
        self.asked.append(now)
        Timed.clock += self.costs(now) * len(soft)
        return np.full((len(soft), 1, 5), self.bits(now))

    clock = 0.0


@pytest.fixture
def choose(model: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    lm: LanguageModel = model("llama")
    monkeypatch.setattr(planning.time, "perf_counter", lambda: Timed.clock)
    monkeypatch.setattr(planning, "threads", lambda: 4)

    def run(
        costs: Callable[[Plan], float], wanted: ScorerSpec | None = None, bits: Callable[[Plan], float] = lambda _: 0.0
    ) -> Plan:
        return choose_plan(lm, lambda plan: Timed(plan, costs, bits), wanted or ScorerSpec())  # type: ignore[arg-type]

    return run


def test_the_engine_with_less_arithmetic_is_left_for_a_clearly_faster_one_alone(choose: Any) -> None:
    def costs(share: float) -> Callable[[Plan], float]:
        return lambda plan: 1e-3 * (share if plan.kind == "branches" else 1.0)

    assert choose(costs(1.5)).kind == "packed"
    assert choose(costs(0.95)).kind == "packed"
    assert choose(costs(0.8)).kind == "branches"


def test_numbers_grow_as_long_as_that_is_faster(choose: Any) -> None:
    plan = choose(lambda plan: 1e-3 / min(plan.workers, 2) / min(plan.micro_batch, 8))
    assert (plan.workers, plan.micro_batch) == (2, 8)
    plan = choose(lambda plan: 1e-3 * plan.micro_batch * plan.workers)
    assert (plan.workers, plan.micro_batch) == (1, 1)
    # No more workers than threads.
    assert choose(lambda plan: 1e-3 / plan.workers).workers == 4


def test_on_a_cpu_nothing_is_taken_that_gives_other_bits(choose: Any) -> None:
    plan = choose(lambda plan: 1e-3 / plan.workers / plan.micro_batch, bits=lambda plan: float(plan.micro_batch > 2))
    assert (plan.workers, plan.micro_batch) == (4, 2)
    plan = choose(lambda plan: 1e-3 / plan.workers, bits=lambda plan: float(plan.workers > 1))
    assert plan.workers == 1


def test_what_the_user_says_is_taken(choose: Any) -> None:
    plan = choose(lambda plan: 1e-3 / plan.micro_batch, ScorerSpec(kind="branches", micro_batch=3))
    assert (plan.kind, plan.micro_batch) == ("branches", 3)


def test_measuring_ends_when_it_takes_too_long(choose: Any) -> None:
    before = Timed.clock
    plan = choose(lambda plan: 60.0 / plan.micro_batch)
    assert plan == Plan(kind="packed")
    # Each engine once.
    assert Timed.clock - before == pytest.approx(120.0)


def test_memory_bounds_how_many_are_answered_at_once(choose: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LanguageModel, "room", 5_500)
    plan = choose(lambda plan: 1e-3 / plan.micro_batch / plan.workers)
    assert plan.micro_batch * plan.workers == 4
    monkeypatch.setattr(LanguageModel, "room", 500)
    plan = choose(lambda plan: 1e-3 / plan.micro_batch / plan.workers, ScorerSpec(micro_batch=64))
    assert plan.micro_batch * plan.workers == 1
    monkeypatch.setattr(LanguageModel, "room", 10**12)
    assert choose(lambda plan: 1e-9 / plan.micro_batch).micro_batch == MOST_AT_ONCE


def test_an_engine_that_does_not_serve_the_model_is_refused(model: Any) -> None:
    lm: LanguageModel = model("llama")
    only_branches = LanguageModel(
        lm.spec, lm.model, lm.tokenizer, lm.digest, lm.source, Abilities(packed=False, shortens=False, branches=True)
    )
    with pytest.raises(UsageError, match=r"--scorer packed: .* give --scorer auto or branches"):
        choose_plan(only_branches, lambda plan: Scorer(lm, ["a"], 1, plan), ScorerSpec(kind="packed"))


def test_a_real_model_gets_a_plan_that_changes_no_number(model: Any, turns: Any, soft_prompts: Any) -> None:
    lm: LanguageModel = model("llama")
    plan = choose_plan(lm, lambda plan: Scorer(lm, turns.few, 2, plan), ScorerSpec())
    candidates = soft_prompts(9, 2, lm)
    alone = Scorer(lm, turns.few, 2, Plan(kind=plan.kind)).score(candidates)
    assert np.array_equal(Scorer(lm, turns.few, 2, plan).score(candidates), alone)
