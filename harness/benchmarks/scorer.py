"""Candidates per second of the scorer and of what else could be used, measured in turn in one run."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import torch

from harness.benchmarks import peers, products
from harness.benchmarks.peers import Floats, Method
from harness.errors import ModelError
from harness.models.language_model import LanguageModel, gpu_name
from harness.models.planning import ScorerSpec, choose_plan
from harness.models.scorer import Plan, Scorer, able
from harness.records.benchmark import Choice, Point, ProductRow, Row, ScorerBenchmark, Spread
from harness.records.provenance import gather

Key = TypeVar("Key", bound=Hashable)
Measured = Callable[[], float]
"""Does its work once and says how long a candidate took, seconds."""
ROUNDS: Final = 5
LENGTHS: Final = (0, 10, 20, 40, 80, 160)
"""Virtual tokens at which the curve is measured."""
TOGETHER: Final = (1, 4)
"""Candidates in one pass at which engines are compared."""
_SHARES: Final = (0.25, 0.5, 0.75, 1.0)
_SEED: Final = 0


def run(
    lm: LanguageModel,
    turns: Sequence[str],
    virtual: int,
    wanted: ScorerSpec,
    rounds: int = ROUNDS,
    done: Callable[[str], None] = lambda _: None,
) -> ScorerBenchmark:
    """Measures everything, method by method in each round, so that a busy moment of the machine hits all.

    Args:
        lm: the model.
        turns: the prompts of a survey.
        virtual: V, at least 1.
        wanted: the user's choices for the scorer.
        rounds: how often everything is measured, after a first time that does not count.
        done: is told what comes next.
    """
    done("harness alone")
    scorer = Scorer(lm, turns, virtual, choose_plan(lm, lambda plan: Scorer(lm, turns, virtual, plan), wanted))
    soft = candidates(lm, virtual, _at_once(scorer))
    answers = scorer.score(soft)[0]
    memory = _peak_memory_mb(lm)
    distinct = scorer.distinct_tokens + virtual
    with tempfile.TemporaryDirectory() as folder:
        done("peers at several batch sizes")
        methods, batches = _methods(lm, turns, virtual, soft, Path(folder))
        gaps = {name: float(np.abs(one.score(soft[:1])[0] - answers).max()) for name, one in methods.items()}
        bare = products.products(lm, distinct)
        measured: dict[str, Measured] = {}
        measured |= {name: partial(_seconds, method, soft[:1], lm) for name, method in methods.items()}
        measured |= {name: partial(products.seconds, product, lm) for name, product in bare.items()}
        others = {
            plan: other
            for plan in _other_plans(lm, scorer)
            if (other := _if_it_fits(lm, turns, virtual, plan)) is not None
        }
        soft_for_all = candidates(lm, virtual, max(plan.micro_batch * plan.workers for plan in (scorer.plan, *others)))
        measured["harness"] = lambda: _seconds(scorer, soft_for_all, lm)
        measured |= {str(plan): partial(_seconds, other, soft_for_all, lm) for plan, other in others.items()}
        times = _in_turn(measured, rounds, lambda number: done(f"round {number} of {rounds}"))
    operations = 2.0 * products.body_parameters(lm) * distinct
    limits = tuple(_product_row(name, times[name], times["harness"], operations) for name in bare)
    done("curve")
    return ScorerBenchmark(
        model=lm.spec.name,
        dtype=str(lm.dtype).removeprefix("torch."),
        device=str(lm.device),
        virtual_tokens=virtual,
        prompts=scorer.prompts,
        tokens=scorer.tokens + virtual * scorer.prompts,
        distinct_tokens=distinct,
        body_parameters=products.body_parameters(lm),
        scorer=scorer.plan.kind,
        provenance=gather(torch.get_num_threads(), gpu_name(lm)),
        rows=(
            _row("harness", times, scorer.micro_batch * scorer.workers, 0.0),
            *(_row(name, times, batches[name], gaps[name]) for name in methods),
        ),
        products=limits,
        matmul_fraction=next(row.fraction.median for row in limits if row.product == "torch"),
        fastest_fraction=min(row.fraction.median for row in limits),
        product="onednn" if lm.linears else "torch",
        weights_mb=lm.taken / 1e6,
        candidate_mb=scorer.bytes_per_candidate / 1e6,
        peak_memory_mb=memory,
        choices=(
            _choice(scorer.plan, times["harness"]),
            *(_choice(plan, times[str(plan)]) for plan in others),
        ),
        curve=tuple(_curve(lm, turns, virtual, scorer, rounds)),
    )


def _in_turn(
    measured: Mapping[Key, Measured], rounds: int, begin: Callable[[int], None] = lambda _: None
) -> dict[Key, list[float]]:
    """Seconds of each method in each round, one method after the other, so that a busy moment of the machine hits all.

    A first time, for warming up, does not count.
    """
    times: dict[Key, list[float]] = {name: [] for name in measured}
    for measure in measured.values():
        measure()
    for number in range(1, rounds + 1):
        begin(number)
        for name, measure in measured.items():
            times[name].append(measure())
    return times


def candidates(lm: LanguageModel, virtual: int, count: int) -> Floats:
    """(count, V, D) soft prompts of random tokens, as a search begins with."""
    rows = np.random.default_rng(_SEED).integers(lm.embedding_rows, size=(count, virtual))
    return lm.token_embeddings[rows]


def _at_once(scorer: Scorer) -> int:
    """Candidates that keep the scorer busy."""
    return 2 * scorer.micro_batch * scorer.workers


def _methods(
    lm: LanguageModel, turns: Sequence[str], virtual: int, soft: Floats, folder: Path
) -> tuple[dict[str, Method], dict[str, int]]:
    found = {
        "lm_eval_peft": peers.at_its_best(
            lambda batch: peers.LmEval(lm, turns, virtual, batch, folder / str(batch)), peers.BATCHES, soft
        ),
        "transformers_loop": peers.at_its_best(
            lambda batch: peers.Padded(lm, turns, batch, every_logit=True), peers.BATCHES, soft
        ),
        "padded_batch": (peers.Padded(lm, turns, len(turns), every_logit=False), len(turns)),
    }
    return {name: method for name, (method, _) in found.items()}, {name: batch for name, (_, batch) in found.items()}


def _seconds(method: Method, soft: Floats, lm: LanguageModel) -> float:
    """Of one candidate."""
    began = time.perf_counter()
    method.score(soft)
    if lm.device.type == "cuda":
        torch.cuda.synchronize(lm.device)
    return (time.perf_counter() - began) / len(soft)


def _row(name: str, times: dict[str, list[float]], batch: int, gap: float) -> Row:
    rates = Spread.of([1.0 / seconds for seconds in times[name]])
    return Row(
        method=name,
        candidates_per_second=rates.median,
        spread=(rates.low, rates.high),
        times_as_long=Spread.of([own / ours for own, ours in zip(times[name], times["harness"], strict=True)]),
        batch=batch,
        gap=gap,
    )


def _product_row(name: str, own: Sequence[float], ours: Sequence[float], operations: float) -> ProductRow:
    return ProductRow(
        product=name,
        gflops=Spread.of([operations / seconds / 1e9 for seconds in own]),
        fraction=Spread.of([seconds / whole for seconds, whole in zip(own, ours, strict=True)]),
    )


def _other_plans(lm: LanguageModel, scorer: Scorer) -> list[Plan]:
    """Every engine with one and several candidates in a pass, and with one and all passes side by side."""
    workers = (1, torch.get_num_threads()) if lm.device.type == "cpu" else (1,)
    plans = [
        Plan(kind=kind, micro_batch=together, workers=beside)
        for kind in able(lm)
        for together in TOGETHER
        for beside in dict.fromkeys(workers)
    ]
    return [plan for plan in plans if plan != scorer.plan]


def _if_it_fits(lm: LanguageModel, turns: Sequence[str], virtual: int, plan: Plan) -> Scorer | None:
    try:
        return Scorer(lm, turns, virtual, plan)
    except ModelError:
        return None


def _choice(plan: Plan, times: Sequence[float]) -> Choice:
    return Choice(**plan.model_dump(), candidates_per_second=Spread.of([1.0 / seconds for seconds in times]))


def _curve(lm: LanguageModel, turns: Sequence[str], virtual: int, like: Scorer, rounds: int) -> list[Point]:
    """Cost against the number of prompts, and against the number of virtual tokens."""
    shapes = [(max(1, round(share * len(turns))), virtual) for share in _SHARES]
    shapes += [(len(turns), length) for length in LENGTHS if length != virtual]
    # What does not fit the model's context or the memory is no point of the curve.
    built = {shape: _if_it_fits(lm, turns[: shape[0]], shape[1], like.plan) for shape in shapes}
    scorers = {shape: scorer for shape, scorer in built.items() if scorer is not None}
    times = _in_turn(
        {
            shape: partial(_seconds, scorer, candidates(lm, shape[1], _at_once(scorer)), lm)
            for shape, scorer in scorers.items()
        },
        rounds,
    )
    return [
        Point(prompts=one[0], virtual_tokens=one[1], tokens=scorers[one].engine.tokens, seconds=Spread.of(times[one]))
        for one in scorers
    ]


def _peak_memory_mb(lm: LanguageModel) -> float:
    if lm.device.type == "cuda":
        return torch.cuda.max_memory_allocated(lm.device) / 1e6
    # Linux counts in units of 1,024 bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
