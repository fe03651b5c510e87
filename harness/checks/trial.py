"""What the parts of a run take on this machine: each is done a few times, in turn, so that a busy moment hits all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.models.gradient import Descent
from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.optimizers import Optimizer, Problem, create
from harness.records.benchmark import Spread
from harness.tasks.hofstede_vsm.regions import scores
from harness.tuning.baselines import METHODS, MODEL_FREE, Baselines
from harness.tuning.brief import Brief
from harness.tuning.candidates import Candidates, Layout
from harness.tuning.exam import Examiner
from harness.tuning.loop import INITIAL_CANDIDATES
from harness.tuning.objective import Draw, goals
from harness.tuning.reference import embedding_space, objective
from harness.tuning.space import Prompts
from harness.tuning.spec import REFERENCE, generator

TRIAL: Final = 8
"""Candidates that are answered together."""
_ROUNDS: Final = 5
_FEWEST: Final = 2
_PATIENCE: Final = 20.0
"""Seconds of measuring after which no further round is begun."""
_STEPS: Final = 2
_DESCENTS: Final = 4

Own = Callable[[Optimizer], list[float]]
"""Seconds of an optimizer's own for one candidate."""


@dataclass(frozen=True)
class Trial:
    """A run that is about to begin.

    Attributes:
        brief: what the run is.
        lm: that answers.
        plan: how it asks.
        own: measures what an optimizer itself takes.
    """

    brief: Brief
    lm: LanguageModel
    plan: Plan
    own: Own

    def measure(self, together: int, told: Callable[[str], None]) -> Measured:
        """Does every part a few times.

        Args:
            together: candidates answered in one go.
            told: of what comes next.

        Raises:
            ModelError: a part cannot be done, or a baseline's answers are not finite.
        """
        brief, spec = self.brief, self.brief.spec
        told("first candidates")
        began = time.perf_counter()
        respondent = brief.questions.respondent(self.lm, "tuning", spec.tokens, self.plan)
        layouts = Candidates(spec, self.lm, brief.table).layouts(brief.regions)
        prepared = time.perf_counter() - began
        together = max(together, self.plan.micro_batch * self.plan.workers)
        first = next(iter(layouts.values()))
        sample = next(iter(first.samples.values()))
        prompts = np.resize(np.arange(len(sample)), together)
        fronts = first.space.decode(sample[prompts])
        draws: list[Draw] = [(spec.first_seed, 0)] * together
        # What is slow once, as reading the weights is, shall not count in the first round.
        respondent.answer(fronts[:1], draws[:1])
        parts: dict[str, tuple[int, Callable[[], object]]] = {
            "tuning": (together, lambda: respondent.answer(fronts, draws)),
            **self._asked(fronts),
        }
        if REFERENCE in [one.name for one in spec.optimizers]:
            parts[REFERENCE] = self._steps(fronts)
        seconds = _in_turn({name: part for name, (_, part) in parts.items()}, told)
        told("optimizers")
        return Measured(
            layouts=layouts,
            prepared=prepared,
            together=together,
            rounds=len(seconds["tuning"]),
            seconds={name: Spread.of(seconds[name]).times(1 / number) for name, (number, _) in parts.items()},
            own={one.name: self._own(one.name, first) for one in spec.optimizers if one.name != REFERENCE},
        )

    def _asked(self, fronts: Prompts) -> dict[str, tuple[int, Callable[[], object]]]:
        """What is asked before and after tuning, each as the run does it; with how many are done at once."""
        brief, spec = self.brief, self.brief.spec
        baselines = Baselines(brief.questions, brief.table, spec.shots)
        examiner = Examiner(self.lm, brief.questions, spec.tokens, plan=self.plan)
        validation = brief.questions.respondent(self.lm, "validation", spec.tokens, self.plan)
        finalists = np.resize(fronts, (spec.finalists, *fronts.shape[1:]))
        draws: list[Draw] = [(spec.first_seed, 0)] * spec.finalists
        parts: dict[str, tuple[int, Callable[[], object]]] = {
            name: (1, lambda name=name: baselines.score(self.lm, name, brief.regions[:1]))  # type: ignore[misc]
            for name in METHODS
            if name not in MODEL_FREE
        }
        parts["finalists"] = (1, lambda: validation.answer(finalists, draws))
        parts["held-out"] = (1, lambda: examiner.answer(fronts[0], spec.first_seed))
        return parts

    def _steps(self, fronts: Prompts) -> tuple[int, Callable[[], object]]:
        """Some steps of the reference, of as many descents at once as the run makes."""
        brief, spec = self.brief, self.brief.spec
        space = embedding_space(self.lm, spec.tokens)
        regions = brief.regions[:_DESCENTS]
        descent = Descent(
            self.lm, objective(brief.survey, spec.wordings), spec.tokens, space.mean, space.std, spec.finalists
        )
        starts = np.resize(((fronts[:1] - space.mean) / space.std).reshape(1, -1), (len(regions), fronts[0].size))
        return len(regions) * _STEPS, lambda: list(descent.run(starts, scores(regions), _STEPS, 0.1))

    def _own(self, name: str, layout: Layout) -> Spread:
        spec, region = self.brief.spec, self.brief.regions[0]
        sample = next(iter(layout.samples.values()))[:INITIAL_CANDIDATES]
        goal = goals(scores([region]), spec.aggregate)[0]
        problem = Problem(layout.space.lower, layout.space.upper, initial=sample, budget=spec.budget, goal=goal)
        parameters = next(one.parameters for one in spec.optimizers if one.name == name)
        return Spread.of(self.own(create(name, problem, parameters, generator(spec.first_seed, "trial", name))))


@dataclass(frozen=True)
class Measured:
    """What the parts of a run took.

    Attributes:
        layouts: of each seed.
        prepared: seconds for the search space and the first candidates.
        together: candidates answered in one go.
        rounds: of the measurement.
        seconds: for each part; for one candidate while tuning, for one step of one descent of the reference, for one
            region of a baseline, for one search's finalists, for one prompt on everything it is scored on.
        own: seconds for one candidate, by optimizer.
    """

    layouts: Mapping[int, Layout]
    prepared: float
    together: int
    rounds: int
    seconds: Mapping[str, Spread]
    own: Mapping[str, Spread]


def _in_turn(parts: Mapping[str, Callable[[], object]], told: Callable[[str], None]) -> dict[str, list[float]]:
    """Seconds of each part in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    began = time.perf_counter()
    for number in range(_ROUNDS):
        if number >= _FEWEST and time.perf_counter() - began > _PATIENCE:
            break
        for name, part in parts.items():
            told(f"trial, round {number + 1} of {_ROUNDS}: {name}")
            start = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - start)
    return seconds
