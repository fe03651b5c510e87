"""Where a run's candidates live and where they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.models.chat import tokenise_plain
from harness.models.language_model import LanguageModel
from harness.tasks.hofstede_vsm.prompts import persona_line
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tuning.cells import Ground
from harness.tuning.evaluator import Evaluator
from harness.tuning.loop import groups
from harness.tuning.objective import Respondent
from harness.tuning.space import Prompts, SearchSpace, Vectors, build_space
from harness.tuning.spec import RunSpec, generator
from harness.tuning.start import text_prompts, vocabulary_prompts


@dataclass(frozen=True)
class Candidates:
    """Builds the search space and the first samples of a run."""

    spec: RunSpec
    lm: LanguageModel
    table: Regions

    def grounds(self, respondent: Respondent, regions: Sequence[Region]) -> dict[int, Ground]:
        """Space, evaluator and first samples per seed.

        In the full space all seeds share an evaluator's memory; a subspace is drawn anew for each, so that seeds are
        independent repetitions.
        """
        grounds: dict[int, Ground] = {}
        for seed in self.spec.repetitions:
            known = next(iter(grounds.values()), None) if self.spec.space.kind == "full" else None
            space = known.space if known else self._space(seed)
            evaluator = known.evaluator if known else Evaluator(respondent, space)
            samples = {
                label: self._first_sample(seed, label, members, space) for label, members in groups(self.spec, regions)
            }
            grounds[seed] = Ground(space, evaluator, samples)
        return grounds

    def _space(self, seed: int) -> SearchSpace:
        """The space of the spec; a subspace lies around the mean persona prompt, or one of random vocabulary."""
        rng = generator(seed, "space")
        if self.spec.start == "persona":
            centre = self._persona_prompts(self.table.complete).mean(axis=0)
        else:
            centre = vocabulary_prompts(self.lm.token_embeddings, 1, self.spec.tokens, rng)[0]
        return build_space(self.spec.space, self.lm.token_embeddings, self.spec.tokens, centre, rng)

    def _first_sample(self, seed: int, label: str, members: Sequence[Region], space: SearchSpace) -> Vectors:
        """(n, d) personas of the group's regions, then random vocabulary."""
        size = self.spec.pool_size(len(members))
        personas = self._persona_prompts(members)[: size if self.spec.start == "persona" else 0]
        rng = generator(seed, "first sample", label)
        others = vocabulary_prompts(self.lm.token_embeddings, size - len(personas), self.spec.tokens, rng)
        return space.encode(np.concatenate([personas, others]))

    def _persona_prompts(self, regions: Sequence[Region]) -> Prompts:
        texts = tokenise_plain(self.lm, [persona_line(region.name) for region in regions])
        return text_prompts(self.lm.token_embeddings, texts, self.spec.tokens)
