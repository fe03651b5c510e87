"""What is told of a search while it goes on: lines of the journal, and progress to whoever watches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from harness.records.journal import Journal
from harness.tasks.hofstede_vsm.indices import Array
from harness.tuning.groups import Group
from harness.tuning.objective import Answers
from harness.tuning.space import Vectors
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
        regions_done: regions, over all optimizers and seeds, that have spent their budget.
    """

    optimizer: str
    seed: int
    region: str
    generation: int
    evaluations: int
    best: float
    regions_done: int


class Observer(Protocol):
    """Whoever watches a run."""

    def __call__(self, progress: Progress, /) -> None:
        """Called after each part of the first sample and after each generation."""


@dataclass
class Chronicle:
    """Counts what a run has done and tells of it.

    Attributes:
        halves: whether the journal keeps the means of each half of the prompts too.
        evaluations: so far, the first sample counted once per optimizer and seed.
        regions_done: searches that are over.
    """

    journal: Journal
    observer: Observer
    halves: bool
    evaluations: int = 0
    regions_done: int = 0

    def write(
        self,
        optimizer: OptimizerSpec,
        seed: int,
        label: str,
        generation: int,
        asked: Vectors,
        answers: Answers,
        again: bool = False,
    ) -> None:
        """One line of the journal; `again` for candidates that were asked before, with the mean of all samples."""
        entry = {
            "optimizer": optimizer.name,
            "seed": seed,
            "region": label,
            "generation": generation,
            "asked": hashlib.sha256(np.ascontiguousarray(asked).tobytes()).hexdigest(),
            "item_means": _plain(answers.item_means),
        }
        if self.halves:
            entry["halves"] = _plain(answers.halves)
        if again:
            entry["again"] = True
        self.journal.append(entry)

    def observe(self, group: Group, region: str, generation: int) -> None:
        """Tells where a group stands."""
        mean = float(np.mean([cell.incumbent.loss for cell in group.cells]))
        self.tell(group.optimizer, group.seed, region, generation, mean)

    def tell(self, optimizer: OptimizerSpec, seed: int, region: str, generation: int, best: float) -> None:
        """Tells the observer."""
        self.observer(Progress(optimizer.name, seed, region, generation, self.evaluations, best, self.regions_done))


def _plain(rows: Array) -> list[Any]:
    """As JSON, None for the rows of failed candidates."""
    return [row.tolist() if np.isfinite(row).all() else None for row in rows]
