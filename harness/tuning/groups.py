"""Regions that learn from each other: what they share, and what they have spent together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.errors import RunError
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region
from harness.tuning.cells import Cell, Tuned
from harness.tuning.evaluator import Evaluator
from harness.tuning.space import Vectors
from harness.tuning.spec import OptimizerSpec, RunSpec


@dataclass(frozen=True)
class Batch:
    """Candidates that a cell asked and what came of them.

    Attributes:
        vectors: (n, d).
        losses: (n, R) for each region of the group, NaN for failed candidates.
        outputs: (n, m) what the losses compare with goals.
    """

    vectors: Vectors
    losses: Array
    outputs: Array


@dataclass
class Exchange:
    """What a group has evaluated and not every cell has seen yet."""

    batches: list[tuple[Cell, Batch]] = field(default_factory=list)
    dropped: int = 0

    def unseen(self, cell: Cell, column: int) -> Batch | None:
        """What the other cells found since this one looked last, without failed candidates; None for nothing."""
        new = [batch for owner, batch in self.batches[cell.seen - self.dropped :] if owner is not cell]
        cell.seen = self.dropped + len(self.batches)
        if not new:
            return None
        whole = Batch(
            np.concatenate([batch.vectors for batch in new]),
            np.concatenate([batch.losses for batch in new]),
            np.concatenate([batch.outputs for batch in new]),
        )
        sound = np.isfinite(whole.losses[:, column])
        return Batch(whole.vectors[sound], whole.losses[sound], whole.outputs[sound])

    def forget(self, cells: Sequence[Cell]) -> None:
        """Drops what every cell that still searches has seen."""
        least = min((cell.seen for cell in cells if not cell.done), default=self.dropped + len(self.batches))
        del self.batches[: least - self.dropped]
        self.dropped = max(self.dropped, least)


@dataclass
class Group:
    """Regions that share a first sample under one optimizer and seed.

    Attributes:
        label: what tells the group from others, "" where all regions share.
        evaluator: has their candidates answered.
        targets: (R, 6) scores.
        sample: evaluations of the first sample.
        budget: evaluations that the group may spend, the first sample's included.
        spent: evaluations after the first sample.
    """

    optimizer: OptimizerSpec
    seed: int
    label: str
    evaluator: Evaluator
    cells: tuple[Cell, ...]
    targets: Array
    sample: int
    budget: int
    spent: int = 0
    exchange: Exchange = field(default_factory=Exchange)

    @property
    def left(self) -> int:
        """Evaluations that may still be spent."""
        return self.budget - self.sample - self.spent

    @property
    def each(self) -> float:
        """Evaluations so far that each region bears."""
        return (self.sample + self.spent) / len(self.cells)


def result(cell: Cell, evaluations: float) -> Tuned:
    """The best candidates that a region has seen.

    Raises:
        RunError: every candidate failed.
    """
    best = cell.incumbent
    if not best.finalists:
        raise RunError(
            f"every candidate for region '{cell.region.code}' failed: the answers are not finite numbers; check "
            "its weights, or load it with --dtype float32"
        )
    vectors = np.stack([vector for _, vector in best.finalists[: best.most]])
    return Tuned(cell.region, vectors, best.loss, evaluations, tuple(best.curve), cell.failed)


def groups(spec: RunSpec, regions: Sequence[Region]) -> Iterator[tuple[str, tuple[Region, ...]]]:
    """The groups of regions that share what they evaluate, each with its label."""
    if spec.share:
        yield "", tuple(regions)
    else:
        for region in regions:
            yield region.code, (region,)
