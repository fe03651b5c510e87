"""One optimizer and seed over all regions: the loop, or the gradient reference in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.tasks.hofstede_vsm.regions import Region
from harness.tuning.cells import Tuned
from harness.tuning.loop import Tuning
from harness.tuning.query import Search
from harness.tuning.reference import Reference
from harness.tuning.space import FullSpace, SearchSpace
from harness.tuning.spec import REFERENCE, OptimizerSpec


@dataclass(frozen=True)
class Searches:
    """The searches of a run.

    Attributes:
        tuning: the loop; what the reference does is counted with the rest of it.
        embeddings: where the reference descends; None where there is none.
    """

    tuning: Tuning
    embeddings: FullSpace | None = None

    def of(self, optimizer: OptimizerSpec, seed: int, regions: Sequence[Region]) -> list[Search[list[Tuned]]]:
        """One for each group of regions; each finds a result per region."""
        if optimizer.name != REFERENCE:
            return self.tuning.searches(optimizer, seed, regions)
        tuning = self.tuning
        reference = Reference(tuning.spec, tuning.grounds, self._descended, tuning.chronicle)
        return reference.searches(optimizer, seed, regions)

    def space(self, optimizer: OptimizerSpec, seed: int) -> SearchSpace:
        """Where the vectors found live."""
        return self._descended if optimizer.name == REFERENCE else self.tuning.grounds[seed].space

    @property
    def _descended(self) -> FullSpace:
        if self.embeddings is None:
            raise ValueError(f"no space for '{REFERENCE}': expected that of all embedding coordinates")
        return self.embeddings
