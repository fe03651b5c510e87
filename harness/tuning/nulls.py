"""Rows that no method may fail to beat: prompts that were made for nobody, or for somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.models.scorer import Plan
from harness.records.schema import DERIVED, RegionResult
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.cells import Ground
from harness.tuning.exam import Exam, Examiner, Sit, exam_query
from harness.tuning.memory import keys_of
from harness.tuning.objective import Answers
from harness.tuning.query import Query, Search
from harness.tuning.space import Prompts
from harness.tuning.spec import generator

WRONG, RANDOM = DERIVED
NULLS: Final = {
    WRONG: "the prompt that the run's first optimizer tuned for another region",
    RANDOM: "a soft prompt of random direction and of the tuned one's length; 1 evaluation",
}
"""Null rows that need tuned prompts, so that `run` alone has them."""


@dataclass(frozen=True)
class Answered:
    """A tuned prompt (V, D) and what it answers; `evaluations` that its search took."""

    region: Region
    prompt: Prompts
    exam: Exam
    evaluations: float


def random_prompt(prompt: Prompts, rng: np.random.Generator) -> Prompts:
    """(V, D) of random direction: every token's embedding is as long as that of `prompt`."""
    drawn = rng.normal(size=prompt.shape)
    lengths = np.linalg.norm(prompt.astype(np.float64), axis=1, keepdims=True)
    scaled: Prompts = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True) * lengths).astype(np.float32)
    return scaled


def random_result(examiner: Examiner, prompt: Prompts, region: Region, seed: int) -> RegionResult:
    """A region's result behind a random prompt as long as the given one, drawn for this region and seed."""
    return examiner.answer(_drawn(prompt, region, seed), seed).result(region, 1)


def _drawn(prompt: Prompts, region: Region, seed: int) -> Prompts:
    return random_prompt(prompt, generator(seed, RANDOM, region.code))


def others(codes: Sequence[str], rng: np.random.Generator) -> dict[str, str]:
    """Another code for each of at least two, all different: one round through them in random order."""
    order = [codes[i] for i in rng.permutation(len(codes))]
    return dict(zip(order, order[1:] + order[:1], strict=True))


@dataclass(frozen=True)
class Nulls:
    """Scores the null rows of one optimizer's prompts.

    Attributes:
        table: all regions, of which one is taken where a run has one region alone.
        grounds: per seed, for the first candidates, which were answered.
        plan: how the questions are laid out.
    """

    table: Regions
    grounds: Mapping[int, Ground]
    plan: Plan

    def searches(
        self, seed: int, rows: Sequence[Answered], done: Callable[[], None]
    ) -> Iterator[Search[tuple[RegionResult, RegionResult]]]:
        """Finds both results of each region from the tuned prompts of a seed; `done` is called after each.

        Of one region, the other's prompt is the first one's that comes near it.
        """
        others_of = self._others(seed, rows)
        for row in rows:
            yield self._both(seed, row, others_of.get(row.region.code), done)

    def _both(
        self, seed: int, row: Answered, source: Answered | None, done: Callable[[], None]
    ) -> Search[tuple[RegionResult, RegionResult]]:
        if source is None:
            source = yield from self._first_for_another(seed, row)
        wrong = source.exam.result(row.region, source.evaluations)
        drawn = _drawn(row.prompt, row.region, seed)
        exam = yield self._query(RANDOM, drawn, row.region, seed)
        done()
        return (
            wrong.model_copy(update={"seed": seed, "source": source.region.code}),
            exam.result(row.region, 1).model_copy(update={"seed": seed}),
        )

    def _others(self, seed: int, rows: Sequence[Answered]) -> dict[str, Answered]:
        """Whose prompt answers for each region; for none of a single one."""
        if len(rows) == 1:
            return {}
        by_code = {row.region.code: row for row in rows}
        return {code: by_code[other] for code, other in others(list(by_code), generator(seed, WRONG)).items()}

    def _query(self, name: str, prompt: Prompts, region: Region, seed: int) -> Query:
        about = {"phase": "heldout", "method": name, "seed": seed}
        return exam_query(about, region, Sit(prompt, seed, self.plan))

    def _first_for_another(self, seed: int, row: Answered) -> Search[Answered]:
        """Where a run has one region: the first candidate that comes nearest another region's scores.

        The other one is a bundled region where the table has none. The run's own prompt is taken only where the first
        sample holds nothing else.
        """
        region, ground, rng = row.region, self.grounds[seed], generator(seed, WRONG)
        known = [one for one in self.table.complete if one.code != region.code]
        known = known or [one for one in load_regions().complete if one.name != region.name]
        other = known[int(rng.integers(len(known)))]
        sample = ground.samples.get("", ground.samples.get(region.code))
        if sample is None:
            raise KeyError(region.code)
        answers = Answers.stack(ground.memory.recall(keys_of(sample)))
        losses = answers.losses(scores([other.aiming(region.aimed)]))[:, 0]
        order = [place for place in np.argsort(losses, kind="stable") if np.isfinite(losses[place])]
        prompts = (ground.space.decode(sample[[place]])[0] for place in order)
        prompt = next((one for one in prompts if not np.array_equal(one, row.prompt)), row.prompt)
        exam = yield self._query(WRONG, prompt, other, seed)
        return Answered(other, prompt, exam, 1.0)
