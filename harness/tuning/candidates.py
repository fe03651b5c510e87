"""Where a run's candidates live and where they begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.models.chat import tokenise_plain
from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.tasks.hofstede_vsm.prompts import persona_line
from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.answering import Answer
from harness.tuning.cells import Ground
from harness.tuning.groups import groups
from harness.tuning.memory import Memory
from harness.tuning.space import Prompts, SearchSpace, Vectors, build_space, principal_space
from harness.tuning.spec import RunSpec, generator
from harness.tuning.start import text_prompts, vocabulary_prompts


@dataclass(frozen=True)
class Layout:
    """Where the searches of a seed take place, and where they begin: (n, d) first candidates per label of a group."""

    space: SearchSpace
    samples: Mapping[str, Vectors]


@dataclass(frozen=True)
class Candidates:
    """Builds the search space and the first samples of a run."""

    spec: RunSpec
    lm: LanguageModel
    table: Regions

    def layouts(self, regions: Sequence[Region]) -> dict[int, Layout]:
        """Space and first samples per seed.

        All seeds search the same space, but for a random subspace, which is drawn anew for each, so that seeds are
        independent repetitions.
        """
        found: dict[int, Layout] = {}
        for seed in self.spec.repetitions:
            known = next(iter(found.values()), None) if self.spec.space.kind != "subspace" else None
            space = known.space if known else self.space(seed)
            samples = {
                label: self._first_sample(seed, label, members, space) for label, members in groups(self.spec, regions)
            }
            found[seed] = Layout(space, samples)
        return found

    def space(self, seed: int) -> SearchSpace:
        """The space of the spec; a subspace lies around the mean persona prompt, or one of random vocabulary."""
        if self.spec.space.kind == "personas":
            return principal_space(self.spec.space, self._persona_prompts(self.personas), self.lm.token_embeddings)
        rng = generator(seed, "space")
        if self.spec.start == "persona":
            centre = self._persona_prompts(self.personas).mean(axis=0)
        else:
            centre = vocabulary_prompts(self.lm.token_embeddings, 1, self.spec.tokens, rng)[0]
        return build_space(self.spec.space, self.lm.token_embeddings, self.spec.tokens, centre, rng)

    def _first_sample(self, seed: int, label: str, members: Sequence[Region], space: SearchSpace) -> Vectors:
        """(n, d) personas of the group's regions, then of others, then random vocabulary.

        In the space of the personas there is no vocabulary; what is asked for beyond them are mixtures of two.
        """
        size, rng = self.spec.pool_size(len(members)), generator(seed, "first sample", label)
        if self.spec.start == "vocabulary":
            return space.encode(vocabulary_prompts(self.lm.token_embeddings, size, self.spec.tokens, rng))
        named = {region.name for region in members}
        others = [region for region in self.personas if region.name not in named]
        order = [*members, *(others[i] for i in rng.permutation(len(others)))]
        known = _distinct(space.encode(self._persona_prompts(order)))[:size]
        outside = self.spec.space.kind != "personas"
        # Sentences whose ends are alike leave a gap; a pool that was asked for is filled up in any case.
        missing = (size if self.spec.pool else min(size, len(order))) - len(known)
        if not missing or not (outside or self.spec.pool):
            return known
        if outside:
            drawn = vocabulary_prompts(self.lm.token_embeddings, missing, self.spec.tokens, rng)
            return np.concatenate([known, space.encode(drawn)])
        one = rng.integers(len(known), size=missing)
        other = (one + rng.integers(1, max(2, len(known)), size=missing)) % len(known)
        part = rng.random((missing, 1))
        return np.concatenate([known, part * known[one] + (1.0 - part) * known[other]])

    @cached_property
    def personas(self) -> tuple[Region, ...]:
        """Regions whose names make personas: of the run's table, of the run itself, and bundled ones not among them."""
        own = tuple(dict.fromkeys((*self.table.complete, *(self.table[code] for code in self.spec.regions))))
        names = {region.name for region in own}
        return *own, *(region for region in load_regions().complete if region.name not in names)

    def _persona_prompts(self, regions: Sequence[Region]) -> Prompts:
        texts = tokenise_plain(self.lm, [persona_line(region.name) for region in regions])
        return text_prompts(self.lm.token_embeddings, texts, self.spec.tokens)


def _distinct(rows: Vectors) -> Vectors:
    """The rows without repetitions, each where it stood first."""
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]


def grounds(spec: RunSpec, layouts: Mapping[int, Layout], plan: Plan) -> dict[int, Ground]:
    """The grounds of each seed; seeds that search the same space remember together, unless answers are drawn."""
    names = ("item_means",) if spec.aggregate == "mean" else ("item_means", "halves")
    memories: dict[int, Memory] = {}
    found: dict[int, Ground] = {}
    for seed, layout in layouts.items():
        memory = Memory() if spec.asking.noisy else memories.setdefault(id(layout.space), Memory())
        job = Answer(layout.space, "tuning", spec.tokens, plan, names)
        found[seed] = Ground(layout.space, layout.samples, job, memory, seed, spec.asking.noisy)
    return found
