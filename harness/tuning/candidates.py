"""Where a run's candidates live and where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.models.chat import tokenise_plain
from harness.models.language_model import LanguageModel
from harness.tasks.hofstede_vsm.prompts import persona_line
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tuning.evaluator import Vectors
from harness.tuning.loop import groups
from harness.tuning.space import Prompts, SearchSpace, build_space
from harness.tuning.spec import RunSpec, generator
from harness.tuning.start import text_prompts, vocabulary_prompts


@dataclass(frozen=True)
class Candidates:
    """Builds the search space and the first samples of a run."""

    spec: RunSpec
    lm: LanguageModel
    table: Regions

    def space(self) -> SearchSpace:
        """The space of the spec; a subspace lies around the mean persona prompt, or one of random vocabulary."""
        rng = generator(self.spec.first_seed, "space")
        if self.spec.start == "persona":
            centre = self._persona_prompts(self.table.complete).mean(axis=0)
        else:
            centre = vocabulary_prompts(self.lm.token_embeddings, 1, self.spec.tokens, rng)[0]
        return build_space(self.spec.space, self.lm.token_embeddings, self.spec.tokens, centre, rng)

    def first_samples(self, space: SearchSpace, regions: Sequence[Region]) -> dict[tuple[int, str], Vectors]:
        """(n, d) vectors per seed and label of `groups`: personas of the group's regions, then random vocabulary."""
        samples = {}
        for seed in range(self.spec.first_seed, self.spec.first_seed + self.spec.seeds):
            for label, members in groups(self.spec, regions):
                size = self.spec.pool_size(len(members))
                personas = self._persona_prompts(members)[: size if self.spec.start == "persona" else 0]
                rng = generator(seed, "first sample", label)
                others = vocabulary_prompts(self.lm.token_embeddings, size - len(personas), self.spec.tokens, rng)
                samples[seed, label] = space.encode(np.concatenate([personas, others]))
        return samples

    def _persona_prompts(self, regions: Sequence[Region]) -> Prompts:
        texts = tokenise_plain(self.lm, [persona_line(region.name) for region in regions])
        return text_prompts(self.lm.token_embeddings, texts, self.spec.tokens)
