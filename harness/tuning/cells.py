"""What the loop keeps of each region: its optimizer, its best candidate, what it has spent."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.errors import RunError
from harness.optimizers import Optimizer
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region
from harness.tuning.spec import OptimizerSpec

Vectors = NDArray[np.float64]


@dataclass
class Incumbent:
    """The best candidate of a region so far; `curve` holds (evaluations, error) at each improvement."""

    loss: float = float("inf")
    vector: Vectors | None = None
    curve: list[tuple[float, float]] = field(default_factory=list)

    def offer(self, vectors: Vectors, losses: Array, evaluations: float) -> None:
        """Takes the best of n candidates if it improves; NaN never does."""
        finite = np.where(np.isfinite(losses), losses, np.inf)
        place = int(np.argmin(finite))
        if finite[place] < self.loss:
            self.loss, self.vector = float(finite[place]), vectors[place].copy()
            self.curve.append((evaluations, self.loss))


@dataclass(frozen=True)
class Tuned:
    """Result of one region under one optimizer and seed; `evaluations` deals shared ones out evenly."""

    region: Region
    vector: Vectors
    loss: float
    evaluations: float
    curve: tuple[tuple[float, float], ...]
    failed: int


@dataclass(eq=False)
class Cell:
    """One region's search."""

    region: Region
    optimizer: Optimizer
    incumbent: Incumbent = field(default_factory=Incumbent)
    spent: int = 0
    idle: int = 0
    failed: int = 0
    done: bool = False


@dataclass(frozen=True)
class Group:
    """Regions that share a first sample under one optimizer and seed.

    Attributes:
        share: evaluations of the first sample that each region bears.
        allowed: evaluations that each region may add.
    """

    optimizer: OptimizerSpec
    seed: int
    cells: tuple[Cell, ...]
    targets: Array
    share: float
    allowed: int


def result(cell: Cell, share: float) -> Tuned:
    """The best candidate that a region has seen.

    Raises:
        RunError: every candidate failed.
    """
    best = cell.incumbent
    if best.vector is None:
        raise RunError(
            f"every candidate for region '{cell.region.code}' failed: the answers are not finite numbers; check "
            "its weights, or load it with --dtype float32"
        )
    return Tuned(cell.region, best.vector, best.loss, cell.spent + share, tuple(best.curve), cell.failed)
