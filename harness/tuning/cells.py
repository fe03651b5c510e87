"""What the loop keeps of each region: its optimizer, its best candidate, what it has spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.errors import RunError
from harness.optimizers import Optimizer
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region
from harness.tuning.evaluator import Evaluator
from harness.tuning.space import SearchSpace, Vectors
from harness.tuning.spec import OptimizerSpec


@dataclass(frozen=True)
class Ground:
    """Where the searches of one seed take place.

    Attributes:
        space: what the vectors stand for.
        evaluator: answers them.
        samples: (n, d) first candidates per label of a group.
    """

    space: SearchSpace
    evaluator: Evaluator
    samples: Mapping[str, Vectors]


@dataclass
class Incumbent:
    """The best candidate of a region so far.

    `curve` holds (evaluations, error) at each improvement, the last one where several came at the same number.
    """

    loss: float = float("inf")
    vector: Vectors | None = None
    curve: list[tuple[float, float]] = field(default_factory=list)

    def offer(self, vectors: Vectors, losses: Array, evaluations: float) -> None:
        """Takes the best of n candidates if it improves; NaN never does."""
        finite = np.where(np.isfinite(losses), losses, np.inf)
        place = int(np.argmin(finite))
        if finite[place] < self.loss:
            self.loss, self.vector = float(finite[place]), vectors[place].copy()
            if self.curve and self.curve[-1][0] == evaluations:
                self.curve.pop()
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
    """One region's search; `allowed` is how many evaluations it may add to its share of the first sample."""

    region: Region
    optimizer: Optimizer
    allowed: int
    incumbent: Incumbent = field(default_factory=Incumbent)
    spent: int = 0
    idle: int = 0
    failed: int = 0
    done: bool = False


@dataclass(frozen=True)
class Group:
    """Regions that share a first sample under one optimizer and seed.

    Attributes:
        ground: where they search.
        share: evaluations of the first sample that each region bears.
    """

    optimizer: OptimizerSpec
    seed: int
    ground: Ground
    cells: tuple[Cell, ...]
    targets: Array
    share: float


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
