"""Training contexts: what the respondent reads and how it should answer, drawn from the simulation."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from harness.respondent.simulation import Simulation
from harness.tasks.hofstede_vsm.demonstrations import implied_index
from harness.tasks.hofstede_vsm.indices import ANSWERS, DIMENSIONS, ITEMS, WEIGHTS, Array
from harness.tasks.hofstede_vsm.prompts import persona_line, question_text
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Item, Survey

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PARAPHRASES: Final = Path(__file__).with_name("paraphrases.toml")
PERSONAS: Final = (
    "You are a person from {name}.",
    "You live in {name}.",
    "Imagine that you grew up in {name}.",
    "Speak for the people of {name}.",
    "Reply as people in {name} do.",
)
QUESTIONS: Final = 16
REVERSED_SHARE: Final = 0.45
SURVEY_WORDING_SHARE: Final = 0.4
DEFAULT_PERSONA_SHARE: Final = 0.6
MOST_SHOTS: Final = 8
NAMES_FIRST: Final = 0.3
DEMONSTRATED_SHARE: Final = 0.45
NAIVE_SHARE: Final = 0.12
RANDOM_ANSWER_SHARE: Final = 0.15


@dataclass(frozen=True)
class Context:
    """Several questions asked of one simulated person.

    Attributes:
        texts: N user turns.
        probabilities: (N, 5) how likely each option, as listed, is to be chosen.
    """

    texts: tuple[str, ...]
    probabilities: Array


@dataclass(frozen=True)
class Wordings:
    """Every wording that training may show, per item: (the survey's own, paraphrases)."""

    own: tuple[tuple[str, ...], ...]
    paraphrases: tuple[tuple[str, ...], ...]

    @staticmethod
    def read(survey: Survey, path: Path = PARAPHRASES) -> Wordings:
        """Combines stems and phrases; the held-out wordings of the survey are left out."""
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        stems: Mapping[str, Sequence[str]] = content["stems"]
        paraphrases = []
        for item in survey.items:
            entry = content["phrases"][str(item.id)]
            paraphrases.append(tuple(_sentence(stem, x) for stem in stems[entry["stem"]] for x in entry["x"]))
        own = tuple((*i.wordings.tuning, i.wordings.validation, i.wordings.demonstration) for i in survey.items)
        return Wordings(own, tuple(paraphrases))

    def pick(self, item: Item, rng: np.random.Generator) -> str:
        """Draws one wording of an item."""
        pool = (self.own if rng.random() < SURVEY_WORDING_SHARE else self.paraphrases)[item.id - 1]
        return pool[int(rng.integers(len(pool)))]

    def all(self) -> list[str]:
        """Every wording, for the tokenizer's corpus."""
        return [w for pools in (self.own, self.paraphrases) for pool in pools for w in pool]


def _sentence(stem: str, phrase: str) -> str:
    text = stem.replace("{x}", phrase)
    return text[0].upper() + text[1:]


@dataclass(frozen=True)
class ContextSource:
    """Draws contexts; the only randomness is the generator handed to its methods."""

    survey: Survey
    table: Regions
    simulation: Simulation
    wordings: Wordings

    def naive(self, rng: np.random.Generator) -> Context:
        """No region named: the western mix answers."""
        return self._ask("", self.simulation.scores(None), rng)

    def persona(self, rng: np.random.Generator) -> Context:
        """A region named."""
        region = self._region(rng)
        return self._ask(self._persona(region, rng) + "\n", self.simulation.scores(region), rng)

    def demonstrated(self, rng: np.random.Generator) -> Context:
        """A region named in three of four cases, and up to eight solved demonstrations of its answers."""
        region = self._region(rng)
        named = rng.random() < 0.75
        lines, shown = self._demonstrate(region, rng)
        if named:
            lines.insert(0, self._persona(region, rng))
        scores = self.simulation.scores(region if named else None, shown)
        return self._ask("".join(f"{line}\n" for line in lines), scores, rng)

    def batches(self, steps: int, size: int, rng: np.random.Generator) -> Iterator[list[Context]]:
        """Yields one batch per step: names first, then demonstrations in up to half of the contexts."""
        for step in range(steps):
            shots = 0.0 if step < NAMES_FIRST * steps else DEMONSTRATED_SHARE
            yield [self._draw(shots, rng) for _ in range(size)]

    def _draw(self, shots: float, rng: np.random.Generator) -> Context:
        kind = rng.random()
        if kind < shots:
            return self.demonstrated(rng)
        return self.naive(rng) if rng.random() < NAIVE_SHARE else self.persona(rng)

    def _region(self, rng: np.random.Generator) -> Region:
        complete = self.table.complete
        return complete[int(rng.integers(len(complete)))]

    def _persona(self, region: Region, rng: np.random.Generator) -> str:
        if rng.random() < DEFAULT_PERSONA_SHARE:
            return persona_line(region.name)
        return PERSONAS[int(rng.integers(len(PERSONAS)))].format(name=region.name)

    def _demonstrate(self, region: Region, rng: np.random.Generator) -> tuple[list[str], list[tuple[int, int]]]:
        dimensions = rng.permutation(len(DIMENSIONS)).tolist()
        count = int(rng.integers(1, MOST_SHOTS + 1))
        lines: list[str] = []
        shown: list[tuple[int, int]] = []
        for dimension in (dimensions * 2)[:count]:
            free = [i for i in range(1, ITEMS + 1) if WEIGHTS[dimension, i - 1] and i not in dict(shown)]
            item = int(rng.choice(free))
            seen = {i: a for i, a in shown if WEIGHTS[dimension, i - 1]}
            gaps = [abs(implied_index(dimension, {**seen, item: a}) - region.scores[dimension]) for a in ANSWERS]
            answer = ANSWERS[int(np.argmin(gaps))]
            if rng.random() < RANDOM_ANSWER_SHARE:
                answer = int(rng.integers(1, 6))
            asked = self.survey.items[item - 1]
            own = rng.random() < SURVEY_WORDING_SHARE
            wording = asked.wordings.demonstration if own else self.wordings.pick(asked, rng)
            lines.append(f"{wording} Answer: {self.survey.labels(asked)[answer - 1]}.")
            shown.append((item, answer))
        return lines, shown

    def _ask(self, before: str, scores: Array, rng: np.random.Generator) -> Context:
        items = [self.survey.items[i] for i in rng.permutation(ITEMS)[:QUESTIONS]]
        backwards = (rng.random(len(items)) < REVERSED_SHARE).tolist()
        texts = tuple(
            question_text(self.survey, item, self.wordings.pick(item, rng), "reversed" if back else "forward", before)
            for item, back in zip(items, backwards, strict=True)
        )
        means = self.simulation.item_means(scores)
        return Context(texts, self.simulation.option_probabilities(means, [i.id for i in items], backwards))
