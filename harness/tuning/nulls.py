"""Rows that no method may fail to beat: prompts that were made for nobody, or for somebody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from harness.records.schema import DERIVED, MethodResult, RegionResult
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.cells import Ground
from harness.tuning.evaluator import Part, Turn
from harness.tuning.exam import Exam, Examiner, kept_exam
from harness.tuning.ledger import Ledger, Unkept
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


def random_result(
    examiner: Examiner, prompt: Prompts, region: Region, seed: int, ledger: Ledger | None = None
) -> RegionResult:
    """A region's result behind a random prompt as long as the given one, drawn for this region and seed."""
    drawn = random_prompt(prompt, generator(seed, RANDOM, region.code))
    return _exam(ledger or Unkept(), RANDOM, examiner, drawn, region, seed).result(region, 1)


def _exam(ledger: Ledger, name: str, examiner: Examiner, prompt: Prompts, region: Region, seed: int) -> Exam:
    about = {"phase": "heldout", "method": name, "seed": seed}
    return kept_exam(ledger, about, region, lambda: examiner.answer(prompt, seed), prompt)


def others(codes: Sequence[str], rng: np.random.Generator) -> dict[str, str]:
    """Another code for each of at least two, all different: one round through them in random order."""
    order = [codes[i] for i in rng.permutation(len(codes))]
    return dict(zip(order, order[1:] + order[:1], strict=True))


@dataclass(frozen=True)
class Nulls:
    """Scores the null rows of one optimizer's prompts.

    Attributes:
        table: all regions, of which one is taken where a run has one region alone.
        examiner: asks soft prompts of the run's length.
        grounds: per seed, for the first candidates.
        ledger: knows what was answered before.
    """

    table: Regions
    examiner: Examiner
    grounds: Mapping[int, Ground]
    ledger: Ledger = field(default_factory=Unkept)

    def score(self, tuned: Mapping[int, Sequence[Answered]], done: Callable[[], None]) -> list[MethodResult]:
        """Both rows, from the tuned prompts of each seed; `done` is called after each region."""
        wrong: list[RegionResult] = []
        drawn: list[RegionResult] = []
        for seed, rows in tuned.items():
            sources = self._sources(seed, rows)
            for row in rows:
                source = sources[row.region.code]
                result = source.exam.result(row.region, source.evaluations)
                wrong.append(result.model_copy(update={"seed": seed, "source": source.region.code}))
                other = random_result(self.examiner, row.prompt, row.region, seed, self.ledger)
                drawn.append(other.model_copy(update={"seed": seed}))
                done()
        return [
            MethodResult(method=WRONG, group="null", results=tuple(wrong)),
            MethodResult(method=RANDOM, group="null", results=tuple(drawn)),
        ]

    def _sources(self, seed: int, rows: Sequence[Answered]) -> dict[str, Answered]:
        rng = generator(seed, WRONG)
        if len(rows) == 1:
            return {rows[0].region.code: self._first_for_another(seed, rows[0], rng)}
        by_code = {row.region.code: row for row in rows}
        return {code: by_code[other] for code, other in others(list(by_code), rng).items()}

    def _first_for_another(self, seed: int, row: Answered, rng: np.random.Generator) -> Answered:
        """Where a run has one region: the first candidate that comes nearest another region's scores.

        The other one is a bundled region where the table has none. The run's own prompt is taken only where the first
        sample holds nothing else.
        """
        region, ground = row.region, self.grounds[seed]
        known = [one for one in self.table.complete if one.code != region.code]
        known = known or [one for one in load_regions().complete if one.name != region.name]
        other = known[int(rng.integers(len(known)))]
        sample = ground.samples.get("", ground.samples.get(region.code))
        if sample is None:
            raise KeyError(region.code)
        turn = Turn(WRONG, seed, "", (Part("", 0, len(sample)),))
        losses = ground.evaluator.remember(sample, turn).losses(scores([other.aiming(region.aimed)]))[:, 0]
        order = [place for place in np.argsort(losses, kind="stable") if np.isfinite(losses[place])]
        prompts = (ground.space.decode(sample[[place]])[0] for place in order)
        prompt = next((one for one in prompts if not np.array_equal(one, row.prompt)), row.prompt)
        return Answered(other, prompt, _exam(self.ledger, WRONG, self.examiner, prompt, other, seed), 1.0)
