"""What is told of a search while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.tuning.groups import Group
from harness.tuning.spec import OptimizerSpec


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a generation of one region.

    Attributes:
        optimizer: name of the optimizer at work.
        seed: which repetition.
        region: code of the region at work, "" during the shared first sample.
        generation: generations of that region so far.
        evaluations: candidate evaluations of the whole run so far.
        best: mean over the group's regions of the best tuned error, index points.
        kept: evaluations among them that an earlier process asked the model.
        regions_done: regions, over all optimizers and seeds, that have spent their budget.
    """

    optimizer: str
    seed: int
    region: str
    generation: int
    evaluations: int
    best: float
    regions_done: int
    kept: int = 0


class Observer(Protocol):
    """Whoever watches a run."""

    def __call__(self, progress: Progress, /) -> None:
        """Called after each part of the first sample and after each generation."""


@dataclass
class Chronicle:
    """Counts what a run has done and tells of it.

    Attributes:
        evaluations: so far, the first sample counted once per optimizer and seed.
        regions_done: searches that are over.
    """

    observer: Observer
    evaluations: int = 0
    regions_done: int = 0

    def observe(self, group: Group, region: str, generation: int) -> None:
        """Tells where a group stands."""
        mean = float(np.mean([cell.incumbent.loss for cell in group.cells]))
        self.tell(group.optimizer, group.seed, region, generation, mean)

    def tell(self, optimizer: OptimizerSpec, seed: int, region: str, generation: int, best: float) -> None:
        """Tells the observer."""
        self.observer(Progress(optimizer.name, seed, region, generation, self.evaluations, best, self.regions_done))
